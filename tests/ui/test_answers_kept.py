"""What was answered holds for the patient's study: on its other films, and when it is opened again."""

from __future__ import annotations

import logging
from pathlib import Path

import pydicom
import pytest
from pydicom.uid import generate_uid
from PySide6.QtWidgets import QLabel

from cxrdesk import HOME_VARIABLE
from cxrdesk.imaging.errors import UserError
from cxrdesk.imaging.resources import resource
from cxrdesk.inference.result import Call, Status
from cxrdesk.studies import study_answers
from tests.ui.conftest import Seat
from tests.ui.fakes import scored, unscored
from tests.ui.test_window import NO_AGE, answer, texts


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A frontal and a lateral film that do not tell their patient's age, and a film of somebody else."""
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))
    folder = tmp_path / "study"
    folder.mkdir()
    for path in resource("samples/adult").glob("*.dcm"):
        ds = pydicom.dcmread(path)
        for keyword in ("PatientAge", "PatientBirthDate"):
            if keyword in ds:
                delattr(ds, keyword)
        ds.save_as(folder / path.name)
        ds.PatientID, ds.SOPInstanceUID = "ANOTHER", generate_uid()
        ds.save_as(folder / f"z-other-{path.name}")
    return folder


def go_to(seat: Seat, name: str) -> None:
    state = next(state for state in seat.reading.session.states if Path(state.key).name == name)
    seat.reading.show(state.key)
    seat.qtbot.waitUntil(lambda: seat.reading.shown is not None and state.job is not None)
    seat.settle()


def asked_age(seat: Seat) -> float | None:
    return seat.queue.submitted[-1][1].patient_age_years


def kept(study: Path) -> list[Path]:
    return list(study.glob("cxrdesk-answers-*.json"))


def test_an_age_is_asked_once_for_all_films_of_the_study(seat: Seat, study: Path) -> None:
    seat.open(study / "lateral.dcm")
    answer(seat, lambda d: unscored(d, Status.REFUSED, NO_AGE))
    seat.open(study / "chest-pa.dcm")
    answer(seat, lambda d: unscored(d, Status.REFUSED, NO_AGE))
    assert seat.window.findings.question.isVisible()
    seat.window.findings.question.age.setText("54")
    seat.window.findings.question.button.click()
    assert asked_age(seat) == 54.0
    answer(seat, lambda d: scored(d, 0.1, Call.NEGATIVE))
    state = next(state for state in seat.reading.session.states if Path(state.key).name == "lateral.dcm")
    seat.reading.asking.dwell.setInterval(10_000)
    seat.reading.show(state.key)
    seat.settle()
    assert not seat.window.findings.question.isVisible()  # not even until it is looked at again
    assert "Age 54 years, as answered" in texts(seat.window.findings)
    seat.reading.asking.ask()
    assert asked_age(seat) == 54.0


def test_another_patients_film_in_the_same_study_number_is_asked_about(seat: Seat, study: Path) -> None:
    seat.open(study)
    go_to(seat, "chest-pa.dcm")
    seat.reading.answer(age_years=54.0)
    go_to(seat, "z-other-chest-pa.dcm")
    assert asked_age(seat) is None
    assert "as answered" not in texts(seat.window.findings)


def test_an_age_is_known_when_the_study_is_opened_again_and_can_be_corrected(seat: Seat, study: Path) -> None:
    seat.open(study / "chest-pa.dcm")
    seat.reading.answer(age_years=54.0)
    seat.reading.close_all()
    seat.qtbot.waitUntil(lambda: bool(kept(study)))
    seat.open(study / "lateral.dcm")
    assert asked_age(seat) == 54.0
    assert "Age 54 years, as answered" in texts(seat.window.findings)
    seat.reading.answer(age_years=45.0)
    seat.reading.close_all()
    seat.qtbot.waitUntil(lambda: '"age_years": 45.0' in kept(study)[0].read_text())
    seat.open(study / "chest-pa.dcm")
    assert asked_age(seat) == 45.0


def test_an_answer_given_just_before_the_end_is_kept(seat: Seat, study: Path) -> None:
    seat.open(study / "chest-pa.dcm")
    seat.reading.answer(age_years=54.0)
    seat.desk.shutdown()
    assert len(kept(study)) == 1


def test_an_answer_that_cannot_be_kept_holds_and_is_told(
    seat: Seat, study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise UserError("not-written", "The folder could not be written.")

    monkeypatch.setattr(study_answers, "save", refuse)
    seat.open(study / "chest-pa.dcm")
    seat.reading.answer(age_years=54.0)
    seat.qtbot.waitUntil(lambda: bool(seat.window.bar.text))
    assert seat.window.bar.text.startswith("Your answer holds until you close the film")
    assert asked_age(seat) == 54.0


def test_a_damaged_file_is_told_and_the_age_asked_again(seat: Seat, study: Path) -> None:
    seat.open(study / "chest-pa.dcm")
    seat.reading.answer(age_years=54.0)
    seat.qtbot.waitUntil(lambda: bool(kept(study)))
    seat.reading.close_all()
    kept(study)[0].write_text("{")
    seat.open(study / "chest-pa.dcm")
    assert asked_age(seat) is None
    assert "asked again" in seat.window.bar.text


def test_nothing_of_it_reaches_the_log(seat: Seat, study: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        seat.open(study / "chest-pa.dcm")
        seat.reading.answer(age_years=54.0)
        seat.qtbot.waitUntil(lambda: bool(kept(study)))
    for word in ("PHANTOM", "Phantom Adult", "chest-pa", study_answers.study_key(seat.reading.state.film)[:12]):
        assert word not in caplog.text


def test_an_impossible_age_says_why_beside_the_field(seat: Seat, pictures: list[Path]) -> None:
    seat.open(pictures[0])
    answer(seat, lambda d: unscored(d, Status.REFUSED, NO_AGE))
    box = seat.window.findings.question
    box.age.setText("560")
    assert not box.button.isEnabled()
    told = next(found for found in box.findChildren(QLabel) if "over 125 years" in found.text())
    assert told.isVisible()
    assert "over 125 years" in box.age.accessibleDescription()
    box.age.setText("5")
    assert box.button.isEnabled()
    assert not told.isVisible()
    assert box.age.accessibleDescription() == ""
