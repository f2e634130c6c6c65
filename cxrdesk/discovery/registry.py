"""What is installed: plugins, and failures as data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cxrdesk.api.detector import Detector, Segmenter
from cxrdesk.api.evidence import Evidence
from cxrdesk.api.spec import DetectorSpec, SegmenterSpec


@dataclass(frozen=True, kw_only=True)
class ListedDetector:
    """A detector whose module another process imported: its spec, and no class."""

    spec: DetectorSpec


@dataclass(frozen=True, kw_only=True)
class ListedSegmenter:
    """A segmenter whose module another process imported: its spec, and no class."""

    spec: SegmenterSpec


@dataclass(frozen=True, kw_only=True)
class Plugin:
    """A plugin that was listed.

    Parameters
    ----------
    name : str
        Name of its entry point.
    distribution : str
        The installed distribution that brought it.
    detectors, segmenters : tuple
        Classes where this process imported the plugin, else what it declares; either has a ``spec``.
    site : Path or None
        The folder that it was installed into alone; None where it lies on Python's path.
    """

    name: str
    distribution: str
    version: str
    detectors: tuple[type[Detector] | ListedDetector, ...] = ()
    segmenters: tuple[type[Segmenter] | ListedSegmenter, ...] = ()
    site: Path | None = None


@dataclass(frozen=True, kw_only=True)
class PluginFailure:
    """A plugin that could not be listed.

    Parameters
    ----------
    code : str
        ``"import-failed"``, ``"api-version"``, ``"unknown-hook"``, ``"hook-failed"``, ``"bad-spec"``,
        ``"duplicate-id"``, ``"duplicate-name"``, ``"bad-metadata"``, ``"listing-died"``, ``"listing-time-limit"``,
        ``"listing-memory-limit"``, ``"bad-listing"``, or the code of a `BundleError` that its import raised.
    reason : str
        One sentence.
    """

    name: str
    distribution: str
    version: str
    code: str
    reason: str


class Registry:
    """Detectors and segmenters by id, and the plugins that failed.

    A plugin that reuses an id of an earlier one becomes a failure as a whole.
    """

    def __init__(self, plugins: Iterable[Plugin], failures: Iterable[PluginFailure] = ()) -> None:
        self.plugins: list[Plugin] = []
        self.failures = list(failures)
        self._detectors: dict[str, tuple[type[Detector] | ListedDetector, Plugin]] = {}
        self._segmenters: dict[str, tuple[type[Segmenter] | ListedSegmenter, Plugin]] = {}
        for plugin in plugins:
            self._add(plugin)

    def _add(self, plugin: Plugin) -> None:
        ids = [*(model.spec.id for model in plugin.detectors), *(model.spec.id for model in plugin.segmenters)]
        taken = {i for i in ids if i in self._detectors or i in self._segmenters or ids.count(i) > 1}
        if taken:
            self.failures.append(
                PluginFailure(
                    name=plugin.name,
                    distribution=plugin.distribution,
                    version=plugin.version,
                    code="duplicate-id",
                    reason=f"the id {sorted(taken)[0]!r} is already used",
                )
            )
            return
        self.plugins.append(plugin)
        self._detectors |= {model.spec.id: (model, plugin) for model in plugin.detectors}
        self._segmenters |= {model.spec.id: (model, plugin) for model in plugin.segmenters}

    @property
    def detectors(self) -> list[DetectorSpec]:
        """Specs of all detectors in order of their ids, those trained on simulated films after all others."""
        specs = (self._detectors[key][0].spec for key in sorted(self._detectors))
        return sorted(specs, key=lambda spec: spec.evidence is Evidence.SYNTHETIC)

    @property
    def segmenters(self) -> list[SegmenterSpec]:
        """Specs of all segmenters, in order of their ids."""
        return [self._segmenters[key][0].spec for key in sorted(self._segmenters)]

    def segmenter_for(self, structure: str) -> SegmenterSpec | None:
        """The segmenter that outlines `structure`; that of the plugin listed first where several do."""
        specs = (model.spec for model, _ in self._segmenters.values())
        return next((spec for spec in specs if spec.structure == structure), None)

    def model(self, model_id: str) -> type[Detector] | type[Segmenter]:
        """The class of a detector or segmenter; KeyError if there is none.

        Raises
        ------
        LookupError
            If another process imported it: this one knows its spec alone.
        """
        model = self._detectors[model_id][0] if model_id in self._detectors else self._segmenters[model_id][0]
        if not isinstance(model, type):
            raise LookupError(f"the module of {model_id} was not imported in this process")
        return model

    def plugin(self, model_id: str) -> Plugin:
        """The plugin that brought a detector or segmenter; KeyError if there is none."""
        return self._detectors[model_id][1] if model_id in self._detectors else self._segmenters[model_id][1]
