"""What is told of a film's file."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from cxrdesk.imaging.presentation import Presentation, Shutter, Spacing
from cxrdesk.imaging.reader import read_film
from cxrdesk.imaging.voi import VoiFunction, Window
from cxrdesk.ui.film_notes import film_notes
from tests.ui.conftest import Seat
from tests.ui.fakes import film
from tests.ui.test_window import texts

WINDOW = Window(center=2000.0, width=3000.0, function=VoiFunction.LINEAR)
PLAIN = Presentation(vois=(WINDOW,), spacing=Spacing(mm=(0.2, 0.2), plane="detector"))


def test_an_ordinary_film_needs_no_words() -> None:
    assert film_notes(film(), PLAIN) == ()


def test_what_matters_for_reading_is_said() -> None:
    shutter = Shutter(rectangle=(0, 0, 5, 5))
    for presentation, part in (
        (replace(PLAIN, spacing=Spacing()), "lengths are in pixels"),
        (replace(PLAIN, spacing=Spacing(mm=(0.2, 0.2), plane="unstated")), "where its pixel spacing holds"),
        (replace(PLAIN, for_processing=True), "FOR PROCESSING"),
        (replace(PLAIN, vois=()), "no window"),
        (replace(PLAIN, shutter=shutter), "hides a part"),
        (replace(PLAIN, colour=np.zeros((4, 4, 3), np.uint8)), "no detector looks at it"),
    ):
        (told,) = film_notes(film(), presentation)
        assert part in told
    assert "bright is dense is assumed" in film_notes(film(source="raster"), PLAIN)[0]


def test_notes_of_the_reader_become_sentences_and_stand_once() -> None:
    noted = film(notes=("a window of the file hides the film and was ignored", "twice"))
    told = film_notes(noted, replace(PLAIN, notes=("twice",)))
    assert told == ("A window of the file hides the film and was ignored.", "Twice.")


def test_lossy_compression_is_told_of_dicom_and_pictures(tmp_path: Path, child_film: Path) -> None:
    ds = pydicom.dcmread(child_film)
    ds.LossyImageCompression, ds.LossyImageCompressionRatio = "01", "9.96"
    ds.save_as(tmp_path / "lossy.dcm")
    opened = read_film(tmp_path / "lossy.dcm")
    assert "to 1/9.96 of its size" in "".join(film_notes(opened.radiograph, opened.presentation))
    plain = read_film(child_film)
    assert "loss" not in "".join(film_notes(plain.radiograph, plain.presentation))


def test_the_line_counts_opens_by_keyboard_and_is_heard(seat: Seat, pictures: list[Path], child_film: Path) -> None:
    seat.open(pictures[0])
    seat.settle()
    about = seat.window.findings.about
    assert about.line.isVisible()
    assert about.line.text() == "About this film: 2 notes"
    assert "lengths are in pixels" not in texts(seat.window.findings)
    spoken = QAccessible.queryAccessibleInterface(about.line)
    assert "lengths are in pixels" in spoken.text(QAccessible.Text.Description)
    about.line.setFocus(Qt.FocusReason.TabFocusReason)
    assert QApplication.focusWidget() is about.line
    QTest.keyClick(about.line, Qt.Key.Key_Space)
    assert "lengths are in pixels" in texts(seat.window.findings)
    seat.open(child_film)
    seat.settle()
    assert "lengths are in pixels" not in texts(seat.window.findings)


def test_results_may_be_hidden_but_not_what_the_file_is(make_seat, pictures: list[Path], tmp_path: Path) -> None:
    seat = make_seat(read_first=True)
    shutil.copy(pictures[0], tmp_path / "x.png")
    seat.open(tmp_path / "x.png")
    assert seat.window.findings.about.line.isVisible()
