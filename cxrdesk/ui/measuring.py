"""Drawing and measuring in the window: actions, the list of values, and the films' notebook."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFileDialog, QSplitter

from cxrdesk.imaging.errors import UserError
from cxrdesk.ui.reading import Reading
from cxrdesk.ui.viewer.film_view import FilmView
from cxrdesk.ui.viewer.layout import ViewGrid
from cxrdesk.ui.viewer.loaded import LoadedFilm

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
    grid : ViewGrid
        The panes that are drawn in.
    side : QSplitter
        Where the list of values goes, last.
    """

    def __init__(self, reading: Reading, grid: ViewGrid, side: QSplitter) -> None:
        super().__init__(grid)
        self._reading, self._grid, self._side = reading, grid, side
        self.toolbox: Toolbox | None = None
        self.panel: MeasurePanel | None = None
        self._notebook: Notebook | None = None
        self._actions: dict[str, QAction] = {}
        self._shown: dict[FilmView, LoadedFilm | None] = {}
        grid.painted.connect(lambda _key: QTimer.singleShot(0, self, self._begin))

    def follow(self) -> None:
        """Follow the reading and the panes, after the window does."""
        self._reading.results_changed.connect(self._show_panes)
        self._reading.films_changed.connect(self._on_films)
        self._grid.chosen.connect(self._on_chosen)

    def watch(self, actions: dict[str, QAction]) -> None:
        """Show by these which tool is in the hand, and what can be undone."""
        self._actions = {name: actions[name] for name in ("select", *KINDS, "undo", "redo", "edit_text", "delete")}
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
        for name in ("edit_text", "delete"):
            self._actions[name].setEnabled(board is not None and board.chosen is not None)

    def _begin(self) -> Toolbox:
        if self.toolbox is None:
            from cxrdesk.ui.panels.measure_panel import MeasurePanel
            from cxrdesk.ui.viewer.tools.notebook import Notebook
            from cxrdesk.ui.viewer.tools.toolbox import Toolbox

            self.toolbox, self._notebook, self.panel = Toolbox(self), Notebook(self), MeasurePanel()
            self._notebook.told.connect(partial(self._reading.messages.warning, code="annotations"))
            self._notebook.failed.connect(self._on_failed)
            self.toolbox.changed.connect(self._refresh_actions)
            self._side.addWidget(self.panel)
            self._side.setStretchFactor(self._side.count() - 1, 0)
            self.panel.delete_requested.connect(self.delete)
            self.panel.edit_requested.connect(self.edit_text)
            self._on_chosen()
        self._show_panes()
        return self.toolbox

    @property
    def board(self) -> Board | None:
        """What is drawn in the pane that the reader works in."""
        return self.toolbox.board(self._grid.pane) if self.toolbox is not None else None

    def _on_chosen(self) -> None:
        """Another pane is the one that the reader works in."""
        if self.toolbox is not None and self.panel is not None:
            self.panel.show_board(self.toolbox.work_in(self._grid.pane))
            self._refresh_actions()

    def _show_panes(self) -> None:
        """The annotations of each film on the film, wherever it is shown."""
        if self.toolbox is None:
            return
        for pane in self._grid.panes:
            if pane not in self._shown:
                pane.display_changed.connect(partial(self._on_display, pane))
                self.toolbox.board(pane).changed.connect(self._refresh_actions)
            self._show(pane)

    def _on_display(self, pane: FilmView) -> None:
        if pane.loaded is not self._shown.get(pane):
            self._show(pane)

    def _show(self, pane: FilmView) -> None:
        assert self.toolbox is not None
        assert self._notebook is not None
        loaded, board = pane.loaded, self.toolbox.board(pane)
        self._shown[pane] = loaded
        states = {state.key: state for state in self._reading.session.states}
        film = states[loaded.key].film if loaded is not None and loaded.key in states else None
        # A first look may have other values than its film.
        if loaded is None or film is None or loaded.provisional or loaded.presentation.reduced:
            board.show(None, None)
            return
        from cxrdesk.studies.annotations import FilmKey
        from cxrdesk.ui.viewer.tools.values import Subject

        radiograph = loaded.radiograph  # through a presentation state's tables, where one is shown
        digest = loaded.own.radiograph.digest
        key = FilmKey.of(film.instance_uid, digest, radiograph.shape, study_uid=film.study_uid)
        presentation = loaded.presentation
        board.show(self._notebook.notes(film.path, key), Subject.of(radiograph, presentation), frame=presentation.frame)

    def _on_films(self) -> None:
        if self._notebook is not None and not self._reading.session.states:
            self._forget_boards()
            self._notebook.close()

    def _forget_boards(self) -> None:
        for pane in self._shown:
            assert self.toolbox is not None
            self.toolbox.board(pane).show(None, None)

    def _on_failed(self, error: Exception) -> None:
        messages = self._reading.messages
        if isinstance(error, UserError):
            messages.error(f"The annotations are not kept yet: {error.text}", code=error.code)
        else:
            name = type(error).__name__
            messages.error(f"cxrdesk made a mistake with the annotations ({name}); please report it.", code="bug")

    def stop(self) -> None:
        """Write what is not written yet."""
        if self._notebook is not None:
            self._forget_boards()
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
        self._grid.pane.setFocus()

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

    def ask_state(self) -> None:
        """Ask where the presentation state goes."""
        loaded = self._grid.pane.loaded
        if loaded is None or self._masked():
            return
        dialog = QFileDialog(self._grid.window(), "Save what is on the screen as a presentation state")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilter("DICOM (*.dcm)")
        dialog.setDefaultSuffix("dcm")
        dialog.selectFile("presentation-state.dcm")
        dialog.fileSelected.connect(lambda name: self.save_state(Path(name)))
        dialog.open()

    def save_state(self, path: Path) -> None:
        """Write what is on the screen of the chosen pane as a presentation state."""
        from cxrdesk.ui.state_export import save_state

        board, state, messages = self.board, self._reading.state, self._reading.messages
        if board is None or board.subject is None or state is None or state.film is None or self._masked():
            return
        try:
            save_state(path, state.film, self._grid.pane, board.items, board.subject)
        except UserError as error:
            messages.error(error.text, code=error.code)
        else:
            messages.info(f"The presentation state was saved as {path.name}; it names the film's patient.")

    def _masked(self) -> bool:
        """Whether names are hidden, which a state could not keep; said so."""
        masked = self._reading.settings.mask_names
        if masked:
            text = "A presentation state names the film's patient, and names are masked; show them first to save one."
            self._reading.messages.error(text, code="names-masked")
        return masked

    def edit_text(self) -> None:
        """Write the selected annotation's text."""
        if self.board is not None and self.toolbox is not None and self.board.chosen is not None:
            self.toolbox.edit_text(self.board, self.board.chosen)


def measure_handlers(window: MainWindow) -> dict[str, Callable[..., object]]:
    """Tools, undo and redo."""
    measuring = window.measuring
    tools: dict[str, Callable[..., object]] = {name: partial(measuring.choose, name) for name in ("select", *KINDS)}
    return {
        **tools,
        "undo": measuring.undo,
        "redo": measuring.redo,
        "edit_text": measuring.edit_text,
        "delete": measuring.delete,
        "state": measuring.ask_state,
    }
