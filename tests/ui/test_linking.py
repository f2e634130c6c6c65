"""What is carried over from one film to another of another size and exposure."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxrdesk.imaging.voi import Window
from cxrdesk.ui.viewer.geometry import Geometry
from cxrdesk.ui.viewer.linking import matched_geometry, matched_windowing, shared_room_mm, why_not_to_scale
from cxrdesk.ui.viewer.windowing import Windowing
from tests.ui.fakes import film

ONE = Geometry(film=(1000, 800), viewport=(400, 400)).fit()
OTHER = Geometry(film=(2000, 2400), viewport=(600, 300), aspect=1.2, rotation=90).fit()


def test_zoom_and_place_are_shares() -> None:
    zoomed = ONE.zoomed(3, (120, 300))
    carried = matched_geometry(zoomed, OTHER)
    assert carried.scale / carried.fit_scale == pytest.approx(3)
    assert carried.center[0] / 2400 == pytest.approx(zoomed.center[0] / 800)
    assert carried.center[1] / 2000 == pytest.approx(zoomed.center[1] / 1000)
    assert (carried.rotation, carried.viewport, carried.film) == (90, (600, 300), (2000, 2400))
    back = matched_geometry(carried, ONE)
    assert back.scale == pytest.approx(zoomed.scale)
    assert back.center == pytest.approx(zoomed.center)


def test_a_fitted_film_fits_the_other() -> None:
    assert matched_geometry(ONE, OTHER.zoomed(4, (10, 10))) == OTHER


SIDES = st.integers(40, 4000)
COL_MM = st.floats(0.05, 0.4)
ASPECTS = st.sampled_from([1.0, 0.5, 1.3])
TURNS = st.sampled_from([0, 90, 180, 270])


@st.composite
def geometries(draw: st.DrawFn, viewport: tuple[int, int] = (683, 700)) -> Geometry:
    made = Geometry(
        film=(draw(SIDES), draw(SIDES)),
        viewport=viewport,
        aspect=draw(ASPECTS),
        rotation=draw(TURNS),
        flipped=draw(st.booleans()),
        col_mm=draw(COL_MM),
        plane="imager",
    )
    return made.fit()


def screen_length(geometry: Geometry, dx_mm: float, dy_mm: float) -> float:
    """Screen pixels between two film points that lie so many mm apart along the film's rows and columns."""
    assert geometry.col_mm is not None
    x, y = geometry.center
    dx, dy = dx_mm / geometry.col_mm, dy_mm / (geometry.col_mm * geometry.aspect)
    return math.dist(geometry.to_screen(x, y), geometry.to_screen(x + dx, y + dy))


@given(geometries(), geometries(viewport=(684, 700)), st.floats(-3, 6), st.floats(-80, 80), st.floats(-80, 80))
def test_a_millimetre_is_as_large_on_both_films(one, other, zoom, dx_mm, dy_mm) -> None:
    for source in (one, one.leaving(shared_room_mm(one, [other])), one.zoomed(1.2**zoom, (200, 300))):
        carried = matched_geometry(source, other)
        wanted = screen_length(source, dx_mm, dy_mm)
        assert screen_length(carried, dx_mm, dy_mm) == pytest.approx(wanted, rel=1e-9, abs=1e-9)
        assert (carried.rotation, carried.flipped, carried.fitted) == (other.rotation, other.flipped, source.fitted)


@given(geometries(), geometries())
def test_fitted_to_one_scale_both_films_are_seen_whole(one, other) -> None:
    source = one.leaving(shared_room_mm(one, [other]))
    fullest = 0.0
    for seen in (source, matched_geometry(source, other)):
        rows, cols = seen.film
        for corner in ((0, 0), (cols, rows)):
            x, y = seen.to_screen(*corner)
            assert -0.01 <= x <= 683.01
            assert -0.01 <= y <= 700.01
            fullest = max(fullest, x / 683, y / 700)
    assert fullest == pytest.approx(1)


def test_panned_they_move_by_the_same_millimetres() -> None:
    one = Geometry(film=(2000, 2000), viewport=(600, 600), col_mm=0.2, plane="imager").fit().zoomed(3, (300, 300))
    other = Geometry(film=(3000, 2800), viewport=(600, 600), col_mm=0.15, plane="imager", rotation=90, flipped=True)
    before, after = (matched_geometry(g, other.fit()) for g in (one, one.panned(40, -25)))
    x, y = before.to_screen(1400, 1500)
    assert after.to_screen(1400, 1500) == pytest.approx((x + 40, y - 25))


def test_millimetres_of_another_plane_or_none_are_no_scale() -> None:
    known = replace(ONE, col_mm=0.2, plane="imager")
    assert why_not_to_scale(known, replace(OTHER, col_mm=0.1, plane="imager")) == ""
    assert "calibrated" in why_not_to_scale(known, replace(OTHER, col_mm=0.1, plane="calibrated"))
    assert why_not_to_scale(known, OTHER) == "this film's pixel spacing is not known"
    assert why_not_to_scale(OTHER, known) == "the other film's pixel spacing is not known"
    assert why_not_to_scale(OTHER, ONE) == "the pixel spacing is not known"
    zoomed = known.zoomed(3, (120, 300))
    assert matched_geometry(zoomed, OTHER).scale == pytest.approx(3 * OTHER.fit_scale)
    assert shared_room_mm(known, [OTHER]) is None


def test_the_window_moves_as_many_widths() -> None:
    one = Windowing.of(film(voi=Window(center=2000, width=1000)))
    other = Windowing.of(film(voi=Window(center=1500, width=2000)))
    moved = replace(one, voi=Window(center=2250, width=1500, explanation="set by hand"))
    carried = matched_windowing(moved, other).window
    assert (carried.center, carried.width) == pytest.approx((2000, 3000))
    assert matched_windowing(one, replace(other, voi=Window(center=3, width=5))).voi is other.default


def test_brighter_stays_brighter_where_the_polarity_differs() -> None:
    one = Windowing.of(film(voi=Window(center=2000, width=1000)))
    other = Windowing.of(film(voi=Window(center=2000, width=1000), inverted=True))
    brighter = one.dragged(0, -60, inverted=False)
    assert brighter.window.center < 2000
    assert matched_windowing(brighter, other).window.center > 2000
