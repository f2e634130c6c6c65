"""Detectors and segmenters around a file that holds a network with its weights and only runs forwards.

`cxrdesk.api.onnxkit` and `cxrdesk.api.torchscriptkit` open such files; what goes in, what comes out and how maps are
made is here, so that a plugin around a file needs no code but its settings.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from cxrdesk.api.bundle import Bundle
from cxrdesk.api.channels import Channels
from cxrdesk.api.detector import Context, Detector, Mask, Masks, ModelInput, Prediction, SaliencyMap, Segmenter
from cxrdesk.api.perturbation import LogOdds, Perturbation
from cxrdesk.imaging.radiograph import Radiograph

Answers = Literal["logits", "probabilities", "classes"]
ANSWERS: tuple[Answers, ...] = ("logits", "probabilities", "classes")
_EDGE = 1e-7


class FileModel(Channels, ABC):
    """Opens the bundle's file, and turns outputs into probabilities."""

    context: Context
    spec: Any

    answers: ClassVar[Answers] = "logits"
    """What the network puts out: a logit for each output, a probability for each, or a logit for each of several
    classes that exclude each other (a softmax makes them probabilities)."""

    @abstractmethod
    def open(self, network: bytes) -> None:
        """Make the network in a file's bytes ready to run."""

    @abstractmethod
    def run(self, tensors: NDArray[np.float32]) -> NDArray[np.float32]:
        """From inputs (n, channels, rows, cols) to the first output, (n, outputs) or (n, outputs, rows, cols)."""

    @abstractmethod
    def close(self) -> None:
        """Drop the network."""

    def load(self) -> None:
        """Open the file in the bundle, whose SHA-256 is verified."""
        self.open(Bundle(self.spec.bundle).weights())

    def unload(self) -> None:
        """Drop the network."""
        self.close()

    def probabilities(self, outputs: NDArray[np.float32]) -> NDArray[np.float64]:
        """Outputs (n, outputs, ...) as probabilities; what is called one and is not stays, and is refused later."""
        wide = outputs.astype(np.float64)
        if self.answers == "probabilities":
            return wide
        if self.answers == "classes":
            shares = np.exp(wide - wide.max(axis=1, keepdims=True))
            return np.asarray(shares / shares.sum(axis=1, keepdims=True))
        return np.asarray(1 / (1 + np.exp(-np.clip(wide, -60, 60))))


class FileClassifier(FileModel, Detector):
    """A detector around a network from (n, channels, rows, cols) to (n, outputs).

    Over several films the mean of the probabilities is the answer; override `predict` for another rule.
    """

    columns: ClassVar[tuple[int, ...]] = ()
    """For each finding of the spec the output that is about it; where empty the outputs are the findings, in order."""
    perturbation: ClassVar[Perturbation | None] = None
    """How maps are made, where the spec declares saliency."""

    def prepare(self, films: Sequence[Radiograph], masks: Sequence[Masks]) -> list[ModelInput]:
        """By the spec's declaration, then in the network's channels."""
        return [self.with_channels(item) for item in super().prepare(films, masks)]

    def scored(self, tensors: NDArray[np.float32]) -> NDArray[np.float64]:
        """Probabilities (n, findings) of inputs (n, channels, rows, cols).

        Raises
        ------
        ValueError
            If the network's output is no row of numbers that has the findings.
        """
        outputs = self.run(tensors)
        columns = self.columns or tuple(range(len(self.spec.findings)))
        enough = outputs.ndim == 2 and outputs.shape[1] > max(columns)
        if not enough or (not self.columns and outputs.shape[1] != len(columns)):
            text = f"the network's output is {outputs.shape}, not a row of numbers with {self.spec.findings}"
            raise ValueError(f"{text} in columns {columns}")
        return self.probabilities(outputs)[:, list(columns)]

    def predict(self, inputs: Sequence[ModelInput]) -> Prediction:
        """Mean over the films."""
        means = self.scored(np.stack([item.tensor for item in inputs])).mean(axis=0)
        return Prediction(probabilities=dict(zip(self.spec.findings, means.tolist(), strict=True)))

    def log_odds(self, finding: str) -> LogOdds:
        """Log odds of one finding, for `cxrdesk.api.perturbation`."""
        index = self.spec.findings.index(finding)

        def odds(tensors: NDArray[np.float32]) -> NDArray[np.float32]:
            p = np.clip(self.scored(tensors)[:, index], _EDGE, 1 - _EDGE)
            return np.log(p / (1 - p)).astype(np.float32)

        return odds

    def explain(self, inputs: Sequence[ModelInput], finding: str) -> list[SaliencyMap]:
        """Maps by `perturbation`."""
        if self.perturbation is None:
            raise NotImplementedError(f"{type(self).__name__} declares saliency but names no perturbation")
        return self.perturbation.maps(inputs, finding, self.log_odds(finding), self.context.check)


class FileSegmenter(FileModel, Segmenter):
    """A segmenter around a network from (1, channels, rows, cols) to (1, outputs, rows, cols)."""

    columns: ClassVar[tuple[int, ...]] = (0,)
    """Outputs that make up the structure, such as the right lung and the left: their probabilities are added."""

    def prepare(self, film: Radiograph) -> ModelInput:
        """By the spec's declaration, then in the network's channels."""
        return self.with_channels(super().prepare(film))

    def segment(self, model_input: ModelInput) -> Mask:
        """The structure's probability, cell by cell, then `clean`."""
        outputs = self.run(model_input.tensor[np.newaxis])
        if outputs.ndim != 4 or outputs.shape[1] <= max(self.columns):
            text = f"the network's output is {outputs.shape}, not (1, outputs, rows, cols)"
            raise ValueError(f"{text} with the structure in columns {self.columns}")
        inside = self.probabilities(outputs)[0][list(self.columns)].sum(axis=0)
        values = np.minimum(inside, 1).astype(np.float32)
        return Mask(structure=self.spec.structure, values=self.clean(values))

    def clean(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """What is done to the network's mask (float32 (h, w), 0..1) before it is used; nothing by default."""
        return values
