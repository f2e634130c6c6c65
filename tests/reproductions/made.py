"""Films that tests of studies learn from."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cxrdesk.evaluation.datasets import Row
from cxrdesk.imaging.radiograph import View
from reproductions.films import Films

FAMILIES = ("IM", "person0", "NORMAL2-IM", "person1")
"""As in the data set: those of persons have pneumonia."""


def films(count=60, side=16, families=FAMILIES):
    """Bright films have it; every other one does."""
    rng = np.random.default_rng(0)
    labels = np.arange(count) % 2
    pixels = (rng.integers(0, 60, (count, side, side)) + labels[:, None, None] * 90).astype(np.uint8)
    rows = tuple(
        Row(path=Path(f"{k}.png"), dataset="made", patient=f"p{k}", view=View(), family=families[k % len(families)])
        for k in range(count)
    )
    return Films(pixels=pixels, labels=labels.astype(np.int64), rows=rows)


def of_sets(count, *names, side=16):
    """As many films of each named set, half of them with the finding."""
    each = [films(count, side, (name,)) for name in names]
    rows = [row for part in each for row in part.rows]
    return Films(
        pixels=np.concatenate([part.pixels for part in each]),
        labels=np.concatenate([part.labels for part in each]),
        rows=tuple(
            Row(
                path=row.path,
                dataset=row.dataset,
                patient=f"{row.family}-{row.patient}",
                view=row.view,
                family=row.family,
            )
            for row in rows
        ),
    )


def network(channels=3):
    """The least that can learn from them."""
    from torch import nn

    return nn.Sequential(nn.Conv2d(channels, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 1))
