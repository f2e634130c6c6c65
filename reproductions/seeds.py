"""Figures of one kind of training over its seeds, with intervals; two kinds against each other on the same films."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxrdesk.evaluation.delong import same_films
from cxrdesk.evaluation.intervals import by_patient

Scores = NDArray[np.float64]
Labels = NDArray[Any]


def areas(labels: Labels, scores: Scores) -> NDArray[np.float64]:
    """Areas under the ROC curves of several scores on the same films, by midranks; NaN where a class is missing.

    Parameters
    ----------
    labels : ndarray, shape (n,)
        0 or 1.
    scores : ndarray of float64, shape (k, n)
    """
    from scipy.stats import rankdata

    m = int(labels.sum())
    n = len(labels) - m
    if not m or not n:
        return np.full(len(scores), np.nan)
    ranks = rankdata(scores, axis=1)[:, labels == 1].sum(axis=1)
    return np.asarray((ranks - m * (m + 1) / 2) / (m * n))


def mean_areas(labels: Labels, scores: Scores) -> NDArray[np.float64]:
    """Of each training its area, the mean over findings where there are several.

    Parameters
    ----------
    labels : ndarray, shape (n,) or (n, findings)
        A finding that all films have, or none, does not count.
    scores : ndarray of float64, shape (seeds, n) or (seeds, n, findings)
    """
    if labels.ndim == 1:
        return areas(labels, scores)
    told = [k for k in range(labels.shape[1]) if 0 < labels[:, k].sum() < len(labels)]
    return np.mean([areas(labels[:, k], scores[:, :, k]) for k in told], axis=0)


def over_seeds(
    labels: Labels, scores: Scores, patients: Sequence[str], thresholds: Sequence[float]
) -> dict[str, dict[str, float]]:
    """Area, accuracy, sensitivity and specificity: mean over seeds, its interval over patients, deviation over seeds.

    Parameters
    ----------
    labels : ndarray, shape (n,)
    scores : ndarray of float64, shape (seeds, n)
    thresholds : sequence of float
        Of each seed; positive at or above it.
    """
    right = (scores >= np.asarray(thresholds)[:, np.newaxis]) == (labels == 1)
    sick, well = labels == 1, labels == 0
    return {
        "auc": spread(lambda i: areas(labels[i], scores[:, i]), patients),
        "accuracy": spread(lambda i: right[:, i].mean(axis=1), patients),
        "sensitivity": spread(lambda i: _share(right[:, i], sick[i]), patients),
        "specificity": spread(lambda i: _share(right[:, i], well[i]), patients),
    }


def _share(right: NDArray[np.bool_], of: NDArray[np.bool_]) -> NDArray[np.float64]:
    return right[:, of].mean(axis=1) if of.any() else np.full(len(right), np.nan)


def spread(
    each: Callable[[NDArray[np.int64]], NDArray[np.float64]], patients: Sequence[str], *, signed: bool = False
) -> dict[str, float]:
    """A figure 0..1 of each seed, from indices of films: mean, bootstrap interval of the mean, deviation over seeds.

    Parameters
    ----------
    signed : bool
        Whether the figure is a difference, -1..1.
    """
    moved, scale = (1.0, 0.5) if signed else (0.0, 1.0)
    found = by_patient(lambda i: float((each(i).mean() + moved) * scale), patients)
    told = {key: round(getattr(found, key) / scale - moved, 4) for key in ("value", "low", "high")}
    seeds = each(np.arange(len(patients)))
    return told | {"deviation": round(float(np.std(seeds, ddof=1)), 4) if len(seeds) > 1 else 0.0, "seeds": len(seeds)}


def difference(labels: Labels, first: Scores, second: Scores, patients: Sequence[str]) -> dict[str, float]:
    """The first's area less the second's, seed by seed; the mean area where there are several findings.

    Parameters
    ----------
    labels : ndarray, shape (n,) or (n, findings)
    first, second : ndarray of float64, shape (seeds, n) or (seeds, n, findings)
    """
    return spread(
        lambda i: mean_areas(labels[i], first[:, i]) - mean_areas(labels[i], second[:, i]), patients, signed=True
    )


def paired(labels: Labels, first: Scores, second: Scores, patients: Sequence[str]) -> dict[str, Any]:
    """DeLong's test of two scores on the films that both have, and the same difference over resampled patients.

    DeLong's test takes films as independent; where a patient has several, the interval over patients is the one to go
    by.

    Parameters
    ----------
    labels : ndarray, shape (n,)
    first, second : ndarray of float64, shape (n,)
        NaN where a film was refused.
    """
    both = np.isfinite(first) & np.isfinite(second)
    labels, first, second = labels[both], first[both], second[both]
    first_auc, second_auc, found = same_films(labels, first, second)
    kept = [patient for patient, wanted in zip(patients, both, strict=True) if wanted]
    resampled = difference(labels, first[np.newaxis], second[np.newaxis], kept)
    return {
        "films": len(labels),
        "refused": int((~both).sum()),
        "first_auc": round(first_auc, 4),
        "second_auc": round(second_auc, 4),
        **{key: value if value is None else float(f"{value:.4g}") for key, value in asdict(found).items()},
        "by_patient": {key: resampled[key] for key in ("low", "high")},
    }
