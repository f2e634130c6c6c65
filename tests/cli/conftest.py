"""The command line within the test's process, over small models and films that are made here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ComputedRadiographyImageStorage, ExplicitVRLittleEndian, generate_uid
from typer.testing import CliRunner

from cxrdesk.cli.main import app
from cxrdesk.discovery.registry import PluginFailure, Registry
from cxrdesk.inference.runners import LocalRunner
from tests import support

IDENTITY = {
    "PatientName": "Quixotella^Zebedee",
    "PatientID": "PID-7731942",
    "PatientBirthDate": "20210317",
    "OtherPatientIDs": "OTHER-5512",
    "AccessionNumber": "ACC-990017",
    "InstitutionName": "Hospital of Nowhere",
    "ReferringPhysicianName": "Refferton^Doc",
    "StudyDate": "20240609",
    "PatientComments": "neighbour of Mx Vandersloot",
}
"""Attributes whose values must not appear anywhere."""


def chest_dataset(seed: int = 0, syntax: UID = ExplicitVRLittleEndian, **attributes: object) -> Dataset:
    """A CR chest film, AP, of a child of three; keywords set attributes, None deletes one."""
    stored = np.random.default_rng(seed).integers(0, 4096, (160, 140)).astype(np.uint16)
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = syntax
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID = ComputedRadiographyImageStorage
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID = generate_uid(entropy_srcs=[f"film {seed}"])
    ds.Modality = "CR"
    ds.BodyPartExamined = "CHEST"
    ds.ViewPosition = "AP"
    ds.PatientAge = "003Y"
    ds.PhotometricInterpretation = "MONOCHROME2"
    ds.SamplesPerPixel = 1
    ds.Rows, ds.Columns = stored.shape
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    ds.PixelData = stored.tobytes()
    ds["PixelData"].VR = "OW"
    for keyword, value in attributes.items():
        if value is None:
            delattr(ds, keyword)
        else:
            setattr(ds, keyword, value)
    return ds


@pytest.fixture
def save_chest(tmp_path: Path) -> Callable[..., Path]:
    """Write such a film."""

    def save(name: str = "film.dcm", **attributes: object) -> Path:
        path = tmp_path / "films" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        chest_dataset(**attributes).save_as(path, enforce_file_format=True)
        return path

    return save


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXRDESK_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CXRDESK_DEBUG", "")
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture
def cli() -> Callable[..., object]:
    """Run a command line: its exit code, stdout and stderr."""
    return lambda *arguments: CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Registry]:
    """Have these models installed and no other; every picture is a chest film, and torch is not needed."""
    monkeypatch.setattr("cxrdesk.imaging.quality.look", lambda film: support.CHEST)
    monkeypatch.setattr("cxrdesk.inference.devices.choose", lambda wanted: "cpu")
    # These models are no distributions that a child process could find.
    monkeypatch.setattr(
        "cxrdesk.cli.analyze.new_runner", lambda registry, device, limit_s, compiled: LocalRunner(registry)
    )

    def install(*models: type, failures: tuple[PluginFailure, ...] = ()) -> Registry:
        registry = support.registry_of(*models) if models else Registry([])
        registry.failures += failures
        monkeypatch.setattr("cxrdesk.discovery.loader.load_registry", lambda **given: registry)
        monkeypatch.setattr("cxrdesk.discovery.listing.list_plugins", lambda **given: registry)
        return registry

    return install


@pytest.fixture
def usual(installed: Callable[..., Registry]) -> Registry:
    """A lung segmenter and a pneumonia detector for children."""
    return installed(support.HalfLungs, support.spying())
