"""A small data folder in the publishers' layouts, filled with phantoms."""

from __future__ import annotations

import csv
import os
from functools import lru_cache
from itertools import count
from pathlib import Path

import cv2
import numpy as np
import pytest

from cxrdesk.evaluation.datasets import Row
from cxrdesk.imaging.phantom import Opacity, Phantom, adult, child, simulate
from cxrdesk.imaging.radiograph import View

SHAPE = (192, 192)
FAMILIES = ("IM", "NORMAL2-IM", "person0", "person1", "person2")
SPLITS = ("train", "tune", "report")


@lru_cache(maxsize=64)
def phantom(kind: str, seed: int) -> Phantom:
    """A small phantom: ``"child"``, ``"sick child"`` or ``"adult"``."""
    if kind == "adult":
        return simulate(adult(seed=seed, shape=SHAPE))
    side = ("left", "right")[seed % 2]
    opacity = Opacity(side=side, severity=0.9) if kind == "sick child" else None
    return simulate(child(seed=seed, shape=SHAPE, opacity=opacity))


def grey(made: Phantom) -> np.ndarray:
    """The film on 8 bits."""
    lo, hi = made.radiograph.value_range
    return np.clip((made.radiograph.pixels - lo) * (255 / (hi - lo)), 0, 255).astype(np.uint8)


def split_of(dataset: str, patient: str) -> str:
    return Row(path=Path(), dataset=dataset, patient=patient, view=View()).split


def _numbers(family: str, split: str, n: int) -> list[int]:
    """The first `n` patient numbers of a family that fall into a split."""
    normal = not family.startswith("person")
    found = []
    for number in count(1):
        if not normal and number % 3 != int(family[-1]):
            continue
        if split_of("kermany", f"normal{number}" if normal else f"person{number}") == split:
            found.append(number)
        if len(found) == n:
            return found
    raise AssertionError


def make_kermany(folder: Path, *, each: int = 2, distinct: int = 4) -> Path:
    """`each` films for each family in each split; they share `distinct` phantoms a class."""
    masks = folder / "kermany_lungs"
    masks.mkdir(parents=True)
    for family in FAMILIES:
        normal = not family.startswith("person")
        place = folder / "kermany" / ("NORMAL" if normal else "PNEUMONIA")
        place.mkdir(parents=True, exist_ok=True)
        for split in SPLITS:
            for k, number in enumerate(_numbers(family, split, each)):
                stem = f"{family}-{number:04d}-0001" if normal else f"person{number}_bacteria_{k}"
                made = phantom("child" if normal else "sick child", k % distinct)
                cv2.imwrite(str(place / f"{stem}.jpeg"), grey(made))
                cv2.imwrite(str(masks / f"{stem}.png"), made.masks["lungs"].astype(np.uint8) * 255)
    return folder


def make_adults(folder: Path, *, each: int = 2, licence: str = "CC BY 4.0") -> Path:
    """`each` trainable adults and one other for each split."""
    for name in ("images", "masks"):
        (folder / "adult_lungs" / name).mkdir(parents=True)
    rows = []
    wanted = dict.fromkeys(SPLITS, each + 1)
    for number in count(1):
        split = split_of("adult_lungs", str(number))
        if wanted[split]:
            wanted[split] -= 1
            stem = f"covid_{number:04d}"
            made = phantom("adult", number % 4)
            cv2.imwrite(str(folder / "adult_lungs" / "images" / f"{stem}.png"), grey(made))
            mask = made.masks["lungs"].astype(np.uint8) * 255
            cv2.imwrite(str(folder / "adult_lungs" / "masks" / f"{stem}.png"), mask)
            given = licence if wanted[split] else "CC BY-NC-SA 4.0"
            rows.append([stem, f"{stem}.png", number, 50 if number % 2 else "", "F", "PA", "no finding", given])
        if not any(wanted.values()):
            break
    head = ["stem", "original_file", "patient_id", "age", "sex", "view", "finding", "image_licence"]
    _write(folder / "adult_lungs" / "index.csv", head, rows)
    return folder


def make_nih(folder: Path, *, each: int = 1) -> Path:
    """`each` adults for each split."""
    (folder / "nih" / "images").mkdir(parents=True)
    rows = []
    wanted = dict.fromkeys(SPLITS, each)
    for number in count(1):
        patient = f"{number:08d}"
        split = split_of("nih", patient)
        if wanted[split]:
            wanted[split] -= 1
            cv2.imwrite(str(folder / "nih" / "images" / f"{patient}_000.png"), grey(phantom("adult", number % 4)))
            rows.append([f"{patient}_000.png", patient, "train", 40, "M", "AP", 0.5, 0, 1])
        if not any(wanted.values()):
            break
    head = ["file", "patient_id", "official_split", "age", "sex", "view", "spacing_mm", "Atelectasis", "Mass"]
    _write(folder / "nih" / "labels.csv", head, rows)
    return folder


def _write(path: Path, head: list[str], rows: list[list[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([head, *rows])


def real_data() -> Path:
    """The folder of real films; skips the test where there is none."""
    folder = os.environ.get("CXRDESK_DATA")
    if not folder or not (Path(folder) / "kermany").is_dir():
        pytest.skip("CXRDESK_DATA names no folder of real films")
    return Path(folder)
