"""Answers of a child that lies about kinds and sizes."""

from __future__ import annotations

import numpy as np
import pytest

from cxrdesk.inference import answers
from tests.support import segmenter_spec

COMMON = {"device": "cpu", "seconds_s": 0.5, "note": "", "engine": "torch", "proof": None}
BOX = [0.0, 0.0, 1.0, 1.0]
MAP = {"finding": "pneumonia", "film": 0, "box": BOX, "rendering": None}
VALUES = np.ones((4, 4), np.float32)


def detect(header=None, maps=(MAP,), arrays=(VALUES,)):
    told = COMMON | {"probabilities": {"pneumonia": 0.5}, "maps": list(maps)} | (header or {})
    return answers.detection(told, list(arrays))


def drawn(**parts):
    return MAP | {"rendering": {"image": False, "contours": 0, "boxes": []} | parts}


def test_a_good_answer_is_understood():
    picture, line = np.zeros((4, 4, 4), np.uint8), np.zeros((3, 2), np.float32)
    done = detect(maps=[drawn(image=True, contours=1, boxes=[BOX])], arrays=[VALUES, picture, line])
    ((saliency, rendering),) = done.maps
    assert saliency.finding == "pneumonia"
    assert rendering.image.shape == (4, 4, 4)
    assert (len(rendering.contours), len(rendering.boxes)) == (1, 1)
    assert detect({"note": "a\x1b[31m\nnote"}).note == "a [31m note"
    assert detect({"proof": ["model:\n differs"] * 99}).proof == ("model: differs",) * answers.MOST_FAILURES


@pytest.mark.parametrize(
    "given",
    [
        {"header": {"device": "a device\nof ours"}},
        {"header": {"device": None}},
        {"header": {"seconds_s": -1}},
        {"header": {"seconds_s": "1e999"}},
        {"header": {"probabilities": {"pneumonia": None}}},
        {"header": {"probabilities": [1]}},
        {"header": {"maps": 3}},
        {"header": {"proof": 3}},
        {"header": {"proof": {"a": "b"}}},
        {"maps": [MAP] * (answers.MOST_MAPS + 1)},
        {"maps": [MAP, MAP]},
        {"maps": [MAP | {"film": None}]},
        {"maps": [MAP | {"box": [0, 0, 2, 1]}]},
        {"maps": [{}]},
        {"maps": [drawn(contours=answers.MOST_SHAPES + 1)]},
        {"maps": [drawn(boxes=[BOX] * (answers.MOST_SHAPES + 1))]},
        {"maps": [drawn(image=True)], "arrays": [VALUES, VALUES]},
        {"arrays": [np.broadcast_to(np.float32(1), (answers.MOST_VALUES + 1, 1))]},
    ],
)
def test_a_bad_one_is_refused(given):
    with pytest.raises(answers.MALFORMED):
        detect(**given)


def test_a_mask_is_one_array():
    with pytest.raises(answers.MALFORMED):
        answers.segmentation(segmenter_spec(), COMMON, [VALUES, VALUES])


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ("weights-changed", "weights-changed"),
        ("No Code", "model-failed"),
        (None, "model-failed"),
        ("a" * 65, "model-failed"),
    ],
)
def test_a_failures_code_is_one_that_can_be_looked_up(told, code):
    assert answers.failure({"code": told, "text": "x" * 9000})[0] == code
    assert len(answers.failure({"code": told, "text": "x" * 9000})[1]) <= 500
