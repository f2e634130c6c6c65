"""From a site's DICOM phantoms to the report, gate included."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

pytest.importorskip("sklearn")
pytest.importorskip("matplotlib.font_manager")

from cxrdesk.api import Calibration, FilmScope, InputSpec, Prediction
from cxrdesk.evaluation import intervals
from cxrdesk.evaluation.film_sets import film_set, seen
from cxrdesk.evaluation.report.content import Measured
from cxrdesk.evaluation.report.files import write_report
from cxrdesk.evaluation.run import answers
from cxrdesk.imaging.phantom.dicom import to_dataset
from cxrdesk.imaging.phantom.parts import neck, simulate_part
from tests.made_data import phantom
from tests.support import Spy, detector_spec, registry_of, spying

CHILDREN = 20
SCOPE = FilmScope(views=("chest-frontal",), age_years=(1.0, 6.0))


class Opacity(Spy):
    """The more the two halves of a film differ, the likelier."""

    spec = detector_spec(
        id="opacity",
        scope=SCOPE,
        input=InputSpec(size=(24, 24)),
        operating_points=(),
        calibration={"pneumonia": Calibration(method="temperature", slope=1.5)},
    )

    def predict(self, inputs):
        self.calls.append("predict")
        tensor = np.asarray(inputs[0].tensor).squeeze()
        gap = np.abs(tensor[:, :12].mean() - tensor[:, 12:].mean())
        return Prediction(probabilities={"pneumonia": float(np.clip(4 * gap, 0.01, 0.99))})


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Twenty children, half of them with an opacity, and an adult and a neck, which the gate refuses; a broken file."""
    folder = tmp_path_factory.mktemp("site")
    lines = ["file,patient,pneumonia"]
    for k in range(CHILDREN):
        made = phantom("sick child" if k % 2 else "child", k // 2)
        to_dataset(made).save_as(folder / f"{k}.dcm", enforce_file_format=True)
        lines.append(f"{k}.dcm,child{k},{k % 2}")
    to_dataset(phantom("adult", 0)).save_as(folder / "adult.dcm", enforce_file_format=True)
    to_dataset(simulate_part(neck(seed=0))).save_as(folder / "neck.dcm", enforce_file_format=True)
    (folder / "broken.dcm").write_bytes((folder / "0.dcm").read_bytes()[:2000])
    lines += ["adult.dcm,adult,0", "neck.dcm,neck,0", "broken.dcm,broken,1"]
    (folder / "labels.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def test_a_site_of_phantoms(site, tmp_path, monkeypatch):
    monkeypatch.setattr(intervals, "RESAMPLES", 40)
    model = spying(Opacity)
    films = film_set({}, site)
    answered = answers(registry_of(model), model.spec, films.rows)
    films = seen(films, answered)
    write_report([Measured(name="opacity", spec=model.spec, manifest={}, films=films, answers=answered)], tmp_path)
    told = json.loads((tmp_path / "report.json").read_text(encoding="ascii"))
    [detector] = told["detectors"]
    assert (detector["films"]["simulated"], detector["films"]["external"]) == (CHILDREN + 2, False)
    counts = detector["counts"]
    lost = {item["film"]: (item["status"], item["code"]) for item in counts["not_scored"]}
    assert set(lost) == {f"line {k} of labels.csv" for k in (22, 23, 24)}
    assert lost["line 22 of labels.csv"] == ("refused", "too-old")
    assert lost["line 23 of labels.csv"][0] == "refused"
    assert lost["line 24 of labels.csv"][0] == "unreadable"
    assert (counts["scored"], model.calls.count("predict")) == (CHILDREN, CHILDREN)
    [finding] = detector["findings"]
    assert (finding["positives"], finding["no_call"]) == (CHILDREN // 2, ["no-operating-point"])
    groups = {(item["by"], item["group"]): item for item in finding["figures"]["subgroups"]}
    assert groups["age", "1 to under 6 years"]["films"] == CHILDREN
    assert not groups["age", "1 to under 6 years"]["note"]
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert not re.search(r"Phantom\^|PHANTOM-", page)
