"""Values to presentation state files (DICOM PS3.3 A.33.1)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.sequence import Sequence as Items
from pydicom.tag import Tag
from pydicom.uid import ExplicitVRLittleEndian, GrayscaleSoftcopyPresentationStateStorage, generate_uid

import cxrdesk
from cxrdesk.imaging.dicom_checks import is_colour
from cxrdesk.imaging.dicom_values import numbers, text
from cxrdesk.imaging.gsps import DisplayedArea, Graphic, PresentationState, Text
from cxrdesk.imaging.presentation import Shutter
from cxrdesk.imaging.radiograph import ModalityLut
from cxrdesk.imaging.voi import Voi, Window

_LAYER = "CXRDESK"
_REFERRED = ("SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID")
_OF_PATIENT_AND_STUDY = (
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex",
    "StudyInstanceUID", "StudyDate", "StudyTime", "ReferringPhysicianName", "StudyID", "AccessionNumber",
)  # fmt: skip
_LARGEST_P_VALUE = 65535
_LONGEST_TEXT = 1024  # of ST


def state_dataset(state: PresentationState, film: Dataset, *, frame: int | None = None) -> FileDataset:
    """Make a presentation state for a film.

    Parameters
    ----------
    state : PresentationState
        The shutter's bitmap and overlays of its own are not written: a screen has none of them.
    film : Dataset
        Header of the film, from `cxrdesk.imaging.dicom.read_header`: whose it is, and to what it refers.
    frame : int or None
        The frame that is meant, counted from 0; None for all.

    Returns
    -------
    FileDataset
        To be saved with ``save_as(path, enforce_file_format=True)``. It names the film's patient.

    Raises
    ------
    ValueError
        If the film has no UIDs to refer to or is a colour picture, or the state has what is not written.
    """
    if state.overlays or (state.shutter and state.shutter.bitmap):
        raise ValueError("bitmap shutters and overlays of the state's own are not written")
    if is_colour(film):
        raise ValueError("a grayscale state is for grayscale films")
    if not all(text(film, keyword, []) for keyword in _REFERRED):
        raise ValueError("the film has no UIDs to refer to")
    ds = _new(film)
    ds.InstanceNumber = 1
    ds.ContentLabel = state.label
    ds.ContentDescription = state.description
    ds.ContentCreatorName = ""
    ds.ReferencedSeriesSequence = Items([_series(film, frame)])
    _write_modality(ds, state.modality_lut)
    if state.voi is not None:
        ds.SoftcopyVOILUTSequence = Items([_voi_item(state.voi)])
    if state.presentation_lut is not None:
        ds.PresentationLUTSequence = Items([_lut_item(_entries(state.presentation_lut), 0)])
    else:
        ds.PresentationLUTShape = "INVERSE" if state.inverse else "IDENTITY"
    ds.ImageRotation = state.rotation
    ds.ImageHorizontalFlip = "Y" if state.flipped else "N"
    area = state.area or DisplayedArea(box=(0, 0, int(film.Columns), int(film.Rows)))
    ds.DisplayedAreaSelectionSequence = Items([_area_item(area, state, film)])
    if state.shutter is not None:
        _write_shutter(ds, state.shutter)
    for group in state.overlay_groups:
        ds.add_new(Tag(group, 0x1001), "CS", _LAYER)
    if state.graphics or state.texts:
        ds.GraphicAnnotationSequence = Items([_annotation(state.graphics, state.texts)])
    if state.graphics or state.texts or state.overlay_groups:
        layer = Dataset()
        layer.GraphicLayer, layer.GraphicLayerOrder = _LAYER, 1
        ds.GraphicLayerSequence = Items([layer])
    return ds


def _new(film: Dataset) -> FileDataset:
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = GrayscaleSoftcopyPresentationStateStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    ds = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    ds.SpecificCharacterSet = "ISO_IR 192"  # names and texts of any script
    for keyword in _OF_PATIENT_AND_STUDY:
        setattr(ds, keyword, text(film, keyword, []) or "")
    now = datetime.now()
    ds.SOPClassUID, ds.SOPInstanceUID = GrayscaleSoftcopyPresentationStateStorage, meta.MediaStorageSOPInstanceUID
    ds.PresentationCreationDate, ds.PresentationCreationTime = now.strftime("%Y%m%d"), now.strftime("%H%M%S")
    ds.Modality, ds.SeriesInstanceUID, ds.SeriesNumber = "PR", generate_uid(), None
    ds.Manufacturer, ds.ManufacturerModelName = "cxrdesk", "cxrdesk"
    ds.SoftwareVersions = cxrdesk.__version__
    return ds


def _series(film: Dataset, frame: int | None) -> Dataset:
    image, series = Dataset(), Dataset()
    image.ReferencedSOPClassUID, image.ReferencedSOPInstanceUID = film.SOPClassUID, film.SOPInstanceUID
    if frame is not None:
        image.ReferencedFrameNumber = frame + 1
    series.SeriesInstanceUID, series.ReferencedImageSequence = film.SeriesInstanceUID, Items([image])
    return series


def _write_modality(ds: Dataset, lut: ModalityLut) -> None:
    if lut.table is not None:
        item = _lut_item(np.rint(lut.table).astype(np.uint16), lut.first)
        item.ModalityLUTType = "US"
        ds.ModalityLUTSequence = Items([item])
    elif (lut.slope, lut.intercept) != (1.0, 0.0):
        ds.RescaleSlope, ds.RescaleIntercept, ds.RescaleType = _decimal(lut.slope), _decimal(lut.intercept), "US"


def _voi_item(voi: Voi) -> Dataset:
    item = Dataset()
    if isinstance(voi, Window):
        item.WindowCenter, item.WindowWidth = _decimal(voi.center), _decimal(voi.width)
        item.VOILUTFunction = voi.function.value
        if voi.explanation:
            item.WindowCenterWidthExplanation = voi.explanation[:64]
        return item
    lut = _lut_item(_entries(voi.table), voi.first)
    if voi.explanation:
        lut.LUTExplanation = voi.explanation[:64]
    item.VOILUTSequence = Items([lut])
    return item


def _entries(table: NDArray[np.float32]) -> NDArray[np.uint16]:
    return np.rint(np.clip(table, 0, 1) * _LARGEST_P_VALUE).astype(np.uint16)


def _lut_item(entries: NDArray[np.uint16], first: int) -> Dataset:
    item = Dataset()
    item.add_new("LUTDescriptor", "SS" if first < 0 else "US", _descriptor(len(entries), first))
    item.add_new("LUTData", "OW", entries.astype("<u2").tobytes())
    return item


def _descriptor(count: int, first: int) -> list[int]:
    count %= 65536  # 0 says 65536
    # A negative first value makes all three signed (PS3.3 C.11.1.1).
    return [count - 65536 if first < 0 and count > 32767 else count, first, 16]


def _area_item(area: DisplayedArea, state: PresentationState, film: Dataset) -> Dataset:
    x0, y0, x1, y1 = area.box
    corners: list[tuple[int, int]] = [(x, y) for x in (round(x0) + 1, max(round(x1), round(x0) + 1))
               for y in (round(y0) + 1, max(round(y1), round(y0) + 1))]  # fmt: skip
    cos, sin = {0: (1, 0), 90: (0, 1), 180: (-1, 0), 270: (0, -1)}[state.rotation]
    side = -1 if state.flipped else 1

    # How far down and to the right a pixel lies once the film is turned and flipped, and which one it is.
    lying = [(side * (cos * x - sin * y) + sin * x + cos * y, x, y) for x, y in corners]
    item = Dataset()
    item.DisplayedAreaTopLeftHandCorner = list(min(lying)[1:])
    item.DisplayedAreaBottomRightHandCorner = list(max(lying)[1:])
    item.PresentationSizeMode = area.mode
    spacing = numbers(film, "PixelSpacing", []) or numbers(film, "ImagerPixelSpacing", [])
    if len(spacing) == 2 and min(spacing) > 0:
        item.PresentationPixelSpacing = [_decimal(value) for value in spacing]
    else:
        item.PresentationPixelAspectRatio = [1, 1]
    if area.mode == "MAGNIFY":
        item.PresentationPixelMagnificationRatio = area.magnification or 1.0
    return item


def _write_shutter(ds: Dataset, shutter: Shutter) -> None:
    shapes = []
    if shutter.rectangle is not None:
        shapes.append("RECTANGULAR")
        top, left, bottom, right = shutter.rectangle
        ds.ShutterUpperHorizontalEdge, ds.ShutterLeftVerticalEdge = top + 1, left + 1
        ds.ShutterLowerHorizontalEdge, ds.ShutterRightVerticalEdge = bottom, right
    if shutter.circle is not None:
        shapes.append("CIRCULAR")
        x, y, radius = shutter.circle
        ds.CenterOfCircularShutter, ds.RadiusOfCircularShutter = [round(y + 0.5), round(x + 0.5)], round(radius)
    if shutter.polygon:
        shapes.append("POLYGONAL")
        ds.VerticesOfThePolygonalShutter = [round(value + 0.5) for x, y in shutter.polygon for value in (y, x)]
    ds.ShutterShape = shapes
    ds.ShutterPresentationValue = round(shutter.gray * _LARGEST_P_VALUE)


def _annotation(graphics: Sequence[Graphic], texts: Sequence[Text]) -> Dataset:
    item = Dataset()
    item.GraphicLayer = _LAYER
    if graphics:
        item.GraphicObjectSequence = Items([_graphic_item(graphic) for graphic in graphics])
    if texts:
        item.TextObjectSequence = Items([_text_item(words) for words in texts])
    return item


def _graphic_item(graphic: Graphic) -> Dataset:
    item = Dataset()
    item.GraphicAnnotationUnits = "PIXEL" if graphic.on_film else "DISPLAY"
    item.GraphicDimensions, item.NumberOfGraphicPoints = 2, len(graphic.points)
    item.GraphicData = [float(value) for point in graphic.points for value in point]
    item.GraphicType = graphic.kind
    if graphic.kind in ("CIRCLE", "ELLIPSE") or graphic.points[0] == graphic.points[-1]:
        item.GraphicFilled = "Y" if graphic.filled else "N"
    return item


def _text_item(words: Text) -> Dataset:
    item = Dataset()
    units = "PIXEL" if words.on_film else "DISPLAY"
    item.UnformattedTextValue = words.text.replace("\n", "\r\n")[:_LONGEST_TEXT]
    if words.box is not None:
        item.BoundingBoxAnnotationUnits = units
        item.BoundingBoxTopLeftHandCorner = [float(value) for value in words.box[0]]
        item.BoundingBoxBottomRightHandCorner = [float(value) for value in words.box[1]]
        item.BoundingBoxTextHorizontalJustification = "LEFT"
    if words.anchor is not None:
        item.AnchorPointAnnotationUnits = units
        item.AnchorPoint = [float(value) for value in words.anchor]
        item.AnchorPointVisibility = "Y" if words.pointing else "N"
    return item


def _decimal(value: float) -> str:
    """A DS of at most 16 characters."""
    exact = repr(float(value))
    return exact if len(exact) <= 16 else f"{value:.10g}"
