"""Outlines of lungs as V7 Labs publishes them: one Darwin JSON file for each film.

Version 1.0 is that of ``all-images.zip`` (https://docs.v7labs.com/reference/legacy-darwin-json-10), version 2.0 that of
``darwin dataset pull`` (https://docs.v7labs.com/reference/darwin-json).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cxrdesk.imaging.dicom_checks import MOST_PIXELS
from cxrdesk.imaging.errors import FilmError
from cxrdesk.training.prepare.download import Member

_LUNG = "Lung"


@dataclass(frozen=True, kw_only=True)
class Outlines:
    """The lungs of one film.

    Parameters
    ----------
    film : str
        The film's file name as its publisher had it.
    shape : tuple of int
        (rows, cols) of the film that was outlined.
    lungs : list of list of ndarray
        For each lung its closed lines, [point, (x, y)] in pixels of that film; a line within another cuts a hole.
    """

    film: str
    shape: tuple[int, int]
    lungs: list[list[NDArray[np.float64]]]

    def mask(self, shape: tuple[int, int]) -> NDArray[np.bool_]:
        """Where the lungs are, [row, col], for the film resized to (rows, cols)."""
        drawn = np.zeros(self.shape, np.uint8)
        for lines in self.lungs:
            one = np.zeros(self.shape, np.uint8)
            cv2.fillPoly(one, [np.round(line).astype(np.int32) for line in lines], 255)
            drawn |= one
        resized = cv2.resize(drawn, (shape[1], shape[0]), interpolation=cv2.INTER_AREA)
        return np.asarray(resized >= 128)


def outlines(members: Sequence[Member]) -> Iterator[tuple[Member, Outlines | FilmError]]:
    """Of each JSON file with lungs; files that cannot be understood come with the reason."""
    for member in members:
        if member.name.lower().endswith(".json"):
            try:
                found = _read(member)
            except FilmError as error:
                yield member, error
                continue
            if found.lungs:
                yield member, found


def _read(member: Member) -> Outlines:
    try:
        content = json.loads(member.read())
        # 2.0 calls the film an item with slots, 1.0 an image.
        film = content["item"] if "item" in content else content["image"]
        name = film["name"] if "item" in content else film.get("original_filename") or film["filename"]
        place = film["slots"][0] if "item" in content else film
        shape = int(place["height"]), int(place["width"])
        lungs = [_lines(one) for one in content["annotations"] if one["name"] == _LUNG]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise FilmError("bad-outline", f"{member.parts[-1]} is no Darwin JSON of a film.") from error
    if not (isinstance(name, str) and min(shape) > 0 and shape[0] * shape[1] <= MOST_PIXELS):
        raise FilmError("bad-outline", f"{member.parts[-1]} names no film of a possible size.")
    return Outlines(film=name, shape=shape, lungs=[lines for lines in lungs if lines])


def _lines(annotation: dict[str, Any]) -> list[NDArray[np.float64]]:
    if "complex_polygon" in annotation:
        lines = annotation["complex_polygon"]["path"]
    elif "polygon" in annotation:
        polygon = annotation["polygon"]
        lines = polygon["paths"] if "paths" in polygon else [polygon["path"]]
    else:
        return []
    points = [np.array([(point["x"], point["y"]) for point in line], np.float64).reshape(-1, 2) for line in lines]
    if any(not np.isfinite(line).all() or np.abs(line).max(initial=0) > MOST_PIXELS for line in points):
        raise ValueError("a point lies outside of any film")
    return [line for line in points if len(line) > 2]
