"""What a report says: nothing lost, every figure another's, and the schema holds."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import jsonschema
import numpy as np
import pytest

metrics = pytest.importorskip("sklearn.metrics")
pytest.importorskip("matplotlib.font_manager")

from cxrdesk.api import Evidence  # noqa: E402
from cxrdesk.evaluation import intervals  # noqa: E402
from cxrdesk.evaluation.comparisons import published_auc  # noqa: E402
from cxrdesk.evaluation.delong import same_films  # noqa: E402
from cxrdesk.evaluation.report.content import GALLERY, SCHEMA, content, default_point, to_text  # noqa: E402
from cxrdesk.evaluation.report.html import page  # noqa: E402
from tests import support  # noqa: E402
from tests.made_answers import PATIENT, measured, rows  # noqa: E402

WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _few_resamples(monkeypatch):
    monkeypatch.setattr(intervals, "RESAMPLES", 40)


def scores(item):
    done = [a for a in item.answers if a.status == "done"]
    labels = np.array([a.row.labels["pneumonia"] for a in done])
    return labels, np.array([a.probability["pneumonia"] for a in done])


def figures(item, **about):
    [detector] = content([item], **about)["detectors"]
    return detector["findings"][0]["figures"]


def test_the_schema_is_one_and_holds():
    jsonschema.Draft202012Validator.check_schema(json.loads(SCHEMA.read_text(encoding="utf-8")))
    films = rows()
    told = content([measured(films), measured(films, name="second", seed=1)], created=WHEN)
    assert json.loads(to_text(told)) == told
    assert (told["created"], told["disclaimer"]) == (
        "2026-01-02T03:04:05+00:00",
        "Not a medical device; not for diagnosis",
    )
    broken = told | {"extra": 1}
    with pytest.raises(jsonschema.ValidationError):
        to_text(broken)


def test_every_film_is_scored_or_counted_with_its_reason():
    films = rows()
    counts = content([measured(films)])["detectors"][0]["counts"]
    assert (counts["films"], counts["patients"], counts["scored"]) == (120, 60, 117)
    # Films 0 and 1 are all that the first patient has.
    assert counts["scored_patients"] == 59
    assert counts["reasons"] == [
        {"status": "failed", "code": "model-failed", "films": 1, "patients": 1},
        {"status": "refused", "code": "too-old", "films": 1, "patients": 1},
        {"status": "unreadable", "code": "truncated", "films": 1, "patients": 1},
    ]
    assert [item["film"] for item in counts["not_scored"]] == [f"line {k} of labels.csv" for k in (2, 3, 4)]


def test_figures_are_scikit_learns():
    item = measured(rows())
    labels, p = scores(item)
    found = figures(item)
    assert found["auc"]["value"] == pytest.approx(metrics.roc_auc_score(labels, p))
    assert found["average_precision"]["value"] == pytest.approx(metrics.average_precision_score(labels, p))
    assert found["brier"]["value"] == pytest.approx(metrics.brier_score_loss(labels, p))
    for point, threshold in zip(found["points"], (0.3, 0.5), strict=True):
        (tn, fp), (fn, tp) = metrics.confusion_matrix(labels, p >= threshold)
        names = ("true_negatives", "false_positives", "false_negatives", "true_positives")
        assert [point[name] for name in names] == [tn, fp, fn, tp]
        assert point["f1"]["value"] == pytest.approx(metrics.f1_score(labels, p >= threshold))
    assert found["decision"]["all"][0] == pytest.approx(labels.mean() - (1 - labels.mean()) * 0.01 / 0.99)


def test_the_worst_errors_come_first():
    item = measured(rows())
    labels, p = scores(item)
    wrong = {"false positive": (labels == 0) & (p >= 0.5), "false negative": (labels == 1) & (p < 0.5)}
    found = figures(item)["failures"]
    for kind, order in (("false positive", -1), ("false negative", 1)):
        shown = [failure for failure in found if failure["kind"] == kind]
        assert [f["probability"] for f in shown] == sorted(p[wrong[kind]], key=lambda v: order * v)[:GALLERY]
        assert {f["of"] for f in shown} == {int(wrong[kind].sum())}
    by_ref = dict(zip(item.films.refs, item.answers, strict=True))
    assert all(by_ref[f["film"]].probability["pneumonia"] == f["probability"] for f in found)


def test_no_patient_is_named():
    assert PATIENT not in to_text(content([measured(rows())]))


def test_two_detectors_are_compared_on_the_films_that_both_scored():
    films = rows()
    first, second = measured(films), measured(films, name="second", seed=1)
    second.answers[10] = replace(second.answers[10], status="refused", code="too-old", probability={}, raw={})
    [told] = content([first, second])["comparisons"]
    kept = [k for k in range(3, 120) if k != 10]
    labels = np.array([films[k].labels["pneumonia"] for k in kept])
    a, b = (np.array([item.answers[k].probability["pneumonia"] for k in kept]) for item in (first, second))
    area_a, area_b, difference = same_films(labels, a, b)
    assert (told["films"], told["first"], told["second"], told["problem"]) == (116, "first", "second", None)
    assert (told["first_auc"], told["second_auc"]) == (area_a, area_b)
    assert told["difference"]["p"] == difference.p
    assert told["by_patient"]["low"] <= difference.difference <= told["by_patient"]["high"]


def test_detectors_without_a_common_film_say_so():
    told = content([measured(rows()), measured(rows(folder=rows()[0].path), name="second")])
    to_text(told)
    assert told["comparisons"][0]["problem"] == "no film was scored by both"
    assert told["comparisons"][0]["difference"] is None


@pytest.mark.parametrize(("labels", "code"), [({"pneumonia": 1}, "one-class"), ({"asthma": 1}, "no-labels")])
def test_a_finding_that_cannot_be_measured_says_why(labels, code):
    films = rows()
    item = measured(films)
    lost = [replace(a, row=replace(a.row, labels=labels)) for a in item.answers]
    told = content([replace(item, answers=lost)])
    to_text(told)
    [finding] = told["detectors"][0]["findings"]
    assert (finding["problem"]["code"], finding["figures"]) == (code, None)


def test_all_films_refused_is_a_report_too():
    item = measured(rows())
    refused = [replace(a, status="refused", code="too-old", probability={}, raw={}) for a in item.answers]
    told = content([replace(item, answers=refused)])
    to_text(told)
    assert told["detectors"][0]["counts"]["reasons"][0]["films"] == 120
    assert told["detectors"][0]["findings"][0]["problem"]["code"] == "no-films"


def published(area, low, high):
    estimate = {"value": area, "low": low, "high": high, "n": 713}
    return {"evaluation": {"table": {"finding": "pneumonia", "points": {"balanced": {"auc": estimate}}}}}


def test_another_sites_films_state_the_drop():
    item = measured(rows(), external=True, manifest=published(0.98, 0.97, 0.99))
    area = metrics.roc_auc_score(*scores(item))
    drop = figures(item)["drop"]
    assert drop["published"] == {"value": 0.98, "low": 0.97, "high": 0.99, "n": 713}
    assert drop["difference"] == pytest.approx(0.98 - area)
    assert drop["low"] < drop["difference"] < drop["high"]
    assert drop["p"] < 0.05


@pytest.mark.parametrize("table", [None, "words", {}, {"finding": "pneumonia", "points": {"balanced": {"auc": 0.9}}}])
def test_a_table_of_another_kind_gives_no_drop(table):
    item = measured(rows(), external=True, manifest={"evaluation": {"table": table}})
    assert figures(item)["drop"] is None


def test_a_bundle_of_several_findings_has_several_tables():
    one = published(0.98, 0.97, 0.99)["evaluation"]["table"]
    tables = [one | {"finding": "edema"}, one | {"points": {"x": one["points"]["balanced"]}}]
    assert published_auc({"evaluation": {"table": tables}}, "pneumonia").value == 0.98
    assert published_auc({"evaluation": {"table": tables}}, "asthma") is None


def test_the_trainings_own_source_has_no_drop():
    assert figures(measured(rows(), manifest=published(0.98, 0.97, 0.99)))["drop"] is None
    assert figures(measured(rows(), external=True))["drop"] is None


def test_the_usual_operating_point_is_the_viewers():
    assert default_point(measured(rows()).spec, "pneumonia") == ("balanced", 0.5)
    one = support.detector_spec(operating_points=(support.point(name="own", threshold=0.7),))
    assert default_point(one, "pneumonia") == ("own", 0.7)
    assert default_point(support.detector_spec(operating_points=()), "pneumonia") == ("0.5", 0.5)


def test_the_evidence_level_is_said_with_its_sentence():
    spec = support.detector_spec(evidence=Evidence.SYNTHETIC)
    told = content([measured(rows(), spec=spec)])["detectors"][0]["evidence"]
    assert told == {"level": "synthetic", "text": Evidence.SYNTHETIC.sentence}


def test_why_the_viewer_gives_no_call_is_said():
    told = content([measured(rows(), no_call=("evidence-synthetic",)), measured(rows(), name="second")])
    first, second = (item["findings"][0]["no_call"] for item in told["detectors"])
    assert (first, second) == (["evidence-synthetic"], [])
    assert "no call (evidence-synthetic)" in page(told, {})


def test_two_films_are_no_external_validation():
    films = rows(9)
    item = measured(films, external=True, manifest=published(0.98, 0.97, 0.99))
    told = content([item])
    to_text(told)
    [finding] = told["detectors"][0]["findings"]
    assert (finding["problem"]["code"], finding["figures"]) == ("too-small", None)
    assert finding["problem"]["text"].startswith("The set is too small: 2 films with the finding, 4 without, of 4")
    assert "External validation" not in page(told, {})


@pytest.mark.parametrize("perfect", ["here", "published"])
def test_an_interval_without_width_is_no_test(perfect):
    """All films on the right side: the bootstrap has no spread, and neither has the difference."""
    own = published(1.0, 1.0, 1.0) if perfect == "published" else published(0.98, 0.97, 0.99)
    item = measured(rows(), external=True, manifest=own)
    if perfect == "here":
        told = [
            replace(a, probability={"pneumonia": 0.1 + 0.8 * a.row.labels["pneumonia"]} if a.status == "done" else {})
            for a in item.answers
        ]
        item = replace(item, answers=told)
        assert figures(item)["auc"]["low"] == figures(item)["auc"]["high"] == 1
    assert figures(item)["drop"] is None
