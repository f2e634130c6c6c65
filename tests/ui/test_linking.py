"""What is carried over from one film to another of another size and exposure."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cxrdesk.imaging.voi import Window
from cxrdesk.ui.viewer.geometry import Geometry
from cxrdesk.ui.viewer.linking import matched_geometry, matched_windowing
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
