"""Detectors as the audit runs them: with another method, keeping their inputs, with their weights drawn anew."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from cxrdesk.api.detector import ModelInput
from cxrdesk.api.saliency import METHODS
from cxrdesk.api.torchkit import TorchClassifier
from cxrdesk.discovery.registry import Plugin, Registry
from cxrdesk.imaging.errors import UserError
from cxrdesk.inference.models import told

if TYPE_CHECKING:
    import torch

OWN = "own"
"""Key of a detector's own explanation, where it is none of `TorchClassifier`."""
SEED = 0


def methods_of(registry: Registry, detector: str) -> dict[str, str]:
    """Keys and names of the methods that a detector can be explained with; its own alone unless it is torch's."""
    model: Any = registry.model(detector)
    if _takes_methods(model):
        return {key: method.name for key, method in METHODS.items()}
    spec = model.spec
    return {OWN: spec.saliency.method if spec.saliency is not None else "none"}


def used_by(registry: Registry, detector: str) -> str:
    """Key of the method that the viewer shows."""
    model: Any = registry.model(detector)
    return model.cam_method if _takes_methods(model) else OWN


def with_method(registry: Registry, detector: str, method: str) -> Registry:
    """A registry in which the detector is explained with that method, and its class keeps what it prepared last."""
    model: Any = registry.model(detector)
    named = {} if method == OWN else {"cam_method": method}
    changed = type(model.__name__, (_Keeping, model), named)

    def swapped(plugin: Plugin) -> Plugin:
        return replace(plugin, detectors=tuple(changed if m is model else m for m in plugin.detectors))

    return Registry([swapped(plugin) for plugin in registry.plugins])


class _Keeping:
    """A detector whose inputs the audit can change and show to it again."""

    kept: ClassVar[Sequence[ModelInput]] = ()

    def prepare(self, films: Any, masks: Any) -> list[ModelInput]:
        made: list[ModelInput] = super().prepare(films, masks)  # type: ignore[misc]
        type(self).kept = made
        return made


def _takes_methods(model: type[Any]) -> bool:
    own = not issubclass(model, TorchClassifier) or model.perturbation is not None
    return not own and model.explain is TorchClassifier.explain


@contextmanager
def faults(detector: str) -> Iterator[None]:
    """Tell what a detector raises as the viewer does, in one sentence with its code.

    Raises
    ------
    UserError
        In place of anything that the detector raised.
    """
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        code, text = told(error)
        raise UserError(code, f"{detector} failed: {text}") from error


def randomised(model: torch.nn.Module) -> Iterator[str]:
    """Draw a network's weights anew from the last part to the first, each part's name once it is done too.

    Adebayo et al. 2018, arXiv 1810.03292, cascading. Parts are the network's children in the order in which it lists
    them; each layer draws as it did when it was made.
    """
    import torch

    for number, (name, part) in enumerate(reversed(_parts(model))):
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            torch.manual_seed(SEED + number)
            for module in part.modules():
                _draw(module)
        yield name


def _parts(model: torch.nn.Module, prefix: str = "") -> list[tuple[str, torch.nn.Module]]:
    found = [(prefix + name, child) for name, child in model.named_children() if any(True for _ in child.parameters())]
    if not found:
        return [(prefix.rstrip(".") or "network", model)]
    return _parts(found[0][1], f"{found[0][0]}.") if len(found) == 1 else found


def _draw(module: torch.nn.Module) -> None:
    reset = getattr(module, "reset_parameters", None)
    if reset is not None:
        reset()
        return
    for value in module.parameters(recurse=False):
        value.normal_(0.0, float(value.std()) if value.numel() > 1 else 1.0)
