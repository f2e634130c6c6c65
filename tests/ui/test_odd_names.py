"""Names that are long, hold control characters or belong to two patients; windows that are small."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pydicom
import pytest
from pydicom.uid import generate_uid
from PySide6.QtCore import QPoint, Qt

from cxrdesk.api.evidence import Evidence
from cxrdesk.imaging.words import printable
from cxrdesk.inference.result import Call
from cxrdesk.ui import words
from cxrdesk.ui.messages import Level, Message
from cxrdesk.ui.panels.findings import Models
from cxrdesk.ui.panels.pieces import ElidedLabel, badge, breakable
from tests.ui.conftest import Seat
from tests.ui.fakes import PNEUMONIA, scored
from tests.ui.test_layout import cut_off, unreachable
from tests.ui.test_window import answer

LONG_NAME = "b" * 200


def test_control_and_direction_marks_are_shown_as_what_they_are() -> None:
    assert printable("thorax é 胸 אב.png") == "thorax é 胸 אב.png"
    assert printable("a\x1b[31mb\u202egnp.exe") == "a\\x1b[31mb\\x202egnp.exe"
    assert printable(b"\xff\xfe.png".decode(errors="surrogateescape")) == "\\xff\\xfe.png"


def test_long_words_may_break_and_short_ones_stay() -> None:
    assert breakable("a sentence of words") == "a sentence of words"
    assert breakable("x" * 60).split("\u200b") == ["x" * 24, "x" * 24, "x" * 12]


def test_a_long_file_name_does_not_widen_the_window(seat: Seat, tmp_path: Path) -> None:
    seat.window.resize(1280, 720)
    bad = tmp_path / f"{LONG_NAME}.dcm"
    bad.write_bytes(b"no film")
    seat.reading.open([bad])
    seat.qtbot.waitUntil(lambda: LONG_NAME in seat.window.bar.text)
    seat.settle()
    assert (seat.window.width(), seat.window.height()) == (1280, 720)
    assert seat.window.minimumSizeHint().width() < 1000
    assert cut_off(seat.window) == []


@pytest.mark.parametrize("size", [(800, 600), (1024, 600)])
def test_a_small_window_keeps_what_must_be_read(seat: Seat, child_film: Path, size: tuple[int, int]) -> None:
    seat.open(child_film)
    answer(seat, lambda d: scored(d, 0.94, Call.POSITIVE))
    seat.window.resize(*size)
    film = seat.window.film
    seat.qtbot.mouseMove(film, QPoint(film.width() // 2, film.height() // 2))
    seat.settle()
    assert (seat.window.width(), seat.window.height()) == size
    assert seat.window.status.value.text()
    assert [text for text in cut_off(seat.window) if not any(
        label.text() and repr(label.text()) in text for label in seat.window.findChildren(ElidedLabel)
    )] == []  # fmt: skip
    assert unreachable(seat.window) == []
    disclaimer = seat.window.status.disclaimer
    assert disclaimer.width() >= disclaimer.sizeHint().width()


@pytest.mark.parametrize("evidence", Evidence)
def test_every_badge_fits_the_narrowest_panel(seat: Seat, evidence: Evidence) -> None:
    findings = seat.window.findings
    seat.window.findings.set_models(Models(detectors=(replace(PNEUMONIA, evidence=evidence),)), "balanced")
    made = badge(words.evidence_badge(evidence))
    made.setParent(findings)
    made.ensurePolished()
    scroll = findings.area.verticalScrollBar().sizeHint().width()
    assert made.sizeHint().width() + 2 * (10 + 12 + 1) + scroll <= findings.minimumWidth()


def test_odd_file_names_in_the_list(seat: Seat, pictures: list[Path], tmp_path: Path) -> None:
    names = ["new\nline.png", "turned\u202egnp.png"]
    for picture, name in zip(pictures, names, strict=False):
        shutil.copy(picture, tmp_path / name)
    seat.open(*(tmp_path / name for name in names))
    model = seat.window.studies.view.model()
    rows = [model.index(row, 0).data() for row in range(model.rowCount())]
    assert "new\\nline.png" in rows
    assert "turned\\x202egnp.png" in rows


def test_films_of_two_patients_in_one_study_stand_under_a_name_each(
    seat: Seat, child_film: Path, tmp_path: Path
) -> None:
    ds = pydicom.dcmread(child_film)
    ds.PatientName, ds.PatientID = "Another^Child", "OTHER"
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=["other"])
    ds.save_as(tmp_path / "other.dcm", enforce_file_format=True)
    seat.open(child_film, tmp_path / "other.dcm")
    model = seat.window.studies.view.model()
    heads = [
        model.index(row, 0).data()
        for row in range(model.rowCount())
        if model.index(row, 0).flags() == Qt.ItemFlag.NoItemFlags
    ]
    assert heads == ["Phantom Child", "Another Child"]
    first, second = seat.reading.session.states
    seat.reading.asking.connect_queue(seat.queue, most_films=2)
    assert seat.reading.asking.others(first) == seat.reading.asking.others(second) == []


def test_an_operating_point_that_nobody_has_is_told_and_replaced(make_seat: Callable[..., Seat]) -> None:
    seat = make_seat(operating_point="nonsense")
    assert seat.window.bar.text == (
        "No installed detector has the operating point 'nonsense' of the settings; 'balanced' is used."
    )
    assert seat.reading.settings.operating_point == "balanced"
    assert seat.window.findings.point.currentText() == "balanced"


def test_a_long_message_is_broken_not_cut(seat: Seat) -> None:
    seat.window.bar.show_message(Message(level=Level.ERROR, text=f"{LONG_NAME} cannot be read."))
    seat.settle()
    assert cut_off(seat.window.bar) == []
