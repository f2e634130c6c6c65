"""Figures as SVG, the same bytes for the same numbers."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe and Ito's palette, which people with a colour vision deficiency can tell apart; lines differ in dashes too."""
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)), (0, (2, 2)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
_REFERENCE = {"color": "#5a5a5a", "linewidth": 1.3, "zorder": 1}
_LONGEST_NAME = 70
_STYLE: dict[Any, Any] = {
    "svg.hashsalt": "cxrdesk",
    "svg.fonttype": "path",
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e4e4e4",
    "legend.fontsize": 9,
    "legend.framealpha": 0.9,
    # Names of bundles and of operating points are text, dollar signs too.
    "text.parse_math": False,
}

Curves = Sequence[tuple[str, Mapping[str, Any]]]
"""Name of each detector with its ``figures``."""


def svg(curves: Curves, *, prefix: str, label: str) -> str:
    """ROC, precision-recall, reliability and decision curves, for HTML.

    Parameters
    ----------
    prefix : str
        Put before every id, so that the ids of several figures on one page differ.
    label : str
        What a screen reader says.
    """
    import matplotlib as mpl

    buffer = io.StringIO()
    with mpl.rc_context(_STYLE):
        draw(curves).savefig(buffer, format="svg", metadata={"Date": None})
    text = buffer.getvalue()
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text[text.index("<svg") :], flags=re.DOTALL)
    text = re.sub(r'\bid="', f'id="{prefix}-', text)
    text = re.sub(r'href="#', f'href="#{prefix}-', text)
    text = text.replace("url(#", f"url(#{prefix}-")
    return text.replace("<svg", f'<svg role="img" aria-label="{escape(label)}"', 1)


def draw(curves: Curves) -> Any:
    """The figure; a matplotlib Figure of four panels."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.6, 9.0), layout="constrained")
    axes = figure.subplots(2, 2)
    for panel, axis in zip((_roc, _precision_recall, _reliability, _decision), axes.flat, strict=True):
        panel(axis, curves)
    if len(curves) > 1:
        lines = axes[0, 0].get_lines()[1 : 1 + len(curves)]
        figure.legend(lines, [_short(name) for name, _ in curves], loc="outside lower center")
    return figure


def _short(name: str) -> str:
    """The end of a long path, which tells bundles apart."""
    return name if len(name) <= _LONGEST_NAME else f"...{name[3 - _LONGEST_NAME :]}"


def _style(k: int) -> dict[str, Any]:
    return {"color": COLOURS[k % len(COLOURS)], "linestyle": DASHES[k % len(DASHES)], "linewidth": 1.8}


def _unit(axis: Any, x: str, y: str, title: str) -> None:
    axis.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xlabel=x, ylabel=y, title=title)
    axis.set_box_aspect(1)


def _told(word: str, estimate: Mapping[str, float]) -> str:
    return f"{word} {estimate['value']:.3f}"


def _roc(axis: Any, curves: Curves) -> None:
    axis.plot([0, 1], [0, 1], linestyle=":", **_REFERENCE)
    for k, (_, figures) in enumerate(curves):
        axis.plot(figures["roc"]["x"], figures["roc"]["y"], label=_told("AUC", figures["auc"]), **_style(k))
    for k, (_, figures) in enumerate(curves):
        for j, point in enumerate(figures["points"]):
            place = (1 - point["specificity"]["value"], point["sensitivity"]["value"])
            alone = f"{point['name']}, at {point['threshold']:.3f}" if len(curves) == 1 else None
            look = {"color": COLOURS[k % len(COLOURS)], "markersize": 8, "markeredgecolor": "white", "zorder": 3}
            axis.plot(*place, MARKERS[j % len(MARKERS)], label=alone, clip_on=False, **look)
    _unit(axis, "1 - specificity", "sensitivity", "ROC, with the operating points")
    axis.legend(loc="lower right")


def _precision_recall(axis: Any, curves: Curves) -> None:
    for k, (_, figures) in enumerate(curves):
        curve = figures["precision_recall"]
        axis.step(
            curve["x"],
            curve["y"],
            where="pre",
            label=_told("average precision", figures["average_precision"]),
            **_style(k),
        )
        axis.axhline(curve["y"][-1], linestyle=":", **_REFERENCE)
    _unit(axis, "recall (sensitivity)", "precision, at these films' prevalence", "Precision and recall")
    axis.legend(loc="lower left")


def _reliability(axis: Any, curves: Curves) -> None:
    axis.plot([0, 1], [0, 1], linestyle=":", **_REFERENCE)
    for k, (_, figures) in enumerate(curves):
        bins = figures["reliability"]
        spread = [
            [b["share"]["value"] - b["share"]["low"] for b in bins],
            [b["share"]["high"] - b["share"]["value"] for b in bins],
        ]
        axis.errorbar(
            [b["mean_probability"] for b in bins],
            [b["share"]["value"] for b in bins],
            yerr=spread,
            marker=MARKERS[k % len(MARKERS)],
            markersize=5,
            capsize=2,
            elinewidth=0.9,
            label=_told("calibration error", figures["calibration_error"]),
            **_style(k) | {"linewidth": 1.1},
        )
    _unit(axis, "probability said", "share with the finding", "Reliability")
    axis.legend(loc="best")


def _decision(axis: Any, curves: Curves) -> None:
    top = 0.0
    for k, (_, figures) in enumerate(curves):
        decision = figures["decision"]
        axis.plot(decision["threshold"], decision["score"], label="act on the score" if k == 0 else None, **_style(k))
        top = max(top, *decision["score"], decision["all"][0])
        all_of_them = "act on all" if k == 0 else None
        axis.plot(decision["threshold"], decision["all"], linestyle="--", label=all_of_them, **_REFERENCE)
    axis.axhline(0, linestyle="-", label="act on none", **_REFERENCE)
    axis.set(xlim=(0, 1), ylim=(-0.35 * top, 1.1 * top), xlabel="probability at which one would act")
    axis.set(ylabel="net benefit, at these films' prevalence", title="Decision curve")
    axis.set_box_aspect(1)
    axis.legend(loc="best")
