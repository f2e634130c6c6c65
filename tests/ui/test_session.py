"""Whose results are whose."""

from __future__ import annotations

from pathlib import Path

import pytest

from cxrdesk.inference.events import DetectorDone, JobDone
from cxrdesk.inference.result import Call, Reason, Status
from cxrdesk.studies.importers import Failure, Film
from cxrdesk.ui.session import FilmState, Session
from tests.ui.fakes import PNEUMONIA, events, mask_done, scored, unscored


@pytest.fixture
def session(tmp_path: Path) -> Session:
    session = Session()
    session.add([Film(path=tmp_path / f"{name}.dcm") for name in "abc"])
    return session


def loaded(session: Session, place: int, digest: str, job: int) -> FilmState:
    state = session.states[place]
    session.loaded(state.key, digest)
    session.submitted(state.key, job, "balanced")
    return state


def test_events_find_their_film(session: Session) -> None:
    a, b = loaded(session, 0, "A", 1), loaded(session, 1, "B", 2)
    for event in events(2, "B", mask_done("B"), scored("B", 0.9, Call.POSITIVE)):
        assert session.receive(event) is b
    assert not a.detectors
    assert b.detectors[PNEUMONIA.id].films == ("B",)
    assert b.finished
    assert a.running


def test_an_answer_replaces_all_results_though_the_pixels_are_the_same(session: Session) -> None:
    state = loaded(session, 0, "A", 1)
    refused = unscored("A", Status.REFUSED, Reason(code="age-unknown", text="?", question="age"))
    for event in events(1, "A", mask_done("A"), refused):
        session.receive(event)
    assert state.question == "age"
    session.answer(state.key, age_years=3.0)
    assert session.needs_job(state, "balanced")
    session.submitted(state.key, 2, "balanced")
    assert not state.detectors
    assert state.question is None
    # What the first job still says is nobody's result any more.
    assert session.receive(DetectorDone(job=1, film="A", result=refused)) is None
    assert not state.detectors


@pytest.mark.warns
def test_a_result_of_other_pixels_is_dropped(session: Session) -> None:
    state = loaded(session, 0, "A", 1)
    assert session.receive(DetectorDone(job=1, film="A", result=scored("B", 0.9, Call.POSITIVE))) is None
    assert not state.detectors


def test_a_file_that_changed_on_the_disk_loses_its_results(session: Session) -> None:
    state = loaded(session, 0, "A", 1)
    for event in events(1, "A", mask_done("A"), scored("A", 0.9, Call.POSITIVE)):
        session.receive(event)
    session.commit_impression(state.key, "clear")
    session.loaded(state.key, "A2")
    assert not state.detectors
    assert not state.masks
    assert state.impression is None
    assert session.needs_job(state, "balanced")


def test_another_operating_point_asks_again(session: Session) -> None:
    state = loaded(session, 0, "A", 1)
    assert not session.needs_job(state, "balanced")
    assert session.needs_job(state, "sensitive")


def test_failures_stand_in_the_list_and_films_are_opened_once(session: Session, tmp_path: Path) -> None:
    bad = Failure(path=tmp_path / "bad.dcm", code="truncated", text="bad.dcm ends early; copy it again.")
    named = session.add([Film(path=tmp_path / "a.dcm")], [bad, bad])
    assert [state.key for state in named] == [session.states[0].key]
    assert len(session.states) == 4
    assert session.states[3].failure is bad
    # Repaired and opened again, it is a film.
    session.add([Film(path=tmp_path / "bad.dcm")])
    assert session.states[3].failure is None


def test_results_for_the_report(session: Session) -> None:
    state = loaded(session, 1, "B", 1)
    for event in events(1, "B", mask_done("B"), scored("B", 0.9, Call.POSITIVE)):
        session.receive(event)
    session.commit_impression(state.key, "  opacity   left ")
    (result,) = session.results()
    assert result.digest == "B"
    assert result.impression == "opacity left"
    with pytest.raises(ValueError, match="says something"):
        session.commit_impression(state.key, "  ")


def test_closing_forgets(session: Session) -> None:
    loaded(session, 0, "A", 1)
    session.close_all()
    assert session.receive(JobDone(job=1, film="A")) is None
    assert session.states == []


def test_a_link_to_itself_is_a_failure_like_others(session: Session, tmp_path: Path) -> None:
    link = tmp_path / "loop.dcm"
    link.symlink_to(link)
    session.add([], [Failure(path=link, code="unreadable", text="loop.dcm is a link to itself.")])
    assert [state.failure.path for state in session.states if state.failure] == [link]


def test_nothing_is_asked_where_no_answer_would_let_more_run(session: Session) -> None:
    state = loaded(session, 0, "A", 1)
    age = Reason(code="age-unknown", text="?", question="age")
    part = Reason(code="wrong-body-part", text="The film shows the hip.")
    session.receive(DetectorDone(job=1, film="A", result=unscored("A", Status.REFUSED, part, age)))
    assert state.question is None
    session.receive(DetectorDone(job=1, film="A", result=unscored("A", Status.REFUSED, age)))
    assert state.question == "age"
