"""What a length on a film means (DICOM PS3.3 10.7)."""

from __future__ import annotations

from pydicom import Dataset

from cxrdesk.imaging.dicom_values import attribute_name, number, numbers, text
from cxrdesk.imaging.presentation import Spacing


def read_spacing(ds: Dataset, notes: list[str]) -> Spacing:
    """Pixel spacing and what it holds for, by PS3.3 10.7.1.3.

    Pixel Spacing (0028,0030) is calibrated where a calibration type says so or where it differs from Imager Pixel
    Spacing (0018,1164), which is at the detector; alone in a projection image it may be either. Without it, or where it
    is the same, the imager's spacing is divided by the Estimated Radiographic Magnification Factor (0018,1114) where
    that is given.
    """
    imager = _spacing(ds, "ImagerPixelSpacing", notes) or _spacing(ds, "NominalScannedPixelSpacing", notes)
    pixel = _spacing(ds, "PixelSpacing", notes)
    factor = number(ds, "EstimatedRadiographicMagnificationFactor", notes)
    if factor is not None and not 1 <= factor <= 10:
        notes.append(
            f"{attribute_name('EstimatedRadiographicMagnificationFactor')} is not a possible factor and was ignored"
        )
        factor = None
    kind = text(ds, "PixelSpacingCalibrationType", notes)
    if pixel is not None:
        if kind in ("GEOMETRY", "FIDUCIAL"):
            return Spacing(mm=pixel, plane="calibrated", magnification=factor, calibration=kind)
        if imager is None:
            return Spacing(mm=pixel, plane="unstated", magnification=factor)
        if pixel != imager:
            return Spacing(mm=pixel, plane="calibrated", magnification=factor)
    if imager is None:
        ratio = numbers(ds, "PixelAspectRatio", notes)
        if ratio and (len(ratio) != 2 or ratio[0] != ratio[1]):
            notes.append(
                f"{attribute_name('PixelAspectRatio')} says that pixels are not square, and no spacing is given:"
                " the film is shown as if they were; its shape, lengths and angles are not true"
            )
        return Spacing()
    if factor is not None and factor > 1:
        return Spacing(mm=(imager[0] / factor, imager[1] / factor), plane="magnified", magnification=factor)
    return Spacing(mm=imager, plane="detector", magnification=factor)


def _spacing(ds: Dataset, keyword: str, notes: list[str]) -> tuple[float, float] | None:
    found = numbers(ds, keyword, notes)
    if not found:
        return None
    # From microfocus detectors to films shrunk to thumbnails.
    if len(found) == 2 and all(0.005 <= value <= 50 for value in found):
        return found[0], found[1]
    notes.append(f"{attribute_name(keyword)} is not a possible spacing and was ignored")
    return None
