"""When an answer completes a film, and when it contradicts it."""

from __future__ import annotations

import pytest

from cxrdesk.api import Projection, View
from cxrdesk.cli.answers import GivenAnswers, parse_answers
from cxrdesk.imaging.errors import FilmError, UserError
from tests import support

AP, PA = Projection.AP, Projection.PA


@pytest.mark.parametrize(
    ("film", "said"), [(3.0, 3.0), (3.9, 3.0), (3.4, 3.6), (3.9, 4.1), (0.05, 0.0), (0.05, 0.4), (44.9, 44.0)]
)
def test_ages_that_agree_leave_the_films(film, said):
    made, answered = GivenAnswers(age_years=said).checked(support.film(patient_age_years=film), "x")
    assert made.patient_age_years == film
    assert answered == frozenset()


@pytest.mark.parametrize(("film", "said"), [(44.0, 3.0), (3.0, 44.0), (0.05, 1.0), (1.0, 0.1), (5.0, 6.0), (3.0, 0.0)])
def test_ages_that_do_not(film, said):
    with pytest.raises(FilmError) as error:
        GivenAnswers(age_years=said).checked(support.film(patient_age_years=film), "x.dcm")
    assert error.value.code == "age-contradicts"
    assert "x.dcm" in error.value.text


@pytest.mark.parametrize(
    ("film", "said", "used"),
    [
        (View(), "chest-ap", View(body_part="chest", projection=AP)),
        (View(body_part="chest"), "chest-pa", View(body_part="chest", projection=PA)),
        (View(projection=AP), "chest-ap", View(body_part="chest", projection=AP)),
        (View(body_part="chest", projection=AP), "chest-ap", View(body_part="chest", projection=AP)),
        (View(body_part="chest", projection=AP), "chest-frontal", View(body_part="chest", projection=AP)),
        (View(body_part="chest", projection=Projection.FRONTAL), "chest-pa", View(body_part="chest", projection=PA)),
        (View(projection=AP), "CHEST-Frontal", View(body_part="chest", projection=AP)),
    ],
)
def test_views_that_agree(film, said, used):
    made, answered = parse_answers(None, said).checked(support.film(view=film), "x")
    assert made.view == used
    assert answered == (frozenset() if film == used else frozenset({"view"}))


@pytest.mark.parametrize(
    ("film", "said"),
    [
        (View(body_part="hip"), "chest-ap"),
        (View(body_part="chest", projection=AP), "chest-pa"),
        (View(projection=Projection.LATERAL), "chest-frontal"),
        (View(body_part="chest", projection=Projection.FRONTAL), "chest-lateral"),
    ],
)
def test_views_that_do_not(film, said):
    with pytest.raises(FilmError) as error:
        parse_answers(None, said).checked(support.film(view=film), "x")
    assert error.value.code == "view-contradicts"


def test_no_answer_changes_nothing():
    film = support.film()
    assert GivenAnswers().checked(film, "x") == (film, frozenset())


@pytest.mark.parametrize(("age", "view"), [(-1.0, None), (float("nan"), None), (float("inf"), None), (None, "chest-x")])
def test_what_is_no_answer(age, view):
    with pytest.raises(UserError) as error:
        parse_answers(age, view)
    assert error.value.code == "usage"
