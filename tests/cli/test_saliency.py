"""``cxrdesk evaluate --saliency``."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("sklearn", reason="figures need the extra 'train'")
pytest.importorskip("matplotlib.font_manager", reason="reports need the extra 'train'")

from tests import support
from tests.made_squares import Sided, make_squares


@pytest.fixture(autouse=True)
def _fast(monkeypatch):
    monkeypatch.setattr("cxrdesk.evaluation.intervals.RESAMPLES", 20)
    monkeypatch.setattr("cxrdesk.evaluation.saliency.measures.STEPS", 2)


@pytest.fixture
def site(tmp_path):
    return make_squares(tmp_path / "site", count=8)


def test_maps_are_audited_beside_the_figures(cli, installed, site, tmp_path):
    installed(support.HalfLungs, support.spying(Sided))
    out = tmp_path / "out"
    result = cli("evaluate", "test-detector", "--data", site, "--saliency", "--report", out, "--json")
    printed = json.loads(result.stdout)
    [audit] = printed["saliency"]
    assert (audit["name"], audit["films"]["listed"], audit["films"]["explained"]) == ("test-detector", 8, 6)
    assert json.loads((out / "report.json").read_text(encoding="ascii"))["saliency"] == [audit]
    assert "Saliency maps of test-detector" in (out / "report.html").read_text(encoding="utf-8")
    table = " ".join(cli("evaluate", "test-detector", "--data", site, "--saliency").stdout.split())
    energy = audit["findings"][0]["methods"][0]["figures"]["energy"]
    assert f"{energy['value']:.2f} ({energy['low']:.2f}, " in table
    assert "saliency of pneumonia; 6 of 8 films of labels.csv explained" in table
    assert "Noise" in table
    assert "pneumonia, opacity" in table


def test_without_it_nothing_is_audited(cli, installed, site):
    model = support.spying(Sided)
    installed(model)
    printed = json.loads(cli("evaluate", "test-detector", "--data", site, "--json").stdout)
    assert printed["saliency"] == []
    assert "explain" not in model.calls


def test_films_that_only_the_audit_can_use_are_audited(cli, installed, site, tmp_path):
    """Labels of an opacity are none of pneumonia, and its region is one."""
    text = (site / "labels.csv").read_text()
    lines = [line.rpartition(",")[0] for line in text.splitlines()]
    (site / "labels.csv").write_text("\n".join([*lines, ""]))
    spec = support.detector_spec(calibration={})
    installed(support.spying(support.Spy, spec=spec))
    out = tmp_path / "out"
    result = cli("evaluate", "test-detector", "--data", site, "--saliency", "--report", out, "--json")
    assert result.exit_code == 1
    printed = json.loads(result.stdout)
    assert printed["failures"][0]["code"] == "no-labels"
    assert printed["saliency"][0]["findings"][0]["regions"] == {"opacity": 6}
    assert "Saliency maps of" in (out / "report.html").read_text(encoding="utf-8")


def test_a_folder_without_regions_is_one_sentence(cli, installed, site):
    installed(support.HalfLungs, support.spying(Sided))
    for mask in (site / "masks").iterdir():
        mask.unlink()
    result = cli("evaluate", "test-detector", "test-lungs", "--data", site, "--saliency", "--json")
    told = [item for item in json.loads(result.stdout)["failures"] if item["code"] == "no-regions"]
    assert len(told) == 1
    assert "--saliency needs" in told[0]["text"]
    assert "Traceback" not in result.stderr
