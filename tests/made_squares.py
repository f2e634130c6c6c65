"""Films whose finding is a bright square, with masks of it, and a detector without torch that points at one side."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from cxrdesk.api import Prediction, SaliencyMap
from tests.support import Spy, detector_spec

SIDE, SQUARE = 160, 40


def make_squares(folder: Path, count: int = 14) -> Path:
    """A folder with ``labels.csv``, films and masks; the last but one is of an adult, the last is broken."""
    (folder / "masks").mkdir(parents=True)
    lines = ["file,patient,view,age_years,opacity,pneumonia"]
    for k in range(count):
        row, col = 20 + SQUARE * (k % 3), 20 + SQUARE * (k // 3 % 3)
        mask = np.zeros((SIDE, SIDE), np.uint8)
        mask[row : row + SQUARE, col : col + SQUARE] = 255
        noise = np.random.default_rng(k).integers(0, 30, mask.shape)
        film = folder / f"{k}.png"
        cv2.imwrite(str(film), (noise + (mask // 255) * 200).astype(np.uint8))
        cv2.imwrite(str(folder / "masks" / f"{k}-opacity.png"), mask)
        if k == count - 1:
            film.write_bytes(film.read_bytes()[:200])
        lines.append(f"{film.name},patient{k},chest-ap,{40 if k == count - 2 else 3},1,{int(k % 2)}")
    (folder / "labels.csv").write_text("\n".join([*lines, ""]), encoding="utf-8")
    return folder


class Sided(Spy):
    """Two findings; the map of each is one column of four, whatever the film."""

    spec = detector_spec(
        findings=("pneumonia", "opacity"), operating_points=(), calibration={}, saliency=detector_spec().saliency
    )

    def predict(self, inputs):
        return Prediction(probabilities={"pneumonia": 0.4, "opacity": 0.6})

    def explain(self, inputs, finding):
        values = np.zeros((4, 4), np.float32)
        values[:, 0 if finding == "opacity" else 1] = 1
        return [SaliencyMap(finding=finding, values=values)]
