"""Messages lie over the film's lower edge: the film stays where it is, and so does its name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QApplication

from tests.ui.conftest import Seat

LONG = "The film of a name that is long could not be read, for reasons that need a whole line and another one. " * 2


@pytest.mark.parametrize("size", ["normal", "largest"])
@pytest.mark.parametrize("text", ["Done.", LONG])
def test_a_message_moves_no_film_and_is_read_whole(
    make_seat: Callable[..., Seat], child_film: Path, size: str, text: str
) -> None:
    seat = make_seat(text_size=size)
    seat.open(child_film)
    seat.settle()
    window = seat.window
    before = window.film.geometry(), window.film.geometry_
    window.reading.messages.warning(text)
    seat.settle()
    assert (window.film.geometry(), window.film.geometry_) == before
    bar, area = window.bar, window.grid.geometry()
    assert bar.isVisible()
    assert area.contains(bar.geometry())
    assert bar.geometry().top() > area.top() + area.height() // 2  # the patient's name is above
    said = bar._text
    needed = said.fontMetrics().boundingRect(
        0, 0, said.width(), 10_000, int(Qt.TextFlag.TextWordWrap), said.text()
    )  # fmt: skip
    assert needed.height() <= said.height()
    bar.next()
    assert (window.film.geometry(), window.film.geometry_) == before


def test_it_follows_the_film_and_lies_on_top(seat: Seat, child_film: Path) -> None:
    seat.open(child_film)
    seat.reading.messages.error("Something could not be done.")
    for action in ("layout_four", "layout_one"):
        seat.window.action(action).trigger()
        seat.settle()
    seat.window.resize(1000, 700)
    seat.settle()
    bar, area = seat.window.bar, seat.window.grid.geometry()
    assert area.contains(bar.geometry())
    assert bar.parentWidget().childAt(bar.geometry().center()) in {bar, *bar.children()}


def test_it_is_heard_and_takes_no_keys(seat: Seat, child_film: Path) -> None:
    seat.open(child_film)
    seat.window.film.setFocus()
    seat.reading.messages.error("Something could not be done.")
    seat.settle()
    assert QApplication.focusWidget() is seat.window.film
    spoken = QAccessible.queryAccessibleInterface(seat.window.bar)
    assert spoken.role() == QAccessible.Role.AlertMessage
    assert spoken.text(QAccessible.Text.Name) == "Something could not be done."
