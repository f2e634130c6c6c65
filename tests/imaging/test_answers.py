"""An answer fills gaps; it overrules nothing that a film says."""

from __future__ import annotations

import pytest

from cxrdesk.imaging.answers import Answers, age_contradicts
from cxrdesk.imaging.radiograph import Projection, View
from tests.support import film

AP, PA, LATERAL, FRONTAL = Projection.AP, Projection.PA, Projection.LATERAL, Projection.FRONTAL


def seen(part=None, projection=None):
    return View(body_part=part, projection=projection)


@pytest.mark.parametrize(
    ("says", "said", "then"),
    [
        (seen(), seen("chest", AP), seen("chest", AP)),
        (seen("chest"), seen("chest", AP), seen("chest", AP)),
        (seen(None, PA), seen("chest", PA), seen("chest", PA)),
        (seen("chest", FRONTAL), seen("chest", AP), seen("chest", AP)),
        (seen("chest", AP), seen("chest", FRONTAL), seen("chest", AP)),
        # What the film says is never replaced, and half of a wrong answer is not used.
        (seen("hip"), seen("chest", AP), seen("hip")),
        (seen("hip", AP), seen("chest", PA), seen("hip", AP)),
        (seen("chest", PA), seen("chest", AP), seen("chest", PA)),
        (seen("chest", FRONTAL), seen("chest", LATERAL), seen("chest", FRONTAL)),
        (seen(None, LATERAL), seen("chest", AP), seen(None, LATERAL)),
    ],
)
def test_views(says, said, then):
    asked = film(view=says)
    answered, what = Answers(view=said).applied(asked)
    assert answered.view == then
    assert what == (frozenset() if then == says else {"view"})
    assert answered.digest == asked.digest


def test_ages():
    unknown = film(patient_age_years=None)
    assert Answers(age_years=7.0).applied(unknown)[0].patient_age_years == 7.0
    assert Answers(age_years=7.0).applied(unknown)[1] == {"age"}
    known = film(patient_age_years=3.0)
    assert Answers(age_years=7.0).applied(known) == (known, frozenset())
    assert not age_contradicts(None, 7.0)


def test_nothing_said_is_nothing_changed():
    asked = film()
    assert Answers().applied(asked) == (asked, frozenset())
