"""Films without a file, for studies: bright ones have the finding."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cxrdesk.evaluation.datasets import Row
from cxrdesk.imaging.radiograph import View
from reproductions.films import Films

FAMILIES = ("IM", "person0", "NORMAL2-IM", "person1")
"""As in the children's data set: those of persons have it."""


def made(count: int = 60, side: int = 16) -> Films:
    """Patients of one film each, half of them with the finding."""
    rng = np.random.default_rng(0)
    labels = np.arange(count) % 2
    pixels = (rng.integers(0, 60, (count, side, side)) + labels[:, None, None] * 90).astype(np.uint8)
    rows = tuple(
        Row(path=Path(f"{k}.png"), dataset="made", patient=f"p{k}", view=View(), family=FAMILIES[k % 4], labels={})
        for k in range(count)
    )
    return Films(pixels=pixels, labels=labels.astype(np.int64), rows=rows)
