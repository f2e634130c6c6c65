"""Where models run: in this process (evaluation) or in child processes (the viewer, ``cxrdesk analyze``)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from cxrdesk.api.detector import CancelledError, Mask
from cxrdesk.api.spec import DetectorSpec, SegmenterSpec
from cxrdesk.discovery.registry import Registry
from cxrdesk.imaging.radiograph import Radiograph
from cxrdesk.inference.models import Detection, Models, Segmentation, Stage, told
from cxrdesk.inference.process import Child, InferenceError

T = TypeVar("T")
Cancelled = Callable[[], bool]


class Runner(Protocol):
    """Runs one model on films that the gate let through."""

    def segment(self, spec: SegmenterSpec, film: Radiograph, stage: Stage, cancelled: Cancelled) -> Segmentation:
        """Outline; raises InferenceError or CancelledError."""

    def detect(
        self,
        spec: DetectorSpec,
        films: Sequence[Radiograph],
        masks: Sequence[Mapping[str, Mask]],
        stage: Stage,
        cancelled: Cancelled,
        *,
        explain: bool,
    ) -> Detection:
        """Score; raises InferenceError or CancelledError."""

    def close(self) -> None:
        """Unload everything."""


class LocalRunner:
    """Runs models in this process, without a screen to keep smooth."""

    def __init__(self, registry: Registry, *, device: str = "auto") -> None:
        self.models = Models(registry, device=device)

    def segment(self, spec: SegmenterSpec, film: Radiograph, stage: Stage, cancelled: Cancelled) -> Segmentation:
        """As the protocol says."""
        self.models.cancelled = cancelled
        return _told(spec.id, lambda: self.models.segment(spec.id, film, stage))

    def detect(
        self,
        spec: DetectorSpec,
        films: Sequence[Radiograph],
        masks: Sequence[Mapping[str, Mask]],
        stage: Stage,
        cancelled: Cancelled,
        *,
        explain: bool,
    ) -> Detection:
        """As the protocol says."""
        self.models.cancelled = cancelled
        return _told(spec.id, lambda: self.models.detect(spec.id, films, masks, stage, explain=explain))

    def close(self) -> None:
        """Unload everything."""
        self.models.close()


def _told(model_id: str, run: Callable[[], T]) -> T:
    try:
        return run()
    except CancelledError:
        raise
    except Exception as error:
        code, text = told(error)
        raise InferenceError(code, f"{model_id} failed: {text}") from error


class ChildRunner:
    """Runs models in child processes: one for the distributions that share, one for each of the others.

    Parameters
    ----------
    together : frozenset of str
        Distributions that share a process.
    limit_s : float
        Time limit of one answer.
    compiled : Path, optional
        Folder of networks compiled for the CPU; without one they run as they are.
    """

    def __init__(
        self,
        registry: Registry,
        *,
        together: frozenset[str] = frozenset(),
        device: str = "auto",
        limit_s: float = 60.0,
        compiled: Path | None = None,
    ) -> None:
        self.registry, self.together, self.device, self.limit_s = registry, together, device, limit_s
        self.compiled = compiled
        self.children: dict[tuple[str, ...], Child] = {}

    def child(self, model_id: str) -> Child:
        """The child that serves a model; not started yet, maybe."""
        name = self.registry.plugin(model_id).distribution
        group = tuple(sorted(self.together)) if name in self.together else (name,)
        if group not in self.children:
            self.children[group] = Child(group, device=self.device, limit_s=self.limit_s, compiled=self.compiled)
        return self.children[group]

    def segment(self, spec: SegmenterSpec, film: Radiograph, stage: Stage, cancelled: Cancelled) -> Segmentation:
        """As the protocol says."""
        return self.child(spec.id).segment(spec, film, stage, cancelled)

    def detect(
        self,
        spec: DetectorSpec,
        films: Sequence[Radiograph],
        masks: Sequence[Mapping[str, Mask]],
        stage: Stage,
        cancelled: Cancelled,
        *,
        explain: bool,
    ) -> Detection:
        """As the protocol says."""
        return self.child(spec.id).detect(spec, films, masks, stage, cancelled, explain=explain)

    def close(self) -> None:
        """End all children."""
        for child in self.children.values():
            child.close()
