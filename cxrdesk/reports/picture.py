"""A film with its outlines and saliency maps as one picture, with what must be said burnt into its margin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from cxrdesk import DISCLAIMER, __version__
from cxrdesk.api import FINDINGS, STRUCTURES, Box, DetectorSpec, Evidence, Radiograph, SegmenterSpec
from cxrdesk.api.spec import NEGATIVE_SENTENCE
from cxrdesk.imaging.display import apply_table, display_table
from cxrdesk.imaging.maps import colour_table, opacity_table, outlines, table_index
from cxrdesk.inference.result import DetectorResult, FindingResult, MaskResult, SaliencyResult, Status

Picture = NDArray[np.uint8]
SIDE = 900
"""Longest side of a drawn film in pixels; a film is never enlarged beyond `_MOST_ENLARGED`."""
_MOST_ENLARGED = 2.0
_NARROWEST = 640
_GAP, _BAR, _BAR_LABELS, _TEXT = 16, 18, 64, 15
_OUTLINE = (64, 224, 208)
_PLUGIN_LINE = (255, 196, 64)
_STRONGEST_ALPHA = 0.6
_BACKGROUND, _INK, _WARNING = (16, 16, 18), (214, 214, 214), (255, 205, 96)


@dataclass(frozen=True, kw_only=True)
class _Shown:
    spec: DetectorSpec
    finding: FindingResult
    saliency: SaliencyResult


def film_picture(
    film: Radiograph, *, title: str, masks: Sequence[MaskResult] = (), detectors: Sequence[DetectorResult] = ()
) -> Picture:
    """The film with outlines; beside it once more for each saliency map; below it what the detectors said.

    A map's colour is its share of the bundle's reference value, cut at 1, as the bar beside it says; the map's own
    largest value plays no part. A map without a reference is named in the margin alone.

    Parameters
    ----------
    title : str
        First line of the margin, for instance the file's name.

    Returns
    -------
    ndarray of uint8, shape (rows, cols, 3)
        RGB.
    """
    gray, size = _drawn_film(film)
    plain = np.asarray(cv2.cvtColor(gray, cv2.COLOR_GRAY2RGB), np.uint8)
    lung_lines = [line for mask in masks if mask.mask is not None for line in outlines(mask.mask.values, size)]
    panels = [_with_lines(plain, lung_lines, _OUTLINE)]
    for item in filter(_is_drawn, _maps(film, detectors)):
        panels.append(_with_scale(_with_lines(_with_map(plain, item), lung_lines, _OUTLINE), item))
    picture = _side_by_side(panels)
    if (missing := _NARROWEST - picture.shape[1]) > 0:
        filler = np.full((picture.shape[0], missing, 3), _BACKGROUND, np.uint8)
        picture = np.hstack([picture, filler])
    lines = _lines(film, title, masks, detectors)
    return np.vstack([picture, _margin(lines, picture.shape[1])])


def alpha_table() -> NDArray[np.float32]:
    """Opacity of a map over the film by share of the reference, float32 (256,)."""
    return np.float32(_STRONGEST_ALPHA) * opacity_table()


def blended(base: Picture, saliency: SaliencyResult) -> Picture:
    """A map drawn over `base` (rows, cols, 3), which shows the whole film; unchanged where the map has no reference."""
    if not saliency.reference:
        return base
    out = base.copy()
    top, left, bottom, right = _pixels(saliency.map.box, base)
    size = (right - left, bottom - top)
    values = np.asarray(cv2.resize(saliency.map.values, size, interpolation=cv2.INTER_LINEAR), np.float32)
    index = table_index(values, saliency.reference)
    alpha = alpha_table()[index][..., np.newaxis]
    part = out[top:bottom, left:right]
    part[:] = np.rint((1 - alpha) * part + alpha * colour_table()[index]).astype(np.uint8)
    return out


def _drawn_film(film: Radiograph) -> tuple[Picture, tuple[int, int]]:
    rows, cols = film.shape
    factor = min(SIDE / max(rows, cols), _MOST_ENLARGED)
    size = (max(1, round(rows * factor)), max(1, round(cols * factor)))
    gray = apply_table(film.stored, display_table(film, film.voi))
    method = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(gray, (size[1], size[0]), interpolation=method)), size


def _maps(film: Radiograph, detectors: Sequence[DetectorResult]) -> list[_Shown]:
    return [
        _Shown(spec=result.spec, finding=found, saliency=item)
        for result in detectors
        for found in result.findings
        for item in found.saliency
        if result.films[item.map.film] == film.digest
    ]


def _is_drawn(item: _Shown) -> bool:
    """Whether a map has a scale, or its plugin draws it."""
    return bool(item.saliency.reference) or item.saliency.rendering is not None


def _with_map(base: Picture, item: _Shown) -> Picture:
    drawing = item.saliency.rendering
    if drawing is None:
        return blended(base, item.saliency)
    out = base.copy()
    if drawing.image is not None:
        top, left, bottom, right = _pixels(item.saliency.map.box, base)
        image = cv2.resize(drawing.image, (right - left, bottom - top), interpolation=cv2.INTER_LINEAR)
        alpha = image[..., 3:].astype(np.float32) / 255
        part = out[top:bottom, left:right]
        part[:] = np.rint((1 - alpha) * part + alpha * image[..., :3]).astype(np.uint8)
    size = np.array([base.shape[1], base.shape[0]])
    out = _with_lines(out, [line * size for line in drawing.contours], _PLUGIN_LINE)
    for box in drawing.boxes:
        top, left, bottom, right = _pixels(box, base)
        cv2.rectangle(out, (left, top), (right - 1, bottom - 1), _PLUGIN_LINE, 2, cv2.LINE_AA)
    return out


def _pixels(box: Box, picture: Picture) -> tuple[int, int, int, int]:
    """(top, left, bottom, right), at least one pixel."""
    rows, cols = picture.shape[:2]
    top, left = min(round(box.y0 * rows), rows - 1), min(round(box.x0 * cols), cols - 1)
    return top, left, max(top + 1, round(box.y1 * rows)), max(left + 1, round(box.x1 * cols))


def _with_lines(picture: Picture, lines: Sequence[NDArray[np.floating]], colour: tuple[int, int, int]) -> Picture:
    out = picture.copy()
    # cv2 counts from the first pixel's center, in sixteenths here.
    points = [np.rint((np.asarray(line) - 0.5) * 16).astype(np.int32) for line in lines]
    cv2.polylines(out, points, True, colour, 2, cv2.LINE_AA, 4)
    return out


def _with_scale(panel: Picture, item: _Shown) -> Picture:
    """The panel with a bar of the map's unit at its right; without a bar where there is no unit."""
    rows = panel.shape[0]
    strip = np.full((rows, _GAP + _BAR + _BAR_LABELS, 3), _BACKGROUND, np.uint8)
    if item.saliency.reference:
        index = np.linspace(255, 0, rows).astype(np.uint8)
        # On the middle gray of a film, as the map itself lies on one.
        alpha = alpha_table()[index][:, np.newaxis]
        bar = np.rint((1 - alpha) * 128 + alpha * colour_table()[index]).astype(np.uint8)
        strip[:, _GAP : _GAP + _BAR] = bar[:, np.newaxis]
        image = Image.fromarray(strip)
        draw, font = ImageDraw.Draw(image), _font(_TEXT - 2)
        for share in (1.0, 0.75, 0.5, 0.25, 0.0):
            y = (1 - share) * (rows - 1)
            y = min(max(y, _TEXT / 2), rows - _TEXT / 2)
            label = f">= {share:.2f}" if share == 1.0 else f"{share:.2f}"
            draw.text((_GAP + _BAR + 4, y), label, fill=_INK, font=font, anchor="lm")
        strip = np.array(image)
    return np.hstack([panel, strip])


def _side_by_side(panels: Sequence[Picture]) -> Picture:
    rows = panels[0].shape[0]
    gap = np.full((rows, _GAP, 3), _BACKGROUND, np.uint8)
    parts: list[Picture] = []
    for panel in panels:
        parts += [gap, panel]
    return np.hstack([*parts, gap])


def _lines(
    film: Radiograph, title: str, masks: Sequence[MaskResult], detectors: Sequence[DetectorResult]
) -> list[tuple[str, tuple[int, int, int]]]:
    lines = [(f"{DISCLAIMER}.", _WARNING)]
    if film.source == "phantom":
        lines.append(("Simulated film (phantom): shows no patient.", _WARNING))
    lines.append((title, _INK))
    for mask in masks:
        name = STRUCTURES[mask.spec.structure].name
        told = f"line = {name.lower()}" if mask.mask is not None else _why(mask)
        lines.append(
            (f"{name} ({mask.spec.id} {mask.spec.version}, {evidence_words(mask.spec.evidence)}): {told}", _INK)
        )
    for result in detectors:
        if result.status is not Status.DONE:
            names = ", ".join(FINDINGS[finding].name for finding in result.spec.findings)
            lines.append((f"{names} ({result.spec.id} {result.spec.version}): {_why(result)}", _INK))
            continue
        lines += [(_said(result.spec, found), _INK) for found in result.findings]
        lines.append((f"{sentence(result.spec.looks_for)} {NEGATIVE_SENTENCE}", _INK))
    bare: dict[str, list[_Shown]] = {}
    for item in _maps(film, detectors):
        if _is_drawn(item):
            lines.append((_map_words(item), _INK))
        else:
            bare.setdefault(item.spec.id, []).append(item)
    lines += [(_undrawn_words(items), _INK) for items in bare.values()]
    done: list[SegmenterSpec | DetectorSpec] = [mask.spec for mask in masks if mask.status is Status.DONE]
    done += [result.spec for result in detectors if result.status is Status.DONE]
    for evidence in dict.fromkeys(spec.evidence for spec in done):
        who = ", ".join(spec.id for spec in done if spec.evidence is evidence)
        lines.append((f"Evidence of {who}: {evidence_words(evidence)}. {evidence.sentence}", _WARNING))
    lines.append((f"cxrdesk {__version__}; film {film.digest[:16]}", _INK))
    return lines


def sentence(text: str) -> str:
    """A publisher's words with a capital and a full stop, so that ours can follow."""
    text = text.strip()
    return f"{text[:1].upper()}{text[1:]}" + ("" if text.endswith((".", "!", "?")) else ".")


def evidence_words(evidence: Evidence) -> str:
    """The level, and whose claim it is."""
    claimed = evidence in (Evidence.INTERNAL, Evidence.EXTERNAL)
    return f"{evidence.value}, claimed by the publisher" if claimed else evidence.value


def _why(result: MaskResult | DetectorResult) -> str:
    why = " ".join(f"{reason.text} [{reason.code}]" for reason in result.reasons)
    word = {Status.REFUSED: "not run", Status.FAILED: "failed", Status.CANCELLED: "cancelled"}[result.status]
    return f"{word}. {why}".strip()


def _said(spec: DetectorSpec, found: FindingResult) -> str:
    kind = "score, not calibrated," if found.calibration == "none" else "calibrated probability"
    text = f"{FINDINGS[found.finding].name} ({spec.id} {spec.version}): {kind} {found.probability:.3f}, {found.call}"
    if (point := found.operating_point) is not None:
        sensitivity, specificity = (share or "not published" for share in (point.sensitivity, point.specificity))
        text += (
            f" at '{point.name}' (positive at {point.threshold:.3f} and above; sensitivity {sensitivity},"
            f" specificity {specificity}, measured on {point.measured_on})"
        )
    return " ".join([f"{text}.", *(f"{reason.text} [{reason.code}]" for reason in found.reasons)])


def _map_words(item: _Shown) -> str:
    method = item.spec.saliency.method if item.spec.saliency is not None else ""
    name = FINDINGS[item.finding.finding].name
    share = item.saliency.lung_share
    inside = "" if share is None else f" {share:.0%} of it lies inside the lungs."
    if item.saliency.rendering is not None:
        return f"Map of {name}, drawn by {item.spec.id} itself ({method}).{inside}"
    unit = f"colour = share of the reference value {item.saliency.reference:.4g} (99th percentile over positives)"
    return f"Map of {name}: {unit}; {method}.{inside}"


def _undrawn_words(items: Sequence[_Shown]) -> str:
    """Why a detector's maps without a reference are not shown."""
    spec = items[0].spec
    names = ", ".join(dict.fromkeys(FINDINGS[item.finding.finding].name for item in items))
    text = f"Maps of {names} ({spec.id}) are not drawn: they have no reference value and so no scale"
    measure = f"; measure it: cxrdesk train {spec.id}" if spec.evidence is Evidence.UNMEASURED else ""
    return f"{text}{measure}."


def _margin(lines: Sequence[tuple[str, tuple[int, int, int]]], width: int) -> Picture:
    font = _font(_TEXT)
    wrapped = [(part, colour) for text, colour in lines for part in _wrapped(text, font, width - 2 * _GAP)]
    step = round(_TEXT * 1.4)
    image = Image.new("RGB", (width, step * len(wrapped) + 2 * _GAP), _BACKGROUND)
    draw = ImageDraw.Draw(image)
    for row, (text, colour) in enumerate(wrapped):
        draw.text((_GAP, _GAP + row * step), text, fill=colour, font=font)
    return np.array(image)


def _wrapped(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> list[str]:
    """Lines no wider than `width`; a word that is wider by itself is cut."""
    done, line = [], ""
    for word in text.encode("utf-8", errors="backslashreplace").decode().split():
        rest = word
        while rest:
            joined = f"{line} {rest}".strip()
            if font.getlength(joined) <= width:
                line, rest = joined, ""
            elif line:
                done.append(line)
                line = ""
            else:
                fits = next((n for n in range(len(rest) - 1, 1, -1) if font.getlength(rest[:n]) <= width), 1)
                done.append(rest[:fits])
                rest = rest[fits:]
    return [*done, line] if line else done


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
