"""No word of the window panel is cut in two, whatever the size of text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QApplication, QLabel

from cxrdesk.imaging.presentation import Overlay, Presentation
from cxrdesk.imaging.radiograph import ModalityLut
from cxrdesk.imaging.voi import VoiFunction, Window
from cxrdesk.ui import theme
from cxrdesk.ui.panels.whole_words import shortened, wrapped
from cxrdesk.ui.stored_states import NO_STATE
from cxrdesk.ui.viewer.loaded import LoadedFilm
from tests.ui.conftest import Seat
from tests.ui.fakes import film

STATE = "1 · BONES · 2024-02-29 13:05 · Jane Doe"


@pytest.fixture(autouse=True)
def _plain_afterwards(qapp: QApplication) -> Iterator[None]:
    yield
    theme.apply(qapp, "dark")


@pytest.mark.parametrize("colours", ["dark", "contrast"])
@pytest.mark.parametrize("text_size", ["normal", "large", "largest"])
def test_no_word_of_the_panel_is_cut(make_seat: Callable[..., Seat], text_size: str, colours: str) -> None:
    seat = make_seat(text_size=text_size, theme=colours)
    exact = Window(center=-12345.5, width=654321.5, function=VoiFunction.LINEAR_EXACT, explanation="soft tissue")
    shown = film(inverted=True, voi=exact, modality_lut=ModalityLut(slope=2.25, intercept=-1500.5))
    planes = Presentation(vois=(exact, replace(exact, explanation="hard")), overlays=(Overlay(bits=shown.stored > 9),))
    seat.window.film.show_film(LoadedFilm.of("a", shown, planes))
    seat.window.action("window_panel").trigger()
    window, panel = seat.window, seat.window.windows.panel
    assert panel is not None
    panel.show_states([STATE], "")
    split = window.centralWidget()
    split.setSizes([1, *split.sizes()[1:]])  # type: ignore[attr-defined]  # as narrow as it goes
    seat.settle()
    assert panel.states.shown_text() == NO_STATE
    assert panel.curve.shown_text() == "Linear"
    panel.show_states([STATE], STATE)
    for box in (panel.states, panel.presets):
        told, whole = box.shown_text(), box.currentText()
        assert len(told) > 8
        assert told == whole or f"{whole} ".startswith(told.removesuffix("…"))
        assert told == whole or whole[len(told) - 1] in " ·:,"
        assert box.toolTip() == whole
    for switch in (*panel.tables.values(), panel.planes):
        assert " ".join(switch.text().split("\n")) == switch.words == switch.accessibleName()
        assert switch.sizeHint().width() <= switch.width()
        assert switch.sizeHint().height() <= switch.height()
        assert panel.rect().contains(switch.geometry())
    for field in (panel.center, panel.width_, panel.gamma):
        line = field.lineEdit()
        assert line.fontMetrics().horizontalAdvance(field.text()) + 4 <= line.width()
    for told in panel.findChildren(QLabel):
        assert told.wordWrap() or told.sizeHint().width() <= told.width(), told.text()
    assert panel.no_gamma.width() >= panel.no_gamma.sizeHint().width()
    assert panel.width() <= panel.parentWidget().width()


def test_words_are_kept_whole(qapp: QApplication) -> None:
    metrics = QFontMetrics(qapp.font())
    width = metrics.horizontalAdvance("one two…") + 2
    assert shortened("one two", metrics, width) == "one two"
    assert shortened("one two three", metrics, width) == "one two…"
    assert shortened("one two · three", metrics, width) == "one two…"
    assert wrapped("one two three", metrics, width) == "one two\nthree"
    assert wrapped("extraordinarily long", metrics, 1) == "extraordinarily\nlong"
