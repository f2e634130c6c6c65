"""Annotations as graphic objects, against the standard's own words and highdicom's checks."""

from __future__ import annotations

import pytest

from cxrdesk.imaging.measure import Scale
from cxrdesk.studies.annotations import Annotation, Kind
from cxrdesk.ui.viewer.tools.graphics import graphics
from cxrdesk.ui.viewer.tools.values import Subject

SUBJECT = Subject(scale=Scale(row=0.2, col=0.2, unit="mm", source="imager"))


def of(kind: Kind, *points: tuple[float, float], **changes: object):
    return graphics([Annotation(kind=kind, points=points, **changes)], SUBJECT)  # type: ignore[arg-type]


def test_a_length_is_a_line_with_its_value_beside() -> None:
    (line,), (text,) = of(Kind.LENGTH, (40.0, 60.0), (10.0, 20.0))
    assert (line.kind, line.points) == ("POLYLINE", ((40.0, 60.0), (10.0, 20.0)))
    assert (text.text, text.anchor) == ("10.0 mm at the detector", (40.0, 60.0))


@pytest.mark.parametrize(
    ("corners", "axes"),
    [
        (((10.0, 20.0), (50.0, 40.0)), ((10.0, 30.0), (50.0, 30.0), (30.0, 20.0), (30.0, 40.0))),
        (((50.0, 90.0), (10.0, 20.0)), ((30.0, 20.0), (30.0, 90.0), (10.0, 55.0), (50.0, 55.0))),
    ],
)
def test_an_ellipse_is_told_by_its_longer_axis_first(corners, axes) -> None:
    (drawn,), _ = of(Kind.ELLIPSE, *corners)
    assert (drawn.kind, drawn.points) == ("ELLIPSE", axes)


def test_a_rectangle_closes() -> None:
    (drawn,), _ = of(Kind.RECTANGLE, (10.0, 20.0), (50.0, 40.0))
    assert drawn.points == ((10.0, 20.0), (50.0, 20.0), (50.0, 40.0), (10.0, 40.0), (10.0, 20.0))


def test_an_arrow_has_its_head_at_the_tip() -> None:
    (shaft, head), texts = of(Kind.ARROW, (0.0, 0.0), (100.0, 0.0))
    assert shaft.points == ((0.0, 0.0), (100.0, 0.0))
    assert head.points[1] == (100.0, 0.0)
    assert [x for x, _ in head.points[::2]] == pytest.approx([81.73, 81.73], abs=0.01)
    assert head.points[0][1] == pytest.approx(-head.points[2][1])
    assert texts == ()


def test_text_and_ratio() -> None:
    drawn, (text,) = of(Kind.TEXT, (5.0, 6.0), text="Nodule?")
    assert drawn == ()
    assert (text.text, text.anchor) == ("Nodule?", (5.0, 6.0))
    drawn, (text,) = of(Kind.CARDIOTHORACIC, (30.0, 50.0), (80.0, 60.0), (10.0, 80.0), (110.0, 80.0))
    assert len(drawn) == 4
    assert text.text.startswith("CTR 0.50\nheart 10.0, chest 20.0 mm at the detector")


def test_a_proposal_says_so_in_other_viewers_too() -> None:
    heart, chest = ((30.0, 50.0), (80.0, 60.0)), ((10.0, 80.0), (110.0, 80.0))
    _, (text,) = of(Kind.CARDIOTHORACIC, *heart, *chest, origin="proposed", placed=frozenset({1}))
    assert text.text.startswith("CTR 0.50 (proposed, partly moved)\n")


def test_what_is_in_no_place_is_left_out() -> None:
    assert of(Kind.LENGTH, (40.0, 60.0), (10.0, 20.0), origin="default") == ((), ())
