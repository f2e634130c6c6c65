"""Examples, draws and changes: kept shares, one geometry for film and mask, and the viewer's own normalisation."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import example as also_with
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")
pytest.importorskip("lightning")

from cxrdesk.evaluation.datasets import Row  # noqa: E402
from cxrdesk.imaging.errors import UserError  # noqa: E402
from cxrdesk.imaging.preprocess import WHOLE_FILM, Box, InputSpec, prepare  # noqa: E402
from cxrdesk.imaging.radiograph import View  # noqa: E402
from cxrdesk.imaging.reader import read_radiograph  # noqa: E402
from cxrdesk.training import data as data_module  # noqa: E402
from cxrdesk.training.augment import Geometry, appearance, warp  # noqa: E402
from cxrdesk.training.data import Draws, Epochs, Example, Fixed, read_films, small_film  # noqa: E402
from tests.made_data import grey, phantom, real_data  # noqa: E402

STILL = Geometry(rotation_degrees=0, scale=0, aspect=0, shift=0, flip=0)
SPEC = InputSpec(size=(48, 40))


def example(seed=0, shape=(60, 52), **changes):
    film = np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)
    return Example(**{"film": film, "box": WHOLE_FILM, "labels": (float(seed % 2),), **changes})


def test_a_draw_is_the_same_whenever_it_is_made():
    first, second = (Draws([example(k) for k in range(5)], SPEC, [1.0] * 5, 12, seed=4) for _ in range(2))
    forward = [first[k] for k in range(24)]
    backward = [second[k] for k in reversed(range(24))][::-1]
    for (film, label), (other, same) in zip(forward, backward, strict=True):
        assert torch.equal(film, other)
        assert torch.equal(label, same)
    films = {film.numpy().tobytes() for film, _ in forward}
    assert len(films) == 24
    changed = Draws([example(k) for k in range(5)], SPEC, [1.0] * 5, 12, seed=5)
    assert not torch.equal(changed[0][0], forward[0][0])


def test_epochs_number_draws_onwards():
    sampler = Epochs(4)
    begun = iter(sampler)
    sampler.set_epoch(2)
    assert list(begun) == [8, 9, 10, 11]
    assert len(sampler) == 4


@settings(max_examples=60)
@given(
    st.lists(st.floats(0.01, 10), min_size=1, max_size=12),
    st.integers(1, 200),
    st.integers(0, 3),
)
def test_each_example_keeps_its_share_of_an_epoch(weights, length, epoch):
    draws = Draws([example(k, shape=(8, 8)) for k in range(len(weights))], SPEC, weights, length, seed=1)
    order = draws.order(epoch)
    assert len(order) == length
    counts = np.bincount(order, minlength=len(weights))
    wanted = np.array(weights) / np.sum(weights) * length
    assert (np.abs(counts - wanted) <= 1 + 1e-9).all()


def test_whole_counts_leave_nothing_to_chance():
    """Ten films in twenty draws: each twice, in another order in each epoch."""
    draws = Draws([example(k, shape=(8, 8)) for k in range(10)], SPEC, [1.0] * 10, 20, seed=1)
    assert (np.bincount(draws.order(0)) == 2).all()
    assert (np.bincount(draws.order(1)) == 2).all()
    assert draws.order(0).tolist() != draws.order(1).tolist()


def test_no_film_is_a_clear_error():
    with pytest.raises(UserError, match="no film to train on"):
        Draws([], SPEC, [], 10, seed=0)


@pytest.mark.parametrize("path", ["kermany", "nih"])
def test_without_changes_an_input_is_the_viewers(path, tmp_path, monkeypatch):
    """Neutral geometry and appearance on a film of the input's size give `imaging.preprocess.prepare`."""
    made = grey(phantom("child" if path == "kermany" else "adult", 1))
    size = made.shape
    cv2.imwrite(str(tmp_path / "film.png"), made)
    spec = InputSpec(size=size, percentiles=(2.0, 98.0))
    film = small_film(tmp_path / "film.png")
    monkeypatch.setattr(data_module, "appearance", lambda values, rng, strength: values.astype(np.float32) / 255)
    drawn, _ = Draws([Example(film=film, box=WHOLE_FILM)], spec, [1.0], 1, seed=0, geometry=STILL)[0]
    np.testing.assert_allclose(drawn.numpy(), prepare(read_radiograph(tmp_path / "film.png"), spec), atol=2e-5)


def test_a_cut_out_box_agrees_with_the_viewers_but_for_interpolation(tmp_path, monkeypatch):
    made = grey(phantom("child", 2))
    cv2.imwrite(str(tmp_path / "film.png"), cv2.GaussianBlur(made, (0, 0), 3))
    mask = np.zeros(made.shape, np.float32)
    mask[30:160, 20:170] = 1
    spec = InputSpec(size=(96, 96), region="lungs", margin=0.06)
    box = data_module.Box(x0=20 / 192, y0=30 / 192, x1=170 / 192, y1=160 / 192).grown(0.06)
    monkeypatch.setattr(data_module, "appearance", lambda values, rng, strength: values.astype(np.float32) / 255)
    film = small_film(tmp_path / "film.png")
    drawn, _ = Draws([Example(film=film, box=box)], spec, [1.0], 1, seed=0, geometry=STILL)[0]
    expected = prepare(read_radiograph(tmp_path / "film.png"), spec, {"lungs": mask})
    assert np.corrcoef(drawn.numpy().ravel(), expected.ravel())[0, 1] > 0.999
    assert np.abs(drawn.numpy() - expected).mean() < 0.06


@settings(max_examples=50)
@given(st.integers(0, 10_000))
@also_with(249)
def test_geometry_maps_a_point_as_its_matrix_says(seed):
    """A bright dot lands where the matrix sends it, whatever was drawn, and the box's middle stays about the middle."""
    rng = np.random.default_rng(seed)
    geometry = Geometry(rotation_degrees=10, scale=0.1, aspect=0.2, shift=0.05)
    box = Box(x0=0.1, y0=0.2, x1=0.9, y1=0.95)
    shape, size = (150, 120), (96, 128)
    matrix = geometry.draw(rng, shape, size, box)
    x, y = 60.0, 85.0
    film = np.zeros(shape, np.uint8)
    film[int(y) - 2 : int(y) + 3, int(x) - 2 : int(x) + 3] = 255
    moved = warp(film, matrix, size).astype(float)
    rows, cols = np.mgrid[: size[0], : size[1]]
    found = np.array([(moved * cols).sum(), (moved * rows).sum()]) / moved.sum()
    np.testing.assert_allclose(found, matrix @ [x, y, 1], atol=0.35)
    middle = matrix @ [0.5 * shape[1], 0.575 * shape[0], 1]
    # The largest shift, growth and aspect; turned, a shift along one side moves the middle along the other too.
    most, turn = 0.05 * np.exp(0.1 + 0.2 / 2), np.deg2rad(10)
    height, width = 0.75 * shape[0], 0.8 * shape[1]
    assert abs(middle[0] - size[1] / 2) <= most * size[1] * (np.cos(turn) + np.sin(turn) * height / width)
    assert abs(middle[1] - size[0] / 2) <= most * size[0] * (np.cos(turn) + np.sin(turn) * width / height)


def test_film_and_mask_move_together(monkeypatch):
    monkeypatch.setattr(data_module, "appearance", lambda values, rng, strength: values.astype(np.float32) / 255)
    film = np.zeros((80, 80), np.uint8)
    film[20:50, 10:45] = 255
    spec = InputSpec(size=(64, 64), percentiles=(0.0, 100.0), mean=0.0, std=1.0)
    draws = Draws([Example(film=film, box=WHOLE_FILM, mask=film)], spec, [1.0], 20, seed=0)
    for number in range(20):
        image, mask = draws[number]
        assert image.shape == mask.shape == (1, 64, 64)
        assert mask.dtype == torch.float32
        np.testing.assert_allclose(image.numpy(), mask.numpy(), atol=1e-6)


def test_no_change_at_all_is_possible():
    film = np.random.default_rng(0).integers(0, 256, (40, 30)).astype(np.uint8)
    matrix = STILL.draw(np.random.default_rng(0), film.shape, film.shape)
    np.testing.assert_allclose(matrix, [[1, 0, 0], [0, 1, 0]], atol=1e-12)
    assert (warp(film, matrix, film.shape) == film).all()


def test_a_flip_mirrors():
    film = np.random.default_rng(0).integers(0, 256, (40, 30)).astype(np.uint8)
    matrix = Geometry(rotation_degrees=0, scale=0, aspect=0, shift=0, flip=1).draw(
        np.random.default_rng(0), film.shape, film.shape
    )
    # Pixel 1 goes to 29: points lie at pixel corners, and column 0 leaves the picture.
    assert (warp(film, matrix, film.shape)[:, 1:] == film[:, :0:-1]).all()


@settings(max_examples=80)
@given(st.integers(0, 10_000), st.floats(0, 1), st.sampled_from([(16, 16), (64, 40), (33, 128)]))
def test_appearance_keeps_shape_and_range(seed, strength, shape):
    film = np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)
    out, again = (appearance(film, np.random.default_rng(seed), strength) for _ in range(2))
    assert out.shape == shape
    assert out.dtype == np.float32
    assert np.isfinite(out).all()
    assert 0 <= out.min() <= out.max() <= 1
    assert (out == again).all()


def test_appearance_leaves_the_anatomy_recognisable():
    """Changed films still resemble themselves more than they resemble another's."""
    films = [grey(phantom("child", seed)).astype(np.uint8) for seed in range(2)]
    likeness = []
    for seed in range(40):
        out = appearance(films[0], np.random.default_rng(seed))
        likeness.append([np.corrcoef(out.ravel(), film.ravel())[0, 1] for film in films])
    own, other = np.median(likeness, axis=0)
    assert own > 0.9
    assert own > other


def test_a_small_film_fills_eight_bits_and_keeps_its_sides(tmp_path):
    stored = np.linspace(0, 65535, 300 * 600).reshape(300, 600).astype(np.uint16)
    cv2.imwrite(str(tmp_path / "film.png"), stored)
    film = small_film(tmp_path / "film.png", longest=200)
    assert film.shape == (100, 200)
    assert film.dtype == np.uint8
    assert film.min() <= 1
    assert film.max() >= 254
    assert small_film(tmp_path / "film.png", longest=1000).shape == (300, 600)


def test_a_real_film_is_read_as_the_viewer_reads_it():
    path = real_data() / "dicom" / "CR-MONO1-10-chest.dcm"
    film = small_film(path)
    assert film.shape == (256, 256)
    radiograph = read_radiograph(path)
    lo, hi = radiograph.value_range
    coarse = cv2.resize(radiograph.pixels, (256, 256), interpolation=cv2.INTER_AREA)
    expected = (coarse - lo) * 255 / (hi - lo)
    np.testing.assert_allclose(film, expected, atol=1.0)


def test_a_film_that_cannot_be_read_is_left_out_and_counted(tmp_path):
    rows = []
    for k in range(40):
        path = tmp_path / f"{k}.png"
        done, encoded = cv2.imencode(".png", np.full((64, 64), 5 * k, np.uint8))
        assert done
        path.write_bytes(encoded.tobytes()[: 60 if k == 7 else None])
        rows.append(Row(path=path, dataset="test", patient=str(k), view=View()))
    left_out = []
    read = list(read_films(rows, left_out))
    assert len(read) == 39
    assert [lost.path.name for lost in left_out] == ["7.png"]
    assert left_out[0].reason
    for path in list(tmp_path.glob("*.png"))[:5]:
        path.write_bytes(b"")
    with pytest.raises(UserError, match="of 40 films cannot be read"):
        list(read_films(rows))


def test_a_fixed_film_is_what_the_viewer_would_prepare():
    """Up to the eight bits that films are kept in."""
    made = phantom("child", 1).radiograph
    spec = InputSpec(size=(48, 48))
    [example] = [Example(film=grey(phantom("child", 1)), box=WHOLE_FILM, labels=(1.0, float("nan")))]
    image, labels = Fixed([example], spec)[0]
    np.testing.assert_allclose(image.numpy(), prepare(made, spec), atol=0.06)
    assert labels[0] == 1
    assert torch.isnan(labels[1])
