"""Warnings of libraries, collected per thread instead of printed."""

from __future__ import annotations

import logging
import re
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_LIBRARY_LOGGERS = (
    "pydicom",
    "pydicom.pixels.decoders.base",
    "pydicom.pixels.utils",
    "openjpeg.decode",
    "openjpeg.utils",
    "jpeg_ls._CharLS",
    "pylibjpeg.utils",
    "PIL.ImageFile",
    "PIL.PngImagePlugin",
    "PIL.TiffImagePlugin",
)
"""Each by name: a logger's filter does not see the records of its children."""


class _Collector(logging.Filter):
    """Routes warnings to the thread that caused them; ``warnings.catch_warnings`` alone mixes threads up."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._texts: dict[int, list[str]] = {}
        self._caught: warnings.catch_warnings[None] | None = None
        self._show_before: Any = None

    def start(self) -> list[str]:
        with self._lock:
            if not self._texts:
                self._caught = warnings.catch_warnings()
                self._caught.__enter__()
                self._show_before = warnings.showwarning
                warnings.showwarning = self._show
                warnings.simplefilter("always")
                for name in _LIBRARY_LOGGERS:
                    logging.getLogger(name).addFilter(self)
            return self._texts.setdefault(threading.get_ident(), [])

    def stop(self) -> None:
        with self._lock:
            self._texts.pop(threading.get_ident(), None)
            if not self._texts and self._caught is not None:
                self._caught.__exit__(None, None, None)
                self._caught = None
                for name in _LIBRARY_LOGGERS:
                    logging.getLogger(name).removeFilter(self)

    def active(self) -> bool:
        return threading.get_ident() in self._texts

    def _show(self, message: Warning | str, category: type[Warning], *rest: Any, **more: Any) -> None:
        texts = self._texts.get(threading.get_ident())
        if texts is None:
            self._show_before(message, category, *rest, **more)
        else:
            texts.append(str(message))

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep a collecting thread's records out of the log: they repeat the warnings and may quote identity."""
        texts = self._texts.get(record.thread or 0)
        if texts is not None and record.levelno >= logging.WARNING:
            texts.append(record.getMessage())
        return texts is None


_collector = _Collector()


@contextmanager
def collect_warnings() -> Iterator[list[str]]:
    """Collect the warnings and log records that pydicom and Pillow give on this thread.

    Yields
    ------
    list of str
        Texts in full, growing while the block runs. They may quote the file: pass them through `without_values`
        before they leave the reader.
    """
    if _collector.active():
        raise RuntimeError("collect_warnings does not nest")
    texts = _collector.start()
    try:
        yield texts
    finally:
        _collector.stop()


def without_values(texts: list[str]) -> list[str]:
    """`texts` cut before the first quoted or listed value, each once, in order: what is left names no patient."""
    cut = (re.split(r"""['":;]|\bin file\b""", text, maxsplit=1)[0].strip() for text in texts)
    return list(dict.fromkeys(text for text in cut if text))
