"""Keys can be changed, conflicts are seen before they bite, and all of it is kept."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialogButtonBox, QLabel

from cxrdesk.ui.actions import ACTIONS
from cxrdesk.ui.dialogs.about import KeysDialog
from cxrdesk.ui.dialogs.shortcuts import ShortcutsDialog
from tests.ui.conftest import Seat


def dialog_of(seat: Seat) -> ShortcutsDialog:
    seat.window.action("shortcuts").trigger()
    dialog = seat.window.findChildren(ShortcutsDialog)[-1]
    seat.qtbot.waitExposed(dialog)
    return dialog


def press(dialog: ShortcutsDialog, action: str, key: Qt.Key, *, field: int = 0) -> None:
    dialog.table.setCurrentItem(dialog._rows[action])
    dialog.fields[field].setFocus()
    QTest.keyClick(dialog.fields[field], key)


def ok(dialog: ShortcutsDialog) -> bool:
    return dialog.buttons.button(QDialogButtonBox.StandardButton.Ok).isEnabled()


def test_a_key_is_given_used_and_kept(seat: Seat, child_film: Path) -> None:
    seat.open(child_film)
    dialog = dialog_of(seat)
    press(dialog, "invert", Qt.Key.Key_V)
    assert dialog._rows["invert"].text(1) == "V"
    assert dialog._rows["invert"].text(2) == "changed"
    dialog.accept()
    assert dict(seat.reading.settings.shortcuts) == {"invert": ("V",)}
    assert seat.desk._unsaved == seat.reading.settings
    film = seat.window.film
    film.setFocus()
    QTest.keyClick(film, Qt.Key.Key_I)
    assert not film.inverted
    QTest.keyClick(film, Qt.Key.Key_V)
    assert film.inverted
    assert seat.window.action("invert").toolTip().endswith("(V)")
    help_ = KeysDialog({spec.key: spec.keys for spec in ACTIONS} | {"invert": ("V",)}, seat.window)
    assert "V" in [label.text() for label in help_.findChildren(QLabel)]


def test_a_conflict_is_shown_and_can_be_ended(seat: Seat) -> None:
    dialog = dialog_of(seat)
    press(dialog, "invert", Qt.Key.Key_F)
    seat.settle()
    assert dialog.warning.text() == "F is also a key of Fit."
    assert dialog._rows["invert"].text(2) == "also: Fit"
    assert dialog._rows["fit"].text(2) == "also: Invert"
    assert not ok(dialog)
    dialog.table.setCurrentItem(dialog._rows["open"])
    assert dialog.warning.text() == "F is a key of Fit and Invert."
    dialog.table.setCurrentItem(dialog._rows["invert"])
    assert dialog.take_away.text() == "Take it from Fit"
    dialog.take_away.click()
    assert ok(dialog)
    assert dialog.changed == {"invert": ("F",), "fit": ()}
    dialog.table.setCurrentItem(dialog._rows["fit"])
    dialog.reset.click()
    assert not ok(dialog)
    dialog.reset_all.click()
    assert ok(dialog)
    assert dialog.changed == {}
    dialog.reject()
    assert dict(seat.reading.settings.shortcuts) == {}


def test_keys_that_the_film_needs_are_refused(seat: Seat) -> None:
    dialog = dialog_of(seat)
    press(dialog, "invert", Qt.Key.Key_Left)
    assert "choose another key" in dialog.warning.text()
    assert dialog.changed == {}
    assert dialog.fields[0].keySequence() == QKeySequence("I")
    dialog.reject()


def test_a_second_key_and_no_key(seat: Seat) -> None:
    dialog = dialog_of(seat)
    press(dialog, "invert", Qt.Key.Key_V, field=1)
    assert dialog.changed == {"invert": ("I", "V")}
    dialog.clears[0].click()
    assert dialog.changed == {"invert": ("V",)}
    dialog.clears[0].click()
    assert dialog.changed == {"invert": ()}
    dialog.reject()


def test_search_finds_by_action_and_by_key(seat: Seat) -> None:
    dialog = dialog_of(seat)

    def seen() -> list[str]:
        return [name for name, row in dialog._rows.items() if not row.isHidden()]

    dialog.search.setText("invert")
    assert seen() == ["invert"]
    dialog.search.setText("ctrl+shift+o")
    assert seen() == ["open_folder"]
    dialog.search.setText("no such thing")
    assert seen() == []
    dialog.search.clear()
    assert len(seen()) == len(ACTIONS)
    dialog.reject()
