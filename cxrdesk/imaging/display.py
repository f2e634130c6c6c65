"""From stored integers to gray levels on a screen.

The order is the standard's (PS3.4 N.2): stored value, modality LUT, VOI (window or VOI LUT), polarity. A window
therefore speaks of modality values before the polarity is turned, and windows of MONOCHROME1 films keep the numbers
that the file has. Padding is shown black whatever the polarity.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from cxrdesk.imaging.field import body_values, film_values, percentiles, sampled
from cxrdesk.imaging.radiograph import ModalityLut, Radiograph, StoredPixels
from cxrdesk.imaging.voi import Voi, VoiFunction, Window

if TYPE_CHECKING:
    from cxrdesk.imaging.gamma import Shown
    from cxrdesk.imaging.preprocess import Box

__all__ = [
    "WindowLimits", "anatomical_windows", "apply_table", "as_window", "automatic_voi", "display_table", "film_values",
    "full_range", "percentiles", "shows_film", "window_limits",
]  # fmt: skip

_LEAST_CONTRAST = 0.05
"""A window that shows the film's values within less than this share of black to white hides the film."""


def display_table(
    radiograph: Radiograph, voi: Shown, *, inverted: bool = False, within: tuple[int, int] | None = None
) -> NDArray[np.uint8]:
    """Gray level of each stored value.

    Parameters
    ----------
    radiograph : Radiograph
    voi : Window or VoiLut or Curved
        In modality values, before polarity.
    inverted : bool
        The reader's own inversion, on top of the film's polarity.
    within : tuple of int or None
        Smallest and largest stored value that is asked for; the rest of the table is 0.

    Returns
    -------
    ndarray of uint8, shape (65536,)
        Indexed by the stored value reinterpreted as uint16 (a negative int16 is found at its two's complement).
        0 is black.
    """
    low, high = within or radiograph.stored_range
    stored = np.arange(low, high + 1, dtype=np.int32)
    levels = voi.apply(radiograph.modality_lut.apply(stored))
    if radiograph.inverted != inverted:
        levels = np.float32(1) - levels
    table = np.zeros(65536, dtype=np.uint8)
    grays = np.rint(levels * np.float32(255)).astype(np.uint8)
    below = min(max(-low, 0), len(grays))
    table[max(low, 0) : max(high + 1, 0)] = grays[below:]
    table[65536 + low : 65536 + low + below] = grays[:below]
    if radiograph.padding is not None:
        first, last = radiograph.padding
        table[(np.arange(first, last + 1) & 0xFFFF).astype(np.uint16)] = 0
    return table


def apply_table(
    stored: StoredPixels, table: NDArray[np.uint8], out: NDArray[np.uint8] | None = None
) -> NDArray[np.uint8]:
    """Gray levels of `stored` (rows, cols; uint8, uint16 or int16) through a table of `display_table`; uint8.

    They are written into `out` where one of their shape is given.
    """
    if stored.dtype == np.uint8:
        return np.asarray(cv2.LUT(stored, table[:256], out), dtype=np.uint8)
    return np.asarray(cv2.LUT(stored.view(np.uint16), table, out), dtype=np.uint8)


def automatic_voi(stored: StoredPixels, modality_lut: ModalityLut, *, padding: tuple[int, int] | None = None) -> Window:
    """Find a window from the film itself: the 1st to 99th percentile of what the beam drew within its collimation.

    Padding, borders, saturated values and, where it would leave the body no contrast, the open beam are left out.

    Parameters
    ----------
    stored : ndarray of uint8, uint16 or int16, shape (rows, cols)
    modality_lut : ModalityLut
    padding : tuple of int or None
        Smallest and largest stored value that is not image.

    Returns
    -------
    Window
        LINEAR_EXACT, in modality values.
    """
    values = body_values(stored, modality_lut, padding=padding)
    low, high = percentiles(values, 1, 99)
    if high <= low:
        low, high = float(values.min()), float(values.max())
    width = high - low if high > low else 1.0
    return Window(center=(low + high) / 2, width=width, function=VoiFunction.LINEAR_EXACT, explanation="automatic")


def shows_film(voi: Voi, values: NDArray[np.float32]) -> bool:
    """Whether `voi` leaves the film's own values apart on a screen (`values` from `film_values`).

    A window far from the data, or thousands of times wider, makes a film black, white or one gray.
    """
    low, high = percentiles(values, 1, 99)
    if high <= low:
        return True
    levels = voi.apply(values)
    darkest, brightest = percentiles(levels, 1, 99)
    return bool(brightest - darkest >= _LEAST_CONTRAST)


def full_range(radiograph: Radiograph) -> Window:
    """Find the window that leaves modality values as they are, over all that their bits can hold: no VOI at all."""
    low, high = radiograph.value_range
    # LINEAR with these numbers maps the ends of the range onto black and white (PS3.3 C.11.2.1.2).
    return Window(center=(low + high + 1) / 2, width=high - low + 1, explanation="off")


@dataclass(frozen=True, kw_only=True)
class WindowLimits:
    """What windowing by hand is held to, in modality values, so that a small drag stays a small change.

    Parameters
    ----------
    center, width : tuple of float
        Smallest and largest.
    """

    center: tuple[float, float]
    width: tuple[float, float]

    def clamp(self, window: Window) -> Window:
        """`window` moved into the limits."""
        center = min(max(window.center, self.center[0]), self.center[1])
        width = min(max(window.width, self.width[0]), self.width[1])
        return replace(window, center=center, width=width)


def window_limits(radiograph: Radiograph) -> WindowLimits:
    """Limits from the values that the film has, not from those that its bits could hold."""
    values = film_values(radiograph.stored, radiograph.modality_lut, padding=radiograph.padding)
    low, high = float(values.min()), float(values.max())
    span = high - low or 1.0
    # LINEAR windows are at least 1 wide (PS3.3 C.11.2.1.2).
    return WindowLimits(center=(low - span / 2, high + span / 2), width=(max(span / 200, 1.0), max(span * 4, 1.0)))


def as_window(radiograph: Radiograph, voi: Voi) -> Window:
    """Find a window near to `voi`, from which windowing by hand starts; a window is returned as it is.

    Parameters
    ----------
    voi : Window or VoiLut
        Of a VOI LUT the modality values are taken where it leaves its darkest and reaches its brightest 2 %,
        within the film's values.
    """
    if isinstance(voi, Window):
        return voi
    values = np.sort(film_values(radiograph.stored, radiograph.modality_lut, padding=radiograph.padding))
    levels = voi.apply(values)
    low, high = float(levels.min()), float(levels.max())
    inside = values[(levels > low + 0.02 * (high - low)) & (levels < high - 0.02 * (high - low))]
    if inside.size == 0 or inside[-1] - inside[0] < 1:
        return automatic_voi(radiograph.stored, radiograph.modality_lut, padding=radiograph.padding)
    return Window(
        center=float(inside[0] + inside[-1]) / 2,
        width=float(inside[-1] - inside[0]),
        function=VoiFunction.LINEAR_EXACT,
        explanation=voi.explanation,
    )


_LUNG_SHARES, _BONE_SHARES, _SOFT_SHARES = (2.0, 70.0), (45.0, 99.5), (15.0, 92.0)
"""Percentiles of brightness, of the lungs' box, the box again and the whole body: chosen on chest films by eye."""
_MIDDLE = (0.15, 0.15, 0.85, 0.85)


def anatomical_windows(radiograph: Radiograph, lungs: Box | None = None) -> dict[str, Window]:
    """Find windows by what is to be seen.

    Parameters
    ----------
    radiograph : Radiograph
    lungs : Box or None
        Box around the lungs; the middle of the film stands in for it.

    Returns
    -------
    dict of str to Window
        ``automatic``, ``lungs`` (aerated lung, the darkest within the box), ``bone`` (bone and mediastinum, the
        brightest) and ``soft_tissue``; LINEAR_EXACT, in modality values.
    """
    stored, lut, padding = radiograph.stored, radiograph.modality_lut, radiograph.padding
    rows, cols = radiograph.shape
    x0, y0, x1, y1 = _MIDDLE if lungs is None else (lungs.x0, lungs.y0, lungs.x1, lungs.y1)
    inside = stored[int(y0 * rows) : max(int(y1 * rows), int(y0 * rows) + 1),
                    int(x0 * cols) : max(int(x1 * cols), int(x0 * cols) + 1)]  # fmt: skip
    box, body = sampled(inside, lut, padding=padding), body_values(stored, lut, padding=padding)
    return {
        "automatic": automatic_voi(stored, lut, padding=padding),
        "lungs": _between(box, _LUNG_SHARES, radiograph.inverted, "lungs"),
        "bone": _between(box, _BONE_SHARES, radiograph.inverted, "bone and mediastinum"),
        "soft_tissue": _between(body, _SOFT_SHARES, radiograph.inverted, "soft tissue"),
    }


def _between(values: NDArray[np.float32], shares: tuple[float, float], inverted: bool, name: str) -> Window:
    """The window from the one to the other percentile of brightness."""
    first, last = (100 - shares[1], 100 - shares[0]) if inverted else shares
    low, high = percentiles(values, first, last)
    width = high - low if high > low else 1.0
    return Window(center=(low + high) / 2, width=width, function=VoiFunction.LINEAR_EXACT, explanation=name)
