"""Where models run: in this process (evaluation) or in child processes (the viewer, ``cxrdesk analyze``)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol, TypeVar

from cxrdesk.api.detector import CancelledError, Mask
from cxrdesk.api.spec import DetectorSpec, SegmenterSpec
from cxrdesk.discovery.registry import Registry
from cxrdesk.imaging.radiograph import Radiograph
from cxrdesk.inference.models import Detection, Models, Segmentation, Stage, told
from cxrdesk.inference.pixels import SHARED_FILMS, Shelf
from cxrdesk.inference.process import Child, InferenceError
from cxrdesk.inference.proofs import CALL, Proofs
from cxrdesk.packages.checked import COMPILED

T = TypeVar("T")


def _check_proof(spec: DetectorSpec | SegmenterSpec, failures: tuple[str, ...]) -> None:
    """Refuse a model whose tensors or scores are not those that were measured; a lost call costs calls alone."""
    serious = [text for text in failures if not text.startswith(CALL)]
    if serious:
        text = f"{spec.id} does not compute on this machine what was measured ({serious[0]}); it is not used"
        raise InferenceError("golden-differs", f"{text}. Install it anew, or choose another device in the settings.")


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
        Distributions that share a process; never one that was installed into a folder of its own.
    limit_s : float
        Time limit of one answer.
    readable : sequence of Path
        What every child may read beside Python, cxrdesk and its own plugin.
    memory_mb : int or None
        Memory above which a child is ended; None for half of the machine's.
    most : int
        Children that stay started; the one that was not asked for longest is ended first, with what it kept.
    compiled : Path, optional
        Folder of networks compiled for the CPU; without one they run as they are.
    proofs : Proofs, optional
        What golden vectors showed on this machine; without it nobody looks. Packages in folders of their own were
        looked at before they were listed.
    """

    def __init__(
        self,
        registry: Registry,
        *,
        together: frozenset[str] = frozenset(),
        device: str = "auto",
        limit_s: float = 60.0,
        readable: Sequence[Path] = (),
        memory_mb: int | None = None,
        most: int = 8,
        compiled: Path | None = None,
        proofs: Proofs | None = None,
    ) -> None:
        self.registry, self.together, self.device, self.limit_s = registry, together, device, limit_s
        self.readable, self.memory_mb, self.most = tuple(readable), memory_mb, most
        self.compiled, self.proofs = compiled, proofs
        self._shelf = Shelf(SHARED_FILMS)
        self.children: dict[tuple[str, ...], Child] = {}
        """The one that was asked last comes last."""

    def child(self, model_id: str) -> Child:
        """The child that serves a model; not started yet, maybe."""
        plugin = self.registry.plugin(model_id)
        shares = plugin.distribution in self.together and plugin.site is None
        group = tuple(sorted(self.together)) if shares else (plugin.distribution,)
        child = self.children.pop(group, None)
        if child is None:
            child = Child(
                group,
                device=self.device,
                limit_s=self.limit_s,
                site=plugin.site,
                readable=self.readable,
                memory_mb=self.memory_mb,
                shelf=self._shelf,
                compiled=self.compiled if shares else self._kept(plugin.site),
                # What writes to a folder that stays could fill the disk.
                compiles=shares,
            )
        self.children[group] = child
        for oldest in list(self.children)[: -self.most]:
            self.children.pop(oldest).close()
        return child

    def _kept(self, site: Path | None) -> Path | None:
        """A stranger's networks as they were compiled when its package was checked."""
        if self.compiled is None or site is None:
            return None
        folder = site.with_name(COMPILED)
        return folder if folder.is_dir() else None

    def segment(self, spec: SegmenterSpec, film: Radiograph, stage: Stage, cancelled: Cancelled) -> Segmentation:
        """As the protocol says."""
        known, prove = self._known(spec)
        done = self.child(spec.id).segment(spec, film, stage, cancelled, prove=prove)
        return replace(done, proof=self._proven(spec, known, done.proof))

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
        known, prove = self._known(spec)
        done = self.child(spec.id).detect(spec, films, masks, stage, cancelled, explain=explain, prove=prove)
        return replace(done, proof=self._proven(spec, known, done.proof))

    def _known(self, spec: DetectorSpec | SegmenterSpec) -> tuple[tuple[str, ...] | None, bool]:
        """What golden vectors showed, and whether they are to be looked at."""
        if self.proofs is None or spec.bundle is None or self.registry.plugin(spec.id).site is not None:
            return None, False
        known = self.proofs.of(spec)
        _check_proof(spec, known or ())
        return known, known is None

    def _proven(
        self, spec: DetectorSpec | SegmenterSpec, known: tuple[str, ...] | None, found: tuple[str, ...] | None
    ) -> tuple[str, ...] | None:
        if self.proofs is None or known is not None or found is None:
            return known
        self.proofs.keep(spec, found)
        _check_proof(spec, found)
        return found

    def close(self) -> None:
        """End all children."""
        for child in self.children.values():
            child.close()
        self._shelf.close()
