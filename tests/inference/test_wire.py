from __future__ import annotations

import io
import json
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from cxrdesk.inference import wire

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
ARRAYS = st.sampled_from(["<f4", "<f8", "u1", "<u2", "<i2", ">f4", ">u2"]).flatmap(
    lambda dtype: arrays(dtype, array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=4))
)


@given(
    header=st.dictionaries(st.text().filter(lambda key: key != "arrays"), JSON, max_size=4),
    sent=st.lists(ARRAYS, max_size=3),
)
def test_messages_round_trip(header, sent):
    stream = io.BytesIO()
    wire.send(stream, header, sent)
    wire.send(stream, {"next": 1})
    stream.seek(0)
    received, got = wire.receive(stream)
    assert received == header
    for mine, theirs in zip(sent, got, strict=True):
        assert theirs.shape == mine.shape
        assert theirs.dtype == mine.dtype.newbyteorder("<")
        np.testing.assert_array_equal(mine, theirs)
    assert wire.receive(stream) == ({"next": 1}, [])
    assert wire.receive(stream) is None


def test_strided_arrays_travel_whole():
    stream = io.BytesIO()
    sent = np.arange(24, dtype=np.float32).reshape(4, 6)[::2, ::-1].T
    wire.send(stream, {}, [sent])
    stream.seek(0)
    np.testing.assert_array_equal(wire.receive(stream)[1][0], sent)


@pytest.mark.parametrize(
    ("header", "sent"),
    [
        ({"probability": float("nan")}, []),
        ({"number": np.float32(1)}, []),
        ({"text": "x" * wire.MAX_HEADER}, []),
        ({}, [np.zeros(3, np.float16)]),
        ({}, [np.array([object()])]),
        ({}, [np.zeros((1, 1, 1, 1, 1), np.float32)]),
        ({}, [np.zeros(wire.MAX_PAYLOAD + 1, np.uint8)]),
    ],
)
def test_what_cannot_be_received_is_not_sent(header, sent):
    stream = io.BytesIO()
    with pytest.raises(wire.WireError):
        wire.send(stream, header, sent)
    assert stream.getvalue() == b""


def frame(header: object, payload: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<4sI", b"CXR1", len(text)) + text + payload


def described(**changes: object) -> dict:
    return {"arrays": [{"dtype": "<f4", "shape": [1]} | changes]}


@pytest.mark.parametrize(
    "data",
    [
        b"CXR",
        b"GET / HTTP/1.1\r\n",
        struct.pack("<4sI", b"CXR2", 2) + b"{}",
        struct.pack("<4sI", b"CXR1", wire.MAX_HEADER + 1),
        struct.pack("<4sI", b"CXR1", 10) + b"{}",
        frame(b"not json"),
        frame(b"\xff\xfe"),
        frame(b"[" * 100_000),
        frame([]),
        frame("text"),
        frame({}),
        frame({"arrays": 3}),
        frame({"arrays": [3]}),
        frame({"arrays": [{}]}),
        frame(described(shape=3), bytes(4)),
        frame(described(shape=[None]), bytes(4)),
        frame(described(shape=[-1]), bytes(4)),
        frame(described(shape=[1] * 5), bytes(4)),
        frame(described(shape=[1 << 40, 0]), b""),
        frame(described(shape=[1 << 62, 1 << 62]), b""),
        frame(b'{"arrays": [{"dtype": "<f4", "shape": [1e999]}]}'),
        frame(described(dtype="O"), bytes(8)),
        frame(described(dtype="<f2"), bytes(2)),
        frame(described(dtype="V99999"), b""),
        frame(described(), bytes(3)),
        frame({"arrays": [{"dtype": "|u1", "shape": [wire.MAX_PAYLOAD // 2 + 1]}] * 2}),
    ],
)
def test_what_is_no_message_is_refused(data):
    with pytest.raises(wire.WireError):
        wire.receive(io.BytesIO(data))


@given(st.binary(max_size=200))
def test_noise_is_refused_or_the_end(data):
    try:
        wire.receive(io.BytesIO(data))
    except wire.WireError:
        return
    assert data == b""


@given(st.data())
def test_a_message_cut_anywhere_is_refused(data):
    whole = io.BytesIO()
    wire.send(whole, {"a": 1}, [np.arange(6, dtype=np.uint16).reshape(2, 3)])
    cut = data.draw(st.integers(1, len(whole.getvalue()) - 1))
    with pytest.raises(wire.WireError):
        wire.receive(io.BytesIO(whole.getvalue()[:cut]))
