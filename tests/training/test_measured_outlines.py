"""A segmenter that exists already is measured against drawn outlines."""

from __future__ import annotations

import hashlib

import cv2
import numpy as np
import pytest

pytest.importorskip("torch")

from cxrdesk.api import Bundle, Evidence, SegmenterSpec
from cxrdesk.imaging.errors import UserError
from cxrdesk.training import measured_outlines
from tests.support import CHEST, HalfLungs, segmenter_spec


def films(folder, masks=True):
    """Outlines are the left half of each film, as the segmenter says, or all of it."""
    (folder / "masks").mkdir(parents=True)
    rng = np.random.default_rng(0)
    lines = ["file,patient,view,age_years,opacity"]
    for k in range(8):
        cv2.imwrite(str(folder / f"{k}.png"), rng.integers(0, 255, (160, 160)).astype(np.uint8))
        lines.append(f"{k}.png,p{k},chest-ap,3,0")
        mask = np.zeros((64, 64), np.uint8)
        mask[:, : 32 if k < 4 else 64] = 255
        if masks:
            cv2.imwrite(str(folder / "masks" / f"{k}-lungs.png"), mask)
    (folder / "labels.csv").write_text("\n".join(lines))
    return folder


def measure(data, out):
    return measured_outlines.measure_outlines(
        HalfLungs, segmenter_spec(), b"network", data, out, evidence=Evidence.EXTERNAL, distribution="test",
        device="cpu",
    )  # fmt: skip


def test_the_mean_dice_is_written_with_its_interval(tmp_path, monkeypatch):
    monkeypatch.setattr("cxrdesk.imaging.quality.look", lambda film: CHEST)
    folder = measure(films(tmp_path / "data"), tmp_path / "out")
    spec = SegmenterSpec.from_bundle(folder)
    ((group, estimate),) = spec.dice.items()
    # Half of a film against the whole: 2 * 0.5 / 1.5.
    assert estimate.value == pytest.approx((1 + 2 / 3) / 2, abs=0.03)
    assert (group, estimate.n) == ("films of the author's own", 8)
    assert spec.evidence is Evidence.EXTERNAL
    assert spec.weights_sha256 == hashlib.sha256(b"network").hexdigest()
    bundle = Bundle(folder)
    assert bundle.weights() == b"network"
    assert "score_0" in bundle.golden()
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["bundle"]


def test_simulated_films_are_called_so(tmp_path, monkeypatch):
    monkeypatch.setattr(measured_outlines, "is_simulated", lambda row: True)
    spec = SegmenterSpec.from_bundle(measure(films(tmp_path / "data"), tmp_path / "out"))
    assert spec.evidence is Evidence.SYNTHETIC
    assert list(spec.dice) == ["simulated films that the author gave"]


def test_folders_without_outlines_are_told(tmp_path):
    for data in (None, tmp_path, films(tmp_path / "data", masks=False)):
        with pytest.raises(UserError, match=r"FILM-lungs\.png") as caught:
            measure(data, tmp_path / "out")
        assert caught.value.code == "no-labels"
    assert not (tmp_path / "out").exists()
