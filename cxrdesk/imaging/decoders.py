"""pydicom without the decoder libraries that it looks for: films are decoded by `cxrdesk.imaging.codecs`."""

from __future__ import annotations

import importlib
import sys

_LIBRARIES = ("gdcm", "PIL", "pylibjpeg", "openjpeg", "jpeg_ls", "tqdm")
"""All optional for pydicom, which asks for each within ``try: import``; the last shows downloads of its test files."""


def import_for_native_films() -> None:
    """Import pydicom without decoder libraries, half of its import time; to be called while the process has one thread.

    Does nothing where pydicom is imported already.
    """
    if "pydicom" in sys.modules:
        return
    # The documented way to make an import fail: None in sys.modules.
    left_out: dict[str, None] = {name: None for name in _LIBRARIES if name not in sys.modules}
    sys.modules.update(left_out)  # type: ignore[arg-type]  # typed for modules alone
    try:
        importlib.import_module("pydicom")
    finally:
        for name in left_out:
            del sys.modules[name]
