"""The table, read back by Python's csv module."""

from __future__ import annotations

import csv
import io
import json

import jsonschema
import pytest

from cxrdesk.reports import csv_report, json_report
from tests import support


def content_of(*results, failures=(), **about):
    films = [
        json_report.film_entry(r.film, path=f"{i}.dcm", masks=r.masks, detectors=r.detectors, **about)
        for i, r in enumerate(results)
    ]
    return json_report.report(films, failures=failures)


def read(content):
    return list(csv.DictReader(io.StringIO(csv_report.to_text(content), newline="")))


def test_one_row_for_each_film_and_finding(analysed):
    second = support.spying(spec=support.detector_spec(id="second-detector"))
    both = analysed(support.HalfLungs, support.spying(), second)
    old = analysed(support.HalfLungs, support.spying(), film=support.film(seed=2, patient_age_years=40.0))
    rows = read(content_of(both, old))
    assert [(row["path"], row["detector"], row["call"]) for row in rows] == [
        ("0.dcm", "second-detector", "positive"),
        ("0.dcm", "test-detector", "positive"),
        ("1.dcm", "test-detector", "not run"),
    ]
    assert rows[2]["reason_codes"] == "too-old"
    assert rows[2]["raw_probability"] == rows[2]["calibrated_probability"] == ""


def test_figures_that_nobody_published_are_empty(analysed):
    bare = support.point(sensitivity=None, specificity=None)
    spy = support.spying(spec=support.detector_spec(operating_points=(bare,)))
    content = content_of(analysed(support.HalfLungs, spy), prevalence={"pneumonia": 0.1})
    jsonschema.validate(json.loads(json_report.to_text(content)), json.loads(json_report.SCHEMA.read_text()))
    [row] = read(content)
    assert (row["call"], row["threshold"]) == ("positive", "0.5")
    assert row["sensitivity"] == row["specificity_low"] == row["positive_predictive_value"] == ""


def test_each_row_stands_alone(analysed):
    content = content_of(analysed(), prevalence={"pneumonia": 0.1}, impression="clear lungs")
    [row] = read(content)
    finding = content["films"][0]["detectors"][0]["findings"][0]
    assert tuple(row) == csv_report.COLUMNS
    assert row["disclaimer"] == "Not a medical device; not for diagnosis"
    assert row["negative"] == "A negative result excludes nothing else."
    assert row["evidence"] == "internal"
    assert row["simulated"] == "false"
    assert row["lung_outline"] == "done"
    assert row["impression"] == "clear lungs"
    assert float(row["calibrated_probability"]) == finding["probability"]["calibrated"]
    assert float(row["threshold"]) == 0.5
    assert float(row["specificity_low"]) == finding["operating_point"]["specificity"]["low"]
    assert float(row["positive_predictive_value"]) == pytest.approx(1 / 3)


def test_a_failure_and_a_film_without_detectors_have_rows(analysed):
    failure = json_report.failure_entry('bad, "odd".dcm', "truncated", "It ends early; copy it again.")
    rows = read(content_of(analysed(support.HalfLungs), failures=[failure]))
    assert [(row["path"], row["detector"], row["status"]) for row in rows] == [
        ("0.dcm", "", ""),
        ('bad, "odd".dcm', "", "failed"),
    ]
    assert rows[1]["reason_codes"] == "truncated"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"])
def test_no_spreadsheet_takes_text_for_a_formula(analysed, text):
    [row] = read(content_of(analysed(), impression=text))
    assert row["impression"] == f"'{text}"


def test_numbers_are_no_text(analysed):
    """A guard against formulas must not turn a negative number into text; here there is none below 0."""
    [row] = read(content_of(analysed()))
    assert float(row["seconds"]) >= 0
    assert float(row["raw_probability"]) == 0.8


def test_written_as_utf8(analysed, tmp_path):
    results = analysed()
    film = json_report.film_entry(results.film, path="fi\udcfflm-ä.dcm", detectors=results.detectors)
    csv_report.write_csv(json_report.report([film]), tmp_path / "report.csv")
    text = (tmp_path / "report.csv").read_bytes().decode("utf-8")
    assert "fi\\udcfflm-ä.dcm" in text
