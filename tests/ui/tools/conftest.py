"""A view with a film and a board, and hands that draw on it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from cxrdesk.imaging.radiograph import Radiograph
from cxrdesk.studies.annotations import Annotation, FilmKey, Kind
from cxrdesk.ui.viewer.film_view import FilmView
from cxrdesk.ui.viewer.geometry import Point
from cxrdesk.ui.viewer.loaded import LoadedFilm
from cxrdesk.ui.viewer.tools.board import Board
from cxrdesk.ui.viewer.tools.notes import FilmNotes
from cxrdesk.ui.viewer.tools.toolbox import Toolbox
from cxrdesk.ui.viewer.tools.values import Subject
from tests.ui.fakes import film

_NONE = Qt.KeyboardModifier.NoModifier


class Hands:
    """Draws in a view by film points, as a reader would by mouse and keys."""

    def __init__(self, qtbot: QtBot) -> None:
        self.qtbot = qtbot
        self.view = FilmView()
        qtbot.addWidget(self.view)
        self.view.resize(800, 600)
        self.toolbox = Toolbox()
        self.board: Board = self.toolbox.work_in(self.view)
        self.view.show()
        self.open(film(shape=(1000, 900)))

    def open(self, radiograph: Radiograph) -> FilmNotes:
        self.view.show_film(LoadedFilm.of("film", radiograph))
        self.notes = FilmNotes(FilmKey.of("1.2.3", "", radiograph.shape))
        self.board.show(self.notes, Subject.of(radiograph))
        return self.notes

    def choose(self, kind: Kind | None) -> None:
        self.toolbox.choose(kind)

    @property
    def items(self) -> tuple[Annotation, ...]:
        return self.notes.items

    def press(self, at: Point, modifiers: Qt.KeyboardModifier = _NONE) -> None:
        self._send(QEvent.Type.MouseButtonPress, at, Qt.MouseButton.LeftButton, modifiers)

    def move(self, at: Point, modifiers: Qt.KeyboardModifier = _NONE, *, held: bool = True) -> None:
        button = Qt.MouseButton.LeftButton if held else Qt.MouseButton.NoButton
        self._send(QEvent.Type.MouseMove, at, button, modifiers)

    def release(self, at: Point, modifiers: Qt.KeyboardModifier = _NONE) -> None:
        self._send(QEvent.Type.MouseButtonRelease, at, Qt.MouseButton.NoButton, modifiers)

    def drag(self, start: Point, end: Point, modifiers: Qt.KeyboardModifier = _NONE) -> None:
        self.press(start, modifiers)
        middle = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
        self.move(middle, modifiers)
        self.move(end, modifiers)
        self.release(end, modifiers)

    def click(self, at: Point) -> None:
        self.move(at, held=False)
        self.press(at)
        self.release(at)

    def keys(self, *keys: Qt.Key, shift: bool = False) -> None:
        modifiers = Qt.KeyboardModifier.ShiftModifier if shift else _NONE
        for key in keys:
            self.qtbot.keyClick(self.view, key, modifiers)

    def _send(self, kind: QEvent.Type, at: Point, buttons: Qt.MouseButton, modifiers: Qt.KeyboardModifier) -> None:
        place = QPointF(*self.view.geometry_.to_screen(*at))
        button = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseMove else Qt.MouseButton.LeftButton
        event = QMouseEvent(kind, place, self.view.mapToGlobal(place), button, buttons, modifiers)
        QApplication.sendEvent(self.view, event)


@pytest.fixture
def hands(qtbot: QtBot) -> Iterator[Hands]:
    made = Hands(qtbot)
    yield made
    made.toolbox.deleteLater()
