"""The right-hand side: question, impression, one card for each model, opacity of the map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QLabel, QSlider, QVBoxLayout, QWidget

from cxrdesk.studies.settings import Settings
from cxrdesk.ui.panels.pieces import ScrollColumn, label
from cxrdesk.ui.panels.questions import AnswerLines, ImpressionBox, QuestionBox
from cxrdesk.ui.session import FilmState
from cxrdesk.ui.theme import panel_width

if TYPE_CHECKING:  # results come after the first film: the window does not wait for their imports
    from cxrdesk.api.spec import DetectorSpec, SegmenterSpec
    from cxrdesk.inference.result import DetectorResult, MaskResult, Question
    from cxrdesk.ui.panels.card import ModelCard

_WIDTH = 352
_FIRST_POINTS = ("balanced", "sensitive", "specific")


@dataclass(frozen=True, kw_only=True)
class Models:
    """What is installed."""

    segmenters: tuple[SegmenterSpec, ...] = ()
    detectors: tuple[DetectorSpec, ...] = ()

    @property
    def operating_points(self) -> list[str]:
        """Names that any detector has, the usual ones first."""
        names = {p.name for spec in self.detectors for p in spec.operating_points}
        return [n for n in _FIRST_POINTS if n in names] + sorted(names - set(_FIRST_POINTS))


class FindingsPanel(QWidget):
    """Shows one film's results, of which it is given no others."""

    age_given = Signal(float)
    view_given = Signal(object)
    impression_committed = Signal(str)
    cancel_requested = Signal(str)
    run_requested = Signal()
    map_chosen = Signal(str, str)
    operating_point_chosen = Signal(str)
    opacity_changed = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMinimumWidth(panel_width(_WIDTH))
        self.cards: dict[str, ModelCard] = {}
        self._state: FilmState | None = None
        self._changing: tuple[str, Question] | None = None
        self.point = QComboBox()
        self.point.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.point.setAccessibleName("Operating point of the calls")
        self.point.activated.connect(lambda i: self.operating_point_chosen.emit(self.point.itemText(i)))
        self.question = QuestionBox()
        self.question.age_given.connect(self._answered)
        self.question.view_given.connect(self._answered)
        self.question.age_given.connect(self.age_given)
        self.question.view_given.connect(self.view_given)
        self.answers = AnswerLines()
        self.answers.change_requested.connect(self._change_answer)
        self.impression = ImpressionBox()
        self.impression.committed.connect(self.impression_committed)
        self.note = label("", "muted")
        self._inner = QWidget()
        self._column = QVBoxLayout(self._inner)
        self._column.setContentsMargins(10, 4, 10, 10)
        self._column.setSpacing(8)
        for widget in (self.question, self.answers, self.impression, self.note):
            self._column.addWidget(widget)
        self._column.addStretch(1)
        self.area = ScrollColumn(self._inner)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addLayout(self._top())
        outer.addWidget(self.area, 1)
        outer.addWidget(self._bottom())
        self.show_state(None, Settings(), hidden=False, chosen=None)

    def _top(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(12, 9, 12, 7)
        row.setSpacing(8)
        row.addWidget(label("Findings", "heading"), 1)
        self._point_label = QLabel("Calls at")
        self._point_label.setProperty("role", "muted")
        row.addWidget(self._point_label)
        row.addWidget(self.point)
        return row

    def _bottom(self) -> QFrame:
        self.map_controls = QFrame()
        row = QHBoxLayout(self.map_controls)
        row.setContentsMargins(14, 7, 14, 9)
        name = QLabel("Map opacity")
        name.setProperty("role", "muted")
        self.opacity = QSlider(Qt.Orientation.Horizontal)
        self.opacity.setRange(0, 100)
        self.opacity.setAccessibleName("Opacity of the saliency map in percent")
        self.opacity.valueChanged.connect(lambda value: self.opacity_changed.emit(value / 100))
        row.addWidget(name)
        row.addWidget(self.opacity, 1)
        return self.map_controls

    def set_models(self, models: Models, operating_point: str) -> None:
        """Make the cards of what is installed."""
        for card in self.cards.values():
            card.hide()
            card.deleteLater()
        from cxrdesk.ui.panels.card import DetectorCard, SegmenterCard

        detectors = {spec.id: DetectorCard(spec) for spec in models.detectors}
        segmenters = {spec.id: SegmenterCard(spec) for spec in models.segmenters}
        for detector in detectors.values():
            detector.map_chosen.connect(self.map_chosen)
        self.cards = {**detectors, **segmenters}
        for card in self.cards.values():
            card.cancel_requested.connect(self.cancel_requested)
            card.run_requested.connect(self.run_requested)
            card.hide()
            self._column.insertWidget(self._column.count() - 1, card)
        self.point.clear()
        self.point.addItems(models.operating_points)
        self.show_operating_point(operating_point)
        for widget in (self.point, self._point_label):
            widget.setVisible(self.point.count() > 0)

    def show_operating_point(self, name: str) -> None:
        """The point that calls are made at."""
        self.point.setCurrentIndex(self.point.findText(name))

    def show_state(
        self,
        state: FilmState | None,
        settings: Settings,
        *,
        hidden: bool,
        chosen: tuple[str, str] | None,
        note: str = "",
    ) -> None:
        """Show what is known about the film on the screen.

        Parameters
        ----------
        hidden : bool
            Whether results wait for the reader's impression; then none of them is handed to any widget.
        chosen : tuple of str or None
            (detector id, finding) whose map is over the film.
        note : str
            Why there is nothing to show.
        """
        shown = state is not None and state.digest is not None
        key = state.key if state is not None else ""
        self._state = state if shown else None
        self._ask()
        impression = state.impression if state is not None else None
        self.impression.show_for(key, impression, wanted=shown and hidden)
        self.note.setText(note)
        self.note.setVisible(bool(note))
        for model_id, card in self.cards.items():
            card.setVisible(shown and not hidden)
            if state is not None and shown and not hidden:
                self._fill(model_id, card, state, settings, chosen)
        if state is not None and shown and not hidden:
            self._sort(state)
        has_map = chosen is not None and shown and not hidden
        self.map_controls.setVisible(has_map)
        if self.opacity.value() != round(settings.saliency_opacity * 100):
            self.opacity.blockSignals(True)
            self.opacity.setValue(round(settings.saliency_opacity * 100))
            self.opacity.blockSignals(False)
        self.area.settle()

    def _sort(self, state: FilmState) -> None:
        """Models that may see the film above those that may not, each in their own order."""
        ended: dict[str, MaskResult | DetectorResult] = {**state.masks, **state.detectors}
        if not ended:
            # The first film is painted before anything of results is imported.
            return
        from cxrdesk.inference.result import Status

        def refused(model_id: str) -> bool:
            return model_id in ended and ended[model_id].status is Status.REFUSED

        cards = [self.cards[model_id] for model_id in sorted(self.cards, key=refused)]
        first = self._column.count() - 1 - len(cards)
        for place, card in enumerate(cards, start=first):
            if self._column.indexOf(card) != place:
                self._column.removeWidget(card)
                self._column.insertWidget(place, card)

    def _ask(self) -> None:
        """The question that is open, else the answer that the reader wants to correct."""
        state = self._state
        if state is None:
            self.question.ask("", None)
            self.answers.hide()
            return
        if self._changing is not None and (self._changing[0] != state.key or self._changing[1] not in state.answered):
            self._changing = None
        body_part = state.film.view.body_part if state.film is not None else None
        again = self._changing[1] if self._changing is not None else None
        self.question.ask(state.key, again or state.question, body_part=body_part, again=again is not None)
        self.answers.show_answers(state.answers, state.answered)

    def _change_answer(self, asked: Question) -> None:
        if self._state is None:
            return
        self._changing = (self._state.key, asked)
        self._ask()
        self.area.settle()
        self.focus_first()

    def _answered(self) -> None:
        self._changing = None

    def _fill(
        self, model_id: str, card: ModelCard, state: FilmState, settings: Settings, chosen: tuple[str, str] | None
    ) -> None:
        from cxrdesk.ui.panels.card import DetectorCard, SegmenterCard

        if isinstance(card, DetectorCard) and model_id in state.detectors:
            finding = chosen[1] if chosen is not None and chosen[0] == model_id else None
            card.show_result(state.detectors[model_id], settings.prevalence, finding)
        elif isinstance(card, SegmenterCard) and model_id in state.masks:
            card.show_result(state.masks[model_id])
        else:
            card.show_waiting(state.progress.get(model_id), running=state.running)

    def restyle(self) -> None:
        """Make the cards anew, in the colours of another theme, when they are next shown."""
        self.setMinimumWidth(panel_width(_WIDTH))
        for card in self.cards.values():
            card.forget()

    def focus_first(self) -> None:
        """Give the keyboard to what wants an answer, else to the operating point."""
        for widget in (self.question.field, self.impression.line, self.point):
            if widget is not None and widget.isVisible():
                widget.setFocus(Qt.FocusReason.ShortcutFocusReason)
                return
        self.area.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def shown_cards(self) -> Sequence[ModelCard]:
        """Cards in sight."""
        return [card for card in self.cards.values() if card.isVisible()]
