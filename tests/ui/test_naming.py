"""Masked, no name of a patient is anywhere that a picture, a list or a report could carry it to."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pydicom
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QWidget

from cxrdesk.inference.result import Call
from cxrdesk.studies.importers import Film, PatientIdentity
from cxrdesk.ui.naming import Naming
from tests.ui.conftest import Seat
from tests.ui.fakes import scored
from tests.ui.test_window import answer

SECRETS = ("okonkwo", "adaeze", "hosp-77812", "1970")


@pytest.fixture
def named(child_film: Path, tmp_path: Path) -> list[Path]:
    """Two films of one patient, one of another; files named after them, as careless exports are."""
    paths = []
    for number, (name, patient) in enumerate((("Okonkwo^Adaeze", "HOSP-77812"),) * 2 + (("Other^One", "X1"),)):
        dataset = pydicom.dcmread(child_film)
        dataset.PatientName, dataset.PatientID, dataset.PatientBirthDate = name, patient, "19700203"
        dataset.StudyInstanceUID = f"1.2.{patient.count('X')}"
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.{number}"
        dataset.SeriesDescription = f"Thorax {name.split('^')[0]}"
        paths.append(tmp_path / f"{name.replace('^', '_')}-{number}.dcm")
        dataset.save_as(paths[-1])
    (tmp_path / "Okonkwo_Adaeze-bad.dcm").write_bytes(child_film.read_bytes()[:600])
    return [*paths, tmp_path / "Okonkwo_Adaeze-bad.dcm"]


def everything_said(window: QWidget) -> str:
    """Texts, tips and what a screen reader would say of every widget and row."""
    told = [window.windowTitle(), window.windowFilePath()]
    for widget in window.findChildren(QWidget):
        told += [widget.toolTip(), widget.accessibleName(), widget.accessibleDescription(), widget.windowTitle()]
        if isinstance(widget, QLabel):
            told.append(widget.text())
        interface = QAccessible.queryAccessibleInterface(widget)
        if interface is not None:
            told += [interface.text(role) for role in (QAccessible.Text.Name, QAccessible.Text.Description)]
    return "\n".join(told).casefold()


def rows(seat: Seat) -> str:
    model = seat.window.studies._model
    roles = [Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole, 257]
    found = [model.index(row, 0).data(role) for row in range(model.rowCount()) for role in roles]
    return "\n".join(str(text) for text in found).casefold()


def test_one_key_masks_names_everywhere_and_shows_them_again(seat: Seat, named: list[Path]) -> None:
    seat.open(*named)
    assert "Okonkwo_Adaeze-bad.dcm" in seat.window.bar.text
    film = seat.window.film
    assert "okonkwo" in rows(seat)
    assert film.corners.upper_left[0] == "Okonkwo Adaeze"
    film.setFocus()
    QTest.keyClick(film, Qt.Key.Key_N)
    seat.settle()
    assert seat.reading.settings.mask_names
    assert seat.desk._unsaved is not None
    assert seat.desk._unsaved.mask_names
    said = everything_said(seat.window) + rows(seat) + " ".join((*film.corners.upper_left, *film.corners.upper_right))
    for secret in SECRETS:
        assert secret not in said.casefold(), secret
    assert film.corners.upper_left[0] == "Patient 1"
    assert "patient 2" in rows(seat)
    assert "file 4" in rows(seat)  # the broken one, whose name may be a patient's
    seat.window.action("layout_two").trigger()
    seat.settle()
    for pane in seat.window.grid.panes:
        assert not pane.corners.upper_left or pane.corners.upper_left[0].startswith("Patient ")
    QTest.keyClick(seat.window.film, Qt.Key.Key_N)
    assert "okonkwo" in rows(seat)
    assert seat.window.film.corners.upper_left[0] == "Okonkwo Adaeze"


def test_a_broken_films_hint_is_masked_too(make_seat: Callable[..., Seat], named: list[Path]) -> None:
    seat = make_seat(mask_names=True)
    seat.open(*named)
    assert seat.window.bar.text.startswith("File 4 ")
    seat.reading.show(seat.reading.session.states[-1].key)
    seat.qtbot.waitUntil(lambda: seat.reading.state is not None and seat.reading.state.failure is not None)
    seat.settle()
    assert "file 4" in seat.window.film.hint[1].casefold()
    assert "okonkwo" not in seat.window.film.hint[1].casefold()


def test_the_report_carries_no_name(make_seat: Callable[..., Seat], named: list[Path], tmp_path: Path) -> None:
    seat = make_seat(mask_names=True)
    seat.open(named[0], named[3])
    answer(seat, lambda digest: scored(digest, 0.94, Call.POSITIVE))
    out = tmp_path / "out"
    out.mkdir()
    seat.window.files.save_report(out / "report.json")
    content = json.loads((out / "report.json").read_text())
    assert content["films"][0]["path"] == "File 1"
    written = "".join(file.read_text() for file in out.iterdir()).casefold()
    for secret in SECRETS:
        assert secret not in written, secret


def test_patients_keep_their_number(seat: Seat, named: list[Path]) -> None:
    seat.open(*named)
    states = seat.reading.session.states
    naming = Naming(states, masked=True)
    assert [naming.patient(state.film) for state in states[:3] if state.film] == ["Patient 1", "Patient 1", "Patient 2"]
    assert naming.study(states[0].film)[1] == ""  # type: ignore[arg-type]
    assert naming.description(states[2].film) == ""  # type: ignore[arg-type]
    shown = Naming(states, masked=False)
    assert shown.study(states[0].film) == ("Okonkwo Adaeze", "HOSP-77812")  # type: ignore[arg-type]


def test_a_film_without_a_name_has_none_masked_or_not(seat: Seat, pictures: list[Path], tmp_path: Path) -> None:
    shutil.copy(pictures[0], tmp_path / "Okonkwo.png")
    seat.open(tmp_path / "Okonkwo.png")
    states = seat.reading.session.states
    for masked in (False, True):
        assert Naming(states, masked=masked).patient(states[0].film) == "Patient not named"  # type: ignore[arg-type]
    assert Naming(states, masked=True).film(states[0]) == ("File 1", "Picture")
    # A picture's description is its file's name.
    assert Naming(states, masked=False).description(states[0].film) == "Okonkwo"  # type: ignore[arg-type]
    assert Naming(states, masked=True).description(states[0].film) == ""  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Roe^Richard", "ROE_1"),
        ("Ng^Li", "NG LI chest"),
        ("山田^太郎", "山田太郎"),
        ("Yamada^Tarou=山田^太郎", "胸部 山田"),
        ("王^小东", "王"),
        ("Müller^Jörg", "Mu\u0308ller"),
    ],
)
def test_short_names_and_those_within_other_words_are_masked(name: str, said: str) -> None:
    film = Film(path=Path("film.dcm"), identity=PatientIdentity(name=name), modality="CR", description=said)
    naming = Naming([], masked=True)
    assert (naming.words(film, said), naming.description(film)) == ("(masked)", "")
    assert naming.words(film, "left lower lobe") == "left lower lobe"


def test_what_stands_on_a_film_is_free_of_marks_that_turn_its_direction() -> None:
    turned = "\u202edettim\u202c"
    film = Film(path=Path("film.dcm"), identity=PatientIdentity(name=turned), modality="CR", description=turned)
    naming = Naming([], masked=False)
    for told in (naming.patient(film), naming.description(film), naming.words(film, turned)):
        assert "dettim" in told
        assert not set("\u202e\u202c") & set(told)
