"""Calibration, fitted on a tuning split; which kind is chosen by cross-validation."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from cxrdesk.api.evidence import Calibration
from cxrdesk.imaging.errors import UserError

_EDGE = 1e-7
FOLDS = 5
FEWEST_FOR_ISOTONIC = 100
"""Films of the rarer class; with fewer a step curve follows single films."""

Fitter = Callable[[NDArray[np.int64], NDArray[np.float64], str], Calibration]


def logit(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log odds, finite."""
    p = np.clip(probabilities, _EDGE, 1 - _EDGE)
    return np.asarray(np.log(p / (1 - p)))


def temperature(labels: NDArray[np.int64], raw: NDArray[np.float64], fitted_on: str) -> Calibration:
    """Temperature scaling (Guo et al. 2017): the slope with the least negative log likelihood.

    Parameters
    ----------
    labels : ndarray of int64, shape (n,)
        0 or 1.
    raw : ndarray of float64, shape (n,)
        The model's probabilities.

    Raises
    ------
    UserError
        If one class is missing (``"one-class"``).

    Notes
    -----
    The slope is sought within ``exp(-4)..exp(4)``: where the classes do not overlap the likelihood has no maximum.
    """
    from scipy.optimize import minimize_scalar

    both_classes(labels, "calibration")
    scores, signs = logit(raw), 2.0 * labels - 1.0
    found = minimize_scalar(
        lambda s: np.logaddexp(0, -signs * scores * np.exp(s)).mean(), bounds=(-4, 4), method="bounded"
    )
    return Calibration(method="temperature", slope=float(np.exp(found.x)), fitted_on=fitted_on)


def overlap(labels: NDArray[np.int64], raw: NDArray[np.float64]) -> bool:
    """Whether some film with the finding scores below one without it, and some above one."""
    positives, negatives = raw[labels == 1], raw[labels == 0]
    return bool(positives.min() < negatives.max() and negatives.min() < positives.max())


def platt(labels: NDArray[np.int64], raw: NDArray[np.float64], fitted_on: str) -> Calibration:
    """Platt scaling: logistic regression on the log odds, without a penalty.

    Raises
    ------
    UserError
        If one class is missing (``"one-class"``), if the classes do not `overlap`, so that no finite curve fits best
        (``"separated"``), or if probabilities do not rise with the finding (``"no-rise"``).
    """
    from sklearn.linear_model import LogisticRegression

    both_classes(labels, "calibration")
    if not overlap(labels, raw):
        raise UserError("separated", "the scores of the two classes do not overlap; Platt scaling needs more films")
    model = LogisticRegression(C=np.inf).fit(logit(raw)[:, np.newaxis], labels)
    slope = float(model.coef_[0, 0])
    if slope <= 0:
        raise UserError("no-rise", f"the scores of {len(labels)} films do not rise with the finding; train for longer")
    return Calibration(method="platt", slope=slope, offset=float(model.intercept_[0]), fitted_on=fitted_on)


def isotonic(labels: NDArray[np.int64], raw: NDArray[np.float64], fitted_on: str) -> Calibration:
    """Isotonic regression (Zadrozny and Elkan 2002): the rising curve with the least squared error.

    Raises
    ------
    UserError
        ``"one-class"``; ``"too-few-films"`` under `FEWEST_FOR_ISOTONIC` films of the rarer class.

    Notes
    -----
    The ends are drawn in by Laplace's rule, so that no score becomes certainty, and flat parts keep a rise of one part
    in a million, so that the order of the films stays.
    """
    from sklearn.isotonic import IsotonicRegression

    both_classes(labels, "calibration")
    rarer = int(min(labels.sum(), len(labels) - labels.sum()))
    if rarer < FEWEST_FOR_ISOTONIC:
        raise UserError("too-few-films", f"isotonic calibration needs {FEWEST_FOR_ISOTONIC} films of each class")
    model = IsotonicRegression(out_of_bounds="clip").fit(raw, labels)
    edge = 1 / (rarer + 2)
    given = np.concatenate([[0.0], model.X_thresholds_, [1.0]])
    answers = np.clip(np.interp(given, model.X_thresholds_, model.y_thresholds_), edge, 1 - edge)
    answers = answers * (1 - 1e-6) + given * 1e-6
    keep = np.concatenate([[True], np.diff(given) > 0])
    curve = tuple((float(x), float(y)) for x, y in zip(given[keep], answers[keep], strict=True))
    return Calibration(method="isotonic", curve=curve, fitted_on=fitted_on)


KINDS: dict[str, Fitter] = {"temperature": temperature, "platt": platt, "isotonic": isotonic}
"""From the fewest free numbers to the most."""


def log_loss(labels: NDArray[np.int64], raw: NDArray[np.float64], calibration: Calibration) -> float:
    """Mean negative log likelihood of the calibrated probabilities."""
    p = np.clip([calibration.apply(float(value)) for value in raw], _EDGE, 1 - _EDGE)
    return float(-np.mean(labels * np.log(p) + (1 - labels) * np.log1p(-p)))


def chosen(labels: NDArray[np.int64], raw: NDArray[np.float64], patients: Sequence[str], fitted_on: str) -> Calibration:
    """The kind of calibration with the least log loss on patients that it was not fitted on, fitted on all.

    Parameters
    ----------
    labels : ndarray of int64, shape (n,)
    raw : ndarray of float64, shape (n,)
        The model's probabilities.
    patients : sequence of str
        Key of each film's patient; a patient's films share one of the `FOLDS` folds.

    Raises
    ------
    UserError
        If one class is missing (``"one-class"``). A kind that cannot be fitted is not chosen.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    both_classes(labels, "calibration")
    groups = np.asarray(patients)
    per_class = [len(set(groups[labels == value])) for value in (0, 1)]
    folds = min(FOLDS, *per_class)
    if folds < 2:
        return temperature(labels, raw, fitted_on)
    splits = list(StratifiedGroupKFold(folds, shuffle=True, random_state=0).split(raw, labels, groups))
    losses: dict[str, float] = {}
    for name, fit in KINDS.items():
        try:
            parts = [log_loss(labels[test], raw[test], fit(labels[seen], raw[seen], "")) for seen, test in splits]
            fit(labels, raw, "")
        except UserError:
            # Too few films for this kind, or classes that do not overlap: the simpler ones remain.
            continue
        losses[name] = float(np.average(parts, weights=[len(test) for _, test in splits]))
    best = min(losses, key=lambda name: losses[name])
    others = [name for name in losses if name != best]
    why = (
        f"better than {' and '.join(others)} by {folds}-fold cross-validation" if others else "the only kind that fits"
    )
    return KINDS[best](labels, raw, f"{fitted_on}; {best}, {why}")


def both_classes(labels: NDArray[np.int64], what: str) -> None:
    """Refuse labels of one class only (``"one-class"``)."""
    if not 0 < int(labels.sum()) < len(labels):
        text = f"{what} needs films with the finding and without; {int(labels.sum())} of {len(labels)} have it"
        raise UserError("one-class", text)
