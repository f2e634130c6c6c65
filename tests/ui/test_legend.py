"""The legend of a saliency map hides neither film, map nor lungs where there is another place."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QRectF
from PySide6.QtWidgets import QApplication

from cxrdesk import DISCLAIMER
from cxrdesk.api.detector import Rendering
from cxrdesk.imaging.preprocess import Box
from cxrdesk.inference.result import Call
from cxrdesk.ui.viewer import annotations, film_painter
from cxrdesk.ui.viewer.film_view import FilmView
from cxrdesk.ui.viewer.layers import SaliencyLabel, SaliencyLayer
from cxrdesk.ui.viewer.legend import Form, covered, place
from cxrdesk.ui.viewer.loaded import LoadedFilm
from tests.ui.conftest import Seat
from tests.ui.fakes import film, saliency, scored
from tests.ui.test_window import answer
from tests.ui.texts_seen import recorded

BIG, SMALL = Form(items=4, bar=132.0), Form(items=2, bar=50.0)
SIZES = [(BIG, (200.0, 220.0)), (SMALL, (40.0, 70.0))]
FLAT = (np.ones((8, 8), np.float32), QRectF(100, 0, 600, 600))


def placed(viewport: tuple[float, float], film: QRectF, *taken: QRectF) -> tuple[Form, QRectF]:
    return place(SIZES, SIZES[1:], viewport=viewport, film=film, taken=taken, saliency=FLAT, lungs=None)


def test_beside_the_film_as_large_as_there_is_room() -> None:
    form, rect = placed((1100, 600), QRectF(250, 0, 600, 600))
    assert form is BIG
    assert rect.left() > 850
    form, rect = placed((700, 600), QRectF(50, 0, 600, 600))
    assert form is SMALL
    assert not rect.intersects(QRectF(50, 0, 600, 600))
    form, rect = placed((300, 600), QRectF(0, 100, 300, 300))
    assert form is SMALL
    assert not rect.intersects(QRectF(0, 100, 300, 300))


def test_other_text_is_left_alone() -> None:
    right = QRectF(650, 0, 50, 600)
    _, rect = placed((700, 600), QRectF(50, 0, 600, 600), right)
    assert rect.right() < 50


@pytest.mark.parametrize(("row", "col"), [(0, 0), (0, 7), (7, 0), (7, 7)])
def test_over_the_film_away_from_the_map_and_the_lungs(row: int, col: int) -> None:
    values = np.zeros((8, 8), np.float32)
    values[row, col] = 1.0
    whole = QRectF(0, 0, 600, 600)
    lungs = QRectF(100, 100, 400, 400)
    form, rect = place(
        SIZES, SIZES[1:], viewport=(600, 600), film=whole, taken=[], saliency=(values, whole), lungs=lungs
    )
    assert form is SMALL
    assert covered(values, whole, rect) == 0
    assert not rect.intersects(lungs)


def test_covered_is_the_share_of_the_sum() -> None:
    values = np.array([[1.0, 3.0], [0.0, 4.0]])
    area = QRectF(10, 10, 20, 20)
    assert covered(values, area, area) == pytest.approx(1.0)
    assert covered(values, area, QRectF(20, 10, 10, 10)) == pytest.approx(3 / 8)
    assert covered(values, area, QRectF(20, 15, 10, 10)) == pytest.approx((1.5 + 2.0) / 8)
    assert covered(values, area, QRectF(0, 0, 5, 5)) == 0


@pytest.mark.parametrize("size", [(1366, 768), (800, 600)])
def test_in_the_window_the_lungs_and_the_map_stay_in_sight(
    seat: Seat, child_film: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    drawn: list[QRectF] = []

    def draw(*args: object) -> QRectF:
        drawn.append(annotations.draw_legend(*args))  # type: ignore[arg-type]
        return drawn[-1]

    monkeypatch.setattr(film_painter, "draw_legend", draw)
    seat.window.resize(*size)
    seat.open(child_film)
    answer(seat, lambda digest: scored(digest, 0.94, Call.POSITIVE))
    view = seat.window.film
    view.grab()
    assert view.saliency_layer is not None
    assert view.lungs is not None
    result = view.saliency_layer.result
    assert covered(result.map.values, QRectF(*view.geometry_.screen_rect(result.map.box)), drawn[-1]) < 0.01
    assert not drawn[-1].intersects(QRectF(*view.geometry_.screen_rect(view.lungs)))
    assert QRectF(view.rect()).contains(drawn[-1])


def layer(peak: float, style: str = "colour", *, reference: float | None = 2.0) -> SaliencyLayer:
    label = SaliencyLabel(title="Pneumonia: Pneumonia in children", evidence="Evidence: internal")
    return SaliencyLayer(replace(saliency(peak), reference=reference), label, style)


@pytest.mark.parametrize(
    ("style", "peak", "reference", "says"),
    [
        ("colour", 0.0, 2.0, "No value reaches 0.1 of reference 2"),
        ("colour", 0.15, 2.0, "No value reaches 0.1 of reference 2"),
        ("contours", 0.45, 2.0, "No value reaches 0.25 of reference 2"),
        ("colour", 0.0, None, "The map is zero everywhere"),
    ],
)
def test_a_map_that_marks_nothing_says_so(
    qapp: QApplication, style: str, peak: float, reference: float | None, says: str
) -> None:
    empty = layer(peak, style, reference=reference)
    assert empty.sentences[0].startswith("Nothing is marked")
    assert empty.sentences[2] == says
    assert not empty.has_bar
    for marked in (layer(0.6, style), layer(0.01, reference=None)):
        assert not marked.empty
        assert DISCLAIMER in marked.sentences


def test_a_plugins_drawing_of_nothing_says_so(qapp: QApplication) -> None:
    label = SaliencyLabel(title="t", evidence="e")
    clear = Rendering(image=np.zeros((4, 4, 4), np.uint8))
    for rendering, empty in ((clear, True), (Rendering(boxes=(Box(x0=0.1, y0=0.1, x1=0.2, y1=0.2),)), False)):
        assert SaliencyLayer(replace(saliency(), rendering=rendering), label).empty is empty


@pytest.mark.parametrize("viewport", [(280, 240), (380, 340), (700, 500), (1400, 900)])
@pytest.mark.parametrize("peak", [0.0, 2.4])
def test_what_it_shows_and_what_it_is_not_for_are_told_in_any_pane(
    qapp: QApplication, viewport: tuple[int, int], peak: float
) -> None:
    view = FilmView()
    view.resize(*viewport)
    view.show_film(LoadedFilm.of("film", film()))
    view.set_layers(None, layer(peak), 0.4)
    with recorded() as found:
        view.grab()
    words = " ".join(told for told, _ in found)
    assert "Pneumonia in children" in words
    assert "Not a medical" in words
    assert "not for diagnosis" in words or words.endswith("diagnosis")
    assert ("Nothing is marked" in words) is (not peak)
    view.deleteLater()
