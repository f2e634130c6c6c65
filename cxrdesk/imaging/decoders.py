"""pydicom's decoders; in a window that has yet to open, without the libraries that only compressed films need.

Importing pydicom imports every decoder library that is installed, and a progress bar for downloading its test files:
half of its import time. `import_for_native_films` leaves them out; `decoder` brings them in before the first
compressed film is decoded. Without the former, pydicom is imported as usual.
"""

from __future__ import annotations

import importlib
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydicom.pixels.decoders.base import Decoder
    from pydicom.uid import UID

_LIBRARIES = ("gdcm", "PIL", "pylibjpeg", "openjpeg", "jpeg_ls", "tqdm")
"""All optional for pydicom, which asks for each within ``try: import``."""

_ASKED_AGAIN = (
    *(f"pydicom.pixels.decoders.{name}" for name in ("gdcm", "pillow", "pyjpegls", "pylibjpeg")),
    *(f"pydicom.pixels.encoders.{name}" for name in ("gdcm", "pyjpegls", "pylibjpeg")),
    "pydicom.pixels.processing",
    # Those that list the plugins above, and those that list these, in the order in which they import each other.
    *(f"pydicom.pixels.{kind}{part}" for kind in ("decoders", "encoders") for part in (".base", "")),
    "pydicom.pixels",
)
"""Modules of pydicom that keep whether a library is there."""

_lock = threading.Lock()
_incomplete = False


def import_for_native_films() -> None:
    """Import pydicom without decoder libraries; to be called while the process has one thread.

    Does nothing where pydicom is imported already.
    """
    global _incomplete
    if "pydicom" in sys.modules:
        return
    # The documented way to make an import fail: None in sys.modules.
    left_out: dict[str, None] = {name: None for name in _LIBRARIES if name not in sys.modules}
    sys.modules.update(left_out)  # type: ignore[arg-type]  # typed for modules alone
    try:
        importlib.import_module("pydicom")
        _incomplete = True
    finally:
        for name in left_out:
            del sys.modules[name]


def decoder(syntax: UID) -> Decoder:
    """Pixel data decoder of a transfer syntax, with every installed plugin.

    Raises
    ------
    NotImplementedError
        If pydicom knows none.
    """
    if syntax.is_transfer_syntax and syntax.is_encapsulated:
        _complete()
    return importlib.import_module("pydicom.pixels.decoders.base").get_decoder(syntax)  # type: ignore[no-any-return]


def _complete() -> None:
    """Let pydicom ask for the libraries once more."""
    global _incomplete
    with _lock:
        if _incomplete:
            for name in _ASKED_AGAIN:
                importlib.reload(importlib.import_module(name))
            _incomplete = False
