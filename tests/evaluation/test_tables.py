"""Tables of bundles: on films that nothing was chosen on, refusals counted."""

from __future__ import annotations

import json

import numpy as np
import pytest

pytest.importorskip("sklearn")

from cxrdesk.evaluation import intervals
from cxrdesk.evaluation.datasets import adult_lungs, kermany
from cxrdesk.evaluation.film_sets import left_out
from cxrdesk.evaluation.run import Scored
from cxrdesk.evaluation.tables import (
    detector_films,
    detector_table,
    lung_groups,
    segmenter_table,
)
from cxrdesk.imaging.errors import UserError
from cxrdesk.imaging.phantom.batch import Order, produce, recorded
from tests.made_data import real_data
from tests.support import CHEST, HalfLungs, Spy, detector_spec, point, registry_of, spying


@pytest.fixture(autouse=True)
def _few_resamples(monkeypatch):
    monkeypatch.setattr(intervals, "RESAMPLES", 40)


FOLDS = (frozenset({"IM", "person0"}), frozenset({"NORMAL2-IM", "person1"}))


@pytest.mark.parametrize("families", FOLDS)
@pytest.mark.parametrize("where", ["made", "real"])
def test_a_folds_films_share_no_patient_with_its_training(where, families, made_data):
    data = made_data if where == "made" else real_data()
    trained = {r.patient for r in kermany(data) if r.split == "train" and r.family not in families}
    chosen_on = {r.patient for r in kermany(data) if r.split == "tune"}
    rows = left_out(data, families)
    assert rows
    assert {r.family for r in rows} == families
    assert not {r.patient for r in rows} & (trained | chosen_on)
    assert {r.labels["pneumonia"] for r in rows} == {0, 1}


@pytest.mark.parametrize("where", ["made", "real"])
def test_a_segmenters_films_share_no_patient_with_its_training(where, made_data):
    data = made_data if where == "made" else real_data()
    groups = lung_groups(data)
    children = {r.patient for r in kermany(data) if r.split != "report"}
    adults = {r.patient for r in adult_lungs(data) if r.trainable and r.split != "report"}
    assert groups["paediatric"]
    assert groups["adult"]
    assert not {r.patient for r in groups["paediatric"]} & children
    assert not {r.patient for r in groups["adult"]} & adults
    assert all(r.mask for rows in groups.values() for r in rows)


def scored(made_data, n=40):
    rows = kermany(made_data)
    rng = np.random.default_rng(0)
    return [
        Scored(row=row, raw=p, probability=p)
        for row in rows[:n]
        for p in [float(np.clip(0.4 * row.labels["pneumonia"] + rng.uniform(0, 0.6), 0, 1))]
    ]


def test_each_operating_point_has_its_figures(made_data):
    spec = detector_spec(operating_points=(point(threshold=0.3), point(name="specific", threshold=0.6)))
    items = scored(made_data)
    table = detector_table(spec, "pneumonia", items, "report split")
    assert set(table.points) == {"balanced", "specific"}
    for name, threshold in (("balanced", 0.3), ("specific", 0.6)):
        calls = [(i.probability >= threshold) == bool(i.row.labels["pneumonia"]) for i in items]
        assert table.points[name].accuracy.value == pytest.approx(np.mean(calls))
    assert table.points["balanced"].auc == table.points["specific"].auc
    assert json.loads(json.dumps(table.to_json(), allow_nan=False))["points"]["balanced"]["films"] == len(items)


def test_refused_films_are_counted_beside_the_figures(made_data):
    items = scored(made_data, 24)
    refused = [Scored(row=items[0].row, reason="too-old")] * 2 + [Scored(row=items[0].row, reason="not-a-chest-film")]
    table = detector_table(detector_spec(operating_points=()), "pneumonia", items + refused, "x")
    assert table.refused == {"not-a-chest-film": 1, "too-old": 2}
    assert table.points["0.5"].films == len(items)


def test_a_finding_without_labels_is_told(made_data):
    with pytest.raises(UserError, match="no labels of asthma") as caught:
        detector_table(detector_spec(), "asthma", scored(made_data, 4), "x")
    assert caught.value.code == "no-labels"


def test_all_films_refused_is_told(made_data):
    refused = [Scored(row=item.row, reason="too-old") for item in scored(made_data, 4)]
    with pytest.raises(UserError, match=r"not one of 4 films was scored \(4 too-old\)") as caught:
        detector_table(detector_spec(), "pneumonia", refused, "x")
    assert caught.value.code == "no-films"


class Oracle(Spy):
    """Answers at random, but reproducibly."""

    def predict(self, inputs):
        self.calls.append("predict")
        return super().predict(inputs)

    @property
    def score(self):
        return 0.1 + 0.8 * (len(self.calls) % 7) / 7


@pytest.mark.parametrize(
    ("families", "told"), [((), "report split"), (sorted(FOLDS[0]), "left-out families IM, person0")]
)
def test_a_bundle_is_measured_on_the_films_that_it_names(made_data, families, told):
    model = spying(Oracle)
    seen = []
    manifest = {"evaluation": {"left_out": list(families)}} if families else {}
    [table] = detector_films(
        registry_of(model), model.spec, manifest, made_data, progress=lambda done, of: seen.append((done, of))
    )
    expected = (
        left_out(made_data, frozenset(families)) if families else [r for r in kermany(made_data) if r.split == "report"]
    )
    assert table.films == told
    assert seen[-1] == (len(expected), len(expected))
    assert table.points["balanced"].films + sum(table.refused.values()) == len(expected)


def test_a_refused_outline_counts_as_nothing(made_data):
    model = type("Lungs", (HalfLungs,), {"columns": 0})
    table = segmenter_table(registry_of(model), model.spec, made_data)
    assert {group: estimate.value for group, estimate in table.dice.items()} == {"paediatric": 0, "adult": 0}
    assert table.refused["paediatric"] == {"mask-implausible": table.dice["paediatric"].n}


def test_a_halfs_dice_is_that_of_each_group(made_data):
    model = type("Lungs", (HalfLungs,), {})
    table = segmenter_table(registry_of(model), model.spec, made_data)
    for group, rows in lung_groups(made_data).items():
        assert table.dice[group].n == len(rows)
        assert 0.2 < table.dice[group].low <= table.dice[group].value <= table.dice[group].high < 0.7
    json.dumps(table.to_json(), allow_nan=False)


def test_outlines_of_simulated_films_are_measured_in_millimetres(tmp_path, monkeypatch):
    monkeypatch.setattr("cxrdesk.imaging.quality.look", lambda film: CHEST)
    order = Order(kinds=("chest-pa",), findings=(("effusion", None),), prevalence=0.5, size=128, seed=5)
    for _ in recorded(produce(order, 3, tmp_path, formats=("dicom",)), order, tmp_path):
        pass
    # The left half is no lung: beside a table of labels a whole film's width lies between the outlines' ends.
    model = type("Lungs", (HalfLungs,), {})
    table = segmenter_table(registry_of(model), model.spec, tmp_path)
    group = "labels.csv, chest-pa, simulated films"
    assert table.dice[group].n == table.hd95_mm[group].n == 3
    found = table.hd95_mm[group]
    truths = json.loads((tmp_path / "truth.json").read_text())["films"]
    wide = max(128 * film["pixel_spacing_mm"][1] for film in truths)
    assert 0.1 * wide < found.low <= found.value <= found.high < wide
    json.dumps(table.to_json(), allow_nan=False)


def test_a_folder_without_outlines_is_refused_in_a_sentence(tmp_path):
    (tmp_path / "labels.csv").write_text("file,patient,view,age_years,opacity\na.png,p,chest-pa,40,0\n")
    (tmp_path / "a.png").touch()
    with pytest.raises(UserError, match=r"there is no masks/FILM-lungs\.png in") as error:
        lung_groups(tmp_path)
    assert error.value.code == "no-labels"
