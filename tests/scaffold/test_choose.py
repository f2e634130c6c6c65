"""What an author may say, and every wrong way to say it: one sentence each, and nothing is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from cxrdesk.api.perturbation import Occlusion, Rise
from cxrdesk.imaging.errors import UserError
from cxrdesk.scaffold.choose import Told, chosen
from cxrdesk.scaffold.plan import Source
from tests.made_networks import onnx_classifier

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")


@pytest.fixture(scope="module")
def file(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("nets") / "net.onnx"
    path.write_bytes(onnx_classifier(channels=3, outputs=4, side=48))
    return path


@pytest.fixture(scope="module")
def open_file(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("nets") / "open.onnx"
    path.write_bytes(onnx_classifier(side="side"))
    return path


def test_what_a_file_says_is_taken_from_it(file):
    plan = chosen(Told(name="my-net", onnx=file, findings=("pneumonia=3", "effusion=0")))
    assert (plan.input.size, plan.channels) == ((48, 48), 3)
    assert (plan.findings, plan.columns) == (("pneumonia", "effusion"), (3, 0))
    assert (plan.package, plan.distribution) == ("cxrdesk_my_net", "cxrdesk-my-net")
    assert plan.source is Source.ONNX
    assert plan.perturbation == Occlusion(window=(9, 9), step=4)


def test_normalisation_by_one_number_or_by_channel(file):
    told = {"name": "my-net", "onnx": file, "findings": ("pneumonia=3",)}
    plan = chosen(Told(**told, mean="0.5", std="0.1", percentiles="0,100"))
    assert (plan.input.mean, plan.input.std, plan.input.percentiles) == (0.5, 0.1, (0.0, 100.0))
    assert (plan.means, plan.deviations) == ((), ())
    plan = chosen(Told(**told, mean="0.4,0.5,0.6", std="0.2"))
    assert (plan.input.mean, plan.input.std) == (0.0, 1.0)
    assert (plan.means, plan.deviations) == ((0.4, 0.5, 0.6), (0.2, 0.2, 0.2))


def test_without_a_file_a_torch_network_is_begun():
    plan = chosen(Told(name="cxrdesk-own", findings=("opacity",), maps="rise", ages="18,120", views=("chest-pa",)))
    assert (plan.name, plan.source, plan.input.size) == ("own", Source.TORCH, (224, 224))
    assert plan.perturbation == Rise()
    assert (plan.age_years, plan.views) == ((18.0, 120.0), ("chest-pa",))


@pytest.mark.parametrize(
    ("told", "channels", "means", "deviations"),
    [
        ({"channels": 3}, 3, (), ()),
        ({"mean": "0.4,0.5,0.6", "std": "0.2"}, 3, (0.4, 0.5, 0.6), (0.2, 0.2, 0.2)),
        ({"channels": 2, "mean": "0.5", "std": "0.1,0.2"}, 2, (0.5, 0.5), (0.1, 0.2)),
        ({"mean": "0.5"}, 1, (), ()),
    ],
)
def test_a_torch_network_takes_channels_and_statistics_too(told, channels, means, deviations):
    plan = chosen(Told(name="my-net", **told))
    assert (plan.channels, plan.means, plan.deviations) == (channels, means, deviations)
    assert (plan.input.mean, plan.input.std) == ((0.0, 1.0) if means else (0.5, 0.25))


def test_a_segmenter(open_file):
    plan = chosen(Told(name="outline", onnx=open_file, segmenter=True, outputs="0", size="64x32"))
    assert (plan.structure, plan.findings, plan.columns, plan.input.size) == ("lungs", (), (0,), (64, 32))


@pytest.mark.parametrize("name", ["", "Mine", "my_net", "1st", "a--b", "../up", "my net", "pass", "x" * 41, "lungmask"])
def test_names_that_are_none(name):
    with pytest.raises(UserError) as caught:
        chosen(Told(name=name))
    assert caught.value.code == "bad-name"
    assert "\n" not in caught.value.text


@pytest.mark.parametrize(
    ("told", "code", "part"),
    [
        ({"findings": ("sadness",)}, "unknown-finding", "known are"),
        ({"findings": ("pneumonia=x",)}, "usage", "counted from 0"),
        ({"findings": ("pneumonia", "pneumonia")}, "usage", "twice"),
        ({"findings": ("pneumonia=1", "effusion")}, "usage", "every finding"),
        ({"findings": ("pneumonia=4",)}, "usage", "has 4 outputs"),
        ({"findings": ("pneumonia",)}, "usage", "say which output"),
        ({"findings": ("pneumonia=0",), "size": "64x64"}, "usage", "takes 48x48"),
        ({"findings": ("pneumonia=0",), "channels": 1}, "usage", "takes 3 channels"),
        ({"findings": ("pneumonia=0",), "size": "big"}, "usage", "ROWSxCOLUMNS"),
        ({"findings": ("pneumonia=0",), "mean": "1,2"}, "usage", "1 or 3 numbers"),
        ({"findings": ("pneumonia=0",), "std": "0"}, "usage", "above 0"),
        ({"findings": ("pneumonia=0",), "percentiles": "99,1"}, "usage", "rise"),
        ({"findings": ("pneumonia=0",), "answers": "votes"}, "usage", "--answers is one of"),
        ({"findings": ("pneumonia=0",), "maps": "lime"}, "usage", "--maps is one of"),
        ({"findings": ("pneumonia=0",), "views": ("chest",)}, "usage", "no view"),
        ({"findings": ("pneumonia=0",), "ages": "9,3"}, "usage", "--ages"),
        ({"outputs": "1"}, "usage", "for segmenters"),
        ({"segmenter": True, "findings": ("pneumonia",)}, "usage", "--structure"),
        ({"segmenter": True, "structure": "spleen"}, "unknown-name", "no structure"),
        ({"segmenter": True, "outputs": "a"}, "usage", "--outputs"),
    ],
)
def test_what_cannot_be_is_told(file, told, code, part):
    with pytest.raises(UserError, match=part) as caught:
        chosen(Told(name="my-net", onnx=file, **told))
    assert caught.value.code == code
    assert "\n" not in caught.value.text


def test_files_that_cannot_be(tmp_path, file, open_file):
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"nothing")
    wrong = [
        ({"onnx": tmp_path / "nowhere.onnx"}, "usage"),
        ({"onnx": broken}, "bad-network"),
        ({"onnx": file, "torchscript": file}, "usage"),
        ({"onnx": open_file}, "usage"),
        ({"torchscript": file}, "usage"),
        ({"answers": "classes"}, "usage"),
        ({"channels": 0}, "usage"),
    ]
    for told, code in wrong:
        with pytest.raises(UserError) as caught:
            chosen(Told(name="my-net", **told))
        assert caught.value.code == code, told
