"""What a plugin implements: Detector and Segmenter, and what passes between them and the host."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from cxrdesk.api.spec import DetectorSpec, SegmenterSpec
from cxrdesk.imaging import preprocess
from cxrdesk.imaging.preprocess import WHOLE_FILM, Box
from cxrdesk.imaging.radiograph import Radiograph


class CancelledError(Exception):
    """The reader no longer wants the answer."""


@dataclass(frozen=True, kw_only=True)
class Context:
    """What the host tells a detector at run time.

    Parameters
    ----------
    device : str
        torch's name of the device to compute on: ``"cpu"``, ``"cuda"``, ``"mps"``, ``"xpu"``.
    cancelled : callable
        True once the answer is no longer wanted; `check` raises then. Long loops call `check` once a second or so.
    explaining : callable
        Whether maps will be asked for once the score is there.
    compiled : Path or None
        Folder for what is compiled from the network and can be made again; None where it is to run as it is.
    """

    device: str = "cpu"
    cancelled: Callable[[], bool] = lambda: False
    explaining: Callable[[], bool] = lambda: True
    compiled: Path | None = None

    def check(self) -> None:
        """Raise `CancelledError` if the answer is no longer wanted."""
        if self.cancelled():
            raise CancelledError


def _field(values: NDArray[np.float32], what: str) -> None:
    if not isinstance(values, np.ndarray):
        raise TypeError(f"{what} is a numpy array, not {type(values).__name__}")
    if values.ndim != 2 or values.dtype != np.float32 or 0 in values.shape:
        raise ValueError(f"{what} is float32 (h, w), not {values.dtype} {values.shape}")
    if not np.isfinite(values).all() or values.min() < 0:
        raise ValueError(f"{what} holds values that are negative or not finite")


@dataclass(frozen=True, kw_only=True, eq=False)
class Mask:
    """A structure's outline.

    Parameters
    ----------
    structure : str
        Key of `cxrdesk.api.terms.STRUCTURES`.
    values : ndarray of float32, shape (h, w)
        0..1 over the whole film, on the model's grid; inside at 0.5 and above.
    """

    structure: str
    values: NDArray[np.float32]

    def __post_init__(self) -> None:
        _field(self.values, "a mask")
        if self.values.max() > 1:
            raise ValueError("a mask's values are at most 1")


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """A detector's answer before calibration.

    Parameters
    ----------
    probabilities : mapping of float
        Finding key to 0..1, one for each finding of the spec.
    """

    probabilities: Mapping[str, float]

    def __post_init__(self) -> None:
        # Plain floats, whatever kind of number the network gave.
        plain = {str(finding): float(value) for finding, value in self.probabilities.items()}
        for finding, value in plain.items():
            if not 0.0 <= value <= 1.0:
                raise ValueError(f"the probability of {finding} is {value}, not within 0..1")
        object.__setattr__(self, "probabilities", plain)


@dataclass(frozen=True, kw_only=True, eq=False)
class SaliencyMap:
    """Where a detector looked.

    Parameters
    ----------
    finding : str
    values : ndarray of float32, shape (h, w)
        At least 0, in the method's own unit, on the model's grid; never scaled per film.
    box : Box
        The part of the film that the grid covers.
    film : int
        Which of the films given, from 0.
    """

    finding: str
    values: NDArray[np.float32]
    box: Box = WHOLE_FILM
    film: int = 0

    def __post_init__(self) -> None:
        _field(self.values, "a saliency map")


@dataclass(frozen=True, kw_only=True, eq=False)
class Rendering:
    """A plugin's own drawing of a map; the host adds scale, badge and disclaimer.

    Parameters
    ----------
    image : ndarray of uint8, shape (h, w, 4), or None
        RGBA over the map's box.
    contours : tuple of ndarray of float32, shape (n, 2)
        Closed lines of (x, y) as shares of the film.
    boxes : tuple of Box
    """

    image: NDArray[np.uint8] | None = None
    contours: tuple[NDArray[np.float32], ...] = ()
    boxes: tuple[Box, ...] = ()

    def __post_init__(self) -> None:
        if self.image is not None and (self.image.dtype != np.uint8 or self.image.shape[2:] != (4,)):
            raise ValueError("a rendering's image is uint8 (h, w, 4)")
        for line in self.contours:
            if line.dtype != np.float32 or line.ndim != 2 or line.shape[1] != 2 or not np.isfinite(line).all():
                raise ValueError("a contour is finite float32 (n, 2)")


@dataclass(frozen=True, kw_only=True, eq=False)
class ModelInput:
    """One film ready for the model.

    Parameters
    ----------
    tensor : ndarray of float32
        What goes through the network, without the batch axis: (channels, rows, cols).
    box : Box
        The part of the film that it shows.
    """

    tensor: NDArray[np.float32]
    box: Box = WHOLE_FILM


Masks = Mapping[str, Mask]


@dataclass(kw_only=True)
class _Model:
    """What detectors and segmenters share; ``spec`` is declared by the subclass."""

    context: Context = field(default_factory=Context)

    @property
    def engine(self) -> str:
        """What computed the last answer, with its version, for cards and reports; empty where it is not told."""
        return ""

    def load(self) -> None:
        """Read the weights and build the network on ``self.context.device``; called once, before the first film."""

    def compile(self) -> None:
        """Make a faster copy of what was loaded, in ``self.context.compiled``, or take the one that is there.

        Called after `load` where the host wants it; the answers must stay those of the golden vectors.
        """

    def unload(self) -> None:
        """Give memory back; the object is not used afterwards."""


class Detector(_Model, ABC):
    """Says how probable findings are on the films of one study.

    A subclass declares `spec` and implements `predict`; the rest has defaults. One object serves one film after the
    other, never two at once. It runs in the inference process and must not keep films.
    """

    spec: ClassVar[DetectorSpec]

    def prepare(self, films: Sequence[Radiograph], masks: Sequence[Masks]) -> list[ModelInput]:
        """One input for each film, by the spec's declaration.

        Parameters
        ----------
        masks : sequence of mapping
            For each film the masks that the spec requires.
        """
        inputs = []
        for film, known in zip(films, masks, strict=True):
            arrays = {key: mask.values for key, mask in known.items()}
            tensor = preprocess.prepare(film, self.spec.input, arrays)
            inputs.append(ModelInput(tensor=tensor, box=preprocess.region_box(self.spec.input, arrays)))
        return inputs

    @abstractmethod
    def predict(self, inputs: Sequence[ModelInput]) -> Prediction:
        """Probability of each of the spec's findings, over all films given."""

    def explain(self, inputs: Sequence[ModelInput], finding: str) -> list[SaliencyMap]:
        """Maps for one finding, at most one a film; called after `predict` on the same inputs."""
        raise NotImplementedError(f"{type(self).__name__} declares saliency but does not explain")

    def render(self, saliency: SaliencyMap) -> Rendering | None:
        """The plugin's own drawing, or None to let the host draw the map."""
        return None


class Segmenter(_Model, ABC):
    """Outlines one structure on one film."""

    spec: ClassVar[SegmenterSpec]

    def prepare(self, film: Radiograph) -> ModelInput:
        """The film's input, by the spec's declaration."""
        return ModelInput(tensor=preprocess.prepare(film, self.spec.input))

    @abstractmethod
    def segment(self, model_input: ModelInput) -> Mask:
        """The structure's mask over the whole film."""
