"""Display shutters of a dataset (DICOM PS3.3 C.7.6.11, C.7.6.15)."""

from __future__ import annotations

from pydicom import Dataset

from cxrdesk.imaging.dicom_overlays import read_overlay
from cxrdesk.imaging.dicom_values import integer, number, numbers, values
from cxrdesk.imaging.presentation import Overlay, Point, Shutter

_LARGEST_P_VALUE = 65535
_EDGES = ("ShutterUpperHorizontalEdge", "ShutterLeftVerticalEdge", "ShutterLowerHorizontalEdge",
          "ShutterRightVerticalEdge")  # fmt: skip


def shutter_group(ds: Dataset) -> int | None:
    """Shutter Overlay Group (0018,1623) of a bitmap shutter, whose overlay is not to be drawn."""
    shapes = {str(shape).strip() for shape in values(ds, "ShutterShape", [])}
    return integer(ds, "ShutterOverlayGroup", []) if "BITMAP" in shapes else None


def read_shutter(ds: Dataset, *, name: str, notes: list[str]) -> Shutter | None:
    """The shutter, or None; shapes that are incomplete are noted and left out."""
    shapes = [str(shape).strip() for shape in values(ds, "ShutterShape", notes)]
    rectangle: tuple[int, int, int, int] | None = None
    circle: tuple[float, float, float] | None = None
    polygon: tuple[Point, ...] = ()
    bitmap: Overlay | None = None
    for shape in shapes:
        match shape:
            case "RECTANGULAR":
                rectangle = _rectangle(ds, notes)
                usable = rectangle is not None
            case "CIRCULAR":
                circle = _circle(ds, notes)
                usable = circle is not None
            case "POLYGONAL":
                polygon = _polygon(ds, notes)
                usable = bool(polygon)
            case "BITMAP":
                group = integer(ds, "ShutterOverlayGroup", notes)
                bitmap = None if group is None else read_overlay(ds, group, name=name, notes=notes)
                usable = bitmap is not None
            case _:
                usable = False
        if not usable:
            notes.append("a shape of Shutter Shape (0018,1600) is not usable and was left out")
    if rectangle is None and circle is None and bitmap is None and not polygon:
        return None
    value = number(ds, "ShutterPresentationValue", notes) or 0.0
    gray = min(max(value / _LARGEST_P_VALUE, 0.0), 1.0)
    return Shutter(rectangle=rectangle, circle=circle, polygon=polygon, bitmap=bitmap, gray=gray)


def _rectangle(ds: Dataset, notes: list[str]) -> tuple[int, int, int, int] | None:
    edges = [integer(ds, keyword, notes) for keyword in _EDGES]
    top, left, bottom, right = edges
    if top is None or left is None or bottom is None or right is None or bottom < top or right < left:
        return None
    return top - 1, left - 1, bottom, right  # counted from 1, the last ones are shown


def _circle(ds: Dataset, notes: list[str]) -> tuple[float, float, float] | None:
    center, radius = numbers(ds, "CenterOfCircularShutter", notes), number(ds, "RadiusOfCircularShutter", notes)
    if len(center) != 2 or radius is None or radius <= 0:
        return None
    row, col = center
    return col - 0.5, row - 0.5, radius  # row 1, column 1 is the middle of the first pixel


def _polygon(ds: Dataset, notes: list[str]) -> tuple[Point, ...]:
    found = numbers(ds, "VerticesOfThePolygonalShutter", notes)
    if len(found) < 6 or len(found) % 2:
        return ()
    return tuple((col - 0.5, row - 0.5) for row, col in zip(found[::2], found[1::2], strict=True))
