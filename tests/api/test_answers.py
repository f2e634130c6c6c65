"""What a detector may answer."""

from __future__ import annotations

import numpy as np
import pytest

from cxrdesk.api import Box, Mask, Prediction, Rendering, SaliencyMap

GOOD = np.full((4, 5), 0.5, np.float32)


@pytest.mark.parametrize("value", [np.float32(0.25), np.float64(0.25), 0.25, 1, 0])
def test_probabilities_become_plain_floats(value):
    assert type(Prediction(probabilities={"pneumonia": value}).probabilities["pneumonia"]) is float


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -0.01, 1.01])
def test_no_probability_outside_0_to_1(value):
    with pytest.raises(ValueError, match=r"0\.\.1"):
        Prediction(probabilities={"pneumonia": value})


@pytest.mark.parametrize(
    "values",
    [-GOOD, GOOD * np.nan, GOOD.astype(np.float64), GOOD[0], GOOD[:0], GOOD[np.newaxis], GOOD * np.float32(np.inf)],
)
@pytest.mark.parametrize(
    "make",
    [lambda v: Mask(structure="lungs", values=v), lambda v: SaliencyMap(finding="pneumonia", values=v)],
)
def test_a_field_is_refused(make, values):
    with pytest.raises(ValueError, match=r"float32|negative"):
        make(values)
    with pytest.raises(TypeError, match="numpy array"):
        make(values.tolist())


def test_a_mask_is_at_most_1_and_a_map_may_be_more():
    with pytest.raises(ValueError, match="at most 1"):
        Mask(structure="lungs", values=GOOD * 3)
    assert SaliencyMap(finding="pneumonia", values=GOOD * 3).values.max() == 1.5


@pytest.mark.parametrize(
    "drawing",
    [
        {"image": np.zeros((3, 3, 3), np.uint8)},
        {"image": np.zeros((3, 3, 4), np.float32)},
        {"contours": (np.zeros((3, 3), np.float32),)},
        {"contours": (np.full((3, 2), np.nan, np.float32),)},
        {"contours": (np.zeros((3, 2), np.float64),)},
    ],
)
def test_a_rendering_is_refused(drawing):
    with pytest.raises(ValueError, match=r"image|contour"):
        Rendering(**drawing)


@pytest.mark.parametrize("sides", [(0.5, 0, 0.5, 1), (0, 0, 1.1, 1), (-0.1, 0, 1, 1), (0, 0.9, 1, 0.1)])
def test_a_box_is_a_region_of_the_film(sides):
    x0, y0, x1, y1 = sides
    with pytest.raises(ValueError, match="region"):
        Box(x0=x0, y0=y0, x1=x1, y1=y1)
