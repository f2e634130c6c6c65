"""The film check's recipe, from a folder of films to a network that the gate can run."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("lightning")
pytest.importorskip("onnx")
pytest.importorskip("sklearn")

from cxrdesk.evaluation.datasets import adult_lungs, kermany, nih  # noqa: E402
from cxrdesk.evaluation.film_check import in_scope  # noqa: E402
from cxrdesk.imaging.preprocess import prepare  # noqa: E402
from cxrdesk.imaging.quality import INPUT, likeness  # noqa: E402
from cxrdesk.training import film_check  # noqa: E402
from tests.made_data import grey, make_adults, make_kermany, make_nih, phantom  # noqa: E402


@pytest.fixture(scope="module")
def made_data(tmp_path_factory):
    return make_nih(make_adults(make_kermany(tmp_path_factory.mktemp("made-data"))))


@pytest.fixture(scope="module")
def trained(made_data, tmp_path_factory):
    out = tmp_path_factory.mktemp("film-check")
    read = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(film_check, "CHEST_SEEDS", range(1))
        patched.setattr(film_check, "PART_SEEDS", range(1))
        small = film_check.small_film

        def noted(path, *rest):
            read.append(path)
            return small(path, *rest)

        patched.setattr(film_check, "small_film", noted)
        told = film_check.train(made_data, out, device="cpu", epochs=2, epoch=640)
    return out, told, read


def test_only_films_of_the_training_split_with_a_licence_are_trained_on(trained, made_data):
    read = trained[2]
    rows = {row.path: row for rows in (kermany, nih, adult_lungs) for row in rows(made_data)}
    assert read
    assert {rows[path].split for path in read} == {"train"}
    assert all(rows[path].trainable for path in read)
    assert {rows[path].dataset for path in read} == {"kermany", "nih", "adult_lungs"}


def test_the_figures_are_those_of_the_network_beside_them(trained, made_data):
    out, told, _ = trained
    assert told == json.loads((out / "measured.json").read_text())
    assert told["network_sha256"] == hashlib.sha256((out / "network.onnx").read_bytes()).hexdigest()
    answers = {}
    for row, film in in_scope(made_data, "tune"):
        answers.setdefault(row.dataset, []).append(likeness(prepare(film, INPUT), str(out / "network.onnx")))
    limits = [np.quantile(values, film_check.FALSE_REFUSALS) for values in answers.values()]
    assert told["threshold"] == pytest.approx(min(limits))
    for name, values in answers.items():
        assert f"{len(values)} of {name}" in told["chosen"]


def test_the_file_is_the_trained_network(trained):
    """OpenCV's answer is torch's, for the weights of the last checkpoint."""
    out = trained[0]
    state = torch.load(out / "checkpoints" / "last.ckpt", map_location="cpu", weights_only=True)["state_dict"]
    network = film_check.build()
    network.load_state_dict({key.removeprefix("network."): value for key, value in state.items()})
    network.eval()
    film = phantom("child", 0).radiograph
    tensor = prepare(film, INPUT)
    expected = torch.sigmoid(network(torch.from_numpy(tensor[np.newaxis]))).item()
    assert likeness(tensor, str(out / "network.onnx")) == pytest.approx(expected, abs=1e-4)


def test_a_film_is_not_shown_as_both():
    """Draws called films show an upright film, the others do not."""
    films = [grey(phantom("child", seed)) for seed in range(2)]
    pictures = film_check.Pictures(films, [film_check.small(phantom("adult", 0).radiograph)], 60, seed=0)
    accepted, refused = [], []
    for number in range(60):
        tensor, label = pictures[number]
        assert tensor.shape == (1, *INPUT.size)
        assert torch.equal(tensor, pictures[number][0])
        (accepted if label.item() else refused).append(tensor.numpy().ravel())
    assert 15 < len(accepted) < 45
    mean = np.mean(accepted, axis=0)
    alike = [np.median([np.corrcoef(mean, one)[0, 1] for one in group]) for group in (accepted, refused)]
    assert alike[0] > 0.7 > alike[1] + 0.2


@pytest.mark.parametrize("make", [film_check.shapes, film_check.slice_like])
def test_drawn_pictures_differ_and_repeat(make):
    made = [make(np.random.default_rng(seed)) for seed in range(30)]
    again = [make(np.random.default_rng(seed)) for seed in range(30)]
    assert len({picture.tobytes() for picture in made}) == 30
    for picture, same in zip(made, again, strict=True):
        assert picture.dtype == np.uint8
        assert picture.shape == (film_check.SOURCE_SIDE,) * 2
        assert (picture == same).all()


def test_turned_is_never_upright():
    picture = np.arange(12, dtype=np.uint8).reshape(3, 4)
    for seed in range(40):
        out = film_check.turned(picture, np.random.default_rng(seed))
        assert out.shape in ((3, 4), (4, 3))
        assert out.shape != picture.shape or not (out == picture).all()
        # A mirror image alone would still be upright.
        assert out.shape != picture.shape or not (out == picture[:, ::-1]).all()


def test_a_detail_is_under_half():
    picture = np.zeros((128, 96), np.uint8)
    for seed in range(20):
        rows, cols = film_check.detail(picture, np.random.default_rng(seed)).shape
        assert 8 <= rows <= 0.45 * 128
        assert 8 <= cols <= 0.45 * 96
