"""Nothing is cut off at 1366 x 768, and everything can be read."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QAbstractButton, QAbstractScrollArea, QComboBox, QLabel, QLineEdit, QToolBar, QWidget

from cxrdesk.inference.result import Call, DetectorResult, Reason, Status
from cxrdesk.ui import theme
from cxrdesk.ui.dialogs.about import AboutDialog, KeysDialog
from cxrdesk.ui.dialogs.settings import SettingsDialog
from cxrdesk.ui.keymap import keys_in_force
from cxrdesk.ui.messages import Level, Message
from cxrdesk.ui.style_sheet import style_sheet
from tests.ui.conftest import Seat
from tests.ui.fakes import PNEUMONIA, events, mask_done, scored, unscored

LONG = "The picture does not look like an upright frontal chest film (likeness 0.02, at least 0.50 is needed). " * 2
ASKS_AGE = Reason(code="age-unknown", text="The film does not say the patient's age.", question="age")
ASKS_VIEW = Reason(code="view-unknown", text="The film does not say its view.", question="view")
STATES: dict[str, Callable[[str], DetectorResult]] = {
    "positive": lambda d: scored(d, 0.94, Call.POSITIVE),
    "no call": lambda d: scored(d, 0.4, Call.INDETERMINATE, reasons=(Reason(code="weights-differ", text=LONG),)),
    "refused": lambda d: unscored(d, Status.REFUSED, *[Reason(code=f"reason-{n}", text=LONG) for n in range(4)]),
    "failed": lambda d: unscored(d, Status.FAILED, Reason(code="model-failed", text=LONG)),
    "cancelled": lambda d: unscored(d, Status.CANCELLED),
    "age": lambda d: unscored(d, Status.REFUSED, ASKS_AGE),
    "view": lambda d: unscored(d, Status.REFUSED, ASKS_VIEW),
}


def cut_off(window: QWidget) -> list[str]:
    """Texts that do not fit into their widgets, and widgets that are not within what shows them."""
    found = []
    for widget in window.findChildren(QWidget):
        if not widget.isVisible():
            continue
        if isinstance(widget, QLabel) and widget.text():
            needed = widget.heightForWidth(widget.width()) if widget.wordWrap() else widget.sizeHint().height()
            if widget.height() < needed or (not widget.wordWrap() and widget.width() < widget.sizeHint().width()):
                found.append(f"text: {widget.text()!r} {widget.size()}")
            if widget.wordWrap():
                area = QRect(0, 0, widget.contentsRect().width(), 10_000)
                flags = int(Qt.TextFlag.TextWordWrap)
                if widget.fontMetrics().boundingRect(area, flags, widget.text()).width() > area.width():
                    found.append(f"a word wider than its label: {widget.text()!r}")
        if isinstance(widget, QAbstractButton | QComboBox) and widget.width() < widget.minimumSizeHint().width():
            found.append(f"button: {widget.accessibleName() or widget.objectName()} {widget.size()}")
        parent = widget.parentWidget()
        if parent is not None and isinstance(widget, QLabel | QAbstractButton | QLineEdit | QComboBox):
            inside = QRect(widget.mapTo(parent, QPoint(0, 0)), widget.size())
            if not parent.rect().contains(inside):
                found.append(f"outside its parent: {type(widget).__name__} {inside} in {parent.rect()}")
    return found


def unreachable(window: QWidget) -> list[str]:
    """Widgets beyond the window that no scrolling brings in."""
    found = []
    for widget in window.findChildren(QWidget):
        if not widget.isVisible():
            continue
        ancestor, scrolls = widget.parentWidget(), False
        while ancestor is not None and ancestor is not window:
            scrolls |= isinstance(ancestor, QAbstractScrollArea)
            ancestor = ancestor.parentWidget()
        at = QRect(widget.mapTo(window, QPoint(0, 0)), widget.size())
        if not scrolls and not window.rect().contains(at):
            found.append(f"{type(widget).__name__} {at}")
    return found


@pytest.mark.parametrize("name", STATES)
def test_every_state_of_the_findings(seat: Seat, child_film: Path, name: str) -> None:
    seat.reading.settings = theme_settings = type(seat.reading.settings)(prevalence={"pneumonia": 0.05})
    assert theme_settings.prevalence
    seat.open(child_film)
    window = seat.window
    assert (window.width(), window.height()) == (1366, 768)
    job, radiograph, _ = seat.queue.submitted[-1]
    digest = radiograph.digest
    told = events(job, digest, mask_done(digest), STATES[name](digest))
    for event in told[:5]:
        seat.reading.on_event(event)
    seat.settle()
    assert cut_off(window) == []  # while it runs
    for event in told[5:]:
        seat.reading.on_event(event)
        assert cut_off(window.findings) == []  # not even in the first frame
    window.bar.show_message(Message(level=Level.ERROR, text=LONG))
    seat.settle()
    assert cut_off(window) == []
    assert unreachable(window) == []
    assert (window.width(), window.height()) == (1366, 768)
    for bar in window.findChildren(QToolBar):
        for button in bar.findChildren(QAbstractButton):
            hidden_extension = button.objectName() == "qt_toolbar_ext_button"
            assert button.isVisible() is not hidden_extension
    area = window.findings.area
    assert area.horizontalScrollBar().maximum() == 0
    last = window.findings.shown_cards()[-1]
    assert last.mapTo(area.widget(), QPoint(0, last.height())).y() <= area.widget().height()


def test_read_first_and_nothing_open(make_seat: Callable[..., Seat], child_film: Path) -> None:
    seat = make_seat(read_first=True)
    seat.settle()
    assert cut_off(seat.window) == []
    seat.open(child_film)
    seat.settle()
    assert cut_off(seat.window) == []
    seat.reading.commit_impression("a long impression of this film, " * 6)
    seat.settle()
    assert cut_off(seat.window) == []


@pytest.mark.parametrize("which", ["settings", "keys", "about"])
def test_dialogs(seat: Seat, which: str) -> None:
    dialog = {
        "settings": lambda: SettingsDialog(seat.reading.settings, PNEUMONIA.findings, seat.window),
        "keys": lambda: KeysDialog(keys_in_force({}), seat.window),
        "about": lambda: AboutDialog(seat.window),
    }[which]()
    dialog.show()
    seat.settle()
    assert cut_off(dialog) == []
    assert unreachable(dialog) == []
    assert dialog.width() < 1366
    assert dialog.height() < 768
    dialog.close()


def test_no_text_is_small(seat: Seat, child_film: Path) -> None:
    seat.open(child_film)
    seat.settle()
    for label in seat.window.findChildren(QLabel):
        assert label.font().pointSizeF() >= 9 or label.fontInfo().pointSizeF() >= 9, label.text()


def _luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.1)."""
    parts = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in QColor(colour).getRgbF()[:3]]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("colours", [theme.DARK, theme.LIGHT, theme.CONTRAST, theme.CONTRAST_LIGHT])
def test_contrast(colours: theme.Colours) -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    for text in ("text", "muted", "positive", "negative", "indeterminate", "warning", "error"):
        for ground in ("panel", "card"):
            assert contrast(getattr(colours, text), getattr(colours, ground)) >= 4.5, (text, ground)
    for ground in ("ground", "hover", "selected"):
        assert contrast(colours.text, getattr(colours, ground)) >= 4.5
    assert contrast(colours.on_accent, colours.accent) >= 4.5
    for text in ("film_text", "film_muted", "film_warning", "film_accent"):
        assert contrast(getattr(colours, text), "#000000") >= 4.5  # the film is black in every theme
    for ground in ("panel", "card", "ground"):
        assert contrast(colours.accent, getattr(colours, ground)) >= 3  # focus (WCAG 2.1, 1.4.11)
    assert {field.name for field in fields(colours)} >= {"text", "muted"}


@pytest.mark.parametrize("colours", [theme.DARK, theme.LIGHT, theme.CONTRAST, theme.CONTRAST_LIGHT])
def test_pictures_of_the_style_sheet_exist(colours: theme.Colours) -> None:
    named = re.findall(r"url\((.+?)\)", style_sheet(colours, 1.0))
    assert named
    for path in named:
        assert Path(path).is_file(), path
