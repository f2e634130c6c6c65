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
    sampled = renderer._sampled
    assert renderer.render(geometry, WIDE, inverted=False) is first
    second = renderer.render(geometry, replace(WIDE, center=1000), inverted=False)
    assert second is not first
    assert sampled is not None
    assert renderer._sampled is not None
    assert renderer._sampled[1] is sampled[1]


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


def on_screen(picture, size):
    """The viewport's levels, 0 where no film is."""
    screen = np.zeros(size[::-1], int)
    if picture is not None:
        for row, line in enumerate(picture.levels, picture.top):
            if 0 <= row < size[1]:
                first, last = max(picture.left, 0), min(picture.left + len(line), size[0])
                screen[row, first:last] = line[first - picture.left : last - picture.left]
    return screen


@pytest.mark.parametrize("padding", [None, (4095, 4095)])
@pytest.mark.parametrize(("rotation", "flipped"), [(0, False), (90, True), (180, False)])
@pytest.mark.parametrize("scale", [1.0, 0.4, 1.7])
def test_a_panned_film_is_what_it_would_be_without_what_was_kept(scale, rotation, flipped, padding) -> None:
    stored = film(shape=(801, 903)).stored.copy()
    stored[:90, :200] = 4095
    radiograph = film(stored=stored, padding=padding)
    size = (300, 200)
    geometry = Geometry(film=radiograph.shape, viewport=size, scale=scale, center=(400, 390), fitted=False,
                        rotation=rotation, flipped=flipped)  # fmt: skip
    renderer, rng, seen = Renderer(radiograph), np.random.default_rng(0), set()
    for step in range(60):
        window = replace(WIDE, center=2000 + 40 * (step // 7))
        far = 400 if step % 20 == 19 else 25
        geometry = geometry.panned(*(float(way) for way in rng.integers(-far, far, 2)))
        picture = renderer.render(geometry, window, inverted=False)
        fresh = on_screen(Renderer(radiograph).render(geometry, window, inverted=False), size)
        off = np.abs(on_screen(picture, size) - fresh)
        # Resampled, each starts at another pixel: borders of padding and of the film move by one.
        assert (off > (0 if scale == 1 else 12)).mean() < (1e-9 if scale == 1 else 0.03)
        assert picture is not None
        seen.add(picture.levels.shape)
    assert len(seen) > 2


def test_panning_does_not_resample_what_is_at_hand() -> None:
    radiograph = film(shape=(900, 900))
    geometry = Geometry(film=radiograph.shape, viewport=(360, 240), scale=0.7, center=(450, 450), fitted=False)
    renderer = Renderer(radiograph)
    renderer.render(geometry, WIDE, inverted=False)
    first = renderer.render(geometry.panned(3, 2), WIDE, inverted=False)
    assert first is not None
    second = renderer.render(geometry.panned(9, -5), WIDE, inverted=False)
    assert second is not None
    assert second.levels is first.levels
    assert (second.left - first.left, second.top - first.top) == (6, -7)
    # A window is computed for the viewport alone.
    third = renderer.render(geometry.panned(9, -5), replace(WIDE, center=900), inverted=False)
    assert third is not None
    assert third.levels.shape == (240, 360)


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
