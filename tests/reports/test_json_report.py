"""What a JSON report holds, against its schema and against numbers found another way."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime

import jsonschema
import pytest

import cxrdesk
from cxrdesk.api import Evidence, InputSpec, Saliency, View
from cxrdesk.inference.result import Status
from cxrdesk.reports import json_report
from tests import support

REGION = InputSpec(size=(16, 16), region="lungs")


def entry(results, **about):
    return json_report.film_entry(
        results.film, path="film.dcm", masks=results.masks, detectors=results.detectors, **about
    )


def valid(content):
    """Hold a report to the schema by jsonschema itself, after a round trip through text."""
    schema = json.loads(json_report.SCHEMA.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    read = json.loads(json_report.to_text(content))
    jsonschema.validate(read, schema, cls=jsonschema.Draft202012Validator)
    return read


def test_a_full_report_holds_to_the_schema(analysed):
    failure = json_report.failure_entry("bad.dcm", "not-dicom", "bad.dcm is no DICOM file; choose a film.")
    plugin = json_report.plugin_failure_entry(
        name="p", distribution="d", version="1", code="import-failed", reason="it raised"
    )
    made = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
    content = json_report.report(
        [entry(analysed(), impression="clear")], failures=[failure], plugin_failures=[plugin], created=made
    )
    read = valid(content)
    assert read["disclaimer"] == "Not a medical device; not for diagnosis"
    assert read["cxrdesk"] == cxrdesk.__version__
    assert read["created"] == "2024-05-06T07:08:09+00:00"
    assert read["identity"]["included"] is False
    assert read["failures"][0]["code"] == "not-dicom"
    [film] = read["films"]
    assert film["impression"] == "clear"
    assert film["view"] == {
        "name": "chest-ap", "body_part": "chest", "projection": "ap", "view_position": None, "stated_by": "film",
    }  # fmt: skip
    [detector] = film["detectors"]
    assert detector["negative"] == "A negative result excludes nothing else."
    assert detector["evidence"]["level"] == "internal"
    assert detector["weights_sha256"] == support.WEIGHTS
    assert detector["device"] == "cpu"
    assert detector["engine"] is None
    assert detector["films"] == [film["sha256"]]
    [finding] = detector["findings"]
    # Platt with slope 2 and offset 0.5: 1 / (1 + exp(-(2 ln(0.8 / 0.2) + 0.5)))
    assert finding["probability"]["raw"] == 0.8
    assert finding["probability"]["calibrated"] == pytest.approx(0.9634758)
    assert finding["call"] == "positive"
    assert finding["operating_point"]["sensitivity"] == {
        "value": 0.9,
        "low": 0.85,
        "high": 0.9500000000000001,
        "n": 100,
    }
    assert finding["predictive_values"] is None


def test_the_outline_is_where_the_mask_is(analysed):
    results = analysed()
    [mask] = entry(results)["masks"]
    [line] = mask["outlines"]
    rows, cols = results.film.shape
    assert mask["area_share"] == 0.5
    assert min(x for x, _ in line) == pytest.approx(0, abs=0.2)
    assert max(x for x, _ in line) == pytest.approx(cols / 2, abs=cols / 16 / 2)
    assert [min(y for _, y in line), max(y for _, y in line)] == pytest.approx([0, rows], abs=0.2)
    shoelace = sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(line, line[1:] + line[:1], strict=True)) / 2
    assert abs(shoelace) == pytest.approx(rows * cols / 2, rel=0.02)


def test_share_of_the_map_in_the_lungs(analysed):
    """The map lies in the left half of what the detector sees, and so do the lungs."""
    spec = support.detector_spec(input=REGION, requires=("lungs",), operating_points=())
    [detector] = entry(analysed(support.HalfLungs, support.spying(spec=spec)))["detectors"]
    [saliency] = detector["findings"][0]["saliency"]
    assert saliency["lung_share"] == pytest.approx(1.0)
    assert (saliency["peak"], saliency["reference"], saliency["peak_share_of_reference"]) == (1.0, 2.0, 0.5)


def test_predictive_values_only_at_the_clinics_own_prevalence(analysed):
    results = analysed()
    spec = results.detectors[0].spec
    assert spec.prevalence == {}
    [detector] = entry(results, prevalence={"pneumonia": 0.1})["detectors"]
    values = detector["findings"][0]["predictive_values"]
    # Of 1000 patients 100 are ill: 90 true and 180 false positives, 720 true and 10 false negatives.
    assert values["prevalence"] == 0.1
    assert values["positive"] == pytest.approx(90 / 270)
    assert values["negative"] == pytest.approx(720 / 730)
    for useless in ({"pneumonia": 0.0}, {"pneumonia": 1.0}, {"other": 0.1}):
        [detector] = entry(results, prevalence=useless)["detectors"]
        assert detector["findings"][0]["predictive_values"] is None


def test_the_training_prevalence_is_never_used(analysed):
    spec = support.detector_spec(prevalence={"pneumonia": 0.74})
    [detector] = entry(analysed(support.spying(spec=spec)))["detectors"]
    assert detector["findings"][0]["predictive_values"] is None
    assert "0.74" not in json.dumps(detector)


def test_a_refused_film_has_no_score(analysed):
    results = analysed(film=support.film(patient_age_years=50.0))
    read = valid(json_report.report([entry(results)]))
    [detector] = read["films"][0]["detectors"]
    assert detector["status"] == "refused"
    assert [reason["code"] for reason in detector["reasons"]] == ["too-old"]
    assert detector["findings"][0]["probability"] is None
    assert detector["findings"][0]["call"] == "not run"
    assert detector["device"] is None


def test_unknown_age_asks(analysed):
    results = analysed(film=support.film(patient_age_years=None, view=View()))
    read = valid(json_report.report([entry(results)]))
    [detector] = read["films"][0]["detectors"]
    assert {reason["question"] for reason in detector["reasons"]} == {"age", "view"}
    assert read["films"][0]["patient_age"] == {"years": None, "stated_by": None}


def test_answers_are_marked_as_the_readers(analysed):
    film = entry(analysed(), answered=frozenset({"age"}))
    assert film["patient_age"] == {"years": 3.0, "stated_by": "reader"}
    assert film["view"]["stated_by"] == "film"


def test_synthetic_evidence_gives_no_call(analysed):
    spec = support.detector_spec(evidence=Evidence.SYNTHETIC)
    read = valid(json_report.report([entry(analysed(support.spying(spec=spec)), prevalence={"pneumonia": 0.2})]))
    [finding] = read["films"][0]["detectors"][0]["findings"]
    assert finding["call"] == "indeterminate"
    assert finding["operating_point"] is None
    assert finding["predictive_values"] is None
    assert [reason["code"] for reason in finding["reasons"]] == ["evidence-synthetic"]


def test_an_uncalibrated_score_is_not_called_calibrated(analysed):
    spec = support.detector_spec(calibration={}, saliency=Saliency(method="test"))
    read = valid(json_report.report([entry(analysed(support.spying(spec=spec)))]))
    [finding] = read["films"][0]["detectors"][0]["findings"]
    assert finding["probability"] == {"raw": 0.8, "calibrated": None, "calibration": "none", "fitted_on": ""}
    assert finding["saliency"][0]["peak_share_of_reference"] is None


def test_a_failed_model_is_told(analysed):
    class Breaks(support.Spy):
        calls = ()

        def load(self):
            raise RuntimeError("no weights")

    results = analysed(Breaks)
    assert results.detectors[0].status is Status.FAILED
    read = valid(json_report.report([entry(results)]))
    assert "no weights" in read["films"][0]["detectors"][0]["reasons"][0]["text"]


def test_simulated_films_are_marked(analysed):
    assert entry(analysed(film=support.film(source="phantom")))["simulated"] is True
    assert entry(analysed())["simulated"] is False


def test_another_films_result_is_never_reported(analysed):
    results, other = analysed(), support.film(seed=1)
    with pytest.raises(ValueError, match="another film"):
        json_report.film_entry(other, path="x", detectors=results.detectors)
    with pytest.raises(ValueError, match="another film"):
        json_report.film_entry(other, path="x", masks=results.masks)


def _set(content, path, value):
    *way, last = path
    for step in way:
        content = content[step]
    if value is KeyError:
        del content[last]
    else:
        content[last] = value


DETECTOR = ("films", 0, "detectors", 0)
FINDING = (*DETECTOR, "findings", 0)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("disclaimer",), "fit for diagnosis"),
        (("disclaimer",), KeyError),
        (("identity", "included"), True),
        (("films", 0, "patient_name"), "X"),
        ((*DETECTOR, "negative"), KeyError),
        ((*DETECTOR, "evidence"), KeyError),
        ((*DETECTOR, "status"), "refused"),
        ((*DETECTOR, "films"), []),
        ((*FINDING, "operating_point"), None),
        ((*FINDING, "call"), "indeterminate"),
        ((*FINDING, "probability", "raw"), 1.2),
        ((*FINDING, "probability"), None),
        ((*FINDING, "operating_point", "sensitivity", "n"), 0),
        ((*FINDING, "predictive_values"), {"prevalence": 1.0, "positive": 1.0, "negative": None}),
        (("films", 0, "masks", 0, "outlines", 0), [[1.0, 2.0], [3.0, 4.0]]),
        (("failures",), [{"path": "x", "code": "No Code", "text": "y"}]),
    ],
)
def test_what_would_mislead_breaks_the_schema(analysed, path, value):
    content = json_report.report([entry(analysed())])
    json_report.to_text(content)
    broken = copy.deepcopy(content)
    _set(broken, path, value)
    with pytest.raises(jsonschema.ValidationError):
        json_report.to_text(broken)


def test_file_names_that_are_no_text_can_be_written(analysed, tmp_path):
    results = analysed()
    odd = json_report.film_entry(results.film, path="na\udcffme.dcm", masks=results.masks)
    json_report.write_json(json_report.report([odd]), tmp_path / "report.json")
    assert json.loads((tmp_path / "report.json").read_bytes())["films"][0]["path"] == "na\udcffme.dcm"
