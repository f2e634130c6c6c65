"""What the tables of systems tell of each study, from its ``results.json``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean
from typing import Any

FIGURES = ("auc", "accuracy", "sensitivity", "specificity")
MAP = {"hit": "maximum inside", "energy": "mass inside", "area": "region's share of the film"}
"""Figures of a map."""
COPIES = "seeds of the heads; one training of the features"


@dataclass(frozen=True, kw_only=True)
class Line:
    """One kind of training, or what is shipped, on one set of films.

    Parameters
    ----------
    on : str
        The films.
    what : str
    figures : dict
        Name to estimate; the names of `FIGURES`, or others.
    note : str
        What else is to be told.
    headline : bool
        Whether the overview tells it too.
    """

    on: str
    what: str
    figures: dict[str, Any]
    note: str = ""
    headline: bool = True


@dataclass(frozen=True, kw_only=True)
class Change:
    """What one thing has more than another in the area under the ROC curve.

    Parameters
    ----------
    by : str
        What was added, or what is compared.
    found : dict
        The difference, with ``delong_p`` where that test was made.
    """

    on: str
    by: str
    found: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Told:
    """One study.

    Parameters
    ----------
    films : list of str
        What it was measured on.
    described : list of Line
        The system as its authors describe it.
    changed : list of Line
        The system changed.
    shipped : list of Line
        What cxrdesk ships, on the same films.
    changes : list of Change
    """

    films: list[str]
    described: list[Line]
    changed: list[Line] = field(default_factory=list)
    shipped: list[Line] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)


def estimate(found: dict[str, float]) -> str:
    """A figure with its interval."""
    return f"{found['value']:.3f} ({found['low']:.3f} to {found['high']:.3f})"


def signed(found: dict[str, float]) -> str:
    """A difference with its interval."""
    return f"{found['value']:+.3f} ({found['low']:+.3f} to {found['high']:+.3f})"


def of_cell(on: str, what: str, cell: dict[str, Any], *, headline: bool = True, beside: int | None = None) -> Line:
    """A kind of training over its seeds; tells how many films where these are others than those `beside`."""
    note = "" if beside in (None, cell["films"]) else f"{cell['films']} films"
    return Line(on=on, what=what, figures=cell["over_seeds"], headline=headline, note=note)


def shipped(on: str, cell: dict[str, Any]) -> Line:
    """The shipped detector on the films of a cell, and how it stands against the cell's seeds."""
    p = [test["p"] for test in cell["shipped_against_it"]]
    ahead = sum(test["difference"] > 0 for test in cell["shipped_against_it"])
    note = f"ahead in {ahead} of {len(p)} seeds, DeLong {values_of_p(p)}"
    if refused := max(test.get("refused", 0) for test in cell["shipped_against_it"]):
        other = fmean(test["second_auc"] for test in cell["shipped_against_it"])
        note += (
            f"; {refused} of {cell['films']} films refused and left out here, without them AUC as described {other:.3f}"
        )
    return Line(on=on, what="shipped", figures=cell["shipped"], note=note)


def values_of_p(values: Sequence[float | None]) -> str:
    """The smallest and the largest, and how many tests could not be made."""
    made = [value for value in values if value is not None]
    told = [f"p {' to '.join(dict.fromkeys(f'{value:.2g}' for value in (min(made), max(made))))}"] if made else []
    return "; ".join(told + ([f"{len(values) - len(made)} without a test"] if len(made) < len(values) else []))


def inception(results: dict[str, Any]) -> Told:
    """Of ``pneumonia-inception``."""
    folds = results["as described"]
    return Told(
        films=[f"{name}: {cell['films']} children's films" for name, cell in folds.items()],
        described=[of_cell(name, "as described", cell) for name, cell in folds.items()],
        changed=[
            of_cell(name, what, cell, beside=folds[name]["films"])
            for what, found in results.items()
            if what != "as described"
            for name, cell in found.items()
        ],
        shipped=[shipped(name, cell) for name, cell in folds.items()],
        changes=[
            Change(on=name, by=f"shipped with it beside, over shipped ({what})", found=cell["beside_shipped"])
            for what, found in results.items()
            for name, cell in found.items()
            if "beside_shipped" in cell
        ],
    )


def asthma(results: dict[str, Any]) -> Told:
    """Of ``asthma-sequence``."""
    described = "as described, InceptionV3-LSTM"
    sets = {f"{name} simulated chests": results["phantoms"][name] for name in ("same", "strong")}
    tasks = sets | {f"pneumonia, {name}": found for name, found in results["folds"].items()}
    return Told(
        films=[f"{name}: {found['alone'][described]['films']} films" for name, found in tasks.items()],
        described=[of_cell(name, "as described", found["alone"][described]) for name, found in tasks.items()],
        changed=[
            of_cell(name, what, cell, headline=False)
            for name, found in tasks.items()
            for what, cell in found["alone"].items()
            if what != described
        ]
        + [
            replace(of_cell(name, f"{what} head, same features", cell, headline=False), note=COPIES)
            for name, found in tasks.items()
            for what, cell in found["same_features"].items()
        ]
        + [_specific(name, what, cell) for name, found in tasks.items() for what, cell in found["alone"].items()]
        + [
            Line(
                on="strong simulated chests",
                what=f"saliency, {name}",
                headline=False,
                figures={MAP[key]: one[key] for key in MAP},
            )
            for name, one in results["phantoms"]["saliency"].items()
        ],
        shipped=[
            line if line.on in sets else replace(line, what="shipped pneumonia detector")
            for line in (shipped(name, found["shipped"]) for name, found in tasks.items())
        ],
        changes=[
            Change(on=name, by=f"sequence head over {other}", found=less)
            for name, found in tasks.items()
            for other, less in _sequence_less(found["sequence_less"])
        ],
    )


def _specific(on: str, what: str, cell: dict[str, Any]) -> Line:
    """A network at the threshold that was chosen for specificity, and its calibration."""
    figures = {name: one for name, one in cell["for_specificity"]["over_seeds"].items() if name != "auc"}
    before, after = (cell["calibration"][key]["calibration_error"] for key in ("raw", "calibrated"))
    return Line(
        on=on,
        what=f"{what}, for specificity",
        figures=figures | {"calibration error": before, "once calibrated": after},
        note=" or ".join(sorted(set(cell["calibration"]["methods"]))),
        headline=False,
    )


def _sequence_less(found: dict[str, Any]) -> list[tuple[str, dict[str, float]]]:
    same = found["on the same features"]["steps less plain"]
    return [*found["trained alone"].items(), ("plain head on the same features", same)]


def croup(results: dict[str, Any]) -> Told:
    """Of ``croup-gan``: on necks like those learnt from, and on strong ones that nothing was learnt from."""
    described = {family: found["as described"] for family, found in results["cells"].items()}
    against = results["necks_against_chests"]
    return Told(
        films=[f"{family}: {cell['films']} simulated necks" for family, cell in described.items()]
        + [f"necks against chests: {cell['films']} simulated films" for cell in list(against.values())[:1]],
        described=[of_cell(family, "as described", cell) for family, cell in described.items()]
        + [of_cell("necks against chests", name.partition(",")[0], cell) for name, cell in against.items()],
        changed=[
            of_cell(family, name, cell, headline=False)
            for family, found in results["cells"].items()
            for name, cell in found.items()
            if name != "as described"
        ],
        shipped=[shipped(family, cell) for family, cell in described.items()],
        changes=[
            Change(on=family, by=f"{name} over {less['than']}", found=less)
            for family, found in results["differences"].items()
            for name, less in found.items()
        ],
    )


def fusion(results: dict[str, Any]) -> Told:
    """Of ``pneumonia-fusion``."""
    masks = [
        Line(on=f"{group}, {found['films']} films", what="shipped lung masks",
             figures={"accuracy": found["accuracy"], "Dice": found["dice"]})
        for group, found in results["masks"].items()
    ]  # fmt: skip
    full = {name: fold["cells"]["masked, 4 channels"]["fused"] for name, fold in results["folds"].items()}
    return Told(
        films=[f"{name}: {cell['films']} children's films of {results['side']} pixels" for name, cell in full.items()]
        + [f"masks, {group}: {found['films']} films" for group, found in results["masks"].items()],
        described=[of_cell(name, "as described", cell) for name, cell in full.items()],
        changed=[
            of_cell(name, f"{kind}, {subset}", cell, headline=False)
            for name, fold in results["folds"].items()
            for kind, subsets in fold["cells"].items()
            for subset, cell in subsets.items()
            if (kind, subset) != ("masked, 4 channels", "fused")
        ]
        + [
            of_cell(name, what, cell, headline=False)
            for name, fold in results["folds"].items()
            for what, cell in fold["no_pixels"].items()
        ],
        shipped=[*masks, *(shipped(name, cell) for name, cell in full.items())],
        changes=[
            Change(on=name, by=part, found=found)
            for name, fold in results["folds"].items()
            for part, found in fold["differences"].items()
        ],
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
            Line(
                on=name,
                what=policy,
                figures={"auc": one["auc"]},
                note=f"deviation {one['auc']['deviation']:.3f}",
                headline=policy in ("U-Ignore", found.get("best")) or len(found["policies"]) == 1,
            )
            for name, found in doubts.items()
            for policy, one in found["policies"].items()
        ],
        changes=[
            Change(on=name, by=f"{found['best']} over {found['next']}", found=found["best_over_next"])
            for name, found in doubts.items()
            if "best" in found
        ],
    )


def resolution(results: dict[str, Any]) -> Told:
    """Of ``chexpert-resolution``."""
    sets = {"simulated": results["simulated"], "NIH": results["nih"]}
    return Told(
        films=[
            f"sizes: {results['simulated']['studies']['report']} simulated studies, {results['nih']['films']} NIH films"
        ],
        described=[
            Line(on=name, what=f"{network}, {side} pixels", figures={"auc": auc})
            for name, found in sets.items()
            for network, sizes in found["networks"].items()
            for side, auc in sizes["sizes"].items()
        ],
        changed=[
            Line(on="simulated", what=f"ensemble of {name}: {member}", headline=False, figures={"auc": auc})
            for name, ensemble in results["simulated"]["ensembles"].items()
            for member, auc in ensemble["auc"].items()
        ]
        + [
            Line(
                on="simulated",
                what=f"class activation map, {network}, {name}, {side} pixels",
                headline=False,
                figures={MAP[key]: one[key] for key in MAP},
            )
            for network, sides in results["simulated"]["class_maps"].items()
            for side, findings in sides.items()
            for name, one in findings.items()
        ],
        changes=[
            Change(on=name, by=f"{network}, {pair}", found=found)
            for name, one in sets.items()
            for network, sizes in one["networks"].items()
            for pair, found in sizes["pairs"].items()
        ]
        + [
            Change(on="simulated", by=f"ensemble of {name} over {member}", found=found)
            for name, ensemble in results["simulated"]["ensembles"].items()
            for member, found in ensemble["ensemble_less"].items()
        ],
    )


STUDIES: dict[str, Callable[[dict[str, Any]], Told]] = {
    "pneumonia-inception": inception,
    "asthma-sequence": asthma,
    "croup-gan": croup,
    "pneumonia-fusion": fusion,
    "chexpert-policies": policies,
    "chexpert-resolution": resolution,
}
