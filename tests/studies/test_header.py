"""Every element is listed, and none that names a person is readable once names are masked."""

from __future__ import annotations

import logging
from pathlib import Path
from random import Random

import pydicom
import pytest
from pydicom import Dataset
from pydicom.data import get_testdata_file
from pydicom.datadict import DicomDictionary
from pydicom.dataset import FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian

from cxrdesk.imaging.errors import FilmError
from cxrdesk.studies.header import MASKED, read_header_rows

FILES = [
    "CT_small.dcm", "MR_small_implicit.dcm", "MR_small_bigendian.dcm", "rtplan.dcm", "reportsi.dcm",
    "nested_priv_SQ.dcm", "priv_SQ.dcm", "image_dfl.dcm", "empty_charset_LEI.dcm", "test-SR.dcm",
]  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_rows_are_the_elements_that_pydicom_lists(name: str) -> None:
    path = Path(str(get_testdata_file(name)))
    rows = [row for row in read_header_rows(path).rows if row.tag != "FFFE,E000"]
    ds = pydicom.dcmread(path, stop_before_pixels=True, force=True)
    elements = [*ds.file_meta, *ds.iterall()]
    told = [f"{element.tag.group:04X},{element.tag.element:04X}" for element in elements]
    if "TransferSyntaxUID" not in ds.file_meta:
        told.insert(0, "0002,0010")
    assert sorted(row.tag for row in rows) == sorted(told)
    assert "(cannot be read)" not in {row.value for row in rows}
    by_tag = {row.tag: row for row in rows if row.depth == 0}
    for element in ds:
        row = by_tag[f"{element.tag.group:04X},{element.tag.element:04X}"]
        assert row.vr == element.VR
        if element.keyword and element.VR in ("CS", "IS", "US", "UI", "DA") and element.VM == 1:
            assert row.value == str(element.value)
            assert row.name == element.name


NAME = "Okonkwo^Adaeze"


def made(path: Path) -> Dataset:
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.1"
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    ds.PatientName = NAME
    ds.PatientID = "HOSP-77812"
    ds.PatientBirthDate = "19700203"
    ds.PatientAge = "054Y"
    ds.PatientSex = "F"
    ds.ReferringPhysicianName = "Someone^Else"
    ds.StudyDescription = "Thorax OKONKWO"
    ds.InstitutionName = "General Hospital"
    ds.Manufacturer = "Maker"
    ds.KVP = "125"
    ds.ImageComments = "told by Mrs. A."
    item = Dataset()
    item.RequestedProcedureDescription = "chest, hosp-77812"
    item.ScheduledPerformingPhysicianName = "Third^Person"
    item.RequestedProcedurePriority = "LOW"
    ds.RequestAttributesSequence = Sequence([item])
    private = ds.private_block(0x0019, "MAKER 1.0", create=True)
    private.add_new(0x01, "LO", "Adaeze's film")
    private.add_new(0x02, "DS", "3.5")
    ds.save_as(path, enforce_file_format=True)
    return ds


def test_what_names_a_person_is_masked_wherever_it_stands(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    made(tmp_path / "film.dcm")
    with caplog.at_level(logging.DEBUG):
        header = read_header_rows(tmp_path / "film.dcm")
    open_, told = (" ".join(row.value for row in rows).casefold() for rows in (header.rows, header.masked))
    for secret in ("okonkwo", "adaeze", "77812", "19700203", "someone", "third", "mrs", "general hospital"):
        assert secret in open_, secret
        assert secret not in told, secret
        assert secret not in repr(header).casefold()
        assert secret not in repr(header.rows).casefold()
        assert secret not in caplog.text.casefold()
    kept = {row.name: row.value for row in header.masked}
    assert (kept["Patient's Age"], kept["Patient's Sex"]) == ("054Y", "F")
    assert (kept["KVP"], kept["Manufacturer"], kept["Private creator"]) == ("125", "Maker", "MAKER 1.0")
    assert [row.tag for row in header.masked] == [row.tag for row in header.rows]


def test_every_persons_name_of_the_standard_is_masked(tmp_path: Path) -> None:
    ds = made(tmp_path / "film.dcm")
    tags = [tag for tag, entry in DicomDictionary.items() if entry[0] == "PN" and tag >> 16 != 2]
    for number, tag in enumerate(tags):
        ds.add_new(tag, "PN", f"Number{number}^Person")
    ds.save_as(tmp_path / "all.dcm", enforce_file_format=True)
    header = read_header_rows(tmp_path / "all.dcm")
    assert sum(row.value.startswith("Number") for row in header.rows) == len(tags)
    assert not [row for row in header.masked if "Number" in row.value]
    assert sum(row.value == MASKED for row in header.masked) > len(tags)


def test_nested_and_private_elements_stand_where_they_belong() -> None:
    header = read_header_rows(Path(str(get_testdata_file("nested_priv_SQ.dcm"))))
    depths = [row.depth for row in header.rows]
    assert max(depths) == 4  # an item of a sequence in an item of a sequence
    assert any(row.name.startswith("Private") for row in header.rows)


@pytest.mark.parametrize("name", ["README.txt", "film.png"])
def test_a_file_without_a_header_is_told_in_a_sentence(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"\x89PNG\r\n" + bytes(300))
    with pytest.raises(FilmError, match="not a DICOM file"):
        read_header_rows(tmp_path / name)


def test_broken_headers_are_listed_as_far_as_they_can_be_read_or_told_in_a_sentence(tmp_path: Path) -> None:
    random, listed = Random(5), 0
    whole = [Path(str(get_testdata_file(name))).read_bytes()[:6000] for name in ("nested_priv_SQ.dcm", "test-SR.dcm")]
    path = tmp_path / "broken.dcm"
    for number in range(300):
        content = bytearray(whole[number % 2])
        for _ in range(random.choice((1, 3, 10))):
            at = random.randrange(132, len(content))
            if random.random() < 0.7:
                content[at] = random.randrange(256)
            else:
                del content[at : at + random.randrange(1, 8)]
        path.write_bytes(content)
        try:
            listed += len(read_header_rows(path).rows) > 0
        except FilmError:
            continue
    assert 20 < listed < 300
