"""A model under test: made films that it may see, its answers to them, and loaded copies of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cxrdesk.api.detector import Context, Detector, Mask, Masks, ModelInput, SaliencyMap, Segmenter
from cxrdesk.api.making import outline
from cxrdesk.api.spec import DetectorSpec, SegmenterSpec, parse_view
from cxrdesk.imaging.radiograph import Radiograph
from cxrdesk.imaging.voi import Window

BITS = 12
SIZE = (320, 288)
CANCEL_LIMIT_S = 2.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Given:
    """Films of one study with their masks."""

    films: Sequence[Radiograph]
    masks: Sequence[Masks]

    def __add__(self, other: Given) -> Given:
        return Given(films=[*self.films, *other.films], masks=[*self.masks, *other.masks])


@dataclass(kw_only=True)
class Subject:
    """A model class, and what checks share.

    Parameters
    ----------
    limit_s : float
        Most seconds that a call may go on after the answer is no longer wanted.
    """

    model: type[Detector] | type[Segmenter]
    limit_s: float = CANCEL_LIMIT_S
    raised: dict[str, str] = field(default_factory=dict, init=False)
    """What checks raised, to the first that did: one cause fails one check."""
    _kept: Detector | Segmenter | None = field(default=None, init=False)

    @property
    def spec(self) -> DetectorSpec | SegmenterSpec:
        """The model's."""
        return self.model.spec

    @property
    def findings(self) -> tuple[str, ...]:
        """The detector's; none of a segmenter."""
        return self.spec.findings if isinstance(self.spec, DetectorSpec) else ()

    def loaded(self) -> Any:
        """One loaded copy, shared by all checks that leave it as it is."""
        if self._kept is None:
            made = self.fresh()
            made.load()
            self._kept = made
        return self._kept

    def fresh(self, cancelled: Callable[[], bool] = lambda: False) -> Any:
        """A copy that is not loaded yet, for the CPU."""
        return self.model(context=Context(device="cpu", cancelled=cancelled))

    @contextmanager
    def another(self, cancelled: Callable[[], bool] = lambda: False) -> Iterator[Any]:
        """A loaded copy of its own."""
        made = self.fresh(cancelled)
        made.load()
        try:
            yield made
        finally:
            made.unload()

    def close(self) -> None:
        """Unload the shared copy."""
        if self._kept is not None:
            kept, self._kept = self._kept, None
            kept.unload()

    def study(self, seed: int, *, count: int | None = None) -> Given:
        """As many ordinary films as the model needs at least, or `count`."""
        wanted = count or self.spec.scope.films[0]
        return self.given(*(ordinary(1000 * k + seed) for k in range(wanted)))

    def given(self, *stored: NDArray[Any]) -> Given:
        """Films of these stored values, whose view and age the model admits."""
        ages = self.spec.scope.age_years
        age = None if ages is None else (ages[0] + ages[1]) / 2
        views = [parse_view(name) for name in self.spec.scope.views]
        films = []
        for k, values in enumerate(stored):
            bits = BITS if values.dtype == np.uint16 and values.max() < 1 << BITS else values.dtype.itemsize * 8
            window = Window(center=1 << (bits - 1), width=1 << bits)
            told: dict[str, Any] = {"patient_age_years": age, "view": views[k % len(views)], "modality": "DX"}
            films.append(Radiograph(stored=values, bits_stored=bits, voi=window, **told))
        masks = [{key: Mask(structure=key, values=outline()) for key in self.spec.requires} for _ in films]
        return Given(films=films, masks=masks)

    def prepared(self, model: Any, given: Given) -> list[ModelInput]:
        """The model's inputs."""
        if issubclass(self.model, Segmenter):
            return [model.prepare(film) for film in given.films]
        return list(model.prepare(given.films, given.masks))

    def scores(self, model: Any, inputs: Sequence[ModelInput]) -> NDArray[np.float64]:
        """Probabilities in the spec's order; a segmenter's masks."""
        if issubclass(self.model, Segmenter):
            return np.stack([model.segment(item).values for item in inputs]).astype(np.float64)
        told = model.predict(inputs).probabilities
        return np.array([float(told[finding]) for finding in self.findings])

    def answer(self, model: Any, given: Given) -> NDArray[np.float64]:
        """Scores of films."""
        return self.scores(model, self.prepared(model, given))

    def maps(self, model: Any, given: Given, finding: str) -> list[SaliencyMap]:
        """Maps of films, as the host asks for them."""
        inputs = self.prepared(model, given)
        model.predict(inputs)
        return list(model.explain(inputs, finding))


def ordinary(seed: int, size: tuple[int, int] = SIZE) -> NDArray[np.uint16]:
    """Soft blobs and some noise in 12 bits, darker outside of two bright fields."""
    rng = np.random.default_rng(seed)
    coarse = rng.random((9, 8)).astype(np.float32)
    soft = cv2.resize(coarse, (size[1], size[0]), interpolation=cv2.INTER_CUBIC)
    values = 0.6 * soft + 0.3 * cv2.resize(outline(), (size[1], size[0])) + 0.05 * rng.random(size)
    return np.asarray(np.clip(values * (1 << BITS), 0, (1 << BITS) - 1), np.uint16)


def odd_films(spec: DetectorSpec | SegmenterSpec) -> dict[str, NDArray[Any]]:
    """Films that are rare and allowed, by name."""
    rows, cols = spec.scope.min_size
    return {
        "an all-black film": np.zeros(SIZE, np.uint16),
        "an all-white film": np.full(SIZE, (1 << BITS) - 1, np.uint16),
        f"a tiny film ({rows} x {cols})": ordinary(5, (rows, cols)),
        "a huge film (6000 x 5000)": np.repeat(np.repeat(ordinary(6, (300, 250)), 20, axis=0), 20, axis=1),
    }
