"""Small DICOM films, made with pydicom, that tests change as they need."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ComputedRadiographyImageStorage, ExplicitVRLittleEndian, generate_uid

FilmMaker = Callable[..., Dataset]


@pytest.fixture
def make_film() -> FilmMaker:
    """Make a CR dataset of `stored` values; keywords set attributes, None deletes one."""

    def make(
        stored: np.ndarray | None = None,
        *,
        bits_stored: int = 12,
        syntax: UID = ExplicitVRLittleEndian,
        **attributes: object,
    ) -> Dataset:
        if stored is None:
            stored = np.random.default_rng(1).integers(0, 1 << bits_stored, (24, 20)).astype(np.uint16)
        ds = Dataset()
        ds.file_meta = FileMetaDataset()
        ds.file_meta.TransferSyntaxUID = syntax
        ds.file_meta.MediaStorageSOPClassUID = ComputedRadiographyImageStorage
        ds.SOPClassUID = ComputedRadiographyImageStorage
        ds.SOPInstanceUID = generate_uid(entropy_srcs=["film"])
        ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
        ds.Modality = "CR"
        ds.PhotometricInterpretation = "MONOCHROME2"
        ds.SamplesPerPixel = 1
        ds.Rows, ds.Columns = stored.shape
        ds.BitsAllocated = stored.dtype.itemsize * 8
        ds.BitsStored = min(bits_stored, ds.BitsAllocated)
        ds.HighBit = ds.BitsStored - 1
        ds.PixelRepresentation = int(stored.dtype.kind == "i")
        ds.PixelData = stored.tobytes() + b"\0" * (stored.nbytes % 2)
        ds["PixelData"].VR = "OW"
        for keyword, value in attributes.items():
            if value is None:
                delattr(ds, keyword)
            else:
                setattr(ds, keyword, value)
        return ds

    return make


@pytest.fixture
def save_film(make_film: FilmMaker, tmp_path: Path) -> Callable[..., Path]:
    """Write such a dataset to a file."""

    def save(name: str = "film.dcm", **attributes: object) -> Path:
        path = tmp_path / name
        make_film(**attributes).save_as(path, enforce_file_format=True)
        return path

    return save


@pytest.fixture(scope="session")
def real_dicom() -> Path:
    """Return the folder of real DICOM films."""
    folder = os.environ.get("CXRDESK_DATA")
    if not folder or not (Path(folder) / "dicom").is_dir():
        pytest.skip("CXRDESK_DATA names no folder of real films")
    return Path(folder) / "dicom"
