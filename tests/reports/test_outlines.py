"""Outlines against solids whose area and place are known."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from cxrdesk.api import Box
from cxrdesk.reports.outlines import outlines


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
