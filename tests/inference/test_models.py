from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from cxrdesk.api import CancelledError, Mask, Prediction, Rendering
from cxrdesk.inference import devices
from cxrdesk.inference.models import Models
from tests.support import HalfLungs, Spy, detector_spec, film, registry_of, spying


def named(number: int) -> type:
    return spying(spec=detector_spec(id=f"test-{number}"))


def test_a_model_stays_loaded_and_the_least_recently_used_goes():
    classes = [named(i) for i in range(3)]
    models = Models(registry_of(*classes), device="cpu", keep=2)
    stages: list[str] = []
    for number in (0, 1, 0, 2, 0):
        models.detect(f"test-{number}", [film()], [{}], stages.append)
    assert list(models.loaded) == ["test-2", "test-0"]
    assert stages.count("loading") == 3
    assert classes[1].calls[-1] == "unload"
    assert "unload" not in classes[0].calls
    models.close()
    assert classes[0].calls.count("unload") == 1
    assert models.loaded == {}


def test_stages_and_order_of_calls():
    spy = spying()
    models = Models(registry_of(spy, HalfLungs), device="cpu")
    stages: list[str] = []
    done = models.detect("test-detector", [film()], [{}], stages.append)
    assert stages == ["loading", "scoring", "saliency"]
    assert spy.calls == ["load", "prepare", "predict", "explain"]
    assert (done.device, done.note, len(done.maps)) == ("cpu", "", 1)
    assert done.seconds_s > 0
    assert models.detect("test-detector", [film()], [{}], explain=False).maps == ()
    mask = models.segment("test-lungs", film(), stages.append)
    assert stages[-1] == "masks"
    assert mask.mask.values.mean() == 0.5


def test_a_model_is_told_what_is_wanted_and_says_what_computed(tmp_path):
    class Telling(Spy):
        engine = "abacus\n1.0"

        def compile(self):
            self.calls.append("compile")

        def predict(self, inputs):
            self.calls.append(self.context.explaining())
            return super().predict(inputs)

    spy = spying(Telling)
    models = Models(registry_of(spy, HalfLungs), device="cpu", compiled=tmp_path)
    assert models.detect("test-detector", [film()], [{}]).engine == "abacus 1.0"
    models.detect("test-detector", [film()], [{}], explain=False)
    assert [call for call in spy.calls if isinstance(call, bool)] == [True, False]
    assert models.loaded["test-detector"].context.compiled == tmp_path
    assert spy.calls.count("compile") == 1
    assert models.segment("test-lungs", film()).engine == ""
    Models(registry_of(spy), device="cpu").detect("test-detector", [film()], [{}])
    assert spy.calls.count("compile") == 1


def test_an_earlier_cancel_is_not_the_next_ones():
    # A model stays loaded from one request to the next; whether the answer is wanted belongs to the request.
    class Patient(Spy):
        def predict(self, inputs):
            self.context.check()
            return super().predict(inputs)

    models = Models(registry_of(spying(Patient)), device="cpu")
    models.detect("test-detector", [film()], [{}])
    models.cancelled = lambda: True
    with pytest.raises(CancelledError):
        models.detect("test-detector", [film()], [{}])
    models.cancelled = lambda: False
    models.detect("test-detector", [film()], [{}])


@pytest.mark.parametrize(
    ("method", "answer"),
    [("predict", {"pneumonia": 0.5}), ("predict", None), ("explain", [np.zeros((2, 2))]), ("explain", None),
     ("render", "a picture")],
)  # fmt: skip
def test_answers_of_another_kind_are_refused(method, answer):
    models = Models(registry_of(spying(**{method: lambda self, *given: answer})), device="cpu")
    with pytest.raises(TypeError, match=r"answered with|not iterable"):
        models.detect("test-detector", [film()], [{}])


def test_a_mask_of_another_structure_is_refused():
    other = type("Other", (HalfLungs,), {"segment": lambda self, given: Mask(
        structure="heart", values=np.ones((2, 2), np.float32))})  # fmt: skip
    with pytest.raises(ValueError, match="'heart', not 'lungs'"):
        Models(registry_of(other), device="cpu").segment("test-lungs", film())


def test_a_plugins_own_drawing_travels_with_its_map():
    drawn = Rendering(image=np.zeros((2, 2, 4), np.uint8))
    models = Models(registry_of(spying(render=lambda self, saliency: drawn)), device="cpu")
    assert models.detect("test-detector", [film()], [{}]).maps[0][1] is drawn


class FakeDevice(Spy):
    """Runs out of memory on the accelerator, at `where`."""

    where = "predict"

    def load(self):
        super().load()
        self.fail("load")

    def predict(self, inputs):
        self.fail("predict")
        return Prediction(probabilities={"pneumonia": 0.5})

    def fail(self, where: str) -> None:
        if where == self.where and self.context.device == "cuda":
            raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")


@pytest.mark.parametrize("where", ["load", "predict"])
def test_out_of_memory_falls_back_to_the_cpu_and_says_so(monkeypatch, where):
    monkeypatch.setattr(devices, "choose", lambda wanted: "cuda")
    spy, other = spying(FakeDevice, where=where), spying(spec=detector_spec(id="test-other"))
    models = Models(registry_of(spy, other))
    done = models.detect("test-detector", [film()], [{}])
    assert done.device == "cpu"
    assert done.note == "The cuda device ran out of memory; test-detector now runs on the CPU."
    assert spy.calls.count("load") == 2
    again = models.detect("test-detector", [film()], [{}])
    assert (again.device, again.note) == ("cpu", "")
    assert models.detect("test-other", [film()], [{}]).device == "cuda"


def test_another_error_on_the_accelerator_is_an_error(monkeypatch):
    monkeypatch.setattr(devices, "choose", lambda wanted: "cuda")
    broken = spying(predict=lambda self, inputs: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        Models(registry_of(broken)).detect("test-detector", [film()], [{}])


def test_out_of_memory_on_the_cpu_is_an_error():
    def broken(self, inputs):
        raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError, match="out of memory"):
        Models(registry_of(spying(predict=broken)), device="cpu").detect("test-detector", [film()], [{}])


def test_the_cpu_is_chosen_without_torch(plain_environment):
    code = "import sys; from cxrdesk.inference.devices import choose; choose('cpu'); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, env=plain_environment)


def test_without_torch_the_cpu_is_chosen(monkeypatch):
    monkeypatch.setattr(devices, "find_spec", lambda name: None)
    assert devices.choose("auto") == "cpu"
    with pytest.raises(ValueError, match="torch is not installed"):
        devices.choose("cuda")
    with pytest.raises(ValueError, match="no device"):
        devices.choose("abacus")


def test_devices_are_those_of_torch(monkeypatch):
    torch = pytest.importorskip("torch")
    there = {"cuda": False, "mps": False, "xpu": False}
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there["cuda"])
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: there["mps"])
    monkeypatch.setattr(torch.xpu, "is_available", lambda: there["xpu"])
    assert devices.choose("auto") == "cpu"
    with pytest.raises(ValueError, match="offers no xpu"):
        devices.choose("xpu")
    for name in ("xpu", "mps", "cuda"):
        there[name] = True
        assert devices.choose("auto") == name
        assert devices.choose(name) == name
    assert devices.is_out_of_memory(torch.OutOfMemoryError("full"))
    assert not devices.is_out_of_memory(ValueError("full"))


@pytest.mark.parametrize(("cores", "threads"), [(None, "1"), (1, "1"), (2, "1"), (8, "7")])
def test_a_child_leaves_the_screen_a_core(cores, threads):
    told = devices.child_environment(cores)
    assert told["OMP_NUM_THREADS"] == told["MKL_NUM_THREADS"] == threads
    assert told["OMP_WAIT_POLICY"] == "PASSIVE"
