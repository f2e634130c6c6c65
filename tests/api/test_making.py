"""Weights as authors have them, and what a recipe says of files that are none."""

from __future__ import annotations

import sys

import pytest

torch = pytest.importorskip("torch")
safetensors_torch = pytest.importorskip("safetensors.torch")

from cxrdesk.api.making import read_network, read_weights, run_recipe  # noqa: E402
from cxrdesk.imaging.errors import UserError  # noqa: E402
from tests.made_networks import torchscript  # noqa: E402


@pytest.fixture
def network():
    torch.manual_seed(1)
    made = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2), torch.nn.Conv2d(2, 2, 3))
    made[2].bias = made[0].bias  # shared, which safetensors refuses to write
    return made


@pytest.mark.parametrize("kind", ["safetensors", "state_dict", "checkpoint"])
def test_weights_are_read_from_what_torch_and_safetensors_write(network, tmp_path, kind):
    state = network.state_dict()
    if kind == "safetensors":
        safetensors_torch.save_file({name: value.clone() for name, value in state.items()}, tmp_path / "w")
    else:
        torch.save(state if kind == "state_dict" else {"epoch": 3, "state_dict": state}, tmp_path / "w")
    found = safetensors_torch.load(read_weights(tmp_path / "w"))
    assert set(found) == set(state)
    for name, value in state.items():
        torch.testing.assert_close(found[name], value)


@pytest.mark.parametrize(
    ("kind", "code"),
    [("whole", "unsafe-weights"), ("script", "bad-weights"), ("junk", "bad-weights"), ("list", "bad-weights"),
     ("none", "missing-file"), ("folder", "missing-file")],
)  # fmt: skip
def test_files_that_are_no_weights_are_told_in_one_sentence(network, tmp_path, kind, code):
    path = tmp_path / kind
    if kind == "whole":
        torch.save(network, path)
    elif kind == "script":
        path.write_bytes(torchscript(network, torch.zeros(1, 1, 9, 9)))
    elif kind == "list":
        torch.save([1, 2], path)
    elif kind == "junk":
        path.write_bytes(b"junk" * 40)
    elif kind == "folder":
        path.mkdir()
    with pytest.raises(UserError) as caught:
        read_weights(path)
    assert caught.value.code == code
    assert "\n" not in caught.value.text
    assert str(path) in caught.value.text


def test_a_recipe_ends_in_the_bundles_folder_or_in_one_sentence(tmp_path, monkeypatch, capsys):
    asked = []

    def start(file):
        asked.append(file)
        return tmp_path if file is None else read_network(file)

    monkeypatch.setattr(sys, "argv", ["recipe.py"])
    run_recipe(start)
    assert (asked, capsys.readouterr().out) == ([None], f"{tmp_path}\n")
    with pytest.raises(SystemExit, match=r"^name the file of the network: python -m .* net.onnx$"):
        run_recipe(start, needs="net.onnx")
    monkeypatch.setattr(sys, "argv", ["recipe.py", str(tmp_path / "absent")])
    with pytest.raises(SystemExit, match="absent is no file"):
        run_recipe(start)
    monkeypatch.setattr(sys, "argv", ["recipe.py", "a", "b"])
    with pytest.raises(SystemExit, match="name one file"):
        run_recipe(start)
