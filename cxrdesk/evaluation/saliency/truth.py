"""Where findings truly are: pictures drawn or simulated with the films, and boxes that readers drew."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from cxrdesk.api import Box
from cxrdesk.evaluation.datasets import Row, nih
from cxrdesk.evaluation.labelled import LABELS, is_labelled, labelled
from cxrdesk.imaging.errors import UserError

Region = Path | tuple[Box, ...]
"""A picture, brighter than half inside; or boxes, together."""

SIDE = 256
"""Longest side of the grid that maps and truth are compared on."""

STANDS_FOR = {"pneumonia": ("opacity", "consolidation")}
"""Findings whose region is taken where a film has none of its own: a film shows an opacity, never a pneumonia."""

BOXES = "boxes.csv"
BOX_FINDINGS = {
    "Atelectasis": "atelectasis",
    "Cardiomegaly": "cardiomegaly",
    "Effusion": "effusion",
    "Infiltrate": "opacity",
    "Lung Opacity": "opacity",
    "Pneumonia": "pneumonia",
    "Pneumothorax": "pneumothorax",
}
"""Names in ``boxes.csv`` to finding keys; masses and nodules have none."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """A film with the true regions of what it shows, by finding key."""

    row: Row
    regions: Mapping[str, Region]

    def region(self, finding: str) -> tuple[str, Region] | None:
        """The finding's region, and under which key it was drawn; None where there is none."""
        for name in (finding, *STANDS_FOR.get(finding, ())):
            if name in self.regions:
                return name, self.regions[name]
        return None


@dataclass(frozen=True, kw_only=True)
class Truth:
    """Films whose findings' regions are known.

    Parameters
    ----------
    name : str
        For tables.
    rows : list of Row
        All films, those without a region too: they may be seen together with others of their study.
    """

    name: str
    rows: list[Row]
    targets: list[Target]


def truth_in(data: Path) -> Truth:
    """The regions that come with a folder's films.

    Raises
    ------
    UserError
        ``"no-regions"`` where there are none.
    """
    if is_labelled(data):
        rows = list(labelled(data).values())
        targets, name = drawn(rows), LABELS
    elif (data / "nih" / BOXES).is_file():
        targets, name = nih_boxes(data), f"nih/{BOXES}"
        rows = [target.row for target in targets]
    else:
        targets = []
    if not targets:
        text = f"{data} holds neither masks of findings beside a {LABELS} nor nih/{BOXES}, which --saliency needs"
        raise UserError("no-regions", text)
    return Truth(name=name, rows=rows, targets=targets)


def drawn(rows: Iterable[Row]) -> list[Target]:
    """Films with pictures of their findings' regions, those that are labelled without a finding left out."""
    made = []
    for row in rows:
        regions = {name: path for name, path in row.finding_masks.items() if row.labels.get(name, 1)}
        if regions:
            made.append(Target(row=row, regions=regions))
    return made


def nih_boxes(data: Path) -> list[Target]:
    """Films of the NIH sample with the boxes that radiologists drew, for evaluation alone.

    The boxes are those of the NIH's own list and of the RSNA 2018 challenge, as shares of the film.

    Raises
    ------
    UserError
        ``"bad-table"`` where a line is no box or names a film that ``labels.csv`` lacks.
    """
    rows = {row.path.name: row for row in nih(data)}
    found: dict[str, dict[str, list[Box]]] = {}
    path = data / "nih" / BOXES
    with path.open(newline="", encoding="utf-8") as file:
        for item in csv.DictReader(file):
            finding = BOX_FINDINGS.get(item.get("label") or "")
            if finding is None:
                continue
            name = item.get("file") or ""
            if name not in rows:
                raise UserError("bad-table", f"{path} has a box on {name!r}, which labels.csv lacks; correct it")
            found.setdefault(name, {}).setdefault(finding, []).append(_box(item, path))
    return [
        Target(row=rows[name], regions={finding: tuple(boxes) for finding, boxes in regions.items()})
        for name, regions in sorted(found.items())
    ]


def _box(item: Mapping[str, str | None], path: Path) -> Box:
    try:
        x, y, w, h = (float(item.get(name) or "") for name in ("x", "y", "w", "h"))
        return Box(x0=max(0.0, x), y0=max(0.0, y), x1=min(1.0, x + w), y1=min(1.0, y + h))
    except ValueError:
        raise UserError("bad-table", f"{path} has a line that is no box of shares 0 to 1; correct it") from None


def grid_of(shape: tuple[int, int]) -> tuple[int, int]:
    """(rows, cols) of a film of that shape, reduced to `SIDE`."""
    scale = min(1.0, SIDE / max(shape))
    return max(1, round(shape[0] * scale)), max(1, round(shape[1] * scale))


def mask_of(region: Region, grid: tuple[int, int]) -> NDArray[np.bool_]:
    """The region on a grid over the whole film; never empty.

    Raises
    ------
    UserError
        ``"bad-mask"`` where the picture cannot be read or shows nothing.
    """
    if isinstance(region, Path):
        picture = cv2.imread(str(region), cv2.IMREAD_GRAYSCALE)
        if picture is None or not (np.asarray(picture) > 127).any():
            raise UserError("bad-mask", f"the mask {region} cannot be read as a picture, or shows nothing")
        inside = (np.asarray(picture) > 127).astype(np.float32)
        shares = cv2.resize(inside, (grid[1], grid[0]), interpolation=cv2.INTER_AREA)
        made = np.asarray(shares) >= 0.5
        return made if made.any() else np.asarray(shares) == np.max(shares)
    made = np.zeros(grid, bool)
    for box in region:
        rows, cols = covered(box, grid)
        made[rows, cols] = True
    return made


def covered(box: Box, grid: tuple[int, int]) -> tuple[slice, slice]:
    """Rows and columns of a grid over the film that a box covers, at least one of each."""
    edges = []
    for first, last, n in ((box.y0, box.y1, grid[0]), (box.x0, box.x1, grid[1])):
        start = min(round(first * n), n - 1)
        edges.append(slice(start, max(start + 1, round(last * n))))
    return edges[0], edges[1]
