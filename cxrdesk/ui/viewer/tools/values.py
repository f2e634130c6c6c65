"""What an annotation measures, in words; knows no Qt."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from cxrdesk.imaging.measure import (
    Region,
    Scale,
    angle_degrees,
    cardiothoracic_ratio,
    length,
    region_statistics,
)
from cxrdesk.imaging.presentation import Presentation
from cxrdesk.imaging.radiograph import Projection, Radiograph, View
from cxrdesk.studies.annotations import Annotation, Kind

NAMES = {
    Kind.LENGTH: "Length",
    Kind.ANGLE: "Angle",
    Kind.ELLIPSE: "Ellipse",
    Kind.RECTANGLE: "Rectangle",
    Kind.ARROW: "Arrow",
    Kind.TEXT: "Text",
    Kind.CARDIOTHORACIC: "Cardiothoracic ratio",
}
LIMIT = 0.50
LIMIT_TEXT = (
    "A ratio over 0.50 is taken as enlarged on PA films of adults in full inspiration (Danzer 1919); it is no"
    " diagnosis, and holds for no other films."
)
LARGE_REGION = 1 << 20
"""Pixels of a region that are not counted while it is being drawn: its values come when it is let go."""
_ADULT_YEARS = 18.0
_PLANES = {"calibrated": "", "magnified": " (estimated)", "imager": " at the detector", "unknown": ""}


@dataclass(frozen=True, kw_only=True)
class Subject:
    """The film that is measured.

    Parameters
    ----------
    scale : Scale
    radiograph : Radiograph or None
        None for a colour picture: it has lengths and no values.
    view : View
    age_years : float or None
    """

    scale: Scale
    radiograph: Radiograph | None = None
    view: View = field(default_factory=View)
    age_years: float | None = None

    @classmethod
    def of(cls, radiograph: Radiograph, presentation: Presentation | None = None) -> Subject:
        """A film with what it and its file say of it; of a colour picture `radiograph` is the brightness."""
        presentation = presentation or Presentation()
        return cls(
            scale=Scale.of_film(radiograph, presentation.spacing),
            radiograph=radiograph if presentation.colour is None else None,
            view=radiograph.view,
            age_years=radiograph.patient_age_years,
        )


@dataclass(frozen=True, kw_only=True)
class Values:
    """What stands beside an annotation.

    Parameters
    ----------
    lines : tuple of str
        On the film: the reader's words first, then numbers; short.
    summary : str
        In the list, in one line, with the kind.
    notes : tuple of str
        Sentences on how far the numbers hold.
    """

    lines: tuple[str, ...] = ()
    summary: str = ""
    notes: tuple[str, ...] = ()


def values(annotation: Annotation, subject: Subject, *, hurried: bool = False) -> Values:
    """What an annotation says about a film; `hurried` while it is being drawn."""
    words = tuple(annotation.text.splitlines())
    if annotation.origin == "default":
        told: tuple[tuple[str, ...], tuple[str, ...]] = (("not in place yet",), ())
    else:
        told = _numbers(annotation, subject, hurried)
    numbers, notes = told
    said = "; ".join((*numbers, *words[:1])).removeprefix("CTR\u00a0")
    summary = f"{NAMES[annotation.kind]}: {said}" if said else NAMES[annotation.kind]
    return Values(lines=(*words, *numbers), summary=summary, notes=notes)


def _numbers(annotation: Annotation, subject: Subject, hurried: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    points, scale = annotation.points, subject.scale
    match annotation.kind:
        case Kind.LENGTH:
            return (length_text(length(points[0], points[1], scale), scale),), _of_scale(scale)
        case Kind.ANGLE:
            angle = angle_degrees(points[0], points[1], points[2], scale)
            return ((f"{angle:.1f}°" if angle is not None else "–°"),), ()
        case Kind.ELLIPSE | Kind.RECTANGLE:
            form: Literal["ellipse", "rectangle"] = "ellipse" if annotation.kind is Kind.ELLIPSE else "rectangle"
            region = Region.between(form, points[0], points[1])
            return _region(region, subject, hurried), _of_scale(scale)
        case Kind.CARDIOTHORACIC:
            return _cardiothoracic(annotation, subject)
    return (), ()


def length_text(value: float, scale: Scale) -> str:
    """``"152.3 mm at the detector"``, ``"812.0 px"``."""
    return f"{value:.1f}\u00a0{scale.unit}{_PLANES[scale.source]}"


def area_text(value: float, scale: Scale) -> str:
    """``"85.2 mm² at the detector"``, ``"12.34 cm²"`` from 10 cm² on, ``"8124 px²"``."""
    if scale.unit == "px":
        return f"{value:.0f}\u00a0px²"
    told = f"{value / 100:.2f}\u00a0cm²" if value >= 1000 else f"{value:.1f}\u00a0mm²"
    return f"{told}{_PLANES[scale.source]}"


def _of_scale(scale: Scale) -> tuple[str, ...]:
    if scale.source == "imager":
        return ("At the detector everything is larger than in the patient; the file gives no magnification.",)
    if scale.source == "magnified":
        return ("The file estimates how much larger the detector shows the patient; that is taken out of all lengths.",)
    if scale.unit == "px":
        return ("The file does not say how large its pixels are in the patient or at the detector.",)
    return ()


def _number(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _region(region: Region, subject: Subject, hurried: bool) -> tuple[str, ...]:
    area = area_text(region.area(subject.scale), subject.scale)
    radiograph = subject.radiograph
    if radiograph is None:
        return (area,)
    row_span, col_span = region.window(radiograph.shape)
    if hurried and (row_span.stop - row_span.start) * (col_span.stop - col_span.start) > LARGE_REGION:
        return (area, "mean …")
    found = region_statistics(radiograph, region)
    if found is None:
        return (area, "no pixel inside")
    return (
        area,
        f"mean\u00a0{_number(found.mean)}, SD\u00a0{_number(found.deviation)}",
        f"min\u00a0{_number(found.minimum)}, max\u00a0{_number(found.maximum)}",
    )


def _cardiothoracic(annotation: Annotation, subject: Subject) -> tuple[tuple[str, ...], tuple[str, ...]]:
    a, b, c, d = annotation.points
    found = cardiothoracic_ratio((a, b), (c, d), subject.scale)
    if found is None:
        return ("CTR –",), ()
    proposed = annotation.origin == "proposed"
    marked = (" (proposed, partly moved)" if annotation.placed else " (proposed)") if proposed else ""
    unit, plane = subject.scale.unit, _PLANES[subject.scale.source]
    lines = [
        f"CTR\u00a0{found.ratio:.2f}{marked}",
        f"heart\u00a0{found.heart:.1f}, chest\u00a0{found.thorax:.1f}\u00a0{unit}{plane}",
    ]
    which = "those borders that you have not moved" if annotation.placed else "these borders"
    asked = f"cxrdesk proposed {which}; look at each, drag it where it belongs, or confirm them."
    notes = [asked] if proposed else []
    warning = view_warning(subject.view, subject.age_years)
    if warning is not None:
        lines.append(warning[0])
        notes.append(warning[1])
    return tuple(lines), (*notes, LIMIT_TEXT)


def view_warning(view: View, age_years: float | None) -> tuple[str, str] | None:
    """Why a ratio may not be held against the limit: a few words for the film, and a sentence; None if it may."""
    if view.projection is Projection.AP:
        return (
            "AP film: heart magnified",
            "On an AP film the heart is further from the detector and looks larger than on a PA film: the limit does"
            " not hold.",
        )
    if view.projection is Projection.LATERAL:
        return "lateral film", "A cardiothoracic ratio is measured on frontal films."
    if age_years is not None and age_years < _ADULT_YEARS:
        return (
            "child: other limits",
            "Hearts of children are larger for their chests: the limit of adults does not hold.",
        )
    if view.projection is not Projection.PA:
        return "AP or PA not stated", "The file does not say whether this is a PA film; on AP films hearts look larger."
    return None
