"""Automatic and anatomical windows: of films as the detector gave them, and of finished ones."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from cxrdesk.imaging.display import anatomical_windows, apply_table, automatic_voi, display_table
from cxrdesk.imaging.field import body_values
from cxrdesk.imaging.preprocess import Box
from cxrdesk.imaging.radiograph import ModalityLut, Radiograph
from cxrdesk.imaging.reader import read_radiograph
from cxrdesk.imaging.resources import resource
from cxrdesk.imaging.voi import Window

SIDE = 500


def brightness() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A chest's brightness, 0..1, where its body is, and where its lungs are."""
    rng = np.random.default_rng(9)
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    lungs = (np.hypot((x - 0.35) / 0.11, (y - 0.47) / 0.25) < 1) | (np.hypot((x - 0.65) / 0.11, (y - 0.47) / 0.25) < 1)
    ribs = 0.1 * (np.sin(60 * y + 8 * np.abs(x - 0.5)) > 0.4)
    body = np.abs(x - 0.5) < 0.36
    picture = np.where(lungs, 0.15 + ribs, 0.6 + 0.3 * np.exp(-(((x - 0.5) / 0.07) ** 2)))
    return cv2.blur(np.where(body, picture, 0), (5, 5)) + rng.normal(0, 0.005, (SIDE, SIDE)), body, lungs


def raw_film(*, logarithmic: bool, open_beam: bool, turned: float) -> tuple[np.ndarray, np.ndarray]:
    """Stored values of a film that is linear (or logarithmic) in exposure, and where its body lies.

    The beam is weakened 7 times by lungs and 60 times by the spine; a collimator, turned, lets 0.5 % through.
    """
    rng = np.random.default_rng(10)
    picture, body, _ = brightness()
    exposure = np.where(body, np.exp(-(1.4 + 3 * picture)), 1.0 if open_beam else np.exp(-3.5)).astype(np.float32)
    field = np.zeros((SIDE, SIDE), np.uint8)
    field[40:-40, 30:-30] = 1
    matrix = cv2.getRotationMatrix2D((SIDE / 2, SIDE / 2), turned, 1.0)
    field = cv2.warpAffine(field, matrix, (SIDE, SIDE))
    exposure = np.where(field > 0, exposure, np.float32(0.005))
    counts = rng.poisson(exposure * 30000).astype(np.float64)
    stored = 14000 - 3000 * np.log10(np.maximum(counts, 1)) if logarithmic else counts
    return stored.astype(np.uint16), (field > 0) & cv2.erode(body.astype(np.uint8), np.ones((9, 9), np.uint8)).astype(
        bool
    )


@pytest.mark.parametrize("turned", [0.0, 7.0])
@pytest.mark.parametrize("open_beam", [True, False])
@pytest.mark.parametrize("logarithmic", [True, False])
def test_a_raw_film_is_neither_white_nor_black(logarithmic: bool, open_beam: bool, turned: float) -> None:
    stored, body = raw_film(logarithmic=logarithmic, open_beam=open_beam, turned=turned)
    window = automatic_voi(stored, ModalityLut())
    film = Radiograph(stored=stored, bits_stored=16, inverted=not logarithmic, voi=window)
    shown = apply_table(stored, display_table(film, window))
    dark, bright = np.percentile(shown[body], [5, 95])
    assert bright - dark > 110
    clipped = (shown[body] == 0) | (shown[body] == 255)
    assert clipped.mean() < 0.1


def test_the_open_beam_of_a_raw_film_takes_no_contrast_away() -> None:
    stored, _ = raw_film(logarithmic=False, open_beam=True, turned=0)
    assert np.percentile(body_values(stored, ModalityLut()), 99) < 0.3 * 30000


@pytest.mark.parametrize("value", [0, 65535])
def test_padding_takes_no_part(value: int) -> None:
    stored, _ = raw_film(logarithmic=True, open_beam=False, turned=0)
    plain = automatic_voi(stored, ModalityLut())
    padded = stored.copy()
    padded[:, :30] = value
    window = automatic_voi(padded, ModalityLut(), padding=(value, value))
    assert window.center == pytest.approx(plain.center, rel=0.05)
    assert window.width == pytest.approx(plain.width, rel=0.1)


@pytest.mark.parametrize("inverted", [False, True])
@pytest.mark.parametrize("box", [None, Box(x0=0.2, y0=0.2, x1=0.8, y1=0.75)])
def test_each_window_gives_its_part_the_contrast(inverted: bool, box: Box | None) -> None:
    picture, body, lungs = brightness()
    levels = np.clip(picture, 0, 1) * 4095
    stored = (4095 - levels if inverted else levels).astype(np.uint16)
    film = Radiograph(stored=stored, bits_stored=12, inverted=inverted, voi=Window(center=2048, width=4096))
    windows = anatomical_windows(film, box)
    assert list(windows) == ["automatic", "lungs", "bone", "soft_tissue"]

    def contrast(window: Window, where: np.ndarray) -> float:
        shown = apply_table(stored, display_table(film, window))[where]
        return float(np.percentile(shown, 95)) - float(np.percentile(shown, 5))

    dense = body & ~cv2.dilate(lungs.astype(np.uint8), np.ones((9, 9), np.uint8)).astype(bool)
    assert contrast(windows["lungs"], lungs) > 1.2 * contrast(windows["bone"], lungs)
    assert contrast(windows["bone"], dense) > 1.2 * contrast(windows["lungs"], dense)
    bright = -1 if inverted else 1
    assert bright * windows["lungs"].center < bright * windows["bone"].center


def test_windows_of_a_real_looking_film_and_of_an_empty_one() -> None:
    film = read_radiograph(resource("samples/adult/chest-pa.dcm"))
    windows = anatomical_windows(film)
    low, high = film.value_range
    for window in windows.values():
        assert low <= window.center <= high
        assert 0.05 * (high - low) < window.width <= 1.01 * (high - low)
    assert windows["lungs"].center < windows["soft_tissue"].center < windows["bone"].center
    empty = Radiograph(stored=np.zeros((1, 1), np.uint8), bits_stored=8, voi=Window(center=1, width=2))
    assert all(window.width > 0 for window in anatomical_windows(empty, Box(x0=0, y0=0, x1=0.1, y1=0.1)).values())
