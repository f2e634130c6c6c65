"""What becomes of every DICOM file at hand, found out anew; ``python -m tests.imaging.file_table`` writes files.csv.

Of a file that is no radiograph the pixels are compared all the same: it is called one, in memory.
"""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from shutil import which
from typing import Any

import numpy as np
import pydicom
from PIL import Image
from pydicom.uid import ComputedRadiographyImageStorage

from cxrdesk.imaging.dicom import film_from_dataset
from cxrdesk.imaging.dicom_checks import check_header
from cxrdesk.imaging.dicom_file import read_file
from cxrdesk.imaging.display import apply_table, display_table
from cxrdesk.imaging.errors import FilmError
from cxrdesk.imaging.notices import collect_warnings
from cxrdesk.imaging.presentation import OpenedFilm
from cxrdesk.imaging.radiograph import Radiograph
from cxrdesk.imaging.reader import read_film
from cxrdesk.imaging.voi import VoiFunction, VoiLut, Window

TABLE = Path(__file__).with_name("files.csv")
BUNDLED = Path(pydicom.__file__).parent / "data"
DCMTK = tuple(name for name in ("dcm2pnm", "dcmj2pnm", "dcml2pnm") if which(name))
"""One program, built with none, JPEG and JPEG-LS decoders."""


@dataclass(frozen=True)
class Row:
    """A file and what was found: how it opens, and what its pixels and gray levels were found to equal."""

    file: str
    opens: str
    stored: str = ""
    display: str = ""
    dcmtk: str = ""


def files() -> dict[str, Path]:
    """All files, by the name that the table has: pydicom's, then the real films."""
    found = {f"pydicom/{path.relative_to(BUNDLED).as_posix()}": path for path in sorted(BUNDLED.rglob("*"))
             if path.is_file() and path.suffix not in (".py", ".pyc")}  # fmt: skip
    if "CXRDESK_DATA" in os.environ:
        folder = Path(os.environ["CXRDESK_DATA"]) / "dicom"
        found |= {f"real/{path.name}": path for path in sorted(folder.glob("*.dcm"))}
    return found


def row_of(name: str, path: Path) -> Row:
    """Open a file and compare."""
    try:
        opened = read_film(path)
        opens = "film" if opened.radiograph is not None else "colour"
    except FilmError as error:
        opens = error.code
        if opens != "not-a-radiograph":
            return Row(name, opens)
        try:
            opened = _called_a_film(path)
        except FilmError as second:
            return Row(name, opens, f"none: {second.code}")
    stored = _stored(path, opened)
    if opened.radiograph is None:
        return Row(name, opens, stored)
    return Row(name, opens, stored, _display(path, opened.radiograph), _dcmtk(path, opened.radiograph))


def _called_a_film(path: Path) -> OpenedFilm:
    ds = read_file(path, stop_before_pixels=False)
    ds.SOPClassUID, ds.Modality = ComputedRadiographyImageStorage, "CR"
    check_header(ds, name=path.name)
    return film_from_dataset(ds, name=path.name)


def _pydicoms(path: Path) -> Any:
    """First frame, as pydicom gives it; None where it cannot."""
    try:
        with collect_warnings():
            ds = pydicom.dcmread(path, force=True)
            if "TransferSyntaxUID" not in ds.file_meta:
                ds.file_meta.TransferSyntaxUID = pydicom.uid.ImplicitVRLittleEndian
            pixels = ds.pixel_array
            if ds.get("PhotometricInterpretation") == "PALETTE COLOR":
                pixels = pydicom.pixels.apply_color_lut(pixels, ds)
            return pixels[0] if int(ds.get("NumberOfFrames") or 1) > 1 else pixels
    except (RuntimeError, AttributeError, NotImplementedError):
        return None


def _stored(path: Path, opened: OpenedFilm) -> str:
    expected = _pydicoms(path)
    if expected is None:
        return "none of pydicom's"
    if opened.radiograph is None:
        expected = expected >> 8 if expected.dtype.itemsize == 2 else expected
        ours = opened.presentation.colour
    else:
        ours = opened.radiograph.stored
    return "equal" if np.array_equal(ours, expected) else "differs"


def _shown(film: Radiograph) -> Any:
    return apply_table(film.stored, display_table(film, film.voi)).astype(int)


def _display(path: Path, film: Radiograph) -> str:
    """Against PS3.3 written out below, from pydicom's attributes and the stored values."""
    with collect_warnings():
        ds = pydicom.dcmread(path, force=True, stop_before_pixels=True)
        if "ModalityLUTSequence" in ds:
            item = ds.ModalityLUTSequence[0]
            entries = np.asarray(item.LUTData, dtype=float)
            values = entries[np.clip(film.stored.astype(int) - item.LUTDescriptor[1], 0, len(entries) - 1)]
        else:
            values = film.stored * float(ds.get("RescaleSlope") or 1) + float(ds.get("RescaleIntercept") or 0)
        kind, level = _voi(ds, film, values)
        turned = ds.get("PhotometricInterpretation") == "MONOCHROME1"
        if ds.get("PresentationLUTShape") in ("IDENTITY", "INVERSE"):
            turned = ds.PresentationLUTShape == "INVERSE"
    expected = np.rint((1 - level if turned else level) * 255)
    if film.padding is not None:
        padded = (film.stored >= film.padding[0]) & (film.stored <= film.padding[1])
        expected[padded] = 0
        kind += ", padding black" if padded.any() else ""
    return f"{kind}: within 1" if np.abs(_shown(film) - expected).max() <= 1 else f"{kind}: differs"


def _voi(ds: pydicom.Dataset, film: Radiograph, values: Any) -> tuple[str, Any]:
    """PS3.3 C.11.2.1.1 and C.11.2.1.2.1, where the film has its file's first VOI; else its automatic window's."""
    if "VOILUTSequence" in ds:
        item = ds.VOILUTSequence[0]
        entries = np.asarray(item.LUTData, dtype=float)
        index = np.clip(np.rint(values).astype(int) - item.LUTDescriptor[1], 0, len(entries) - 1)
        return "VOI LUT", entries[index] / (2 ** item.LUTDescriptor[2] - 1)
    window = film.voi
    assert isinstance(window, Window)
    if window.explanation == "automatic":
        return "automatic window", np.clip((values - window.center) / window.width + 0.5, 0, 1)
    center, width = (float(np.atleast_1d(ds[keyword].value)[0]) for keyword in ("WindowCenter", "WindowWidth"))
    low, high = center - 0.5 - (width - 1) / 2, center - 0.5 + (width - 1) / 2
    level = ((values - (center - 0.5)) / (width - 1)) + 0.5 if width > 1 else np.zeros(values.shape)
    return "window", np.where(values <= low, 0.0, np.where(values > high, 1.0, level))


def _dcmtk(path: Path, film: Radiograph) -> str:
    """Against the picture that dcmtk makes of the same file with the same window; empty where dcmtk is not there."""
    if not DCMTK:
        return ""
    if isinstance(film.voi, VoiLut):
        asked = ["+Wl", "1"]
    else:
        exact = film.voi.function is VoiFunction.LINEAR_EXACT  # that with half more is LINEAR with one more
        asked = ["+Ww", repr(film.voi.center + 0.5 * exact), repr(film.voi.width + exact)]
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder) / "picture.pgm"
        for program in DCMTK:
            command = [program, "-q", "-O", *asked, "--write-raw-pnm", str(path), str(picture)]
            done = subprocess.run(command, capture_output=True, timeout=60, check=False)
            if done.returncode == 0 and picture.exists():
                with Image.open(picture) as image:
                    away = np.abs(_shown(film) - np.asarray(image.convert("L")).astype(int))
                break
        else:
            return "cannot read it"
    if away.max() <= 1:
        return "within 1"
    if film.padding is not None:
        away[(film.stored >= film.padding[0]) & (film.stored <= film.padding[1])] = 0
        if away.max() <= 1:
            return "within 1 but for padding"
    return "differs"


def read_table() -> dict[str, tuple[Row, str]]:
    """Rows of the table by file, each with its reason."""
    with TABLE.open(newline="", encoding="utf-8") as file:
        return {
            found["file"]: (Row(**{key: found[key] for key in Row.__dataclass_fields__}), found["why"])
            for found in csv.DictReader(file)
        }


_WHY = {
    "dicomdir": "index of a disc; the folder that holds it is opened",
    "not-a-film": "neither DICOM nor a picture",
    "no-pixels": "no image in it",
    "too-large": "32 bits for a sample: PS3.3 A.2, A.26 and A.8 allow radiographs and captures at most 16",
    "truncated": "cut off on purpose",
    "film": "a radiograph or a capture of one",
    "colour": "shown, and no detector sees it",
    "not-a-radiograph": "not a radiograph by its SOP class and modality",
}
_WHY_NO_PIXELS = {
    "none: no-pixels": "no pixel data",
    "none: too-large": "32 bits for a sample",
    "none: unsupported-pixels": "one bit for a sample, a segmentation",
    "none: truncated": "fewer bytes than its header says; pydicom refuses it too",
    "none: corrupt": "a sequence delimiter within the size of the picture; no decoder reads it",
    "none of pydicom's": "JPEG with 12 bits, which no decoder of pydicom's knows; dcmtk's decoder is the judge",
}


def reason(row: Row) -> str:
    """Say why a file has the verdict that it has, and why something could not be compared."""
    parts = [_WHY[row.opens], _WHY_NO_PIXELS.get(row.stored, "")]
    if row.dcmtk == "cannot read it":
        parts.append("dcmtk has no JPEG 2000")
    if row.display.startswith("automatic"):
        parts.append("it has no window that shows it, and dcmtk is given the one found here")
    if "padding" in row.display:
        parts.append("padding is not part of the image (PS3.3 C.7.5.1.1.2) and shown black")
    return "; ".join(part for part in parts if part)


def write_table() -> None:
    """Write the table; a person reads it then."""
    with TABLE.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [*Row.__dataclass_fields__, "why"], lineterminator="\n")
        writer.writeheader()
        for name, path in files().items():
            row = row_of(name, path)
            writer.writerow(asdict(row) | {"why": reason(row)})


if __name__ == "__main__":
    if not DCMTK or "CXRDESK_DATA" not in os.environ:
        sys.exit("the table is written where dcmtk and the real films are")
    write_table()
