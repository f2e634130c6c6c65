"""Messages between host and child: JSON and plain arrays, typed and sized. No pickle in either direction."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Sequence
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from cxrdesk.discovery.plain import parsed
from cxrdesk.imaging.words import shown_text

MAX_HEADER = 1 << 20
MAX_PAYLOAD = 1 << 28
MAX_DIMENSIONS = 4
_DTYPES = {"<f4", "<f8", "|u1", "<u2", "<i2"}
_START = struct.Struct("<4sI")
_MAGIC = b"CXR1"


class WireError(Exception):
    """The other side sent something that is no message."""


Message = tuple[dict[str, Any], list[NDArray[Any]]]


def packed(header: dict[str, Any], arrays: Sequence[NDArray[Any]] = ()) -> list[memoryview]:
    """One message as bytes; arrays become little-endian and contiguous, and are not copied where they are so already.

    Raises
    ------
    WireError
        If the other side would not take it.
    """
    plain = [np.ascontiguousarray(a, dtype=a.dtype.newbyteorder("<")) for a in arrays]
    if refused := [a for a in plain if a.dtype.str not in _DTYPES or a.ndim > MAX_DIMENSIONS]:
        raise WireError(f"an array of {refused[0].dtype} {refused[0].shape}")
    described = [{"dtype": a.dtype.str, "shape": list(a.shape)} for a in plain]
    try:
        text = json.dumps(header | {"arrays": described}, allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        raise WireError(f"a header that is not plain JSON: {error}") from error
    if len(text) > MAX_HEADER or sum(a.nbytes for a in plain) > MAX_PAYLOAD:
        raise WireError("a message over its size limit")
    return [memoryview(_START.pack(_MAGIC, len(text)) + text), *(a.data.cast("B") for a in plain if a.size)]


def send(stream: IO[bytes], header: dict[str, Any], arrays: Sequence[NDArray[Any]] = ()) -> None:
    """Write one message; as `packed`, nothing is written where that raises."""
    for part in packed(header, arrays):
        stream.write(part)
    stream.flush()


def receive(stream: IO[bytes]) -> Message | None:
    """Read one message; None at the end of the stream.

    Raises
    ------
    WireError
        If what comes is no message, or claims more than the limits.
    """
    start = stream.read(_START.size)
    if not start:
        return None
    if len(start) < _START.size:
        raise WireError("the stream ended within a message")
    magic, length = _START.unpack(start)
    if magic != _MAGIC or length > MAX_HEADER:
        raise WireError("no message, or one over its size limit")
    try:
        header = parsed(_exactly(stream, length))
        described = [(str(item["dtype"]), tuple(int(n) for n in item["shape"])) for item in header.pop("arrays")]
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise WireError(f"a message that is not understood: {shown_text(repr(error))}") from error
    arrays = []
    left = MAX_PAYLOAD
    for dtype, shape in described:
        # The bound on each side keeps an empty array from claiming an impossible shape.
        if dtype not in _DTYPES or len(shape) > MAX_DIMENSIONS or any(not 0 <= n <= MAX_PAYLOAD for n in shape):
            raise WireError(f"an array of {shown_text(dtype)} {shape}")
        # In Python's own integers: a claimed size cannot overflow.
        size = np.dtype(dtype).itemsize * math.prod(shape)
        left -= size
        if left < 0:
            raise WireError("arrays over their size limit")
        try:
            arrays.append(np.frombuffer(_exactly(stream, size), dtype=dtype).reshape(shape))
        except ValueError as error:
            raise WireError(f"an array of {dtype} {shape}") from error
    return header, arrays


def _exactly(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise WireError("the stream ended within a message")
    return data
