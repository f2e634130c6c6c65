"""The shipped lung segmenter: what it declares, that it computes what it did, and how well it outlines."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("cxrdesk_lungmask")
torch = pytest.importorskip("torch")

import cxrdesk_lungmask  # noqa: E402
from cxrdesk_lungmask.model import without_strays  # noqa: E402
from cxrdesk_lungmask.network import build  # noqa: E402

from cxrdesk.api import Bundle, Evidence, SegmenterSpec  # noqa: E402
from cxrdesk.api.golden import verify  # noqa: E402
from cxrdesk.discovery.loader import load_registry  # noqa: E402
from cxrdesk.discovery.registry import Plugin, Registry  # noqa: E402
from cxrdesk.evaluation.metrics import dice  # noqa: E402
from cxrdesk.evaluation.run import outline  # noqa: E402
from cxrdesk.evaluation.tables import lung_groups  # noqa: E402
from cxrdesk.imaging.phantom import Opacity, adult, child, child_bedside, simulate  # noqa: E402
from cxrdesk.imaging.reader import read_radiograph  # noqa: E402
from cxrdesk.inference.pipeline import FilmAnalysis  # noqa: E402
from cxrdesk.inference.result import Status  # noqa: E402
from cxrdesk.inference.runners import LocalRunner  # noqa: E402
from tests.made_data import real_data  # noqa: E402

BUNDLE = Path(cxrdesk_lungmask.__file__).parent / "bundle"
pytestmark = pytest.mark.skipif(not BUNDLE.is_dir(), reason="the lung segmenter's bundle is not there yet")
CHILD = {"shape": (256, 320)}
ADULT = {"shape": (320, 320)}
PHANTOMS = {
    **{f"child {seed}": child(seed=seed, **CHILD) for seed in (301, 302, 303)},
    **{f"adult {seed}": adult(seed=seed, **ADULT) for seed in (304, 305, 306)},
    "child with opacity": child(seed=307, opacity=Opacity(severity=0.4), **CHILD),
    "adult with opacity": adult(seed=308, opacity=Opacity(severity=0.4, side="left"), **ADULT),
    "man": adult(seed=309, sex="M", **ADULT),
}


@pytest.fixture(scope="module")
def model():
    from cxrdesk_lungmask.plugin import LungMask

    made = LungMask()
    made.load()
    yield made
    made.unload()


@pytest.fixture(scope="module")
def registry(model):
    return Registry([Plugin(name="lungmask", distribution="cxrdesk-lungmask", version="", segmenters=(type(model),))])


def outlined(model, film):
    rows, cols = film.shape
    return cv2.resize(model.segment(model.prepare(film)).values, (cols, rows)) >= 0.5


def test_it_is_found_and_lists_without_torch():
    code = (
        "import sys; from cxrdesk.discovery.loader import load_registry; r = load_registry(['cxrdesk-lungmask']);"
        "assert not r.failures, r.failures; print([s.id for s in r.segmenters]);"
        "assert not {'torch', 'timm', 'segmentation_models_pytorch', 'lightning'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "['lungmask']"), done.stderr


def test_golden_vectors_are_reproduced(model):
    assert verify(model, Bundle(BUNDLE)) == []


def test_changed_weights_are_noticed(model):
    """The golden vectors can tell: one layer off by a tenth is another model."""
    parameter = next(p for p in model.model.parameters() if p.ndim == 4)
    with torch.no_grad():
        parameter.mul_(1.1)
    try:
        assert {text.partition(":")[0] for text in verify(model, Bundle(BUNDLE))} == {"model"}
    finally:
        with torch.no_grad():
            parameter.div_(1.1)
    assert verify(model, Bundle(BUNDLE)) == []


def test_what_it_declares(model):
    spec = model.spec
    assert spec == SegmenterSpec.from_bundle(BUNDLE)
    assert (spec.id, spec.structure, spec.evidence) == ("lungmask", "lungs", Evidence.INTERNAL)
    assert all(side % 16 == 0 for side in spec.input.size)
    assert spec.scope.age_years is None
    assert not spec.requires
    assert spec.licence == "Apache-2.0"
    assert "CC BY" in spec.trained_on
    assert set(spec.dice) == {"paediatric", "adult"}
    assert load_registry(["cxrdesk-lungmask"]).segmenter_for("lungs") == spec


def test_figures_stand_beside_the_films_they_rest_on(model):
    manifest = Bundle(BUNDLE).manifest
    assert manifest["evaluation"]["split"] == "report"
    table = manifest["evaluation"]["table"]
    for group, estimate in model.spec.dice.items():
        assert table["dice"][group]["value"] == estimate.value
        assert estimate.n > 100
    assert manifest["training"]["recipe"] == "cxrdesk train lungmask"
    assert manifest["training"]["draws"] > 0


def test_a_bundle_travels_light():
    assert sum(path.stat().st_size for path in BUNDLE.iterdir()) <= 10e6


@pytest.mark.parametrize("name", PHANTOMS)
def test_phantoms_lungs_are_outlined(model, name):
    made = simulate(PHANTOMS[name])
    assert dice(outlined(model, made.radiograph), made.masks["lungs"]) >= 0.9


def test_an_outline_moves_with_the_film(model):
    """A wider field to the left: the outline stays on the lungs."""
    made = simulate(PHANTOMS["adult 304"])
    stored = np.pad(made.radiograph.stored, ((0, 0), (40, 0)), mode="edge")
    truth = np.pad(made.masks["lungs"], ((0, 0), (40, 0)))
    assert dice(outlined(model, replace(made.radiograph, stored=stored)), truth) >= 0.88


def test_a_mirrored_film_has_the_mirrored_outline(model):
    made = simulate(PHANTOMS["child with opacity"]).radiograph
    given = model.prepare(made)
    turned = replace(given, tensor=np.ascontiguousarray(given.tensor[..., ::-1]))
    seen = model.segment(given).values
    np.testing.assert_allclose(model.segment(turned).values, seen[:, ::-1], atol=1e-6)
    assert np.abs(seen - seen[:, ::-1]).max() > 0.5


def test_a_bedside_film_is_outlined(model):
    made = simulate(child_bedside(seed=310, shape=(240, 320)))
    assert dice(outlined(model, made.radiograph), made.masks["lungs"]) >= 0.85


def spots(*sizes):
    """Separate squares, side by side, of these areas."""
    values = np.zeros((40, 40 * len(sizes)), np.float32)
    for k, side in enumerate(sizes):
        values[5 : 5 + side, 40 * k + 5 : 40 * k + 5 + side] = 0.9
    return values


@pytest.mark.parametrize(
    ("sizes", "kept"),
    [((30, 28), (30, 28)), ((30, 28, 5), (30, 28)), ((30, 9), (30, 9)), ((30, 8), (30,)), ((5,), (5,)), ((0,), ())],
)
def test_stray_spots_go_and_lungs_stay(sizes, kept):
    """Below 8 % of the largest part's area a part is stray: 8 x 8 of 30 x 30 is 7.1 %, 9 x 9 is 9 %."""
    values = spots(*sizes)
    values[0, 0] = 0.3
    cleaned = without_strays(values)
    inside = cleaned >= 0.5
    count, _, stats, _ = cv2.connectedComponentsWithStats(inside.astype(np.uint8))
    assert sorted(stats[1:count, cv2.CC_STAT_AREA]) == sorted(side * side for side in kept)
    assert cleaned[0, 0] == np.float32(0.3)
    assert (cleaned[inside] == values[inside]).all()
    assert cleaned.dtype == np.float32


def test_the_network_gives_a_logit_for_each_pixel():
    network = build().eval()
    with torch.inference_mode():
        assert network(torch.zeros(2, 1, 64, 96)).shape == (2, 1, 64, 96)


@pytest.mark.parametrize(("group", "least"), [("paediatric", 0.93), ("adult", 0.90)])
def test_real_lungs_are_outlined(registry, model, group, least):
    """A small fixed sample of films that it never saw; the whole is measured by ``cxrdesk evaluate lungmask``."""
    rows = lung_groups(real_data())[group]
    found = outline(registry, model.spec, rows[:: len(rows) // 15][:15])
    assert np.mean([item.dice or 0.0 for item in found]) >= least


@pytest.mark.parametrize(
    ("name", "status"),
    [("RG1_J2KI.dcm", Status.DONE), ("CR-MONO1-10-chest.dcm", Status.DONE), ("RG2_J2KI_hip.dcm", Status.REFUSED)],
)
def test_real_dicom_films(registry, model, name, status):
    runner = LocalRunner(registry)
    result = FilmAnalysis(read_radiograph(real_data() / "dicom" / name), registry, runner).segment(model.spec)
    runner.close()
    assert result.status is status
    assert (result.mask is None) == (status is Status.REFUSED)
