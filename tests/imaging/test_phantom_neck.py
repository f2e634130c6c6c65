"""The neck film: an airway of the right size, a taper where croup narrows it, and a mask that holds it."""

import numpy as np
import pytest

from cxrdesk.imaging.phantom.neck import NeckParameters, SubglotticNarrowing, body_height_cm, simulate_neck
from cxrdesk.imaging.radiograph import Projection

SHAPE = (320, 280)


def taken(severity=None, **changes):
    narrowing = None if severity is None else SubglotticNarrowing(severity=severity)
    return simulate_neck(NeckParameters(shape=SHAPE, seed=changes.pop("seed", 2), narrowing=narrowing, **changes))


def widths_mm(phantom):
    """Width of the airway in each row."""
    return phantom.masks["airway"].sum(axis=1) * phantom.radiograph.pixel_spacing_mm[1]


def test_the_trachea_is_as_wide_as_published():
    # Griscom, Wohl, Fenton: 0.0065 h + 0.18 cm across.
    for age in (0.5, 1.5, 3.0):
        phantom = taken(age_years=age, variation=0.0)
        rows = np.flatnonzero(phantom.masks["airway"].any(axis=1))
        lower = widths_mm(phantom)[rows[-1] - 40 : rows[-1] - 5]
        assert np.median(lower) == pytest.approx(10 * (0.0065 * body_height_cm(age) + 0.18), abs=1.0)


def test_narrowing_tapers_the_column_below_the_cords_and_nowhere_else():
    clear, ill = taken(), taken(0.9)
    there = ill.masks["subglottic_narrowing"]
    rows = np.flatnonzero(there.any(axis=1))
    share = widths_mm(ill)[rows] / widths_mm(clear)[rows]
    assert share[3:8].mean() < 0.6  # just below the cords, where the shoulders were
    assert np.corrcoef(np.arange(len(rows) - 3), share[3:])[0, 1] > 0.8
    below = slice(rows[-1] + 3, rows[-1] + 40)
    np.testing.assert_array_equal(ill.masks["airway"][below], clear.masks["airway"][below])
    assert not clear.masks["subglottic_narrowing"].any()
    length = len(rows) * ill.radiograph.pixel_spacing_mm[0]
    assert 8 < length < 16


def test_severer_is_narrower():
    areas = [(p.masks["airway"] & p.masks["subglottic_narrowing"]).sum() / p.masks["subglottic_narrowing"].sum()
             for p in (taken(s) for s in (0.3, 0.6, 1.0))]  # fmt: skip
    assert areas[0] > areas[1] > areas[2]


def test_the_film_differs_where_the_mask_is():
    clear, ill = taken(), taken(0.9)
    change = ill.radiograph.pixels - clear.radiograph.pixels
    # More tissue where air was: brighter.
    lost = ill.masks["subglottic_narrowing"] & clear.masks["airway"] & ~ill.masks["airway"]
    assert np.median(change[lost]) > 60
    assert np.abs(np.median(change)) < 30


def test_it_is_an_ap_neck_film_of_a_small_child():
    film = taken(age_years=1.0).radiograph
    assert (film.view.body_part, film.view.projection) == ("neck", Projection.AP)
    assert film.patient_age_years == 1.0
    np.testing.assert_array_equal(film.stored, taken(age_years=1.0).radiograph.stored)
    with pytest.raises(ValueError, match="age_years"):
        NeckParameters(age_years=5.0)
    with pytest.raises(ValueError, match="severity"):
        SubglotticNarrowing(severity=0.0)


def test_the_airway_is_darker_than_the_neck_beside_it():
    phantom = taken()
    airway = phantom.masks["airway"]
    beside = np.roll(airway, 40, axis=1) & ~airway
    pixels = phantom.radiograph.pixels
    assert np.median(pixels[airway]) < np.median(pixels[beside]) - 100
