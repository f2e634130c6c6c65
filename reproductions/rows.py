"""What the table of systems tells of each study, from its ``results.json``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Told:
    """Cells of one study's part of a row, a line each.

    Parameters
    ----------
    films : list of str
        What it was measured on.
    described : list of str
        The system as its authors describe it.
    parts : list of str
        The system changed, or without a part.
    shipped : list of str
        What cxrdesk ships, on the same films.
    """

    films: list[str]
    described: list[str]
    parts: list[str]
    shipped: list[str]


def estimate(found: dict[str, float]) -> str:
    """A figure with its interval."""
    return f"{found['value']:.3f} ({found['low']:.3f} to {found['high']:.3f})"


def signed(found: dict[str, float]) -> str:
    """A difference with its interval."""
    return f"{found['value']:+.3f} ({found['low']:+.3f} to {found['high']:+.3f})"


def figures(name: str, found: dict[str, Any]) -> str:
    """Area, accuracy, sensitivity and specificity; the area alone where there is no call."""
    told = [f", {key} {estimate(found[key])}" for key in ("accuracy", "sensitivity", "specificity") if key in found]
    return f"{name}: AUC {estimate(found['auc'])}{''.join(told)}"


def shipped(name: str, cell: dict[str, Any]) -> str:
    """The shipped detector's figures, and the largest p-value of it against any seed."""
    p = [test["p"] for test in cell["shipped_against_it"]]
    ahead = sum(test["difference"] > 0 for test in cell["shipped_against_it"])
    told = "no test" if None in p else f"p at most {max(p):.2g}"
    return f"{figures(name, cell['shipped'])}; ahead in {ahead} of {len(p)} seeds, DeLong {told}"


def inception(results: dict[str, Any]) -> Told:
    """Of ``pneumonia-inception``."""
    folds = results["as described"]
    return Told(
        films=[f"{name}: {cell['films']} children's films" for name, cell in folds.items()],
        described=[figures(name, cell["over_seeds"]) for name, cell in folds.items()],
        parts=[figures(f"cured, {name}", cell["over_seeds"]) for name, cell in results["cured"].items()],
        shipped=[shipped(name, cell) for name, cell in folds.items()],
    )


def asthma(results: dict[str, Any]) -> Told:
    """Of ``asthma-sequence``."""
    sets = {f"{name} simulated chests": results["phantoms"][name] for name in ("same", "strong")}
    tasks = sets | {f"pneumonia, {name}": found for name, found in results["folds"].items()}
    described = {name: found["alone"]["as described, InceptionV3-LSTM"] for name, found in tasks.items()}
    return Told(
        films=[f"{name}: {cell['films']} films" for name, cell in described.items()],
        described=[figures(name, cell["over_seeds"]) for name, cell in described.items()],
        parts=[
            f"{name}, sequence head less {other}: AUC {signed(less)}"
            for name, found in tasks.items()
            for other, less in _sequence_less(found["sequence_less"])
        ],
        shipped=[shipped(name, found["shipped"]) for name, found in tasks.items()],
    )


def _sequence_less(found: dict[str, Any]) -> list[tuple[str, dict[str, float]]]:
    same = found["on the same features"]["steps less plain"]
    return [*found["trained alone"].items(), ("plain head on the same features", same)]


def croup(results: dict[str, Any]) -> Told:
    """Of ``croup-gan``: on necks like those learnt from, and on strong ones that nothing was learnt from."""
    described = {family: found["as described"] for family, found in results["cells"].items()}
    return Told(
        films=[f"{family}: {cell['films']} simulated necks" for family, cell in described.items()],
        described=[figures(family, cell["over_seeds"]) for family, cell in described.items()],
        parts=[
            f"{name}, {family}: AUC {estimate(cell['over_seeds']['auc'])}{_than(results['differences'][family], name)}"
            for family, found in results["cells"].items()
            for name, cell in found.items()
            if name != "as described"
        ]
        + [figures(name, cell["over_seeds"]) for name, cell in results["necks_against_chests"].items()],
        shipped=[shipped(family, cell) for family, cell in described.items()],
    )


def _than(differences: dict[str, Any], name: str) -> str:
    """What a variant brings, where it is another one with something added."""
    return f", {signed(differences[name])} over {differences[name]['than']}" if name in differences else ""


def fusion(results: dict[str, Any]) -> Told:
    """Of ``pneumonia-fusion``."""
    masks = [
        f"shipped lung masks, {group}: accuracy {estimate(found['accuracy'])}, Dice {estimate(found['dice'])}"
        for group, found in results["masks"].items()
    ]
    full = {name: fold["cells"]["masked, 4 channels"]["fused"] for name, fold in results["folds"].items()}
    return Told(
        films=[f"{name}: {cell['films']} children's films of {results['side']} pixels" for name, cell in full.items()]
        + [f"masks, {group}: {found['films']} films" for group, found in results["masks"].items()],
        described=[figures(name, cell["over_seeds"]) for name, cell in full.items()],
        parts=[
            f"AUC by {part}, {name}: {signed(found)}"
            for name, fold in results["folds"].items()
            for part, found in fold["differences"].items()
        ],
        shipped=[*masks, *(shipped(name, cell) for name, cell in full.items())],
    )


def policies(results: dict[str, Any]) -> Told:
    """Of ``chexpert-policies``."""
    doubts = results["doubts"] | ({"CheXpert": results["chexpert"]} if "chexpert" in results else {})
    return Told(
        films=[
            f"{name}: {found['studies']['report']} simulated studies of {results['side']} pixels"
            for name, found in results["doubts"].items()
        ],
        described=[
            f"{name}, {policy}: mean AUC {estimate(one['auc'])}, deviation {one['auc']['deviation']:.3f}"
            for name, found in doubts.items()
            for policy, one in found["policies"].items()
        ],
        parts=[
            f"{name}: {found['best']} over {found['next']} {signed(found['best_over_next'])}"
            for name, found in doubts.items()
            if "best" in found
        ],
        shipped=[],
    )


def resolution(results: dict[str, Any]) -> Told:
    """Of ``chexpert-resolution``."""
    sets = {"simulated": results["simulated"], "NIH": results["nih"]}
    return Told(
        films=[
            f"sizes: {results['simulated']['studies']['report']} simulated studies, {results['nih']['films']} NIH films"
        ],
        described=[
            f"{name}, {side} pixels: mean AUC {estimate(auc)}"
            for name, found in sets.items()
            for side, auc in found["sizes"].items()
        ],
        parts=[f"{name}, {pair}: {signed(d)}" for name, found in sets.items() for pair, d in found["pairs"].items()]
        + [
            f"ensemble of {name} over {member}: {signed(d)}"
            for name, found in results["simulated"]["ensembles"].items()
            for member, d in found["ensemble_less"].items()
        ],
        shipped=[],
    )


STUDIES: dict[str, Callable[[dict[str, Any]], Told]] = {
    "pneumonia-inception": inception,
    "asthma-sequence": asthma,
    "croup-gan": croup,
    "pneumonia-fusion": fusion,
    "chexpert-policies": policies,
    "chexpert-resolution": resolution,
}
