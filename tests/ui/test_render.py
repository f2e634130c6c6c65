"""What is visible, at stored precision, against numpy's own arithmetic."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cxrdesk.imaging.voi import VoiFunction, Window
from cxrdesk.ui.viewer.geometry import Geometry
from cxrdesk.ui.viewer.render import Renderer
from cxrdesk.ui.viewer.windowing import Windowing
from tests.ui.fakes import film

WIDE = Window(center=2048, width=4096, function=VoiFunction.LINEAR_EXACT)


def test_one_to_one_shows_the_window_of_the_standard() -> None:
    radiograph = film()
    geometry = Geometry(film=radiograph.shape, viewport=(200, 220)).fit()
    assert geometry.scale == 1
    picture = Renderer(radiograph).render(geometry, WIDE, inverted=False)
    assert picture is not None
    assert (picture.left, picture.top) == (0, 0)
    expected = np.clip(radiograph.stored / 4096, 0, 1) * 255
    np.testing.assert_allclose(picture.levels, expected, atol=0.51)


def test_shrinking_averages_stored_values() -> None:
    radiograph = film(shape=(200, 160))
    geometry = Geometry(film=radiograph.shape, viewport=(80, 100)).fit()
    picture = Renderer(radiograph).render(geometry, WIDE, inverted=False)
    assert picture is not None
    means = radiograph.stored.astype(float).reshape(100, 2, 80, 2).mean(axis=(1, 3))
    np.testing.assert_allclose(picture.levels, means / 4096 * 255, atol=0.6)


def test_only_what_is_visible_is_computed() -> None:
    radiograph = film(shape=(2000, 2000))
    geometry = Geometry(film=radiograph.shape, viewport=(300, 200)).fit().actual_size()
    picture = Renderer(radiograph).render(geometry, WIDE, inverted=False)
    assert picture is not None
    assert picture.levels.shape == (200, 300)
    # The window shows the film's middle.
    np.testing.assert_allclose(picture.levels, radiograph.stored[900:1100, 850:1150] / 4096 * 255, atol=0.51)


def test_windowing_does_not_resample_and_nothing_is_done_twice() -> None:
    radiograph = film()
    renderer = Renderer(radiograph)
    geometry = Geometry(film=radiograph.shape, viewport=(300, 300)).fit()
    first = renderer.render(geometry, WIDE, inverted=False)
    region = renderer._region
    assert renderer.render(geometry, WIDE, inverted=False) is first
    second = renderer.render(geometry, replace(WIDE, center=1000), inverted=False)
    assert second is not first
    assert renderer._region is region


def test_padding_stays_black_however_windowed_and_scaled() -> None:
    stored = film().stored.copy()
    stored[:40] = 4095
    radiograph = film(stored=stored, padding=(4095, 4095))
    renderer = Renderer(radiograph)
    for viewport in ((100, 110), (200, 220), (620, 700)):
        geometry = Geometry(film=radiograph.shape, viewport=viewport).fit()
        for inverted in (False, True):
            picture = renderer.render(geometry, WIDE, inverted=inverted)
            assert picture is not None
            edge = int(40 * geometry.scale)
            assert not picture.levels[:edge].any()
            # Nothing brighter than the film itself creeps in at the rim.
            film_levels = picture.levels[edge + 8 :]
            assert picture.levels[edge : edge + 8].max() <= film_levels.max()


def test_a_film_out_of_sight_is_no_picture() -> None:
    geometry = Geometry(film=(100, 100), viewport=(50, 50), center=(-900, 0), scale=1.0)
    assert Renderer(film(shape=(100, 100))).render(geometry, WIDE, inverted=False) is None


@pytest.mark.parametrize("inverted", [False, True])
@pytest.mark.parametrize("polarity", [False, True])
def test_dragging_up_brightens_whatever_the_polarity(inverted: bool, polarity: bool) -> None:
    radiograph = film(inverted=polarity)
    geometry = Geometry(film=radiograph.shape, viewport=(200, 220)).fit()
    start = Windowing.of(radiograph)
    brighter = start.dragged(0, -30, inverted=inverted)
    before, after = (Renderer(radiograph).render(geometry, w.voi, inverted=inverted) for w in (start, brighter))
    assert before is not None
    assert after is not None
    assert after.levels.mean() > before.levels.mean() + 2


@pytest.mark.parametrize("bits", [8, 12, 16])
def test_a_small_drag_is_a_small_change(bits: int) -> None:
    """The step follows the film's own values: 12-bit content in a 16-bit file must not turn white."""
    radiograph = film(bits_stored=max(bits, 12), voi=Window(center=2000, width=2400))
    geometry = Geometry(film=radiograph.shape, viewport=(200, 220)).fit()
    start = Windowing.of(radiograph)
    for dx, dy in ((5, 0), (-5, 0), (0, 5), (0, -5)):
        moved = start.dragged(dx, dy, inverted=False)
        before, after = (Renderer(radiograph).render(geometry, w.voi, inverted=False) for w in (start, moved))
        assert before is not None
        assert after is not None
        change = np.abs(after.levels.astype(int) - before.levels.astype(int))
        assert 0 < change.max() <= 12


def test_windowing_by_hand_has_ends() -> None:
    start = Windowing.of(film())
    for dx, dy in ((1e6, 1e6), (-1e6, -1e6)):
        window = start.dragged(dx, dy, inverted=False).window
        assert start.limits.center[0] <= window.center <= start.limits.center[1]
        assert start.limits.width[0] <= window.width <= start.limits.width[1]
    assert start.dragged(40, 40, inverted=False).reset().voi is start.voi
