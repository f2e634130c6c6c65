"""Pictures: colours that mean something, and words that are in the pixels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxrdesk.api import Box, Evidence, Rendering, Saliency, SaliencyMap
from cxrdesk.inference.result import SaliencyResult
from cxrdesk.reports import picture
from tests import support

GRAY = np.full((64, 48, 3), 100, np.uint8)


def saliency(values, reference=1.0, box=None):
    box = Box(x0=0, y0=0, x1=1, y1=1) if box is None else box
    made = SaliencyMap(finding="pneumonia", values=np.asarray(values, np.float32), box=box)
    return SaliencyResult(map=made, reference=reference, lung_share=None)


def test_colour_is_the_share_of_the_reference_not_of_the_maps_peak():
    values = np.linspace(0, 1, 16, dtype=np.float32).reshape(4, 4)
    full = picture.blended(GRAY, saliency(values))
    assert (picture.blended(GRAY, saliency(values * 8, reference=8.0)) == full).all()
    half = picture.blended(GRAY, saliency(values / 2))
    assert np.abs(half.astype(int) - 100).max() < np.abs(full.astype(int) - 100).max()


def test_a_negative_film_does_not_glow():
    weak = np.zeros((4, 4), np.float32)
    weak[1, 1] = 0.02
    assert np.abs(picture.blended(GRAY, saliency(weak)).astype(int) - 100).max() <= 1


def test_values_above_the_reference_are_cut_there():
    at = picture.blended(GRAY, saliency(np.full((2, 2), 1.0)))
    assert (picture.blended(GRAY, saliency(np.full((2, 2), 50.0))) == at).all()


@pytest.mark.parametrize("reference", [None, 0.0])
def test_without_a_reference_nothing_is_coloured(reference):
    assert (picture.blended(GRAY, saliency(np.ones((2, 2)), reference=reference)) == GRAY).all()


def test_a_map_stays_in_its_box():
    drawn = picture.blended(GRAY, saliency(np.ones((2, 2)), box=Box(x0=0.5, y0=0.25, x1=1.0, y1=0.5)))
    changed = (drawn != GRAY).any(axis=2)
    assert changed[16:32, 24:].all()
    assert changed.sum() == 16 * 24


def drawn(results, title="film.dcm"):
    return picture.film_picture(results.film, title=title, masks=results.masks, detectors=results.detectors)


def test_film_and_maps_beside_each_other(analysed):
    results = analysed()
    rows, cols = (2 * n for n in results.film.shape)
    whole = drawn(results)
    assert whole.dtype == np.uint8
    assert whole.shape[0] > rows
    assert whole.shape[1] >= 2 * cols
    # The outline's colour on the film: HalfLungs ends in its middle.
    line = (whole[:rows, 16 : 16 + cols] == (64, 224, 208)).all(axis=2)
    assert line[:, cols // 2 - 20 : cols // 2 + 20].any(axis=1).mean() > 0.9
    alone = drawn(analysed(explain=False))
    assert alone.shape[1] < whole.shape[1]


@pytest.mark.parametrize("name", ["DISCLAIMER", "NEGATIVE_SENTENCE", "__version__"])
def test_words_are_burnt_in(analysed, monkeypatch, name):
    """Other words give another margin, and the same film."""
    results = analysed()
    before = drawn(results)
    monkeypatch.setattr(picture, name, "XXXXXXXXX")
    after = drawn(results)
    rows = 2 * results.film.shape[0]
    assert (before[:rows] == after[:rows]).all()
    assert before[rows:].shape != after[rows:].shape or (before[rows:] != after[rows:]).any()


def test_a_phantom_is_marked(analysed):
    simulated = drawn(analysed(film=support.film(source="phantom")))
    assert simulated.shape[0] > drawn(analysed()).shape[0]


def test_maps_without_a_reference_are_a_sentence_and_no_panel(analysed, monkeypatch):
    said = []
    monkeypatch.setattr(
        picture, "_margin", lambda lines, width: said.extend(lines) or np.zeros((1, width, 3), np.uint8)
    )
    bare = support.detector_spec(
        operating_points=(), calibration={}, saliency=Saliency(method="test"), evidence=Evidence.UNMEASURED
    )
    results = analysed(support.HalfLungs, support.spying(spec=bare))
    assert results.detectors[0].findings[0].saliency
    assert drawn(results).shape[1] == 640
    told = [text for text, _ in said if "not drawn" in text]
    assert told == [
        "Maps of Pneumonia (test-detector) are not drawn: they have no reference value and so no scale;"
        " measure it: cxrdesk train test-detector."
    ]


def test_a_plugins_own_drawing_replaces_the_map(analysed):
    class Boxes(support.Spy):
        def render(self, saliency):
            return Rendering(boxes=(Box(x0=0.25, y0=0.25, x1=0.75, y1=0.75),))

    shown = drawn(analysed(support.spying(Boxes)))
    assert (shown == (255, 196, 64)).all(axis=2).sum() > 200


def test_a_refused_film_says_why(analysed):
    refused = drawn(analysed(film=support.film(patient_age_years=70.0)))
    assert refused.shape[1] == 640  # no map beside the film


@given(st.text(max_size=300), st.integers(40, 400))
def test_no_line_of_the_margin_is_wider_than_it(text, width):
    font = picture._font(15)
    lines = picture._wrapped(text, font, width)
    assert all(font.getlength(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.encode("utf-8", errors="backslashreplace").decode().split())
