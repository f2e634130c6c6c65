"""Recipe of the gate's film check: a small network that tells an upright frontal chest film from all else.

Accepted are the training films as an X-ray unit or a scanner may change them. Refused are the same films turned,
as negatives, upside down or cut to a detail, simulated hands, hips and necks, noise, drawn shapes and photographs.
"""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from cxrdesk.evaluation.datasets import Row, adult_lungs, kermany, nih
from cxrdesk.evaluation.film_check import in_scope
from cxrdesk.imaging.phantom import adult, child, simulate
from cxrdesk.imaging.phantom.parts import PartParameters, neck, non_film, simulate_part
from cxrdesk.imaging.preprocess import WHOLE_FILM, normalised, prepare, resized
from cxrdesk.imaging.quality import INPUT, MEASURED, NETWORK, likeness
from cxrdesk.imaging.radiograph import Radiograph
from cxrdesk.training.augment import Geometry, appearance, warp
from cxrdesk.training.data import Drawing, required, small_film
from cxrdesk.training.fit import Plan, fit
from cxrdesk.training.modules import ClassFit

GEOMETRY = Geometry(rotation_degrees=15.0, scale=0.15, aspect=0.3, shift=0.06, flip=0.5)
FALSE_REFUSALS = 0.003
"""Share of each data set's tuning films that the threshold may refuse."""
SOURCE_SIDE = 128
CHEST_SEEDS, PART_SEEDS = range(20), range(40)
"""Phantoms that are trained on: chests of each kind, other parts of each kind."""
Picture = NDArray[np.uint8]


def build() -> torch.nn.Module:
    """Four strided convolutions over (n, 1, 64, 64) to one logit."""
    widths = (1, 16, 32, 64, 64)
    layers: list[torch.nn.Module] = []
    for before, after in pairwise(widths):
        layers += [torch.nn.Conv2d(before, after, 3, 2, 1, bias=False), torch.nn.BatchNorm2d(after), torch.nn.ReLU()]
    return torch.nn.Sequential(
        *layers,
        torch.nn.Flatten(),
        torch.nn.Dropout(0.3),
        torch.nn.Linear(64 * 16, 32),
        torch.nn.ReLU(),
        torch.nn.Linear(32, 1),
    )


def small(film: Radiograph) -> Picture:
    """A film on 8 bits for augmentation, longest side `SOURCE_SIDE`, its observed range on 0..255."""
    rows, cols = film.shape
    share = SOURCE_SIDE / max(rows, cols)
    values = resized(film, (max(8, round(rows * share)), max(8, round(cols * share))))
    lo, hi = float(values.min()), float(values.max())
    return ((values - lo) * (255.0 / max(hi - lo, 1e-6))).astype(np.uint8)


def shapes(rng: np.random.Generator) -> Picture:
    """Drawn polygons, ellipses and lines over a gradient: scenes without any anatomy."""
    picture = np.full((SOURCE_SIDE, SOURCE_SIDE), int(rng.integers(0, 256)), np.uint8)
    for _ in range(int(rng.integers(3, 25))):
        grey = int(rng.integers(0, 256))
        points = rng.integers(-20, SOURCE_SIDE + 20, (int(rng.integers(3, 7)), 2)).astype(np.int32)
        match int(rng.integers(0, 3)):
            case 0:
                cv2.fillPoly(picture, [points], grey)
            case 1:
                axes = (int(rng.integers(2, 60)), int(rng.integers(2, 60)))
                cv2.ellipse(picture, points[0].tolist(), axes, float(rng.uniform(0, 180)), 0, 360, grey, -1)
            case _:
                cv2.line(picture, points[0].tolist(), points[1].tolist(), grey, int(rng.integers(1, 8)))
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(0.3, 2.5))), np.uint8)


def slice_like(rng: np.random.Generator) -> Picture:
    """A bright outline on black with organs in it, as cross-sections and sector scans have."""
    picture = np.zeros((SOURCE_SIDE, SOURCE_SIDE), np.uint8)
    middle = (rng.uniform(0.42, 0.58, 2) * SOURCE_SIDE).astype(int).tolist()
    outer = (int(rng.uniform(38, 60)), int(rng.uniform(28, 55)))
    cv2.ellipse(picture, middle, outer, float(rng.uniform(-15, 15)), 0, 360, int(rng.integers(70, 180)), -1)
    for _ in range(int(rng.integers(3, 14))):
        place = (np.array(middle) + rng.normal(0, 16, 2)).astype(int).tolist()
        axes = (int(rng.integers(2, 18)), int(rng.integers(2, 18)))
        cv2.ellipse(picture, place, axes, float(rng.uniform(0, 180)), 0, 360, int(rng.integers(0, 256)), -1)
    if rng.random() < 0.4:
        fan = np.zeros_like(picture)
        cv2.ellipse(fan, (SOURCE_SIDE // 2, 0), (120, 120), 0, 45, 135, 255, -1)
        speckle = rng.gamma(1.2, 50, picture.shape)
        picture = np.where(fan > 0, np.clip(0.5 * picture + speckle, 0, 255), 0).astype(np.uint8)
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(0.4, 1.5))), np.uint8)


def turned(picture: Picture, rng: np.random.Generator) -> Picture:
    """A film turned by a quarter or half, or upside down."""
    kind = int(rng.integers(0, 4))
    return np.ascontiguousarray(picture[::-1] if kind == 3 else np.rot90(picture, kind + 1))


def detail(picture: Picture, rng: np.random.Generator) -> Picture:
    """A part of a film, under half of each side."""
    rows, cols = picture.shape
    share = rng.uniform(0.2, 0.45)
    h, w = max(8, int(rows * share)), max(8, int(cols * share))
    y, x = int(rng.integers(0, rows - h)), int(rng.integers(0, cols - w))
    return np.ascontiguousarray(picture[y : y + h, x : x + w])


def photographs() -> list[Picture]:
    """scikit-learn's two sample photographs, in grey."""
    from sklearn.datasets import load_sample_images

    return [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in load_sample_images().images]


def other_parts(seeds: range) -> list[Picture]:
    """Simulated hips, hands and necks."""
    films = []
    for seed in seeds:
        films.append(simulate_part(PartParameters(body_part="hip", seed=seed, shape=(256, 256))))
        films.append(simulate_part(PartParameters(body_part="hand", seed=seed, shape=(256, 256))))
        films.append(simulate_part(neck(seed=seed, shape=(224, 256))))
    return [small(film.radiograph) for film in films]


class Pictures(Drawing):
    """Half accepted films, half pictures to refuse, all changed at random."""

    def __init__(self, films: list[Picture], parts: list[Picture], length: int, seed: int) -> None:
        super().__init__(length, seed)
        self.films, self.parts = films, parts
        self.photograph = photographs()[0]

    def __getitem__(self, number: int) -> tuple[torch.Tensor, torch.Tensor]:
        rng = self.rng(number)
        accepted = bool(rng.random() < 0.5)
        picture = self._film(rng) if accepted else self._refused(rng)
        return tensor_of(picture, rng), torch.tensor([float(accepted)])

    def _film(self, rng: np.random.Generator) -> Picture:
        return self.films[int(rng.integers(len(self.films)))]

    def _refused(self, rng: np.random.Generator) -> Picture:
        makers: list[tuple[float, Callable[[], Picture]]] = [
            (0.40, lambda: turned(self._film(rng), rng)),
            (0.20, lambda: 255 - self._film(rng)),
            (0.06, lambda: detail(self._film(rng), rng)),
            (0.10, lambda: self.parts[int(rng.integers(len(self.parts)))]),
            (0.08, lambda: slice_like(rng)),
            (0.06, lambda: shapes(rng)),
            (0.05, lambda: detail(self.photograph, rng)),
            (0.05, lambda: small(_drawn(rng))),
        ]
        draw = rng.random()
        for share, make in makers:
            draw -= share
            if draw < 0:
                return make()
        return makers[0][1]()


def _drawn(rng: np.random.Generator) -> Radiograph:
    kinds: tuple[Literal["noise", "gradient", "blobs"], ...] = ("noise", "gradient", "blobs")
    return non_film(kinds[int(rng.integers(3))], seed=int(rng.integers(1 << 30)), shape=(128, 128))


def tensor_of(picture: Picture, rng: np.random.Generator) -> torch.Tensor:
    """A changed picture as the gate prepares it: (1, 64, 64)."""
    matrix = GEOMETRY.draw(rng, (picture.shape[0], picture.shape[1]), INPUT.size, WHOLE_FILM)
    return torch.from_numpy(normalised(appearance(warp(picture, matrix, INPUT.size), rng), INPUT)[np.newaxis])


def _network_file(network: torch.nn.Module, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        # torch's newer exporter needs onnxscript; this one writes what OpenCV reads.
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            network.eval(),
            (torch.zeros(1, 1, *INPUT.size),),
            str(path),
            input_names=["film"],
            output_names=["logit"],
            dynamo=False,
        )


def rows_of(data: Path) -> list[Row]:
    """Every frontal chest film whose licence allows training on it."""
    return [row for row in (*kermany(data), *nih(data), *adult_lungs(data)) if row.trainable]


def train(data: Path | None, out: Path, *, device: str = "auto", epochs: int = 12, epoch: int = 9600) -> dict[str, Any]:
    """Train, choose the threshold on the tuning films, write network and figures to `out`.

    Both error rates are then measured by ``cxrdesk evaluate film-check``.
    """
    data = required(data)
    rows = rows_of(data)
    films = [small_film(row.path, SOURCE_SIDE) for row in rows if row.split == "train"]
    chests = [simulate(make(seed=seed, shape=(256, 256))) for seed in CHEST_SEEDS for make in (adult, child)]
    films += [small(phantom.radiograph) for phantom in chests]
    torch.manual_seed(0)
    module = ClassFit(build(), rate=2e-3, smoothing=0.005)
    pictures = Pictures(films, other_parts(PART_SEEDS), epoch, seed=0)
    fit(module, pictures, Plan(epochs=epochs, batch=64, device=device), out)
    network = out / Path(NETWORK).name
    _network_file(module.network.cpu(), network)
    return _measured(data, out, network)


def _measured(data: Path, out: Path, network: Path) -> dict[str, Any]:
    answers: dict[str, list[float]] = {}
    for row, film in in_scope(data, "tune"):
        answers.setdefault(row.dataset, []).append(likeness(prepare(film, INPUT), str(network)))
    # The strictest threshold that no data set suffers from: pooled, the many children would outvote the adults.
    threshold = min(float(np.quantile(values, FALSE_REFUSALS)) for values in answers.values())
    films = ", ".join(f"{len(values)} of {name}" for name, values in sorted(answers.items()))
    told = {
        "threshold": threshold,
        "chosen": f"refuses at most {FALSE_REFUSALS:.1%} of the tune split's in-scope films in each data set ({films})",
        "network_sha256": hashlib.sha256(network.read_bytes()).hexdigest(),
        "trained_on": "Kermany 2018, NIH ChestX-ray14 sample, CC BY films of covid-chestxray-dataset; train split",
    }
    (out / Path(MEASURED).name).write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return told
