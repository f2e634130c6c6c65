"""DICOM files to radiographs: what is a film, what is not, and why."""

from __future__ import annotations

from pathlib import Path

from pydicom import Dataset
from pydicom.uid import UID, MediaStorageDirectoryStorage

from cxrdesk.imaging.decoders import decoder
from cxrdesk.imaging.dicom_attributes import read_age_years, read_sex, read_spacing, read_view
from cxrdesk.imaging.dicom_file import read_file
from cxrdesk.imaging.dicom_luts import believable_padding, read_inverted, read_modality_lut, read_padding, read_vois
from cxrdesk.imaging.dicom_pixels import stored_pixels
from cxrdesk.imaging.dicom_values import integer, text
from cxrdesk.imaging.display import automatic_voi, film_values, shows_film
from cxrdesk.imaging.errors import FilmError
from cxrdesk.imaging.notices import collect_warnings, without_values
from cxrdesk.imaging.radiograph import ModalityLut, Radiograph, StoredPixels
from cxrdesk.imaging.voi import Voi, Window

PHANTOM_MANUFACTURER = "cxrdesk phantom"
"""Manufacturer (0008,0070) of films that a simulator made."""

MOST_PIXELS = 100_000_000
"""Five times the largest detector's film; a header that claims more is broken or hostile."""

_RADIOGRAPH_CLASSES = {
    "1.2.840.10008.5.1.4.1.1.1",  # Computed Radiography
    "1.2.840.10008.5.1.4.1.1.1.1",  # Digital X-Ray, for presentation
    "1.2.840.10008.5.1.4.1.1.1.1.1",  # Digital X-Ray, for processing
}
_CAPTURE_CLASSES = {
    "1.2.840.10008.5.1.4.1.1.7",  # Secondary Capture
    "1.2.840.10008.5.1.4.1.1.7.2",  # Multi-frame Grayscale Byte Secondary Capture
    "1.2.840.10008.5.1.4.1.1.7.3",  # Multi-frame Grayscale Word Secondary Capture
}
_RADIOGRAPH_MODALITIES = {"CR", "DX", "RG", "DR"}
"""Of PS3.3 C.7.3.1.1.1; DR is no defined term there, but common."""

_COLOUR = ("RGB", "YBR", "PALETTE", "ARGB", "CMYK", "HSV", "XYB")
"""How colour values of Photometric Interpretation (0028,0004) start, PS3.3 C.7.6.3.1.2, retired ones too."""

_MODALITY_NAMES = {
    "CT": "computed tomography", "MR": "magnetic resonance", "US": "ultrasound", "PT": "positron emission tomography",
    "NM": "nuclear medicine", "MG": "mammography", "XA": "X-ray angiography", "RF": "radiofluoroscopy",
    "SR": "structured report", "SEG": "segmentation", "RTDOSE": "radiotherapy dose", "RTPLAN": "radiotherapy plan",
    "RTSTRUCT": "radiotherapy structure set", "PR": "presentation state", "ECG": "electrocardiogram",
    "IO": "intra-oral radiography", "PX": "panoramic X-ray",
}  # fmt: skip


def read_header(path: Path | str) -> Dataset:
    """Everything in a DICOM file before its pixel data, checked to be one plain radiograph.

    Raises
    ------
    FilmError
        ``missing-file``, ``is-a-folder``, ``unreadable``, ``not-dicom``, ``truncated``, ``too-large`` and those of
        `check_header`.
    """
    path = Path(path)
    ds = read_file(path, stop_before_pixels=True)
    check_header(ds, name=path.name)
    return ds


def read_dataset(path: Path | str) -> Dataset:
    """Read a DICOM file, with or without preamble and file meta information, checked to be one plain radiograph.

    Returns
    -------
    Dataset
        With ``file_meta.TransferSyntaxUID``, also where the file has none.

    Raises
    ------
    FilmError
        As `read_header`, which goes first: pixel data of a wrong file are never read.
    """
    read_header(path)
    return read_file(Path(path), stop_before_pixels=False)


def check_header(ds: Dataset, *, name: str) -> None:
    """Refuse what is not one plain grayscale radiograph, before anything is allocated for its pixels.

    Raises
    ------
    FilmError
        ``dicomdir``, ``not-a-radiograph``, ``no-pixels``, ``colour``, ``multi-frame``, ``too-large``,
        ``unsupported-pixels``, ``unsupported-transfer-syntax`` or ``corrupt``.
    """
    with collect_warnings():
        _check_kind(ds, name)
        _check_layout(ds, name)
        _check_transfer_syntax(ds, name)


def radiograph_from_dataset(ds: Dataset, *, name: str) -> Radiograph:
    """Decode a dataset into a radiograph.

    Parameters
    ----------
    ds : Dataset
        With pixel data and ``file_meta.TransferSyntaxUID``.
    name : str
        Name of the file, for messages.

    Returns
    -------
    Radiograph
        Without identity. `voi` is the first usable VOI LUT, else window, that shows the film, else an automatic
        window; `notes` name what the file left open or got wrong.

    Raises
    ------
    FilmError
        Those of `check_header`, and ``truncated``.
    """
    check_header(ds, name=name)
    notes: list[str] = []
    with collect_warnings() as warned:
        stored, bits_stored = stored_pixels(ds, name=name, notes=notes)
        signed_low = -(1 << (bits_stored - 1)) if stored.dtype.kind == "i" else 0
        padding = read_padding(ds, (signed_low, signed_low + (1 << bits_stored) - 1), ds.BitsAllocated, notes)
        padding = believable_padding(stored, padding, notes)
        modality_lut = read_modality_lut(ds, notes)
        spacing, spacing_source = read_spacing(ds, notes)
        return Radiograph(
            stored=stored,
            bits_stored=bits_stored,
            modality_lut=modality_lut,
            inverted=read_inverted(ds, notes),
            voi=_default_voi(ds, stored, modality_lut, padding, notes),
            padding=padding,
            pixel_spacing_mm=spacing,
            spacing_source=spacing_source,
            patient_age_years=read_age_years(ds, notes),
            patient_sex=read_sex(ds, notes),
            view=read_view(ds, notes),
            view_position=text(ds, "ViewPosition", notes),
            modality=text(ds, "Modality", notes),
            source="phantom" if text(ds, "Manufacturer", notes) == PHANTOM_MANUFACTURER else "dicom",
            notes=tuple(dict.fromkeys(notes + without_values(warned))),
        )


def _default_voi(
    ds: Dataset,
    stored: StoredPixels,
    modality_lut: ModalityLut,
    padding: tuple[int, int] | None,
    notes: list[str],
) -> Voi:
    values = film_values(stored, modality_lut, padding=padding)
    for voi in read_vois(ds, notes):
        if shows_film(voi, values):
            return voi
        kind = "window" if isinstance(voi, Window) else "VOI LUT"
        notes.append(f"a {kind} of the file hides the film and was ignored")
    return automatic_voi(stored, modality_lut, padding=padding)


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
    if samples not in (None, 1) or (photometric or "").startswith(_COLOUR):
        raise FilmError("colour", f"{name} is a colour image, not a radiograph; choose the original film.")
    frames = integer(ds, "NumberOfFrames", ignored)
    if frames is not None and frames > 1:
        raise FilmError("multi-frame", f"{name} has {frames} frames; cxrdesk opens films of one frame.")
    rows, cols = integer(ds, "Rows", ignored), integer(ds, "Columns", ignored)
    allocated = integer(ds, "BitsAllocated", ignored)
    known = photometric in ("MONOCHROME1", "MONOCHROME2", None)
    if not known or rows is None or cols is None or allocated is None or min(rows, cols, allocated) < 1:
        raise FilmError("corrupt", f"The header of {name} does not describe an image; export the film again.")
    if rows * cols > MOST_PIXELS:
        raise FilmError("too-large", f"{name} claims {rows} x {cols} pixels, too many for a film; export it again.")
    if allocated > 16:
        raise FilmError("too-large", f"{name} has {allocated} bits per pixel; export it with at most 16.")
    if allocated not in (8, 16):
        raise FilmError("unsupported-pixels", f"{name} has {allocated} bits per pixel; export it with 8 or 16.")


def _check_transfer_syntax(ds: Dataset, name: str) -> None:
    uid = UID(text(ds.file_meta, "TransferSyntaxUID", []) or "")
    try:
        available = decoder(uid).is_available
    except NotImplementedError:
        available = False
    if not available:
        # The text of an unknown UID is not shown: in a broken file it can hold anything.
        known = uid.name if uid.name != uid else "unknown transfer syntax"
        raise FilmError(
            "unsupported-transfer-syntax",
            f"{name} is compressed in a way that cxrdesk cannot read ({known}); export it uncompressed.",
        )
