"""Each finding changes what it says, where its mask is, more so the severer it is, on both views of one patient."""

from dataclasses import replace

import numpy as np
import pytest

from cxrdesk.imaging.phantom import CHILD_3_YEARS, Opacity, adult, child, simulate
from cxrdesk.imaging.phantom.body import Body
from cxrdesk.imaging.phantom.film import cardiothoracic_ratio
from cxrdesk.imaging.phantom.findings import (
    FINDINGS,
    Atelectasis,
    Cardiomegaly,
    Consolidation,
    Edema,
    Effusion,
    Hyperinflation,
    Pneumothorax,
    drawn_finding,
)
from cxrdesk.imaging.radiograph import Projection

SHAPE = (220, 240)
MAKERS = pytest.mark.parametrize("maker", [adult, child])


def taken(maker, *findings, **changes):
    return simulate(maker(shape=SHAPE, seed=5, findings=findings, **changes))


@pytest.fixture(scope="module")
def clear():
    return {
        (maker, projection): taken(maker, projection=projection)
        for maker in (adult, child)
        for projection in (Projection.AP, Projection.LATERAL)
    }


def left_of(shape):
    """Columns on the patient's left of a frontal film."""
    return np.broadcast_to(np.arange(shape[1]) > shape[1] // 2, shape)


@MAKERS
@pytest.mark.parametrize("name", FINDINGS)
@pytest.mark.parametrize("projection", [Projection.AP, Projection.LATERAL])
def test_every_finding_has_a_mask_and_changes_the_film_in_it(maker, name, projection, clear):
    finding = drawn_finding(name, 0.9, np.random.default_rng(3))
    ill = taken(maker, finding, projection=projection)
    before = clear[maker, projection]
    mask = ill.masks[name]
    assert mask.any()
    assert name == "opacity" or not before.masks.get(name, np.zeros(1)).any()
    change = ill.radiograph.pixels - before.radiograph.pixels
    # The tone follows the film's histogram, and so moves everywhere a little.
    change = np.abs(change - np.median(change[~ill.masks["lungs"]]))
    if name not in ("cardiomegaly", "hyperinflation"):
        assert (mask & ~ill.masks["lungs"]).sum() == 0
        assert np.median(change[mask]) > 60
        assert np.median(change[mask]) > 2 * np.median(change[~ill.masks["lungs"]])
    else:
        assert np.median(change[mask | before.masks["lungs"]]) > 20


@pytest.mark.parametrize("side", ["right", "left"])
@pytest.mark.parametrize("kind", [Opacity, Consolidation, Effusion, Atelectasis, Pneumothorax])
def test_a_finding_keeps_to_its_side(kind, side):
    mask = taken(adult, kind(side=side, severity=0.7)).masks[kind.name]
    on_left = left_of(SHAPE)
    assert mask[on_left if side == "left" else ~on_left].any()
    assert mask[~on_left if side == "left" else on_left].mean() < 0.01


def test_lobes_lie_where_they_belong():
    def middle(lobe, projection):
        mask = taken(adult, Consolidation(lobe=lobe, severity=1.0), projection=projection).masks["consolidation"]
        return [float(axis.mean()) for axis in np.nonzero(mask)]

    (upper, _), (lower, _) = (middle(lobe, Projection.AP) for lobe in ("upper", "lower"))
    assert upper < lower
    # The patient faces the image's left: the middle lobe is in front of the lower one.
    (_, front), (_, back) = (middle(lobe, Projection.LATERAL) for lobe in ("middle", "lower"))
    assert front < back


def test_a_consolidated_lobe_hides_its_vessels_and_shows_its_bronchi(clear):
    from cxrdesk.imaging.phantom.chest import LungChange
    from cxrdesk.imaging.phantom.findings import Lung
    from cxrdesk.imaging.phantom.grid import Grid

    body = Body(habitus=adult().habitus)
    grid = Grid(shape=(200, 200), pixel_mm=1.5, left_mm=-150.0, top_mm=0.0)
    lung = Lung(body=body, side="right", grid=grid)
    finding = Consolidation(severity=1.0, lobe="lower")
    filled = finding.filled(lung, np.random.default_rng(1))
    inside = (filled > 0.7) & lung.outline
    air = LungChange((finding,), lung, filled).air(np.random.default_rng(2))
    solid = LungChange((), lung, None).air(np.random.default_rng(2)) * (1 - filled)
    bronchi = (air - solid)[inside]
    assert np.percentile(bronchi, 99) > 2.0  # mm of open bronchus
    assert np.median(bronchi) < 0.5


def test_the_meniscus_is_higher_at_the_wall_than_in_the_middle():
    phantom = taken(adult, Effusion(side="left", severity=0.4))
    mask = phantom.masks["effusion"]
    columns = np.flatnonzero(mask.any(axis=0))
    tops = mask[:, columns].argmax(axis=0)
    wall, middle = tops[-8:-3].mean(), tops[len(tops) // 2]
    assert wall < middle - 10


def test_more_fluid_stands_higher():
    areas = [taken(adult, Effusion(severity=s)).masks["effusion"].sum() for s in (0.2, 0.5, 0.9)]
    assert areas[0] < areas[1] < areas[2]


@MAKERS
def test_the_cardiothoracic_ratio_is_the_one_that_the_severity_states(maker):
    for severity in (0.2, 0.6, 1.0):
        finding = Cardiomegaly(severity=severity)
        phantom = taken(maker, finding)
        stated = finding.ratio(phantom.parameters.habitus)
        assert cardiothoracic_ratio(phantom.masks) == pytest.approx(stated, abs=0.03)
        np.testing.assert_array_equal(phantom.masks["cardiomegaly"], phantom.masks["heart"])
    assert cardiothoracic_ratio(taken(maker).masks) < Cardiomegaly(severity=0.01).ratio(maker().habitus)


def test_no_vessel_is_seen_beyond_the_pleural_line(clear):
    finding = Pneumothorax(side="right", severity=0.7)
    quiet = {"variation": 0.5}
    ill, before = taken(adult, finding, **quiet), taken(adult, **quiet)
    free = ill.masks["pneumothorax"] & before.masks["lungs"] & ~ill.masks["heart"]
    free[int(0.6 * SHAPE[0]) :] = False
    assert ill.radiograph.pixels[free].mean() < before.radiograph.pixels[free].mean() - 50

    from cxrdesk.imaging.phantom.findings import Lung
    from cxrdesk.imaging.phantom.grid import Grid

    lung = Lung(
        body=Body(habitus=adult().habitus),
        side="right",
        grid=Grid(shape=(260, 280), pixel_mm=1.0, left_mm=-140.0, top_mm=0.0),
    )
    line = finding.tissue(lung, np.random.default_rng(1))
    outside = finding.mask(lung, None)
    edge = line[130][np.flatnonzero(outside[130] & ~np.roll(outside[130], -1))]
    assert edge.max() > 4 * np.median(line[130][lung.outline[130]])


def test_lost_volume_raises_the_dome_and_draws_the_heart_over():
    habitus = adult().habitus
    for side, index in (("right", -1), ("left", 1)):
        changed = Atelectasis(side=side, severity=0.8).reshape(habitus)
        dome = f"dome_{side}"
        assert getattr(changed, dome)[1] < getattr(habitus, dome)[1] - 0.05
        assert (changed.heart_left[3][1] - habitus.heart_left[3][1]) * index > 0.05


@MAKERS
def test_hyperinflation_flattens_the_domes_and_narrows_the_heart(maker):
    ill, clear = taken(maker, Hyperinflation(severity=1.0)), taken(maker)
    assert cardiothoracic_ratio(ill.masks) < cardiothoracic_ratio(clear.masks) - 0.03
    shaped = Hyperinflation(severity=1.0).reshape(ADULT_OR_CHILD[maker])
    height = shaped.height_mm * (1 - shaped.dome_right[1])
    assert height < 15.0  # mm: flat
    assert ill.radiograph.pixels[ill.masks["lungs"]].mean() < clear.radiograph.pixels[clear.masks["lungs"]].mean()


ADULT_OR_CHILD = {adult: adult().habitus, child: CHILD_3_YEARS}


def test_edema_widens_the_upper_vessels():
    body = Body(habitus=adult().habitus)
    upper, lower = (np.array([[60.0, v * 264, 0.0]], np.float32) for v in (0.2, 0.7))
    scale = Edema(severity=1.0).vessel_scale
    assert scale(body, upper)[0] > 1.5 > 1.2 > scale(body, lower)[0]


def test_findings_can_stand_together():
    both = (Effusion(side="right", severity=0.5), Cardiomegaly(severity=0.5), Opacity(side="left", severity=0.7))
    phantom = taken(adult, *both)
    assert all(phantom.masks[finding.name].any() for finding in both)


@pytest.mark.parametrize("name", FINDINGS)
def test_severity_is_checked(name):
    with pytest.raises(ValueError, match="severity"):
        replace(FINDINGS[name](), severity=1.2)


def test_frontal_and_lateral_show_one_person(clear):
    # Height does not depend on where the beam comes from: the lungs' apex and base agree, in mm.
    for maker in (adult, child):
        spans = []
        for projection in (Projection.AP, Projection.LATERAL):
            phantom = clear[maker, projection]
            pixel = phantom.radiograph.pixel_spacing_mm[0]
            rows = np.flatnonzero(phantom.masks["heart"].any(axis=1))
            spans.append(np.ptp(rows) * pixel)
        assert spans[0] == pytest.approx(spans[1], rel=0.12)


def test_a_lateral_film_says_so_and_has_its_spine_behind(clear):
    phantom = clear[adult, Projection.LATERAL]
    film = phantom.radiograph
    assert (film.view.projection, film.view_position) == (Projection.LATERAL, "LL")
    heart = np.nonzero(phantom.masks["heart"])[1].mean()
    lungs = np.nonzero(phantom.masks["lungs"])[1].mean()
    assert heart < lungs  # in front is at the image's left
