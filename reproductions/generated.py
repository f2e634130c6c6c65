"""Generated films: one generator for each class, learnt from training films; they enter training and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from cxrdesk.evaluation.datasets import Row
from cxrdesk.imaging.radiograph import View
from reproductions.dcgan import Rivalry, learnt, made_by
from reproductions.films import Films, Split
from reproductions.runs import file_of, kept

GENERATED = "generated"
"""`Row.dataset` of a film that nobody was in front of."""


def is_generated(films: Films) -> bool:
    """Whether one of the films was."""
    return any(row.dataset == GENERATED for row in films.rows)


def generated(folder: Path, train: Films, count: int, how: Rivalry, seed: int) -> Films:
    """`count` films, half of them of each class, by generators that learn from `train` alone, or read if kept.

    Raises
    ------
    ValueError
        Where a training film is a generated one itself.
    """
    if is_generated(train):
        raise ValueError("a generator learns from real films")
    parts = []
    for label in (0, 1):
        of = train.pixels[train.labels == label]
        named = ("films of a generator", f"class {label}", f"seed {seed}")

        def made(of=of, named=named) -> dict[str, np.ndarray]:
            return {"pixels": made_by(learnt(of, how, seed, ", ".join(named)), count - count // 2, seed)}

        found = kept(file_of(folder, *named), made)
        parts.append((found["pixels"][: count // 2 + (count % 2) * label], label))
    pixels = np.concatenate([part for part, _ in parts])
    labels = np.concatenate([np.full(len(part), label, np.int64) for part, label in parts])
    rows = tuple(
        Row(path=Path(f"{GENERATED}-{k}"), dataset=GENERATED, patient=f"{GENERATED}-{k}", view=View())
        for k in range(len(labels))
    )
    return Films(pixels=pixels, labels=labels, rows=rows)


def sheet(path: Path, train: Films, made: Films, columns: int = 12) -> None:
    """Write a picture for whoever wants to look: real films without and with the finding, then generated ones."""
    rows = [part.pixels[part.labels == label][:columns] for part in (train, made) for label in (0, 1)]
    side = made.pixels.shape[1]
    picture = np.zeros((len(rows) * side, columns * side), np.uint8)
    for k, films in enumerate(rows):
        for j, film in enumerate(films):
            picture[k * side : (k + 1) * side, j * side : (j + 1) * side] = film
    Image.fromarray(picture).save(path)


@dataclass(frozen=True, kw_only=True)
class Enlarged:
    """Another split's parts, with generated films put into what is learnt from.

    Parameters
    ----------
    made : Films
    share : float
        Of the training films that are generated: 0 none, 0.5 as many as there are others, 1 no others at all.
    """

    split: Split
    made: Films
    share: float

    @property
    def name(self) -> str:
        """Of the split below."""
        return self.split.name

    def parts(self, films: Films) -> tuple[Films, Films, Films]:
        """Films to train on, to choose on and to report.

        Raises
        ------
        ValueError
            Where a generated film would be chosen or reported on, or too few were made for the share.
        """
        train, tune, report = self.split.parts(films)
        if is_generated(tune) or is_generated(report):
            raise ValueError("a generated film may be trained on, never chosen or reported on")
        return enlarged(train, self.made, self.share), tune, report


def wanted(films: int, share: float) -> int:
    """Generated films that make up `share` beside `films` others; as many as those where they are alone."""
    return films if share == 1 else round(films * share / (1 - share))


def enlarged(train: Films, made: Films, share: float) -> Films:
    """`train` with generated films of both classes, spread evenly over what was made."""
    count = wanted(len(train.labels), share)
    if count > len(made.labels):
        raise ValueError(f"{count} generated films are wanted, {len(made.labels)} were made")
    chosen = np.zeros(len(made.labels), bool)
    chosen[np.linspace(0, len(made.labels) - 1, count).round().astype(int)] = True
    some = made.of(chosen)
    return some if share == 1 else together(train, some)


def together(first: Films, second: Films) -> Films:
    """Both."""
    return replace(
        first,
        pixels=np.concatenate([first.pixels, second.pixels]),
        labels=np.concatenate([first.labels, second.labels]),
        rows=first.rows + second.rows,
    )
