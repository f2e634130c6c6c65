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
MALFORMED = (ValueError, KeyError, TypeError, IndexError, AttributeError, StopIteration)
"""What reading an answer that is none raises."""
MOST_VALUES = 1 << 24
"""Of one map, mask or picture: 4096 x 4096."""
MOST_MAPS = 512
MOST_SHAPES = 1000
"""Contours or boxes of one rendering."""
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
    for item in told:
        values = _sized(next(parts))
        saliency = SaliencyMap(
            finding=shown_text(str(item["finding"])), values=values, box=_box(item["box"]), film=int(item["film"])
        )
        drawn = item["rendering"]
        maps.append((saliency, None if drawn is None else _rendering(drawn, parts)))
    return tuple(maps)


def _rendering(drawn: dict[str, Any], parts: Any) -> Rendering:
    contours = int(drawn["contours"])
    if max(contours, len(drawn["boxes"])) > MOST_SHAPES:
        raise ValueError(f"a rendering has at most {MOST_SHAPES} contours and boxes")
    return Rendering(
        image=_sized(next(parts)) if drawn["image"] else None,
        contours=tuple(_sized(next(parts)) for _ in range(contours)),
        boxes=tuple(_box(box) for box in drawn["boxes"]),
    )


def _sized(values: NDArray[Any]) -> NDArray[Any]:
    most = MOST_VALUES * (4 if values.dtype == np.uint8 else 1)  # a picture has four values in each place
    if values.size > most:
        raise ValueError(f"an array of {values.shape} is more than can be shown")
    return values


def _box(sides: list[float]) -> Box:
    x0, y0, x1, y1 = (float(side) for side in sides)
    return Box(x0=x0, y0=y0, x1=x1, y1=y1)
