"""Texts are broken into lines that fit, and nothing of them is lost while there is a line left."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtGui import QFont, QFontMetricsF
from PySide6.QtWidgets import QApplication

from cxrdesk.ui.viewer.texts import wrapped

WORDS = "broken-film-of-somebody-with-a-long-name.dcm ends early: 12 of 99 bytes of pixel data; copy the file again."


@pytest.fixture(scope="module")
def metrics(qapp: QApplication) -> QFontMetricsF:
    return QFontMetricsF(QFont())


@pytest.mark.parametrize("width", [60.0, 120.0, 300.0, 5000.0])
def test_lines_fit_and_hold_all_words(metrics: QFontMetricsF, width: float) -> None:
    lines = wrapped(metrics, WORDS, width, most=50)
    assert all(metrics.horizontalAdvance(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == WORDS.replace(" ", "")
    assert len(lines) == 1 or width < 5000


def test_words_are_broken_only_where_they_must_be(metrics: QFontMetricsF) -> None:
    width = metrics.horizontalAdvance("Pneumonia in chil")
    assert wrapped(metrics, "Pneumonia in children", width) == ["Pneumonia in", "children"]


def test_too_long_a_text_says_that_it_goes_on(metrics: QFontMetricsF) -> None:
    lines = wrapped(metrics, WORDS, 120.0, most=2)
    assert len(lines) == 2
    assert lines[-1].endswith("…")


@given(text=st.text(alphabet="ab -.ß漢", max_size=40), width=st.floats(0, 200), most=st.integers(1, 5))
def test_any_text_ends(qapp: QApplication, text: str, width: float, most: int) -> None:
    lines = wrapped(QFontMetricsF(QFont()), text, width, most=most)
    assert len(lines) <= most
