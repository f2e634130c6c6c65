from __future__ import annotations

import numpy as np
import pytest

from cxrdesk.api import FilmScope, Projection, View
from cxrdesk.imaging.voi import Window
from cxrdesk.inference.gate import refusals
from tests.support import CHEST, NO_CHEST, film

CHILD = FilmScope(views=("chest-ap", "chest-pa"), age_years=(1.0, 6.0))
ANY = FilmScope(views=("chest-frontal",), stated_view=False)
BOTH = FilmScope(views=("chest-frontal", "chest-lateral"))
NECK = FilmScope(views=("neck-lateral",))
AP, PA, FRONTAL, LATERAL = Projection.AP, Projection.PA, Projection.FRONTAL, Projection.LATERAL


def seen(part=None, projection=None):
    return {"view": View(body_part=part, projection=projection)}


@pytest.mark.parametrize(
    ("scope", "changes", "look", "codes"),
    [
        (CHILD, {}, CHEST, []),
        (CHILD, seen("chest", FRONTAL), CHEST, []),
        (CHILD, {"modality": None}, CHEST, []),
        (CHILD, {"modality": "DX"}, CHEST, []),
        (CHILD, {"modality": "CT"}, CHEST, ["modality"]),
        (CHILD, {"modality": "US"}, NO_CHEST, ["modality", "not-a-chest-film"]),
        (CHILD, {}, NO_CHEST, ["not-a-chest-film"]),
        (CHILD, {"patient_age_years": 1.0}, CHEST, []),
        (CHILD, {"patient_age_years": 0.99}, CHEST, ["too-young"]),
        (CHILD, {"patient_age_years": 5.999}, CHEST, []),
        (CHILD, {"patient_age_years": 6.0}, CHEST, ["too-old"]),
        (CHILD, {"patient_age_years": 45.0}, CHEST, ["too-old"]),
        (CHILD, {"patient_age_years": None}, CHEST, ["age-unknown"]),
        (CHILD, {"patient_age_years": None}, NO_CHEST, ["not-a-chest-film"]),
        (CHILD, seen("chest", LATERAL), CHEST, ["wrong-view"]),
        (CHILD, seen("hip", AP), NO_CHEST, ["wrong-body-part", "not-a-chest-film"]),
        (CHILD, seen("hip", AP), CHEST, ["wrong-body-part"]),
        (CHILD, seen("hip"), CHEST, ["wrong-body-part"]),
        (CHILD, seen("chest"), CHEST, ["view-unknown"]),
        (CHILD, seen(None, AP), CHEST, ["view-unknown"]),
        (CHILD, seen(), CHEST, ["view-unknown"]),
        (CHILD, seen() | {"patient_age_years": None}, CHEST, ["view-unknown", "age-unknown"]),
        (ANY, seen(), CHEST, []),
        (ANY, {"patient_age_years": None}, CHEST, []),
        (ANY, seen(), NO_CHEST, ["not-a-chest-film"]),
        (ANY, seen("chest", LATERAL), CHEST, ["wrong-view"]),
        (ANY, seen("hip"), CHEST, ["wrong-body-part"]),
        (BOTH, seen("chest", LATERAL), NO_CHEST, []),
        (BOTH, seen("chest", PA), CHEST, []),
        (BOTH, seen("chest", PA), NO_CHEST, ["not-a-chest-film"]),
        (BOTH, seen("chest"), NO_CHEST, ["view-unknown"]),
        (NECK, seen("neck", LATERAL), NO_CHEST, []),
        (NECK, seen("chest", LATERAL), NO_CHEST, ["wrong-body-part"]),
        (NECK, seen("neck", LATERAL), CHEST, ["looks-like-a-chest"]),
        (NECK, seen("chest", PA), CHEST, ["wrong-body-part", "looks-like-a-chest"]),
        (NECK, seen(), CHEST, ["looks-like-a-chest"]),
        (NECK, seen(), NO_CHEST, ["view-unknown"]),
    ],
)
def test_films_inside_and_outside_a_scope(scope, changes, look, codes):
    reasons = refusals(film(**changes), scope, look)
    assert [reason.code for reason in reasons] == codes
    for reason in reasons:
        assert reason.text[0].isupper()
        assert reason.text.endswith((".", "?"))


@pytest.mark.parametrize(("shape", "codes"), [((128, 128), []), ((127, 128), ["too-small"]), ((128, 9), ["too-small"])])
def test_small_films(shape, codes):
    stored = np.zeros(shape, np.uint16)
    reasons = refusals(film(stored=stored, voi=Window(center=1, width=2)), CHILD, CHEST)
    assert [reason.code for reason in reasons] == codes


def test_questions_are_those_that_the_reader_could_answer():
    reasons = refusals(film(**seen(), patient_age_years=None), CHILD, CHEST)
    assert {reason.code: reason.question for reason in reasons} == {"view-unknown": "view", "age-unknown": "age"}
    answered = refusals(film(**seen("chest", AP), patient_age_years=30.0), CHILD, CHEST)
    assert [(reason.code, reason.question) for reason in answered] == [("too-old", None)]


def test_reasons_speak_as_the_window_does():
    (reason,) = refusals(film(**seen("chest", LATERAL)), CHILD, CHEST)
    assert reason.text == "The film's view is chest lateral; this reads chest AP or chest PA only."
    (reason,) = refusals(film(patient_age_years=0.6), CHILD, CHEST)
    assert reason.text == "The patient is 7 months old; this is for patients from 1 to under 6 years."


def test_ages_that_contradict_each_other_are_not_called_missing():
    note = "Patient's Age (0010,1010) and Patient's Birth Date (0010,0030) contradict each other; the age is unknown"
    unsure = film(patient_age_years=None, notes=("something else", note))
    (reason,) = [item for item in refusals(unsure, CHILD, CHEST) if item.code == "age-unknown"]
    assert reason.text.startswith(note)
    assert reason.question == "age"
