"""From stored integers to gray levels on a screen.

The order is the standard's (PS3.4 N.2): stored value, modality LUT, VOI (window or VOI LUT), polarity. A window
therefore speaks of modality values before the polarity is turned, and windows of MONOCHROME1 films keep the numbers
that the file has. Padding is shown black whatever the polarity.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from cxrdesk.imaging.radiograph import ModalityLut, Radiograph, StoredPixels
from cxrdesk.imaging.voi import Voi, VoiFunction, Window

_SAMPLE_SIDE = 512
_TRIM_SPREAD = 0.03
"""An edge line whose spread is under this share of the film's spread is border, not film."""
_LEAST_CONTRAST = 0.05
"""A window that shows the film's values within less than this share of black to white hides the film."""


def display_table(
    radiograph: Radiograph, voi: Voi, *, inverted: bool = False, within: tuple[int, int] | None = None
) -> NDArray[np.uint8]:
    """Gray level of each stored value.

    Parameters
    ----------
    radiograph : Radiograph
    voi : Window or VoiLut
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
    """Find a window from the film itself: its 1st to 99th percentile, without padding, borders and saturated values.

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
    values = film_values(stored, modality_lut, padding=padding)
    low, high = percentiles(values, 1, 99)
    if high <= low:
        low, high = float(values.min()), float(values.max())
    width = high - low if high > low else 1.0
    return Window(center=(low + high) / 2, width=width, function=VoiFunction.LINEAR_EXACT, explanation="automatic")


def percentiles(values: NDArray[np.float32], *shares: float) -> list[float]:
    """Percentiles by linear interpolation, those of `numpy.percentile` but for its rounding to float32.

    That one sorts its two shares with ``numpy.unique``, which imports ``numpy.ma``: 30 ms of the time to the first
    film, and six times as long for each line of a film's border.

    Parameters
    ----------
    values : ndarray of float32, any shape
        At least one; no NaN.
    shares : float
        0..100.
    """
    last = values.size - 1
    places = [share / 100 * last for share in shares]
    ends = [(int(place), min(int(place) + 1, last)) for place in places]
    parted = np.partition(values, sorted({index for pair in ends for index in pair}), axis=None)
    between = zip(places, ends, strict=True)
    return [float(parted[a]) + (place - a) * (float(parted[b]) - float(parted[a])) for place, (a, b) in between]


def film_values(
    stored: StoredPixels, modality_lut: ModalityLut, *, padding: tuple[int, int] | None = None
) -> NDArray[np.float32]:
    """Modality values of a coarse grid of film pixels, shape (n,), n > 0: no padding, collimator or label border.

    Left out are padding, edge rows and columns that are nearly uniform, and the smallest and largest stored value where
    they fill over 2 % of the rest (blanked collimator, saturated detector). Where that leaves under a tenth, only
    padding is left out.
    """
    step = max(1, -(-max(stored.shape) // _SAMPLE_SIDE))
    grid = stored[::step, ::step]
    valid = np.ones(grid.shape, dtype=bool)
    if padding is not None:
        valid &= (grid < padding[0]) | (grid > padding[1])
    values = modality_lut.apply(grid)
    film = _without_border(values, valid)
    kept = grid[film]
    if kept.size:
        for extreme in (kept.min(), kept.max()):
            flat = film & (grid == extreme)
            if flat.sum() > 0.02 * film.sum():
                film &= ~flat
    enough = max(1, valid.sum() // 10)
    for mask in (film, valid):
        if mask.sum() >= enough:
            return values[mask]
    return values.ravel()


def _without_border(values: NDArray[np.float32], valid: NDArray[np.bool_]) -> NDArray[np.bool_]:
    if not valid.any():
        return valid
    low, high = percentiles(values[valid], 1, 99)
    least = _TRIM_SPREAD * (high - low)
    masked = np.where(valid, values, np.nan)
    film = valid.copy()
    for axis in (0, 1):
        lines = masked if axis == 0 else masked.T
        target = film if axis == 0 else film.T
        count = len(lines)
        for order in (range(count // 2), range(count - 1, count // 2, -1)):
            for index in order:
                line = lines[index][valid[index] if axis == 0 else valid[:, index]]
                if line.size:
                    bright, dark = percentiles(line, 95, 5)
                    if bright - dark > least:
                        break
                target[index] = False
    return film


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
