"""Gamma against its formula, and found again in tables."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxrdesk.imaging.display import display_table
from cxrdesk.imaging.gamma import LEAST_GAMMA, MOST_GAMMA, Curved, gamma_of, presentation_table
from cxrdesk.imaging.radiograph import Radiograph
from cxrdesk.imaging.voi import VoiFunction, Window

GAMMAS = st.floats(LEAST_GAMMA, MOST_GAMMA)


@given(
    gamma=GAMMAS,
    center=st.floats(-500, 4500),
    width=st.floats(2, 8000),
    function=st.sampled_from(VoiFunction),
    polarity=st.booleans(),
    by_hand=st.booleans(),
)
def test_gray_levels_are_those_of_the_formula(
    gamma: float, center: float, width: float, function: VoiFunction, polarity: bool, by_hand: bool
) -> None:
    """PS3.3 C.11.2.1.2 and C.11.2.1.3 written out, then the polarity, then the power."""
    window = Window(center=center, width=width, function=function)
    film = Radiograph(stored=np.zeros((2, 2), np.uint16), bits_stored=12, voi=window, inverted=polarity)
    x = np.arange(4096, dtype=float)
    match function:
        case VoiFunction.LINEAR:
            y = np.clip((x - (center - 0.5)) / (width - 1) + 0.5, 0, 1)
        case VoiFunction.LINEAR_EXACT:
            y = np.clip((x - center) / width + 0.5, 0, 1)
        case _:
            y = 1 / (1 + np.exp(np.clip(-4 * (x - center) / width, -500, 500)))
    turned = polarity != by_hand
    expected = (1 - y if turned else y) ** (1 / gamma) * 255
    shown = display_table(film, Curved(voi=window, gamma=gamma, turned=turned), inverted=by_hand)[:4096]
    # Near black a power is as steep as float32 is fine: a level of 1e-7 to the fifth root is 10 gray levels.
    fine = (1 - y if turned else y) > 1e-5
    assert np.abs(shown[fine] - expected[fine]).max(initial=0) <= 0.51 + 1e-2
    assert (shown[~fine] <= expected[~fine].max(initial=0) + 255 * 1e-7 ** (1 / gamma) + 1).all()


@given(gamma=GAMMAS, inverse=st.booleans(), bits=st.sampled_from((8, 10, 12, 16)), count=st.sampled_from((256, 4096)))
def test_gamma_is_found_again(gamma: float, inverse: bool, bits: int, count: int) -> None:
    table = np.linspace(0, 1, count) ** (1 / round(gamma, 2))
    most = 2**bits - 1
    stored = np.float32(np.rint((table[::-1] if inverse else table) * most) / most)
    found = gamma_of(stored)
    assert found is not None
    assert found[1] == inverse
    assert np.abs(np.linspace(0, 1, count) ** (1 / found[0]) - table).max() < 0.005


def test_other_curves_are_no_gamma() -> None:
    evenly = np.linspace(0, 1, 256)
    for curve in (3 * evenly**2 - 2 * evenly**3, evenly * 0 + 0.5, evenly * 0, np.linspace(0, 0.8, 256)):
        assert gamma_of(np.float32(curve)) is None
    assert gamma_of(np.zeros(1, np.float32)) is None
    assert gamma_of(np.float32(evenly)) == (1.0, False)
    assert gamma_of(np.float32(evenly[::-1])) == (1.0, True)


def test_black_and_white_stay_and_the_middle_gets_brighter() -> None:
    table = presentation_table(2.0, inverse=False)
    assert (table[0], table[-1]) == (0, 1)
    assert table[len(table) // 2] == pytest.approx(0.5**0.5, abs=1e-3)
    np.testing.assert_array_equal(presentation_table(2.0, inverse=True), table[::-1])
