"""What only the reader can say: a film's age or view, and his own impression."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
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
from cxrdesk.ui.panels.pieces import label, put

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
_TITLES: dict[Asked, str] = {"age": "How old is the patient?", "view": "Which view is this film?"}


class QuestionBox(QFrame):
    """Asks one question at a time."""

    age_given = Signal(float)
    view_given = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "question")
        self._asked: tuple[str, Question, bool] | None = None
        self._offered: list[tuple[str, View]] = []
        self._title, self._why, self._wrong = label("", "title"), label("", "muted"), label("", "problem")
        self.age = QLineEdit()
        self.age.setPlaceholderText("3, 3.5 or 7 months")
        self.age.setAccessibleName("Patient's age in years, or in months")
        self.age.setMaxLength(20)
        self.age.textChanged.connect(self._look_at_age)
        self.age.returnPressed.connect(self._answer)
        self.view = QComboBox()
        self.view.setAccessibleName("View of the film")
        self.button = QPushButton("Answer")
        self.button.setProperty("primary", "true")
        self.button.clicked.connect(self._answer)
        self.view.currentIndexChanged.connect(lambda index: self.button.setEnabled(index > 0))
        row = QHBoxLayout()
        row.addWidget(self.age, 1)
        row.addWidget(self.view, 1)
        row.addWidget(self.button)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 10, 12, 10)
        column.setSpacing(6)
        column.addWidget(self._title)
        column.addWidget(self._why)
        column.addLayout(row)
        column.addWidget(self._wrong)
        for part in (self, self._wrong):
            part.hide()

    @property
    def field(self) -> QWidget | None:
        """What takes the answer; None while nothing is asked."""
        if self._asked is None:
            return None
        return self.age if self._asked[1] == "age" else self.view

    def ask(self, film: str, question: Question | None, *, body_part: str | None = None, again: bool = False) -> None:
        """Ask about a film, or nothing at all; what was typed for one film is never taken for another.

        Parameters
        ----------
        body_part : str or None
            What the film itself says: views of other parts are not offered.
        again : bool
            Whether an earlier answer is to be corrected.
        """
        asked = None if question is None else (film, question, again)
        if asked == self._asked:
            return
        self._asked = asked
        self.age.setText("")  # unlike clear(), this cannot be undone
        self._offered = [(name, view) for name, view in VIEWS if body_part in (None, view.body_part)] or list(VIEWS)
        self.view.clear()
        self.view.addItems(["Choose the view", *(name for name, _ in self._offered)])
        self.button.setEnabled(False)
        put(self._title, _TITLES[question] if question is not None else "")
        why = f"The film alone does not tell; detectors that need the {question} were not run."
        put(self._why, "Results are computed again with it." if again else why)
        self.age.setVisible(question == "age")
        self.view.setVisible(question == "view")
        self.setVisible(question is not None)

    def _look_at_age(self, text: str) -> None:
        """Whether that is an age and, where something was typed that is none, why not."""
        problem = film_words.age_problem(text)
        self.button.setEnabled(bool(text.strip()) and not problem)
        put(self._wrong, problem)
        self.age.setAccessibleDescription(problem)

    def _answer(self) -> None:
        if not self.button.isEnabled() or self._asked is None:
            return
        if self._asked[1] == "view":
            self.view_given.emit(self._offered[self.view.currentIndex() - 1][1])
        elif (age_years := film_words.parse_age(self.age.text())) is not None:
            self.age_given.emit(age_years)


class AnswerLines(QWidget):
    """What the reader said in the film's place, each with a way to correct it."""

    change_requested = Signal(str)
    """``"age"`` or ``"view"``."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(2, 0, 0, 0)
        column.setSpacing(2)
        self._rows: dict[Asked, tuple[QWidget, QLabel]] = {}
        for asked in _TITLES:
            row, text = QWidget(), label("", "muted")
            line = QHBoxLayout(row)
            line.setContentsMargins(0, 0, 0, 0)
            line.addWidget(text, 1)
            change = QToolButton()
            change.setText("Change")
            change.setAccessibleName(f"Change the {asked} that you answered")
            change.clicked.connect(partial(self.change_requested.emit, asked))
            line.addWidget(change)
            column.addWidget(row)
            self._rows[asked] = row, text
            row.hide()

    def show_answers(self, answers: Answers, answered: frozenset[Asked]) -> None:
        """One line for each answer that the film took."""
        told: dict[Asked, str] = {}
        if "age" in answered:
            told["age"] = f"Age {age_text(answers.age_years)}, as answered"
        if "view" in answered and answers.view is not None:
            told["view"] = f"{view_text(answers.view)}, as answered"
        for asked, (row, text) in self._rows.items():
            put(text, told.get(asked, ""))
            row.setVisible(asked in told)
        self.setVisible(bool(told))


class ImpressionBox(QFrame):
    """The reader's own line: wanted first where results are hidden until then, and kept beside them after."""

    committed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self._shown: tuple[str, str | None] | None = None
        self._title = label("Read first", "title")
        self._told = label("Results stay hidden until you have committed your impression of this film.", "muted")
        self._head, self._impression = label("Your impression", "heading"), label("")
        self.line = QLineEdit()
        self.line.setPlaceholderText("Your impression in one line")
        self.line.setAccessibleName("Your impression")
        self.line.setMaxLength(500)
        self._commit = QPushButton("Commit and show results")
        self._commit.setProperty("primary", "true")
        self._commit.setEnabled(False)
        self.line.textChanged.connect(lambda text: self._commit.setEnabled(bool(text.strip())))
        self.line.returnPressed.connect(self._commit.click)
        self._commit.clicked.connect(lambda: self.committed.emit(self.line.text()))
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 10, 12, 10)
        column.setSpacing(6)
        for part in (self._head, self._impression, self._title, self._told, self.line, self._commit):
            column.addWidget(part)
        self.hide()

    def show_for(self, film: str, impression: str | None, *, wanted: bool) -> None:
        """Ask for the impression, show the one committed, or nothing."""
        if self._shown != (film, impression):
            self._shown = film, impression
            self.line.setText("")  # unlike clear(), this cannot be undone
        put(self._impression, impression or "")
        self._head.setVisible(impression is not None)
        for part in (self._title, self._told, self.line, self._commit):
            part.setVisible(wanted and impression is None)
        self.setVisible(wanted or impression is not None)
