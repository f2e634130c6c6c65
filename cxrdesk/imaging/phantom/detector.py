"""From line integrals to a film for presentation: scatter, quanta, blur, tone."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from cxrdesk.imaging.phantom.grid import Grid, Map


@dataclass(frozen=True, kw_only=True)
class Exposure:
    """Beam, detector and the maker's image processing.

    Parameters
    ----------
    energy_kev : float
        Effective photon energy, 40 to 80.
    scatter_to_primary : float
        Mean ratio of scattered to primary fluence under the body, after the grid where there is one.
    scatter_spread_mm : float
        Standard deviation of the scatter's spread.
    photons_per_pixel : float
        Detected quanta in an unattenuated pixel of 0.2 mm; the noise is theirs.
    blur_mm : float
        Standard deviation of focal spot and detector blur.
    vignette : float
        Relative loss of fluence at the field's corners (heel effect, inverse square law).
    compression : float
        Share of the large-scale contrast that processing takes away, 0 to 1.
    enhancement : float
        Gain of fine detail, 0 is none.
    tone : float
        Steepness of the tone curve.
    brightness : float
        Moves the tone curve; larger is brighter.
    border_mm : float
        Collimated border at each edge.
    marker : str
        Lead letter at the image's left; empty for none.
    marker_at, marker_size : tuple of float, float
        Where it starts (x, y), and how tall it is, as shares of the film's width and height, and of its width.
    grid_line_mm, grid_line_depth : float
        Period of an antiscatter grid's lines (0 for none) and the share of fluence that they take.
    collimation : tuple of float
        Shares of the film that the shutters cover at the left, top, right and bottom.
    turn_deg : float
        How far the patient lies turned in the film's plane, clockwise.
    gamma, floor, ceiling : float
        The picture's last step: power law, and the values that black and white become.
    """

    energy_kev: float = 60.0
    scatter_to_primary: float = 0.5
    scatter_spread_mm: float = 35.0
    photons_per_pixel: float = 40000.0
    blur_mm: float = 0.15
    vignette: float = 0.12
    compression: float = 0.45
    enhancement: float = 0.9
    tone: float = 1.0
    brightness: float = 0.0
    border_mm: float = 3.0
    marker: str = "R"
    marker_at: tuple[float, float] = field(default=(0.035, 0.36), repr=False)
    marker_size: float = field(default=0.035, repr=False)
    grid_line_mm: float = field(default=0.0, repr=False)
    grid_line_depth: float = field(default=0.03, repr=False)
    collimation: tuple[float, float, float, float] = field(default=(0.0, 0.0, 0.0, 0.0), repr=False)
    turn_deg: float = field(default=0.0, repr=False)
    gamma: float = field(default=1.0, repr=False)
    floor: float = field(default=0.0, repr=False)
    ceiling: float = field(default=1.0, repr=False)


BITS_STORED = 12


def expose(line_integral: Map, grid: Grid, exposure: Exposure, rng: np.random.Generator) -> Map:
    """Detected fluence relative to the open beam, (rows, cols), with scatter, vignette, blur and quantum noise."""
    primary = np.exp(-line_integral)
    fluence: Map = primary + _scatter(primary, line_integral, grid, exposure)
    rows, cols = grid.shape
    dy = np.linspace(-1, 1, rows, dtype=np.float32)[:, None]
    dx = np.linspace(-1, 1, cols, dtype=np.float32)[None, :]
    fluence *= 1 - exposure.vignette * (0.45 * (dx**2 + dy**2) + 0.1 * dy)
    if exposure.grid_line_mm > 0:
        # Sampled as they fall on the pixels, so that fine lines beat with them, as they do in digital films.
        fluence *= 1 - exposure.grid_line_depth * (0.5 + 0.5 * np.cos(2 * np.pi * grid.x / exposure.grid_line_mm))
    blur = max(exposure.blur_mm / grid.pixel_mm, 0.3)
    fluence = np.asarray(cv2.GaussianBlur(fluence, (0, 0), blur), np.float32)
    quanta = exposure.photons_per_pixel * (grid.pixel_mm / 0.2) ** 2
    noise = rng.standard_normal(grid.shape, dtype=np.float32)
    # A detector's own spread makes its noise slightly smooth; the factor keeps the variance.
    noise = np.asarray(cv2.GaussianBlur(noise, (0, 0), 0.55)) * 1.75
    return np.asarray(np.maximum(fluence + np.sqrt(fluence / quanta) * noise, 1e-5), np.float32)


def _scatter(primary: Map, line_integral: Map, grid: Grid, exposure: Exposure) -> Map:
    """Photons scattered in the body: what the body took from the beam, spread widely."""
    factor = max(int(4.0 / grid.pixel_mm), 1)
    rows, cols = grid.shape
    small = (-(-cols // factor), -(-rows // factor))
    # Open beam scatters nothing; saturating keeps thick parts from being their own only source.
    source = cv2.resize(np.minimum(primary, 0.35) * (line_integral > 0.15), small, interpolation=cv2.INTER_AREA)
    sigma = exposure.scatter_spread_mm / (grid.pixel_mm * factor)
    spread = cv2.GaussianBlur(source, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
    return np.asarray(cv2.resize(spread, (cols, rows), interpolation=cv2.INTER_LINEAR)) * exposure.scatter_to_primary


def present(fluence: Map, body: Map, grid: Grid, exposure: Exposure) -> Map:
    """Display values 0..1, (rows, cols), larger = brighter: log, dynamic range compression, detail gain, tone curve.

    The range is set, as in computed radiography, from the histogram of what lies under the body.
    """
    density = -np.log(fluence)
    covered = body > 5.0
    air = float(np.percentile(density[covered], 1)) if covered.any() else 0.0
    flat = np.where(covered, density, np.float32(air))
    coarse = _blurred(np.maximum(flat, air), grid, 0.09 * grid.pixel_mm * grid.shape[1])
    fine = _blurred(flat, grid, 0.014 * grid.pixel_mm * grid.shape[1])
    shown = (
        density - exposure.compression * (coarse - coarse.mean()) + exposure.enhancement * (density - fine) * covered
    )
    low, high = np.percentile(shown[covered], (1.5, 99)) if covered.any() else (0.0, 1.0)
    unit = (shown - low) / max(float(high - low), 1e-3)
    return np.asarray(_tone(unit, exposure), np.float32)


def _tone(unit: Map, exposure: Exposure) -> Map:
    """S-shaped curve with a soft toe and shoulder; values far below the body's range are black."""
    gain = 3.6 * exposure.tone
    x = gain * (unit - 0.45 + exposure.brightness)
    ends = gain * (np.array([-0.15, 1.3]) - 0.45 + exposure.brightness)
    low, high = 1 / (1 + np.exp(-ends))
    return np.asarray(np.clip((1 / (1 + np.exp(-x)) - low) / (high - low), 0, 1), np.float32)


def _blurred(image: Map, grid: Grid, sigma_mm: float) -> Map:
    """Gaussian blur, computed on a coarser grid where the blur is wide."""
    sigma = sigma_mm / grid.pixel_mm
    factor = max(int(sigma / 3), 1)
    rows, cols = grid.shape
    small = cv2.resize(image, (-(-cols // factor), -(-rows // factor)), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), sigma / factor, borderType=cv2.BORDER_REFLECT)
    return np.asarray(cv2.resize(small, (cols, rows), interpolation=cv2.INTER_LINEAR), np.float32)


def finish(shown: Map, grid: Grid, exposure: Exposure) -> NDArray[np.uint16]:
    """Stored values uint16 (rows, cols) of `BITS_STORED` bits: marker, collimated border, quantisation."""
    rows, cols = grid.shape
    picture = shown.copy()
    if exposure.marker:
        height = exposure.marker_size * cols
        scale = height / 21.0  # FONT_HERSHEY_SIMPLEX capitals are 21 px high at scale 1
        stamp = np.zeros(grid.shape, np.uint8)
        thickness = max(round(height / 7), 1)
        place = (int(exposure.marker_at[0] * cols), int(exposure.marker_at[1] * rows))
        cv2.putText(stamp, exposure.marker, place, cv2.FONT_HERSHEY_SIMPLEX, scale, 255, thickness, cv2.LINE_AA)
        picture = np.maximum(picture, stamp.astype(np.float32) / 255 * 0.93)
    if exposure.gamma != 1:
        picture = np.clip(picture, 0, 1) ** np.float32(exposure.gamma)
    if (exposure.floor, exposure.ceiling) != (0, 1):
        picture = np.float32(exposure.floor) + np.float32(exposure.ceiling - exposure.floor) * picture
    if any(exposure.collimation):
        left, top, right, bottom = exposure.collimation
        covered = np.ones(grid.shape, bool)
        covered[int(top * rows) : rows - int(bottom * rows), int(left * cols) : cols - int(right * cols)] = False
        picture[covered] *= 0.05
    edge = exposure.border_mm / grid.pixel_mm
    if edge > 0:

        def ramp(n: int) -> Map:
            at = np.arange(n, dtype=np.float32) + 0.5
            return np.asarray(np.clip(np.minimum(at, n - at) - edge + 0.5, 0, 1), np.float32)

        picture *= ramp(rows)[:, None] * ramp(cols)[None, :]
    top = (1 << BITS_STORED) - 1
    return np.rint(np.clip(picture, 0, 1) * top).astype(np.uint16)
