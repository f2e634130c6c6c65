"""The main states look as they did when somebody last looked at them."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from PySide6.QtGui import QFontInfo
from PySide6.QtWidgets import QApplication

from tests.ui.conftest import Seat
from tests.ui.states import APPROVED, STATES, taken

_FAMILY = "DejaVu Sans"
"""Of the approved pictures."""
_FAR, _MOST_FAR = 40, 0.004
"""Gray levels that count as another picture, and the share of pixels that may be so."""


@pytest.mark.parametrize("name", STATES)
def test_as_approved(make_seat: Callable[..., Seat], qapp: QApplication, name: str) -> None:
    if QFontInfo(qapp.font()).family() != _FAMILY:
        pytest.skip(f"the approved pictures are written in {_FAMILY}, which is not this system's font")
    approved = cv2.imread(str(APPROVED / f"{name}.png"), cv2.IMREAD_GRAYSCALE)
    assert approved is not None, "no picture was approved: python -m tests.ui.states"
    now = taken(make_seat, name)
    assert now.shape == approved.shape
    differs = np.abs(now.astype(int) - approved.astype(int))
    told = f"{name} looks otherwise: look at it, then python -m tests.ui.states"
    assert (differs > _FAR).mean() < _MOST_FAR, told
    assert differs.mean() < 1.5, told


def test_a_difference_would_be_seen(make_seat: Callable[..., Seat]) -> None:
    one, other = taken(make_seat, "dark"), taken(make_seat, "overlays-off")
    assert (np.abs(one.astype(int) - other.astype(int)) > _FAR).mean() > _MOST_FAR
