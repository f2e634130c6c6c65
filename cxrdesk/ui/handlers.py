"""What each action does. A part of the window that brings actions has a function of its own here or beside its code."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

if TYPE_CHECKING:  # the window imports this
    from cxrdesk.ui.main_window import MainWindow

Handlers = dict[str, Callable[..., object]]
_BY_KEY = Qt.FocusReason.ShortcutFocusReason


def window_handlers(window: MainWindow) -> Handlers:
    """Files, films, jobs, panels and dialogs."""
    reading, files, dialogs = window.reading, window.files, window.dialogs
    return {
        "open": files.open_files,
        "open_folder": files.open_folder,
        "report": files.ask_report,
        "header": dialogs.header,
        "close": reading.close_all,
        "settings": dialogs.settings,
        "shortcuts": dialogs.shortcuts,
        "quit": window.close,
        "previous": lambda: reading.step(-1),
        "next": lambda: reading.step(1),
        "run": reading.run_again,
        "cancel": reading.cancel,
        "focus_list": lambda: window.studies.view.setFocus(_BY_KEY),
        "focus_film": lambda: window.film.setFocus(_BY_KEY),
        "focus_findings": window.findings.focus_first,
        "plugins": window.plugins.open_panel,
        "keys": dialogs.keys,
        "about": dialogs.about,
    }


def view_handlers(window: MainWindow) -> Handlers:
    """How the film is shown."""
    film = window.film
    return {
        "fit": film.fit,
        "actual": film.actual_size,
        "zoom_in": lambda: film.zoom(1),
        "zoom_out": lambda: film.zoom(-1),
        "invert": film.invert,
        "reset": film.reset_window,
        "mask": window.refresh_layers,
        "saliency": window.refresh_layers,
    }
