"""Reads the tensors of a torch checkpoint without running anything that it names.

TorchXRayVision publishes pickles of whole module objects in torch's old format, which ``torch.load`` refuses with
``weights_only=True``. Here only names on a list are understood: those of tensors become descriptions of
tensors, those of modules become stand-ins that keep their state and do nothing. Any other name refuses the file.

Formats: torch's own, ``torch/serialization.py``: the old one is five pickles followed by the storages, the new one a
zip of a pickle and one file for each storage.
"""

from __future__ import annotations

import io
import pickle
import pickletools
import zipfile
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxrdesk.api import BundleError

LARGEST = 512 << 20
"""Bytes; the published files have 28 MB."""
MOST_REMEMBERED = 1_000_000
"""A pickle's memo may not ask for more places: reserving them is how a small file fills the memory."""
DEEPEST = 20
_MAGIC, _PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
_STORAGES = {
    "FloatStorage": "<f4",
    "DoubleStorage": "<f8",
    "HalfStorage": "<f2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "<i1",
    "ByteStorage": "<u1",
    "BoolStorage": "|b1",
}
_INERT = {
    "torch.nn.modules.container": {"Sequential", "ModuleList"},
    "torch.nn.modules.conv": {"Conv2d"},
    "torch.nn.modules.batchnorm": {"BatchNorm2d"},
    "torch.nn.modules.activation": {"ReLU"},
    "torch.nn.modules.pooling": {"MaxPool2d", "AvgPool2d", "AdaptiveAvgPool2d"},
    "torch.nn.modules.linear": {"Linear"},
    "torch.nn.modules.dropout": {"Dropout"},
    "torch.nn.backends.thnn": {"_get_thnn_function_backend"},
    "torchxrayvision.models": {"DenseNet", "_DenseBlock", "_DenseLayer", "_Transition"},
    "torch": {"Size", "device", "dtype"},
    "numpy": {"dtype", "ndarray"},
    "numpy.core.multiarray": {"_reconstruct", "scalar"},
    "numpy._core.multiarray": {"_reconstruct", "scalar"},
}
"""Names whose objects are only kept apart from the tensors."""


class UnsafeError(BundleError):
    """A file that names what may not be loaded, or is no checkpoint."""


class _Part:
    """In place of any object that is not looked into."""

    def __init__(self, *given: Any, **named: Any) -> None:
        self.state: dict[str, Any] = {}

    def __setstate__(self, state: Any) -> None:
        self.state = state if isinstance(state, dict) else {}


@dataclass(frozen=True, kw_only=True)
class _Stored:
    """A tensor before its numbers are read: which storage, and how it lies there (counted in numbers)."""

    key: str
    dtype: str
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]


def _stored(storage: Any, offset: Any, shape: Any, stride: Any, *others: Any) -> _Stored:
    key, dtype = storage
    numbers = [offset, *shape, *stride]
    if not all(type(number) is int and number >= 0 for number in numbers) or len(shape) != len(stride):
        raise pickle.UnpicklingError("a tensor's shape is none")
    return _Stored(key=str(key), dtype=str(dtype), offset=offset, shape=tuple(shape), stride=tuple(stride))


def _parameter(data: Any, *others: Any) -> Any:
    return data


class _Reader(pickle.Unpickler):
    """Understands names on the list and no other."""

    def find_class(self, module: str, name: str) -> Any:
        if module == "torch" and name in _STORAGES:
            return _STORAGES[name]
        if module == "torch._utils" and name in ("_rebuild_tensor", "_rebuild_tensor_v2"):
            return lambda *given: _stored(*given)
        if module == "torch._utils" and name == "_rebuild_parameter":
            return lambda *given: _parameter(*given)
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if module in ("builtins", "__builtin__") and name == "set":
            return set
        if name in _INERT.get(module, ()):
            # A class of its own each time: what a file does to it stays in that file.
            return type("_Part", (_Part,), {})
        raise UnsafeError("unsafe-weights", f"it names {module}.{name}"[:200])

    def persistent_load(self, pid: Any) -> Any:
        kind = pid[0]
        if kind == "module":  # the old format: the class, and its source, which nobody reads
            return pid[1]
        if kind != "storage" or pid[1] not in _STORAGES.values():
            raise pickle.UnpicklingError("it refers to something that is no storage")
        if len(pid) > 5 and pid[5] is not None:
            raise pickle.UnpicklingError("a storage is part of another one")
        return str(pid[2]), pid[1]


def tensors_of(path: Path, data: bytes) -> dict[str, NDArray[Any]]:
    """The tensors of a checkpoint by their names in torch's state dictionary.

    Parameters
    ----------
    path : Path
        For messages.
    data : bytes
        The file: a pickled module, or a pickled state dictionary, in either of torch's formats.

    Raises
    ------
    UnsafeError
        ``"unsafe-weights"`` if the file names a class or function that is not on the list; ``"bad-weights"`` if it is
        no such checkpoint or is damaged.
    """
    try:
        zipped = data[:4] == b"PK\x03\x04"
        root, storages = _unzipped(data) if zipped else _old(data)
        return {name: _numbers(stored, storages) for name, stored in _named(root)}
    except UnsafeError as error:
        raise UnsafeError(
            "unsafe-weights",
            f"{path.name} was not loaded: {error.text}, which is not on the list of what a TorchXRayVision checkpoint"
            " holds; a file like this could run any program, so get it anew from the authors.",
        ) from None
    except Exception as error:
        # Whatever a broken or forged pickle makes of the reader.
        text = f"{path.name} is no checkpoint of TorchXRayVision, or it is damaged; choose the .pt file of its release."
        raise UnsafeError("bad-weights", text) from error


def _loaded(stream: io.BytesIO) -> Any:
    """One pickle at the stream's place, looked through before it is read."""
    start = stream.tell()
    for code, value, _ in pickletools.genops(stream):
        if "PUT" in code.name and value is not None and int(value) > MOST_REMEMBERED:
            raise pickle.UnpicklingError("it asks for too much memory")
    stream.seek(start)
    return _Reader(stream, encoding="latin1").load()


def _unzipped(data: bytes) -> tuple[Any, Mapping[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if sum(item.file_size for item in archive.infolist()) > LARGEST:
            raise pickle.UnpicklingError("it is too large")
        names = archive.namelist()
        top = next(name for name in names if name.endswith("/data.pkl")).removesuffix("data.pkl")
        if f"{top}byteorder" in names and archive.read(f"{top}byteorder") != b"little":
            raise pickle.UnpicklingError("its numbers are of the other byte order")
        folder = f"{top}data/"
        storages = {name.removeprefix(folder): archive.read(name) for name in names if name.startswith(folder)}
        return _loaded(io.BytesIO(archive.read(f"{top}data.pkl"))), storages


def _old(data: bytes) -> tuple[Any, Mapping[str, bytes]]:
    stream = io.BytesIO(data)
    if (_loaded(stream), _loaded(stream)) != (_MAGIC, _PROTOCOL) or not _loaded(stream)["little_endian"]:
        raise pickle.UnpicklingError("it does not begin as a checkpoint does")
    root = _loaded(stream)
    sizes = {stored.key: np.dtype(stored.dtype).itemsize for _, stored in _named(root)}
    storages = {}
    for key in _loaded(stream):
        count = int.from_bytes(stream.read(8), "little", signed=True)
        if str(key) not in sizes or count < 0:
            raise pickle.UnpicklingError("it holds a storage that no tensor uses")
        storages[str(key)] = stream.read(count * sizes[str(key)])
    return root, storages


def _named(root: Any, prefix: str = "", depth: int = 0) -> Iterator[tuple[str, _Stored]]:
    """Names and tensors of a module's tree, or of a state dictionary."""
    if depth > DEEPEST:
        raise pickle.UnpicklingError("its modules are nested too deep")
    if isinstance(root, dict):
        yield from ((str(name), stored) for name, stored in root.items() if isinstance(stored, _Stored))
        return
    if not isinstance(root, _Part):
        raise pickle.UnpicklingError("it holds no module")
    for kind in ("_parameters", "_buffers"):
        yield from ((f"{prefix}{name}", t) for name, t in root.state[kind].items() if isinstance(t, _Stored))
    for name, part in root.state["_modules"].items():
        if part is not None:
            yield from _named(part, f"{prefix}{name}.", depth + 1)


def _numbers(stored: _Stored, storages: Mapping[str, bytes]) -> NDArray[Any]:
    numbers = np.frombuffer(storages[stored.key], stored.dtype)
    last = stored.offset + sum((n - 1) * step for n, step in zip(stored.shape, stored.stride, strict=True))
    if 0 in stored.shape or last >= len(numbers):
        raise pickle.UnpicklingError("a tensor lies outside its storage")
    view = np.lib.stride_tricks.as_strided(
        numbers[stored.offset :], stored.shape, [step * numbers.itemsize for step in stored.stride], writeable=False
    )
    if view.size > len(numbers):
        raise pickle.UnpicklingError("a tensor is larger than its storage")
    return np.array(view, order="C")
