"""The header's table: found, copied, masked, and a sentence where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from cxrdesk.studies.header import HeaderRow
from cxrdesk.ui.dialogs.header import HeaderDialog, HeaderModel, elided
from tests.ui.conftest import Seat


def opened(seat: Seat) -> HeaderDialog:
    seat.window.action("header").trigger()
    dialog = seat.window.findChildren(HeaderDialog)[-1]
    seat.qtbot.waitUntil(lambda: dialog.told.text() != "Reading the header…")
    return dialog


def test_search_and_copy(seat: Seat, adult_film: Path) -> None:
    seat.open(adult_film)
    dialog = opened(seat)
    everything = dialog.model.count
    assert dialog.found.text() == f"{everything} elements"
    assert everything > 30
    dialog.search.setText("0010,0010")
    (row,) = dialog.model.rows
    assert (row.name, row.value) == ("Patient's Name", "Phantom^Adult")
    dialog.search.setText("patient's name phantom")
    assert len(dialog.model.rows) == 1
    dialog.copy_button.click()
    assert QGuiApplication.clipboard().text() == "0010,0010\tPatient's Name\tPN\tPhantom^Adult"
    dialog.search.setText("")
    dialog.view.selectRow(3)
    dialog.view.setFocus()
    QTest.keyClick(dialog.view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text().split("\t")[0] == dialog.model.rows[3].tag
    dialog.search.setText("no such element")
    assert dialog.found.text() == f"0 of {everything} elements"
    dialog.reject()


def test_names_are_masked_while_they_are(make_seat, adult_film: Path) -> None:  # type: ignore[no-untyped-def]
    seat = make_seat(mask_names=True)
    seat.open(adult_film)
    dialog = opened(seat)
    dialog.copy()
    assert "Phantom^Adult" not in QGuiApplication.clipboard().text()
    assert "(masked)" in QGuiApplication.clipboard().text()
    assert adult_film.name not in dialog.told.text()
    dialog.reject()


def test_a_picture_has_none(seat: Seat, pictures: list[Path]) -> None:
    seat.open(pictures[0])
    dialog = opened(seat)
    assert "not a DICOM file" in dialog.told.text()
    assert not dialog.copy_button.isEnabled()
    dialog.reject()


@pytest.mark.parametrize(("length", "tipped"), [(160, False), (161, True), (50_000, True)])
def test_long_values_are_elided_with_the_whole_in_a_tip(qtbot: object, length: int, tipped: bool) -> None:
    model = HeaderModel()
    model.fill([HeaderRow(tag="0028,3006", name="LUT Data", vr="OW", value="<" * length, depth=2)])
    index = model.index(0, 3)
    shown, tip = index.data(), index.data(Qt.ItemDataRole.ToolTipRole)
    assert len(shown) == min(length, 160)
    assert (tip is not None) == tipped
    assert not tipped or "&lt;" * min(length, 3999) in tip
    assert model.index(0, 1).data() == "> > LUT Data"
    assert elided("a\nb") == "a b"
