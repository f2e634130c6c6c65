"""Changes that make one film look like another unit's: geometry and appearance, in numpy and OpenCV."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from cxrdesk.imaging.preprocess import WHOLE_FILM, Box

Film = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Geometry:
    """Ranges of the random affine change.

    Parameters
    ----------
    rotation_degrees, scale, aspect, shift : float
        Largest change: angle; log of size; log of the ratio of the sides; share of the box's side.
    flip : float
        Probability of a left-right flip.
    """

    rotation_degrees: float = 8.0
    scale: float = 0.10
    aspect: float = 0.12
    shift: float = 0.05
    flip: float = 0.5

    def draw(
        self, rng: np.random.Generator, shape: tuple[int, int], size: tuple[int, int], box: Box = WHOLE_FILM
    ) -> NDArray[np.float64]:
        """A (2, 3) matrix that maps pixels of a film of `shape` to an input of `size` showing about `box`."""
        rows, cols = shape
        angle = np.deg2rad(rng.uniform(-1, 1) * self.rotation_degrees)
        grow, aspect = np.exp(rng.uniform(-1, 1) * self.scale), np.exp(rng.uniform(-0.5, 0.5) * self.aspect)
        width, height = (box.x1 - box.x0) * cols, (box.y1 - box.y0) * rows
        centre_x = (box.x0 + box.x1) / 2 * cols + rng.uniform(-1, 1) * self.shift * width
        centre_y = (box.y0 + box.y1) / 2 * rows + rng.uniform(-1, 1) * self.shift * height
        sx = size[1] / width * grow * aspect * (-1 if rng.random() < self.flip else 1)
        sy = size[0] / height * grow / aspect
        cos, sin = np.cos(angle), np.sin(angle)
        # Rotation happens in the film's own pixels, before the stretch to the input.
        linear = np.array([[sx * cos, -sx * sin], [sy * sin, sy * cos]])
        offset = np.array([size[1] / 2, size[0] / 2]) - linear @ np.array([centre_x, centre_y])
        return np.hstack([linear, offset[:, np.newaxis]])


def warp(film: NDArray[np.uint8], matrix: NDArray[np.float64], size: tuple[int, int]) -> NDArray[np.uint8]:
    """`film` under `matrix`, black outside; uint8 of `size`."""
    moved = cv2.warpAffine(film, matrix, (size[1], size[0]), flags=cv2.INTER_LINEAR, borderValue=0)
    return np.asarray(moved, np.uint8)


def appearance(film: NDArray[np.uint8], rng: np.random.Generator, strength: float = 1.0) -> Film:
    """Another unit's tone, sharpness, noise, collimation and markers; float32 0..1, same shape."""
    out = film.astype(np.float32) / 255.0
    out = _tone(out, rng, strength)
    if rng.random() < 0.5:
        out = out + _slow_field(out.shape, rng, 0.12 * strength)
    kind = rng.random()
    if kind < 0.25:
        out = np.asarray(cv2.GaussianBlur(out, (0, 0), rng.uniform(0.4, 1.0 + 0.6 * strength)), np.float32)
    elif kind < 0.45:
        out = out + rng.uniform(0.3, 1.2) * strength * (out - cv2.GaussianBlur(out, (0, 0), rng.uniform(0.8, 3.0)))
    elif kind < 0.6:
        out = _local_contrast(out, rng, strength)
    elif kind < 0.7:
        out = _coarser(out, rng)
    if rng.random() < 0.4:
        out = out + rng.normal(0, rng.uniform(0.005, 0.03) * strength, out.shape).astype(np.float32)
    if rng.random() < 0.15:
        out = _collimated(out, rng)
    if rng.random() < 0.15:
        out = _marker(out, rng)
    return np.clip(out, 0.0, 1.0)


def _tone(out: Film, rng: np.random.Generator, strength: float) -> Film:
    gamma = np.exp(rng.uniform(-0.5, 0.5) * strength)
    out = np.power(out, np.float32(gamma))
    if rng.random() < 0.5:
        knee, steep = rng.uniform(0.35, 0.65), rng.uniform(3.0, 7.0)
        curve = 1.0 / (1.0 + np.exp(-steep * (out - knee)))
        share = np.float32(rng.uniform(0, 0.8) * strength)
        out = (1 - share) * out + share * curve.astype(np.float32)
    return np.asarray(out * np.float32(np.exp(rng.uniform(-0.15, 0.15))) + np.float32(rng.uniform(-0.06, 0.06)))


def _slow_field(shape: tuple[int, ...], rng: np.random.Generator, height: float) -> Film:
    coarse = rng.uniform(-height, height, (3, 3)).astype(np.float32)
    return np.asarray(cv2.resize(coarse, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC), np.float32)


def _local_contrast(out: Film, rng: np.random.Generator, strength: float) -> Film:
    tiles = int(rng.integers(2, 6))
    clahe = cv2.createCLAHE(clipLimit=float(1 + 2 * strength * rng.random()), tileGridSize=(tiles, tiles))
    return clahe.apply((np.clip(out, 0, 1) * 255).astype(np.uint8)).astype(np.float32) / 255.0


def _coarser(out: Film, rng: np.random.Generator) -> Film:
    rows, cols = out.shape
    share = rng.uniform(0.45, 0.8)
    small = cv2.resize(out, (int(cols * share), int(rows * share)), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (cols, rows), interpolation=cv2.INTER_LINEAR), np.float32)


def _collimated(out: Film, rng: np.random.Generator) -> Film:
    rows, cols = out.shape
    left, right, top, bottom = (int(x) for x in rng.uniform(0, 0.08, 4) * (cols, cols, rows, rows))
    framed = np.full_like(out, rng.uniform(0, 0.08))
    framed[top : rows - bottom, left : cols - right] = out[top : rows - bottom, left : cols - right]
    return framed


def _marker(out: Film, rng: np.random.Generator) -> Film:
    rows, cols = out.shape
    place = (int(rng.uniform(0, 0.95) * cols), int(rng.uniform(0.06, 0.98) * rows))
    letter = str(rng.choice(list("RLAP")))
    ink = np.zeros((rows, cols), np.uint8)
    cv2.putText(ink, letter, place, cv2.FONT_HERSHEY_SIMPLEX, rng.uniform(0.3, 0.7), 255, 1)
    return np.asarray(np.maximum(out, ink * np.float32(rng.uniform(0.8, 1) / 255)), np.float32)
