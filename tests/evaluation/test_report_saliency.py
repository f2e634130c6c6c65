"""The saliency audit's part of the report."""

from __future__ import annotations

import re
from html import unescape

import pytest

pytest.importorskip("sklearn.metrics")
pytest.importorskip("matplotlib.font_manager")

from cxrdesk.evaluation import intervals
from cxrdesk.evaluation.report.content import content, to_text
from cxrdesk.evaluation.report.html import page
from cxrdesk.evaluation.saliency import measures
from cxrdesk.evaluation.saliency.audit import audit
from cxrdesk.evaluation.saliency.figures import figures
from cxrdesk.evaluation.saliency.truth import truth_in
from cxrdesk.imaging import quality
from tests.made_squares import Sided, make_squares
from tests.support import CHEST, HalfLungs, registry_of, spying


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    truth = truth_in(make_squares(tmp_path_factory.mktemp("squares") / "site", count=6))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quality, "look", lambda film: CHEST)
        patch.setattr(measures, "STEPS", 2)
        patch.setattr(intervals, "RESAMPLES", 20)
        return figures("a <b>", audit(registry_of(spying(Sided), HalfLungs), Sided.spec, truth, device="cpu"))


def changed(told, **about):
    """The audit with the first method's figures changed."""
    finding = told["findings"][0]
    line = finding["methods"][0]
    line = line | {"figures": line["figures"] | about}
    return told | {"findings": [finding | {"methods": [line, *finding["methods"][1:]]}, *told["findings"][1:]]}


def test_the_schema_holds_and_nothing_of_a_patient_is_told(told):
    report = content([], saliency=[told])
    assert "patient0" not in to_text(report)
    assert to_text(content([]))
    assert "Saliency maps of" not in page(content([]), {})


def test_the_page_tells_what_was_found(told):
    text = page(content([], saliency=[told]), {})
    assert "Saliency maps of a &lt;b&gt;" in text
    words = " ".join(unescape(re.sub("<[^>]+>", " ", text)).split())
    assert "Of 6 films of labels.csv, 4 were explained." in words
    assert "True regions: opacity (4 films), where opacity stands for pneumonia." in words
    assert "True regions: opacity (4 films)." in words
    assert "refused too-old 1" in words
    energy = told["findings"][0]["methods"][0]["figures"]["energy"]
    assert f"{energy['value']:.3f} ({energy['low']:.3f} to {energy['high']:.3f})" in words
    assert "test (shown by the viewer)" in words
    assert "-0.333 (-0.333 to -0.333)" in words
    assert "Random from the last part down to" not in words


@pytest.mark.parametrize(("depends", "said"), [(True, "depends on the weights"), (False, "hardly depends on the")])
def test_the_randomisation_of_weights_is_told_part_by_part(told, depends, said):
    rank = {"value": -0.25, "low": -0.5, "high": 0.0, "n": 3}
    stages = [{"stage": name, "rank_correlation": rank, "similarity": rank} for name in ("head", "stem")]
    report = content([], saliency=[changed(told, randomisation={"stages": stages, "depends": depends})])
    to_text(report)
    words = " ".join(unescape(re.sub("<[^>]+>", " ", page(report, {}))).split())
    assert "head -0.250 (-0.500 to 0.000)" in words
    assert said in words


def test_figures_of_films_scored_positive_alone_are_told(told):
    words = " ".join(unescape(re.sub("<[^>]+>", " ", page(content([], saliency=[told]), {}))).split())
    assert words.count("where the score is positive (from 0.500)") == 1


def test_a_method_that_does_not_fit_says_why(told):
    finding = told["findings"][0]
    line = {"method": "cam", "name": "Map", "problem": {"code": "none", "text": "It has no head."}, "figures": None}
    report = content([], saliency=[told | {"findings": [finding | {"methods": [line]}]}])
    to_text(report)
    assert "It has no head." in page(report, {})
