"""Children that are killed, hang, flood, lie or leave."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

from cxrdesk.api import CancelledError, Mask
from cxrdesk.discovery.registry import Registry
from cxrdesk.inference import process
from cxrdesk.inference.devices import child_environment
from cxrdesk.inference.lending import SHARED
from cxrdesk.inference.pipeline import FilmAnalysis
from cxrdesk.inference.pipes import PipedProcess
from cxrdesk.inference.pixels import SharedFilm
from cxrdesk.inference.process import Child, InferenceError
from cxrdesk.inference.result import Call, Status
from cxrdesk.inference.runners import ChildRunner
from cxrdesk.sandbox import watch
from cxrdesk.sandbox.ways import Sandbox
from tests.support import film, with_table

ONLY = ("cxrdesk-hostile",)
posix = pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")


def spec(registry: Registry, name: str):
    return registry.model(f"hostile-{name}").spec


def ask(child: Child, registry: Registry, name: str, **given):
    return child.detect(spec(registry, name), [film()], [{}], **given)


@pytest.fixture(scope="module")
def shared(registry: Registry) -> Iterator[Child]:
    """One child for all that it should survive."""
    child = Child(ONLY, device="cpu", limit_s=60)
    ask(child, registry, "good")
    yield child
    child.close()


@pytest.fixture
def child() -> Iterator[Child]:
    """A child of the test's own, for what it may not survive."""
    made = Child(ONLY, device="cpu", limit_s=60)
    yield made
    made.close()


def test_an_answer_comes_with_its_map(shared, registry):
    stages: list[str] = []
    done = ask(shared, registry, "good", stage=stages.append)
    assert done.prediction.probabilities == {"pneumonia": 0.25}
    (saliency, rendering) = done.maps[0]
    np.testing.assert_array_equal(saliency.values, np.ones((4, 4), np.float32))
    assert rendering is None
    assert done.device == "cpu"
    assert done.seconds_s > 0
    assert stages[-2:] == ["scoring", "saliency"]


def test_films_with_tables_and_masks_arrive(shared, registry):
    mask = {"lungs": Mask(structure="lungs", values=np.ones((300, 300), np.float32))}
    done = shared.detect(spec(registry, "good"), [with_table(film()), film(1)], [mask, mask], explain=False)
    assert done.maps == ()


@pytest.mark.parametrize(
    ("name", "code", "part"),
    [
        ("raises", "model-failed", "ValueError: a broken detector!"),
        ("refuses", "weights-changed", "the weights are others"),
        ("given-up", "model-failed", "nobody cancelled"),
        ("dict", "model-failed", "dict, not a Prediction"),
        ("lookalike", "model-failed", "SimpleNamespace, not a Prediction"),
        ("nan", "model-failed", "JSON"),
        ("above-1", "bad-answer", "1.7"),
        ("negative-map", "bad-answer", "negative"),
        ("nan-map", "bad-answer", "not finite"),
        ("float64-map", "bad-answer", "float64"),
        ("float16-map", "model-failed", "float16"),
        ("no-map", "model-failed", "NoneType, not a SaliencyMap"),
    ],
)
def test_a_bad_answer_is_a_failed_job_and_the_child_stays(shared, registry, name, code, part):
    pid = shared.pid
    with pytest.raises(InferenceError) as caught:
        ask(shared, registry, name)
    assert caught.value.code == code
    assert part in str(caught.value)
    assert f"hostile-{name}" in str(caught.value)
    assert len(str(caught.value)) < 600
    assert shared.pid == pid


@pytest.mark.usefixtures("look")
@pytest.mark.parametrize("name", ["wrong-key", "no-key", "two-maps", "foreign-map", "other-film"])
def test_an_answer_to_another_question_is_a_failed_job(shared, registry, name):
    runner = ChildRunner(registry, device="cpu")
    runner.children[ONLY] = shared
    result = FilmAnalysis(film(), registry, runner).detect(spec(registry, name))
    assert (result.status, result.reasons[0].code) == (Status.FAILED, "bad-answer")


def test_a_mask_of_another_structure_is_a_failed_job(shared, registry):
    with pytest.raises(InferenceError, match="'spleen', not 'lungs'"):
        shared.segment(registry.model("hostile-structure").spec, film())


def test_megabytes_of_printing_are_no_answer(shared, registry):
    assert ask(shared, registry, "prints").prediction.probabilities == {"pneumonia": 0.25}


def test_a_plugin_that_reads_meets_the_end(shared, registry):
    assert ask(shared, registry, "reads").prediction.probabilities == {"pneumonia": 0.0}


def test_a_detector_without_anything_to_show(shared, registry):
    assert ask(shared, registry, "silent").maps == ()


def test_cancel_is_noticed_and_the_model_serves_again(shared, registry):
    pid = shared.pid
    wanted = threading.Event()
    with pytest.raises(CancelledError):
        ask(shared, registry, "listens", stage=lambda name: wanted.set(), cancelled=wanted.is_set)
    assert shared.pid == pid
    assert ask(shared, registry, "good").prediction.probabilities == {"pneumonia": 0.25}


@pytest.mark.parametrize(
    ("name", "how"),
    [
        pytest.param("kill-9", "signal SIGKILL", marks=posix),
        pytest.param("segfault", "signal SIGSEGV", marks=posix),
        ("os-exit", "exit code 7"),
        ("sys-exit", "exit code 1"),
    ],
)
def test_a_child_that_dies_is_named_and_the_next_job_is_done(child, registry, name, how):
    with pytest.raises(InferenceError) as caught:
        ask(child, registry, name)
    assert caught.value.code == "child-died"
    assert how in str(caught.value)
    assert child.pid is None
    assert ask(child, registry, "good").prediction.probabilities == {"pneumonia": 0.25}


@posix
def test_kill_9_from_outside_in_mid_job(child, registry):
    computing = threading.Event()

    def kill() -> None:
        computing.wait(60)
        os.kill(child.pid, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    with pytest.raises(InferenceError, match="SIGKILL") as caught:
        ask(child, registry, "hangs", stage=lambda name: computing.set() if name == "scoring" else None)
    killer.join()
    assert caught.value.code == "child-died"
    assert ask(child, registry, "good").prediction.probabilities == {"pneumonia": 0.25}


def test_a_hang_ends_at_the_time_limit(child, registry):
    ask(child, registry, "good")
    child.limit_s = 0.5
    with pytest.raises(InferenceError, match="hostile-hangs did not answer") as caught:
        ask(child, registry, "hangs")
    assert caught.value.code == "time-limit"
    assert child.pid is None


@posix
def test_a_stopped_child_cannot_block_the_host(child, registry):
    ask(child, registry, "good")
    for pid in watch.tree(child.pid):
        os.kill(pid, signal.SIGSTOP)
    child.limit_s = 0.5
    # More than a pipe holds: a plain write would wait for ever.
    mask = {"lungs": Mask(structure="lungs", values=np.ones((500, 500), np.float32))}
    with pytest.raises(InferenceError) as caught:
        child.detect(spec(registry, "good"), [film()], [mask])
    assert caught.value.code == "time-limit"


def test_a_cancel_that_is_ignored_ends_the_child_after_the_grace(child, registry, monkeypatch):
    monkeypatch.setattr(process, "CANCEL_GRACE_S", 0.3)
    computing = threading.Event()
    at = {"scoring": computing.set}
    with pytest.raises(CancelledError):
        ask(child, registry, "hangs", stage=lambda name: at.get(name, int)(), cancelled=computing.is_set)
    assert child.pid is None


def test_the_environment_of_a_good_neighbour_arrives_and_nothing_else(shared, registry):
    assert child_environment(4)["OMP_NUM_THREADS"] == "3"
    assert ask(shared, registry, "environment").prediction.probabilities == {"pneumonia": 1.0}


def test_an_unknown_device_is_a_failed_job(registry):
    child = Child(ONLY, device="abacus")
    with pytest.raises(InferenceError, match="abacus"):
        ask(child, registry, "good")
    child.close()


def test_a_python_that_cannot_start_is_a_failed_job(registry, monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "nothing"))
    with pytest.raises(InferenceError) as caught:
        ask(Child(ONLY), registry, "good")
    assert caught.value.code == "start-failed"


def test_a_child_that_ends_at_its_start_is_a_failed_job(registry, monkeypatch, tmp_path):
    (tmp_path / "sitecustomize.py").write_text("import os; os._exit(5)")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ["PYTHONPATH"]]))
    with pytest.raises(InferenceError, match="exit code 5") as caught:
        ask(Child(ONLY), registry, "good")
    assert caught.value.code == "child-died"


def test_an_idle_child_ends_with_its_host(child, registry):
    ask(child, registry, "good")
    piped = child._process
    piped._requests.put(None)  # as when the host has gone: its end of the pipe closes
    assert piped.process.wait(timeout=60) == 0


def test_a_child_that_hangs_ends_with_its_host(registry):
    code = "from cxrdesk.inference import child; child.ORPHAN_GRACE_S = 0.2; child.main(['cxrdesk-hostile'])"
    piped = PipedProcess([sys.executable, "-c", code], Sandbox(shared=SHARED), {})
    shown = SharedFilm(film())
    told = {"op": "detect", "model": "hostile-hangs", "masks": [[]], "explain": False, "prove": False, "device": "cpu"}
    piped.send(told | {"request": 1, "films": [shown.description]})
    while (message := piped.receive(60)) is not None and message[0].get("stage") != "scoring":
        pass
    piped._requests.put(None)
    assert piped.process.wait(timeout=60) == 1
    piped.close(0)
    shown.close()


def test_what_is_asked_of_a_child_is_served_by_its_distribution_alone(registry):
    runner = ChildRunner(registry, device="cpu", together=frozenset({"cxrdesk-example", "cxrdesk-torchy"}))
    assert runner.child("torchy") is runner.child("example-brightness")
    assert runner.child("hostile-good") is not runner.child("torchy")
    assert runner.child("hostile-good").only == ("cxrdesk-hostile",)


def test_what_computed_is_told_and_the_wish_to_compile_arrives(registry, tmp_path):
    torch = pytest.importorskip("torch")
    together = frozenset({"cxrdesk-torchy"})
    runner = ChildRunner(registry, device="cpu", limit_s=120, together=together, compiled=tmp_path / "compiled")
    try:
        torchy = registry.model("torchy").spec
        done = runner.detect(torchy, [film()], [{}], lambda _: None, lambda: False, explain=False)
    finally:
        runner.close()
    # It comes without a bundle.
    assert done.engine.startswith(f"torch {torch.__version__} (not compiled: ")


def test_a_stranger_writes_no_folder_that_stays(registry, tmp_path):
    runner = ChildRunner(registry, device="cpu", together=frozenset(), compiled=tmp_path / "compiled")
    assert runner.child("torchy").compiled is None
    assert runner.child("torchy").sandbox.writable == ()


@pytest.mark.usefixtures("look")
def test_the_40_line_plugin_runs_in_a_child_and_brings_its_map(registry):
    runner = ChildRunner(registry, device="cpu")
    try:
        start = time.monotonic()
        result = FilmAnalysis(film(), registry, runner).detect(registry.model("example-brightness").spec)
        assert result.status is Status.DONE, result.reasons
        assert 0 < result.seconds_s < time.monotonic() - start
    finally:
        runner.close()
    (found,) = result.findings
    (saliency,) = found.saliency
    assert found.call is Call.INDETERMINATE
    assert [reason.code for reason in found.reasons] == ["evidence-synthetic"]
    assert saliency.map.values.shape == (32, 32)
    assert saliency.map.values.mean() == pytest.approx(found.raw, abs=1e-6)
    assert saliency.reference == 1.0
