"""What a detector says of a place is drawn on that place, however the film is turned, flipped, zoomed or moved."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication

from cxrdesk.api.detector import Mask, SaliencyMap
from cxrdesk.imaging.preprocess import Box
from cxrdesk.ui.viewer.geometry import Geometry
from cxrdesk.ui.viewer.layers import MaskLayer, SaliencyLabel, SaliencyLayer
from cxrdesk.ui.viewer.overlay_cache import OverlayCache
from tests.ui.fakes import mask_done, saliency

AT = (0.7, 0.35)
"""Shares of the film's width and height."""
SIZE = QSize(500, 400)
STATES = [
    replace(Geometry(film=(600, 450), viewport=(500, 400), aspect=aspect), rotation=rotation, flipped=flipped).fit()
    for rotation in (0, 90, 180, 270)
    for flipped in (False, True)
    for aspect in (1.0, 1.3)
]
STATES += [state.zoomed(1.4, (250, 200)).panned(-15, 10) for state in STATES]


def painted(paint: object) -> np.ndarray:
    image = QImage(SIZE, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(0)
    painter = QPainter(image)
    paint(painter)  # type: ignore[operator]
    painter.end()
    return np.frombuffer(image.constBits(), np.uint8).reshape(SIZE.height(), SIZE.width(), 4)[..., 3].copy()


def middle(alpha: np.ndarray) -> tuple[float, float]:
    y, x = np.nonzero(alpha > alpha.max() / 2)
    return (x.min() + x.max() + 1) / 2, (y.min() + y.max() + 1) / 2


def expected(geometry: Geometry) -> tuple[float, float]:
    rows, cols = geometry.film
    return geometry.to_screen(AT[0] * cols, AT[1] * rows)


@pytest.mark.parametrize("geometry", STATES, ids=str)
def test_masks_and_maps_lie_on_their_point(geometry: Geometry) -> None:
    x, y = expected(geometry)
    assert 20 < x < 480
    assert 20 < y < 380
    rows, cols = np.mgrid[0:400, 0:400]
    spot = (np.hypot(cols + 0.5 - AT[0] * 400, rows + 0.5 - AT[1] * 400) < 12).astype(np.float32)
    masks = MaskLayer([replace(mask_done("a"), mask=Mask(structure="lungs", values=spot))])
    assert middle(painted(lambda painter: masks.paint(painter, geometry))) == pytest.approx((x, y), abs=2.5)

    box = Box(x0=0.5, y0=0.1, x1=0.9, y1=0.6)  # the point is its middle
    values = np.zeros((41, 41), np.float32)
    values[18:23, 18:23] = 4.0
    result = replace(saliency(), map=SaliencyMap(finding="pneumonia", values=values, box=box), reference=2.0)
    layer = SaliencyLayer(result, SaliencyLabel(title="", evidence=""))
    assert middle(painted(lambda painter: layer.paint(painter, geometry, 1.0))) == pytest.approx((x, y), abs=2.5)


def test_a_kept_overlay_is_the_one_of_its_state() -> None:
    geometry = STATES[0]
    masks = MaskLayer([mask_done("a")])
    cache = OverlayCache()

    def draw(state: Geometry) -> np.ndarray:
        paint = lambda painter: masks.paint(painter, state)  # noqa: E731
        return painted(lambda painter: cache.paint(painter, SIZE, 1.0, (state, masks), paint))

    first, second = draw(geometry), draw(geometry)  # drawn, then from the picture kept
    assert np.abs(first.astype(int) - second).max() <= 2
    moved = draw(geometry.panned(40, 0))
    np.testing.assert_array_equal(moved[:, 40:], first[:, :-40])
    cache.forget()
    np.testing.assert_array_equal(draw(geometry), first)


@pytest.mark.parametrize("geometry", STATES[::3], ids=str)
def test_a_tint_and_contours_lie_on_their_point(qapp: QApplication, geometry: Geometry) -> None:
    x, y = expected(geometry)
    rows, cols = np.mgrid[0:400, 0:400]
    distance = np.hypot(cols + 0.5 - AT[0] * 400, rows + 0.5 - AT[1] * 400)
    masks = MaskLayer([replace(mask_done("a"), mask=Mask(structure="lungs", values=np.float32(distance < 12)))], "tint")
    alpha = painted(lambda painter: masks.paint(painter, geometry))
    assert middle(alpha) == pytest.approx((x, y), abs=2.5)
    column, row = int(x), int(y)
    assert 30 < alpha[row, column] < 90  # filled, and the film is seen through it

    cone = (2.4 * (1 - distance / 60)).clip(0).astype(np.float32)
    made = replace(saliency(), map=SaliencyMap(finding="pneumonia", values=cone), reference=2.0)
    layer = SaliencyLayer(made, SaliencyLabel(title="T", evidence="E"), "contours")
    lines = painted(lambda painter: layer.paint(painter, geometry, 1.0))
    seen_rows, seen_cols = np.nonzero(lines > 60)
    # The numbers stand at the top of each line; the outermost line is far wider than they are.
    assert (seen_cols.min() + seen_cols.max() + 1) / 2 == pytest.approx(x, abs=3)
    assert seen_rows.max() - y == pytest.approx(y - seen_rows.min(), abs=12)
    assert not layer.has_bar
    assert "lines at 0.25, 0.5, 0.75, 1 of reference 2" in layer.scale_text
