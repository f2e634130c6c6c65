"""What a child answered, as types: whatever is not of the right kind and size is refused. Runs in the host."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxrdesk.api.detector import Mask, Prediction, Rendering, SaliencyMap
from cxrdesk.api.spec import SegmenterSpec
from cxrdesk.imaging.preprocess import Box
from cxrdesk.inference.models import CODE, Detection, Segmentation, shown_text

STAGES = frozenset({"loading", "checking", "masks", "scoring", "saliency"})
MALFORMED = (
    ValueError, KeyError, TypeError, IndexError, AttributeError, StopIteration, OverflowError, RecursionError,
)  # fmt: skip
"""What reading an answer that is none raises."""
MOST_VALUES = 1 << 24
"""Of one map, mask or picture: 4096 x 4096."""
LONGEST_SIDE = 1 << 15
"""Of one of them; a picture of one row and millions of columns cannot be drawn."""
MOST_MAPS = 512
MOST_SHAPES = 1000
"""Contours or boxes of one rendering."""
MOST_POINTS = 20_000
"""Of all contours of one answer: they are drawn in the viewer's own thread."""
LONGEST_LINES = 40.0
"""Of all contours and boxes of one rendering, in sides of the film: what painting takes grows with their length."""
MOST_FAILURES = 10
"""Sentences on golden vectors."""
_LONGEST_CODE = 64


def segmentation(spec: SegmenterSpec, header: dict[str, Any], arrays: list[NDArray[Any]]) -> Segmentation:
    """A segmenter's answer; raises one of `MALFORMED`."""
    (values,) = arrays
    return Segmentation(mask=Mask(structure=spec.structure, values=_sized(values)), **_common(header))


def detection(header: dict[str, Any], arrays: list[NDArray[Any]]) -> Detection:
    """A detector's answer before anybody asks whether it fits the question; raises one of `MALFORMED`."""
    prediction = Prediction(probabilities=header["probabilities"])
    return Detection(prediction=prediction, maps=_maps(header["maps"], arrays), **_common(header))


def failure(header: dict[str, Any]) -> tuple[str, str]:
    """Code and sentence of what a child says went wrong, in one line that can be shown."""
    code, text = str(header.get("code")), shown_text(str(header.get("text")))
    known = len(code) <= _LONGEST_CODE and re.fullmatch(CODE, code) is not None
    return code if known else "model-failed", text


def _common(header: dict[str, Any]) -> dict[str, Any]:
    device, seconds_s = str(header["device"]), float(header["seconds_s"])
    if not re.fullmatch(r"[a-z0-9:]{1,16}", device):
        raise ValueError("it names no device")
    if not (math.isfinite(seconds_s) and seconds_s >= 0):
        raise ValueError(f"it took {seconds_s} s")
    words = {name: shown_text(str(header[name])) for name in ("note", "engine")}
    proof = header["proof"]
    if proof is not None:
        proof = tuple(shown_text(str(text)) for text in proof[:MOST_FAILURES])
    return {"device": device, "seconds_s": seconds_s, "proof": proof, **words}


def _maps(told: list[dict[str, Any]], arrays: list[NDArray[Any]]) -> tuple[tuple[SaliencyMap, Rendering | None], ...]:
    if len(told) > MOST_MAPS:
        raise ValueError(f"it gave {len(told)} maps, more than {MOST_MAPS}")
    parts = iter(arrays)
    maps = []
    points = 0
    for item in told:
        values = _sized(next(parts))
        saliency = SaliencyMap(
            finding=shown_text(str(item["finding"])), values=values, box=_box(item["box"]), film=int(item["film"])
        )
        drawn = None if item["rendering"] is None else _rendering(item["rendering"], parts)
        points += sum(len(line) for line in drawn.contours) if drawn is not None else 0
        if points > MOST_POINTS:
            raise ValueError(f"its contours have more than {MOST_POINTS} points")
        maps.append((saliency, drawn))
    return tuple(maps)


def _rendering(drawn: dict[str, Any], parts: Any) -> Rendering:
    contours = int(drawn["contours"])
    if max(contours, len(drawn["boxes"])) > MOST_SHAPES:
        raise ValueError(f"a rendering has at most {MOST_SHAPES} contours and boxes")
    made = Rendering(
        image=_sized(next(parts)) if drawn["image"] else None,
        contours=tuple(_line(next(parts)) for _ in range(contours)),
        boxes=tuple(_box(box) for box in drawn["boxes"]),
    )
    length = sum(2 * (box.x1 - box.x0 + box.y1 - box.y0) for box in made.boxes)
    length += sum(float(np.abs(np.diff(line, axis=0)).sum()) for line in made.contours)
    if length > LONGEST_LINES:
        raise ValueError("its contours and boxes are longer than can be drawn")
    return made


def _line(points: NDArray[Any]) -> NDArray[Any]:
    """A contour; painting one that leads a thousand films away takes for ever."""
    if len(points) and not (points.min() >= -1 and points.max() <= 2):
        raise ValueError("a contour leads far out of the film")
    return points


def _sized(values: NDArray[Any]) -> NDArray[Any]:
    most = MOST_VALUES * (4 if values.dtype == np.uint8 else 1)  # a picture has four values in each place
    if values.size > most:
        raise ValueError(f"an array of {values.shape} is more than can be shown")
    if values.ndim > 1 and (max(values.shape[:2]) > LONGEST_SIDE or 0 in values.shape):
        raise ValueError(f"an array of {values.shape} has a side that cannot be shown")
    return values


def _box(sides: list[float]) -> Box:
    x0, y0, x1, y1 = (float(side) for side in sides)
    return Box(x0=x0, y0=y0, x1=x1, y1=y1)
