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
    QVBoxLayout,
    QWidget,
)

from cxrdesk.imaging.radiograph import Projection, View
from cxrdesk.ui import film_words
from cxrdesk.ui.panels.pieces import clear, label

if TYPE_CHECKING:  # results come after the first film: the window does not wait for their imports
    from cxrdesk.inference.result import Question

VIEWS = (
    ("Chest AP", View(body_part="chest", projection=Projection.AP)),
    ("Chest PA", View(body_part="chest", projection=Projection.PA)),
    ("Chest lateral", View(body_part="chest", projection=Projection.LATERAL)),
    ("Neck AP", View(body_part="neck", projection=Projection.AP)),
    ("Neck lateral", View(body_part="neck", projection=Projection.LATERAL)),
)


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
        self._asked: tuple[str, Question] | None = None
        self.field: QWidget | None = None

    def ask(self, film: str, question: Question | None) -> None:
        """Ask about a film, or nothing at all; what was typed for one film is never taken for another."""
        self.setVisible(question is not None)
        asked = None if question is None else (film, question)
        if asked == self._asked:
            return
        self._asked = asked
        clear(self._column)
        if question == "age":
            self._ask_age()
        elif question == "view":
            self._ask_view()

    def _ask_age(self) -> None:
        self._column.addWidget(label("How old is the patient?", "title"))
        self._column.addWidget(label("The film does not say; detectors that need the age were not run.", "muted"))
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

    def _ask_view(self) -> None:
        self._column.addWidget(label("Which view is this film?", "title"))
        self._column.addWidget(label("The film does not say; detectors that need the view were not run.", "muted"))
        choice = QComboBox()
        choice.setAccessibleName("View of the film")
        choice.addItem("Choose the view")
        for name, _ in VIEWS:
            choice.addItem(name)
        self._with_button(choice, lambda: self.view_given.emit(VIEWS[choice.currentIndex() - 1][1]))
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
