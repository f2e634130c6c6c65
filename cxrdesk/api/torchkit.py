"""Helpers for detectors and segmenters written in torch. torch is imported when a model loads, never before."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cxrdesk.api import compiled, heads, mismatch, saliency
from cxrdesk.api.bundle import Bundle
from cxrdesk.api.channels import Channels
from cxrdesk.api.detector import Context, Detector, Mask, Masks, ModelInput, Prediction, SaliencyMap, Segmenter
from cxrdesk.api.features import Features, Watched
from cxrdesk.api.perturbation import LogOdds, Perturbation
from cxrdesk.imaging.radiograph import Radiograph

if TYPE_CHECKING:
    import torch

__all__ = ["TorchClassifier", "TorchSegmenter", "single_precision"]


class _TorchModel(Channels, ABC):
    """Builds the network and fills it from the bundle."""

    model: torch.nn.Module
    context: Context
    spec: Any
    graph: compiled.Graph | None = None
    """The network compiled for the CPU, where that reproduces the golden vectors."""
    _refused = ""
    _by_graph = False

    @abstractmethod
    def build(self) -> torch.nn.Module:
        """The network without weights; torch may be imported here."""

    def load(self) -> None:
        """Build, read the verified weights, move to the device.

        Raises
        ------
        BundleError
            Of the bundle; ``"other-network"`` for weights that do not fit into what `build` gives.
        """
        import safetensors.torch
        import torch

        model = self.build()
        if self.spec.bundle is not None:
            state = single_precision(safetensors.torch.load(Bundle(self.spec.bundle).weights()))
            try:
                model.load_state_dict(state)
            except RuntimeError:
                # torch's own text names every key of both.
                raise mismatch.other_network(self, model, state) from None
        self.model = model.eval().to(torch.device(self.context.device))

    def compile(self) -> None:
        """Take the compiled network, on a CPU, where it holds; remember why not otherwise."""
        if self.context.compiled is None or self.context.device != "cpu":
            return
        try:
            self.graph = compiled.adopted(self, self.context.compiled, self._mapped_layer())
        except compiled.RefusedError as error:
            self._refused = str(error)

    def _mapped_layer(self) -> torch.nn.Module | None:
        """The layer whose class activation maps the compiled network is to give too."""
        return None

    def _compiled_answer(self, batch: NDArray[np.float32]) -> list[NDArray[np.float32]] | None:
        """What the compiled network says; None where torch is to say it."""
        self._by_graph = False
        if self.graph is None:
            return None
        try:
            answer = self.graph.run(batch)
        except Exception as error:  # noqa: BLE001 - whatever its runtime meets: torch computes this film and the next
            self.graph, self._refused = None, f"{type(error).__name__} of the runtime"
            return None
        self._by_graph = True
        return answer

    @property
    def engine(self) -> str:
        """What computed the last answer, and why it was torch where a compiled network was wanted."""
        if self._by_graph and self.graph is not None:
            return self.graph.name
        import torch

        why = f" (not compiled: {self._refused})" if self._refused else ""
        return f"torch {torch.__version__}{why}"

    def unload(self) -> None:
        """Drop the network and the device's cache."""
        import torch

        self.graph = None
        del self.model
        if self.context.device == "cuda":
            torch.cuda.empty_cache()

    def batch(self, inputs: Sequence[ModelInput]) -> torch.Tensor:
        """Inputs as one tensor (n, channels, rows, cols) on the device."""
        import torch

        return torch.from_numpy(_stacked(inputs)).to(self.context.device)


def _stacked(inputs: Sequence[ModelInput]) -> NDArray[np.float32]:
    return np.stack([item.tensor for item in inputs])


SCALE = "#scale"
"""Ends the name of the tensor that holds what one step of an 8-bit tensor stands for."""


def single_precision(stored: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """A state dictionary to compute with, from one that is stored in 8 or 16 bits.

    Parameters
    ----------
    stored : mapping
        Floating-point tensors of any precision; int8 tensors beside a float32 tensor of the same name and `SCALE`, by
        which each is multiplied along its first axis; other integers, which stay.
    """
    state = {}
    for name, value in stored.items():
        if name.endswith(SCALE):
            continue
        scale = stored.get(name + SCALE)
        if scale is not None:
            state[name] = value.float() * scale.reshape(-1, *[1] * (value.ndim - 1))
        else:
            state[name] = value.float() if value.is_floating_point() else value
    return state


@dataclass(kw_only=True, eq=False)
class _Seen:
    """What maps of the last batch are made of: the maps of all findings (n, findings, h, w), or the logits' graph."""

    inputs: Sequence[ModelInput]
    maps: NDArray[np.float32] | None = None
    batch: torch.Tensor | None = None
    logits: torch.Tensor | None = None
    features: Features | None = None


class TorchClassifier(_TorchModel, Detector):
    """A detector around a network from (n, channels, rows, cols) to (n, findings) logits.

    Over several films the mean of the probabilities is the answer; override `predict` for another rule.
    Where the spec declares saliency, `cam_layer` names the layer; one forward then serves scores and maps.
    """

    mirrored = False
    """Whether each film is also seen as in a mirror, and the mean over both is the answer: twice the arithmetic."""

    cam_method = "hirescam"
    """How maps are made: a key of `cxrdesk.api.saliency.METHODS`. A bundle's reference values belong to one method."""

    perturbation: Perturbation | None = None
    """Where set, maps are made by it from scores alone, and `cam_layer` is not asked: for networks without features."""

    _last: _Seen | None = None
    _head: torch.nn.Linear | None = None

    def cam_layer(self, model: torch.nn.Module) -> torch.nn.Module:
        """The layer whose activations the saliency maps weight: usually the last before pooling."""
        raise NotImplementedError(f"{type(self).__name__} declares saliency but names no layer")

    def load(self) -> None:
        """As for every torch model; the layer is watched until `unload`."""
        super().load()
        self._watched: Watched | None = None
        if self.spec.saliency is not None and self.perturbation is None:
            saliency.known(self.cam_method)
            self.model.requires_grad_(False)
            try:
                self._watched = Watched(self.cam_layer(self.model))
            except AttributeError as error:
                raise mismatch.no_layer(self, self.model, error) from error

    def _mapped_layer(self) -> torch.nn.Module | None:
        return self._watched.layer if self._watched is not None and self._exact else None

    @property
    def _exact(self) -> bool:
        """Whether the maps are those of a class activation map, should the network be pooling and a linear layer."""
        return self.cam_method in heads.EXACT_METHODS

    def unload(self) -> None:
        """Release hooks and network."""
        if self._watched is not None:
            self._watched.release()
        self._last = self._watched = self._head = None
        super().unload()

    def prepare(self, films: Sequence[Radiograph], masks: Sequence[Masks]) -> list[ModelInput]:
        """By the spec's declaration, then in the network's channels."""
        return [self.with_channels(item) for item in super().prepare(films, masks)]

    def predict(self, inputs: Sequence[ModelInput]) -> Prediction:
        """Sigmoid of the logits, mean over films."""
        self._last = None
        films = self._mirrored(inputs)
        answer = self._compiled_answer(films) if self._graph_serves() else None
        if answer is not None:
            logits = answer[0]
            if self.graph is not None and self.graph.maps:
                self._last = _Seen(inputs=inputs, maps=answer[1])
        else:
            self._by_graph = False
            logits = self._by_torch(inputs, films)
        self._check(logits.shape)
        # The form that no large logit overflows.
        means = (0.5 * (1.0 + np.tanh(0.5 * logits.astype(np.float64)))).mean(axis=0).tolist()
        return Prediction(probabilities=dict(zip(self.spec.findings, means, strict=True)))

    def _graph_serves(self) -> bool:
        """Whether the compiled network spares torch's forward: not where torch's own is needed for maps anyway."""
        if self.graph is None:
            return False
        own = self.perturbation is not None or type(self).explain is not TorchClassifier.explain
        return self.graph.maps or own or self.spec.saliency is None or not self.context.explaining()

    def _by_torch(self, inputs: Sequence[ModelInput], films: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logits (n, findings); what maps are made of is kept where the spec declares saliency."""
        import torch

        batch = torch.from_numpy(films).to(self.context.device)
        if self._watched is None:
            with torch.inference_mode():
                return np.asarray(self.model(batch).float().cpu().numpy())
        self._watched.clear()
        if self._head is not None:
            with torch.no_grad():
                logits = self.model(batch)
            activations = self._watched.last.activations
            if heads.is_head(self._head, activations, logits):
                self._last = _Seen(inputs=inputs, maps=heads.class_maps(self._head, activations).cpu().numpy())
                return np.asarray(logits.float().cpu().numpy())
            self._head = None  # somebody changed the network
        with torch.enable_grad():
            logits = self.model(batch)
        self._check(logits.shape)
        features = self._watched.last
        self._last = _Seen(inputs=inputs, batch=batch, logits=logits, features=features)
        if self._exact:
            self._head = heads.pooled_linear(self.model, features.activations, logits.detach())
        return np.asarray(logits.detach().float().cpu().numpy())

    def _check(self, shape: Sequence[int]) -> None:
        """Refuse outputs that are no row of a logit for each finding."""
        if len(shape) != 2 or shape[1] != len(self.spec.findings):
            raise mismatch.other_outputs(shape, self.spec.findings)

    def explain(self, inputs: Sequence[ModelInput], finding: str) -> list[SaliencyMap]:
        """Maps of one finding, unscaled, from the same forward pass as `predict` where it was of these inputs.

        Notes
        -----
        HiResCAM by the grad-cam package, used unless `cam_method` names another, counts each cell with its own
        gradient, where Grad-CAM spreads one weight over the whole channel and so may light up cells that the score does
        not rest on. The package's scaling of each map to 0..1 is left out, so that a film with nothing on it gives a
        weak map. Where the network is pooling and a linear layer behind the named layer, both are the class activation
        map, which comes out of the forward pass without any backward one.
        """
        if self.perturbation is not None:
            return self.perturbation.maps(inputs, finding, self.log_odds(finding), self.context.check)
        if self._last is None or self._last.inputs is not inputs:
            self._by_torch(inputs, self._mirrored(inputs))
        assert self._last is not None
        index = self.spec.findings.index(finding)
        raw = self._last.maps[:, index] if self._last.maps is not None else self._backward(self._last, index)
        maps: NDArray[np.float32] = np.maximum(raw, 0).astype(np.float32)
        if self.mirrored:
            maps = (maps[: len(inputs)] + maps[len(inputs) :, :, ::-1]) / np.float32(2)
        return [
            SaliencyMap(finding=finding, values=values, box=item.box, film=i)
            for i, (values, item) in enumerate(zip(maps, inputs, strict=True))
        ]

    def _backward(self, last: _Seen, index: int) -> NDArray[np.float32]:
        """One map of each film of the batch, by one pass from the logits back to the named layer."""
        from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

        assert last.logits is not None
        assert last.batch is not None
        assert last.features is not None
        assert self._watched is not None
        cam = saliency.cam(self.cam_method, self.model, self._watched.layer)
        cam.activations_and_grads.release()  # what it would look at is in the features
        cam.outputs = last.logits
        gradients = last.features.gradients(last.logits[:, index].sum())
        given = [value.detach().cpu().numpy() for value in (last.features.activations, gradients)]
        targets = [ClassifierOutputTarget(index)] * len(last.batch)
        return np.asarray(cam.get_cam_image(last.batch, self._watched.layer, targets, *given, eigen_smooth=False))

    def _mirrored(self, inputs: Sequence[ModelInput]) -> NDArray[np.float32]:
        films = _stacked(inputs)
        return np.concatenate([films, films[..., ::-1]]) if self.mirrored else films

    def log_odds(self, finding: str) -> LogOdds:
        """The network's logits of one finding, for `cxrdesk.api.perturbation`."""
        index = self.spec.findings.index(finding)

        def logits(tensors: NDArray[np.float32]) -> NDArray[np.float32]:
            import torch

            with torch.inference_mode():
                batch = torch.from_numpy(tensors).to(self.context.device)
                outputs = self.model(batch)
                if self.mirrored:
                    outputs = (outputs + self.model(batch.flip(-1))) / 2
            return np.asarray(outputs[:, index].float().cpu().numpy())

        return logits


class TorchSegmenter(_TorchModel, Segmenter):
    """A segmenter around a network from (1, channels, rows, cols) to (1, 1, rows, cols) logits."""

    def prepare(self, film: Radiograph) -> ModelInput:
        """By the spec's declaration, then in the network's channels."""
        return self.with_channels(super().prepare(film))

    def segment(self, model_input: ModelInput) -> Mask:
        """Sigmoid of the logits, then `clean`."""
        import torch

        answer = self._compiled_answer(_stacked([model_input]))
        with torch.inference_mode():
            logits = torch.from_numpy(answer[0]) if answer is not None else self.model(self.batch([model_input]))
            if logits.ndim != 4 or logits.shape[1] != 1:
                raise mismatch.other_mask(logits.shape)
            values = torch.sigmoid(logits[0, 0].float()).cpu().numpy()
        return Mask(structure=self.spec.structure, values=self.clean(values))

    def clean(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """What is done to the network's mask (float32 (h, w), 0..1) before it is used; nothing by default."""
        return values
