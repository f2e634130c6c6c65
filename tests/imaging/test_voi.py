"""Windows and VOI LUTs against the formulas of PS3.3 C.11.2, written out here anew, and against pydicom."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.pixels import apply_windowing

from cxrdesk.imaging.voi import VoiFunction, VoiLut, Window

CENTERS = st.floats(-40000, 70000, allow_nan=False)
WIDTHS = st.floats(1, 70000, allow_nan=False)
VALUES = st.integers(-40000, 70000)


def linear(x: float, c: float, w: float) -> float:
    """PS3.3 C.11.2.1.2.1, ymin 0 and ymax 1."""
    if x <= c - 0.5 - (w - 1) / 2:
        return 0.0
    if x > c - 0.5 + (w - 1) / 2:
        return 1.0
    return (x - (c - 0.5)) / (w - 1) + 0.5


def linear_exact(x: float, c: float, w: float) -> float:
    """PS3.3 C.11.2.1.3.2."""
    if x <= c - w / 2:
        return 0.0
    if x > c + w / 2:
        return 1.0
    return (x - c) / w + 0.5


def sigmoid(x: float, c: float, w: float) -> float:
    """PS3.3 C.11.2.1.3.1."""
    exponent = -4 * (x - c) / w
    return 0.0 if exponent > 700 else 1 / (1 + math.exp(exponent))


FORMULAS = {VoiFunction.LINEAR: linear, VoiFunction.LINEAR_EXACT: linear_exact, VoiFunction.SIGMOID: sigmoid}


@pytest.mark.parametrize("function", VoiFunction)
@given(center=CENTERS, width=WIDTHS, value=VALUES)
def test_window_is_the_standards_formula(function: VoiFunction, center: float, width: float, value: int) -> None:
    window = Window(center=center, width=width, function=function)
    expected = FORMULAS[function](value, center, width)
    assert float(window.apply(np.float32([value]))[0]) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("function", VoiFunction)
@given(center=CENTERS, width=WIDTHS)
def test_window_rises_and_stays_within_black_and_white(function: VoiFunction, center: float, width: float) -> None:
    levels = Window(center=center, width=width, function=function).apply(np.arange(-40000, 70000, 37, dtype=np.float32))
    assert levels.dtype == np.float32
    assert levels.min() >= 0
    assert levels.max() <= 1
    assert (np.diff(levels) >= 0).all()


@pytest.mark.parametrize("function", VoiFunction)
@given(center=st.integers(0, 4095), width=st.integers(32, 8192))  # pydicom's exp overflows below
def test_window_equals_pydicom(function: VoiFunction, center: int, width: int) -> None:
    ds = Dataset()
    ds.PhotometricInterpretation, ds.PixelRepresentation, ds.BitsStored = "MONOCHROME2", 0, 12
    ds.WindowCenter, ds.WindowWidth, ds.VOILUTFunction = center, width, function.value
    stored = np.arange(4096, dtype=np.uint16)
    expected = apply_windowing(stored, ds) / 4095  # pydicom's output range is the stored one
    levels = Window(center=center, width=width, function=function).apply(stored.astype(np.float32))
    np.testing.assert_allclose(levels, expected, atol=1e-5)


def test_a_window_one_wide_is_a_threshold() -> None:
    levels = Window(center=100, width=1).apply(np.float32([99, 99.5, 99.6, 100]))
    assert levels.tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize(
    ("center", "width", "function"),
    [
        (0, 0, VoiFunction.LINEAR_EXACT),
        (0, -5, VoiFunction.SIGMOID),
        (0, 0.5, VoiFunction.LINEAR),
        (math.nan, 5, VoiFunction.LINEAR),
        (0, math.inf, VoiFunction.LINEAR),
    ],
)
def test_windows_that_the_standard_forbids(center: float, width: float, function: VoiFunction) -> None:
    with pytest.raises(ValueError, match="window"):
        Window(center=center, width=width, function=function)


def test_lut_takes_its_ends_outside() -> None:
    lut = VoiLut(table=np.float32([0, 0.25, 1]), first=10)
    assert lut.apply(np.float32([-5, 10, 11, 12, 99])).tolist() == [0, 0, 0.25, 1, 1]
