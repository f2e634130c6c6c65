"""One card for each detector and segmenter: what it looks for, what it says, and when it should not be asked.

A card is made once and filled for each film.
"""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from cxrdesk.api.spec import DetectorSpec, SegmenterSpec
from cxrdesk.inference.result import Status
from cxrdesk.ui import words
from cxrdesk.ui.panels.card_content import NOTHING, CardContent
from cxrdesk.ui.panels.finding_block import FindingBlock, ReasonLines
from cxrdesk.ui.panels.pieces import badge, label, put, restyle
from cxrdesk.ui.shapes import Shape, ShapeLabel
from cxrdesk.ui.theme import colours


class ModelCard(QFrame):
    """One model's place in the panel."""

    cancel_requested = Signal(str)
    run_requested = Signal()
    map_chosen = Signal(str, str)
    """Detector id and finding whose saliency map is wanted."""

    def __init__(self, spec: DetectorSpec | SegmenterSpec, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.spec = spec
        self.content = NOTHING
        self._dressed = False
        self._blocks: dict[str, FindingBlock] = {}
        self.setProperty("role", "card")
        self.setProperty("chosen", "false")
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(12, 10, 12, 11)
        self._column.setSpacing(5)
        self._findings = QVBoxLayout()
        self._findings.setSpacing(9)
        self._badge = badge("", tip=spec.evidence.sentence)
        self._told = label("")
        self._evidence, self._basis, self._provenance = (label("", "muted") for _ in range(3))
        self._cautions = ReasonLines()
        self._closing = label("")
        self._again = QPushButton("Run again")
        self._again.setAccessibleName(f"Run {spec.name} again")
        self._again.clicked.connect(self.run_requested)
        self._column.addWidget(label(spec.name, "title"))
        self._column.addWidget(label(spec.looks_for, "muted"))
        for part in (self._waiting_row(), self._outcome_row(), self._told, self._badge, self._cautions):
            self._column.addWidget(part)
        self._column.addWidget(self._again, 0, Qt.AlignmentFlag.AlignLeft)
        self._column.addLayout(self._findings)
        for part in (self._evidence, self._basis, self._closing, self._provenance):
            self._column.addWidget(part)
        self.hide()
        self.fill(NOTHING)

    def _waiting_row(self) -> QWidget:
        self._waiting, self._stage = QWidget(), label("", "muted")
        self._cancel = QPushButton("Cancel")
        self._cancel.setAccessibleName(f"Cancel {self.spec.name}")
        self._cancel.clicked.connect(lambda: self.cancel_requested.emit(self.spec.id))
        self._bar = QProgressBar()
        self._bar.setRange(0, 100)
        self._bar.setTextVisible(False)
        row = QHBoxLayout()
        row.addWidget(self._stage, 1)
        row.addWidget(self._cancel)
        column = QVBoxLayout(self._waiting)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(row)
        column.addWidget(self._bar)
        return self._waiting

    def _outcome_row(self) -> QWidget:
        self._outcome, self._mark, self._status = QWidget(), ShapeLabel(), label("", "title")
        row = QHBoxLayout(self._outcome)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(7)
        row.addWidget(self._mark, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self._status, 1)
        return self._outcome

    @property
    def refused(self) -> bool:
        """Whether the model may not see the film."""
        return self.content.status is Status.REFUSED

    def fill(self, content: CardContent) -> None:
        """Say this and nothing else."""
        if self._dressed and content == self.content:
            return
        self.content, self._dressed = content, True
        self._wait(content)
        self._end(content.status)
        put(self._told, content.told)
        put(self._badge, content.badge)
        put(self._evidence, content.evidence)
        self._cautions.show_reasons(content.cautions)
        for key, block in self._blocks.items():
            if key not in content.findings:
                block.empty()
        for key, finding in content.findings.items():
            self._block(key).fill(finding, chosen=key == content.chosen)
        put(self._basis, content.basis)
        put(self._closing, content.closing)
        put(self._provenance, content.provenance, tip=content.origin)
        chosen = "true" if content.chosen else "false"
        if self.property("chosen") != chosen:
            self.setProperty("chosen", chosen)
            restyle(self)

    def empty(self) -> None:
        """Say nothing of any film."""
        self.fill(NOTHING)

    def _wait(self, content: CardContent) -> None:
        put(self._stage, content.stage)
        self._bar.setValue(round(100 * content.share))
        for part in (self._cancel, self._bar):
            part.setVisible(content.running)
        self._waiting.setVisible(bool(content.stage))

    def _end(self, status: Status | None) -> None:
        """Why there is no answer."""
        c = colours()
        looks = {
            Status.REFUSED: (Shape.DASH, c.muted),
            Status.FAILED: (Shape.CROSS, c.error),
            Status.CANCELLED: (Shape.STOP, c.muted),
        }
        ended = status if status in looks else None
        if ended is not None:
            self._mark.set(*looks[ended])
        put(self._status, words.status_text(ended) if ended is not None else "")
        self._outcome.setVisible(ended is not None)
        self._again.setVisible(status in (Status.FAILED, Status.CANCELLED))

    def _block(self, finding: str) -> FindingBlock:
        if finding not in self._blocks:
            block = FindingBlock(self.spec.name)
            block.map_asked.connect(partial(self.map_chosen.emit, self.spec.id, finding))
            self._blocks[finding] = block
            self._findings.addWidget(block)
        return self._blocks[finding]

    def forget(self) -> None:
        """Dress anew when it is next filled, even where it says the same."""
        self._dressed = False
