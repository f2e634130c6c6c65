"""Memory of films goes back to the system as soon as a film does."""

from __future__ import annotations

import ctypes
import sys

_M_MMAP_THRESHOLD = -3
"""Of glibc's ``malloc.h``."""
_LARGE_BYTES = 4 << 20


def return_large_blocks() -> None:
    """Keep films out of the heap, on Linux with glibc; nothing elsewhere.

    glibc puts blocks as large as films into its heap once one of them was freed, and the heap of each thread has holes
    then: after 500 films the window held twice the memory of those it keeps.
    """
    if not sys.platform.startswith("linux"):
        return
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):  # musl has none
        library.mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
