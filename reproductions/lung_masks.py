"""The shipped lung segmenter: how well it outlines films that it never saw, and its outlines of all the others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cxrdesk.evaluation.datasets import Row
from cxrdesk.evaluation.intervals import by_patient
from cxrdesk.evaluation.metrics import dice
from cxrdesk.evaluation.tables import lung_groups
from cxrdesk.training.masks import drawn_mask
from reproductions.films import Films
from reproductions.runs import file_of, kept
from reproductions.shipped import lung_segmenter, marked, outlines


def lungs_mark() -> str:
    """Of the segmenter's bundle, for what is kept of its outlines."""
    return marked(lung_segmenter()[1].bundle)


def outlined(films: Films, out: Path) -> tuple[NDArray[np.uint8], int]:
    """Outlines on the grid of the films, 0..255, shape (n, side, side), and how many films were refused.

    A film without an outline keeps all of its pixels.
    """
    side = films.pixels.shape[-1]
    mark = lungs_mark()

    def made() -> dict[str, NDArray[Any]]:
        found, refused = [], 0
        for _, values in outlines(films.rows, "outlining lungs"):
            refused += values is None
            whole = np.ones((1, 1), np.float32)
            mask = cv2.resize(whole if values is None else values, (side, side), interpolation=cv2.INTER_LINEAR)
            found.append(np.asarray(np.clip(mask, 0, 1) * 255 + 0.5, np.uint8))
        return {"masks": np.stack(found), "refused": np.int64(refused)}

    told = kept(file_of(out, "outlines", str(side), mark), made)
    return told["masks"], int(told["refused"])


def mask_figures(data: Path, out: Path) -> dict[str, Any]:
    """By group of films: Dice and the share of pixels that are right, means with intervals over patients.

    A refused film has an empty outline, whose Dice is 0.
    """
    mark = lungs_mark()
    found = {}
    for group, rows in lung_groups(data).items():
        told = kept(file_of(out, "outlined", group, mark), lambda rows=rows: _held(rows))
        patients = [row.patient for row in rows]
        found[group] = {
            "films": len(rows),
            "refused": int(told["refused"]),
            "seconds": round(float(told["seconds_s"])),
            **{name: _mean(told[name], patients) for name in ("dice", "accuracy")},
        }
    return found


def _held(rows: list[Row]) -> dict[str, NDArray[Any]]:
    """Against the drawn masks, on their own grids."""
    figures, refused = {"dice": [], "accuracy": []}, 0
    for row, values in outlines(rows, "outlining held-out films"):
        drawn: Any = cv2.imread(str(row.mask), cv2.IMREAD_GRAYSCALE)
        truth = drawn_mask(row, drawn.shape) > 127
        refused += values is None
        mask = np.zeros(truth.shape, bool)
        if values is not None:
            mask = cv2.resize(values, truth.shape[::-1], interpolation=cv2.INTER_LINEAR) >= 0.5
        figures["dice"].append(dice(mask, truth))
        figures["accuracy"].append(float((mask == truth).mean()))
    return {name: np.array(values) for name, values in figures.items()} | {"refused": np.int64(refused)}


def _mean(values: NDArray[np.float64], patients: list[str]) -> dict[str, float]:
    found = by_patient(lambda i: float(values[i].mean()), patients)
    return {key: round(getattr(found, key), 4) for key in ("value", "low", "high")}
