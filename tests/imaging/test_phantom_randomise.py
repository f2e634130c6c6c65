"""Domain randomisation: from one file, within its ranges, the same for the same state, wider when strong."""

import tomllib
from dataclasses import replace

import numpy as np
import pytest

from cxrdesk.imaging.errors import UserError
from cxrdesk.imaging.phantom import ADULT, ChestParameters, simulate
from cxrdesk.imaging.phantom.batch import computed
from cxrdesk.imaging.phantom.body import Body
from cxrdesk.imaging.phantom.chest import ADULT_EXPOSURE
from cxrdesk.imaging.phantom.devices import MAKERS, device_integral
from cxrdesk.imaging.phantom.film import turned
from cxrdesk.imaging.phantom.grid import Grid
from cxrdesk.imaging.phantom.randomise import KINDS, randomised, randomised_exposure, randomised_habitus
from cxrdesk.imaging.phantom.ranges import bounds, load_ranges
from cxrdesk.imaging.resources import resource

FILE = resource("phantom/randomisation.toml")


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("kind", KINDS)
def test_equal_states_give_equal_parameters(kind):
    ranges = load_ranges("strong")
    first, again, other = (randomised(rng(seed), ranges, kind) for seed in (4, 4, 5))
    assert first == again != other
    assert first.shape[1] == 512
    assert first.shape[0] == 512 or kind == "child-ap"


def test_frontal_and_lateral_of_one_state_are_one_body():
    ranges = load_ranges("mild")
    front, side = (randomised(rng(3), ranges, kind) for kind in ("chest-pa", "chest-lateral"))
    assert front.habitus == side.habitus
    assert (front.seed, front.age_years, front.sex) == (side.seed, side.age_years, side.sex)


def test_draws_stay_in_the_file_s_ranges_and_fill_them():
    low, high = tomllib.loads(FILE.read_text())["mild"]["habitus"]["chest_width"]
    widths = [
        randomised_habitus(ADULT, load_ranges("mild"), rng(seed)).half_width_mm / ADULT.half_width_mm
        for seed in range(200)
    ]
    assert low <= min(widths) < low + 0.1 * (high - low)
    assert high - 0.1 * (high - low) < max(widths) <= high


@pytest.mark.parametrize(("narrow", "wide"), [("mild", "varied"), ("varied", "strong")])
def test_each_variant_contains_the_one_before(narrow, wide):
    """What is quoted of a detector is measured under ranges that reach beyond those of its training."""
    file = tomllib.loads(FILE.read_text())
    assert set(file[narrow]) == set(file[wide])
    for part, names in file[narrow].items():
        assert set(names) == set(file[wide][part])
        for name, given in names.items():
            wider = file[wide][part][name]
            if isinstance(given, list):
                assert wider[0] <= given[0] <= given[1] <= wider[1], (part, name)
            elif isinstance(given, dict):
                assert set(given["choices"]) <= set(wider["choices"])
            else:
                assert given <= wider


def test_a_broken_file_is_one_sentence(tmp_path):
    with pytest.raises(UserError, match="wild"):
        load_ranges("wild")
    broken = tmp_path / "ranges.toml"
    broken.write_text("[mild")
    with pytest.raises(UserError, match="cannot be read"):
        load_ranges("mild", broken)
    lacking = tmp_path / "lacking.toml"
    lacking.write_text("[mild.habitus]\nchest_width = [1.0, 1.0]\n")
    with pytest.raises(UserError, match=r"mild\.habitus in lacking\.toml lacks .*apex_taper"):
        load_ranges("mild", lacking)


@pytest.mark.parametrize(
    ("part", "name", "value"),
    [
        ("habitus", "chest_width", 1.0),
        ("habitus", "chest_width", [1.0]),
        ("habitus", "chest_width", [1.1, 0.9]),
        ("habitus", "chest_width", ["a", "b"]),
        ("habitus", "chest_width", [-5.0, -5.0]),
        ("habitus", "chest_width", [0.0, 1.0]),
        ("habitus", "chest_width", [1.0, 1e9]),
        ("habitus", "chest_width", [float("nan"), 1.0]),
        ("habitus", "chest_width", {"choices": [1.0]}),
        ("exposure", "photons_per_pixel", [-1.0, 1.0]),
        ("exposure", "gamma", [True, True]),
        ("film", "bordered", 2.0),
        ("film", "bordered", -0.1),
        ("film", "bordered", "often"),
        ("film", "bordered", True),
        ("film", "bordered", [0.0, 1.0]),
        ("film", "markers", {"choices": []}),
        ("film", "markers", {"choices": [3]}),
        ("film", "markers", {"choices": "R"}),
        ("film", "markers", {}),
        ("film", "markers", ["R"]),
        ("film", "unheard_of", 1.0),
        ("film", None, 1.0),
        (None, None, 1.0),
    ],
)
def test_a_value_that_cannot_be_drawn_from_names_its_key(tmp_path, part, name, value):
    given = tomllib.loads(FILE.read_text(encoding="utf-8"))["mild"]
    if part is None:
        told = {"own": value}
    else:
        told = {"own": given | {part: value if name is None else given[part] | {name: value}}}
    path = tmp_path / "own.toml"
    path.write_text(toml(told), encoding="utf-8")
    with pytest.raises(UserError) as caught:
        load_ranges("own", path)
    assert caught.value.code == "bad-ranges"
    assert "\n" not in caught.value.text
    assert all(word in caught.value.text for word in ("own", part, name) if word)


def toml(value):
    """The file's form, without a library that writes it."""
    if isinstance(value, dict):
        return "\n".join(f"{key} = {inline(item)}" for key, item in value.items()) + "\n"
    raise TypeError


def inline(value):
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {inline(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(inline(item) for item in value) + "]"
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else f"{value!r}"


@pytest.mark.parametrize("variant", ["mild", "varied", "strong"])
def test_a_copy_of_the_shipped_file_is_taken(tmp_path, variant):
    path = tmp_path / "own.toml"
    path.write_text(toml({"own": tomllib.loads(FILE.read_text(encoding="utf-8"))[variant]}), encoding="utf-8")
    assert load_ranges("own", path) == load_ranges(variant)


@pytest.mark.parametrize("end", [0, 1])
def test_films_at_the_ends_of_what_is_taken_are_films(tmp_path, end):
    """The furthest that a file of one's own may go."""
    told = tomllib.loads(FILE.read_text(encoding="utf-8"))["strong"]
    for values in told.values():
        for name, value in values.items():
            if isinstance(value, list):
                low, high = bounds(*value)
                values[name] = [(low, high)[end]] * 2
            elif not isinstance(value, dict):
                values[name] = float(end)
    path = tmp_path / "own.toml"
    path.write_text(toml({"own": told}), encoding="utf-8")
    ranges = load_ranges("own", path)
    for kind in KINDS:
        made = computed(randomised(rng(1), ranges, kind, shape=(96, 96)))
        assert np.isfinite(made.radiograph.pixels).all()


def shown(**changes):
    exposure = replace(ADULT_EXPOSURE, **changes)
    return simulate(ChestParameters(shape=(200, 200), variation=0.0, exposure=exposure, seed=1))


def test_what_stands_on_the_film_is_where_it_is_said():
    plain = shown(marker="")
    marked = shown(marker="L", marker_at=(0.7, 0.3), marker_size=0.08)
    rows, columns = np.nonzero(np.abs(marked.radiograph.pixels - plain.radiograph.pixels) > 300)
    assert 0.69 < columns.min() / 200 < 0.75
    assert 0.2 < rows.min() / 200 < rows.max() / 200 < 0.32
    shut = shown(marker="", collimation=(0.1, 0.0, 0.2, 0.05)).radiograph.pixels
    assert shut[:, :20].max() < 0.06 * 4095
    assert shut[:, 161:].max() < 0.06 * 4095
    assert shut[100, 100] == plain.radiograph.pixels[100, 100]


def test_grid_lines_have_their_period():
    lined = shown(marker="", grid_line_mm=8.0, grid_line_depth=0.1, enhancement=0.0, compression=0.0)
    plain = shown(marker="", enhancement=0.0, compression=0.0)
    change = (lined.radiograph.pixels - plain.radiograph.pixels)[60:140].mean(axis=0)
    spectrum = np.abs(np.fft.rfft(change - change.mean()))
    period = 200 / (spectrum[3:].argmax() + 3) * lined.radiograph.pixel_spacing_mm[0]
    assert period == pytest.approx(8.0, rel=0.05)


def test_film_and_masks_turn_together():
    straight, turned_film = shown(marker=""), shown(marker="", turn_deg=5.0)
    for name in ("lungs", "heart"):
        expected = turned(straight.masks[name].astype(np.float32), 5.0) > 0.5
        np.testing.assert_array_equal(turned_film.masks[name], expected)
    inner = np.s_[30:-30, 30:-30]  # the shutters stay straight
    picture, film = turned(straight.radiograph.pixels, 5.0)[inner], turned_film.radiograph.pixels[inner]
    assert np.corrcoef(picture.ravel(), film.ravel())[0, 1] > 0.97
    assert (turned_film.masks["lungs"] != straight.masks["lungs"]).any()


@pytest.mark.parametrize("kind", MAKERS)
def test_a_device_absorbs_and_leaves_the_body_as_it_is(kind):
    plain = ChestParameters(shape=(240, 240), seed=2)
    devices = tuple(MAKERS[kind](rng(seed)) for seed in range(3))
    with_device, without = simulate(replace(plain, devices=devices)), simulate(plain)
    np.testing.assert_array_equal(with_device.masks["lungs"], without.masks["lungs"])
    grid = Grid(shape=(240, 240), pixel_mm=400 / 240, left_mm=-200.0, top_mm=-60.0)
    integral = device_integral(devices, Body(habitus=ADULT), grid)
    assert integral.min() >= 0
    there = integral > 0.15
    assert 30 < there.sum() < 0.2 * there.size
    # The person's own proportions move a device by some pixels; brighter is where it is, roughly.
    change = with_device.radiograph.pixels - without.radiograph.pixels
    change -= np.median(change)
    assert np.percentile(change, 99.5) > 60


def test_strong_varies_more():
    def spread(variant):
        exposures = [randomised_exposure(ADULT_EXPOSURE, load_ranges(variant), rng(seed)) for seed in range(60)]
        return [np.std([getattr(e, name) for e in exposures]) for name in ("tone", "blur_mm", "floor", "turn_deg")]

    assert all(strong > mild for strong, mild in zip(spread("strong"), spread("mild"), strict=True))
