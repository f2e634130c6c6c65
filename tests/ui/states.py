"""The main states of the window and its dialogs, as small gray pictures; ``python -m tests.ui.states`` approves them.

Whoever changes how something looks looks at the pictures in ``tests/ui/approved`` before committing them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QDialog, QWidget

from cxrdesk.imaging.resources import resource
from cxrdesk.inference.result import Call
from tests.ui.conftest import Seat
from tests.ui.fakes import events, mask_done, scored

APPROVED = Path(__file__).with_name("approved")
_SMALLER = 3

State = tuple[dict[str, object], Callable[[Seat], QWidget]]


def _film(seat: Seat) -> None:
    seat.open(next(resource("samples/child-with-opacity").glob("*.dcm")), *resource("samples/adult").glob("*.dcm"))
    job, film, _ = seat.queue.submitted[-1]
    for event in events(job, film.digest, mask_done(film.digest), scored(film.digest, 0.94, Call.POSITIVE)):
        seat.reading.on_event(event)
    seat.settle()


def _window(*actions: str) -> Callable[[Seat], QWidget]:
    def show(seat: Seat) -> QWidget:
        _film(seat)
        for action in actions:
            seat.window.action(action).trigger()
            seat.settle()
        return seat.window

    return show


def _dialog(action: str) -> Callable[[Seat], QWidget]:
    def show(seat: Seat) -> QWidget:
        _film(seat)
        before = set(seat.window.findChildren(QDialog))
        seat.window.action(action).trigger()
        (dialog,) = set(seat.window.findChildren(QDialog)) - before
        for _ in range(5):
            seat.settle()
        return dialog

    return show


STATES: dict[str, State] = {
    "empty": ({}, lambda seat: seat.window),
    "dark": ({}, _window()),
    "overlays-off": ({}, _window("mask", "saliency")),
    "tint-and-contours": ({"mask_style": "tint", "map_style": "contours"}, _window()),
    "contrast": ({"theme": "contrast"}, _window()),
    "contrast-light": ({"theme": "contrast-light"}, _window()),
    "light-large": ({"theme": "light", "text_size": "large"}, _window()),
    "masked": ({"mask_names": True}, _window()),
    "two": ({}, _window("layout_two")),
    "four": ({}, _window("layout_four")),
    "turned-and-flipped": ({}, _window("turn_right", "mirror")),
    "settings": ({}, _dialog("settings")),
    "shortcuts": ({}, _dialog("shortcuts")),
    "keys": ({}, _dialog("keys")),
    "export": ({}, _dialog("export")),
}
"""Settings and what is done, by name."""


def picture(widget: QWidget) -> np.ndarray:
    """Gray and a third as large: what changes by a pixel or a font's version is not seen; uint8 (rows, cols)."""
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_Grayscale8)
    raw = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())[:, : image.width()]
    size = image.width() // _SMALLER, image.height() // _SMALLER
    return np.asarray(cv2.resize(raw, size, interpolation=cv2.INTER_AREA), np.uint8)


def taken(make_seat: Callable[..., Seat], name: str) -> np.ndarray:
    """The picture of one state as it is now."""
    settings, show = STATES[name]
    seat = make_seat(**settings)
    seat.settle()
    widget = show(seat)
    seat.settle()
    return picture(widget)


def main() -> None:
    """Approve all states as they are now."""
    from cxrdesk.app import _application
    from cxrdesk.studies.settings import Settings
    from tests.ui.sizes_script import Waiter

    app = _application()
    APPROVED.mkdir(exist_ok=True)
    for name in STATES:
        seats: list[Seat] = []

        def make(kept: list[Seat] = seats, **settings: object) -> Seat:
            kept.append(Seat(Waiter(), app, Settings(**settings)))  # type: ignore[arg-type]
            return kept[-1]

        cv2.imwrite(str(APPROVED / f"{name}.png"), taken(make, name))
        seats[0].close()
        QApplication.processEvents()


if __name__ == "__main__":
    main()
