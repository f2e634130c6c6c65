"""Every element is listed, and none that names a person is readable once names are masked."""

from __future__ import annotations

import logging
from pathlib import Path
from random import Random

import pydicom
import pytest
from pydicom import Dataset
from pydicom.data import get_testdata_file
from pydicom.datadict import DicomDictionary, dictionary_VR, tag_for_keyword
from pydicom.dataset import FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian

from cxrdesk.imaging.errors import FilmError
from cxrdesk.studies.header import MASKED, read_header_rows
from cxrdesk.studies.profile import profile_tags

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
    assert (kept["Patient's Age"], kept["Patient's Sex"]) == (MASKED, MASKED)
    assert (kept["SOP Instance UID"], kept["Media Storage SOP Instance UID"]) == (MASKED, MASKED)
    assert kept["SOP Class UID"] == "1.2.840.10008.5.1.4.1.1.1"
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


SAMPLES = {
    "AE": "STATION", "AS": "054Y", "CS": "SMOKER", "DA": "20240229", "DS": "71.5", "DT": "20240229130500", "IS": "7",
    "LO": "words", "LT": "words", "OB": b"words!", "PN": "Person^Some", "SH": "words", "ST": "words", "TM": "130500",
    "UC": "words", "UI": "1.2.3.4", "UN": b"words!", "UR": "http://a", "US": 7, "UT": "words", "OW": b"words!",
    "SL": 7, "SS": 7, "UL": 7, "FD": 7.0, "FL": 7.0,
}  # fmt: skip


def values(tags: set[int], path: Path) -> tuple[list[str], list[str]]:
    """Values of a file with these elements, as they are and masked."""
    ds = made(path)
    ds.clear()
    ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.1"
    for tag in tags:
        vr = dictionary_VR(tag).split(" or ")[0]
        if vr == "SQ":
            item = Dataset()
            item.CodeMeaning, item.CodeValue = "a thing", "T-1"
            ds.add_new(tag, vr, Sequence([item]))
        else:
            ds.add_new(tag, vr, SAMPLES[vr])
    ds.save_as(path, enforce_file_format=True)
    header = read_header_rows(path)
    told = [f"{tag >> 16:04X},{tag & 0xFFFF:04X}" for tag in tags]
    inside = ("0008,0100", "0008,0104")
    kept = [
        [r.value for r in rows if r.tag in (*told, *inside) and r.vr != "SQ"] for rows in (header.rows, header.masked)
    ]
    return kept[0], kept[1]


def test_what_the_standards_profile_takes_out_is_masked(tmp_path: Path) -> None:
    """PS3.15 table E.1-1, every attribute of it that a data set may hold; of sequences all that is in them."""
    tags = {tag for tag in profile_tags() if tag >> 16 not in (0, 2, 4, 0xFFFA, 0xFFFC)}
    assert len(tags) > 600
    open_, masked = values(tags, tmp_path / "all.dcm")
    assert len(open_) >= len(tags)
    assert MASKED not in open_
    assert set(masked) == {MASKED}


def test_dates_and_instance_uids_are_masked_wherever_they_stand(tmp_path: Path) -> None:
    tags = {tag for tag, entry in DicomDictionary.items() if entry[0] in ("DA", "DT", "TM", "PN") and tag >> 16 > 4}
    tags |= {tag for tag, entry in DicomDictionary.items() if entry[4].endswith("InstanceUID") and tag >> 16 > 4}
    _, masked = values(tags, tmp_path / "all.dcm")
    assert set(masked) == {MASKED}


def test_what_only_says_how_a_film_was_made_stays(tmp_path: Path) -> None:
    keywords = ("Rows", "KVP", "Exposure", "BodyPartExamined", "ViewPosition", "PhotometricInterpretation",
                "BitsStored", "WindowCenter", "ImagerPixelSpacing", "Manufacturer", "Modality")  # fmt: skip
    _, masked = values({tag_for_keyword(keyword) or 0 for keyword in keywords}, tmp_path / "all.dcm")
    assert MASKED not in masked


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
