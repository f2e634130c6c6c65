"""The legend of a saliency map hides neither film, map nor lungs where there is another place."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QRectF

from cxrdesk.inference.result import Call
from cxrdesk.ui.viewer import annotations, film_painter
from cxrdesk.ui.viewer.legend import Form, covered, place
from tests.ui.conftest import Seat
from tests.ui.fakes import scored
from tests.ui.test_window import answer

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
