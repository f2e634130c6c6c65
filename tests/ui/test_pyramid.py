"""Halved films: means of their pixels, taken where the screen wants no more."""

from __future__ import annotations

import numpy as np
import pytest

from cxrdesk.imaging.display import display_table
from cxrdesk.imaging.voi import Window
from cxrdesk.ui.viewer.geometry import Geometry
from cxrdesk.ui.viewer.pyramid import Pyramid
from cxrdesk.ui.viewer.render import visible_region
from tests.ui.fakes import film


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16])
def test_levels_are_means(dtype: type) -> None:
    info = np.iinfo(dtype)
    pixels = np.random.default_rng(0).integers(info.min, info.max, (1100, 1301), dtype=dtype, endpoint=True)
    pyramid = Pyramid(pixels)
    assert pyramid.range == (pixels.min(), pixels.max())
    assert pyramid.shape == (1100, 1301)
    half = pixels[:, :1300].astype(float).reshape(550, 2, 650, 2).mean(axis=(1, 3))
    np.testing.assert_allclose(pyramid.pixels(1), half, atol=0.51)
    np.testing.assert_allclose(pyramid.pixels(2), half[:, :].reshape(275, 2, 325, 2).mean(axis=(1, 3)), atol=1.01)


def test_the_level_has_a_pixel_for_each_of_the_screen() -> None:
    pyramid = Pyramid(np.zeros((4000, 4000), np.uint8))
    assert [pyramid.level_for(scale) for scale in (4, 1, 0.6, 0.5, 0.3, 0.25, 0.125, 0.01)] == [0, 0, 0, 1, 1, 2, 3, 3]


def test_padding_is_never_mixed_in_at_any_size() -> None:
    stored = np.full((1600, 1600), 1000, np.uint16)
    stored[:, :801] = 4000
    pyramid = Pyramid(stored, padding=(4000, 4000))
    for scale in (2.0, 1.0, 0.7, 0.5, 0.33, 0.2):
        geometry = Geometry(film=stored.shape, viewport=(1600 * scale, 1600 * scale)).fit()
        region = visible_region(pyramid, geometry)
        assert region is not None
        assert region.kept is not None
        assert (region.pixels[region.kept > 0] == 1000).all()
        edge = int(801 * scale)
        assert not region.kept[:, : edge - 1].any()
        assert region.kept[:, edge + 5 :].all()


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("flipped", [False, True])
@pytest.mark.parametrize("scale", [1.7, 1.0, 0.5, 0.2])
def test_a_spot_is_where_the_geometry_says(rotation: int, flipped: bool, scale: float) -> None:
    """Film to screen by pixels, against film to screen by the formula."""
    pixels = np.zeros((1500, 1300), np.uint16)
    pixels[400:440, 900:940] = 60000
    geometry = Geometry(
        film=pixels.shape, viewport=(700, 600), rotation=rotation, flipped=flipped, scale=scale, center=(900, 500),
        fitted=False,
    )  # fmt: skip
    region = visible_region(Pyramid(pixels), geometry)
    assert region is not None
    y, x = np.nonzero(region.pixels > 30000)
    at = (x.mean() + 0.5 + region.left, y.mean() + 0.5 + region.top)
    assert at == pytest.approx(geometry.to_screen(920, 420), abs=1.0)


def test_a_film_wider_in_one_way_is_not_thinned() -> None:
    """Rows four times as far apart as columns: all of them still count where few are shown."""
    pixels = np.zeros((512, 512), np.uint16)
    pixels[::4] = 40000
    geometry = Geometry(film=pixels.shape, viewport=(512, 128), aspect=0.25).fit()
    region = visible_region(Pyramid(pixels), geometry)
    assert region is not None
    assert abs(region.pixels.astype(int) - 10000).max() <= 1


@pytest.mark.parametrize(("dtype", "low", "high"), [(np.uint16, 300, 2500), (np.int16, -900, -20), (np.int16, -7, 90)])
def test_a_part_of_the_table_is_that_part(dtype: type, low: int, high: int) -> None:
    radiograph = film(stored=np.zeros((4, 4), dtype), bits_stored=12)
    voi = Window(center=100, width=1800)
    whole, part = display_table(radiograph, voi), display_table(radiograph, voi, within=(low, high))
    asked = np.arange(low, high + 1) & 0xFFFF
    np.testing.assert_array_equal(part[asked], whole[asked])
    assert part[np.setdiff1d(np.arange(65536), asked)].max() == 0
