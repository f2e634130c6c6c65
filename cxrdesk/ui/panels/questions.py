"""What only the reader can say: a film's age or view, and his own impression."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from cxrdesk.imaging.answers import Answers, Asked
from cxrdesk.imaging.radiograph import Projection, View
from cxrdesk.imaging.words import age_text, view_text
from cxrdesk.ui import film_words
from cxrdesk.ui.panels.pieces import clear, label

if TYPE_CHECKING:  # results come after the first film: the window does not wait for their imports
    from cxrdesk.inference.result import Question

_ASKED_FOR = (
    View(body_part="chest", projection=Projection.AP),
    View(body_part="chest", projection=Projection.PA),
    View(body_part="chest", projection=Projection.LATERAL),
    View(body_part="neck", projection=Projection.AP),
    View(body_part="neck", projection=Projection.LATERAL),
)
VIEWS = tuple((view_text(view), view) for view in _ASKED_FOR)


class QuestionBox(QFrame):
    """Asks one question at a time."""

    age_given = Signal(float)
    view_given = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "question")
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(12, 10, 12, 10)
        self._column.setSpacing(6)
        self._asked: tuple[str, Question, bool] | None = None
        self.field: QWidget | None = None

    def ask(self, film: str, question: Question | None, *, body_part: str | None = None, again: bool = False) -> None:
        """Ask about a film, or nothing at all; what was typed for one film is never taken for another.

        Parameters
        ----------
        body_part : str or None
            What the film itself says: views of other parts are not offered.
        again : bool
            Whether an earlier answer is to be corrected.
        """
        self.setVisible(question is not None)
        asked = None if question is None else (film, question, again)
        if asked == self._asked:
            return
        self._asked = asked
        clear(self._column)
        self.field = None
        why = "Results are computed again with it." if again else "The film alone does not tell; detectors that need"
        if question == "age":
            self._ask_age(why if again else f"{why} the age were not run.")
        elif question == "view":
            offered = [(name, view) for name, view in VIEWS if body_part in (None, view.body_part)]
            self._ask_view(why if again else f"{why} the view were not run.", offered or list(VIEWS))

    def _ask_age(self, why: str) -> None:
        self._column.addWidget(label("How old is the patient?", "title"))
        self._column.addWidget(label(why, "muted"))
        age = QLineEdit()
        age.setPlaceholderText("3, 3.5 or 7 months")
        age.setAccessibleName("Patient's age in years, or in months")
        age.setMaxLength(20)
        self._with_button(age, lambda: self._give_age(age.text()))
        button = self._button
        button.setEnabled(False)
        age.textChanged.connect(lambda text: button.setEnabled(film_words.parse_age(text) is not None))
        age.returnPressed.connect(button.click)

    def _give_age(self, text: str) -> None:
        age_years = film_words.parse_age(text)
        if age_years is not None:
            self.age_given.emit(age_years)

    def _ask_view(self, why: str, offered: list[tuple[str, View]]) -> None:
        self._column.addWidget(label("Which view is this film?", "title"))
        self._column.addWidget(label(why, "muted"))
        choice = QComboBox()
        choice.setAccessibleName("View of the film")
        choice.addItem("Choose the view")
        for name, _ in offered:
            choice.addItem(name)
        self._with_button(choice, lambda: self.view_given.emit(offered[choice.currentIndex() - 1][1]))
        button = self._button
        button.setEnabled(False)
        choice.currentIndexChanged.connect(lambda index: button.setEnabled(index > 0))

    def _with_button(self, field: QWidget, answer: Callable[[], None]) -> None:
        row = QHBoxLayout()
        self._button = QPushButton("Answer")
        self._button.setProperty("primary", "true")
        self._button.clicked.connect(answer)
        row.addWidget(field, 1)
        row.addWidget(self._button)
        self._column.addLayout(row)
        self.field = field


class AnswerLines(QWidget):
    """What the reader said in the film's place, each with a way to correct it."""

    change_requested = Signal(str)
    """``"age"`` or ``"view"``."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(2, 0, 0, 0)
        self._column.setSpacing(2)
        self._shown: tuple[Answers, frozenset[Asked]] | None = None

    def show_answers(self, answers: Answers, answered: frozenset[Asked]) -> None:
        """One line for each answer that the film took."""
        self.setVisible(bool(answered))
        if self._shown == (answers, answered):
            return
        self._shown = (answers, answered)
        clear(self._column)
        if "age" in answered:
            self._add("age", f"Age {age_text(answers.age_years)}, as answered")
        if "view" in answered and answers.view is not None:
            self._add("view", f"{view_text(answers.view)}, as answered")

    def _add(self, asked: Asked, text: str) -> None:
        row = QHBoxLayout()
        row.addWidget(label(text, "muted"), 1)
        change = QToolButton()
        change.setText("Change")
        change.setAccessibleName(f"Change the {asked} that you answered")
        change.clicked.connect(lambda: self.change_requested.emit(asked))
        row.addWidget(change)
        self._column.addLayout(row)


class ImpressionBox(QFrame):
    """The reader's own line: wanted first where results are hidden until then, and kept beside them after."""

    committed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(12, 10, 12, 10)
        self._column.setSpacing(6)
        self._shown: tuple[str, str | None] | None = None
        self.line: QLineEdit | None = None

    def show_for(self, film: str, impression: str | None, *, wanted: bool) -> None:
        """Ask for the impression, show the one committed, or nothing."""
        self.setVisible(wanted or impression is not None)
        shown = (film, impression)
        if shown == self._shown:
            return
        self._shown = shown
        clear(self._column)
        self.line = None
        if impression is not None:
            self._column.addWidget(label("Your impression", "heading"))
            self._column.addWidget(label(impression))
            return
        self._column.addWidget(label("Read first", "title"))
        self._column.addWidget(
            label("Results stay hidden until you have committed your impression of this film.", "muted")
        )
        line = QLineEdit()
        line.setPlaceholderText("Your impression in one line")
        line.setAccessibleName("Your impression")
        line.setMaxLength(500)
        commit = QPushButton("Commit and show results")
        commit.setProperty("primary", "true")
        commit.setEnabled(False)
        line.textChanged.connect(lambda text: commit.setEnabled(bool(text.strip())))
        line.returnPressed.connect(commit.click)
        commit.clicked.connect(lambda: self.committed.emit(line.text()))
        self._column.addWidget(line)
        self._column.addWidget(commit)
        self.line = line
