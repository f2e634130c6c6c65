"""What each action does. A part of the window that brings actions has a function of its own here or beside its code."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from cxrdesk.ui.film_menu import open_film_menu

if TYPE_CHECKING:  # the window imports this
    from cxrdesk.ui.main_window import MainWindow

Handlers = dict[str, Callable[..., object]]
_WINDOWS = ("stored", "automatic", "lungs", "bone", "soft_tissue", "next stored")
_BY_KEY = Qt.FocusReason.ShortcutFocusReason


def window_handlers(window: MainWindow) -> Handlers:
    """Files, films, jobs, panels and dialogs."""
    reading, files, dialogs = window.reading, window.files, window.dialogs

    def show_alone(on: bool) -> None:
        """Films as large as the window; what cxrdesk is not is told below them."""
        window.action("alone").setChecked(on)
        for panel in (window.side, window.findings):
            panel.setVisible(not on)

    def focus_list() -> None:
        show_alone(False)
        window.studies.view.setFocus(_BY_KEY)

    def focus_findings() -> None:
        show_alone(False)
        window.findings.focus_first()

    return {
        "open": files.open_files,
        "open_folder": files.open_folder,
        "report": files.ask_report,
        "export": lambda: window.pictures.ask_export(),
        "copy": lambda: window.pictures.copy(),
        "print": lambda: window.pictures.print_(),
        "header": dialogs.header,
        "close": reading.close_all,
        "settings": dialogs.settings,
        "shortcuts": dialogs.shortcuts,
        "quit": window.close,
        "previous": lambda: reading.step(-1),
        "next": lambda: reading.step(1),
        "run": reading.run_again,
        "cancel": reading.cancel,
        "alone": show_alone,
        "focus_list": focus_list,
        "focus_film": lambda: window.film.setFocus(_BY_KEY),
        "focus_findings": focus_findings,
        "plugins": window.plugins.open_panel,
        "keys": dialogs.keys,
        "about": dialogs.about,
    }


def view_handlers(window: MainWindow) -> Handlers:
    """How the film is shown."""
    windows = window.windows
    return {
        "fit": lambda: window.film.fit(),
        "actual": lambda: window.film.actual_size(),
        "zoom_in": lambda: window.film.zoom(1),
        "zoom_out": lambda: window.film.zoom(-1),
        "turn_left": lambda: window.film.turn(-90),
        "turn_right": lambda: window.film.turn(90),
        "mirror": lambda: window.film.mirror(),
        "upright": lambda: window.film.set_upright(),
        "magnify": lambda on: window.film.magnify(on),
        "invert": lambda on: window.film.invert(on),
        "reset": lambda: window.film.reset_window(),
        "window_panel": windows.show_panel,
        "gamma_up": lambda: windows.step_gamma(1),
        "gamma_down": lambda: windows.step_gamma(-1),
        "gamma_reset": lambda: window.film.set_gamma(1.0),
        "states": lambda: window.states.ask(),
        **{f"window_{number}": partial(windows.choose, key) for number, key in enumerate(_WINDOWS, start=1)},
        "mask": window.refresh_layers,
        "saliency": window.refresh_layers,
        "tint": lambda on: window.edit(mask_style="tint" if on else "outline"),
        "contours": lambda on: window.edit(map_style="contours" if on else "colour"),
        "film_menu": lambda: open_film_menu(window, window.film),
        "mask_names": lambda on: window.edit(mask_names=on),
    }


def layout_handlers(window: MainWindow) -> Handlers:
    """Films beside each other."""
    panes = window.panes
    return {
        "frame_next": lambda: window.frames.step(1),
        "frame_previous": lambda: window.frames.step(-1),
        "layout": panes.next_layout,
        "layout_one": lambda: panes.lay_out((1, 1)),
        "layout_two": lambda: panes.lay_out((1, 2)),
        "layout_four": lambda: panes.lay_out((2, 2)),
        "pair_side": panes.frontal_and_lateral,
        "pair_prior": panes.current_and_prior,
        "link": panes.link,
        "swipe": lambda on: panes.compare("swipe", on),
        "blink": lambda on: panes.compare("blink", on),
    }
