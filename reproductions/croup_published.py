"""What the printed figures of the croup classifier come to when they are computed again from its printed matrix.

Vetrimani, Arulselvi and Ramesh, 2023, print a confusion matrix and six figures. A matrix can be read with the truth in
its rows or in its columns, and either class can be the one that is looked for; each figure is set beside all readings.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Matrix = tuple[tuple[int, int], tuple[int, int]]

MATRIX: Matrix = ((93, 7), (3, 239))
TEST_FILMS = (100, 242)
"""Films of croup and others that the paper says it tested on."""
PRINTED = {
    "accuracy": 97.66,
    "sensitivity": 96.88,
    "specificity": 97.15,
    "f1": 95.31,
    "precision": 97.31,
    "recall": 93.11,
}
"""In per cent."""
DECIMALS = 2


def figures(matrix: Matrix) -> dict[str, float]:
    """Shares in per cent from counts with the truth in rows, the class that is looked for first."""
    (tp, fn), (fp, tn) = matrix
    return {
        "accuracy": 100 * (tp + tn) / (tp + fn + fp + tn),
        "sensitivity": 100 * tp / (tp + fn),
        "specificity": 100 * tn / (fp + tn),
        "f1": 100 * 2 * tp / (2 * tp + fn + fp),
        "precision": 100 * tp / (tp + fp),
        "recall": 100 * tp / (tp + fn),
    }


def readings(matrix: Matrix) -> dict[str, dict[str, float]]:
    """`figures` of every reading, and of both classes' mean where the truth is in the rows."""
    rows = figures(matrix)
    other = figures(_swapped(matrix))
    return {
        "rows are the truth": rows,
        "columns are the truth": figures(_turned(matrix)),
        "rows are the truth, the other class": other,
        "columns are the truth, the other class": figures(_swapped(_turned(matrix))),
        "rows are the truth, mean of both classes": {name: (rows[name] + other[name]) / 2 for name in rows},
    }


def _turned(matrix: Matrix) -> Matrix:
    (a, b), (c, d) = matrix
    return (a, c), (b, d)


def _swapped(matrix: Matrix) -> Matrix:
    (a, b), (c, d) = matrix
    return (d, c), (b, a)


def recomputed(
    matrix: Matrix = MATRIX, printed: Mapping[str, float] = PRINTED, tested: tuple[int, int] = TEST_FILMS
) -> dict[str, Any]:
    """Every reading's figures, and which of them each printed figure follows from, as JSON types.

    Parameters
    ----------
    printed : mapping
        Figure of `figures` to per cent with `DECIMALS` places.
    tested : (int, int)
        Stated numbers of films of both classes; they tell which reading is right.

    Returns
    -------
    dict
        ``truth``, the reading whose counts are those stated, or None; ``readings``; ``printed``, for each figure its
        value, the ``follows_from`` readings that give it, and the ``count`` of films that would (None if none does).
    """
    told = readings(matrix)
    counts = {"rows are the truth": matrix, "columns are the truth": _turned(matrix)}
    truth = [name for name, counted in counts.items() if tuple(map(sum, counted)) == tested]
    return {
        "matrix": [list(row) for row in matrix],
        "truth": truth[0] if len(truth) == 1 else None,
        "readings": {name: {k: round(v, DECIMALS) for k, v in found.items()} for name, found in told.items()},
        "printed": {
            name: {
                "value": value,
                "follows_from": [key for key, found in told.items() if round(found[name], DECIMALS) == value],
                "count": _count(value, sum(map(sum, matrix))),
            }
            for name, value in printed.items()
        },
    }


def _count(value: float, films: int) -> str | None:
    """How many of all films a share would be, where a whole number gives it."""
    hits = round(value * films / 100)
    return f"{hits} of {films}" if round(100 * hits / films, DECIMALS) == value else None
