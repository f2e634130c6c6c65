"""Sentences of the screen."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxrdesk.api.evidence import Calibration, Evidence
from cxrdesk.api.spec import FilmScope
from cxrdesk.imaging.radiograph import Projection, View
from cxrdesk.imaging.words import age_range_text, age_text, view_text, view_words
from cxrdesk.inference.result import Call
from cxrdesk.ui import film_words, words
from cxrdesk.ui.panels import card_content
from tests.ui.fakes import POINTS, saliency, scored


@pytest.mark.parametrize(
    ("typed", "years"),
    [
        ("3", 3),
        ("3.5", 3.5),
        (" 3,5 years", 3.5),
        ("7 months", 7 / 12),
        ("007M", 7 / 12),
        ("2w", 14 / 365.25),
        ("0", 0),
    ],
)
def test_ages_as_people_type_them(typed: str, years: float) -> None:
    assert film_words.parse_age(typed) == pytest.approx(years)


@pytest.mark.parametrize("typed", ["", "-1", "three", "3 4", "126", "1e2", "3.", "nan", "²"])
def test_what_is_no_age(typed: str) -> None:
    assert film_words.parse_age(typed) is None


@pytest.mark.parametrize(
    ("years", "told"),
    [(None, "Age unknown"), (3.9, "3 years"), (7 / 12, "7 months"), (1 / 12, "1 month"), (0.01, "0 months")],
)
def test_ages_are_told_in_full_years_or_months(years: float | None, told: str) -> None:
    assert age_text(years) == told


@pytest.mark.parametrize(
    ("ages", "told"),
    [((1, 6), "from 1 to under 6 years"), ((0.5, 3.0), "from 6 months to under 3 years"), ((0, 18), "under 18 years"),
     ((18.0, 120.0), "from 18 to under 120 years"), ((0.25, 0.5), "from 3 to under 6 months")],
)  # fmt: skip
def test_ranges_of_age_are_told_plainly(ages: tuple[float, float], told: str) -> None:
    assert age_range_text(tuple(map(float, ages))) == told


@pytest.mark.parametrize("typed", ["560", "1200", "-1", "three", "3 4", "1e2", "²", "200 years"])
def test_what_is_no_age_is_told_why(typed: str) -> None:
    assert film_words.parse_age(typed) is None
    assert film_words.age_problem(typed)


@pytest.mark.parametrize("typed", ["", "  ", "3", "3.", "7 m", "7 mo", "7 mon", "7 month", "12 w", "3.5 yea"])
def test_an_age_that_is_being_typed_is_not_complained_about(typed: str) -> None:
    assert film_words.age_problem(typed) == ""


@pytest.mark.parametrize(
    ("text", "films", "why"),
    [
        ("400 films; temperature of temperature, platt, isotonic, by 5-fold cross-validation", "400 films",
         "Temperature scaling was better than Platt scaling and isotonic regression by 5-fold cross-validation."),
        ("400 films; platt of temperature, platt, by 5-fold cross-validation", "400 films",
         "Platt scaling was better than temperature scaling by 5-fold cross-validation."),
        ("9 films; temperature of temperature, by 5-fold cross-validation", "9 films",
         "Temperature scaling is the only kind that could be fitted."),
        ("a; b split; platt, better than temperature by 3-fold cross-validation", "a; b split",
         "Platt scaling was better than temperature scaling by 3-fold cross-validation."),
        ("9 films; platt, better than temperature by 3-fold cross-validation.", "9 films",
         "Platt scaling was better than temperature scaling by 3-fold cross-validation."),
        ("9 films; temperature, the only kind that fits", "9 films",
         "Temperature scaling is the only kind that could be fitted."),
        ("the tuning films.", "the tuning films", ""),
        ("", "", ""),
    ],
)  # fmt: skip
def test_how_a_calibration_was_chosen_is_told_in_words(text: str, films: str, why: str) -> None:
    assert words.fitted_words(Calibration(method="platt", fitted_on=text)) == (films, why)


@given(st.floats(0, 1))
def test_a_share_is_never_rounded_to_all_or_nothing(share: float) -> None:
    told = words.percent(share)
    assert (told in ("0.0\u00a0%", "0\u00a0%")) == (share == 0)
    assert (told.startswith("100")) == (share == 1)


def test_views() -> None:
    assert view_text(View(body_part="chest", projection=Projection.AP)) == "Chest AP"
    assert view_text(View(body_part="chest")) == "Chest, projection unknown"
    assert view_text(View()) == "View unknown"
    assert view_text(View(body_part="chest", projection=Projection.FRONTAL)) == "Chest frontal (AP or PA not stated)"
    assert view_words(View(body_part="neck", projection=Projection.LATERAL)) == "neck lateral"


def test_an_uncalibrated_score_is_not_called_a_probability() -> None:
    (finding,) = scored("a", 0.4, Call.INDETERMINATE).findings
    raw = replace(finding, calibration="none")
    assert "robability" not in words.probability_text(raw, Evidence.INTERNAL)
    assert "robability" not in words.probability_text(raw, Evidence.SYNTHETIC)
    assert "not calibrated" in words.calibration_text(raw, None)


def test_a_probability_says_that_no_patients_stand_behind_it() -> None:
    (finding,) = scored("a", 0.4, Call.INDETERMINATE).findings
    assert words.probability_text(finding, Evidence.INTERNAL) == "Calibrated probability 0.400"
    assert words.probability_text(finding, Evidence.SYNTHETIC) == "Calibrated probability 0.400 among simulated films"


def test_an_answer_about_several_films_says_so() -> None:
    assert card_content.of_detector(scored("a", 0.4, Call.INDETERMINATE), {}, "").told == ""
    both = replace(scored("a", 0.4, Call.INDETERMINATE), films=("a", "b"))
    assert "2 films" in card_content.of_detector(both, {}, "").told


def test_predictive_values_need_a_call_and_a_prevalence() -> None:
    point = POINTS[0]
    assert words.predictive_text(point, 0.1, Call.INDETERMINATE) is None
    assert words.predictive_text(point, 0.0, Call.POSITIVE) is None
    # Bayes' theorem by counting 10 000 patients.
    sick, well = 1000, 9000
    positive = sick * point.sensitivity.value + well * (1 - point.specificity.value)
    told = words.predictive_text(point, 0.1, Call.POSITIVE)
    assert told is not None
    assert words.percent(sick * point.sensitivity.value / positive) in told


def test_figures_that_nobody_published_are_not_made_up() -> None:
    bare = replace(POINTS[0], sensitivity=None, specificity=None)
    assert words.predictive_text(bare, 0.1, Call.POSITIVE) is None
    assert words.operating_point_lines(bare)[1:3] == ["Sensitivity not published", "Specificity not published"]


def test_evidence_is_claimed_until_measured_here() -> None:
    for level in Evidence:
        assert level.value in words.evidence_badge(level)
    assert "claimed" in words.evidence_badge(Evidence.EXTERNAL)
    assert "claimed" not in words.evidence_badge(Evidence.SYNTHETIC)


def test_lung_share() -> None:
    nowhere, half = replace(saliency(), lung_share=None), replace(saliency(), lung_share=0.5)
    chest, neck = FilmScope(views=("chest-frontal", "chest-lateral")), FilmScope(views=("neck-ap",))
    assert words.lung_share_text([nowhere], chest) == "The map was made without a lung outline."
    empty = replace(nowhere, map=saliency(peak=0.0).map)
    assert words.lung_share_text([empty], chest) == "The map marks nothing."
    assert words.lung_share_text([empty, nowhere], chest) == "The map was made without a lung outline."
    assert words.lung_share_text([half, nowhere], chest).startswith("50")
    assert words.lung_share_text([half, nowhere], chest).count("lungs") == 1
    assert words.lung_share_text([nowhere], neck) == ""


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.0, "0.000"), (0.0004, "under 0.001"), (0.0005, "0.001"), (0.5, "0.500"), (0.9994, "0.999"),
     (0.9996, "over 0.999"), (1.0, "1.000")],
)  # fmt: skip
def test_a_share_is_never_nothing_or_all_that_is_neither(share, text):
    assert words.share_text(share) == text
