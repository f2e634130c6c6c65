from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxrdesk.studies.annotations import (
    POINTS,
    Annotation,
    Annotations,
    FilmKey,
    Kind,
    NotOursError,
    from_bytes,
    to_bytes,
)

SHAPE = (300, 200)
KEY = FilmKey.of("1.2.3", "0" * 64, SHAPE)
SCHEMA = json.loads((files("cxrdesk.studies") / "annotations.schema.json").read_text())
places = st.tuples(st.floats(0, SHAPE[1]), st.floats(0, SHAPE[0]))


@st.composite
def drawn(draw) -> Annotation:
    kind = draw(st.sampled_from(Kind))
    points = tuple(draw(places) for _ in range(POINTS[kind]))
    text = draw(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
    return Annotation(kind=kind, points=points, text=text, frame=draw(st.integers(0, 9)))


def length(*points: tuple[float, float], **changes) -> Annotation:
    return Annotation(kind=Kind.LENGTH, points=points or ((10.0, 20.0), (30.0, 40.0)), **changes)


@given(st.lists(drawn(), max_size=8))
def test_what_is_written_is_read_again_and_keeps_to_the_schema(items) -> None:
    made = Annotations(items=tuple(items), saved="2026-01-01T00:00:00Z")
    content = to_bytes(made, KEY)
    jsonschema.validate(json.loads(content), SCHEMA)
    assert from_bytes(content, KEY) == made


def test_the_key_names_nobody() -> None:
    key = FilmKey.of("1.2.840.113619.2.5", "a" * 64, SHAPE)
    assert "1.2.840" not in key.value + key.file_name
    assert key == FilmKey.of("1.2.840.113619.2.5", "b" * 64, SHAPE)
    assert FilmKey.of(None, "a" * 64, SHAPE) != FilmKey.of(None, "b" * 64, SHAPE)
    assert "Doe" not in repr(length(text="Doe"))


def test_one_uid_in_two_studies_is_two_films() -> None:
    first, second = (FilmKey.of("1.2.3", "", SHAPE, study_uid=study) for study in ("1.1", "1.2"))
    assert first != second
    assert first.file_name != second.file_name
    assert first == FilmKey.of("1.2.3", "", SHAPE, study_uid="1.1")


@pytest.mark.parametrize(
    "changes",
    [
        {"points": ((1.0, 2.0),)},
        {"points": ((1.0, 2.0), (float("nan"), 0.0))},
        {"text": "x" * 1001},
    ],
)
def test_what_cannot_be_drawn_is_not_made(changes) -> None:
    with pytest.raises(ValueError, match=r"points|text"):
        replace(length(), **changes)


def test_moving_stops_at_the_edge_with_the_form_kept() -> None:
    moved = length((10, 20), (30, 60)).moved(-50, 1000, SHAPE)
    assert moved.points == ((0, 260), (20, 300))


RATIO = ((10.0, 20.0), (90.0, 20.0), (5.0, 40.0), (120.0, 40.0))


def test_a_proposal_is_the_readers_once_every_point_was_moved_or_it_was_confirmed() -> None:
    proposed = Annotation(kind=Kind.CARDIOTHORACIC, points=RATIO, origin="proposed")
    one = proposed.with_point(0, (11.0, 20.0))
    assert (one.origin, one.placed, one.id) == ("proposed", {0}, proposed.id)
    assert one.with_point(0, (12.0, 20.0)).placed == {0}
    assert one.moved(1, 1, SHAPE).placed == {0}  # as a whole: its ratio is what it was
    assert proposed.moved(1, 1, SHAPE).origin == "proposed"
    three = one.moved(0, 5, SHAPE, (2, 3))
    assert (three.origin, three.placed) == ("proposed", {0, 2, 3})
    for own in (three.with_point(1, (91.0, 20.0)), proposed.confirmed(), three.confirmed()):
        assert (own.origin, own.placed) == ("reader", frozenset())
    assert length(origin="default").moved(1, 1, SHAPE).origin == "reader"


def test_what_was_moved_of_a_proposal_is_kept_and_older_files_are_read() -> None:
    item = Annotation(kind=Kind.CARDIOTHORACIC, points=RATIO, origin="proposed").with_point(2, (6.0, 40.0))
    content = to_bytes(Annotations(items=(item,)), KEY)
    assert from_bytes(content, KEY).items == (item,)
    entry = json.loads(content)["annotations"][0]
    assert entry["placed"] == [2]
    older = {name: value for name, value in entry.items() if name != "placed"}
    assert from_bytes(_content(annotations=[older]), KEY).items == (replace(item, placed=frozenset()),)
    # An older cxrdesk moved one more point and kept what it did not know.
    (own,) = from_bytes(_content(annotations=[{**entry, "origin": "reader"}]), KEY).items
    assert (own.origin, own.placed) == ("reader", frozenset())
    assert "placed" not in to_bytes(Annotations(items=(own,)), KEY).decode()


def _content(**changes) -> bytes:
    return json.dumps({**json.loads(to_bytes(Annotations(items=(length(),)), KEY)), **changes}).encode()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "damaged"),
        (b"\xff\xfe\x00", "damaged"),
        (b"[" * 100_000, "damaged"),
        (b'{"format": "cxrdesk-annotations"}', "damaged"),
        (b'{"format": "something-else", "annotations": []}', "damaged"),
        (_content(annotations={}), "damaged"),
        (_content(saved=1, film=None), "damaged"),
        (_content().replace(b"20.0", b"NaN"), "damaged"),
        (_content(later=0.5).replace(b"0.5", b"1e999"), "damaged"),  # kept, it could never be written again
        (_content(version=2), "later"),
        (_content(film={"key": "sop-instance-sha256:" + "0" * 64, "rows": 300, "cols": 200}), "another film"),
        (_content(film={"key": KEY.value, "rows": 301, "cols": 200}), "another film"),
        (b" " * ((16 << 20) + 1), "too large"),
    ],
)
def test_files_that_are_not_this_films_annotations(content, reason) -> None:
    with pytest.raises(NotOursError, match=reason):
        from_bytes(content, KEY)


@pytest.mark.parametrize(
    "entry",
    [
        7,
        None,
        {},
        {"id": "a", "kind": "polygon", "points": [[1, 2], [3, 4], [5, 6]]},
        {"id": "a", "kind": "length", "points": [[1, 2]]},
        {"id": "a", "kind": "length", "points": [[1, 2], [3, "4"]]},
        {"id": "a", "kind": "length", "points": [[1, 2], [3, 10**400]]},
        {"id": "a", "kind": "length", "points": [[1, 2], [3, 301]]},
        {"id": "a", "kind": "length", "points": [[1, 2], [3, True]]},
        {"id": "a", "kind": "length", "points": 5},
        {"id": "a", "kind": ["length"], "points": [[1, 2], [3, 4]]},
        {"id": "", "kind": "length", "points": [[1, 2], [3, 4]]},
        {"id": "a", "kind": "length", "points": [[1, 2], [3, 4]], "frame": -1},
        {"id": "a", "kind": "length", "points": [[1, 2], [3, 4]], "text": 5},
        {"id": "a", "kind": "length", "points": [[1, 2], [3, 4]], "origin": "nobody"},
        {"id": "a", "kind": "length", "points": [[1, 2], [3, 4]], "origin": []},
        {"id": "a", "kind": "length", "points": [[1, 2], [3, 4]], "origin": "proposed", "placed": [True]},
        {"id": "a", "kind": "length", "points": [[1, 2], [3, 4]], "origin": "proposed", "placed": [2]},
        {"id": "a", "kind": "length", "points": [[1, 2], [3, 4]], "origin": "proposed", "placed": 1},
    ],
)
def test_an_entry_that_is_not_understood_is_kept_as_it_is(entry) -> None:
    good = json.loads(_content())["annotations"]
    read = from_bytes(_content(annotations=[entry, *good]), KEY)
    assert (len(read.items), read.others) == (1, (entry,))
    assert json.loads(to_bytes(read, KEY))["annotations"][-1] == entry


def test_what_a_later_cxrdesk_adds_is_kept() -> None:
    good = json.loads(_content())["annotations"][0]
    read = from_bytes(_content(author={"role": "a"}, annotations=[{**good, "colour": "red"}]), KEY)
    moved = replace(read, items=(read.items[0].moved(1, 1, SHAPE),))
    again = json.loads(to_bytes(moved, KEY))
    assert again["author"] == {"role": "a"}
    assert again["annotations"][0]["colour"] == "red"


def test_joined_annotations_lose_none_and_take_the_later_form() -> None:
    one, two, three = length(), length(), length()
    later = one.moved(5, 5, SHAPE)
    here = Annotations(items=(one, two), saved="2026-01-01", others=(1,))
    there = Annotations(items=(later, three), saved="2026-01-02", others=(1, 2))
    for joined in (here.joined(there), there.joined(here)):
        assert {item.id: item for item in joined.items} == {one.id: later, two.id: two, three.id: three}
        assert joined.others == (1, 2)
