"""Weights and what was measured with them: a folder or zip of a weights file, bundle.json and golden.npz.

The weights are model.safetensors, or a network with its weights: model.onnx or model.torchscript. A TorchScript file is
a program: loading one may do anything that the plugin's own code may, so it is loaded where that runs, in the child.

bundle.json names the SHA-256 of the other two files and of itself, so that one flipped byte anywhere is noticed. That
finds damage and typed-in figures; it is no signature.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from cxrdesk.api.evidence import Calibration, Estimate, Evidence, OperatingPoint
from cxrdesk.api.spec import DetectorSpec, FilmScope, Saliency, SegmenterSpec
from cxrdesk.imaging.errors import UserError
from cxrdesk.imaging.preprocess import InputSpec

FORMAT = 1
WEIGHTS, MANIFEST, GOLDEN = "model.safetensors", "bundle.json", "golden.npz"
ONNX, TORCHSCRIPT = "model.onnx", "model.torchscript"
WEIGHT_FILES = (WEIGHTS, ONNX, TORCHSCRIPT)
_PARTS = (*WEIGHT_FILES, MANIFEST, GOLDEN)
_AGAIN = "install the plugin anew"


class BundleError(UserError):
    """A bundle that is incomplete, changed or not understood."""


class Bundle:
    """A bundle on disk.

    Parameters
    ----------
    path : Path
        Folder or zip file.

    Raises
    ------
    BundleError
        If the manifest is missing (``"bundle-incomplete"``), not understood (``"bundle-broken"``,
        ``"bundle-format"``) or not as it was written (``"manifest-changed"``).
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            manifest = json.loads(self._read(MANIFEST))
        except (ValueError, RecursionError) as error:
            raise BundleError("bundle-broken", f"{path / MANIFEST} is not valid JSON; {_AGAIN}") from error
        if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
            text = f"{path} is not a bundle of format {FORMAT}; a newer cxrdesk may read it"
            raise BundleError("bundle-format", text)
        if manifest.pop("manifest_sha256", None) != manifest_sha256(manifest):
            text = f"{path / MANIFEST} is not as the recipe wrote it (SHA-256 differs); {_AGAIN}"
            raise BundleError("manifest-changed", text)
        self.manifest: dict[str, Any] = manifest
        """Without its own digest."""

    def _read(self, name: str) -> bytes:
        try:
            if self.path.is_file():
                with zipfile.ZipFile(self.path) as archive:
                    return archive.read(name)
            return (self.path / name).read_bytes()
        except (OSError, KeyError) as error:
            raise BundleError("bundle-incomplete", f"the bundle {self.path} lacks {name}; {_AGAIN}") from error
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
            raise BundleError("bundle-broken", f"{name} in {self.path} cannot be unpacked; {_AGAIN}") from error

    def _promised(self, part: str) -> str:
        try:
            return str(self.manifest[part]["sha256"])
        except (KeyError, TypeError) as error:
            raise BundleError("bundle-broken", f"{self.path / MANIFEST} names no digest of its {part}") from error

    @property
    def weights_sha256(self) -> str:
        """The digest that the manifest promises."""
        return self._promised("weights")

    @property
    def weights_file(self) -> str:
        """Which of `WEIGHT_FILES` it holds."""
        name = self.manifest["weights"].get("file")
        if name not in WEIGHT_FILES:
            raise BundleError("bundle-broken", f"{self.path / MANIFEST} names a weights file that is none: {name!r}")
        return str(name)

    def weights(self) -> bytes:
        """The weights file, exactly as promised.

        Raises
        ------
        BundleError
            If its SHA-256 is another one (``"weights-changed"``): changed weights are never loaded.
        """
        promised = self.weights_sha256
        data = self._read(self.weights_file)
        if hashlib.sha256(data).hexdigest() != promised:
            text = f"the weights in {self.path} are not those that were measured (SHA-256 differs); {_AGAIN}"
            raise BundleError("weights-changed", text)
        return data

    def golden(self) -> dict[str, NDArray[Any]]:
        """Arrays of the golden vectors; see `cxrdesk.api.golden`.

        Raises
        ------
        BundleError
            If their SHA-256 is another one (``"golden-changed"``) or they are no arrays (``"golden-broken"``).
        """
        data = self._read(GOLDEN)
        if hashlib.sha256(data).hexdigest() != self._promised("golden"):
            text = f"{GOLDEN} in {self.path} is not as the recipe wrote it (SHA-256 differs); {_AGAIN}"
            raise BundleError("golden-changed", text)
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
                return {key: arrays[key] for key in arrays.files}
        except (ValueError, OSError, EOFError, AttributeError, zipfile.BadZipFile) as error:
            raise BundleError("golden-broken", f"{GOLDEN} of {self.path} cannot be read; {_AGAIN}") from error


def manifest_sha256(manifest: dict[str, Any]) -> str:
    """SHA-256 over a manifest's JSON values, whatever their order and spacing."""
    plain = json.dumps(manifest, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(plain.encode()).hexdigest()


def _shared(bundle: Path, data: dict[str, Any]) -> dict[str, Any]:
    scope: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in data["scope"].items()}
    return {
        "id": data["id"],
        "version": data["version"],
        "name": data["name"],
        "looks_for": data["looks_for"],
        "scope": FilmScope(**scope),
        "input": InputSpec.from_json(data["input"]),
        "requires": tuple(data["requires"]),
        "evidence": Evidence(data["evidence"]),
        "bundle": bundle,
        "weights_sha256": data["weights"]["sha256"],
        "trained_on": data["trained_on"],
        "licence": data["licence"],
    }


def detector_spec(path: Path) -> DetectorSpec:
    """The spec in a detector's bundle.

    Raises
    ------
    BundleError
        As `Bundle`, and if the manifest lacks something or holds a value that no spec admits (``"bundle-broken"``).
    """
    data = Bundle(path).manifest
    try:
        return DetectorSpec(
            **_shared(path, data),
            findings=tuple(data["findings"]),
            operating_points=tuple(OperatingPoint.from_json(item) for item in data["operating_points"]),
            calibration={key: Calibration(**item) for key, item in data["calibration"].items()},
            saliency=Saliency(**data["saliency"]) if data["saliency"] else None,
            prevalence=data["prevalence"],
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BundleError("bundle-broken", f"{path / MANIFEST} is not understood: {error!r}") from error


def segmenter_spec(path: Path) -> SegmenterSpec:
    """The spec in a segmenter's bundle; raises as `detector_spec` does."""
    data = Bundle(path).manifest
    try:
        dice = {group: Estimate(**item) for group, item in data["dice"].items()}
        return SegmenterSpec(**_shared(path, data), structure=data["structure"], dice=dice)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BundleError("bundle-broken", f"{path / MANIFEST} is not understood: {error!r}") from error


def write_bundle(
    path: Path,
    spec: DetectorSpec | SegmenterSpec,
    weights: bytes,
    golden: dict[str, NDArray[Any]],
    *,
    weights_file: str = WEIGHTS,
    **extra: Any,
) -> Path:
    """Write a bundle folder; only recipes do.

    Parameters
    ----------
    weights : bytes
        The file's content; its digest must be ``spec.weights_sha256``.
    weights_file : str
        One of `WEIGHT_FILES`: what kind of file it is.
    golden : dict of ndarray
        See `cxrdesk.api.golden`.
    extra : JSON types
        ``evaluation`` (table of figures and their films) and ``training`` (provenance).
    """
    if hashlib.sha256(weights).hexdigest() != spec.weights_sha256:
        raise ValueError("the spec names other weights")
    if weights_file not in WEIGHT_FILES:
        raise ValueError(f"the weights file is one of {WEIGHT_FILES}, not {weights_file!r}")
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **golden)
    data = asdict(spec) | {"input": spec.input.to_json(), "format": FORMAT} | extra
    data["kind"] = "detector" if isinstance(spec, DetectorSpec) else "segmenter"
    data["weights"] = {"file": weights_file, "sha256": data.pop("weights_sha256")}
    data["golden"] = {"file": GOLDEN, "sha256": hashlib.sha256(buffer.getvalue()).hexdigest()}
    del data["bundle"]
    # Through JSON first, so that the digest is of what will be read.
    data = json.loads(json.dumps(data, allow_nan=False))
    data["manifest_sha256"] = manifest_sha256(data)
    with being_written(path) as part:
        (part / weights_file).write_bytes(weights)
        (part / GOLDEN).write_bytes(buffer.getvalue())
        (part / MANIFEST).write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    return path


@contextmanager
def being_written(path: Path) -> Iterator[Path]:
    """A folder beside `path` that takes its place as a whole once the block has ended; nothing of it stays otherwise.

    What a folder holds that is no part of a bundle stays in it.
    """
    # The dot says that it is no bundle yet; see `cxrdesk.api.imported`.
    part = path.with_name(f".{path.name}-{uuid4().hex[:8]}")
    earlier = part.with_name(f"{part.name}-earlier")
    part.mkdir(parents=True)
    try:
        yield part
        if path.exists():
            for item in [item for item in path.iterdir() if item.name not in _PARTS]:
                item.rename(part / item.name)
            path.rename(earlier)
        part.rename(path)
    finally:
        shutil.rmtree(part, ignore_errors=True)
        shutil.rmtree(earlier, ignore_errors=True)
