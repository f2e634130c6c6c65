"""Film pixels to screen pixels and back."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cxrdesk.imaging.preprocess import Box
from cxrdesk.ui.viewer.geometry import Geometry

geometries = st.builds(
    lambda film, viewport, aspect, rotation, flipped: Geometry(
        film=film, viewport=viewport, aspect=aspect, rotation=rotation, flipped=flipped
    ).fit(),
    st.tuples(st.integers(1, 4000), st.integers(1, 4000)),
    st.tuples(st.floats(50, 3000), st.floats(50, 3000)),
    st.sampled_from([1.0, 0.5, 1.3]),
    st.sampled_from([0, 90, 180, 270]),
    st.booleans(),
)
points = st.tuples(st.floats(0, 3000), st.floats(0, 3000))


@given(geometries, points)
def test_there_and_back(geometry: Geometry, point: tuple[float, float]) -> None:
    assert geometry.to_screen(*geometry.to_film(*point)) == pytest.approx(point, abs=1e-6)


@given(geometries, st.floats(1, 8), st.floats(0.05, 0.95), st.floats(0.05, 0.95))
def test_zoom_keeps_the_point_under_the_cursor(geometry: Geometry, factor: float, x: float, y: float) -> None:
    assume(geometry.scale * factor < 40)
    film_point = (geometry.film[1] * x, geometry.film[0] * y)
    at = geometry.to_screen(*film_point)
    zoomed = geometry.zoomed(factor, at)
    assert zoomed.scale == pytest.approx(geometry.scale * factor)
    # Unless that would push nearly all of the film out of sight, which a narrow strip alone can.
    rows, cols = geometry.film
    strip = min(cols, rows * geometry.aspect) * zoomed.scale < 80
    assert zoomed.to_screen(*film_point) == pytest.approx(at, abs=41 if strip else 1e-6)


@given(geometries)
def test_a_fitted_film_is_whole_and_touches_an_edge(geometry: Geometry) -> None:
    x, y, width, height = geometry.screen_rect(Box(x0=0, y0=0, x1=1, y1=1))
    assert min(x, y) >= -1e-6
    assert x + width <= geometry.viewport[0] + 1e-6
    assert y + height <= geometry.viewport[1] + 1e-6
    assert math.isclose(width, geometry.viewport[0], rel_tol=1e-6) or math.isclose(
        height, geometry.viewport[1], rel_tol=1e-6
    )


@given(geometries, st.floats(-1e5, 1e5), st.floats(-1e5, 1e5), st.floats(0.1, 10))
def test_no_drag_loses_the_film(geometry: Geometry, dx: float, dy: float, factor: float) -> None:
    moved = geometry.zoomed(factor, (10, 10)).panned(dx, dy)
    assert moved.visible() is not None


def test_pixel_under_the_cursor() -> None:
    geometry = Geometry(film=(100, 50), viewport=(200, 200)).fit()  # 2 screen pixels a film pixel, 50 left of it
    assert geometry.pixel_at((50, 0)) == (0, 0)
    assert geometry.pixel_at((53.9, 2.1)) == (1, 1)
    assert geometry.pixel_at((149.9, 199.9)) == (99, 49)
    assert geometry.pixel_at((49.9, 10)) is None
    assert geometry.pixel_at((150.1, 10)) is None


def test_a_fitted_film_follows_the_viewport_and_another_does_not() -> None:
    geometry = Geometry(film=(100, 100), viewport=(200, 200)).fit()
    assert geometry.resized((400, 400)).scale == 4
    assert geometry.zoomed(2, (100, 100)).resized((400, 400)).scale == 4
    assert geometry.actual_size().resized((400, 400)).scale == 1


def test_turning_and_flipping_follow_the_presentation_state() -> None:
    """A corner of the film, followed by hand: turned clockwise first, then flipped left to right."""
    geometry = Geometry(film=(100, 50), viewport=(200, 200)).fit()
    first = {
        (0, False): (50, 0),
        (90, False): (200, 50),
        (180, False): (150, 200),
        (270, False): (0, 150),
        (0, True): (150, 0),
        (90, True): (0, 50),
        (180, True): (50, 200),
        (270, True): (200, 150),
    }
    for (rotation, flipped), corner in first.items():
        turned = replace(geometry, rotation=rotation, flipped=flipped).fit()
        assert turned.to_screen(0, 0) == pytest.approx(corner)
        assert turned.pixel_at((corner[0] + (1 if corner[0] < 100 else -1), corner[1] + (1 if corner[1] < 100 else -1)))


@given(geometries, st.lists(st.sampled_from(["turn", "flip"]), max_size=6), points)
def test_each_turn_and_flip_is_one_of_what_is_seen(
    geometry: Geometry, moves: list[str], point: tuple[float, float]
) -> None:
    """Around the middle of the screen, whatever was done before."""
    for move in moves:
        before = replace(geometry, viewport=(500, 500)).fit().zoomed(2, (250, 250))
        seen = before.to_film(*point)
        x, y = point[0] - 250, point[1] - 250
        after, (x, y) = (before.turned(90), (-y, x)) if move == "turn" else (before.mirrored(), (-x, y))
        if after.scale == before.scale and after.center == before.center:  # not where the film's edge was held
            assert after.to_film(x + 250, y + 250) == pytest.approx(seen, abs=1e-4)
        geometry = after


def test_edges_of_the_patient_follow() -> None:
    geometry = Geometry(film=(10, 10), viewport=(50, 50)).fit()
    assert geometry.edges(("L", "F")) == ("R", "H", "L", "F")  # a frontal film as usual
    assert geometry.mirrored().edges(("L", "F")) == ("L", "H", "R", "F")
    assert geometry.turned(90).edges(("L", "F")) == ("F", "R", "H", "L")
    assert geometry.turned(90).mirrored().edges(("L", "F")) == ("H", "R", "F", "L")
    assert geometry.turned(180).edges(("PR", "F")) == ("PR", "F", "AL", "H")


def test_no_other_rotation() -> None:
    with pytest.raises(ValueError, match="45"):
        Geometry(film=(10, 10), viewport=(50, 50), rotation=45)
