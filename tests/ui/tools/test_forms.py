"""What is hit and what a handle moves, whichever way the film is turned."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxrdesk.imaging.measure import Scale
from cxrdesk.studies.annotations import POINTS, Annotation, Kind
from cxrdesk.ui.viewer.geometry import Geometry
from cxrdesk.ui.viewer.tools import forms

FILM = (3000, 2000)
SQUARE = Scale()
geometries = st.builds(
    lambda rotation, flipped, zoom, aspect: (
        Geometry(film=FILM, viewport=(900.0, 700.0), aspect=aspect, rotation=rotation, flipped=flipped)
        .fit()
        .zoomed(zoom, (450.0, 350.0))
    ),
    st.sampled_from([0, 90, 180, 270]),
    st.booleans(),
    st.floats(0.5, 30),
    st.sampled_from([1.0, 0.5, 2.0]),
)
points = st.tuples(st.floats(0, FILM[1]), st.floats(0, FILM[0]))


def of(kind: Kind, *given_points: tuple[float, float]) -> Annotation:
    return Annotation(kind=kind, points=given_points)


@given(geometries, points, points)
def test_distances_are_screen_pixels(geometry, a, b) -> None:
    (xa, ya), (xb, yb) = geometry.to_screen(*a), geometry.to_screen(*b)
    away = math.hypot(xb - xa, yb - ya)
    if away < 1:
        return
    beside = ((xa + xb) / 2 - (yb - ya) / away * 5, (ya + yb) / 2 + (xb - xa) / away * 5)
    assert forms.distance([a, b], beside, geometry) == pytest.approx(5, abs=1e-5)
    beyond = (xb + (xb - xa) / away * 7, yb + (yb - ya) / away * 7)
    assert forms.distance([a, b], beyond, geometry) == pytest.approx(7, abs=1e-5)


@given(st.sampled_from([Kind.ELLIPSE, Kind.RECTANGLE]), points, points, st.integers(0, 7), points)
def test_the_handle_of_a_region_goes_where_it_is_put_and_the_opposite_one_stays(kind, a, b, handle, to) -> None:
    before = of(kind, a, b)
    after = forms.with_handle(before, handle, to)
    found = forms.handles(after)
    if handle % 2 == 0:  # a corner
        assert found[handle] == pytest.approx(to)
        assert found[(handle + 4) % 8] == pytest.approx(forms.handles(before)[(handle + 4) % 8])
    else:  # a side moves across itself only
        axis = 1 if handle in (1, 5) else 0
        assert found[handle][axis] == pytest.approx(to[axis])
        assert found[(handle + 4) % 8][axis] == pytest.approx(forms.handles(before)[(handle + 4) % 8][axis])
        assert found[handle][1 - axis] == pytest.approx(forms.handles(before)[handle][1 - axis])


def test_an_ellipse_is_drawn_through_the_middle_of_its_sides() -> None:
    item = of(Kind.ELLIPSE, (10, 20), (50, 40))
    (line,) = forms.lines(item, SQUARE)
    for side in (1, 3, 5, 7):
        x, y = forms.handles(item)[side]
        assert min(math.hypot(x - u, y - v) for u, v in line) < 1e-9


def test_the_hearts_line_is_drawn_along_the_chest_with_the_borders_tied_to_it() -> None:
    item = of(Kind.CARDIOTHORACIC, (100, 50), (240, 90), (20, 120), (300, 120))
    chest, heart, first, second = forms.lines(item, SQUARE)
    assert chest == [(20, 120), (300, 120)]
    assert heart == [pytest.approx((100, 70)), pytest.approx((240, 70))]
    assert first == [(100, 50), heart[0]]
    assert second == [(240, 90), heart[1]]
    assert forms.part(item, 0) == (2, 3)
    assert forms.part(item, 1) == forms.part(item, 2) == (0, 1)


@given(geometries, points, points)
def test_shift_makes_squares_on_the_screen_and_lines_of_eight_directions(geometry, a, b) -> None:
    start = geometry.to_screen(*a)
    square = geometry.to_screen(*forms.straightened(Kind.ELLIPSE, a, b, geometry))
    assert abs(square[0] - start[0]) == pytest.approx(abs(square[1] - start[1]), abs=1e-6)
    line = geometry.to_screen(*forms.straightened(Kind.LENGTH, a, b, geometry))
    dx, dy = line[0] - start[0], line[1] - start[1]
    if math.hypot(dx, dy) > 1e-3:
        turn = math.degrees(math.atan2(dy, dx)) % 45
        assert min(turn, 45 - turn) == pytest.approx(0, abs=1e-3)


@given(geometries, st.sampled_from(Kind))
def test_what_keys_draw_lies_on_the_film(geometry, kind) -> None:
    placed = forms.default_points(kind, geometry)
    assert len(placed) == POINTS[kind]
    assert all(0 <= x <= FILM[1] and 0 <= y <= FILM[0] for x, y in placed)
