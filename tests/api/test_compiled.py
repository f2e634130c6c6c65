"""Networks compiled for the CPU: used only where they reproduce the golden vectors, and never in a film's way."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx", reason="onnx is not installed: pip install 'cxrdesk[fast]'")
onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed: pip install 'cxrdesk[fast]'")

from cxrdesk.api import Context, DetectorSpec, SegmenterSpec, compiled  # noqa: E402
from cxrdesk.api.bundle import write_bundle  # noqa: E402
from cxrdesk.api.golden import record  # noqa: E402
from cxrdesk.api.torchkit import TorchClassifier, TorchSegmenter  # noqa: E402
from tests.support import detector_spec, film, segmenter_spec  # noqa: E402

FINDINGS = ("pneumonia", "effusion")


def network(*, exact: bool) -> torch.nn.Module:
    """A small network with two outputs; with a convolution between the named layer and pooling unless `exact`."""
    torch.manual_seed(5)
    between = [] if exact else [torch.nn.Conv2d(8, 8, 3, padding=1), torch.nn.ReLU(inplace=True)]
    return torch.nn.Sequential(
        torch.nn.Conv2d(1, 6, 3, stride=2, padding=1),
        torch.nn.BatchNorm2d(6),
        torch.nn.Conv2d(6, 8, 3, stride=2, padding=1),
        torch.nn.ReLU(),
        *between,
        torch.nn.AdaptiveAvgPool2d(1),
        torch.nn.Flatten(),
        torch.nn.Linear(8, 2),
    ).eval()


class Exact(TorchClassifier):
    exact = True

    def build(self):
        return network(exact=self.exact)

    def cam_layer(self, model):
        return model[3]


class Deep(Exact):
    exact = False


class Plain(Exact):
    saliency = None


class Mirrored(Exact):
    mirrored = True


class Lungs(TorchSegmenter):
    def build(self):
        torch.manual_seed(5)
        return torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3, padding=1), torch.nn.ReLU(), torch.nn.Conv2d(4, 1, 1))


@pytest.fixture
def kit(tmp_path):
    """Makes a bundle for a class, and loads the class with a folder for compiled networks."""

    class Kit:
        folder = tmp_path / "cache"
        bundles = tmp_path / "bundles"

        def bundled(self, model: type) -> type:
            import safetensors.torch

            weights = safetensors.torch.save(model().build().state_dict())
            told = {"weights_sha256": hashlib.sha256(weights).hexdigest()}
            if issubclass(model, TorchClassifier):
                kind = {"saliency": None} if model is Plain else {}
                spec = detector_spec(findings=FINDINGS, operating_points=(), **told, **kind)
            else:
                spec = segmenter_spec(**told)
            path = write_bundle(self.bundles / model.__name__, spec, weights, {})
            reader = DetectorSpec if issubclass(model, TorchClassifier) else SegmenterSpec
            made = type(model.__name__, (model,), {"spec": reader.from_bundle(path)})
            loaded = made()
            loaded.load()
            films = [film(i).stored for i in range(5)]
            golden = record(loaded, films, [{} for _ in films])
            loaded.unload()
            write_bundle(path, spec, weights, golden)
            made.spec = reader.from_bundle(path)
            return made

        def load(self, model: type, **context):
            made = model(context=Context(compiled=self.folder, **context))
            made.load()
            made.compile()
            return made

    return Kit()


def forwards(model) -> list[int]:
    """Counts passes through the network's first layer."""
    counted: list[int] = []
    model.model[0].register_forward_hook(lambda *_: counted.append(1))
    return counted


def both(kit, model, **context):
    """The class loaded as it is, and compiled."""
    made = kit.bundled(model)
    plain = made()
    plain.load()
    return plain, kit.load(made, **context)


@pytest.mark.parametrize("model", [Exact, Plain, Mirrored])
@pytest.mark.parametrize("films", [1, 3])
def test_scores_and_maps_are_torchs_without_a_forward_of_torch(kit, model, films):
    plain, fast = both(kit, model)
    counted = forwards(fast)
    inputs = plain.prepare([film(i + 20) for i in range(films)], [{}] * films)
    expected, found = plain.predict(inputs).probabilities, fast.predict(inputs).probabilities
    assert found == pytest.approx(expected, abs=1e-5)
    assert fast.engine == f"ONNX Runtime {onnxruntime.__version__}"
    assert plain.engine == f"torch {torch.__version__}"
    if fast.spec.saliency is not None:
        for finding in FINDINGS:
            for mine, other in zip(fast.explain(inputs, finding), plain.explain(inputs, finding), strict=True):
                np.testing.assert_allclose(mine.values, other.values, atol=1e-5)
    assert counted == []
    plain.unload()
    fast.unload()


def test_where_torch_makes_the_maps_it_makes_the_score_too(kit):
    wanted = [True]
    plain, fast = both(kit, Deep, explaining=lambda: wanted[0])
    counted = forwards(fast)
    inputs = plain.prepare([film(3)], [{}])
    expected = plain.predict(inputs).probabilities
    assert fast.predict(inputs).probabilities == expected
    assert fast.engine.startswith("torch")
    for finding in FINDINGS:
        fast.explain(inputs, finding)
    assert len(counted) == 1
    wanted[0] = False
    assert fast.predict(inputs).probabilities == pytest.approx(expected, abs=1e-5)
    assert fast.engine.startswith("ONNX Runtime")
    assert len(counted) == 1
    # Somebody asks after all.
    [found], [other] = fast.explain(inputs, "effusion"), plain.explain(inputs, "effusion")
    np.testing.assert_allclose(found.values, other.values, atol=1e-6)
    assert len(counted) == 2
    plain.unload()
    fast.unload()


def test_a_segmenter_is_compiled_too(kit):
    plain, fast = both(kit, Lungs)
    counted = forwards(fast)
    given = plain.prepare(film(4))
    np.testing.assert_allclose(fast.segment(given).values, plain.segment(given).values, atol=1e-5)
    assert counted == []
    assert fast.engine.startswith("ONNX Runtime")


def test_the_second_load_compiles_nothing(kit, monkeypatch):
    made = kit.bundled(Exact)
    kit.load(made).unload()
    monkeypatch.setattr(compiled, "_compiled", lambda *given: pytest.fail("compiled again"))
    again = kit.load(made)
    assert again.graph is not None
    again.unload()


def only(folder):
    [place] = folder.iterdir()
    return place


def test_a_graph_that_misses_the_golden_vectors_is_never_used(kit, monkeypatch):
    made = kit.bundled(Exact)

    def wrong(model, bundle, layer):
        other = type(made.__name__, (made,), {})()
        other.load()
        with torch.no_grad():
            other.model[-1].bias += 0.01
        return real(other, bundle, other.cam_layer(other.model))

    real = compiled._compiled
    monkeypatch.setattr(compiled, "_compiled", wrong)
    fast = kit.load(made)
    assert fast.graph is None
    inputs = fast.prepare([film(1)], [{}])
    fast.predict(inputs)
    assert fast.engine.startswith(f"torch {torch.__version__} (not compiled: model: golden film 0 differs by 0.00")
    assert json.loads((only(kit.folder) / "about.json").read_text())["refused"].startswith("model: golden film 0")
    # The refusal holds until something changes, and costs nothing.
    monkeypatch.setattr(compiled, "_compiled", lambda *given: pytest.fail("compiled again"))
    assert kit.load(made).graph is None


def test_an_exporter_that_fails_costs_no_film(kit, monkeypatch):
    made = kit.bundled(Exact)

    def fails(*given, **named):
        raise RuntimeError("no such\noperator")

    monkeypatch.setattr(torch.onnx, "export", fails)
    fast = kit.load(made)
    assert fast.predict(fast.prepare([film(1)], [{}])).probabilities
    assert "not compiled: RuntimeError: no such operator" in fast.engine


def test_what_never_ends_is_not_begun_for_ever(kit, monkeypatch):
    made = kit.bundled(Exact)

    def ended(*given):
        raise KeyboardInterrupt  # as good as a process that is ended from outside

    with monkeypatch.context() as patch:
        patch.setattr(compiled, "_compiled", ended)
        for _ in range(compiled.MOST_TRIES):
            with pytest.raises(KeyboardInterrupt):
                kit.load(made)
        fast = kit.load(made)
    fast.predict(fast.prepare([film(1)], [{}]))
    assert "not compiled: it did not end in time, 2 times" in fast.engine


def test_a_runtime_that_fails_costs_no_film(kit):
    plain, fast = both(kit, Exact)

    class Broken:
        def run(self, *given):
            raise RuntimeError("no memory")

    object.__setattr__(fast.graph, "session", Broken())
    inputs = plain.prepare([film(1)], [{}])
    assert fast.predict(inputs).probabilities == plain.predict(inputs).probabilities
    assert "not compiled: RuntimeError of the runtime" in fast.engine
    assert fast.explain(inputs, "effusion")


def test_a_graph_whose_runtime_fails_on_a_golden_film_is_not_taken(kit, monkeypatch):
    """As one that takes no other number of films than it was traced with."""
    made = kit.bundled(Exact)
    run = compiled.Graph.run

    def two_alone(self, batch):
        if len(batch) != 2:
            raise RuntimeError("shape {1,1,64} expected")
        return run(self, batch)

    monkeypatch.setattr(compiled.Graph, "run", two_alone)
    fast = kit.load(made)
    assert fast.graph is None
    fast.predict(fast.prepare([film(1)], [{}]))
    assert "its runtime failed on a golden film: RuntimeError of the runtime" in fast.engine


@pytest.mark.parametrize("file", ["graph.onnx", "about.json"])
def test_a_damaged_file_is_made_anew(kit, file):
    made = kit.bundled(Exact)
    kit.load(made).unload()
    path = only(kit.folder) / file
    path.write_bytes(path.read_bytes()[:-40] + b"x" * 30)
    assert kit.load(made).graph is not None


def test_a_folder_that_cannot_be_written_costs_no_film(kit):
    made = kit.bundled(Exact)
    kit.folder.write_text("a file is in the way")
    fast = kit.load(made)
    assert fast.graph is None
    fast.predict(fast.prepare([film(1)], [{}]))
    assert "its folder cannot be written" in fast.engine


def test_without_the_runtime_torch_computes(kit, monkeypatch):
    from importlib.metadata import PackageNotFoundError

    def version(name):
        if name == "onnxruntime":
            raise PackageNotFoundError(name)
        return "1"

    monkeypatch.setattr(compiled, "version", version)
    fast = kit.load(kit.bundled(Exact))
    fast.predict(fast.prepare([film(1)], [{}]))
    assert fast.engine == f"torch {torch.__version__} (not compiled: onnxruntime is not installed)"
    assert not kit.folder.exists()


def test_other_versions_and_weights_have_other_graphs(kit, monkeypatch):
    made = kit.bundled(Exact)
    kit.load(made).unload()
    monkeypatch.setattr(compiled, "version", lambda name: "0.1")
    kit.load(made).unload()
    monkeypatch.undo()
    kit.load(kit.bundled(Deep)).unload()
    # The same bundle, but no maps are made of it.
    kit.load(type("Exact", (made,), {"cam_method": "gradcam++", "__qualname__": made.__qualname__})).unload()
    assert len(list(kit.folder.iterdir())) == 4


def test_another_method_makes_its_own_maps(kit):
    made = kit.bundled(Exact)
    other = type("Other", (made,), {"cam_method": "gradcam++"})
    fast = kit.load(other)
    assert fast.graph is not None
    assert not fast.graph.maps


def test_without_a_folder_nothing_is_compiled(kit):
    made = kit.bundled(Exact)()
    made.load()
    assert made.graph is None
    made.predict(made.prepare([film(1)], [{}]))
    assert made.engine == f"torch {torch.__version__}"
    assert not kit.folder.exists()
