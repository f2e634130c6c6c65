"""Checkpoints: what is read, and what is refused without being run."""

from __future__ import annotations

import io
import os
import pickle
import struct
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("cxrdesk_xrv")
torch = pytest.importorskip("torch")

from cxrdesk_xrv.checkpoint import UnsafeError, tensors_of  # noqa: E402

FILE = Path("weights.pt")


def saved(value, *, zipped: bool) -> bytes:
    buffer = io.BytesIO()
    torch.save(value, buffer, _use_new_zipfile_serialization=zipped)
    return buffer.getvalue()


def small() -> torch.nn.Module:
    made = torch.nn.Sequential(
        OrderedDict(conv=torch.nn.Conv2d(1, 3, 3), norm=torch.nn.BatchNorm2d(3), act=torch.nn.ReLU(inplace=True))
    )
    # A tensor that is a part of its storage, in another order.
    made.conv.weight = torch.nn.Parameter(torch.randn(9, 2, 3)[:, 1].reshape(3, 3, 3, 1).permute(2, 3, 0, 1))
    made.norm.weight.data = made.norm.weight.data.half()
    return made


@pytest.mark.parametrize("zipped", [True, False], ids=["new", "old"])
@pytest.mark.parametrize("whole", [True, False], ids=["module", "state"])
def test_tensors_are_those_that_torch_reads(zipped, whole):
    module = small()
    found = tensors_of(FILE, saved(module if whole else module.state_dict(), zipped=zipped))
    expected = module.state_dict()
    assert set(found) == set(expected)
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value.numpy())
        assert found[name].dtype == value.numpy().dtype


class Runs:
    """What a hostile file is made of: unpickling it runs a command."""

    def __init__(self, call, *given):
        self.call, self.given = call, given

    def __reduce__(self):
        return self.call, self.given


MARK = "CXRDESK_WAS_HERE"
HOSTILE = {
    "system": Runs(os.system, f"touch {MARK}"),
    "eval": Runs(eval, f"open({MARK!r}, 'w')"),
    "getattr": Runs(getattr, "", "join"),
    "import": Runs(__import__, "this"),
    "torch-load": Runs(torch.load, MARK),
    "in-a-module": OrderedDict(weight=torch.zeros(2), other=Runs(os.system, f"touch {MARK}")),
}


@pytest.mark.parametrize("zipped", [True, False], ids=["new", "old"])
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_pickle_is_refused_with_a_sentence(tmp_path, monkeypatch, name, zipped):
    monkeypatch.chdir(tmp_path)
    data = saved(HOSTILE[name], zipped=zipped)
    with pytest.raises(UnsafeError, match=r"weights.pt was not loaded: it names .* could run any program") as caught:
        tensors_of(FILE, data)
    assert caught.value.code == "unsafe-weights"
    assert list(tmp_path.iterdir()) == []


def zip_of(pickled: bytes, **files: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("archive/data.pkl", pickled)
        for key, content in files.items():
            archive.writestr(f"archive/{key}", content)
    return buffer.getvalue()


def tensor(offset: int, shape: tuple, stride: tuple) -> bytes:
    """A pickle of one tensor over a storage of four numbers."""
    parts = [b"\x80\x02}X\x01\x00\x00\x00wctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\n"]
    parts += [b"FloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x04tQ"]
    for value in (offset, shape, stride):
        parts.append(pickle.dumps(value, 2)[2:-1])
    return b"".join([*parts, b"\x89}tRs."])


BROKEN = {
    "empty": b"",
    "text": b"these are no weights",
    "picture": b"\x89PNG\r\n\x1a\n" + bytes(100),
    "zip": zip_of(b""),
    "no-pickle": saved({}, zipped=True)[:200],
    "cut": saved(small(), zipped=False)[:-50],
    "number": zip_of(pickle.dumps(7, 2)),
    "memory": zip_of(b"\x80\x02}r" + struct.pack("<I", 0xFFFFFFF0) + b"."),
    "outside": zip_of(tensor(2, (4,), (1,)), **{"data/0": bytes(16)}),
    "before": zip_of(tensor(-1, (2,), (1,)), **{"data/0": bytes(16)}),
    "huge": zip_of(tensor(0, (1 << 40,), (0,)), **{"data/0": bytes(16)}),
    "no-storage": zip_of(tensor(0, (4,), (1,))),
}


def test_the_tensors_made_by_hand_are_understood():
    data = zip_of(tensor(1, (3,), (1,)), **{"data/0": np.arange(4, dtype=np.float32).tobytes()})
    np.testing.assert_array_equal(tensors_of(FILE, data)["w"], [1, 2, 3])


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_checkpoint_is_refused(name):
    with pytest.raises(UnsafeError, match=r"weights.pt is no checkpoint of TorchXRayVision") as caught:
        tensors_of(FILE, BROKEN[name])
    assert caught.value.code == "bad-weights"


def test_modules_in_a_circle_are_refused():
    module = small()
    module._modules["self"] = module
    with pytest.raises(UnsafeError, match="no checkpoint"):
        tensors_of(FILE, saved(module, zipped=True))
