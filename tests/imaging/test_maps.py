"""Outlines against solids whose area and place are known."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from cxrdesk.imaging.maps import colour_table, opacity_table, outlines, table_index
from cxrdesk.imaging.preprocess import Box


def disc(h: int, w: int, x: float, y: float, radius: float, soft: float = 1.0) -> np.ndarray:
    """A disc in cells, its edge a ramp of `soft` cells."""
    rows, cols = np.mgrid[0:h, 0:w] + 0.5
    distance = np.hypot(cols - x, rows - y)
    return np.clip(0.5 + (radius - distance) / soft, 0, 1).astype(np.float32)


def area(line: np.ndarray) -> float:
    x, y = line.T
    return abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))) / 2


@pytest.mark.parametrize("shape", [(160, 160), (1955, 1841), (300, 900)])
def test_a_disc_has_its_area_and_place(shape):
    [line] = outlines(disc(160, 160, 60, 90, 40), shape)
    rows, cols = shape
    assert area(line) / (rows * cols) == pytest.approx(math.pi * 40**2 / 160**2, rel=0.02)
    moments = cv2.moments(line.astype(np.float32))
    assert moments["m10"] / moments["m00"] == pytest.approx(60 / 160 * cols, abs=0.005 * cols)
    assert moments["m01"] / moments["m00"] == pytest.approx(90 / 160 * rows, abs=0.005 * rows)


def test_largest_part_first_and_none_where_empty():
    two = np.maximum(disc(64, 64, 14, 30, 8), disc(64, 64, 45, 30, 14))
    large, small = outlines(two, (640, 640))
    assert area(large) > area(small)
    assert large[:, 0].min() > small[:, 0].max()
    assert outlines(np.zeros((8, 8), np.float32), (100, 100)) == []


def test_a_full_mask_is_the_films_edge():
    [line] = outlines(np.ones((16, 16), np.float32), (200, 100))
    assert line.min(axis=0) == pytest.approx((0, 0), abs=200 / 512)
    assert line.max(axis=0) == pytest.approx((100, 200), abs=200 / 512)
    assert line.min() >= 0


def test_within_its_box():
    [line] = outlines(np.ones((4, 4), np.float32), (100, 200), box=Box(x0=0.25, y0=0.5, x1=0.75, y1=1.0))
    assert line.min(axis=0) == pytest.approx((50, 50), abs=0.2)
    assert line.max(axis=0) == pytest.approx((150, 100), abs=0.2)


def test_colours_rise_in_lightness():
    """CIE lightness by the sRGB formulas (IEC 61966-2-1): a map read without colours is read the same."""
    rgb = colour_table() / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    luminance = linear @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(luminance) > -1e-3).all()
    assert luminance[-1] > 0.9
    opacity = opacity_table()
    assert opacity[0] == 0
    assert opacity[-1] == 1
    assert (np.diff(opacity) >= 0).all()


def test_a_value_has_one_place_in_the_tables():
    values = np.array([0.0, 1.0, 2.0, 50.0], np.float32)
    assert table_index(values, 2.0).tolist() == [0, 128, 255, 255]
