"""View, age, sex, spacing, padding and lookup tables from attributes."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from cxrdesk.imaging.dicom_attributes import read_age_years, read_date, read_sex, read_view
from cxrdesk.imaging.dicom_luts import believable_padding, lut_table, read_modality_lut, read_padding
from cxrdesk.imaging.dicom_spacing import read_spacing
from cxrdesk.imaging.notices import collect_warnings
from cxrdesk.imaging.radiograph import Projection


def dataset(**attributes: object) -> Dataset:
    ds = Dataset()
    with collect_warnings():  # pydicom warns of the invalid values that these tests are about
        for keyword, value in attributes.items():
            setattr(ds, keyword, value)
    return ds


def code(value: str, scheme: str) -> Sequence:
    return Sequence([dataset(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning="x")])


@pytest.mark.parametrize(
    ("stated", "years"),
    [("003Y", 3), ("018M", 1.5), ("010D", 10 / 365.25), ("052W", 364 / 365.25), ("000D", 0), ("3Y", 3)],
)
def test_ages(stated: str, years: float) -> None:
    assert read_age_years(dataset(PatientAge=stated), []) == pytest.approx(years)


@pytest.mark.parametrize("stated", ["003", "XYZ", "-01Y", "999Y", "Y", "3 years", "00.5"])
def test_invalid_ages_are_unknown_and_noted(stated: str) -> None:
    notes: list[str] = []
    assert read_age_years(dataset(PatientAge=stated), notes) is None
    assert len(notes) == 1


def test_zero_years_is_a_filler() -> None:
    notes: list[str] = []
    assert read_age_years(dataset(PatientAge="000Y"), notes) is None
    assert len(notes) == 1
    dated = dataset(PatientAge="000Y", PatientBirthDate="20200101", StudyDate="20230101")
    assert read_age_years(dated, []) == pytest.approx(3, abs=0.01)


@pytest.mark.parametrize("several", [["AP", "LL"], ["LL", "AP"], ["AP", ""]])
def test_of_several_views_none_is_believed(several: list[str]) -> None:
    notes: list[str] = []
    ds = dataset(ViewPosition=several, ViewCodeSequence=code("R-10206", "SRT"), PatientOrientation=["L", "F"])
    assert read_view(ds, notes).projection is None
    assert len(notes) == 1
    assert "several values" in notes[0]


def test_of_several_body_parts_and_ages_none_is_believed() -> None:
    notes: list[str] = []
    assert read_view(dataset(BodyPartExamined=["CHEST", "HIP"]), notes).body_part is None
    assert read_age_years(dataset(PatientAge=["003Y", "070Y"]), notes) is None
    assert len(notes) == 2
    same = dataset(BodyPartExamined=["CHEST", "CHEST"], ViewPosition=["AP", "AP "])
    assert read_view(same, notes).projection == Projection.AP
    assert len(notes) == 2


def test_age_from_dates() -> None:
    born = {"PatientBirthDate": "20200101"}
    assert read_age_years(dataset(**born, StudyDate="20230101"), []) == pytest.approx(3, abs=0.01)
    assert read_age_years(dataset(**born, StudyDate="20230101", AcquisitionDate="20220101"), []) == pytest.approx(
        2, abs=0.01
    )
    assert read_age_years(dataset(**born, StudyDate="20230101", PatientAge="bad"), []) == pytest.approx(3, abs=0.01)
    assert read_age_years(dataset(**born, StudyDate="20190101"), []) is None
    assert read_age_years(dataset(**born), []) is None
    assert read_age_years(dataset(StudyDate="20230101"), []) is None


@pytest.mark.parametrize(
    ("age", "born", "known"),
    [
        ("003Y", "19500101", False),
        ("070Y", "20170101", False),
        ("003M", "20180101", False),
        ("003Y", "20300101", False),  # born after the film
        ("003Y", "18500101", False),
        ("003Y", "20160105", True),  # four years in some days
        ("004Y", "20160901", True),  # rounded up
        ("003M", "20190901", True),
    ],
)
def test_an_age_that_contradicts_the_dates_is_unknown(age: str, born: str, known: bool) -> None:
    notes: list[str] = []
    found = read_age_years(dataset(PatientAge=age, PatientBirthDate=born, StudyDate="20200101"), notes)
    assert (found is not None) == known
    assert [("contradict" in note, born[:4] in note, age in note) for note in notes] == [(True, False, False)] * (
        not known
    )


def test_dates() -> None:
    assert read_date(dataset(StudyDate="20230102"), "StudyDate", []) == date(2023, 1, 2)
    assert read_date(dataset(StudyDate="1993.02.24"), "StudyDate", []) == date(1993, 2, 24)
    notes: list[str] = []
    assert read_date(dataset(StudyDate="20231302"), "StudyDate", notes) is None
    assert notes


@pytest.mark.parametrize(("stated", "sex"), [("M", "M"), ("F", "F"), ("O", "O"), ("", None), ("U", None)])
def test_sex(stated: str, sex: str | None) -> None:
    assert read_sex(dataset(PatientSex=stated), []) == sex


@pytest.mark.parametrize(
    ("attributes", "projection"),
    [
        ({"ViewPosition": "PA"}, Projection.PA),
        ({"ViewPosition": "AP"}, Projection.AP),
        ({"ViewPosition": "LL"}, Projection.LATERAL),
        ({"ViewPosition": "LLO"}, None),
        ({"ViewPosition": "RLD"}, None),
        ({"ViewPosition": "", "PatientOrientation": ["L", "F"]}, Projection.FRONTAL),
        ({"PatientOrientation": ["A", "F"]}, Projection.LATERAL),
        ({"PatientOrientation": ["LA", "F"]}, None),
        ({"ViewPosition": "LL", "PatientOrientation": ["L", "F"]}, Projection.LATERAL),
        ({"ViewCodeSequence": code("272479007", "SCT")}, Projection.PA),
        ({"ViewCodeSequence": code("R-10206", "SRT")}, Projection.AP),  # the SNOMED RT code of antero-posterior
        ({"ViewCodeSequence": code("R-10236", "SRT")}, Projection.LATERAL),
        ({"ViewCodeSequence": code("399260004", "SCT")}, None),
        ({"SeriesDescription": "Chest PA", "ProtocolName": "PA"}, None),
        ({}, None),
    ],
)
def test_projection(attributes: dict[str, object], projection: Projection | None) -> None:
    assert read_view(dataset(**attributes), []).projection == projection


@pytest.mark.parametrize(
    ("attributes", "body_part"),
    [
        ({"BodyPartExamined": "CHEST"}, "chest"),
        ({"BodyPartExamined": "THORAX"}, "chest"),
        ({"BodyPartExamined": "HIP"}, "hip"),
        ({"AnatomicRegionSequence": code("T-D3000", "SRT")}, "chest"),
        ({"AnatomicRegionSequence": code("51185008", "SCT")}, "chest"),
        ({"AnatomicRegionSequence": code("816094009", "SCT")}, "chest"),
        ({"AnatomicRegionSequence": code("24136001", "SCT")}, "hip"),
        ({"AnatomicRegionSequence": code("70258002", "SCT")}, "ankle joint"),
        ({"AnatomicRegionSequence": code("1", "99LOCAL")}, None),
        ({"StudyDescription": "CHEST"}, None),
    ],
)
def test_body_part(attributes: dict[str, object], body_part: str | None) -> None:
    assert read_view(dataset(**attributes), []).body_part == body_part


@pytest.mark.parametrize(
    ("attributes", "spacing", "source"),
    [
        ({"ImagerPixelSpacing": [0.1, 0.2]}, (0.1, 0.2), "imager"),
        ({"ImagerPixelSpacing": [0.1, 0.1], "PixelSpacing": [0.1, 0.1]}, (0.1, 0.1), "imager"),
        ({"ImagerPixelSpacing": [0.1, 0.1], "PixelSpacing": [0.09, 0.09]}, (0.09, 0.09), "calibrated"),
        ({"PixelSpacing": [0.2, 0.2], "PixelSpacingCalibrationType": "FIDUCIAL"}, (0.2, 0.2), "calibrated"),
        ({"PixelSpacing": [0.2, 0.2]}, (0.2, 0.2), "unknown"),
        (
            {"ImagerPixelSpacing": [0.2, 0.2], "EstimatedRadiographicMagnificationFactor": 1.25},
            (0.16, 0.16),
            "calibrated",
        ),
        ({"NominalScannedPixelSpacing": [0.17, 0.17]}, (0.17, 0.17), "imager"),
        ({"PixelSpacing": [0, 0]}, None, "unknown"),
        ({"PixelSpacing": [0.1]}, None, "unknown"),
        ({"ImagerPixelSpacing": [-0.1, 0.1]}, None, "unknown"),
        ({}, None, "unknown"),
    ],
)
def test_spacing(attributes: dict[str, object], spacing: tuple[float, float] | None, source: str) -> None:
    told = read_spacing(dataset(**attributes), [])
    found, found_source = told.mm, told.source
    assert found == (None if spacing is None else pytest.approx(spacing))
    assert found_source == source


def padded(vr: str, value: int, limit: int | None = None) -> Dataset:
    ds = Dataset()
    ds.add_new("PixelPaddingValue", vr, value)
    if limit is not None:
        ds.add_new("PixelPaddingRangeLimit", vr, limit)
    return ds


def test_padding() -> None:
    assert read_padding(padded("US", 0), (0, 4095), 16, []) == (0, 0)
    assert read_padding(padded("US", 4095, 4000), (0, 4095), 16, []) == (4000, 4095)
    assert read_padding(padded("SS", -1), (0, 65535), 16, []) == (65535, 65535)
    assert read_padding(Dataset(), (0, 4095), 16, []) is None
    notes: list[str] = []
    assert read_padding(padded("US", 0x8000), (0, 4095), 16, notes) is None
    assert notes


def test_padding_that_leaves_no_film_is_ignored() -> None:
    notes: list[str] = []
    assert read_padding(padded("US", 0, 4095), (0, 4095), 16, notes) is None
    assert read_padding(padded("US", 0, 65535), (0, 4095), 16, notes) is None
    assert ["covers every value" in note for note in notes] == [True, True]
    stored = np.arange(1000, dtype=np.uint16).reshape(25, 40)
    assert believable_padding(stored, (0, 900), notes) == (0, 900)
    assert len(notes) == 2
    assert believable_padding(stored, (0, 960), notes) is None
    assert "nearly the whole film" in notes[2]


def item(descriptor: list[int], data: object, vr: str = "US") -> Dataset:
    ds = dataset(LUTDescriptor=descriptor)
    ds.add_new("LUTData", vr, data)
    return ds


def test_lookup_tables_in_every_packing() -> None:
    entries = np.arange(256)
    for made in (
        item([256, 5, 16], list(range(256))),
        item([256, 5, 16], entries.astype("<u2").tobytes(), "OW"),
        item([256, 5, 8], entries.astype(np.uint8).tobytes(), "OW"),  # two entries in each word
        item([256, 5, 8], entries.astype(np.uint8).view("<u2").tolist()),
    ):
        table, first, bits = lut_table(made)
        np.testing.assert_array_equal(table, entries)
        assert first == 5
        assert bits in (8, 16)


def test_a_count_of_zero_means_65536() -> None:
    table, _, _ = lut_table(item([0, 0, 16], np.arange(65536).astype("<u2").tobytes(), "OW"))
    assert len(table) == 65536


def test_more_bits_than_promised_are_kept() -> None:
    assert lut_table(item([3, 0, 8], [0, 100, 4095]))[2] == 12


def test_unusable_tables_are_noted() -> None:
    for broken in (item([300, 0, 16], [1, 2, 3]), item([3, 0], [1, 2, 3])):
        notes: list[str] = []
        assert read_modality_lut(dataset(ModalityLUTSequence=Sequence([broken])), notes).table is None
        assert len(notes) == 1
