"""Bundles and golden vectors, with a model of one multiplication for weights."""

from __future__ import annotations

import hashlib
import json
import random
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cxrdesk.api import (
    Box,
    Bundle,
    BundleError,
    Detector,
    DetectorSpec,
    InputSpec,
    Mask,
    ModelInput,
    Prediction,
    Projection,
    SegmenterSpec,
    View,
)
from cxrdesk.api.bundle import GOLDEN, MANIFEST, ONNX, TORCHSCRIPT, WEIGHTS, manifest_sha256, write_bundle
from cxrdesk.api.golden import FEWEST, golden_film, record, verify
from cxrdesk.api.making import make_bundle
from tests.support import HalfLungs, detector_spec, estimate, film, point, segmenter_spec, with_table

WEIGHT_BYTES = np.array([0.7], "<f4").tobytes()
SHA256 = hashlib.sha256(WEIGHT_BYTES).hexdigest()
FILMS = [np.random.default_rng(i).integers(0, 256, (40, 36)).astype(np.uint8) for i in range(FEWEST)]


class OneWeight(Detector):
    spec = replace(detector_spec(), weights_sha256=SHA256, operating_points=(point(weights_sha256=SHA256),))

    def load(self):
        data = Bundle(self.spec.bundle).weights() if self.spec.bundle else WEIGHT_BYTES
        self.weight = float(np.frombuffer(data, "<f4")[0])

    def predict(self, inputs):
        mean = float(np.mean([np.abs(item.tensor).mean() for item in inputs]))
        return Prediction(probabilities={"pneumonia": min(1.0, self.weight * mean)})


def loaded(cls=OneWeight, **changes):
    model = type("Changed", (cls,), changes)()
    model.load()
    return model


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    golden = record(loaded(), FILMS, [{}] * len(FILMS))
    told = {"evaluation": {"auc": 0.9}, "training": {"recipe": "test"}}
    return write_bundle(tmp_path / "bundle", OneWeight.spec, WEIGHT_BYTES, golden, **told)


def zipped(folder: Path) -> Path:
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in folder.iterdir():
            archive.write(file, file.name)
    return path


@pytest.mark.parametrize("packed", [False, True])
def test_a_bundle_round_trips(folder, packed):
    path = zipped(folder) if packed else folder
    spec = DetectorSpec.from_bundle(path)
    assert replace(spec, bundle=None) == OneWeight.spec
    bundle = Bundle(path)
    assert bundle.weights() == WEIGHT_BYTES
    assert bundle.manifest["kind"] == "detector"
    assert bundle.manifest["evaluation"] == {"auc": 0.9}
    np.testing.assert_array_equal(bundle.golden()["film_2"], FILMS[2])


def test_a_segmenters_bundle_round_trips(tmp_path):
    spec = segmenter_spec(weights_sha256=SHA256, dice={"children": estimate()})
    path = write_bundle(tmp_path / "bundle", spec, WEIGHT_BYTES, {})
    assert replace(SegmenterSpec.from_bundle(path), bundle=None) == spec
    with pytest.raises(BundleError) as caught:
        DetectorSpec.from_bundle(path)
    assert caught.value.code == "bundle-broken"


def flipped(data: bytes, index: int, mask: int) -> bytes:
    return data[:index] + bytes([data[index] ^ mask]) + data[index + 1 :]


def read_all(path: Path) -> tuple:
    bundle = Bundle(path)
    golden = bundle.golden()
    return (
        DetectorSpec.from_bundle(path),
        bundle.weights(),
        bundle.manifest,
        {k: v.tobytes() for k, v in golden.items()},
    )


def attempt(path: Path) -> tuple[tuple | None, str | None]:
    try:
        return read_all(path), None
    except BundleError as error:
        return None, error.code


@pytest.mark.parametrize("file", [WEIGHTS, MANIFEST, GOLDEN])
def test_one_flipped_byte_is_noticed(folder, file):
    path = folder / file
    whole, known = path.read_bytes(), read_all(folder)
    codes = set()
    draw = random.Random(4)
    for _ in range(60):
        path.write_bytes(flipped(whole, draw.randrange(len(whole)), 1 << draw.randrange(8)))
        found, code = attempt(folder)
        if code is None:
            # JSON has ways to write the same: what can be read is then what was written.
            assert file == MANIFEST
            assert found == known
        else:
            codes.add(code)
    expected = {
        WEIGHTS: {"weights-changed"},
        MANIFEST: {"bundle-broken", "bundle-format", "manifest-changed"},
        GOLDEN: {"golden-changed"},
    }
    assert codes <= expected[file]
    assert codes


def test_a_typed_in_threshold_is_noticed(folder):
    path = folder / MANIFEST
    path.write_text(path.read_text().replace('"threshold": 0.5', '"threshold": 0.4'))
    with pytest.raises(BundleError) as caught:
        DetectorSpec.from_bundle(folder)
    assert caught.value.code == "manifest-changed"


def test_one_flipped_byte_in_a_zip_is_noticed(folder):
    path = zipped(folder)
    whole, known = path.read_bytes(), read_all(path)
    draw = random.Random(5)
    noticed = 0
    for _ in range(60):
        path.write_bytes(flipped(whole, draw.randrange(len(whole)), 1 << draw.randrange(8)))
        found, code = attempt(path)
        if code is None:
            # Dates and other attributes of the archive's members hold nothing of ours.
            assert found == known
        else:
            noticed += 1
    assert noticed > 30


@pytest.mark.parametrize("file", [WEIGHTS, MANIFEST, GOLDEN])
def test_a_missing_part_is_named(folder, file):
    (folder / file).unlink()
    with pytest.raises(BundleError, match=file) as caught:
        read_all(folder)
    assert caught.value.code == "bundle-incomplete"


@pytest.mark.parametrize("text", ["", "[]", "{", '{"format": 2}', "[" * 100_000])
def test_a_manifest_that_is_none(tmp_path, text):
    (tmp_path / MANIFEST).write_text(text)
    with pytest.raises(BundleError) as caught:
        Bundle(tmp_path)
    assert caught.value.code in ("bundle-broken", "bundle-format")


@pytest.mark.parametrize(
    ("key", "value"),
    [("findings", ["pnuemonia"]), ("scope", 3), ("calibration", []), ("operating_points", [{}]), ("evidence", "sure"),
     ("weights", None), ("input", {"colour": "red"}), ("saliency", {"method": "x", "reference": {"pneumonia": 0}})],
)  # fmt: skip
def test_a_sealed_manifest_of_nonsense(folder, key, value):
    manifest = Bundle(folder).manifest | {key: value}
    manifest["manifest_sha256"] = manifest_sha256(manifest)
    (folder / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(BundleError) as caught:
        DetectorSpec.from_bundle(folder)
    assert caught.value.code == "bundle-broken"


def test_a_pickle_among_the_golden_vectors_is_not_read(tmp_path):
    path = tmp_path / "bundle"
    write_bundle(path, OneWeight.spec, WEIGHT_BYTES, {})
    np.savez(path / GOLDEN, film_0=np.array([object()], dtype=object))
    manifest = Bundle(path).manifest
    manifest["golden"]["sha256"] = hashlib.sha256((path / GOLDEN).read_bytes()).hexdigest()
    (path / MANIFEST).write_text(json.dumps(manifest | {"manifest_sha256": manifest_sha256(manifest)}))
    with pytest.raises(BundleError) as caught:
        Bundle(path).golden()
    assert caught.value.code == "golden-broken"


def test_a_spec_of_other_weights_is_not_written(tmp_path):
    with pytest.raises(ValueError, match="other weights"):
        write_bundle(tmp_path / "bundle", OneWeight.spec, b"other", {})


def test_golden_vectors_hold(folder):
    assert verify(loaded(spec=DetectorSpec.from_bundle(folder)), Bundle(folder)) == []


def test_changed_preprocessing_is_named(folder):
    spec = DetectorSpec.from_bundle(folder)
    for changed in (InputSpec(size=(16, 16), mean=0.51), InputSpec(size=(16, 12))):
        failures = verify(loaded(spec=replace(spec, input=changed)), Bundle(folder))
        assert len(failures) == len(FILMS)
        assert all(failure.startswith("preprocessing:") for failure in failures)


def test_changed_weights_are_named(folder):
    model = loaded(spec=DetectorSpec.from_bundle(folder))
    model.weight = 0.71
    failures = verify(model, Bundle(folder))
    assert len(failures) == len(FILMS)
    assert all(failure.startswith("model:") for failure in failures)


def test_a_call_that_flips_within_the_tolerance_is_named(folder):
    bundle = Bundle(folder)
    model = loaded(spec=DetectorSpec.from_bundle(folder))
    score = float(bundle.golden()["score_0"][0])
    at = model.spec.calibration["pneumonia"].apply(score) - 1e-7
    flipping = loaded(spec=replace(model.spec, operating_points=(point(threshold=at),)))
    flipping.weight *= 1 - 1e-5
    failures = verify(flipping, bundle)
    assert failures == ["call: golden film 0 falls on the other side of 'balanced' for pneumonia"]


def test_a_segmenters_golden_vectors(tmp_path):
    spec = segmenter_spec(weights_sha256=SHA256)
    half = type("Half", (HalfLungs,), {"spec": spec})()
    path = write_bundle(tmp_path / "bundle", spec, WEIGHT_BYTES, record(half, FILMS, [{}] * len(FILMS)))
    assert verify(half, Bundle(path)) == []
    half.columns = 9
    assert all(failure.startswith("model:") for failure in verify(half, Bundle(path)))


def test_golden_vectors_carry_the_masks(tmp_path):
    spec = replace(OneWeight.spec, requires=("lungs",), input=InputSpec(size=(16, 16), region="lungs"))
    mask = np.zeros((10, 10), np.float32)
    mask[2:7, 3:9] = 1
    masks = [{"lungs": Mask(structure="lungs", values=mask)}] * len(FILMS)
    path = write_bundle(tmp_path / "bundle", spec, WEIGHT_BYTES, record(loaded(spec=spec), FILMS, masks))
    model = loaded(spec=DetectorSpec.from_bundle(path))
    assert verify(model, Bundle(path)) == []


def test_too_few_golden_films(tmp_path):
    with pytest.raises(ValueError, match="at least"):
        record(loaded(), FILMS[:4], [{}] * 4)
    golden = {key: value for key, value in record(loaded(), FILMS, [{}] * 5).items() if not key.endswith("_4")}
    path = write_bundle(tmp_path / "few", OneWeight.spec, WEIGHT_BYTES, golden)
    assert "only 4" in verify(loaded(), Bundle(path))[0]
    del golden["tensor_1"]
    golden["film_4"] = FILMS[4]
    path = write_bundle(tmp_path / "lacking", OneWeight.spec, WEIGHT_BYTES, golden)
    with pytest.raises(BundleError, match="tensor_1"):
        verify(loaded(), Bundle(path))


class Own(OneWeight):
    """An own way to prepare: cuts out the middle, turns lateral films, and looks at spacing and at its companions."""

    spec = replace(OneWeight.spec, scope=replace(OneWeight.spec.scope, films=(1, 2)))
    middle = Box(x0=0.25, y0=0.25, x1=0.75, y1=0.75)

    def prepare(self, films, masks):
        inputs = []
        for shown, item in zip(films, super().prepare(films, masks), strict=True):
            tensor = item.tensor[:, 4:12, 4:12] * np.float32((shown.pixel_spacing_mm or (1.0, 1.0))[0])
            if shown.view.projection is Projection.LATERAL:
                tensor = tensor[:, :, ::-1]
            inputs.append(ModelInput(tensor=np.ascontiguousarray(tensor * len(films)), box=self.middle))
        return inputs


def own_films():
    views = (View(body_part="chest", projection=Projection.LATERAL), View(body_part="chest", projection=Projection.PA))
    films = [golden_film(film) for film in FILMS]
    return [replace(film, view=views[i % 2], pixel_spacing_mm=(0.5, 0.5)) for i, film in enumerate(films)]


@pytest.fixture
def own(tmp_path):
    golden = record(loaded(Own), own_films(), [{}] * len(FILMS))
    path = write_bundle(tmp_path / "own", Own.spec, WEIGHT_BYTES, golden)
    return loaded(Own, spec=DetectorSpec.from_bundle(path))


def test_golden_vectors_of_an_own_prepare_and_of_several_films_hold(own):
    bundle = Bundle(own.spec.bundle)
    golden = bundle.golden()
    assert verify(own, bundle) == []
    assert golden["study_0"].tolist() == [0, 1]
    assert golden["study_1"].tolist() == [4, 3]
    alone, together = golden["tensor_0"], golden["study_tensor_0_0"]
    np.testing.assert_array_equal(together, 2 * alone)
    prepared = own.prepare(own_films()[:2], [{}] * 2)
    assert own.predict(prepared).probabilities["pneumonia"] == pytest.approx(golden["study_score_0"][0], abs=1e-12)


@pytest.mark.parametrize("stage", ["lateral", "spacing", "box", "companions", "rule"])
def test_a_changed_prepare_or_rule_over_films_is_named(own, stage):
    class Changed(Own):
        middle = Box(x0=0.25, y0=0.25, x1=0.75, y1=0.7) if stage == "box" else Own.middle

        def prepare(self, films, masks):
            if stage == "lateral":
                films = [replace(film, view=View(body_part="chest", projection=Projection.PA)) for film in films]
            if stage == "spacing":
                films = [replace(film, pixel_spacing_mm=None) for film in films]
            made = super().prepare(films, masks)
            if stage == "companions" and len(films) > 1:
                made = [replace(item, tensor=item.tensor / 2) for item in made]
            return made

        def predict(self, inputs):
            return super().predict(inputs[:1] if stage == "rule" else inputs)

    failures = verify(loaded(Changed, spec=own.spec), Bundle(own.spec.bundle))
    expected = {
        "lateral": "preprocessing: golden film 0 differs",
        "spacing": "preprocessing: golden film 0 differs",
        "box": "preprocessing: golden film 0 shows another part",
        "companions": "preprocessing: film 0 of golden study 0 differs",
        "rule": "model: golden study 0 differs",
    }
    assert failures[0].startswith(expected[stage])


def test_golden_vectors_of_an_earlier_release_stay_valid(folder, tmp_path):
    """Without boxes, facts and studies, as they were written before there were any."""
    golden = {k: v for k, v in Bundle(folder).golden().items() if k.split("_")[0] in ("film", "tensor", "score")}
    assert len(golden) == 3 * len(FILMS)
    path = write_bundle(tmp_path / "earlier", OneWeight.spec, WEIGHT_BYTES, golden)
    assert verify(loaded(spec=DetectorSpec.from_bundle(path)), Bundle(path)) == []


def test_golden_films_with_broken_facts(folder, tmp_path):
    golden = Bundle(folder).golden() | {"about_0": np.array("{")}
    path = write_bundle(tmp_path / "facts", OneWeight.spec, WEIGHT_BYTES, golden)
    with pytest.raises(BundleError) as caught:
        verify(loaded(), Bundle(path))
    assert caught.value.code == "golden-broken"


@pytest.mark.parametrize("film", [with_table(film()), film(inverted=True)])
def test_a_golden_film_is_plain(film):
    with pytest.raises(ValueError, match="linear"):
        record(loaded(), [film] * FEWEST, [{}] * FEWEST)


@pytest.mark.parametrize("name", [ONNX, TORCHSCRIPT])
def test_a_bundle_may_hold_a_network_with_its_weights(tmp_path, name):
    path = write_bundle(tmp_path / "whole", OneWeight.spec, WEIGHT_BYTES, {}, weights_file=name)
    for place in (path, zipped(path)):
        assert Bundle(place).weights_file == name
        assert Bundle(place).weights() == WEIGHT_BYTES
    (path / name).write_bytes(b"other")
    with pytest.raises(BundleError) as caught:
        Bundle(path).weights()
    assert caught.value.code == "weights-changed"


@pytest.mark.parametrize("name", ["../../etc/passwd", "bundle.json", None, 5])
def test_no_other_file_is_read_as_weights(folder, name):
    with pytest.raises(ValueError, match="weights file"):
        write_bundle(folder, OneWeight.spec, WEIGHT_BYTES, {}, weights_file=name)
    manifest = Bundle(folder).manifest
    manifest["weights"]["file"] = name
    (folder / MANIFEST).write_text(json.dumps(manifest | {"manifest_sha256": manifest_sha256(manifest)}))
    with pytest.raises(BundleError) as caught:
        Bundle(folder).weights()
    assert caught.value.code == "bundle-broken"


def test_a_bundle_appears_as_a_whole(folder, monkeypatch):
    (folder / "notes.txt").write_text("the author's own")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    other = b"other weights"
    spec = replace(OneWeight.spec, weights_sha256=hashlib.sha256(other).hexdigest())

    def cut(self, *given, **told):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", cut)
        with pytest.raises(OSError, match="No space"):
            write_bundle(folder, spec, other, {}, weights_file=ONNX)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    write_bundle(folder, spec, other, {}, weights_file=ONNX)
    assert {path.name for path in folder.iterdir()} == {ONNX, "bundle.json", "golden.npz", "notes.txt"}
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_a_model_that_fails_leaves_the_earlier_bundle(folder):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    class Fails(OneWeight):
        def predict(self, inputs):
            raise RuntimeError("shapes")

    with pytest.raises(RuntimeError, match="shapes"):
        make_bundle(Fails, OneWeight.spec, WEIGHT_BYTES, folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]
