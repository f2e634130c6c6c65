"""Loaded models: built once, least recently used out, out of memory falls back to the CPU. Runs where torch may be."""

from __future__ import annotations

import re
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from cxrdesk.api.bundle import Bundle
from cxrdesk.api.detector import Context, Detector, Mask, Prediction, Rendering, SaliencyMap, Segmenter
from cxrdesk.api.golden import verify
from cxrdesk.discovery.registry import Registry
from cxrdesk.imaging.errors import UserError
from cxrdesk.imaging.radiograph import Radiograph
from cxrdesk.imaging.words import shown_text as shown_text
from cxrdesk.inference import devices

CODE = r"[a-z][a-z0-9]*(-[a-z0-9]+)*"
T = TypeVar("T")
Stage = Callable[[str], None]
"""Told of each stage: ``"loading"``, ``"checking"``, ``"scoring"``, ``"saliency"``, ``"masks"``."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Segmentation:
    """What a segmenter gave.

    Parameters
    ----------
    seconds_s : float
        Computing time, without loading.
    note : str
        What the user should know, for instance that an accelerator's memory ran out; else empty.
    engine : str
        What computed, with its version; empty where the model does not tell.
    proof : tuple of str or None
        What the model no longer reproduces of its golden vectors; None where that was not looked at.
    """

    mask: Mask
    device: str
    seconds_s: float
    note: str = ""
    engine: str = ""
    proof: tuple[str, ...] | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Detection:
    """What a detector gave, before calibration: see `Segmentation`."""

    prediction: Prediction
    maps: tuple[tuple[SaliencyMap, Rendering | None], ...]
    device: str
    seconds_s: float
    note: str = ""
    engine: str = ""
    proof: tuple[str, ...] | None = None


class Models:
    """Detectors and segmenters that are loaded.

    Parameters
    ----------
    device : str
        One of `cxrdesk.inference.devices.CHOICES`.
    keep : int
        Most models that stay loaded.
    cancelled : callable
        Whether the answer under way is no longer wanted.
    compiled : Path, optional
        Folder of networks compiled for the CPU; without one they run as they are.

    Attributes
    ----------
    prove : bool
        Whether a model's golden vectors are looked at when it is loaded.
    """

    def __init__(
        self,
        registry: Registry,
        *,
        device: str = "auto",
        keep: int = 6,
        cancelled: Callable[[], bool] = lambda: False,
        compiled: Path | None = None,
    ) -> None:
        self.registry, self.wanted, self.keep, self.cancelled = registry, device, keep, cancelled
        self.compiled, self._explaining = compiled, True
        self.prove = False
        self._proofs: dict[str, tuple[str, ...]] = {}
        self.loaded: OrderedDict[str, Detector | Segmenter] = OrderedDict()
        self._on_cpu: set[str] = set()

    def _get(self, model_id: str, stage: Stage) -> Detector | Segmenter:
        if model_id in self.loaded:
            self.loaded.move_to_end(model_id)
            return self.loaded[model_id]
        stage("loading")
        device = "cpu" if model_id in self._on_cpu else devices.choose(self.wanted)
        context = Context(
            device=device,
            cancelled=lambda: self.cancelled(),
            explaining=lambda: self._explaining,
            compiled=self.compiled,
        )
        model = self.registry.model(model_id)(context=context)
        model.load()
        if self.compiled is not None:
            stage("loading")  # again, since the time that each may take is counted from here
            model.compile()
        if self.prove and model.spec.bundle is not None:
            stage("checking")
            try:
                self._proofs[model_id] = tuple(verify(model, Bundle(model.spec.bundle)))
            except BaseException:
                model.unload()  # it must not answer unchecked the next time
                raise
        self.loaded[model_id] = model
        while len(self.loaded) > self.keep:
            self.loaded.popitem(last=False)[1].unload()
        return model

    def segment(self, model_id: str, film: Radiograph, stage: Stage = lambda _: None) -> Segmentation:
        """Outline one structure on one film."""

        def run(model: Segmenter) -> Segmentation:
            stage("masks")
            start = time.perf_counter()
            mask = _typed(model.segment(model.prepare(film)), Mask, "segment")
            if mask.structure != model.spec.structure:
                raise ValueError(f"segment outlined {mask.structure!r}, not {model.spec.structure!r}")
            seconds = time.perf_counter() - start
            return Segmentation(
                mask=mask,
                device=model.context.device,
                seconds_s=seconds,
                engine=shown_text(model.engine),
                proof=self._proofs.get(model_id),
            )

        result, note = self._with_fallback(model_id, stage, run)
        return replace(result, note=note)

    def detect(
        self,
        model_id: str,
        films: Sequence[Radiograph],
        masks: Sequence[Mapping[str, Mask]],
        stage: Stage = lambda _: None,
        *,
        explain: bool = True,
    ) -> Detection:
        """Score films of one study, and explain each finding where the spec declares saliency."""

        def run(model: Detector) -> Detection:
            stage("scoring")
            start = time.perf_counter()
            inputs = model.prepare(films, masks)
            model.context.check()
            prediction = _typed(model.predict(inputs), Prediction, "predict")
            maps: list[tuple[SaliencyMap, Rendering | None]] = []
            if explain and model.spec.saliency is not None:
                stage("saliency")
                for finding in model.spec.findings:
                    model.context.check()
                    for item in model.explain(inputs, finding):
                        drawn = model.render(_typed(item, SaliencyMap, "explain"))
                        maps.append((item, None if drawn is None else _typed(drawn, Rendering, "render")))
            seconds = time.perf_counter() - start
            return Detection(
                prediction=prediction,
                maps=tuple(maps),
                device=model.context.device,
                seconds_s=seconds,
                engine=shown_text(model.engine),
                proof=self._proofs.get(model_id),
            )

        self._explaining = explain
        result, note = self._with_fallback(model_id, stage, run)
        return replace(result, note=note)

    def _with_fallback(self, model_id: str, stage: Stage, run: Callable[[Any], T]) -> tuple[T, str]:
        try:
            return run(self._get(model_id, stage)), ""
        except Exception as error:
            model = self.loaded.get(model_id)
            device = model.context.device if model is not None else devices.choose(self.wanted)
            if device == "cpu" or not devices.is_out_of_memory(error):
                raise
        # Outside the handler, so that the failed attempt's tensors are no longer held by its traceback.
        if model is not None:
            self.loaded.pop(model_id).unload()
        self._on_cpu.add(model_id)
        note = f"The {device} device ran out of memory; {model_id} now runs on the CPU."
        return run(self._get(model_id, stage)), note

    def close(self) -> None:
        """Unload everything."""
        while self.loaded:
            self.loaded.popitem()[1].unload()


def told(error: BaseException) -> tuple[str, str]:
    """Code and sentence for what a model raised; a `UserError` speaks for itself."""
    text = shown_text(str(error))
    if isinstance(error, UserError):
        return error.code if re.fullmatch(CODE, str(error.code)) else "model-failed", text
    return "model-failed", f"{type(error).__name__}: {text}" if text else type(error).__name__


def _typed(answer: Any, kind: type[T], method: str) -> T:
    if not isinstance(answer, kind):
        raise TypeError(f"{method} answered with a {type(answer).__name__}, not a {kind.__name__}")
    return answer
