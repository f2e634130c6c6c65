"""The right-hand side: question, impression, one card for each model, opacity of the map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QLabel, QSlider, QToolTip, QVBoxLayout, QWidget

from cxrdesk.imaging.answers import Answers
from cxrdesk.studies.settings import Settings
from cxrdesk.ui import film_words
from cxrdesk.ui.panels.about_film import AboutFilm
from cxrdesk.ui.panels.pieces import ScrollColumn, label, put
from cxrdesk.ui.panels.questions import AnswerLines, ImpressionBox, QuestionBox
from cxrdesk.ui.session import FilmState
from cxrdesk.ui.theme import panel_width

if TYPE_CHECKING:  # results come after the first film: the window does not wait for their imports
    from cxrdesk.api.spec import DetectorSpec, SegmenterSpec
    from cxrdesk.inference.result import Question
    from cxrdesk.ui.panels.card import ModelCard
    from cxrdesk.ui.panels.card_content import CardContent

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
        self._key = ""
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
        self.about = AboutFilm()
        self.impression = ImpressionBox()
        self.impression.committed.connect(self.impression_committed)
        self.note = label("", "muted")
        self._inner = QWidget()
        self._column = QVBoxLayout(self._inner)
        self._column.setContentsMargins(10, 4, 10, 10)
        self._column.setSpacing(8)
        for widget in (self.question, self.answers, self.about, self.impression, self.note):
            self._column.addWidget(widget)
        self._column.addStretch(1)
        self.area = ScrollColumn(self._inner)
        self._outer = QVBoxLayout(self)
        self._outer.setContentsMargins(0, 0, 0, 0)
        self._outer.setSpacing(0)
        self._outer.addLayout(self._top())
        self._outer.addWidget(self.area, 1)
        self._outer.addWidget(self._bottom())
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
        self.map_controls.setToolTip(f"How strongly the saliency map covers the film.\n{film_words.MAP_UNIT}")
        self.opacity = QSlider(Qt.Orientation.Horizontal)
        self.opacity.setRange(0, 100)
        self.opacity.setAccessibleName("Opacity of the saliency map in percent")
        self.opacity.setAccessibleDescription(film_words.MAP_UNIT)
        self.opacity.valueChanged.connect(lambda value: self.opacity_changed.emit(value / 100))
        row.addWidget(name)
        row.addWidget(self.opacity, 1)
        return self.map_controls

    def set_models(self, models: Models, operating_point: str) -> None:
        """Make the cards of what is installed."""
        for card in self.cards.values():
            card.hide()
            card.deleteLater()
        from cxrdesk.ui.panels.card import ModelCard

        detectors = {spec.id: ModelCard(spec) for spec in models.detectors}
        self.cards = detectors | {spec.id: ModelCard(spec) for spec in models.segmenters}
        for card in self.cards.values():
            card.map_chosen.connect(self.map_chosen)
            card.cancel_requested.connect(self.cancel_requested)
            card.run_requested.connect(self.run_requested)
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
        about: Sequence[str] = (),
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
        about : sequence of str
            What is to be known of the film's file.
        """
        shown = state if state is not None and state.digest is not None else None
        self._leave(state.key if state is not None else "")
        self._state = shown
        self.map_controls.setVisible(chosen is not None and shown is not None and not hidden)
        self._outer.activate()
        with self.area.changing():
            self._ask()
            self.about.show_notes(about)
            impression = state.impression if state is not None else None
            self.impression.show_for(self._key, impression, wanted=shown is not None and hidden)
            put(self.note, note)
            for model_id, card in self.cards.items():
                if shown is None or hidden:
                    card.hide()
                    card.empty()
                else:
                    card.fill(self._content(model_id, shown, settings, chosen))
                    card.show()
            self._sort()
        if self.opacity.value() != round(settings.saliency_opacity * 100):
            self.opacity.blockSignals(True)
            self.opacity.setValue(round(settings.saliency_opacity * 100))
            self.opacity.blockSignals(False)

    def _leave(self, key: str) -> None:
        """Another film: what the reader did with the texts of the one before is over."""
        if key == self._key:
            return
        self._key = key
        QToolTip.hideText()
        for text in self.findChildren(QLabel):
            if text.hasSelectedText():
                text.setSelection(0, 0)
        self.area.verticalScrollBar().setValue(0)

    def _sort(self) -> None:
        """Models that may see the film above those that may not, each in their own order."""
        cards = sorted(self.cards.values(), key=lambda card: card.refused)
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
            self.answers.show_answers(Answers(), frozenset())
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

    def _content(
        self, model_id: str, state: FilmState, settings: Settings, chosen: tuple[str, str] | None
    ) -> CardContent:
        from cxrdesk.ui.panels import card_content

        if model_id in state.detectors:
            finding = chosen[1] if chosen is not None and chosen[0] == model_id else ""
            return card_content.of_detector(state.detectors[model_id], settings.prevalence, finding)
        if model_id in state.masks:
            return card_content.of_mask(state.masks[model_id])
        return card_content.waiting(state.progress.get(model_id), running=state.running)

    def restyle(self) -> None:
        """Dress the cards in the colours of another theme when they are next filled."""
        self.setMinimumWidth(panel_width(_WIDTH))
        for card in self.cards.values():
            card.forget()

    def focus_first(self) -> None:
        """Give the keyboard to what wants an answer, else to the operating point."""
        for widget in (self.question.field, self.impression.line, self.point):
            if widget is not None and widget.isVisible() and widget.isEnabled():
                widget.setFocus(Qt.FocusReason.ShortcutFocusReason)
                return
        self.area.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def shown_cards(self) -> Sequence[ModelCard]:
        """Cards in sight."""
        return [card for card in self.cards.values() if card.isVisible()]
