"""Where networks looked, against where the finding truly is: a short audit of trainings that are not kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from cxrdesk.evaluation.saliency.measures import energy, miss, stretched
from cxrdesk.evaluation.saliency.truth import mask_of
from reproductions.films import Films
from reproductions.learning import as_input
from reproductions.seeds import spread

BATCH = 16


def hirescam(network: torch.nn.Module, layer: str, films: Films, logit: int = 0) -> NDArray[np.float32]:
    """Maps (n, rows, cols) of a layer: activation times gradient of one logit (Draelos and Carin 2020).

    Of the last layer before a global average and one linear layer it is the class activation map (Zhou et al. 2016,
    arXiv 1512.04150).
    """
    network.eval()
    kept: list[torch.Tensor] = []

    def keep(module: object, given: object, out: torch.Tensor) -> None:
        out.retain_grad()
        kept.append(out)

    handle = network.get_submodule(layer).register_forward_hook(keep)
    maps = []
    for first in range(0, len(films.labels), BATCH):
        kept.clear()
        network.zero_grad()
        network(as_input(films.pixels[first : first + BATCH], 1))[:, logit].sum().backward()
        (cells,) = kept
        assert cells.grad is not None
        maps.append((cells.detach() * cells.grad).sum(dim=1).clamp(min=0).numpy())
    handle.remove()
    network.zero_grad()
    return np.concatenate(maps)


def pointed(
    network: torch.nn.Module, layer: str, films: Films, finding: str, logit: int = 0
) -> dict[str, NDArray[np.float64]]:
    """Of each film that has the finding and its outline: where the map's maximum and mass lie.

    Parameters
    ----------
    films : Films
        Films of one size; those without an outline of the finding do not count.

    Returns
    -------
    dict
        ``film``, its number; ``hit``, whether the maximum is inside; ``energy``, the share of the map's mass inside;
        ``area``, the share of the film that is inside, which is what chance would hit.
    """
    known = np.array([finding in row.finding_masks and bool(row.labels[finding]) for row in films.rows], bool)
    some = films.of(known)
    told: dict[str, list[float]] = {name: [] for name in ("hit", "energy", "area")}
    size = (films.pixels.shape[-2], films.pixels.shape[-1])
    for values, row in zip(hirescam(network, layer, some, logit), some.rows, strict=True):
        truth = mask_of(row.finding_masks[finding], size)
        shown = stretched(values, size)
        told["hit"].append(float(miss(shown, truth) == 0))
        told["energy"].append(energy(shown, truth))
        told["area"].append(float(truth.mean()))
    return {"film": np.flatnonzero(known)} | {name: np.array(values) for name, values in told.items()}


def looked(found: Sequence[Mapping[str, Any]], report: Films) -> dict[str, Any]:
    """How often maps point into the true region, and the share of their mass there, beside the region's own share.

    Parameters
    ----------
    found : sequence of mapping
        Of each seed what `reproductions.pointing.pointed` gave, with numbers of the films in `report`.
    """
    patients = [report.patients[int(number)] for number in found[0]["film"]]
    return {
        "films": len(patients),
        **{name: spread(lambda i, name=name: np.stack([one[name][i] for one in found]).mean(axis=1), patients)
           for name in ("hit", "energy", "area")},
    }  # fmt: skip
