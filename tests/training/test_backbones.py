"""Backbones start from a file or from an auxiliary task, and neither sees what it must not."""

from __future__ import annotations

from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("lightning")
timm = pytest.importorskip("timm")
safetensors_torch = pytest.importorskip("safetensors.torch")

from cxrdesk.evaluation.datasets import kermany, nih  # noqa: E402
from cxrdesk.imaging.errors import UserError  # noqa: E402
from cxrdesk.training import backbones, data  # noqa: E402
from cxrdesk.training.backbones import Auxiliary, backbone, load_features  # noqa: E402
from tests.made_data import make_kermany, make_nih  # noqa: E402

SMALL = "resnet10t"
TASK = Auxiliary(size=32, batch=8, stage=replace(backbones.STAGE, draws=16, epochs=1))


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    folder = tmp_path_factory.mktemp("films")
    make_kermany(folder)
    make_nih(folder)
    return folder


def features(seed=0, channels=1):
    torch.manual_seed(seed)
    return timm.create_model(SMALL, in_chans=channels, num_classes=0).eval()


def test_the_auxiliary_task_sees_training_films_alone_and_none_with_a_box(films, tmp_path, monkeypatch):
    adults = [row for row in nih(films) if row.split == "train"]
    boxed = adults[0].path
    (films / "nih" / "boxes.csv").write_text(f"file,label,source,x,y,w,h\n{boxed.name},Mass,nih,0,0,1,1\n")
    read, small = [], data.small_film
    monkeypatch.setattr(data, "small_film", lambda path: (read.append(path), small(path))[1])
    start = backbone(SMALL, tmp_path, data=films, device="cpu", task=TASK)
    wanted = {row.path for row in (*kermany(films), *adults) if row.split == "train"} - {boxed}
    assert set(read) == wanted
    assert "no ImageNet start" in start.started_from
    read.clear()
    again = backbone(SMALL, tmp_path, data=films, device="cpu", task=TASK)
    assert not read
    for name, value in start.network.state_dict().items():
        torch.testing.assert_close(again.network.state_dict()[name], value, rtol=0, atol=0)


def test_a_file_of_weights_is_used_as_it_is(tmp_path):
    given = features(1)
    path = tmp_path / "mine.safetensors"
    safetensors_torch.save_file({**given.state_dict(), "fc.weight": torch.zeros(3, 5)}, path)
    start = backbone(SMALL, tmp_path / "out", data=None, weights=path)
    x = torch.randn(1, 1, 64, 64)
    torch.testing.assert_close(start.network.eval()(x), given(x))
    assert "mine.safetensors" in start.started_from


def test_weights_for_colour_see_a_grey_film_as_three_equal_channels(tmp_path):
    given = features(2, channels=3)
    path = tmp_path / "colour.safetensors"
    safetensors_torch.save_file(given.state_dict(), path)
    start = backbone(SMALL, tmp_path / "out", data=None, weights=path)
    x = torch.randn(2, 1, 64, 64)
    torch.testing.assert_close(start.network.eval()(x), given(x.expand(-1, 3, -1, -1)), rtol=1e-4, atol=1e-5)


def test_other_weights_are_refused(tmp_path):
    wrong = tmp_path / "wrong.safetensors"
    safetensors_torch.save_file(timm.create_model("resnet18", in_chans=1, num_classes=0).state_dict(), wrong)
    with pytest.raises(UserError, match="another architecture"):
        load_features(features(), wrong)
    pickle = tmp_path / "weights.pth"
    torch.save(features().state_dict(), pickle)
    with pytest.raises(UserError, match="other formats can run code"):
        load_features(features(), pickle)
    wide = tmp_path / "wide.safetensors"
    state = features().state_dict()
    name = next(key for key, value in state.items() if value.ndim == 4 and value.shape[1] > 1)
    safetensors_torch.save_file({**state, name: torch.zeros(2, 2, 3, 3)}, wide)
    with pytest.raises(UserError, match="another architecture"):
        load_features(features(), wide)


def test_without_weights_and_films_there_is_no_start(tmp_path):
    with pytest.raises(UserError, match="--backbone-weights"):
        backbone(SMALL, tmp_path, data=None)
