"""Measurements against values worked out by hand, and against numpy over plain masks."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxrdesk.imaging.measure import (
    Region,
    Scale,
    angle_degrees,
    cardiothoracic_ratio,
    length,
    region_statistics,
)
from cxrdesk.imaging.radiograph import ModalityLut
from tests.support import film, with_table

TALL = Scale(row=0.3, col=0.1, unit="mm", source="imager")
points = st.tuples(st.floats(0, 4000), st.floats(0, 4000))
scales = st.builds(Scale, row=st.floats(0.05, 2), col=st.floats(0.05, 2), unit=st.just("mm"))


def test_lengths_by_hand() -> None:
    """3-4-5 triangles: 40 columns of 0.1 mm and 10 rows of 0.3 mm are 4 mm and 3 mm."""
    assert length((10, 20), (50, 30), TALL) == pytest.approx(5.0)
    assert length((10, 20), (50, 20), TALL) == pytest.approx(4.0)
    assert length((10, 20), (10, 30), TALL) == pytest.approx(3.0)
    assert length((0, 0), (30, 40), Scale()) == pytest.approx(50.0)


@pytest.mark.parametrize(
    ("spacing", "source", "unit", "row", "col"),
    [
        ((0.143, 0.143), "imager", "mm", 0.143, 0.143),
        ((0.2, 0.1), "calibrated", "mm", 0.2, 0.1),
        (None, "unknown", "px", 1.0, 1.0),
        ((0.2, 0.1), "unknown", "px", 2.0, 1.0),
    ],
)
def test_no_millimetres_without_a_spacing_of_known_meaning(spacing, source, unit, row, col) -> None:
    scale = Scale.of_film(film(pixel_spacing_mm=spacing, spacing_source=source))
    assert (scale.unit, scale.source, scale.row, scale.col) == (unit, source, row, col)


def test_angles_by_hand() -> None:
    square = Scale()
    assert angle_degrees((10, 0), (0, 0), (0, 10), square) == pytest.approx(90)
    assert angle_degrees((10, 0), (0, 0), (-10, 0), square) == pytest.approx(180)
    assert angle_degrees((10, 0), (0, 0), (20, 0), square) == pytest.approx(0)
    # 10 columns right and 10 rows down are 1 mm and 3 mm: the angle with the row is atan(3), not 45 degrees.
    assert angle_degrees((10, 0), (0, 0), (10, 10), TALL) == pytest.approx(math.degrees(math.atan(3)))
    assert angle_degrees((5, 5), (5, 5), (0, 1), square) is None


@given(points, points, scales)
def test_a_length_is_the_same_from_either_end(a, b, scale) -> None:
    assert length(a, b, scale) == pytest.approx(length(b, a, scale))


@given(points, points, points, scales)
def test_the_angles_of_a_triangle_sum_to_180_degrees(a, b, c, scale) -> None:
    sides = [length(a, b, scale), length(b, c, scale), length(c, a, scale)]
    if min(sides) < 1e-3:
        return
    angles = [angle_degrees(c, a, b, scale), angle_degrees(a, b, c, scale), angle_degrees(b, c, a, scale)]
    assert sum(angle for angle in angles if angle is not None) == pytest.approx(180, abs=1e-4)


@given(points, points, st.integers(1, 3), st.booleans(), scales)
def test_a_film_stored_turned_or_mirrored_measures_the_same(a, b, quarters, mirrored, scale) -> None:
    """The same anatomy as another detector position would have stored it: rows and columns swap with the spacing."""
    rows, cols = 4000.0, 4000.0

    def turned(point):
        x, y = (cols - point[0], point[1]) if mirrored else point
        for _ in range(quarters):
            x, y = rows - y, x
        return x, y

    swapped = replace(scale, row=scale.col, col=scale.row) if quarters % 2 else scale
    assert length(turned(a), turned(b), swapped) == pytest.approx(length(a, b, scale), abs=1e-6)


def test_areas_by_hand() -> None:
    rectangle = Region.between("rectangle", (30, 50), (10, 10))  # 20 columns, 40 rows: 2 mm by 12 mm
    assert rectangle.area(TALL) == pytest.approx(24.0)
    assert Region.between("ellipse", (10, 10), (30, 50)).area(TALL) == pytest.approx(math.pi * 1.0 * 6.0)


def test_a_rectangle_on_pixel_borders_holds_those_pixels() -> None:
    made = film()
    found = region_statistics(made, Region.between("rectangle", (5, 7), (9, 10)))
    part = made.stored[7:10, 5:9].astype(np.float64)
    assert found is not None
    assert found.pixels == 12
    assert (found.mean, found.deviation) == (pytest.approx(part.mean()), pytest.approx(part.std()))
    assert (found.minimum, found.maximum) == (part.min(), part.max())


def test_a_small_region_by_hand() -> None:
    stored = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]], np.uint16)
    made = film(stored=stored, modality_lut=ModalityLut(slope=2.0, intercept=-1.0))
    found = region_statistics(made, Region.between("rectangle", (0, 0), (2, 2)))  # 1, 2, 4, 5
    assert found is not None
    assert (found.pixels, found.mean, found.minimum, found.maximum) == (4, 5.0, 1.0, 9.0)
    assert found.deviation == pytest.approx(math.sqrt((16 + 4 + 4 + 16) / 4))
    cross = region_statistics(made, Region.between("ellipse", (0, 0), (3, 3)))  # centers at 1.0 and 1.41 of radius 1.5
    assert cross is not None
    assert (cross.pixels, cross.mean) == (9, 9.0)
    narrow = region_statistics(made, Region.between("ellipse", (0.2, 0.2), (2.8, 2.8)))  # radius 1.3: no corners
    assert narrow is not None
    assert (narrow.pixels, narrow.mean, narrow.minimum) == (5, 9.0, 3.0)


@given(points, points, st.sampled_from(["ellipse", "rectangle"]), st.booleans())
def test_regions_anywhere_agree_with_numpy(a, b, kind, tabled) -> None:
    made = with_table(film()) if tabled else film(modality_lut=ModalityLut(slope=-0.5, intercept=100.0))
    rows, cols = made.shape
    region = Region.between(kind, (a[0] / 4000 * cols, a[1] / 4000 * rows), (b[0] / 4000 * cols, b[1] / 4000 * rows))
    y, x = np.mgrid[0:rows, 0:cols] + 0.5
    mask = (region.x0 <= x) & (x <= region.x1) & (region.y0 <= y) & (y <= region.y1)
    if kind == "ellipse" and mask.any():
        with np.errstate(over="ignore"):
            u = (x - (region.x0 + region.x1) / 2) * 2 / (region.x1 - region.x0)
            v = (y - (region.y0 + region.y1) / 2) * 2 / (region.y1 - region.y0)
            mask &= u**2 + v**2 <= 1
    found = region_statistics(made, region)
    values = made.modality_lut.apply(made.stored)[mask].astype(np.float64)
    if found is None:
        assert not mask.any()
        return
    assert found.pixels == mask.sum()
    assert found.mean == pytest.approx(values.mean())
    assert found.deviation == pytest.approx(values.std(), abs=1e-6)
    assert (found.minimum, found.maximum) == (values.min(), values.max())


def test_signed_values_and_padding() -> None:
    stored = np.array([[-2000, -5, 7], [11, -2000, 3]], np.int16)
    made = film(stored=stored, padding=(-2000, -2000))
    found = region_statistics(made, Region.between("rectangle", (0, 0), (3, 2)))
    assert found is not None
    assert (found.pixels, found.mean, found.minimum, found.maximum) == (4, 4.0, -5.0, 11.0)
    assert region_statistics(made, Region.between("rectangle", (0, 0), (1, 1))) is None


@pytest.mark.parametrize("kind", ["ellipse", "rectangle"])
@pytest.mark.parametrize("corner", [(3.0, 3.0), (3.5, 3.5), (-50.0, -50.0), (1e6, 1e6)])
def test_a_region_without_a_pixel_has_no_statistics(kind, corner) -> None:
    assert region_statistics(film(), Region.between(kind, corner, corner)) is None


def test_polarity_does_not_change_values() -> None:
    made = film()
    region = Region.between("ellipse", (10, 10), (60, 90))
    assert region_statistics(made, region) == region_statistics(replace(made, inverted=True), region)


def test_large_regions_are_counted_in_blocks() -> None:
    stored = np.random.default_rng(3).integers(0, 1 << 16, (1500, 1700)).astype(np.uint16)
    found = region_statistics(film(stored=stored, bits_stored=16), Region.between("rectangle", (0, 0), (1700, 1500)))
    assert found is not None
    assert (found.pixels, found.mean) == (stored.size, pytest.approx(stored.mean()))


def test_cardiothoracic_ratio_by_hand() -> None:
    """Heart borders 140 columns apart at two heights, chest 280: 14 mm of 28 mm; heights do not count."""
    found = cardiothoracic_ratio(((100, 50), (240, 90)), ((20, 120), (300, 120)), TALL)
    assert found is not None
    assert (found.heart, found.thorax, found.ratio) == (pytest.approx(14), pytest.approx(28), pytest.approx(0.5))
    assert found.heart_line == (pytest.approx((100, 70)), pytest.approx((240, 70)))


def test_a_leaning_chest_is_measured_along_itself() -> None:
    """Turned by 30 degrees in millimetres, with tall pixels: the same ratio."""
    turn = math.radians(30)

    def turned(point):
        x, y = point[0] * TALL.col, point[1] * TALL.row
        x, y = x * math.cos(turn) - y * math.sin(turn), x * math.sin(turn) + y * math.cos(turn)
        return x / TALL.col, y / TALL.row

    heart, thorax = ((100, 50), (240, 90)), ((20, 120), (300, 120))
    straight = cardiothoracic_ratio(heart, thorax, TALL)
    leaning = cardiothoracic_ratio(tuple(map(turned, heart)), tuple(map(turned, thorax)), TALL)
    assert straight is not None
    assert leaning is not None
    assert leaning.ratio == pytest.approx(straight.ratio)
    assert leaning.heart == pytest.approx(straight.heart)


def test_no_ratio_of_a_chest_without_width() -> None:
    assert cardiothoracic_ratio(((0, 0), (1, 0)), ((5, 5), (5, 5)), Scale()) is None
