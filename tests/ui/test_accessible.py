"""Who does not see the screen, or the mouse, is told what every control is and reaches all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractScrollArea,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QKeySequenceEdit,
    QLabel,
    QLineEdit,
    QMenuBar,
    QScrollBar,
    QTabBar,
    QWidget,
)

from cxrdesk.inference.result import Call
from cxrdesk.ui.actions import ACTIONS
from cxrdesk.ui.viewer.film_view import FilmView
from tests.ui.conftest import Seat
from tests.ui.fakes import scored
from tests.ui.test_window import answer

CONTROLS = (
    QAbstractButton, QAbstractItemView, QAbstractSlider, QAbstractSpinBox, QComboBox, QKeySequenceEdit, QLineEdit,
    QTabBar, FilmView,
)  # fmt: skip
ROLELESS = (QAccessible.Role.NoRole, QAccessible.Role.Client, QAccessible.Role.Pane)
OPENS = ("settings", "shortcuts", "header", "keys", "about", "plugins", "export")


def nameless(window: QWidget) -> list[str]:
    """Controls in sight that a screen reader could only call by their kind."""
    found = []
    for widget in window.findChildren(QWidget):
        if not widget.isVisible() or not isinstance(widget, CONTROLS):
            continue
        if isinstance(widget, QScrollBar | QHeaderView) or widget.objectName().startswith("qt_"):
            continue  # named by what they belong to
        interface = QAccessible.queryAccessibleInterface(widget)
        told = interface.text(QAccessible.Text.Name).strip()
        if not told or told in ("…", "x", "X"):
            inside = type(widget.parentWidget()).__name__
            found.append(f"no name: {type(widget).__name__} {widget.objectName()!r} in {inside}")
        if interface.role() in ROLELESS:
            found.append(f"no role: {type(widget).__name__} {told!r}")
    return found


def reached_by_tab(window: QWidget) -> list[QWidget]:
    """Where Tab leads, until it comes around."""
    first = QApplication.focusWidget()
    found: list[QWidget] = []
    for _ in range(400):
        focus = QApplication.focusWidget()
        if focus is None or (found and focus is first):
            break
        found.append(focus)
        QTest.keyClick(focus, Qt.Key.Key_Tab)
    return found


def wanting_focus(window: QWidget) -> Iterator[QWidget]:
    """What the keyboard has to reach."""
    for widget in window.findChildren(QWidget):
        if not widget.isVisible() or not widget.isEnabled() or not isinstance(widget, CONTROLS):
            continue
        if isinstance(widget, QScrollBar | QHeaderView) or widget.objectName().startswith("qt_"):
            continue
        if isinstance(widget.parentWidget(), QComboBox | QAbstractSpinBox | QKeySequenceEdit | QLineEdit):
            continue  # a part of what is reached
        if isinstance(widget, QAbstractButton) and isinstance(widget.parentWidget(), QTabBar):
            continue
        yield widget


@pytest.fixture
def reading(seat: Seat, child_film: Path) -> Seat:
    seat.open(child_film)
    answer(seat, lambda digest: scored(digest, 0.94, Call.POSITIVE))
    seat.settle()
    return seat


def opened(seat: Seat, name: str) -> QDialog:
    before = set(seat.window.findChildren(QDialog))
    seat.window.action(name).trigger()
    (dialog,) = set(seat.window.findChildren(QDialog)) - before
    seat.qtbot.waitExposed(dialog)
    seat.settle()
    return dialog


def test_every_control_of_the_window_says_what_it_is(reading: Seat) -> None:
    assert nameless(reading.window) == []
    for action in ("window_panel", "layout_four"):
        reading.window.action(action).trigger()
        reading.settle()
        assert nameless(reading.window) == []


def test_every_control_says_what_it_is_while_it_waits_and_asks(
    make_seat: Callable[..., Seat], pictures: list[Path]
) -> None:
    from cxrdesk.inference.result import Status
    from tests.ui.test_window import NO_AGE, unscored

    seat = make_seat(read_first=True)
    seat.open(pictures[0])
    seat.settle()
    assert nameless(seat.window) == []
    seat.reading.commit_impression("nothing")
    answer(seat, lambda digest: unscored(digest, Status.REFUSED, NO_AGE))
    assert nameless(seat.window) == []
    seat.reading.messages.error("Something could not be done.")
    seat.settle()
    assert nameless(seat.window) == []


@pytest.mark.parametrize("name", OPENS)
def test_every_control_of_a_dialog_says_what_it_is_and_is_reached(reading: Seat, name: str) -> None:
    dialog = opened(reading, name)
    pages = dialog.findChildren(QTabBar)
    for page in range(pages[0].count() if pages else 1):
        if pages:
            pages[0].setCurrentIndex(page)
            reading.settle()
        assert nameless(dialog) == []
        dialog.activateWindow()
        if dialog.focusWidget() is None:
            dialog.nextInFocusChain().setFocus()
        reading.settle()
        reached = set(reached_by_tab(dialog))
        assert len(reached) > 1 or name in ("keys", "about")
        missed = [w for w in wanting_focus(dialog) if w not in reached and w.focusPolicy() & Qt.FocusPolicy.TabFocus]
        assert missed == []
        unreachable = [w for w in wanting_focus(dialog) if not w.focusPolicy() & Qt.FocusPolicy.TabFocus]
        assert [w for w in unreachable if not isinstance(w, QAbstractScrollArea)] == []
    dialog.reject()


def test_tab_leads_from_list_to_film_to_findings_and_around(reading: Seat) -> None:
    window = reading.window
    window.studies.view.setFocus()
    order = reached_by_tab(window)
    places = [order.index(widget) for widget in (window.studies.view, window.film, window.findings.point)]
    assert places == sorted(places)
    missed = [w for w in wanting_focus(window) if w not in order and not isinstance(w, QMenuBar)]
    assert [type(w).__name__ for w in missed if w.focusPolicy() & Qt.FocusPolicy.TabFocus] == []


def test_every_action_has_words_and_tools_say_their_key(reading: Seat) -> None:
    for spec in ACTIONS:
        action = reading.window.action(spec.key)
        assert action.text().replace("&", "").strip("…")
        assert action.toolTip()
        if spec.short and spec.keys:
            assert action.toolTip().endswith(")"), spec.key


def test_dialogs_have_a_title_and_a_button_that_closes(reading: Seat) -> None:
    for name in OPENS:
        dialog = opened(reading, name)
        assert dialog.windowTitle()
        assert dialog.findChildren(QDialogButtonBox)
        QTest.keyClick(dialog, Qt.Key.Key_Escape)
        reading.settle()
        assert not any(other.isVisible() for other in reading.window.findChildren(QDialog))


def test_pictures_of_states_have_words_beside_them(reading: Seat) -> None:
    """Nothing is told by a colour alone: each shape stands beside a label."""
    from cxrdesk.ui.shapes import ShapeLabel

    for shape in reading.window.findChildren(ShapeLabel):
        if not shape.isVisible():
            continue
        parent = shape.parentWidget()
        assert parent is not None
        assert any(label.text() for label in parent.findChildren(QLabel))
        assert shape.accessibleName() == ""  # it says nothing that the words beside it do not
