"""The page's part on saliency maps: whether they point at the finding and depend on the weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from cxrdesk.evaluation.report.cells import interval, number, table, text

COLUMNS = {
    "Maximum inside": "pointing",
    "Maximum inside or near": "pointing_tolerant",
    "Mass inside": "energy",
    "Overlap": "overlap",
    "Mass in the lungs": "lungs",
    "Deletion": "deletion",
    "Insertion": "insertion",
}

CALLED = ("pointing", "pointing_tolerant", "energy", "overlap")


def sections(audits: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """One section for each audited detector."""
    for told in audits:
        yield f"<h2>Saliency maps of {escape(told['name'])}</h2>"
        yield f"<p>{escape(_films(told['films']))}</p>"
        if told["films"]["reasons"]:
            lost = [[text(r["status"]), text(r["code"]), number(r["films"])] for r in told["films"]["reasons"]]
            yield table("Films without a map", ["", "Reason", "Films"], lost)
        for finding in told["findings"]:
            yield f"<h3>{escape(finding['name'])}</h3>"
            if finding["regions"]:
                yield f"<p>{escape(regions(finding))}</p>"
            yield from _finding(finding, told["used"])
        yield from _similarity(told)
        yield from (f'<p class="note">{escape(note)}</p>' for note in notes(told["settings"]))


def _films(films: Mapping[str, Any]) -> str:
    simulated = f", {films['simulated']} of them simulated" if films["simulated"] else ""
    return f"Of {films['listed']} films of {films['name']}, {films['explained']} were explained{simulated}."


def regions(finding: Mapping[str, Any]) -> str:
    """What the maps are held against."""
    drawn = ", ".join(f"{name} ({n} films)" for name, n in finding["regions"].items())
    others = [name for name in finding["regions"] if name != finding["finding"]]
    stands = f", where {' and '.join(others)} stands for {finding['finding']}" if others else ""
    return f"True regions: {drawn}{stands}."


def _finding(finding: Mapping[str, Any], used: str) -> Iterator[str]:
    rows, changes = [], []
    for line in finding["methods"]:
        name = f"{line['name']} (shown by the viewer)" if line["method"] == used else line["name"]
        found = line["figures"]
        if found is None:
            rows.append([text(name), f'<td colspan="{len(COLUMNS) + 2}">{escape(line["problem"]["text"])}</td>'])
            continue
        cells = [number("none" if found[key] is None else interval(found[key])) for key in COLUMNS.values()]
        rows.append([text(name), number(f"{found['films']} ({found['patients']})"), *cells, number(found["empty"])])
        if found["randomisation"] is not None:
            for stage in found["randomisation"]["stages"]:
                ranks, alike = interval(stage["rank_correlation"]), interval(stage["similarity"])
                changes.append([text(name), text(stage["stage"]), number(ranks), number(alike)])
            last = "depends on the weights" if found["randomisation"]["depends"] else "hardly depends on the weights"
            films = found["randomisation"]["stages"][-1]["rank_correlation"]["n"]
            changes.append([text(name), f'<td colspan="3">{last} ({films} films)</td>'])
    yield table(
        "Maps against the true region, and against the score", ["Method", "Films (patients)", *COLUMNS, "Empty"], rows
    )
    yield from _called(finding)
    known = next((line["figures"] for line in finding["methods"] if line["figures"] is not None), None)
    if known is not None:
        area = f"The region takes {interval(known['area'])} of the film"
        asked = (
            f"; the score is {interval(known['score'])}, and {interval(known['score_blurred'])} of the blurred film."
        )
        yield f"<p>{escape(area + asked)}</p>"
    if changes:
        head = ["Method", "Random from the last part down to", "Rank correlation", "Structural similarity"]
        yield table("Maps of networks with random weights, against the trained network's", head, changes)


def _called(finding: Mapping[str, Any]) -> Iterator[str]:
    rows = []
    for line in finding["methods"]:
        called = line["figures"]["called"] if line["figures"] is not None else None
        if called is not None:
            cells = [number(interval(called[key])) for key in COLUMNS.values() if key in called]
            rows.append([text(line["name"]), number(called["films"]), *cells])
    if rows:
        head = [name for name, key in COLUMNS.items() if key in CALLED]
        title = f"The same, where the score is positive (from {finding['threshold']:.3f})"
        yield table(title, ["Method", "Films", *head], rows)


def _similarity(told: Mapping[str, Any]) -> Iterator[str]:
    rows = [
        [text(pair["method"]), text(pair["first"]), text(pair["second"]), number(interval(pair["correlation"]))]
        for pair in told["similarity"]
    ]
    if rows:
        yield table("Correlation of two findings' maps of one film", ["Method", "First", "Second", "Correlation"], rows)


def notes(settings: Mapping[str, Any]) -> Sequence[str]:
    """How the figures were made."""
    return (
        "Maximum inside: the pointing game (Zhang et al. 2016), with a tolerance of"
        f" {settings['tolerance']:.0%} of the film's longer side where near counts too. Mass inside: the energy-based"
        " pointing game (Wang et al. 2020). Overlap: intersection over union of the region with as large a part of the"
        " map, its highest values. An empty map misses. Noise is a map of random cells: what a map is worth that knows"
        " nothing. Intervals draw patients.",
        "Deletion and insertion (Petsiuk et al. 2018): the area under the score while a film is blurred away, or comes"
        f" back, in {settings['steps']} steps in the order of the map, on at most {settings['perturbed_films']} films;"
        f" the blur's standard deviation is {settings['blur']:.0%} of the input's longer side. Deletion is good where"
        " low, insertion where high; where the blurred film scores as high as the film, neither says anything.",
        "Random weights (Adebayo et al. 2018): parts of the network are drawn anew one after the other, from the last"
        f" to the first, on at most {settings['randomised_films']} films. A map that stays the same does not show what"
        " the network learned. It is said to depend on the weights where the mean rank correlation with that of a"
        f" wholly random network is below {settings['random_below']:g}.",
        f"Score-CAM takes the {settings['score_cam_channels']} strongest channels of a layer at most, since each costs"
        " a forward pass.",
    )
