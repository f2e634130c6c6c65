"""Presentation state files to values (DICOM PS3.3 A.33.1)."""

from __future__ import annotations

from bisect import bisect_right
from datetime import datetime
from itertools import accumulate
from pathlib import Path
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.tag import Tag
from pydicom.uid import GrayscaleSoftcopyPresentationStateStorage

from cxrdesk.imaging.dicom_file import read_file
from cxrdesk.imaging.dicom_luts import lut_table, read_modality_lut, read_vois
from cxrdesk.imaging.dicom_overlays import FIRST_GROUP, LAST_GROUP, read_overlay
from cxrdesk.imaging.dicom_shutters import read_shutter
from cxrdesk.imaging.dicom_values import UNREADABLE, integer, items, number, numbers, text, values
from cxrdesk.imaging.errors import FilmError
from cxrdesk.imaging.gsps import DisplayedArea, Graphic, GraphicKind, PresentationState, Text
from cxrdesk.imaging.notices import collect_warnings
from cxrdesk.imaging.presentation import Overlay, Point

_ACTIVATION = 0x1001
_MODES = ("SCALE TO FIT", "TRUE SIZE", "MAGNIFY")
_MOST_POINTS, _MOST_TEXTS = 20_000, 500
"""More would hold the window up whenever it is painted."""
_KINDS = ("POINT", "POLYLINE", "INTERPOLATED", "CIRCLE", "ELLIPSE")


def read_state_file(path: Path | str) -> Dataset:
    """Read a presentation state.

    Raises
    ------
    FilmError
        ``not-a-presentation-state``, ``missing-file``, ``is-a-folder``, ``unreadable``, ``not-dicom``, ``truncated`` or
        ``too-large``.
    """
    path = Path(path)
    ds = read_file(path, stop_before_pixels=False)
    with collect_warnings():
        sop_class = text(ds, "SOPClassUID", []) or text(ds.file_meta, "MediaStorageSOPClassUID", [])
    if sop_class != GrayscaleSoftcopyPresentationStateStorage:
        raise FilmError("not-a-presentation-state", f"{path.name} is no grayscale presentation state; choose another.")
    return ds


def references_of(ds: Dataset) -> dict[str, frozenset[int]]:
    """SOP Instance UIDs of the films that a state is for, with the frames counted from 0; none of them is all."""
    found: dict[str, frozenset[int]] = {}
    with collect_warnings():
        for series in items(ds, "ReferencedSeriesSequence", []):
            for image in items(series, "ReferencedImageSequence", []):
                if uid := text(image, "ReferencedSOPInstanceUID", []):
                    frames = frozenset(int(frame) - 1 for frame in numbers(image, "ReferencedFrameNumber", []))
                    known = found.get(uid)
                    found[uid] = frames if known is None else frames | known if frames and known else frozenset()
    return found


def created_of(ds: Dataset) -> datetime | None:
    """Presentation Creation Date (0070,0082) and Time (0070,0083); None where they tell no time."""
    with collect_warnings():
        day, clock = text(ds, "PresentationCreationDate", []) or "", text(ds, "PresentationCreationTime", []) or ""
    try:
        return datetime.strptime(day[:8] + clock[:6].ljust(6, "0"), "%Y%m%d%H%M%S")
    except ValueError:
        return None


def state_for(ds: Dataset, instance_uid: str, *, frame: int = 0) -> PresentationState | None:
    """What a state says of one frame of a film; None where it is not for that frame.

    Parameters
    ----------
    ds : Dataset
        From `read_state_file`.
    instance_uid : str
        SOP Instance UID (0008,0018) of the film.
    frame : int
        Counted from 0.
    """
    with collect_warnings():
        if not any(_refers(series, instance_uid, frame) for series in items(ds, "ReferencedSeriesSequence", [])):
            return None
        return _state(ds, instance_uid, frame)


def _state(ds: Dataset, instance_uid: str, frame: int) -> PresentationState:
    notes: list[str] = []

    def concerned(keyword: str) -> list[Dataset]:
        return [item for item in items(ds, keyword, notes) if _refers(item, instance_uid, frame)]

    vois = [voi for item in concerned("SoftcopyVOILUTSequence")[:1] for voi in read_vois(item, notes)]
    areas = [_area(item, notes) for item in concerned("DisplayedAreaSelectionSequence")[:1]]
    graphics, texts = _annotations(ds, concerned("GraphicAnnotationSequence"), notes)
    groups, overlays = _overlays(ds, notes)
    rotation = integer(ds, "ImageRotation", notes) or 0
    if rotation % 90:
        notes.append("Image Rotation (0070,0042) is no quarter turn and was ignored")
        rotation = 0
    return PresentationState(
        label=text(ds, "ContentLabel", notes) or "",
        description=text(ds, "ContentDescription", notes) or "",
        modality_lut=read_modality_lut(ds, notes),
        voi=vois[0] if vois else None,
        inverse=text(ds, "PresentationLUTShape", notes) == "INVERSE",
        presentation_lut=_presentation_lut(ds, notes),
        shutter=read_shutter(ds, name="the presentation state", notes=notes),
        overlay_groups=groups,
        overlays=overlays,
        rotation=cast(Literal[0, 90, 180, 270], rotation % 360),
        flipped=text(ds, "ImageHorizontalFlip", notes) == "Y",
        area=areas[0] if areas else None,
        graphics=graphics,
        texts=texts,
        notes=tuple(dict.fromkeys(notes)),
    )


def _refers(item: Dataset, instance_uid: str, frame: int) -> bool:
    """Whether an item is for a frame of a film: it is for all where it refers to none."""
    images = items(item, "ReferencedImageSequence", [])
    for image in images:
        if text(image, "ReferencedSOPInstanceUID", []) == instance_uid:
            frames = numbers(image, "ReferencedFrameNumber", [])
            return not frames or frame + 1 in frames
    return not images


def _presentation_lut(ds: Dataset, notes: list[str]) -> NDArray[np.float32] | None:
    for item in items(ds, "PresentationLUTSequence", notes)[:1]:
        try:
            entries, _, bits = lut_table(item)
            return (entries / (2.0**bits - 1)).astype(np.float32)
        except UNREADABLE:
            notes.append("Presentation LUT Sequence (2050,0010) is not usable and was ignored")
    return None


def _area(item: Dataset, notes: list[str]) -> DisplayedArea | None:
    first = numbers(item, "DisplayedAreaTopLeftHandCorner", notes)
    last = numbers(item, "DisplayedAreaBottomRightHandCorner", notes)
    mode = text(item, "PresentationSizeMode", notes)
    if len(first) != 2 or len(last) != 2 or mode not in _MODES:
        notes.append("the displayed area is not usable and was left out")
        return None
    # The corners are those of the turned film; pixels are counted from 1, and the last one is shown.
    (x0, x1), (y0, y1) = sorted((first[0], last[0])), sorted((first[1], last[1]))
    magnification = number(item, "PresentationPixelMagnificationRatio", notes)
    return DisplayedArea(
        box=(x0 - 1, y0 - 1, x1, y1),
        mode=cast(Literal["SCALE TO FIT", "TRUE SIZE", "MAGNIFY"], mode),
        magnification=magnification if mode == "MAGNIFY" else None,
    )


def _annotations(
    ds: Dataset, annotations: list[Dataset], notes: list[str]
) -> tuple[tuple[Graphic, ...], tuple[Text, ...]]:
    """Graphics and texts, those of lower layers first."""
    layers = items(ds, "GraphicLayerSequence", notes)
    order = {text(layer, "GraphicLayer", []): integer(layer, "GraphicLayerOrder", []) or 0 for layer in layers}
    annotations = sorted(annotations, key=lambda item: order.get(text(item, "GraphicLayer", []), 0))
    graphics: list[Graphic] = []
    texts: list[Text] = []
    for annotation in annotations:
        for item in items(annotation, "GraphicObjectSequence", notes):
            try:
                graphics.append(_graphic(item, notes))
            except UNREADABLE:
                notes.append("a graphic is not usable and was left out")
        for item in items(annotation, "TextObjectSequence", notes):
            try:
                texts.append(_text_object(item, notes))
            except UNREADABLE:
                notes.append("a text is not usable and was left out")
        if "CompoundGraphicSequence" in annotation:
            notes.append("compound graphics were left out; the plain ones beside them are shown")
    drawn = list(accumulate(len(graphic.points) for graphic in graphics))
    kept = bisect_right(drawn, _MOST_POINTS)
    if kept < len(graphics) or len(texts) > _MOST_TEXTS:
        notes.append(f"of its {len(graphics)} graphics and {len(texts)} texts only the first are shown")
    return tuple(graphics[:kept]), tuple(texts[:_MOST_TEXTS])


def _graphic(item: Dataset, notes: list[str]) -> Graphic:
    kind = text(item, "GraphicType", notes)
    if kind not in _KINDS:
        raise ValueError("no such graphic")
    return Graphic(
        kind=cast(GraphicKind, kind),
        points=_points(numbers(item, "GraphicData", notes)),
        filled=text(item, "GraphicFilled", notes) == "Y",
        on_film=text(item, "GraphicAnnotationUnits", notes) != "DISPLAY",
    )


def _text_object(item: Dataset, notes: list[str]) -> Text:
    anchor = _points(numbers(item, "AnchorPoint", notes))
    first = _points(numbers(item, "BoundingBoxTopLeftHandCorner", notes))
    last = _points(numbers(item, "BoundingBoxBottomRightHandCorner", notes))
    boxed = bool(first and last)
    units = [text(item, f"{part}AnnotationUnits", notes) == "DISPLAY" for part in ("AnchorPoint", "BoundingBox")]
    if anchor and boxed and units[0] != units[1]:
        notes.append("what a text points at was left out: it is told in other units than where the text stands")
        anchor = ()
    words = str((values(item, "UnformattedTextValue", notes) or [""])[0])
    return Text(
        text=words.replace("\r\n", "\n").rstrip(),
        anchor=anchor[0] if anchor else None,
        box=(first[0], last[0]) if boxed else None,
        pointing=bool(anchor) and text(item, "AnchorPointVisibility", notes) == "Y",
        on_film=not units[0 if anchor else 1],
    )


def _points(data: list[float]) -> tuple[Point, ...]:
    return tuple(zip(data[::2], data[1::2], strict=True))


def _overlays(ds: Dataset, notes: list[str]) -> tuple[tuple[int, ...], tuple[Overlay, ...]]:
    """Groups that the state makes visible, and the planes among them that it holds itself."""
    groups = tuple(group for group in range(FIRST_GROUP, LAST_GROUP + 1, 2) if _activated(ds, group))
    found = (
        read_overlay(ds, group, name="the presentation state", notes=notes)
        for group in groups
        if Tag(group, 0x3000) in ds
    )
    return groups, tuple(overlay for overlay in found if overlay is not None)


def _activated(ds: Dataset, group: int) -> bool:
    """Whether Overlay Activation Layer (60xx,1001) names a layer."""
    tag = Tag(group, _ACTIVATION)
    try:
        return tag in ds and bool(str(ds[tag].value or "").strip())
    except UNREADABLE:
        return False
