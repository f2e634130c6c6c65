"""Drawing and measuring in the window: actions, the list of values, and the films' notebook."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QSplitter

from cxrdesk.imaging.errors import UserError
from cxrdesk.ui.reading import Reading
from cxrdesk.ui.viewer.film_view import FilmView

if TYPE_CHECKING:  # imported once the first film is painted: the window does not wait for it
    from cxrdesk.ui.main_window import MainWindow
    from cxrdesk.ui.panels.measure_panel import MeasurePanel
    from cxrdesk.ui.viewer.tools.board import Board
    from cxrdesk.ui.viewer.tools.notebook import Notebook
    from cxrdesk.ui.viewer.tools.toolbox import Toolbox

KINDS = ("length", "angle", "ellipse", "rectangle", "arrow", "text", "cardiothoracic")


class Measuring(QObject):
    """Connects tools and films.

    Parameters
    ----------
    reading : Reading
    film : FilmView
    side : QSplitter
        Where the list of values goes, last.
    """

    def __init__(self, reading: Reading, film: FilmView, side: QSplitter) -> None:
        super().__init__(film)
        self._reading, self._film, self._side = reading, film, side
        self.toolbox: Toolbox | None = None
        self.panel: MeasurePanel | None = None
        self._notebook: Notebook | None = None
        self._actions: dict[str, QAction] = {}
        film.painted.connect(lambda _key: QTimer.singleShot(0, self, self._begin))

    def follow(self) -> None:
        """Follow the reading; after the view does, which forgets its marks with its film."""
        self._reading.film_shown.connect(self._show)
        self._reading.results_changed.connect(self._show)
        self._reading.films_changed.connect(self._on_films)

    def watch(self, actions: dict[str, QAction]) -> None:
        """Show by these which tool is in the hand, and what can be undone."""
        self._actions = {name: actions[name] for name in ("select", *KINDS, "undo", "redo", "delete")}
        for name in ("select", *KINDS):
            self._actions[name].setCheckable(True)
        self._refresh_actions()

    def _refresh_actions(self) -> None:
        kind, board = self.toolbox.kind if self.toolbox is not None else None, self.board
        stack = board.notes.stack if board is not None and board.notes is not None else None
        for name in ("select", *KINDS):
            self._actions[name].setChecked(name == (kind or "select"))
        self._actions["undo"].setEnabled(stack is not None and stack.canUndo())
        self._actions["redo"].setEnabled(stack is not None and stack.canRedo())
        self._actions["delete"].setEnabled(board is not None and board.chosen is not None)

    def _begin(self) -> Toolbox:
        if self.toolbox is None:
            from cxrdesk.ui.panels.measure_panel import MeasurePanel
            from cxrdesk.ui.viewer.tools.notebook import Notebook
            from cxrdesk.ui.viewer.tools.toolbox import Toolbox

            self.toolbox, self._notebook, self.panel = Toolbox(self), Notebook(self), MeasurePanel()
            self._notebook.told.connect(partial(self._reading.messages.warning, code="annotations"))
            self._notebook.failed.connect(self._on_failed)
            self.toolbox.changed.connect(self._refresh_actions)
            board = self.toolbox.attach(self._film)
            self._side.addWidget(self.panel)
            self._side.setStretchFactor(self._side.count() - 1, 0)
            board.changed.connect(self._refresh_actions)
            self.panel.show_board(board)
            self.panel.delete_requested.connect(self.delete)
            self.panel.edit_requested.connect(self.edit_text)
            self._show()
        return self.toolbox

    @property
    def board(self) -> Board | None:
        """What is drawn in the view that the reader works in."""
        return self.toolbox.board(self._film) if self.toolbox is not None else None

    def _show(self) -> None:
        """The annotations of the film on the screen."""
        board, state, loaded = self.board, self._reading.state, self._reading.shown
        if board is None:
            return
        if state is None or state.film is None or loaded is None or self._film.loaded is None:
            board.show(None, None)
            return
        from cxrdesk.studies.annotations import FilmKey
        from cxrdesk.ui.viewer.tools.values import Subject

        assert self._notebook is not None
        radiograph = loaded.radiograph
        key = FilmKey.of(state.film.instance_uid, radiograph.digest, radiograph.shape)
        board.show(self._notebook.notes(state.film.path, key), Subject.of(radiograph))

    def _on_films(self) -> None:
        if self._notebook is not None and not self._reading.session.states:
            assert self.board is not None
            self.board.show(None, None)
            self._notebook.close()

    def _on_failed(self, error: Exception) -> None:
        messages = self._reading.messages
        if isinstance(error, UserError):
            messages.error(f"The annotations are not kept yet: {error.text}", code=error.code)
        else:
            name = type(error).__name__
            messages.error(f"cxrdesk made a mistake with the annotations ({name}); please report it.", code="bug")

    def stop(self) -> None:
        """Write what is not written yet."""
        if self._notebook is not None and self.board is not None:
            self.board.show(None, None)
            self._notebook.stop()

    # What the reader does

    def choose(self, name: str) -> None:
        """Take a tool into the hand; the same one again, or ``"select"``, puts it down."""
        from cxrdesk.studies.annotations import Kind

        toolbox = self._begin()
        kind = None if name == "select" else Kind(name)
        if kind is toolbox.kind:
            kind = None
        if kind is Kind.CARDIOTHORACIC and self._propose():
            kind = None
        toolbox.choose(kind)
        self._film.setFocus()

    def _propose(self) -> bool:
        """A cardiothoracic ratio from the outlines of this film, unless there is one or the reader reads first."""
        from cxrdesk.imaging.cardiothoracic import propose
        from cxrdesk.imaging.radiograph import Projection
        from cxrdesk.studies.annotations import Annotation, Kind

        board, state, loaded = self.board, self._reading.state, self._reading.shown
        if board is None or state is None or loaded is None or self._reading.hidden:
            return False
        if loaded.radiograph.view.projection is Projection.LATERAL:
            return False
        if any(item.kind is Kind.CARDIOTHORACIC for item in board.items):
            return False
        masks = [result.mask for result in state.masks.values() if result.mask is not None]
        found = {mask.structure: mask.values for mask in masks}
        if "lungs" not in found:
            return False
        borders = propose(loaded.radiograph, found["lungs"], found.get("heart"))
        if borders is None:
            self._reading.messages.info("No heart could be made out between the lungs; draw its diameter yourself.")
            return False
        points = (*borders.heart, *borders.thorax)
        board.keep(Annotation(kind=Kind.CARDIOTHORACIC, points=points, origin="proposed"))
        return True

    def undo(self) -> None:
        """Take the last change of this film back."""
        if self.board is not None and self.board.notes is not None:
            self.board.notes.stack.undo()

    def redo(self) -> None:
        """Do it again."""
        if self.board is not None and self.board.notes is not None:
            self.board.notes.stack.redo()

    def delete(self) -> None:
        """Delete the selected annotation."""
        if self.board is not None:
            self.board.remove()

    def edit_text(self) -> None:
        """Write the selected annotation's text."""
        if self.board is not None and self.toolbox is not None and self.board.chosen is not None:
            self.toolbox.edit_text(self.board, self.board.chosen)


def measure_handlers(window: MainWindow) -> dict[str, Callable[..., object]]:
    """Tools, undo and redo."""
    measuring = window.measuring
    tools: dict[str, Callable[..., object]] = {name: partial(measuring.choose, name) for name in ("select", *KINDS)}
    return {**tools, "undo": measuring.undo, "redo": measuring.redo, "delete": measuring.delete}
