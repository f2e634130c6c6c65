"""Overlays have a unit, and lie where they belong."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cxrdesk.api.detector import SaliencyMap
from cxrdesk.imaging.maps import colour_table
from cxrdesk.imaging.preprocess import Box
from cxrdesk.ui.viewer.overlays import half_mass_outline, level_outlines, mask_outline, saliency_image
from tests.ui.fakes import saliency


def test_a_map_of_small_values_does_not_glow() -> None:
    weak, strong = saliency_image(saliency(peak=0.1)), saliency_image(saliency(peak=2.0))
    assert weak is not None
    assert strong is not None
    assert weak[..., 3].max() < 12  # of 255, before the reader's own opacity
    assert strong[..., 3].max() == 255


def test_the_same_value_has_the_same_colour_on_every_film() -> None:
    one, two = (
        saliency_image(
            replace(saliency(), map=SaliencyMap(finding="pneumonia", values=np.full((4, 4), 1.0, np.float32)))
        )
        for _ in range(2)
    )
    other = saliency(peak=50.0)
    values = other.map.values.copy()
    values[0, 0] = 1.0
    assert one is not None
    assert two is not None
    assert (one == two).all()
    flat = np.full((600, 600), 1.0, np.float32)
    flat[300:, 300:] = 50.0
    mixed = saliency_image(replace(other, map=SaliencyMap(finding="pneumonia", values=flat)))
    assert mixed is not None
    assert (mixed[0, 0] == one[0, 0]).all()


def test_without_a_reference_there_are_no_colours() -> None:
    assert saliency_image(replace(saliency(), reference=None)) is None
    assert half_mass_outline(replace(saliency(), reference=None))


def test_half_mass_outline_of_a_known_map() -> None:
    values = np.zeros((16, 16), np.float32)
    values[4:8, 4:8] = 3.0
    values[12, 12] = 1.0
    lines = half_mass_outline(replace(saliency(), map=SaliencyMap(finding="pneumonia", values=values), reference=None))
    assert len(lines) == 1
    assert lines[0].min() > 3 / 16 - 0.01
    assert lines[0].max() < 9 / 16 + 0.01
    empty = SaliencyMap(finding="pneumonia", values=np.zeros((4, 4), np.float32))
    assert half_mass_outline(replace(saliency(), map=empty, reference=None)) == []


def test_outlines_follow_the_box() -> None:
    values = np.zeros((8, 8), np.float32)
    values[3:5, 3:5] = 1.0
    box = Box(x0=0.5, y0=0.0, x1=1.0, y1=0.5)
    lines = half_mass_outline(
        replace(saliency(), map=SaliencyMap(finding="pneumonia", values=values, box=box), reference=None)
    )
    assert np.concatenate(lines).mean(axis=0) == pytest.approx([0.75, 0.25], abs=0.01)


@pytest.mark.parametrize("side", [64, 256, 512])
def test_mask_outline_of_a_disc(side: int) -> None:
    y, x = (np.mgrid[0:side, 0:side] + 0.5) / side
    radius = 0.3
    values = 1 / (1 + np.exp((np.hypot(x - 0.5, y - 0.5) - radius) * 200))
    (line,) = mask_outline(values.astype(np.float32))
    distance = np.hypot(line[:, 0] - 0.5, line[:, 1] - 0.5)
    assert np.abs(distance - radius).max() < 1.5 / min(side, 512) + 0.002


def test_a_mask_up_to_the_edge_is_closed() -> None:
    (line,) = mask_outline(np.ones((32, 32), np.float32))
    assert line.min() >= 0
    assert line.max() <= 1
    assert np.ptp(line, axis=0) == pytest.approx([1, 1], abs=0.02)


@pytest.mark.parametrize(
    "sees",
    [
        # Machado, Oliveira, Fernandes 2009, severity 1.0, on linear RGB.
        np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]),
        np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]),
        np.array([[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]),
        np.array([[0.2126, 0.7152, 0.0722]] * 3),
    ],
    ids=["protanopia", "deuteranopia", "tritanopia", "no colours"],
)
def test_the_colours_rank_alike_for_every_eye(sees: np.ndarray) -> None:
    table = colour_table().astype(np.float64) / 255
    linear = np.where(table <= 0.04045, table / 12.92, ((table + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ sees.T, 0, 1)
    luminance = seen @ np.array([0.2126, 0.7152, 0.0722])
    lightness = np.where(luminance > 0.008856, 116 * np.cbrt(luminance) - 16, 903.3 * luminance)  # CIE L*
    every_tenth = lightness[::10]
    assert (np.diff(every_tenth) > 1.0).all()
    assert lightness[-1] - lightness[0] > 80


def test_contours_stand_where_the_map_reaches_a_share_of_its_reference() -> None:
    y, x = np.mgrid[0:64, 0:64]
    values = np.hypot(x - 31.5, y - 31.5).astype(np.float32)
    falling = (3.0 * (1 - values / 32)).clip(0).astype(np.float32)  # a cone of height 3 over the middle
    made = replace(saliency(), map=SaliencyMap(finding="pneumonia", values=falling), reference=2.0)
    found = dict(level_outlines(made))
    assert list(found) == [0.25, 0.5, 0.75, 1.0]
    for level, lines in found.items():
        (line,) = lines
        radius = np.hypot(*(line - 0.5).T) * 64
        assert radius.mean() == pytest.approx(32 * (1 - level * 2 / 3), abs=0.8), level
    weak = replace(made, map=replace(made.map, values=falling / 5))  # it does not glow
    assert list(dict(level_outlines(weak))) == [0.25]
    assert level_outlines(replace(made, reference=None)) == []
