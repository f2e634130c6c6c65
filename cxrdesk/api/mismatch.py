"""What is told where a network is not what its bundle or its spec says: in one sentence, with what to do."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cxrdesk.api.bundle import BundleError

if TYPE_CHECKING:
    import torch

_TOLD = 3
"""Most names of one kind in a sentence."""
_PARTS = 8
"""Most parts of a network that are named, the last ones: maps weight what lies before the pooling."""


def other_network(model: Any, network: torch.nn.Module, state: Mapping[str, torch.Tensor]) -> BundleError:
    """For weights that do not fit into what ``build`` gives (``"other-network"``)."""
    own = network.state_dict()
    differ = {
        "missing": [name for name in own if name not in state],
        "unexpected": sorted(set(state) - set(own)),
        "of another shape": [name for name in own if name in state and own[name].shape != state[name].shape],
    }
    told = "; ".join(f"{kind}: {_some(names)}" for kind, names in differ.items() if names)
    advice = f"run python -m {_package(model)}.recipe FILE with weights of this network, or mend build"
    return BundleError("other-network", f"the weights are of another network than build gives ({told}); {advice}")


def no_layer(model: Any, network: torch.nn.Module, error: AttributeError) -> BundleError:
    """For a ``cam_layer`` that asks the network for a part that it has not (``"no-layer"``)."""
    parts = [name for name, _ in network.named_children()][-_PARTS:]
    where = inspect.getsourcefile(type(model).cam_layer)
    text = f"cam_layer names a layer that the network has not ({error}); edit cam_layer in"
    return BundleError("no-layer", f"{text} {Path(where or 'model.py').name}: its last parts are {', '.join(parts)}")


def other_outputs(shape: Sequence[int], findings: Sequence[str]) -> BundleError:
    """For a classifier whose output is no row of a logit for each finding (``"other-outputs"``)."""
    if len(shape) != 2:
        text = f"the network's output is of shape {tuple(shape)}, not (films, {len(findings)})"
        return BundleError("other-outputs", f"{text}; let its forward give one logit for each finding")
    text = f"the network gives {_counted(shape[1], 'logit')}, and the spec names {_counted(len(findings), 'finding')}"
    advice = "change the last layer in build, or findings in recipe.py"
    return BundleError("other-outputs", f"{text} ({', '.join(findings)}); {advice}")


def other_mask(shape: Sequence[int]) -> BundleError:
    """For a segmenter whose output is no single mask (``"other-outputs"``)."""
    text = f"the network's output is of shape {tuple(shape)}, not (films, 1, rows, cols)"
    return BundleError("other-outputs", f"{text}; let its forward give one logit for each cell")


def _counted(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _TOLD} more" if len(names) > _TOLD else ""
    return f"{', '.join(names[:_TOLD])}{more}"


def _package(model: Any) -> str:
    """The plugin's own package, also where a recipe made the class anew."""
    packages = [kind.__module__.partition(".")[0] for kind in type(model).__mro__]
    return next((name for name in packages if name not in ("cxrdesk", "abc", "builtins")), "PACKAGE")
