"""A phantom as a Computed Radiography object (PS3.3 A.2), marked as synthetic in every place that the standard has."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Literal

import numpy as np
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ComputedRadiographyImageStorage, ExplicitVRLittleEndian, generate_uid

from cxrdesk.imaging.phantom.film import Phantom
from cxrdesk.imaging.radiograph import Projection
from cxrdesk.imaging.voi import Window

_FAMILY_NAME = "Phantom"
_NOTE = "Synthetic film computed by a simulator. Not a patient. Not for diagnosis."


def _told(parameters: object) -> str:
    """All parameters as text; those that repr leaves out only where they differ from what they are by default."""
    text = repr(parameters)
    if is_dataclass(parameters):
        for item in fields(parameters):
            value = getattr(parameters, item.name)
            if is_dataclass(value) or item.repr:
                text += _told(value)[len(repr(value)) :]
            elif value != item.default:
                text += f" {item.name}={value!r}"
    return text


def patient_age_string(age_years: float) -> str:
    """Patient's Age (0010,1010), an Age String (PS3.5 6.2): years from two on, months below."""
    if age_years >= 2:
        return f"{int(age_years):03d}Y"
    return f"{int(age_years * 12):03d}M"


def to_dataset(
    phantom: Phantom,
    *,
    given_name: str = "Adult",
    photometric_interpretation: Literal["MONOCHROME1", "MONOCHROME2"] = "MONOCHROME2",
    study_description: str = "Synthetic radiograph",
    study: str | None = None,
) -> FileDataset:
    """A CR Image Storage file that says everywhere that no patient was imaged.

    Parameters
    ----------
    phantom : Phantom
    given_name : str
        Patient's Name becomes ``Phantom^<given_name>``, Patient ID ``PHANTOM-<GIVEN_NAME>``.
    photometric_interpretation : {"MONOCHROME2", "MONOCHROME1"}
        MONOCHROME1 stores the values mirrored within the stored range, so that both show the same picture.
    study_description : str
    study : str or None
        Films given the same text belong to one study; each film is its own study without it.

    Returns
    -------
    pydicom.FileDataset
        Explicit VR Little Endian, uncompressed. UIDs follow from the parameters (seed included) and the arguments,
        so that the same film always has the same UIDs. No date or time is given, since nothing was acquired.
    """
    film = phantom.radiograph
    if not isinstance(film.voi, Window):
        raise TypeError("a phantom's display default is a window")
    source = ["cxrdesk phantom", _told(phantom.parameters), given_name, photometric_interpretation]
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = ComputedRadiographyImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=[*source, "instance"])
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)

    # SOP Common, General Image (PS3.3 C.12.1, C.7.6.1)
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.SOPClassUID = meta.MediaStorageSOPClassUID
    ds.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    ds.SyntheticData = "YES"
    ds.ImageType = ["DERIVED", "SECONDARY"]
    ds.InstanceNumber = 1
    ds.ImageComments = _NOTE
    ds.DerivationDescription = "Beer-Lambert projection of analytic solids"
    ds.QualityControlImage = "YES"
    ds.BurnedInAnnotation = "NO"
    ds.LossyImageCompression = "00"
    # The image's rows run to the patient's left, a lateral's to the back; columns to the feet (PS3.3 C.7.6.1.1.1).
    ds.PatientOrientation = ["P" if film.view.projection is Projection.LATERAL else "L", "F"]

    # Patient, Study, Series (C.7.1 to C.7.3)
    ds.PatientName = f"{_FAMILY_NAME}^{given_name}"
    ds.PatientID = f"{_FAMILY_NAME}-{given_name}".upper()
    ds.PatientBirthDate = ""
    ds.PatientSex = film.patient_sex or ""
    if film.patient_age_years is not None:
        ds.PatientAge = patient_age_string(film.patient_age_years)
    ds.PatientComments = _NOTE
    ds.StudyInstanceUID = generate_uid(entropy_srcs=[*source, "study"] if study is None else [study, "study"])
    ds.StudyDate = ds.StudyTime = ds.AccessionNumber = ds.ReferringPhysicianName = ""
    ds.StudyID = "PHANTOM"
    ds.StudyDescription = study_description
    ds.Modality = film.modality
    ds.SeriesInstanceUID = generate_uid(entropy_srcs=[*source, "series"])
    ds.SeriesNumber = 1
    ds.SeriesDescription = "Synthetic"

    # CR Series, Equipment, CR Image (C.8.1.1, C.7.5.1, C.8.1.2)
    ds.BodyPartExamined = (film.view.body_part or "").upper()
    ds.ViewPosition = film.view_position or ""
    if film.view.body_part in ("hand", "hip"):
        # Paired parts need the attribute (C.7.3.1); empty, since both sides or an unsaid one are shown.
        ds.Laterality = ""
    ds.Manufacturer = "cxrdesk phantom"
    ds.ManufacturerModelName = "cxrdesk.imaging.phantom"
    if film.pixel_spacing_mm is not None:
        ds.ImagerPixelSpacing = [f"{spacing:.6f}" for spacing in film.pixel_spacing_mm]

    # Image Pixel, VOI LUT (C.7.6.3, C.11.2)
    high = film.stored_range[1]
    stored = film.stored
    center = film.voi.center
    if photometric_interpretation == "MONOCHROME1":
        stored = (high - stored.astype(np.int32)).astype(np.uint16)
        # LINEAR puts the window's middle at center - 0.5 (C.11.2.1.2.1), which mirrors to high - (center - 0.5).
        center = high - center + 1
    ds.SamplesPerPixel = 1
    ds.PhotometricInterpretation = photometric_interpretation
    ds.Rows, ds.Columns = film.shape
    ds.BitsAllocated = 16
    ds.BitsStored = film.bits_stored
    ds.HighBit = film.bits_stored - 1
    ds.PixelRepresentation = 0
    ds.WindowCenter = f"{center:g}"
    ds.WindowWidth = f"{film.voi.width:g}"
    ds.PixelData = np.ascontiguousarray(stored, "<u2").tobytes()
    return ds
