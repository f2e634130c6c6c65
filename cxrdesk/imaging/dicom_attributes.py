"""View, age and sex of a dataset."""

from __future__ import annotations

import re
from datetime import date, datetime
from functools import cache
from typing import TYPE_CHECKING, Literal

from pydicom import Dataset

from cxrdesk.imaging.dicom_values import attribute_name, items, text, values
from cxrdesk.imaging.radiograph import Projection, View

if TYPE_CHECKING:
    from pydicom.sr.coding import Code

_DAYS_PER_YEAR = 365.25
_DAYS_PER_UNIT = {"D": 1.0, "W": 7.0, "M": _DAYS_PER_YEAR / 12, "Y": _DAYS_PER_YEAR}
_OLDEST_YEARS = 130.0
_AGE_TOLERANCE_YEARS = 1.1
"""Ages are whole years, rounded down, and counted at the study where the date may be the acquisition's."""

_VIEW_POSITIONS = {
    "AP": Projection.AP,
    "PA": Projection.PA,
    "LL": Projection.LATERAL,
    "RL": Projection.LATERAL,
    # Not defined terms, but of one meaning and common.
    "LAT": Projection.LATERAL,
    "LATERAL": Projection.LATERAL,
}
"""View Position (0018,5101), PS3.3 C.8.1.2 and C.8.11.5. Oblique and decubitus views stay unknown."""

_BODY_PARTS = {"THORAX": "chest"}
"""Not a defined term of PS3.16 annex L, which calls the thorax CHEST, but of one meaning."""


@cache
def _view_codes() -> list[tuple[Code, Projection]]:
    """View codes of CID 4010 with a projection; `Code` equality also matches their old SNOMED RT values."""
    from pydicom.sr.codedict import codes  # brings every concept of the standard, which few films need

    views = codes.cid4010
    return [
        (views.AnteroPosterior, Projection.AP),
        (views.PosteroAnterior, Projection.PA),
        (views.Frontal, Projection.FRONTAL),
        (views.LateralProjection, Projection.LATERAL),
        (views.LeftLateral, Projection.LATERAL),
        (views.RightLateral, Projection.LATERAL),
    ]


@cache
def _region_codes() -> list[tuple[Code, str]]:
    """Anatomic regions (CID 4031) and their term in Body Part Examined (PS3.16 annex L); others by their meaning."""
    from pydicom.sr.codedict import codes
    from pydicom.sr.coding import Code

    regions = codes.cid4031
    terms = {
        "Chest": "chest", "Abdomen": "abdomen", "Neck": "neck", "Hip": "hip", "HipJoint": "hip", "Knee": "knee",
        "Skull": "skull", "Head": "head", "Pelvis": "pelvis", "Shoulder": "shoulder", "CervicalSpine": "cspine",
        "ThoracicSpine": "tspine", "LumbarSpine": "lspine", "ChestAndAbdomen": "chestabdomen", "WristJoint": "wrist",
    }  # fmt: skip
    # Older objects use Thoracic structure and Abdominal structure (before CID 4031 changed its codes).
    older = [(Code("51185008", "SCT", "Chest"), "chest"), (Code("113345001", "SCT", "Abdomen"), "abdomen")]
    return older + [
        (code, terms.get(name, code.meaning.lower())) for name in regions.dir() if (code := getattr(regions, name))
    ]


def _code(item: Dataset, notes: list[str]) -> Code | None:
    value, scheme = text(item, "CodeValue", notes), text(item, "CodingSchemeDesignator", notes)
    if not (value and scheme):
        return None
    from pydicom.sr.coding import Code

    return Code(value, scheme, "")


def read_view(ds: Dataset, notes: list[str]) -> View:
    """Body part and projection from coded attributes only; descriptions in free text are not read."""
    return View(body_part=_body_part(ds, notes), projection=_projection(ds, notes))


def _is_ambiguous(ds: Dataset, keyword: str, notes: list[str]) -> bool:
    """Whether an attribute of one value (VM 1) has several that differ; none of them is believed then."""
    if len({str(value).strip().upper() for value in values(ds, keyword, notes)}) < 2:
        return False
    notes.append(f"{attribute_name(keyword)} has several values and is taken as unknown")
    return True


def _body_part(ds: Dataset, notes: list[str]) -> str | None:
    if _is_ambiguous(ds, "BodyPartExamined", notes):
        return None
    named = text(ds, "BodyPartExamined", notes)
    if named is not None:
        return _BODY_PARTS.get(named.upper(), named.lower())
    for item in items(ds, "AnatomicRegionSequence", notes)[:1]:
        code = _code(item, notes)
        if code is not None:
            return next((term for known, term in _region_codes() if known == code), None)
    return None


def _projection(ds: Dataset, notes: list[str]) -> Projection | None:
    if _is_ambiguous(ds, "ViewPosition", notes):
        return None
    position = text(ds, "ViewPosition", notes)
    if position is not None:
        return _VIEW_POSITIONS.get(position.upper())
    for item in items(ds, "ViewCodeSequence", notes)[:1]:
        code = _code(item, notes)
        if code is not None:
            return next((projection for known, projection in _view_codes() if known == code), None)
    # Patient Orientation (0020,0020) gives the plane: rows to the patient's side are frontal, rows to front or back
    # lateral. Two letters in one value are an oblique film.
    match [str(value).strip() for value in values(ds, "PatientOrientation", notes)]:
        case [("L" | "R"), ("F" | "H")] | [("F" | "H"), ("L" | "R")]:
            return Projection.FRONTAL
        case [("A" | "P"), ("F" | "H")] | [("F" | "H"), ("A" | "P")]:
            return Projection.LATERAL
    return None


def read_age_years(ds: Dataset, notes: list[str]) -> float | None:
    """Patient's Age (0010,1010), else the years from birth date to acquisition, series or study date; or None.

    Where both are given and differ by more than the rounding to whole years, neither is believed.
    """
    stated, dated = _stated_age_years(ds, notes), _dated_age_years(ds, notes)
    if stated is None or dated is None:
        possible = stated if dated is None else dated
        if possible is not None and not 0 <= possible <= _OLDEST_YEARS:
            notes.append("Patient's Birth Date (0010,0030) and the date of the film give no possible age")
            return None
        return possible
    if abs(stated - dated) > _AGE_TOLERANCE_YEARS:
        notes.append(
            "Patient's Age (0010,1010) and Patient's Birth Date (0010,0030) contradict each other; the age is unknown"
        )
        return None
    return stated


def _stated_age_years(ds: Dataset, notes: list[str]) -> float | None:
    stated = text(ds, "PatientAge", notes)
    if stated is None or _is_ambiguous(ds, "PatientAge", notes):
        return None
    if stated == "000Y":  # what systems fill in; a newborn's age is given in days
        notes.append("Patient's Age (0010,1010) is zero years, a common filler, and was ignored")
        return None
    match = re.fullmatch(r"(\d{1,3})([DWMY])", stated)
    years = int(match[1]) * _DAYS_PER_UNIT[match[2]] / _DAYS_PER_YEAR if match else -1.0
    if 0 <= years <= _OLDEST_YEARS:
        return years
    notes.append("Patient's Age (0010,1010) is not an age and was ignored")
    return None


def _dated_age_years(ds: Dataset, notes: list[str]) -> float | None:
    """Years between two dates of the file, possible as an age or not."""
    born = read_date(ds, "PatientBirthDate", notes)
    if born is None:
        return None
    for keyword in ("AcquisitionDate", "SeriesDate", "StudyDate"):
        taken = read_date(ds, keyword, notes)
        if taken is not None:
            return (taken - born).days / _DAYS_PER_YEAR
    return None


def read_date(ds: Dataset, keyword: str, notes: list[str]) -> date | None:
    """Read a DA attribute as a date (also ``1993.02.24``, PS3.5 6.2 note), or None."""
    stated = text(ds, keyword, notes)
    if stated is None:
        return None
    for form in ("%Y%m%d", "%Y.%m.%d", "%Y-%m-%d"):
        try:
            return datetime.strptime(stated, form).date()
        except ValueError:
            continue
    notes.append(f"{attribute_name(keyword)} is not a date and was ignored")
    return None


def read_sex(ds: Dataset, notes: list[str]) -> Literal["M", "F", "O"] | None:
    """Patient's Sex (0010,0040)."""
    match text(ds, "PatientSex", notes):
        case "M":
            return "M"
        case "F":
            return "F"
        case "O":
            return "O"
    return None
