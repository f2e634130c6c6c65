from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cxrdesk.imaging.measure import Scale
from cxrdesk.imaging.presentation import Presentation, Spacing
from cxrdesk.imaging.radiograph import Projection, View
from cxrdesk.studies.annotations import POINTS, Annotation, Kind
from cxrdesk.ui.viewer.tools.values import LIMIT_TEXT, Subject, area_text, length_text, values
from tests.support import film

AT_DETECTOR = Scale(row=0.2, col=0.1, unit="mm", source="imager")
CALIBRATED = replace(AT_DETECTOR, source="calibrated")
PA = View(body_part="chest", projection=Projection.PA)


def told(kind: Kind, *points: tuple[float, float], scale: Scale = CALIBRATED, **changes: object) -> tuple[str, ...]:
    subject = Subject(scale=scale, radiograph=film(), view=PA, age_years=50.0)
    return values(Annotation(kind=kind, points=points, **changes), subject).lines  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("scale", "text"),
    [
        (CALIBRATED, "12.3\u00a0mm"),
        (AT_DETECTOR, "12.3\u00a0mm at the detector"),
        (Scale(), "12.3\u00a0px"),
    ],
)
def test_lengths_say_what_they_hold_for(scale, text) -> None:
    assert length_text(12.34, scale) == text


def test_an_estimated_magnification_is_no_calibration() -> None:
    spacing = Spacing(mm=(0.1, 0.1), plane="magnified", magnification=1.1)
    made = film(pixel_spacing_mm=(0.1, 0.1), spacing_source="calibrated")
    for presentation, text in (
        (Presentation(spacing=spacing), "5.0\u00a0mm (estimated)"),
        (Presentation(spacing=replace(spacing, plane="calibrated")), "5.0\u00a0mm"),
        (None, "5.0\u00a0mm"),
    ):
        found = values(Annotation(kind=Kind.LENGTH, points=((0, 0), (30, 40))), Subject.of(made, presentation))
        assert found.lines == (text,)
        assert bool(found.notes) == ("estimated" in text)


def test_areas() -> None:
    assert area_text(85.24, CALIBRATED) == "85.2\u00a0mm²"
    assert area_text(1234.0, CALIBRATED) == "12.34\u00a0cm²"
    assert area_text(1234.4, Scale()) == "1234\u00a0px²"


def test_each_kind_by_hand() -> None:
    assert told(Kind.LENGTH, (10, 10), (40, 30)) == ("5.0\u00a0mm",)
    assert told(Kind.ANGLE, (20, 10), (10, 10), (10, 30)) == ("90.0°",)
    assert told(Kind.ANGLE, (10, 10), (10, 10), (10, 30)) == ("–°",)
    assert told(Kind.TEXT, (1, 1), text="one\ntwo") == ("one", "two")
    assert told(Kind.ARROW, (1, 1), (5, 5), text="here") == ("here",)
    area, mean, ends = told(Kind.RECTANGLE, (10, 10), (20, 30))
    part = film().stored[10:30, 10:20]
    assert area == "4.0\u00a0mm²"
    assert mean == f"mean\u00a0{part.mean():.0f}, SD\u00a0{part.std():.0f}"
    assert ends == f"min\u00a0{part.min():.4g}, max\u00a0{part.max()}"
    assert told(Kind.ELLIPSE, (10, 10), (10, 10)) == ("0.0\u00a0mm²", "no pixel inside")


def test_a_colour_picture_has_lengths_and_no_values() -> None:
    shown = Subject.of(film(), Presentation(colour=np.zeros((160, 140, 3), np.uint8)))
    assert (shown.radiograph, shown.scale) == (None, Scale())
    found = values(Annotation(kind=Kind.ELLIPSE, points=((0, 0), (9, 9))), Subject(scale=Scale()))
    assert found.lines == ("64\u00a0px²",)


HEART = ((30.0, 50.0), (80.0, 60.0), (10.0, 80.0), (110.0, 80.0))


@pytest.mark.parametrize(
    ("view", "age", "warning"),
    [
        (PA, 50.0, None),
        (PA, None, None),
        (View(body_part="chest", projection=Projection.AP), 50.0, "AP film: heart magnified"),
        (View(body_part="chest", projection=Projection.FRONTAL), 50.0, "AP or PA not stated"),
        (View(), 50.0, "AP or PA not stated"),
        (View(body_part="chest", projection=Projection.LATERAL), 50.0, "lateral film"),
        (PA, 3.0, "child: other limits"),
    ],
)
def test_the_ratio_warns_where_the_limit_does_not_hold(view, age, warning) -> None:
    subject = Subject(scale=CALIBRATED, radiograph=film(), view=view, age_years=age)
    found = values(Annotation(kind=Kind.CARDIOTHORACIC, points=HEART), subject)
    assert found.lines[:2] == ("CTR\u00a00.50", "heart\u00a05.0, chest\u00a010.0\u00a0mm")
    assert found.lines[2:] == ((warning,) if warning else ())
    assert found.notes[-1] == LIMIT_TEXT
    assert "Danzer 1919" in LIMIT_TEXT
    assert found.summary.startswith("Cardiothoracic ratio: 0.50")


def test_a_proposal_says_that_it_is_one() -> None:
    subject = Subject(scale=Scale(), radiograph=film(), view=PA)
    proposed = Annotation(kind=Kind.CARDIOTHORACIC, points=HEART, origin="proposed")
    assert values(proposed, subject).lines[0] == "CTR\u00a00.50 (proposed)"
    partly = proposed.with_point(0, (31.0, 50.0))
    for told in (values(partly, subject).lines[0], values(partly, subject).summary):
        assert "(proposed, partly moved)" in told
    for index in (1, 2, 3):
        partly = partly.with_point(index, partly.points[index])
    assert "proposed" not in "".join((*values(partly, subject).lines, *values(partly, subject).notes))


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind not in (Kind.TEXT, Kind.ARROW)])
def test_what_no_reader_placed_measures_nothing(kind) -> None:
    points = tuple((10.0 + 7 * index, 20.0 + 3 * index) for index in range(POINTS[kind]))
    assert told(kind, *points, origin="default") == ("not in place yet",)


def test_large_regions_wait_until_they_are_let_go() -> None:
    large = film(stored=film().stored.repeat(8, axis=0).repeat(8, axis=1))
    item = Annotation(kind=Kind.RECTANGLE, points=((0.0, 0.0), (1120.0, 1280.0)))
    subject = Subject(scale=Scale(), radiograph=large)
    assert values(item, subject, hurried=True).lines[1] == "mean …"
    assert values(item, subject).lines[1].startswith("mean\u00a0")
