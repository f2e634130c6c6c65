"""Makes a bundle from a checkpoint that the user has: ``cxrdesk plugins weights import FILE``."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray

from cxrdesk.api import BundleError, DetectorSpec, Evidence, FilmScope, InputSpec, OperatingPoint, Saliency
from cxrdesk.api.bundle import write_bundle
from cxrdesk.api.golden import record
from cxrdesk.api.making import golden_films
from cxrdesk_xrv.checkpoint import LARGEST, tensors_of
from cxrdesk_xrv.model import SIDE, XrvModel
from cxrdesk_xrv.published import OUTPUTS, PAPER, SOURCE, WEIGHTS, Weights

VERSION = "0.1.0"
"""Of what is made of the weights: raised whenever the same checkpoint would give another bundle."""
HEAD = ("classifier.weight", "classifier.bias")
AIM = f"largest difference of sensitivity and 1 - specificity, chosen by the authors ({SOURCE})"
MEASURED = "a fifth of the patients of the training data, kept apart by the authors; they publish no figures of it"
UNKNOWN = "unknown"
"""In place of the digest of weights that the authors measured, where nobody knows it: then there is no call."""


def import_weights(file: Path, folder: Path, name: str | None = None) -> Path:
    """Convert a checkpoint of a TorchXRayVision DenseNet-121; returns the bundle's folder, a new one in `folder`.

    Parameters
    ----------
    name : str, optional
        Which of the published weights it is: ``"all"``, ``"nih"``, ``"pc"``, ``"chex"``, ``"rsna"``, ``"mimic_nb"``,
        ``"mimic_ch"``. Otherwise its SHA-256 says so, or its file name.

    Raises
    ------
    BundleError
        ``"unsafe-weights"``, ``"bad-weights"``, or ``"unknown-weights"`` if it cannot be told which weights they are.
    """
    if file.stat().st_size > LARGEST:
        raise BundleError("bad-weights", f"{file.name} is too large to be a DenseNet-121; choose the right .pt file.")
    data = file.read_bytes()
    sha256 = hashlib.sha256(data).hexdigest()
    published, told_by = _which(file, sha256, name)
    state = _state(file, tensors_of(file, data), published)
    weights = safetensors.numpy.save(state)
    own = hashlib.sha256(weights).hexdigest()
    spec = _spec(published, own, proven=sha256 == published.sha256)
    made, final = folder / f".{spec.id}-{os.getpid()}", folder / spec.id
    shutil.rmtree(made, ignore_errors=True)
    try:
        write_bundle(made, spec, weights, {})
        golden = _golden(replace(spec, bundle=made))
        evaluation = {
            "table": [],
            "published_thresholds": {OUTPUTS[key]: value for key, value in published.thresholds.items()},
            "source": SOURCE,
            "paper": PAPER,
        }
        write_bundle(made, spec, weights, golden, evaluation=evaluation, training=_origin(sha256, told_by))
        if final.exists():
            shutil.rmtree(final)
        made.rename(final)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return final


def _which(file: Path, sha256: str, name: str | None) -> tuple[Weights, str]:
    """The published weights that a file is, and how that is known."""
    known = {item.name: item for item in WEIGHTS}
    asked = None if name is None else name.removeprefix("densenet121-res224-").replace("-", "_")
    if asked is not None and asked not in known:
        raise BundleError("unknown-weights", f"there are no weights {name!r}; known are {', '.join(known)}")
    for item in WEIGHTS:
        if item.sha256 == sha256:
            if asked not in (None, item.name):
                raise BundleError("unknown-weights", f"{file.name} is {item.name!r} by its SHA-256, not {name!r}")
            return item, "SHA-256"
    if asked is not None:
        return known[asked], "the user"
    for item in WEIGHTS:
        if file.name.startswith(item.file):
            return item, "its file name"
    text = f"it cannot be told which weights {file.name} holds; say so by --as, one of {', '.join(known)}"
    raise BundleError("unknown-weights", text)


def _state(file: Path, tensors: Mapping[str, NDArray[Any]], published: Weights) -> dict[str, NDArray[Any]]:
    """What the network is filled with: all features, and the outputs that were trained."""
    from cxrdesk_xrv.network import build

    expected = {key: tuple(value.shape) for key, value in build(len(OUTPUTS)).state_dict().items()}
    state = {}
    for key, shape in expected.items():
        # Counters of training steps, which some versions of torch did not keep, mean nothing here.
        value = tensors.get(key, np.zeros(shape, np.int64) if key.endswith("num_batches_tracked") else None)
        if value is None or value.shape != shape or not np.isfinite(value).all():
            text = f"{file.name} is no DenseNet-121 with {len(OUTPUTS)} outputs of TorchXRayVision ({key} differs)."
            raise BundleError("bad-weights", text)
        value = np.array(value, np.float32 if value.dtype.kind == "f" else np.int64, order="C")
        state[key] = value[published.rows] if key in HEAD else value
    return state


def _spec(published: Weights, sha256: str, *, proven: bool) -> DetectorSpec:
    model_input = InputSpec(size=(SIDE, SIDE), percentiles=(0.0, 100.0), mean=0.5, std=1 / 2048)
    names = [output.replace("_", " ").lower() for output in published.thresholds]
    return DetectorSpec(
        id=f"xrv-{published.name.replace('_', '-')}",
        version=VERSION,
        name=f"TorchXRayVision {published.name}",
        looks_for=f"Looks for {', '.join(names[:-1])} and {names[-1]} on a frontal film of an adult.",
        scope=FilmScope(
            views=("chest-frontal", "chest-ap", "chest-pa"), age_years=(18.0, 120.0), min_size=(SIDE, SIDE)
        ),
        input=model_input,
        evidence=Evidence.INTERNAL,
        weights_sha256=sha256,
        findings=published.findings,
        operating_points=tuple(
            OperatingPoint(
                name="balanced",
                finding=OUTPUTS[output],
                threshold=threshold,
                aim=AIM,
                sensitivity=None,
                specificity=None,
                measured_on=MEASURED,
                weights_sha256=sha256 if proven else UNKNOWN,
                preprocessing_sha256=model_input.digest(),
            )
            for output, threshold in published.thresholds.items()
        ),
        saliency=Saliency(method="Class activation map (Zhou et al. 2016) at norm5, not scaled per film"),
        trained_on=f"{'; '.join(published.data)} ({PAPER}), labels by text mining of reports for the most part",
        licence=f"weights by the authors of TorchXRayVision (Apache-2.0); of the data: {'; '.join(published.data)}",
    )


def _golden(spec: DetectorSpec) -> dict[str, NDArray[Any]]:
    films = golden_films()
    model = type("Xrv", (XrvModel,), {"spec": spec})()
    model.load()
    golden = record(model, films, [{} for _ in films])
    model.unload()
    return golden


def _origin(sha256: str, told_by: str) -> dict[str, Any]:
    return {
        "recipe": "cxrdesk plugins weights import",
        "finished": datetime.now(UTC).date().isoformat(),
        "packages": {package: version(package) for package in ("torch", "timm", "cxrdesk")},
        "started_from": f"a TorchXRayVision checkpoint of SHA-256 {sha256}, known by {told_by}",
    }
