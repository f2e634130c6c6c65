"""Projection of solids against geometry that is known in closed form or by sampling."""

from dataclasses import replace

import numpy as np
import pytest

from cxrdesk.imaging.phantom.grid import Grid, smooth_profile
from cxrdesk.imaging.phantom.materials import Material, attenuation_per_mm
from cxrdesk.imaging.phantom.solids import Dome, Ellipsoid, Loft, remaining_length, union_length
from cxrdesk.imaging.phantom.tubes import project_tubes, tube
from cxrdesk.imaging.phantom.vessels import project_segments

GRID = Grid(shape=(100, 120), pixel_mm=1.0, left_mm=-60.0, top_mm=-50.0)


def volume(length: np.ndarray, grid: Grid = GRID) -> float:
    return float(length.sum()) * grid.pixel_mm**2


@pytest.mark.parametrize("turn", [0.0, 35.0])
def test_an_ellipsoid_keeps_its_volume(turn):
    solid = Ellipsoid(center_mm=(3.0, -4.0, 7.0), semi_axes_mm=(30.0, 20.0, 10.0), turn_deg=turn)
    assert volume(2 * solid.interval(GRID)[1]) == pytest.approx(4 / 3 * np.pi * 30 * 20 * 10, rel=2e-3)


def test_a_round_loft_is_a_cylinder():
    rows = np.ones((100, 1), np.float32)
    loft = Loft(center=0 * rows, low=-20 * rows, high=20 * rows, middle=0 * rows, depth=20 * rows)
    assert volume(2 * loft.interval(GRID)[1]) == pytest.approx(np.pi * 20**2 * 100, rel=2e-3)


def test_cutting_and_joining_agree_with_sampling_along_the_ray():
    whole = Ellipsoid(center_mm=(0.0, 0.0, 0.0), semi_axes_mm=(45.0, 40.0, 50.0))
    cut = [
        Ellipsoid(center_mm=(10.0, 5.0, 20.0), semi_axes_mm=(20.0, 25.0, 15.0), turn_deg=30.0),
        Ellipsoid(center_mm=(-5.0, 5.0, 28.0), semi_axes_mm=(25.0, 20.0, 15.0)),
        Ellipsoid(center_mm=(0.0, 0.0, -60.0), semi_axes_mm=(40.0, 40.0, 30.0)),
        Dome(top_mm=(5.0, 10.0, 5.0), drop_mm=30.0, reach_mm=(30.0, 20.0, 25.0)),
    ]
    step = 0.05
    z = np.arange(-100, 100, step, dtype=np.float32)[:, None, None] + step / 2

    def inside(solid):
        middle, half = solid.interval(GRID)
        return np.abs(z - middle) < half

    rows = slice(40, 70)
    lungs = inside(whole)[:, rows]
    organs = np.logical_or.reduce([inside(solid)[:, rows] for solid in cut])
    left = remaining_length(whole.interval(GRID), [solid.interval(GRID) for solid in cut])
    np.testing.assert_allclose(left[rows], (lungs & ~organs).sum(axis=0) * step, atol=4 * step)
    joined = union_length([solid.interval(GRID) for solid in cut[:3]])
    three = np.logical_or.reduce([inside(solid)[:, rows] for solid in cut[:3]])
    np.testing.assert_allclose(joined[rows], three.sum(axis=0) * step, atol=4 * step)


@pytest.mark.parametrize("end", [(40.0, 20.0, 0.0), (10.0, 5.0, 60.0), (-40.0, 0.0, 30.0)])
def test_a_tube_keeps_its_volume_at_any_angle_to_the_beam(end):
    length = float(np.linalg.norm(end))
    solid = project_tubes(GRID, [tube([(0.0, 0.0, 0.0), end], 5.0)])
    assert volume(solid) == pytest.approx(np.pi * 25 * length, rel=0.01)
    straight = project_segments(GRID, np.zeros((1, 3)), np.array([end]), np.array([3.0]))
    assert volume(straight) == pytest.approx(np.pi * 9 * length, rel=0.01)


def test_a_tube_across_the_beam_is_as_thick_as_its_diameter():
    image = project_tubes(GRID, [tube([(-50.0, 0.5, 0.0), (50.0, 0.5, 0.0)], 8.0)])
    assert image[50, 60] == pytest.approx(16.0, rel=0.06)


def test_a_shell_holds_less_than_a_solid_and_is_dense_at_its_edge():
    fine = Grid(shape=(200, 200), pixel_mm=0.25, left_mm=-25.0, top_mm=-25.0)
    shell = project_tubes(fine, [tube([(-20.0, 0.0, 0.0), (20.0, 0.0, 0.0)], 8.0, cortex_mm=1.5, core=0.0)])
    assert volume(shell, fine) == pytest.approx(np.pi * (8**2 - 6.5**2) * 40, rel=0.03)
    profile = shell[:, 100]
    assert profile[100 - 27] > 1.4 * profile[100]


def test_profiles_match_the_published_monotone_interpolation():
    pchip = pytest.importorskip("scipy.interpolate", reason="scipy comes with the train extra").PchipInterpolator
    knots, values = [0.0, 1.0, 1.5, 4.0, 5.0, 7.0], [0.0, 2.0, 2.1, 2.0, 5.0, 5.5]
    # The first and last stretch have another end slope there, by design of both.
    at = np.linspace(1.0, 5.0, 101)
    np.testing.assert_allclose(smooth_profile(knots, values, at), pchip(knots, values)(at), atol=1e-5)


def test_bone_stands_out_less_as_the_beam_hardens():
    def ratio(kev):
        return attenuation_per_mm(Material.BONE, kev) / attenuation_per_mm(Material.SOFT, kev)

    assert ratio(40) > ratio(55) > ratio(80) > 1.5
    with pytest.raises(ValueError, match="energy_kev"):
        attenuation_per_mm(Material.SOFT, 20.0)


LATERAL = replace(GRID, beam="x")


def test_a_solid_has_one_volume_from_wherever_it_is_seen():
    rows = np.linspace(-1, 1, 100, dtype=np.float32)[:, None]
    width = 30 * np.sqrt(1 - rows**2)
    zero = 0 * rows
    loft = Loft(center=0.2 * width, low=-width, high=1.2 * width, middle=zero, depth=0.7 * width, low_power=2.6)
    solids = [
        Ellipsoid(center_mm=(3.0, -4.0, 7.0), semi_axes_mm=(30.0, 20.0, 10.0), turn_deg=35.0),
        Ellipsoid(center_mm=(3.0, -4.0, 7.0), semi_axes_mm=(30.0, 20.0, 10.0), power=4.0),
        loft,
    ]
    for solid in solids:
        front, side = (volume(2 * solid.interval(grid)[1], grid) for grid in (GRID, LATERAL))
        assert side == pytest.approx(front, rel=0.01)


def test_a_lateral_grid_shows_the_front_at_the_left():
    ball = Ellipsoid(center_mm=(0.0, 0.0, 30.0), semi_axes_mm=(5.0, 5.0, 5.0))
    columns = np.flatnonzero((ball.interval(LATERAL)[1] > 0).any(axis=0))
    assert columns.mean() == pytest.approx(60 - 30 - 0.5, abs=0.6)
    bar = project_tubes(LATERAL, [tube([(-40.0, 0.5, 30.0), (40.0, 0.5, 30.0)], 6.0)])
    assert volume(bar, LATERAL) == pytest.approx(np.pi * 36 * 80, rel=0.02)
    assert np.flatnonzero(bar.sum(axis=0) > 1).mean() == pytest.approx(29.5, abs=0.6)
    dome = Dome(top_mm=(5.0, -20.0, 5.0), drop_mm=30.0, reach_mm=(30.0, 20.0, 25.0))
    inside = dome.interval(LATERAL)[1] > 0
    assert inside.any()
    assert not inside[:30].any()


def test_a_draft_keeps_volume_and_place():
    tubes = [tube([(-40.0, -20.0, 0.0), (10.0, 0.0, 20.0), (45.0, 30.0, -10.0)], 5.0, cortex_mm=1.0, core=0.3)]
    full, draft = (project_tubes(grid, tubes) for grid in (GRID, replace(GRID, draft=True)))
    # Few samples across a thin shell tell its share less exactly.
    assert volume(draft) == pytest.approx(volume(full), rel=0.06)
    solid = [replace(tubes[0], cortex_mm=0.0)]
    whole = [volume(project_tubes(grid, solid)) for grid in (GRID, replace(GRID, draft=True))]
    assert whole[0] == pytest.approx(whole[1], rel=0.005)
    assert np.corrcoef(full.ravel(), draft.ravel())[0, 1] > 0.97
    rng = np.random.default_rng(0)
    starts = rng.uniform(-40, 40, (300, 3)).astype(np.float32)
    ends, radii = (
        starts + rng.normal(0, 6, starts.shape).astype(np.float32),
        rng.uniform(0.2, 3, 300).astype(np.float32),
    )
    full, draft = (project_segments(grid, starts, ends, radii) for grid in (GRID, replace(GRID, draft=True)))
    assert volume(draft) == pytest.approx(volume(full), rel=0.03)
    assert np.corrcoef(full.ravel(), draft.ravel())[0, 1] > 0.95
