"""The mask as alpha channel, fused features, and the study's way from films to figures."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
timm = pytest.importorskip("timm")
pytest.importorskip("sklearn")

from cxrdesk.evaluation.datasets import Row  # noqa: E402
from cxrdesk.imaging.radiograph import View  # noqa: E402
from reproductions import extractors, lung_masks, pneumonia_fusion, shipped  # noqa: E402
from reproductions.__main__ import main  # noqa: E402
from reproductions.extractors import EXTRACTORS, Shallow, classified, extracted, extractor  # noqa: E402
from reproductions.films import FOLDS, Fold  # noqa: E402
from reproductions.framing import UNSEEN  # noqa: E402
from reproductions.learning import Learning  # noqa: E402
from reproductions.pneumonia_fusion import KINDS, pictures  # noqa: E402
from reproductions.seeds import areas  # noqa: E402
from tests.reproductions.made_films import made  # noqa: E402


@pytest.mark.parametrize("name", EXTRACTORS)
def test_an_extractor_takes_an_alpha_channel_and_gives_the_features_of_its_architecture(name):
    network = extractor(name, 4).eval()
    with torch.inference_mode():
        found = network[0](torch.zeros(1, 4, 80, 80))
    assert found.shape == (1, EXTRACTORS[name])
    # Of the published architectures: (filters, kernel) of the first convolution.
    first = next(part for part in network.modules() if isinstance(part, torch.nn.Conv2d))
    expected = {"VGG16": (64, (3, 3)), "ResNet-50": (64, (7, 7)), "InceptionV3": (32, (3, 3))}[name]
    assert (first.in_channels, first.out_channels, first.kernel_size) == (4, *expected)
    if name == "VGG16":
        assert sum(isinstance(part, torch.nn.Conv2d) for part in network.modules()) == 13


def test_background_is_black_and_the_mask_is_the_fourth_channel():
    films = made(2, side=4)
    masks = np.zeros((2, 4, 4), np.uint8)
    masks[:, 1:3, 1:3] = 255
    boxed = films.pixels[::-1]
    whole, three, four, box = (pictures(films, masks, boxed, kind) for kind in KINDS)
    assert (box.pixels == boxed[:, None]).all()
    assert whole.pixels.shape == three.pixels.shape == (2, 3, 4, 4)
    assert (whole.pixels == films.pixels[:, None]).all()
    assert (three.pixels == np.where(masks, films.pixels, 0)[:, None]).all()
    assert (four.pixels[:, :3] == three.pixels).all()
    assert (four.pixels[:, 3] == masks).all()


def test_each_extractor_is_projected_before_its_features_meet():
    network = Shallow((5, 7))
    assert [layer[0].in_features for layer in network.projections] == [5, 7]
    assert network.head[0].in_features == 2 * extractors.WIDTH
    assert network(torch.zeros(3, 12)).shape == (3, 1)


def test_the_classifier_learns_from_features_of_any_scale():
    rng = np.random.default_rng(0)
    labels = np.arange(200) % 4 // 3
    features = {part: rng.normal(1000, 1, (200, 6)) + labels[:, None] * 3 for part in ("train", "tune", "report")}
    features = {part: values.astype(np.float32) for part, values in features.items()}
    found = classified(features, (2, 4), labels, 0, epochs=5)
    again = classified(features, (2, 4), labels, 0, epochs=5)
    assert set(found) == {"tune", "report"}
    assert found["report"][labels == 1].min() > found["report"][labels == 0].max()
    np.testing.assert_array_equal(found["tune"], again["tune"])


def test_a_feature_that_wakes_after_training_does_not_drown_the_others():
    rng = np.random.default_rng(0)
    labels = np.arange(200) % 2
    features = {part: rng.normal(0, 1, (200, 6)) + labels[:, None] * 3 for part in ("train", "tune", "report")}
    features["train"][:, 2] = 0
    features = {part: values.astype(np.float32) for part, values in features.items()}
    found = classified(features, (6,), labels, 0, epochs=5)
    assert areas(labels, found["report"][np.newaxis]) > 0.98


def test_features_do_not_depend_on_the_batch():
    network = torch.nn.Sequential(
        torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.Flatten()), torch.nn.Identity()
    )
    films = made(7, side=8)
    assert extracted(network, films, batch=3).shape == (7, 4 * 36)
    np.testing.assert_allclose(extracted(network, films, batch=3), extracted(network, films), atol=1e-2)


def tiny(name, channels):
    body = torch.nn.Sequential(torch.nn.Conv2d(channels, 4, 3), torch.nn.ReLU(), torch.nn.AdaptiveAvgPool2d(1),
                               torch.nn.Flatten())  # fmt: skip
    return torch.nn.Sequential(body, torch.nn.Linear(4, 1))


def test_the_study_runs_from_its_command_and_goes_on_where_it_stopped(tmp_path, monkeypatch):
    films = made(2600, side=8)
    masks = np.full((2600, 8, 8), 255, np.uint8)
    monkeypatch.setattr(pneumonia_fusion, "paediatric", lambda data, side: films)
    monkeypatch.setattr(pneumonia_fusion, "outlined", lambda films, out: (masks, 3))
    monkeypatch.setattr(pneumonia_fusion, "cut", lambda films, masks: films.pixels)
    monkeypatch.setattr(pneumonia_fusion, "mask_figures", lambda data, out: {"paediatric": {}})
    monkeypatch.setattr(
        pneumonia_fusion,
        "pneumonia_scores",
        lambda fold, report, out: report.labels + np.linspace(0, 1, len(report.rows)),
    )
    monkeypatch.setattr(pneumonia_fusion, "extractor", tiny)
    monkeypatch.setattr(pneumonia_fusion, "FOLDS", FOLDS[1:2])
    monkeypatch.setattr(pneumonia_fusion, "EPOCHS", 1)
    monkeypatch.setattr("reproductions.extractors.WIDTH", 8)
    monkeypatch.setattr(
        pneumonia_fusion, "START", Learning(epochs=1, batch=64, optimiser=partial(torch.optim.Adam, lr=0.05))
    )
    monkeypatch.setattr("cxrdesk.evaluation.intervals.RESAMPLES", 5)
    monkeypatch.setattr("cxrdesk.evaluation.choices.RESAMPLES", 5)
    command = ["pneumonia-fusion", "--data", str(tmp_path), "--out", str(tmp_path / "out"), "--seeds", "2"]
    main(command)
    told = json.loads((tmp_path / "out" / "results.json").read_text())["results"]
    assert told["films_without_outline"] == 3
    fold = told["folds"]["left out: IM"]
    assert list(fold["cells"]) == list(KINDS)
    assert list(fold["cells"]["whole film"]) == [*EXTRACTORS, "fused"]
    assert set(fold["no_pixels"]) == set(UNSEEN)
    # These outlines are all alike.
    assert fold["no_pixels"]["no pixels, the outline"]["over_seeds"]["auc"]["value"] == 0.5
    assert set(fold["differences"]) >= {"alpha channel", "masked film over the lungs' box", "fusion over VGG16"}
    assert len(fold["differences"]["alpha channel"]["delong_p"]) == 2
    monkeypatch.setattr(pneumonia_fusion, "learn", lambda *given: pytest.fail("learnt again"))
    for name in ("classified", "answered"):
        monkeypatch.setattr(pneumonia_fusion, name, lambda *given, **more: pytest.fail("classified again"))
    main(command)


def test_shipped_networks_of_a_fold_never_saw_its_families():
    for fold in FOLDS:
        bundle = shipped.fold_bundle(fold)
        assert (bundle / "bundle.json").is_file()
    assert shipped.fold_bundle(FOLDS[1]).name == "im"
    with pytest.raises(ValueError, match="person2"):
        shipped.fold_bundle(Fold(name="other", left_out=frozenset({"person2"})))


def test_what_is_kept_belongs_to_the_bundles_it_came_from():
    folds = [shipped.fold_bundle(fold) for fold in FOLDS]
    lungs = shipped.lung_segmenter()[1].bundle
    marks = {shipped.marked(folder, lungs) for folder in folds} | {shipped.marked(folder) for folder in folds}
    assert len(marks) == 2 * len(folds)


def rows_of(tmp_path, count):
    import cv2

    drawn = np.zeros((10, 12), np.uint8)
    drawn[2:8, 3:9] = 255
    cv2.imwrite(str(tmp_path / "mask.png"), drawn)
    return [
        Row(path=Path(f"{k}.png"), dataset="made", patient=f"p{k}", view=View(), mask=tmp_path / "mask.png")
        for k in range(count)
    ]


def test_a_refused_film_has_an_empty_outline(tmp_path, monkeypatch):
    rows = rows_of(tmp_path, 4)
    right = np.zeros((10, 12), np.float32)
    right[2:8, 3:9] = 1
    answers = [right, right, None, right * 0.4]
    monkeypatch.setattr(lung_masks, "outlines", lambda rows, told: zip(rows, answers, strict=True))
    monkeypatch.setattr(lung_masks, "lung_groups", lambda data: {"made": rows})
    monkeypatch.setattr("cxrdesk.evaluation.intervals.RESAMPLES", 20)
    found = lung_masks.mask_figures(tmp_path, tmp_path)["made"]
    assert (found["films"], found["refused"]) == (4, 1)
    assert found["dice"]["value"] == 0.5
    assert found["accuracy"]["value"] == pytest.approx((1 + 1 + 2 * (1 - 36 / 120)) / 4, abs=1e-4)


def test_a_film_without_outline_is_seen_whole(tmp_path, monkeypatch):
    films = made(3, side=8)
    half = np.zeros((16, 16), np.float32)
    half[:, 8:] = 1
    monkeypatch.setattr(lung_masks, "outlines", lambda rows, told: zip(rows, [half, None, half], strict=True))
    masks, refused = lung_masks.outlined(films, tmp_path)
    assert masks.shape == films.pixels.shape
    assert refused == 1
    assert (masks[1] == 255).all()
    assert (masks[0][:, :3] == 0).all()
    assert (masks[0][:, 5:] == 255).all()
