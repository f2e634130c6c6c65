"""One finding on a card: call, score, operating point, calibration, map. Kept, and filled for each film."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from cxrdesk.inference.result import Call, Reason
from cxrdesk.ui import film_words, words
from cxrdesk.ui.panels.card_content import FindingContent
from cxrdesk.ui.panels.pieces import label, put
from cxrdesk.ui.panels.probability_bar import ProbabilityBar
from cxrdesk.ui.shapes import Shape, ShapeLabel
from cxrdesk.ui.theme import colours

MAP_TIP = "Show or hide this finding's saliency map over the film."


class ReasonLines(QWidget):
    """Sentences, each with its code; as many as a film needs."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(5)
        self._lines: list[tuple[QLabel, QLabel]] = []
        self.hide()

    def show_reasons(self, reasons: tuple[Reason, ...]) -> None:
        """Say these and no others."""
        while len(self._lines) < len(reasons):
            line = label(""), label("", "code")
            for part in line:
                self._column.addWidget(part)
            self._lines.append(line)
        for place, (text, code) in enumerate(self._lines):
            reason = reasons[place] if place < len(reasons) else None
            put(text, reason.text if reason is not None else "")
            put(code, f"Reason code: {reason.code}" if reason is not None else "")
        self.setVisible(bool(reasons))


class FindingBlock(QWidget):
    """A finding's place on the card of one detector."""

    map_asked = Signal()

    def __init__(self, detector: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._detector = detector
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(5)
        self.shape = ShapeLabel()
        self.title = label("", "title")
        self.map = QPushButton("Map")
        self.map.setCheckable(True)
        self.map.setToolTip(f"{MAP_TIP}\n{film_words.MAP_UNIT}")
        self.map.setAccessibleDescription(f"{MAP_TIP} {film_words.MAP_UNIT}")
        self.map.clicked.connect(self.map_asked)
        head = QHBoxLayout()
        head.setSpacing(7)
        head.addWidget(self.shape, 0, Qt.AlignmentFlag.AlignVCenter)
        head.addWidget(self.title, 1)
        head.addWidget(self.map)
        self.score = label("")
        self.bar = ProbabilityBar()
        self.reasons = ReasonLines()
        self.measured, self.predictive = label("", "muted"), label("")
        self.calibration, self.where = label("", "muted"), label("", "muted")
        column.addLayout(head)
        for part in (
            self.score, self.bar, self.reasons, self.measured, self.predictive, self.calibration, self.where,
        ):  # fmt: skip
            column.addWidget(part)
        self.hide()

    def fill(self, content: FindingContent, *, chosen: bool) -> None:
        """Say this and nothing else."""
        c = colours()
        shape, colour = {
            Call.POSITIVE: (Shape.TRIANGLE, c.positive),
            Call.NEGATIVE: (Shape.RING, c.negative),
            Call.INDETERMINATE: (Shape.DIAMOND, c.indeterminate),
            Call.NOT_RUN: (Shape.DASH, c.muted),
        }[content.call]
        self.shape.set(shape, colour)
        put(self.title, f"{content.name}: {words.CALLS[content.call].lower()}")
        self.map.setVisible(content.has_map)
        self.map.setEnabled(content.has_map)
        self.map.setChecked(chosen)
        self.map.setAccessibleName(f"Saliency map of {content.name} by {self._detector}" if content.has_map else "")
        put(self.score, content.score)
        self.bar.show_probability(content.probability, content.threshold, colour)
        self.reasons.show_reasons(content.reasons)
        put(self.measured, content.measured, tip=content.aim)
        put(self.predictive, content.predictive)
        put(self.calibration, content.calibration, tip=content.calibrated_by)
        put(self.where, content.where)
        self.show()

    def empty(self) -> None:
        """No result of this finding."""
        self.hide()
        for text in (self.title, self.score, self.measured, self.predictive, self.calibration, self.where):
            put(text, "")
        self.map.hide()
        self.map.setEnabled(False)
        self.map.setChecked(False)
        self.map.setAccessibleName("")
        self.bar.forget()
        self.reasons.show_reasons(())
