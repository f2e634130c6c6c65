"""Saving the report loses nothing, and its answer is seen."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog

from cxrdesk.inference.result import Call
from tests.ui.conftest import Seat
from tests.ui.fakes import scored
from tests.ui.test_window import answer


def test_a_report_replaces_nothing_that_the_reader_was_not_asked_about(
    seat: Seat, child_film: Path, tmp_path: Path
) -> None:
    seat.open(child_film)
    answer(seat, lambda d: scored(d, 0.94, Call.POSITIVE))
    (tmp_path / "patients.csv").write_text("name,room")
    seat.window.files.save_report(tmp_path / "patients.json")
    assert seat.window.bar.text == "patients.csv exists and holds something else; save the report under another name."
    assert (tmp_path / "patients.csv").read_text() == "name,room"
    assert not (tmp_path / "patients.json").exists()
    (tmp_path / "report.v2.json").write_text("kept")
    seat.window.files.save_report(tmp_path / "report.v2")
    assert seat.window.bar.text == "report.v2.json exists already; save the report under another name."
    assert (tmp_path / "report.v2.json").read_text() == "kept"
    seat.window.files.save_report(tmp_path / "report.v3")
    assert sorted(p.name for p in tmp_path.glob("report.v3*")) == ["report.v3.csv", "report.v3.json"]


def test_the_save_dialog_gives_a_path(
    seat: Seat, child_film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seat.open(child_film)
    monkeypatch.chdir(tmp_path)
    seat.window.action("report").trigger()
    dialog = seat.window.findChild(QFileDialog)
    dialog.setDirectory(str(tmp_path))
    dialog.accept()
    seat.qtbot.waitUntil(lambda: seat.window.bar.text.startswith("The report was saved as cxrdesk-report.json"))
    assert (tmp_path / "cxrdesk-report.json").is_file()


def test_the_answer_to_what_was_just_done_stands_before_older_messages(seat: Seat) -> None:
    bar, messages = seat.window.bar, seat.reading.messages
    messages.warning("Two plugins could not be listed.")
    messages.error("The first film cannot be read.")
    messages.info("The report was saved.")
    assert bar.text == "The report was saved."
    bar.next()
    assert bar.text == "The first film cannot be read."
    messages.warning("Two plugins could not be listed.")
    assert bar.text == "Two plugins could not be listed."
    bar.next()
    bar.next()
    assert bar.text == ""


def test_what_a_report_leaves_out_is_told(seat: Seat, pictures: list[Path], tmp_path: Path) -> None:
    seat.open(*pictures[:4])
    answer(seat, lambda d: scored(d, 0.94, Call.POSITIVE))
    first = seat.reading.state
    jobs = len(seat.queue.submitted)
    seat.reading.step(1)
    seat.qtbot.waitUntil(lambda: len(seat.queue.submitted) > jobs)  # its job does not end
    seat.window.files.save_report(tmp_path / "report.json")
    assert seat.window.bar.text.endswith("Left out: 3 films without finished results.")
    content = json.loads((tmp_path / "report.json").read_text())
    assert [Path(film["path"]).name for film in content["films"]] == [pictures[0].name]
    seat.reading.kept.clear()
    pictures[0].unlink()
    seat.window.files.save_report(tmp_path / "later.json")
    assert seat.window.bar.text.endswith("3 films without finished results, 1 film that can no longer be read.")
    content = json.loads((tmp_path / "later.json").read_text())
    assert content["films"] == []
    assert [Path(failure["path"]).name for failure in content["failures"]] == [first.film.path.name]
