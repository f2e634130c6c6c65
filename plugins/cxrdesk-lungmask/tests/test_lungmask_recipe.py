"""The recipe, on a few phantoms in the data sets' layout, from films to a bundle."""

from __future__ import annotations

from dataclasses import replace

import pytest

pytest.importorskip("cxrdesk_lungmask")
pytest.importorskip("torch")
pytest.importorskip("lightning")
pytest.importorskip("sklearn")

from cxrdesk_lungmask import recipe
from cxrdesk_lungmask.model import LungMaskModel

from cxrdesk.api import Bundle, SegmenterSpec
from cxrdesk.api.golden import verify
from cxrdesk.discovery.registry import Plugin, Registry
from cxrdesk.evaluation.datasets import adult_lungs, kermany
from cxrdesk.evaluation.tables import lung_groups, segmenter_table
from cxrdesk.training import data
from tests.made_data import make_adults, make_kermany

STAGES = tuple(replace(stage, draws=16, epochs=1) for stage in recipe.STAGES)


@pytest.fixture(scope="module")
def made_data(tmp_path_factory):
    return make_adults(make_kermany(tmp_path_factory.mktemp("made-data"), each=1), each=1)


@pytest.fixture(scope="module")
def trained(made_data, tmp_path_factory):
    out = tmp_path_factory.mktemp("lungmask")
    read = []
    with pytest.MonkeyPatch.context() as patched:
        small = data.small_film
        patched.setattr(data, "small_film", lambda path: (read.append(path), small(path))[1])
        bundle = recipe.train(made_data, out, device="cpu", stages=STAGES)
    return out, bundle, read


def registry_of(bundle):
    model = type("LungMask", (LungMaskModel,), {"spec": SegmenterSpec.from_bundle(bundle)})
    return Registry([Plugin(name="lungmask", distribution="cxrdesk-lungmask", version="", segmenters=(model,))])


def test_the_bundle_loads_and_reproduces_itself(trained):
    bundle = trained[1]
    model = registry_of(bundle).model("lungmask")()
    model.load()
    assert verify(model, Bundle(bundle)) == []
    model.unload()


def test_the_bundles_figures_are_measured_again_the_same(trained, made_data):
    bundle = trained[1]
    registry = registry_of(bundle)
    spec = registry.segmenter_for("lungs")
    table = segmenter_table(registry, spec, made_data)
    assert table.dice == spec.dice
    assert table.to_json() == Bundle(bundle).manifest["evaluation"]["table"]
    assert {group: estimate.n for group, estimate in spec.dice.items()} == {
        group: len(rows) for group, rows in lung_groups(made_data).items()
    }


def test_only_films_that_may_be_trained_on_are_read(trained, made_data):
    read = trained[2]
    rows = {row.path: row for row in (*kermany(made_data), *adult_lungs(made_data))}
    assert {rows[path].split for path in read} == {"train"}
    assert {rows[path].dataset for path in read} == {"kermany", "adult_lungs"}
    assert all(rows[path].trainable for path in read)
    measured = {row.patient for group in lung_groups(made_data).values() for row in group}
    assert not measured & {rows[path].patient for path in read}


def test_it_goes_on_where_it_stopped(trained, made_data):
    out, bundle, _ = trained
    before = Bundle(bundle).weights_sha256
    assert recipe.train(made_data, out, device="cpu", stages=STAGES) == bundle
    assert Bundle(bundle).weights_sha256 == before


def test_files_stay_small_enough_to_be_tracked(trained):
    assert (trained[1] / "golden.npz").stat().st_size < 1_000_000
