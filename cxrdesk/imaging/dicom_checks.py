"""What a DICOM file must be to be opened, told from its header alone."""

from __future__ import annotations

from pydicom import Dataset
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    MediaStorageDirectoryStorage,
)

from cxrdesk.imaging.codecs import COMPRESSED
from cxrdesk.imaging.dicom_values import integer, text
from cxrdesk.imaging.errors import FilmError
from cxrdesk.imaging.notices import collect_warnings

MOST_PIXELS = 100_000_000
"""Five times the largest detector's film; a header that claims more is broken or hostile."""

_RADIOGRAPH_CLASSES = {
    "1.2.840.10008.5.1.4.1.1.1",  # Computed Radiography
    "1.2.840.10008.5.1.4.1.1.1.1",  # Digital X-Ray, for presentation
    "1.2.840.10008.5.1.4.1.1.1.1.1",  # Digital X-Ray, for processing
}
_CAPTURE_CLASSES = {
    "1.2.840.10008.5.1.4.1.1.7",  # Secondary Capture
    "1.2.840.10008.5.1.4.1.1.7.1",  # Multi-frame Single Bit Secondary Capture
    "1.2.840.10008.5.1.4.1.1.7.2",  # Multi-frame Grayscale Byte Secondary Capture
    "1.2.840.10008.5.1.4.1.1.7.3",  # Multi-frame Grayscale Word Secondary Capture
    "1.2.840.10008.5.1.4.1.1.7.4",  # Multi-frame True Color Secondary Capture
}
_RADIOGRAPH_MODALITIES = {"CR", "DX", "RG", "DR"}
"""Of PS3.3 C.7.3.1.1.1; DR is no defined term there, but common."""

_COLOUR = ("RGB", "YBR", "PALETTE", "ARGB", "CMYK", "HSV", "XYB")
"""How colour values of Photometric Interpretation (0028,0004) start, PS3.3 C.7.6.3.1.2, retired ones too."""

_SHOWN_COLOUR = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_RCT", "YBR_ICT", "PALETTE COLOR")
_MOST_FRAMES = 10_000

_NATIVE = frozenset(
    {ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian}
)

_MODALITY_NAMES = {
    "CT": "computed tomography", "MR": "magnetic resonance", "US": "ultrasound", "PT": "positron emission tomography",
    "NM": "nuclear medicine", "MG": "mammography", "XA": "X-ray angiography", "RF": "radiofluoroscopy",
    "SR": "structured report", "SEG": "segmentation", "RTDOSE": "radiotherapy dose", "RTPLAN": "radiotherapy plan",
    "RTSTRUCT": "radiotherapy structure set", "PR": "presentation state", "ECG": "electrocardiogram",
    "IO": "intra-oral radiography", "PX": "panoramic X-ray",
}  # fmt: skip


def check_header(ds: Dataset, *, name: str) -> None:
    """Refuse what is not a radiograph, or cannot be shown, before anything is allocated for its pixels.

    Raises
    ------
    FilmError
        ``dicomdir``, ``not-a-radiograph``, ``no-pixels``, ``too-large``, ``unsupported-pixels``,
        ``unsupported-transfer-syntax`` or ``corrupt``.
    """
    with collect_warnings():
        _check_kind(ds, name)
        _check_layout(ds, name)
        _check_transfer_syntax(ds, name)


def is_colour(ds: Dataset) -> bool:
    """Whether a dataset's picture has colours, by its Samples per Pixel or its Photometric Interpretation."""
    photometric = text(ds, "PhotometricInterpretation", []) or ""
    return integer(ds, "SamplesPerPixel", []) not in (None, 1) or photometric.startswith(_COLOUR)


def frame_count(ds: Dataset) -> int:
    """Number of Frames (0028,0008), 1 where it is missing."""
    return max(1, integer(ds, "NumberOfFrames", []) or 1)


def _check_kind(ds: Dataset, name: str) -> None:
    ignored: list[str] = []
    sop_class = text(ds, "SOPClassUID", ignored) or text(ds.file_meta, "MediaStorageSOPClassUID", ignored)
    modality = text(ds, "Modality", ignored)
    if sop_class == MediaStorageDirectoryStorage:
        raise FilmError("dicomdir", f"{name} is the index of a disc, not a film; open the folder that holds it.")
    if sop_class in _CAPTURE_CLASSES:
        accepted = modality is None or modality == "OT" or modality in _RADIOGRAPH_MODALITIES
    elif sop_class in _RADIOGRAPH_CLASSES or sop_class is None:
        accepted = modality in _RADIOGRAPH_MODALITIES or (modality is None and sop_class is not None)
    else:
        accepted = False
    if accepted:
        return
    if modality is None and sop_class is None:
        raise FilmError("not-a-radiograph", f"{name} does not say what it shows; cxrdesk opens radiographs (CR or DX).")
    kind = _MODALITY_NAMES.get(modality or "")
    if kind is not None:
        kind = f"{modality}, {kind}"
    elif sop_class is not None and UID(sop_class).name != sop_class:
        kind = UID(sop_class).name
    else:
        kind = "another kind of DICOM object"
    raise FilmError("not-a-radiograph", f"{name} is not a radiograph ({kind}); cxrdesk opens CR and DX films.")


def _check_layout(ds: Dataset, name: str) -> None:
    ignored: list[str] = []
    if "Rows" not in ds and "Columns" not in ds:
        raise FilmError("no-pixels", f"{name} holds no image; ask the sender for the complete file.")
    photometric = text(ds, "PhotometricInterpretation", ignored)
    samples = integer(ds, "SamplesPerPixel", ignored)
    rows, cols = integer(ds, "Rows", ignored), integer(ds, "Columns", ignored)
    allocated = integer(ds, "BitsAllocated", ignored)
    if is_colour(ds):
        if photometric not in _SHOWN_COLOUR:
            reason = f"{name} is a colour image of a kind that cxrdesk does not show; export it as RGB."
            raise FilmError("unsupported-pixels", reason)
        known = samples == (1 if photometric == "PALETTE COLOR" else 3)
    else:
        known = photometric in ("MONOCHROME1", "MONOCHROME2", None)
    if frame_count(ds) > _MOST_FRAMES:
        raise FilmError("too-large", f"{name} claims {frame_count(ds)} frames, too many for a film; export it again.")
    if not known or rows is None or cols is None or allocated is None or min(rows, cols, allocated) < 1:
        raise FilmError("corrupt", f"The header of {name} does not describe an image; export the film again.")
    if rows * cols > MOST_PIXELS:
        raise FilmError("too-large", f"{name} claims {rows} x {cols} pixels, too many for a film; export it again.")
    if allocated > 16:
        raise FilmError("too-large", f"{name} has {allocated} bits per pixel; export it with at most 16.")
    single = allocated == 1 and not is_colour(ds) and not _is_compressed(ds)
    if allocated not in (8, 16) and not single:
        raise FilmError("unsupported-pixels", f"{name} has {allocated} bits per pixel; export it with 8 or 16.")


def _is_compressed(ds: Dataset) -> bool:
    return text(ds.file_meta, "TransferSyntaxUID", []) in COMPRESSED


def _check_transfer_syntax(ds: Dataset, name: str) -> None:
    uid = UID(text(ds.file_meta, "TransferSyntaxUID", []) or "")
    if uid in COMPRESSED or uid in _NATIVE:
        return
    # The text of an unknown UID is not shown: in a broken file it can hold anything.
    known = uid.name if uid.name != uid else "unknown transfer syntax"
    raise FilmError(
        "unsupported-transfer-syntax",
        f"{name} is compressed in a way that cxrdesk cannot read ({known}); export it uncompressed.",
    )
