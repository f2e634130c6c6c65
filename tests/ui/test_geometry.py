"""Film pixels to screen pixels and back."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cxrdesk.imaging.preprocess import Box
from cxrdesk.ui.viewer.geometry import Geometry

geometries = st.builds(
    lambda film, viewport, aspect: Geometry(film=film, viewport=viewport, aspect=aspect).fit(),
    st.tuples(st.integers(1, 4000), st.integers(1, 4000)),
    st.tuples(st.floats(50, 3000), st.floats(50, 3000)),
    st.sampled_from([1.0, 0.5, 1.3]),
)
points = st.tuples(st.floats(0, 3000), st.floats(0, 3000))


@given(geometries, points)
def test_there_and_back(geometry: Geometry, point: tuple[float, float]) -> None:
    assert geometry.to_screen(geometry.to_image(point)) == pytest.approx(point, abs=1e-6)


@given(geometries, st.floats(1, 8), st.floats(0.05, 0.95), st.floats(0.05, 0.95))
def test_zoom_keeps_the_point_under_the_cursor(geometry: Geometry, factor: float, x: float, y: float) -> None:
    assume(geometry.scale * factor < 40)
    image_point = (geometry.film[1] * x, geometry.film[0] * y)
    at = geometry.to_screen(image_point)
    zoomed = geometry.zoomed(factor, at)
    assert zoomed.scale == pytest.approx(geometry.scale * factor)
    # Unless that would push nearly all of the film out of sight, which a narrow strip alone can.
    rows, cols = geometry.film
    strip = min(cols, rows * geometry.aspect) * zoomed.scale < 80
    assert zoomed.to_screen(image_point) == pytest.approx(at, abs=41 if strip else 1e-6)


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
