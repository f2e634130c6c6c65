"""What the window says about results, refusals, questions and bad files."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QLabel, QPushButton, QToolButton, QWidget

from cxrdesk import DISCLAIMER
from cxrdesk.api.evidence import Evidence
from cxrdesk.api.spec import NEGATIVE_SENTENCE
from cxrdesk.inference.events import WorkerNotice
from cxrdesk.inference.result import Call, DetectorResult, MaskResult, Reason, Status
from cxrdesk.ui.panels.probability_bar import ProbabilityBar
from cxrdesk.ui.panels.questions import QuestionBox
from tests.ui.conftest import Seat
from tests.ui.fakes import FAILURES, LUNGS, PNEUMONIA, POINTS, events, mask_done, registry, scored, unscored

MakeSeat = Callable[..., Seat]
TOO_OLD = Reason(code="too-old", text="The patient is 54 years old; this is for patients from 1 to under 6 years.")
NO_AGE = Reason(code="age-unknown", text="The film does not say the patient's age.", question="age")
NO_VIEW = Reason(code="view-unknown", text="The film does not say its view.", question="view")


def texts(widget: QWidget) -> str:
    """Everything in sight, with spaces that break."""
    visible = [label.text() for label in widget.findChildren(QLabel) if label.isVisible()]
    return "\n".join(visible).replace("\u00a0", " ")


def button(widget: QWidget, text: str) -> QPushButton:
    return next(b for b in widget.findChildren(QPushButton) if b.isVisible() and b.text() == text)


def answer(seat: Seat, detector: Callable[[str], DetectorResult], mask: Callable[[str], MaskResult] = mask_done) -> str:
    """Let the newest job end."""
    job, radiograph, _ = seat.queue.submitted[-1]
    for event in events(job, radiograph.digest, mask(radiograph.digest), detector(radiograph.digest)):
        seat.desk.bridge.post(event)
    seat.qtbot.waitUntil(lambda: seat.reading.state is not None and seat.reading.state.finished)
    seat.settle()
    return texts(seat.window.findings)


def test_a_positive_card_says_all_that_is_known(seat: Seat, child_film: Path) -> None:
    seat.open(child_film)
    told = answer(seat, lambda d: scored(d, 0.94, Call.POSITIVE))
    for part in (
        PNEUMONIA.name,
        PNEUMONIA.looks_for,
        "Pneumonia: positive",
        "Calibrated probability 0.940",
        "Operating point “balanced”: positive at 0.620 and above.",
        "Sensitivity 96.4 % (95 % CI 94.4 % to 97.9 %, n = 788)",
        "Specificity 95.7 % (95 % CI 93.7 % to 97.2 %, n = 788)",
        "Measured on 788 held-out films of another split.",
        "Model's own probability 0.912; calibrated by Platt scaling on the tuning films.",
        "Evidence: internal, claimed by the publisher",
        Evidence.INTERNAL.sentence,
        NEGATIVE_SENTENCE,
        "87 % of the map lies inside the lungs.",
        "Lungs outlined: 33 % of the film.",
        "Dice, children: 0.968",
    ):
        assert part in told, part
    assert "predictive" not in told  # the clinic entered no prevalence
    (bar,) = seat.window.findings.findChildren(ProbabilityBar)
    assert (bar.probability, bar.threshold) == (0.94, 0.62)
    assert bar.x_of(0.62) - bar.x_of(0) == pytest.approx(0.62 * (bar.x_of(1) - bar.x_of(0)))
    assert DISCLAIMER in texts(seat.window)


def test_predictive_values_only_at_the_clinics_prevalence(make_seat: MakeSeat, child_film: Path) -> None:
    seat = make_seat(prevalence={"pneumonia": 0.08})
    seat.open(child_film)
    told = answer(seat, lambda d: scored(d, 0.94, Call.POSITIVE))
    ppv, npv = POINTS[0].predictive_values(0.08)
    assert f"At the clinic's prevalence of 8.0 %: positive predictive value {ppv * 100:.0f} %" in told
    assert f"negative predictive value {npv * 100:.1f} %" in told
    assert "74" not in told  # the share of positives in the calibration data


def test_a_score_without_a_call_says_why(seat: Seat, child_film: Path) -> None:
    seat.open(child_film)
    reason = Reason(code="weights-differ", text="These weights are not those that were measured.")
    told = answer(seat, lambda d: scored(d, 0.4, Call.INDETERMINATE, reasons=(reason,)))
    assert "Pneumonia: no call" in told
    assert "Reason code: weights-differ" in told
    assert "Operating point" not in told
    (bar,) = seat.window.findings.findChildren(ProbabilityBar)
    assert bar.threshold is None


def test_a_refusal_is_shown_with_its_code(seat: Seat, adult_film: Path) -> None:
    seat.open(adult_film)
    no_chest = Reason(code="not-a-chest-film", text="The picture does not look like a chest film.")
    told = answer(
        seat, lambda d: unscored(d, Status.REFUSED, TOO_OLD), lambda d: mask_done(d, Status.REFUSED, no_chest)
    )
    assert told.count("Not run") == 2
    for reason in (TOO_OLD, no_chest):
        assert reason.text in told
        assert f"Reason code: {reason.code}" in told
    assert "robability" not in told
    assert seat.window.film.mask_layer is None
    assert seat.window.film.saliency_layer is None
    assert not seat.window.findings.question.isVisible()


def test_models_that_may_see_the_film_stand_above_those_that_may_not(
    seat: Seat, child_film: Path, adult_film: Path
) -> None:
    def order() -> list[str]:
        return sorted(seat.window.findings.cards, key=lambda name: seat.window.findings.cards[name].y())

    seat.open(adult_film)
    answer(seat, lambda d: unscored(d, Status.REFUSED, TOO_OLD))
    seat.settle()
    assert order() == ["test-lungs", "test-pneumonia"]
    seat.open(child_film)
    answer(seat, lambda d: scored(d, 0.9, Call.POSITIVE))
    seat.settle()
    assert order() == ["test-pneumonia", "test-lungs"]


@pytest.mark.parametrize("status", [Status.FAILED, Status.CANCELLED])
def test_a_failed_or_cancelled_model_can_run_again(seat: Seat, child_film: Path, status: Status) -> None:
    seat.open(child_film)
    reasons = (Reason(code="process-died", text="The inference process ended."),) if status is Status.FAILED else ()
    told = answer(seat, lambda d: unscored(d, status, *reasons))
    assert status.value.capitalize() in told
    button(seat.window.findings, "Run again").click()
    assert len(seat.queue.submitted) == 2
    seat.settle()
    assert status.value.capitalize() not in texts(seat.window.findings)


def test_progress_and_cancel(seat: Seat, child_film: Path) -> None:
    seat.open(child_film)
    job, radiograph, _ = seat.queue.submitted[-1]
    for event in events(
        job, radiograph.digest, mask_done(radiograph.digest), scored(radiograph.digest, 0.1, Call.NEGATIVE)
    )[:5]:
        seat.reading.on_event(event)
    seat.settle()
    assert "Scoring" in texts(seat.window.findings)
    button(seat.window.findings.cards[PNEUMONIA.id], "Cancel").click()
    assert seat.queue.cancelled == [(job, PNEUMONIA.id)]
    seat.window.action("cancel").trigger()
    assert seat.queue.cancelled[-1] == (job, None)


def test_an_age_is_asked_for_once_and_answered(seat: Seat, pictures: list[Path]) -> None:
    state = seat.open(pictures[0])
    answer(seat, lambda d: unscored(d, Status.REFUSED, NO_AGE, NO_VIEW))
    box = seat.window.findings.question
    assert "How old is the patient?" in texts(box)
    assert "Which view" not in texts(box)
    assert not button(box, "Answer").isEnabled()
    field = box.field
    assert field is not None
    field.setFocus()
    QTest.keyClicks(field, "3.5")
    QTest.keyClick(field, Qt.Key.Key_Return)
    job, asked, _ = seat.queue.submitted[-1]
    assert job == 2
    assert asked.patient_age_years == 3.5
    assert asked.digest == state.digest
    seat.settle()
    assert "age-unknown" not in texts(seat.window.findings)
    answer(seat, lambda d: unscored(d, Status.REFUSED, NO_VIEW))
    assert "Which view is this film?" in texts(box)
    choice = box.field
    choice.setCurrentIndex(1)  # type: ignore[union-attr]
    button(box, "Answer").click()
    assert seat.queue.submitted[-1][1].view.projection == "ap"
    assert seat.queue.submitted[-1][1].patient_age_years == 3.5
    told = answer(seat, lambda d: scored(d, 0.9, Call.POSITIVE))
    assert "Pneumonia: positive" in told
    assert not box.isVisible()
    assert seat.window.film.corners.upper_left[1:] == (
        "Chest AP (as entered by the reader)",
        "3 years (as entered by the reader)",
    )


def test_an_answer_can_be_corrected(seat: Seat, pictures: list[Path]) -> None:
    seat.open(*pictures[:2])
    seat.reading.answer(age_years=30.0)
    answer(seat, lambda d: scored(d, 0.9, Call.POSITIVE))
    findings = seat.window.findings
    assert "Age 30 years, as answered" in texts(findings)
    (change,) = [b for b in findings.answers.findChildren(QToolButton) if b.isVisible()]
    change.click()
    assert "How old is the patient?" in texts(findings.question)
    field = findings.question.field
    assert field is not None
    assert seat.window.focusWidget() is field
    QTest.keyClicks(field, "3")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert seat.queue.submitted[-1][1].patient_age_years == 3.0
    seat.settle()
    assert not findings.question.isVisible()
    assert "Age 3 years, as answered" in texts(findings)
    # Begun and left by going to another film, a correction is forgotten.
    next(b for b in findings.answers.findChildren(QToolButton) if b.isVisible()).click()
    seat.reading.step(1)
    seat.qtbot.waitUntil(lambda: seat.reading.shown is not None)
    seat.settle()
    assert not findings.question.isVisible()
    assert not findings.answers.isVisible()


def test_only_views_of_the_films_own_body_part_are_offered(seat: Seat) -> None:
    box = QuestionBox()
    seat.qtbot.addWidget(box)
    box.ask("film", "view", body_part="neck")
    choice = box.field
    assert isinstance(choice, QComboBox)
    assert [choice.itemText(i) for i in range(1, choice.count())] == ["Neck AP", "Neck lateral"]


def test_read_first_hides_everything_until_an_impression_is_committed(make_seat: MakeSeat, child_film: Path) -> None:
    seat = make_seat(read_first=True)
    state = seat.open(child_film)
    told = answer(seat, lambda d: scored(d, 0.94, Call.POSITIVE))
    findings, film = seat.window.findings, seat.window.film
    assert "Read first" in told
    for part in ("ositive", "0.94", "robability", "Evidence", PNEUMONIA.name, LUNGS.name, "Dice"):
        assert part not in told, part
    assert not findings.findChildren(ProbabilityBar)
    assert film.mask_layer is None
    assert film.saliency_layer is None
    assert not findings.map_controls.isVisible()
    commit = button(findings, "Commit and show results")
    assert not commit.isEnabled()
    line = findings.impression.line
    assert line is not None
    line.setFocus()
    QTest.keyClicks(line, "  ")
    assert not commit.isEnabled()
    QTest.keyClicks(line, "opacity right lower zone")
    QTest.keyClick(line, Qt.Key.Key_Return)
    seat.settle()
    told = texts(findings)
    assert "opacity right lower zone" in told
    assert "Pneumonia: positive" in told
    assert film.mask_layer is not None
    assert film.saliency_layer is not None
    assert seat.window.session.results()[0].impression == "opacity right lower zone"
    assert state.impression == "opacity right lower zone"


def test_read_first_asks_anew_for_every_film(make_seat: MakeSeat, pictures: list[Path]) -> None:
    seat = make_seat(read_first=True)
    seat.open(*pictures[:2])
    line = seat.window.findings.impression.line
    assert line is not None
    line.setText("typed for the first film")
    seat.reading.step(1)
    seat.qtbot.waitUntil(lambda: seat.reading.shown is not None)
    seat.settle()
    other = seat.window.findings.impression.line
    assert other is not None
    assert other.text() == ""
    assert seat.reading.hidden


def test_the_map_belongs_to_its_card_and_can_be_hidden(seat: Seat, child_film: Path) -> None:
    seat.open(child_film)
    answer(seat, lambda d: scored(d, 0.94, Call.POSITIVE))
    film, findings = seat.window.film, seat.window.findings
    assert film.saliency_layer is not None
    assert film.saliency_layer.label.title == "Pneumonia: Pneumonia in children"
    assert film.saliency_layer.has_scale
    findings.opacity.setValue(70)
    assert film.opacity == 0.7
    assert seat.reading.settings.saliency_opacity == 0.7
    button(findings, "Map").click()
    seat.settle()
    assert film.saliency_layer is None
    assert not seat.window.action("saliency").isChecked()
    button(findings, "Map").click()
    assert film.saliency_layer is not None
    seat.window.action("mask").trigger()
    assert film.mask_layer is None


def test_another_operating_point_asks_again(seat: Seat, child_film: Path) -> None:
    seat.open(child_film)
    answer(seat, lambda d: scored(d, 0.94, Call.POSITIVE))
    point = seat.window.findings.point
    assert [point.itemText(i) for i in range(point.count())] == ["balanced", "sensitive", "specific"]
    point.setCurrentIndex(1)
    point.activated.emit(1)
    assert seat.queue.submitted[-1][2] == "sensitive"
    assert seat.reading.settings.operating_point == "sensitive"
    seat.settle()
    assert "positive" not in texts(seat.window.findings)


def test_one_bad_file_among_good_ones(seat: Seat, child_film: Path, adult_film: Path, tmp_path: Path) -> None:
    shutil.copy(child_film, tmp_path / "a.dcm")
    (tmp_path / "b.dcm").write_bytes(adult_film.read_bytes()[:5000])
    (tmp_path / "c.png").write_bytes(b"abc")
    seat.open(tmp_path)
    assert len(seat.window.studies.keys()) == 3
    assert "c.png" in seat.window.bar.text
    seat.window.bar.next()
    seat.reading.step(1)
    seat.qtbot.waitUntil(lambda: seat.reading.state is not None and seat.reading.state.failure is not None)
    seat.settle()
    assert "b.dcm" in seat.window.bar.text
    assert seat.window.film.hint[1] == seat.window.bar.text
    assert "No detector can look at this file." in texts(seat.window.findings)
    assert not seat.window.findings.shown_cards()
    seat.reading.step(-1)
    assert seat.reading.shown is not None
    assert seat.window.film.loaded is seat.reading.shown


def test_messages_wait_for_the_window_and_are_not_repeated(seat: Seat) -> None:
    bar = seat.window.bar
    for _ in range(3):
        seat.reading.on_event(WorkerNotice(job=-1, film="", text="Out of memory: computing on the CPU."))
    assert bar.text == "Out of memory: computing on the CPU."
    bar.next()
    assert not bar.isVisible()


def test_failed_plugins_are_told_and_listed(seat: Seat) -> None:
    seat.window.set_registry(registry(*FAILURES))
    assert seat.window.bar.text == "2 plugins could not be listed; Help, Plugins says why."
    seat.window.action("plugins").trigger()
    dialog = next(w for w in seat.window.findChildren(QWidget) if w.windowTitle() == "Plugins")
    seat.settle()
    told = texts(dialog)
    for failure in FAILURES:
        assert failure.reason in told
        assert f"Reason code: {failure.code}" in told
    assert PNEUMONIA.name in told
    dialog.close()


def test_no_plugin_at_all_is_said(seat: Seat, child_film: Path) -> None:
    from cxrdesk.discovery.registry import Registry

    seat.window.set_registry(Registry([]))
    seat.open(child_film)
    assert "No detector is installed." in texts(seat.window.findings)
    assert not seat.window.findings.point.isVisible()


def test_settings_are_edited_and_kept(seat: Seat) -> None:
    from cxrdesk.ui.dialogs.settings import SettingsDialog

    seat.window.action("settings").trigger()
    dialog = seat.window.findChildren(SettingsDialog)[0]
    dialog.read_first.setChecked(True)
    dialog.compiled.setChecked(False)
    dialog.prevalence["pneumonia"].setValue(12.5)
    dialog.accept()
    assert seat.reading.settings.read_first
    assert not seat.reading.settings.compiled
    assert dict(seat.reading.settings.prevalence) == {"pneumonia": 0.125}
    assert seat.desk._unsaved == seat.reading.settings


def test_keys_reach_every_panel(seat: Seat, child_film: Path) -> None:
    seat.open(child_film)
    for name, widget in (("focus_list", seat.window.studies.view), ("focus_film", seat.window.film)):
        seat.window.action(name).trigger()
        assert seat.window.focusWidget() is widget
    seat.window.action("focus_findings").trigger()
    focus = seat.window.focusWidget()
    assert focus is not None
    assert seat.window.findings.isAncestorOf(focus)


def test_closing_ends_jobs_and_forgets(seat: Seat, child_film: Path) -> None:
    seat.open(child_film)
    seat.window.action("close").trigger()
    assert seat.queue.cancelled == [(1, None)]
    assert seat.window.film.hint[0] == "Drop films or a folder here"
    assert seat.window.studies.keys() == []


def test_the_report_holds_results_and_impression(make_seat: MakeSeat, child_film: Path, tmp_path: Path) -> None:
    seat = make_seat(read_first=True)
    seat.open(child_film)
    answer(seat, lambda d: scored(d, 0.94, Call.POSITIVE))
    seat.window.files.save_report(tmp_path / "report.json")
    assert json.loads((tmp_path / "report.json").read_text())["films"] == []  # the reader has not read yet
    assert seat.window.bar.text.endswith("report.csv. Left out: 1 film that you have not read yet.")
    seat.window.bar.clear()
    seat.reading.commit_impression("opacity right lower zone")
    seat.window.files.save_report(tmp_path / "report.json")
    (film,) = json.loads((tmp_path / "report.json").read_text())["films"]
    assert film["impression"] == "opacity right lower zone"
    assert film["detectors"][0]["findings"][0]["probability"]["calibrated"] == 0.94
    assert "opacity right lower zone" in (tmp_path / "report.csv").read_text()
    assert seat.window.bar.text == "The report was saved as report.json and report.csv."
    seat.window.bar.clear()
    seat.window.files.save_report(tmp_path / "missing" / "report.json")
    assert "could not be saved" in seat.window.bar.text


def test_closing_all_films_closes_what_was_said_of_them(seat: Seat, adult_film: Path) -> None:
    seat.open(adult_film)
    seat.reading.messages.error("no-film.dcm is no film.")
    assert seat.window.bar.text
    seat.reading.close_all()
    assert seat.window.bar.text == ""
