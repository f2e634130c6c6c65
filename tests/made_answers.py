"""Answers of detectors that nobody ran, for tests of reports."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cxrdesk.evaluation.datasets import Row
from cxrdesk.evaluation.film_sets import FilmSet
from cxrdesk.evaluation.report.content import Measured
from cxrdesk.evaluation.run import Answer
from cxrdesk.imaging.radiograph import Projection, View
from tests import support

VIEW = View(body_part="chest", projection=Projection.AP)
PATIENT = "Quixotella"
"""Part of every patient's key, which must appear in no report."""


def rows(n: int = 120, folder: Path = Path("films")) -> list[Row]:
    """Two films a patient, every third with pneumonia, mostly of boys and girls of 1 to 5 years."""
    return [
        Row(
            path=folder / f"{k}.png",
            dataset="made",
            patient=f"{PATIENT}{k // 2}",
            view=VIEW,
            labels={"pneumonia": int(k % 3 == 0)},
            age_years=1.0 + k % 5 if k < n - 6 else 50.0,
            sex="MF"[k // 2 % 2],
        )
        for k in range(n)
    ]


def measured(films: list[Row], *, name: str = "first", seed: int = 0, external: bool = False, **about) -> Measured:
    """Scores that rise with the finding; film 0 refused, film 1 unreadable, film 2 failed."""
    rng = np.random.default_rng(seed)
    scores = np.clip([0.35 * row.labels["pneumonia"] + rng.uniform(0, 0.65) for row in films], 0, 1)
    lost = {0: ("refused", "too-old"), 1: ("unreadable", "truncated"), 2: ("failed", "model-failed")}
    answers = []
    for k, row in enumerate(films):
        if k in lost:
            answers.append(Answer(row=row, status=lost[k][0], code=lost[k][1]))
            continue
        said = {"pneumonia": float(scores[k])}
        told = {
            "no_call": {"pneumonia": about.get("no_call", ())},
            "view": row.view,
            "age_years": row.age_years,
            "sex": row.sex,
        }
        answers.append(Answer(row=row, status="done", raw=said, probability=said, **told))
    spec = about.pop("spec", None) or support.detector_spec(
        operating_points=(support.point(name="sensitive", threshold=0.3), support.point(threshold=0.5))
    )
    refs = [f"line {k + 2} of labels.csv" for k in range(len(films))]
    film_set = FilmSet(rows=films, name="report split", dataset="made", external=external, refs=refs)
    return Measured(name=name, spec=spec, manifest=about.get("manifest", {}), films=film_set, answers=answers)
