"""Which film hangs where."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from cxrdesk.imaging.radiograph import Projection
from cxrdesk.ui.viewer.hanging import Hung, hang, newest_frontal, other_side, prior, why_no_prior

NEW = Hung(key="new", patient="A", study="3", day=date(2024, 5, 1), projection=Projection.PA, body_part="chest")
NEW_SIDE = replace(NEW, key="new side", projection=Projection.LATERAL)
OLD = replace(NEW, key="old", study="2", day=date(2023, 2, 1), projection=Projection.AP)
OLD_SIDE = replace(OLD, key="old side", projection=Projection.LATERAL)
OLDEST = replace(NEW, key="oldest", study="1", day=date(2020, 1, 1))
STRANGER = replace(OLD, key="stranger", patient="B", study="9")
ALL = [STRANGER, OLDEST, OLD_SIDE, OLD, NEW_SIDE, NEW]


def test_the_newest_frontal_of_the_patient() -> None:
    assert [newest_frontal(ALL, film.key) for film in (NEW, OLD, OLDEST, NEW_SIDE)] == [NEW] * 4


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("new", ["new", "old"]),
        ("old", ["old", "oldest"]),  # the film on the screen stays, with its own prior
        ("oldest", ["old", "oldest"]),  # without one it is the prior itself
        ("new side", ["new side", "old side"]),
        ("old side", ["new side", "old side"]),
        ("stranger", ["stranger", None]),
    ],
)
def test_two_panes_keep_the_film_on_the_screen(key: str, expected: list[str | None]) -> None:
    assert hang(ALL, key, panes=2) == expected


def test_four_panes_have_the_laterals_below() -> None:
    for key in ("new", "old", "new side", "old side"):
        assert hang(ALL, key, panes=4) == ["new", "old", "new side", "old side"]
    assert hang([OLD, NEW, NEW_SIDE], "new", panes=4) == ["new", "old", "new side", None]
    assert hang([NEW, NEW_SIDE], "new side", panes=4) == ["new", None, "new side", None]


def test_four_panes_are_filled_with_the_patients_other_films() -> None:
    assert hang([NEW, OLDEST, OLD, STRANGER], "oldest", panes=4) == ["new", "old", "oldest", None]
    assert hang([OLDEST, NEW_SIDE, OLD, NEW], "new", panes=4) == ["new", "old", "new side", "oldest"]


@pytest.mark.parametrize("panes", [1, 2, 4])
@pytest.mark.parametrize("key", [film.key for film in ALL])
def test_the_film_on_the_screen_never_vanishes(key: str, panes: int) -> None:
    hung = hang(ALL, key, panes=panes)
    assert key in hung
    assert len(hung) == panes
    found = [name for name in hung if name is not None]
    assert len(set(found)) == len(found)
    patients = {film.patient for film in ALL if film.key in found}
    assert len(patients) == 1


def test_one_pane_keeps_the_film() -> None:
    assert hang(ALL, "old side", panes=1) == ["old side"]


def test_without_a_prior_the_lateral_hangs_beside() -> None:
    assert hang([NEW_SIDE, NEW, STRANGER], "new", panes=2) == ["new", "new side"]
    assert hang([NEW_SIDE, NEW, STRANGER], "new side", panes=2) == ["new", "new side"]
    assert hang([NEW, STRANGER], "new", panes=2) == ["new", None]


def test_what_is_missing_for_a_prior_is_told() -> None:
    assert "whose it is" in why_no_prior([replace(NEW, patient=None)], "new")
    assert "no study date" in why_no_prior([replace(NEW, day=None)], "new")
    assert "No older film" in why_no_prior([NEW, STRANGER], "new")


def test_a_prior_is_the_same_patients_same_side_and_really_older() -> None:
    assert prior(ALL, "new") is OLD
    assert prior(ALL, "new side") is OLD_SIDE
    assert prior(ALL, "old") is OLDEST
    assert prior(ALL, "oldest") is None
    assert prior([NEW, replace(OLD, day=NEW.day)], "new") is None  # of the same day: neither is older
    assert prior([NEW, replace(OLD, day=None)], "new") is None
    assert prior([NEW, replace(OLD, body_part="hip")], "new") is None
    assert prior([NEW, replace(OLD, body_part=None)], "new") is not None


def test_nobodys_film_has_neither_prior_nor_companion() -> None:
    nobody = [replace(film, patient=None) for film in (NEW, OLD)]
    assert prior(nobody, "new") is None
    assert hang(nobody, "new", panes=2) == ["new", None]
    assert other_side([replace(NEW, study=None), replace(NEW_SIDE, study=None)], "new") is None


def test_other_side_is_of_the_same_study() -> None:
    assert other_side(ALL, "new") is NEW_SIDE
    assert other_side(ALL, "old side") is OLD
    assert other_side([NEW, OLD_SIDE], "new") is None
