"""The fast tables of the screen against those by the standard's formulas."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cxrdesk.imaging.display import display_table
from cxrdesk.imaging.radiograph import ModalityLut
from cxrdesk.imaging.voi import VoiFunction, Window
from cxrdesk.ui.viewer.gray_table import GrayTable
from tests.ui.fakes import film


@given(
    st.sampled_from([np.uint8, np.uint16, np.int16]),
    st.sampled_from([8, 12, 16]),
    st.floats(-70000, 70000),
    st.floats(1, 140000),
    st.sampled_from(list(VoiFunction)),
    st.sampled_from([(1.0, 0.0), (-1.0, 4095.0), (0.37, -1024.0), (2.0, 31.5)]),
    st.booleans(),
    st.booleans(),
    st.sampled_from([None, (0, 12)]),
    st.tuples(st.integers(-40000, 40000), st.integers(0, 70000)),
)
def test_they_are_the_same_but_for_rounding(
    dtype: type, bits: int, center: float, width: float, function: VoiFunction, rescale: tuple[float, float],
    polarity: bool, inverted: bool, padding: tuple[int, int] | None, span: tuple[int, int],
) -> None:  # fmt: skip
    radiograph = film(
        stored=np.zeros((2, 2), dtype),
        bits_stored=min(bits, 8) if dtype is np.uint8 else bits,
        modality_lut=ModalityLut(slope=rescale[0], intercept=rescale[1]),
        inverted=polarity,
        padding=padding,
    )
    voi = Window(center=center, width=width, function=function)
    low, high = radiograph.stored_range
    within = max(span[0], low), min(span[0] + span[1], high)
    fast = GrayTable(radiograph, (span[0], span[0] + span[1])).table(voi, inverted=inverted)
    exact = display_table(radiograph, voi, inverted=inverted, within=within)
    # Values of a film within rounding of the border between two gray levels, and of a step that is no ramp.
    if width > 1.01:
        assert np.abs(fast.astype(int) - exact).max() <= 1 or width < 4
        assert (fast != exact).mean() < 0.002


def test_a_very_narrow_window_far_from_zero_is_black_where_it_is_black():
    radiograph = film(stored=np.zeros((2, 2), np.uint8), bits_stored=8)
    voi = Window(center=32898.25, width=1.5, function=VoiFunction.LINEAR)
    fast = GrayTable(radiograph, (0, 131)).table(voi, inverted=False)
    np.testing.assert_array_equal(fast, display_table(radiograph, voi, within=(0, 131)))
