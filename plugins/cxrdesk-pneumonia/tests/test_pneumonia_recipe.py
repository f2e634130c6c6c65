"""The recipe, on a few phantoms in the data set's layout, from films to three bundles."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

pytest.importorskip("cxrdesk_pneumonia")
torch = pytest.importorskip("torch")
pytest.importorskip("lightning")
pytest.importorskip("sklearn")
pytest.importorskip("pytorch_grad_cam")

from cxrdesk_pneumonia import network, parts, recipe  # noqa: E402
from cxrdesk_pneumonia.model import PneumoniaModel  # noqa: E402

from cxrdesk.api import Bundle, DetectorSpec, FilmScope, InputSpec, Mask, Segmenter, SegmenterSpec  # noqa: E402
from cxrdesk.api.golden import verify  # noqa: E402
from cxrdesk.discovery.registry import Plugin, Registry  # noqa: E402
from cxrdesk.evaluation import intervals  # noqa: E402
from cxrdesk.evaluation.datasets import kermany  # noqa: E402
from cxrdesk.evaluation.run import film_of, score, with_bundle  # noqa: E402
from cxrdesk.evaluation.tables import detector_films  # noqa: E402
from cxrdesk.imaging.errors import UserError  # noqa: E402
from cxrdesk.inference.pipeline import FilmAnalysis  # noqa: E402
from cxrdesk.inference.result import Call  # noqa: E402
from cxrdesk.inference.runners import LocalRunner  # noqa: E402
from cxrdesk.training import data  # noqa: E402
from tests.made_data import make_kermany  # noqa: E402

STAGES = tuple(replace(stage, draws=64, epochs=1) for stage in parts.STAGES)
FOLDERS = {"main": "bundle", "fold-im": "fold-im/bundle", "fold-normal2": "fold-normal2/bundle"}


class Middle(Segmenter):
    """The lungs, about, of every film."""

    spec = SegmenterSpec(
        id="middle",
        version="1",
        name="Middle",
        looks_for="test",
        scope=FilmScope(views=("chest-frontal",), stated_view=False),
        input=InputSpec(size=(16, 16)),
        structure="lungs",
        weights_sha256="d" * 64,
    )

    def segment(self, model_input):
        values = np.zeros((32, 32), np.float32)
        values[4:24, 4:28] = 1
        return Mask(structure="lungs", values=values)


class Lower(torch.nn.Module):
    """A small network that begins with a guess: lungs that are bright below are ill."""

    def __init__(self):
        super().__init__()
        self.layer3 = torch.nn.Sequential(torch.nn.AvgPool2d(16), torch.nn.Conv2d(1, 2, 1), torch.nn.ReLU())
        self.fc = torch.nn.Linear(128, 1)
        with torch.no_grad():
            self.layer3[1].weight.fill_(1.0)
            self.layer3[1].bias.fill_(2.0)
            grid = torch.zeros(2, 8, 8)
            grid[:, 4:7, 1:3] = grid[:, 4:7, 5:7] = 0.05
            self.fc.weight.copy_(grid.reshape(1, -1))
            self.fc.bias.fill_(-2.0)

    def forward(self, x):
        return self.fc(self.layer3(x).flatten(1))


@pytest.fixture(scope="module")
def made_data(tmp_path_factory):
    return make_kermany(tmp_path_factory.mktemp("made-data"))


@pytest.fixture(scope="module")
def trained(made_data, tmp_path_factory):
    out = tmp_path_factory.mktemp("pneumonia")
    read = {}
    installed = Registry([Plugin(name="middle", distribution="cxrdesk-middle", version="1", segmenters=(Middle,))])
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(recipe, "load_registry", lambda: installed)
        patched.setattr(intervals, "RESAMPLES", 40)
        # Few films cannot be sure of 95 %.
        patched.setattr(recipe, "thresholds", partial(recipe.thresholds, share=0.3))
        for module in (network, parts):
            patched.setattr(module, "build", Lower)
        small, train_part = data.small_film, parts.train_part

        def train(part, *rest, **options):
            with pytest.MonkeyPatch.context() as spying:
                seen = read.setdefault(part.name, [])
                spying.setattr(data, "small_film", lambda path: (seen.append(path), small(path))[1])
                return train_part(part, *rest, **options)

        patched.setattr(recipe, "train_part", train)
        bundle = recipe.train(made_data, out, device="cpu", stages=STAGES)
        yield out, bundle, read, installed


def registry_with(trained, folder):
    out, _, _, installed = trained
    shipped = type("Pneumonia", (PneumoniaModel,), {"spec": DetectorSpec.from_bundle(out / folder)})
    own = Plugin(name="pneumonia", distribution="cxrdesk-pneumonia", version="1", detectors=(shipped,))
    return with_bundle(Registry([*installed.plugins, own]), out / folder)


def test_the_shipped_bundle_is_the_main_part(trained):
    out, bundle, _, _ = trained
    assert bundle == out / "bundle"
    assert all((out / folder).is_dir() for folder in FOLDERS.values())


@pytest.mark.parametrize("folder", FOLDERS.values())
def test_each_bundle_loads_and_reproduces_itself(trained, folder):
    registry, _ = registry_with(trained, folder)
    model = registry.model("pneumonia")()
    model.load()
    assert verify(model, Bundle(trained[0] / folder)) == []
    model.unload()


@pytest.mark.parametrize("folder", FOLDERS.values())
def test_each_bundles_figures_are_measured_again_the_same(trained, made_data, folder):
    registry, spec = registry_with(trained, folder)
    manifest = Bundle(trained[0] / folder).manifest
    [table] = detector_films(registry, spec, manifest, made_data)
    assert table.to_json() == manifest["evaluation"]["table"]
    assert {point.name for point in spec.operating_points} == {"balanced", "sensitive", "specific"}
    for point in spec.operating_points:
        assert point.sensitivity == table.points[point.name].sensitivity
        assert point.specificity == table.points[point.name].specificity
        assert str(table.points[point.name].films) in point.measured_on


def test_a_call_can_be_made_with_the_segmenter_it_was_measured_with(trained, made_data):
    registry, spec = registry_with(trained, "bundle")
    row = next(row for row in kermany(made_data) if row.split == "report")
    runner = LocalRunner(registry)
    [finding] = FilmAnalysis(film_of(row), registry, runner).detect(spec).findings
    runner.close()
    assert finding.call in (Call.POSITIVE, Call.NEGATIVE), finding.reasons
    assert finding.saliency[0].reference == spec.saliency.reference["pneumonia"] > 0


def test_thresholds_are_the_same_in_all_parts_and_ordered(trained):
    found = {}
    for folder in FOLDERS.values():
        spec = DetectorSpec.from_bundle(trained[0] / folder)
        found[folder] = {point.name: point.threshold for point in spec.operating_points}
    assert len({tuple(sorted(item.items())) for item in found.values()}) == 1
    chosen = found["bundle"]
    assert chosen["sensitive"] <= chosen["balanced"] <= chosen["specific"]


@pytest.mark.parametrize("part", parts.PARTS, ids=lambda part: part.name)
def test_no_network_sees_what_it_is_measured_on(trained, made_data, part):
    rows = {row.path: row for row in kermany(made_data)}
    read = trained[2][part.name]
    assert read
    assert {rows[path].split for path in read} == {"train"}
    assert not {rows[path].family for path in read} & part.left_out
    assert all(rows[path].mask for path in read)
    if not part.left_out:
        assert {rows[path].family for path in read} == {row.family for row in rows.values()}


def test_calibration_and_prevalence_say_what_they_rest_on(trained, made_data):
    spec = DetectorSpec.from_bundle(trained[1])
    tune = [row for row in kermany(made_data) if row.split == "tune"]
    registry, _ = registry_with(trained, "bundle")
    scored = [item for item in score(registry, spec, "pneumonia", tune) if item.raw is not None]
    assert f"{len(scored)} films" in spec.calibration["pneumonia"].fitted_on
    share = np.mean([item.row.labels["pneumonia"] for item in scored])
    assert spec.prevalence["pneumonia"] == pytest.approx(share)


def test_provenance_is_told(trained):
    training = Bundle(trained[1]).manifest["training"]
    assert training["draws"] == 64 * len(STAGES)
    assert training["part"] == "main"


def test_it_goes_on_where_it_stopped(trained, made_data):
    out, bundle, _, _ = trained
    before = {folder: Bundle(out / folder).weights_sha256 for folder in FOLDERS.values()}
    assert recipe.train(made_data, out, device="cpu", stages=STAGES) == bundle
    assert {folder: Bundle(out / folder).weights_sha256 for folder in FOLDERS.values()} == before


def test_without_a_segmenter_it_says_what_to_install(trained, made_data, tmp_path, monkeypatch):
    monkeypatch.setattr(recipe, "load_registry", lambda: Registry([]))
    with pytest.raises(UserError, match="install cxrdesk-lungmask"):
        recipe.train(made_data, tmp_path, device="cpu")


def test_golden_vectors_stay_small_enough_to_be_tracked(trained):
    assert (trained[1] / "golden.npz").stat().st_size < 1_000_000
