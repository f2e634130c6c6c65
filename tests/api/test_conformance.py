"""Each check finds exactly the fault that it is for, and nothing where there is none."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from dataclasses import replace
from types import ModuleType
from typing import ClassVar

import numpy as np
import pytest

from cxrdesk.api import (
    Bundle,
    FilmScope,
    InputSpec,
    Mask,
    ModelInput,
    Prediction,
    Radiograph,
    Saliency,
    SaliencyMap,
    SegmenterSpec,
)
from cxrdesk.api.bundle import write_bundle
from cxrdesk.api.deprecation import deprecated
from cxrdesk.api.golden import record
from cxrdesk.api.testing import CHECKS, State, check_model, check_plugin, find_target
from cxrdesk.api.testing.running import IMPORTING
from cxrdesk.api.testing.subject import ordinary
from cxrdesk.imaging.errors import UserError
from tests.support import HalfLungs, detector_spec, segmenter_spec
from tests.wheels import PLUGINS

torch = pytest.importorskip("torch")

from cxrdesk.api.torchkit import TorchClassifier  # noqa: E402

SPEC = detector_spec(
    findings=("pneumonia", "opacity"),
    operating_points=(),
    calibration={},
    scope=FilmScope(views=("chest-ap", "chest-pa"), films=(1, 2)),
    input=InputSpec(size=(32, 32)),
    saliency=Saliency(method="class activation maps"),
    weights_sha256="",
)


class Good(TorchClassifier):
    """Two findings, one or two films, maps by the kit."""

    spec = SPEC

    def build(self):
        torch.manual_seed(1)
        return torch.nn.Sequential(
            torch.nn.Conv2d(1, 8, 3, stride=2), torch.nn.ReLU(), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(),
            torch.nn.Linear(8, 2),
        )  # fmt: skip

    def cam_layer(self, model):
        return model[1]


class NoCpu(Good):
    def load(self):
        if self.context.device == "cpu":
            raise RuntimeError("no kernel image is available")
        super().load()


class Nan(Good):
    def predict(self, inputs):
        told = super().predict(inputs).probabilities
        made = object.__new__(Prediction)
        object.__setattr__(made, "probabilities", dict(told) | {"opacity": float("nan")})
        return made


class WrongKey(Good):
    def predict(self, inputs):
        told = super().predict(inputs).probabilities
        return Prediction(probabilities={**told, "edema": 0.5})


class Dropout(Good):
    def predict(self, inputs):
        told = super().predict(inputs).probabilities
        return Prediction(probabilities={key: value * np.random.default_rng().random() for key, value in told.items()})


class Remembers(Good):
    """Its scores lean towards the film before; the same film again and again is answered alike."""

    last, other = 0.0, 0.0

    def predict(self, inputs):
        told = super().predict(inputs).probabilities
        mean = round(float(np.mean([item.tensor.mean() for item in inputs])), 4)
        if mean != self.last:
            type(self).last, type(self).other = mean, self.last
        shift = 0.2 * np.tanh(self.other)
        return Prediction(probabilities={key: float(np.clip(value + shift, 0, 1)) for key, value in told.items()})


class FirstFilm(Good):
    def predict(self, inputs):
        return super().predict(inputs[:1]) if len(inputs) > 1 else super().predict(inputs)


class InPlace(Good):
    def explain(self, inputs, finding):
        made = super().explain(inputs, finding)
        inputs[0].tensor[:] = 0
        return made


class Divides(Good):
    def prepare(self, films, masks):
        for film in films:
            if film.stored.max() == film.stored.min():
                raise ZeroDivisionError("float division by zero")
        return super().prepare(films, masks)


class Stubborn(Good):
    """Its maps take long, and it never asks whether anybody waits."""

    waits = 0.0

    def explain(self, inputs, finding):
        if self.context.cancelled():
            time.sleep(0.6)
        return super().explain(inputs, finding)


class Keeps(Good):
    kept: ClassVar[list] = []

    def unload(self):
        self.kept.append(torch.ones(4 << 20))
        super().unload()


class KeepsArrays(Good):
    kept: ClassVar[list] = []

    def unload(self):
        self.kept.append(np.ones(4 << 20))
        super().unload()


class Hooks(Good):
    def load(self):
        super().load()
        self.model[0].register_forward_hook(lambda module, given, out: None)


class Thread(Good):
    stops: ClassVar[list] = []

    def load(self):
        super().load()
        self.stops.append(threading.Event())
        threading.Thread(target=self.stops[-1].wait, name="my-watcher", daemon=True).start()


class OpenFile(Good):
    files: ClassVar[list] = []

    def load(self):
        super().load()
        self.files.append(open(__file__))  # noqa: SIM115, PTH123


class Child(Good):
    children: ClassVar[list] = []

    def load(self):
        super().load()
        self.children.append(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]))


def bad_map(values):
    def explain(self, inputs, finding):
        made = []
        for i, item in enumerate(inputs):
            one = object.__new__(SaliencyMap)
            told = {"finding": finding, "values": values(self, item, finding), "box": item.box, "film": i}
            for name, value in told.items():
                object.__setattr__(one, name, value)
            made.append(one)
        return made

    return explain


def own(self, item, finding):
    """A map that needs weights and finding."""
    (found,) = TorchClassifier.explain(self, [item], finding)
    return found.values


class Negative(Good):
    explain = bad_map(lambda self, item, finding: own(self, item, finding) * np.float32(-1))


class TwoMaps(Good):
    def explain(self, inputs, finding):
        return super().explain(inputs, finding) * 2


class OneForAll(Good):
    def explain(self, inputs, finding):
        made = super().explain(inputs, "pneumonia")
        return [replace(item, finding=finding) for item in made]


class Edges(Good):
    """Shows where the film is bright, a little more for one finding."""

    def explain(self, inputs, finding):
        share = 1.0 + self.spec.findings.index(finding)
        return [
            SaliencyMap(finding=finding, values=np.abs(item.tensor[0]) * np.float32(share), box=item.box, film=i)
            for i, item in enumerate(inputs)
        ]


class Late(Good):
    def predict(self, inputs):
        return self.answer(inputs)

    @deprecated(since="1.4", use="predict")
    def answer(self, inputs):
        return super().predict(inputs)


FAULTS = {
    Late: "current-calls",
    NoCpu: "cpu",
    Nan: "answers",
    WrongKey: "answers",
    Dropout: "deterministic",
    Remembers: "companions",
    FirstFilm: "order",
    InPlace: "input-unchanged",
    Divides: "odd-films",
    Stubborn: "cancel",
    Keeps: "unload",
    KeepsArrays: "unload",
    Hooks: "leftovers",
    Thread: "leftovers",
    OpenFile: "leftovers",
    Child: "leftovers",
    Negative: "saliency-shape",
    TwoMaps: "saliency-shape",
    OneForAll: "saliency-finding",
    Edges: "saliency-weights",
}


def failed(model, **options):
    outcomes = list(check_model(model, **options))
    return {made.check: made for made in outcomes if made.state is State.FAILED}, outcomes


def test_a_good_model_passes_every_check():
    wrong, outcomes = failed(Good)
    assert wrong == {}
    assert [made.check for made in outcomes] == list(CHECKS)
    assert {made.check: made.what for made in outcomes if made.state is State.SKIPPED} == {
        "golden": "it has no bundle; a detector with weights needs one"
    }


@pytest.mark.filterwarnings("ignore::cxrdesk.api.deprecation.PluginDeprecationWarning")
@pytest.mark.parametrize("model", FAULTS, ids=lambda item: item.__name__)
def test_a_fault_fails_its_check_and_no_other(model):
    wrong, _ = failed(model, limit_s=0.3)
    for child in Child.children:
        child.kill()
        child.wait()
    for stop in Thread.stops:
        stop.set()
    while OpenFile.files:
        OpenFile.files.pop().close()
    assert list(wrong) == [FAULTS[model]]
    (made,) = wrong.values()
    assert made.what
    assert made.mend
    assert "test-detector (test_conformance.py:" in made.where


def test_what_rests_on_a_first_answer_is_skipped_where_there_is_none():
    class NoAnswer(Good):
        def predict(self, inputs):
            raise KeyError("head")

    wrong, outcomes = failed(NoAnswer)
    assert list(wrong) == ["cpu"]
    assert "KeyError ('head') at test_conformance.py" in wrong["cpu"].what
    others = [made for made in outcomes if made.check != "cpu"]
    assert {made.check for made in others} | {"cpu"} == set(CHECKS)
    assert {made.state for made in others} == {State.SKIPPED}
    assert {made.what for made in others} == {"it needs a model that loads and answers, and cpu failed"}


def test_one_error_fails_one_check():
    class NoMap(Good):
        def explain(self, inputs, finding):
            raise KeyError("features")

    wrong, outcomes = failed(NoMap)
    assert len(wrong) == 1
    skipped = [made for made in outcomes if "by the same error" in made.what]
    assert {made.check for made in skipped} >= {"saliency-shape", "saliency-weights", "cancel"} - set(wrong)


def test_what_a_kit_says_is_told_as_it_is():
    class Narrow(Good):
        def build(self):
            return torch.nn.Sequential(*super().build()[:-1], torch.nn.Linear(8, 3))

    wrong, _ = failed(Narrow)
    assert list(wrong) == ["cpu"]
    assert wrong["cpu"].what == (
        "the network gives 3 logits, and the spec names 2 findings (pneumonia, opacity) [other-outputs]"
    )
    assert wrong["cpu"].mend == "Change the last layer in build, or findings in recipe.py"


def test_every_check_has_a_fault_that_fails_it():
    assert set(FAULTS.values()) | {"golden"} == set(CHECKS)


def test_changed_weights_fail_the_golden_check(tmp_path):
    model = Good()
    model.load()
    films = [ordinary(seed, (64, 64)) for seed in range(5)]
    import hashlib

    import safetensors.torch

    data = safetensors.torch.save(model.model.state_dict())
    spec = replace(SPEC, weights_sha256=hashlib.sha256(data).hexdigest())
    write_bundle(tmp_path / "b", spec, data, record(model, films, [{}] * 5))
    model.unload()

    class Bundled(Good):
        spec = replace(SPEC, bundle=tmp_path / "b", weights_sha256=hashlib.sha256(data).hexdigest())

    class Darker(Bundled):
        def prepare(self, films, masks):
            return [ModelInput(tensor=item.tensor * np.float32(0.9)) for item in super().prepare(films, masks)]

    assert Bundle(tmp_path / "b").golden()["study_0"].tolist() == [0, 1]
    assert failed(Bundled)[0] == {}
    wrong, _ = failed(Darker)
    assert list(wrong) == ["golden"]
    assert "preprocessing: golden film 0 differs" in wrong["golden"].what


def test_a_segmenter_and_its_faults():
    wrong, outcomes = failed(HalfLungs)
    assert wrong == {}
    assert {made.check for made in outcomes if made.state is State.PASSED} >= {"answers", "odd-films", "unload"}

    class Elsewhere(HalfLungs):
        spec: SegmenterSpec = segmenter_spec()

        def segment(self, model_input):
            made = object.__new__(Mask)
            object.__setattr__(made, "structure", "spleen")
            object.__setattr__(made, "values", np.full((4, 4), 1.5, np.float32))
            return made

    wrong, _ = failed(Elsewhere)
    assert set(wrong) == {"answers"}
    assert "'spleen'" in wrong["answers"].what
    assert "1.5" in wrong["answers"].what


GOOD = (PLUGINS / "example" / "cxrdesk_example.py").read_text()
OLD = """
import warnings
from cxrdesk.api.deprecation import PluginDeprecationWarning
warnings.warn("a goes; use b", PluginDeprecationWarning)
"""
IMPORTS = {
    "raises": ("1 / 0", "import", "ZeroDivisionError"),
    "exits": ("import sys\nsys.exit(3)", "import", "SystemExit"),
    "ends": ("import os\nos._exit(0)", "import", "ended the process (exit code 0)"),
    "torchy": (GOOD + "\nimport torch\n", "import-light", "torch"),
    "writes": (GOOD + "\nopen('here.txt', 'w').close()\n", "import-quiet", "here.txt for writing"),
    "calls": (GOOD + "\nimport socket\nsocket.socket().close()\n", "import-quiet", "socket"),
    "changes": (GOOD + "\nimport os\nos.environ['CUDA_X'] = '1'\n", "import-quiet", "changes the environment"),
    "prints": (GOOD + "\nprint('hello')\n", "import-quiet", "prints"),
    "later": (GOOD.replace('"1.0"', '"7.0"'), "api-version", "7.0"),
    "old": (GOOD + OLD, "current", "use b"),
    "misspelt": (GOOD.replace("def cxrdesk_detectors", "def cxrdesk_detector"), "hooks", "cxrdesk_detector is no hook"),
    "unmarked": (GOOD.replace("@api.hookimpl\n", ""), "hooks", "@hookimpl"),
    "instance": (GOOD.replace("return [Brightness]", "return [Brightness()]"), "spec", "not a Detector class"),
    "abstract": (GOOD.replace("def predict(", "def foretell("), "spec", "does not implement predict"),
    "twice": (GOOD.replace("return [Brightness]", "return [Brightness, Brightness]"), "spec", "used twice"),
}


def project(folder, source):
    folder.mkdir()
    (folder / "mine.py").write_text(source)
    (folder / "pyproject.toml").write_text(
        '[project]\nname="x"\n[project.entry-points."cxrdesk.plugins"]\nx = "mine"\n'
    )
    return folder


@pytest.mark.parametrize("name", IMPORTS)
def test_a_module_with_a_fault_fails_its_check_and_no_other(tmp_path, monkeypatch, name):
    from cxrdesk.api.testing.listing import listed
    from cxrdesk.api.testing.running import listing_outcomes

    source, key, part = IMPORTS[name]
    monkeypatch.chdir(tmp_path)
    target = find_target(str(project(tmp_path / "p", source)))
    wrong = [made for made in listing_outcomes(target, listed(target)) if made.state is State.FAILED]
    assert [made.check for made in wrong] == [key]
    assert part in wrong[0].what
    assert wrong[0].mend


def test_every_check_of_a_module_has_a_fault_that_fails_it():
    assert {key for _, key, _ in IMPORTS.values()} == set(IMPORTING)


def test_a_whole_plugin_is_checked_in_processes_of_its_own():
    outcomes = list(check_plugin(find_target(str(PLUGINS / "example"))))
    assert [made.check for made in outcomes] == [*IMPORTING, *CHECKS]
    assert [str(made) for made in outcomes if made.state is State.FAILED and made.check != "saliency-weights"] == []


def test_a_model_that_ends_the_process_is_told(tmp_path):
    source = GOOD.replace(
        "    def predict(self, inputs):\n", "    def predict(self, inputs):\n        import os; os._exit(9)\n"
    )
    outcomes = list(check_plugin(find_target(str(project(tmp_path / "p", source)))))
    assert (outcomes[-1].check, outcomes[-1].state) == ("cpu", State.FAILED)
    assert "exit code 9" in outcomes[-1].what


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [("nobody", None, "unknown-name"), (".", None, "bad-plugin"), (".", "[project]\nname='x'\n", "bad-plugin"),
     (".", "no toml [", "bad-plugin")],
)  # fmt: skip
def test_what_is_no_plugin_is_told_in_one_sentence(tmp_path, monkeypatch, name, text, code):
    monkeypatch.chdir(tmp_path)
    if text is not None:
        (tmp_path / "pyproject.toml").write_text(text)
    with pytest.raises(UserError) as caught:
        find_target(name)
    assert caught.value.code == code


def test_an_installed_plugin_is_found_by_either_name():
    for name in ("lungmask", "cxrdesk-lungmask"):
        assert find_target(name).module == "cxrdesk_lungmask.plugin"
    assert find_target(ModuleType("somewhere.plugin")).module == "somewhere.plugin"


def test_films_are_what_the_spec_admits():
    from cxrdesk.api.testing import Subject

    given = Subject(model=Good).study(1, count=2)
    assert all(isinstance(film, Radiograph) for film in given.films)
    assert all(SPEC.scope.admits(film.view) for film in given.films)
