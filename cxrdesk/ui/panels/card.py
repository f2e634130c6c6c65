"""One card for each detector: what it looks for, what it says, and when it should not be asked."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from cxrdesk.api.spec import NEGATIVE_SENTENCE, DetectorSpec, SegmenterSpec
from cxrdesk.inference.events import Progress
from cxrdesk.inference.result import Call, DetectorResult, FindingResult, MaskResult, Reason, Status
from cxrdesk.ui import words
from cxrdesk.ui.panels.pieces import badge, clear, label, restyle, shaped
from cxrdesk.ui.panels.probability_bar import ProbabilityBar
from cxrdesk.ui.shapes import Shape
from cxrdesk.ui.theme import Colours, colours


class ModelCard(QFrame):
    """What detectors' and segmenters' cards share: name, progress, reasons."""

    cancel_requested = Signal(str)
    run_requested = Signal()

    def __init__(self, spec: DetectorSpec | SegmenterSpec, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.spec = spec
        self.setProperty("role", "card")
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(12, 10, 12, 11)
        self.column.setSpacing(5)
        self._shown: tuple[object, ...] | None = None
        self._bar: QProgressBar | None = None

    def show_waiting(self, progress: Progress | None, *, running: bool) -> None:
        """No result yet: what is being done, and a way to stop it."""
        stage = progress.stage if progress is not None else ""
        share = progress.share if progress is not None else None
        if self._begin("waiting", stage, running):
            self._head()
            if running:
                row = QHBoxLayout()
                row.addWidget(label(words.stage_text(stage or "queued"), "muted"), 1)
                cancel = QPushButton("Cancel")
                cancel.setAccessibleName(f"Cancel {self.spec.name}")
                cancel.clicked.connect(lambda: self.cancel_requested.emit(self.spec.id))
                row.addWidget(cancel)
                self.column.addLayout(row)
                self._bar = QProgressBar()
                self._bar.setTextVisible(False)
                self.column.addWidget(self._bar)
            else:
                self.column.addWidget(label("Not asked yet.", "muted"))
        if self._bar is not None:
            # Without a share there is no bar to fill: it would look like a measure.
            self._bar.setRange(0, 100)
            self._bar.setValue(round(100 * (share or 0.0)))

    def forget(self) -> None:
        """Make the content anew when it is next shown, even where it is the same."""
        self._shown = None

    def _begin(self, *content: object) -> bool:
        """Empty the card if it is to show something else than it does."""
        if self._shown == content:
            return False
        self._shown = content
        self._bar = None
        clear(self.column)
        return True

    def _head(self) -> None:
        self.column.addWidget(label(self.spec.name, "title"))
        self.column.addWidget(label(self.spec.looks_for, "muted"))

    def _outcome(self, status: Status, reasons: tuple[Reason, ...]) -> None:
        """Why there is no answer."""
        c = colours()
        shape, colour = {
            Status.REFUSED: (Shape.DASH, c.muted),
            Status.FAILED: (Shape.CROSS, c.error),
            Status.CANCELLED: (Shape.STOP, c.muted),
        }[status]
        self.column.addLayout(shaped(shape, colour, label(words.status_text(status), "title")))
        self._reasons(reasons)
        if status in (Status.FAILED, Status.CANCELLED):
            again = QPushButton("Run again")
            again.clicked.connect(self.run_requested)
            self.column.addWidget(again, 0, Qt.AlignmentFlag.AlignLeft)

    def _reasons(self, reasons: tuple[Reason, ...]) -> None:
        for reason in reasons:
            self.column.addWidget(label(reason.text))
            self.column.addWidget(label(f"Reason code: {reason.code}", "code"))


class DetectorCard(ModelCard):
    """A detector's card."""

    map_chosen = Signal(str, str)
    """Detector id and finding whose saliency map is wanted."""

    def show_result(self, result: DetectorResult, prevalence: Mapping[str, float], chosen: str | None) -> None:
        """The answer; `chosen` is the finding whose map is over the film."""
        self.setProperty("chosen", "true" if chosen else "false")
        restyle(self)
        if not self._begin("result", result, tuple(prevalence.items()), chosen):
            return
        self._head()
        if result.status is not Status.DONE:
            self._outcome(result.status, result.reasons)
        for finding in result.findings:
            self._finding(finding, prevalence.get(finding.finding), chosen == finding.finding)
        self._evidence()
        if result.status is Status.DONE:
            self.column.addWidget(label(NEGATIVE_SENTENCE))
            self._provenance(result)

    def _finding(self, finding: FindingResult, prevalence: float | None, chosen: bool) -> None:
        c = colours()
        shape, colour = _call_look(finding.call, c)
        name = words.finding_name(finding.finding)
        self.column.addLayout(shaped(shape, colour, label(f"{name}: {words.CALLS[finding.call].lower()}", "title")))
        self.column.addWidget(label(words.probability_text(finding)))
        point = finding.operating_point
        self.column.addWidget(
            ProbabilityBar(finding.probability, point.threshold if point is not None else None, colour)
        )
        self._reasons(finding.reasons)
        if point is not None:
            self.column.addWidget(label("\n".join(words.operating_point_lines(point)), "muted", tip=point.aim))
            if prevalence is not None and (told := words.predictive_text(point, prevalence, finding.call)):
                self.column.addWidget(label(told))
        calibration = self.spec.calibration.get(finding.finding) if isinstance(self.spec, DetectorSpec) else None
        self.column.addWidget(label(words.calibration_text(finding, calibration), "muted"))
        if finding.saliency:
            row = QHBoxLayout()
            shares = words.lung_share_text(finding.saliency, self.spec.scope)
            row.addWidget(label(shares, "muted"), 1)
            show = QPushButton("Map")
            show.setCheckable(True)
            show.setChecked(chosen)
            show.setToolTip("Show or hide this finding's saliency map over the film")
            show.setAccessibleName(f"Saliency map of {name} by {self.spec.name}")
            show.clicked.connect(lambda: self.map_chosen.emit(self.spec.id, finding.finding))
            row.addWidget(show, 0, Qt.AlignmentFlag.AlignTop)
            self.column.addLayout(row)

    def _evidence(self) -> None:
        sentence = self.spec.evidence.sentence
        self.column.addWidget(badge(words.evidence_badge(self.spec.evidence), tip=sentence))
        self.column.addWidget(label(sentence, "muted"))

    def _provenance(self, result: DetectorResult) -> None:
        told = [f"Version {self.spec.version}"]
        engine = f" ({result.engine})" if result.engine else ""
        told += [f"ran on {result.device}{engine} in {result.seconds_s:.1f} s"] if result.device else []
        tip = f"Trained on: {self.spec.trained_on or 'not stated'}\nLicence: {self.spec.licence or 'not stated'}"
        self.column.addWidget(label(", ".join(told), "muted", tip=tip))


class SegmenterCard(ModelCard):
    """A segmenter's card."""

    def show_result(self, result: MaskResult) -> None:
        """The outline's share of the film and how well the segmenter was measured to draw it."""
        if not self._begin("result", result):
            return
        self._head()
        if result.status is not Status.DONE:
            self._outcome(result.status, result.reasons)
        else:
            share = words.percent(result.area_share)
            name = words.structure_name(self.spec.structure) if isinstance(self.spec, SegmenterSpec) else ""
            self.column.addWidget(label(f"{name} outlined: {share} of the film."))
            self._reasons(result.reasons)
        measured = words.dice_lines(self.spec) if isinstance(self.spec, SegmenterSpec) else []
        self.column.addWidget(label("\n".join(measured) or "No measured agreement was published.", "muted"))
        self.column.addWidget(badge(words.evidence_badge(self.spec.evidence), tip=self.spec.evidence.sentence))


def _call_look(call: Call, c: Colours) -> tuple[Shape, str]:
    return {
        Call.POSITIVE: (Shape.TRIANGLE, c.positive),
        Call.NEGATIVE: (Shape.RING, c.negative),
        Call.INDETERMINATE: (Shape.DIAMOND, c.indeterminate),
        Call.NOT_RUN: (Shape.DASH, c.muted),
    }[call]
