"""Detectors that do what detectors must not, one for each fault."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from types import SimpleNamespace

import numpy as np

from cxrdesk.api import (
    BundleError,
    CancelledError,
    Detector,
    DetectorSpec,
    Evidence,
    FilmScope,
    InputSpec,
    Mask,
    Prediction,
    Saliency,
    SaliencyMap,
    Segmenter,
    SegmenterSpec,
    hookimpl,
)

CXRDESK_API = "1.0"
SHARED = {
    "version": "1.0",
    "name": "Hostile",
    "looks_for": "trouble",
    "scope": FilmScope(views=("chest-frontal",)),
    "input": InputSpec(size=(16, 16)),
    "evidence": Evidence.SYNTHETIC,
}
SPEC = DetectorSpec(id="hostile", findings=("pneumonia",), saliency=Saliency(method="none"), **SHARED)


def good(self, inputs):
    return Prediction(probabilities={"pneumonia": 0.25})


def field(value):
    return np.full((4, 4), value, np.float32)


def one_map(self, inputs, finding):
    return [SaliencyMap(finding=finding, values=field(1.0))]


def kill_9(self, inputs):
    os.kill(os.getpid(), signal.SIGKILL)


def prints(self, inputs):
    for _ in range(64):
        print("x" * 65536)
        sys.stderr.write("y" * 65536)
    os.write(1, b"CXR1" * 1000)
    subprocess.run([sys.executable, "-c", "print('from a grandchild')"], check=True)
    return good(self, inputs)


def reads(self, inputs):
    return Prediction(probabilities={"pneumonia": 0.0 if sys.stdin.read() == "" else 1.0})


def hangs(self, *given):
    while True:
        time.sleep(1)


def listens(self, inputs):
    while True:
        time.sleep(0.02)
        self.context.check()


def raises(self, inputs):
    raise ValueError("a broken\ndetector" + "!" * 5000)


def refuses(self, inputs):
    raise BundleError("weights-changed", "the weights are others")


def unsafe(value):
    """A prediction whose checks never ran."""
    made = object.__new__(Prediction)
    object.__setattr__(made, "probabilities", value)
    return lambda self, inputs: made


def unsafe_map(values):
    def explain(self, inputs, finding):
        made = object.__new__(SaliencyMap)
        for name, value in (("finding", finding), ("values", values), ("box", inputs[0].box), ("film", 0)):
            object.__setattr__(made, name, value)
        return [made]

    return explain


def environment(self, inputs):
    """Answers 1 only where every variable of a good neighbour arrived."""
    threads = str(max(1, (os.cpu_count() or 1) - 1))
    known = {"OMP_WAIT_POLICY": "PASSIVE", "KMP_BLOCKTIME": "0", "OMP_NUM_THREADS": threads}
    arrived = all(os.environ.get(key) == value for key, value in known.items())
    nice = not hasattr(os, "nice") or os.nice(0) >= 5
    return Prediction(probabilities={"pneumonia": float(arrived and nice)})


def given_up(self, inputs):
    raise CancelledError


PREDICTIONS = {
    "good": good,
    "kill-9": kill_9,
    "os-exit": lambda self, inputs: os._exit(7),
    "sys-exit": lambda self, inputs: sys.exit("no"),
    "segfault": lambda self, inputs: ctypes.string_at(0),
    "prints": prints,
    "reads": reads,
    "hangs": hangs,
    "listens": listens,
    "raises": raises,
    "refuses": refuses,
    "given-up": given_up,
    "environment": environment,
    "dict": lambda self, inputs: {"pneumonia": 0.5},
    "lookalike": lambda self, inputs: SimpleNamespace(probabilities={"pneumonia": 0.5}),
    "nan": unsafe({"pneumonia": float("nan")}),
    "above-1": unsafe({"pneumonia": 1.7}),
    "wrong-key": lambda self, inputs: Prediction(probabilities={"sadness": 0.5}),
    "no-key": lambda self, inputs: Prediction(probabilities={}),
}
MAPS = {
    "negative-map": unsafe_map(field(-1.0)),
    "nan-map": unsafe_map(field(np.nan)),
    "float64-map": unsafe_map(field(1.0).astype(np.float64)),
    "float16-map": unsafe_map(field(1.0).astype(np.float16)),
    "no-map": lambda self, inputs, finding: [None],
    "two-maps": lambda self, inputs, finding: one_map(self, inputs, finding) * 2,
    "foreign-map": lambda self, inputs, finding: [SaliencyMap(finding="sadness", values=field(1.0))],
    "other-film": lambda self, inputs, finding: [SaliencyMap(finding=finding, values=field(1.0), film=3)],
    "silent": lambda self, inputs, finding: [],
}


class WrongStructure(Segmenter):
    spec = SegmenterSpec(id="hostile-structure", structure="lungs", **SHARED)

    def segment(self, model_input):
        return Mask(structure="spleen", values=field(1.0))


@hookimpl
def cxrdesk_detectors():
    made = {key: {"predict": value, "explain": one_map} for key, value in PREDICTIONS.items()}
    made["hangs"]["prepare"] = hangs
    made |= {key: {"predict": good, "explain": value} for key, value in MAPS.items()}
    return [
        type("Hostile", (Detector,), {"spec": replace(SPEC, id=f"hostile-{key}"), **parts})
        for key, parts in made.items()
    ]


@hookimpl
def cxrdesk_segmenters():
    return [WrongStructure]
