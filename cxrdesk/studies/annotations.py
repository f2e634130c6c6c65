"""What a reader has drawn on a film, and how it is written down; knows no Qt and no files.

`annotations.schema.json` beside this module is the form in which it is kept.
"""

from __future__ import annotations

import hashlib
import json
import math
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Literal, get_args

Point = tuple[float, float]
Origin = Literal["reader", "proposed", "default"]

FORMAT = "cxrdesk-annotations"
VERSION = 1
LONGEST_TEXT = 1000
MOST_BYTES = 16 << 20
"""Of a file; a longer one is not read."""


class Kind(StrEnum):
    """What is drawn; its points in this order."""

    LENGTH = "length"
    """Two ends."""
    ANGLE = "angle"
    """End of one arm, vertex, end of the other."""
    ELLIPSE = "ellipse"
    """Two opposite corners of the rectangle around it, its sides along the film's."""
    RECTANGLE = "rectangle"
    """Two opposite corners, its sides along the film's."""
    ARROW = "arrow"
    """Tail, tip."""
    TEXT = "text"
    """Upper left corner, as it was shown when it was written."""
    CARDIOTHORACIC = "cardiothoracic"
    """The heart's two borders, then the two ends of the chest's inner diameter."""


POINTS = {
    Kind.LENGTH: 2,
    Kind.ANGLE: 3,
    Kind.ELLIPSE: 2,
    Kind.RECTANGLE: 2,
    Kind.ARROW: 2,
    Kind.TEXT: 1,
    Kind.CARDIOTHORACIC: 4,
}
"""How many points each kind has."""


@dataclass(frozen=True, kw_only=True)
class Annotation:
    """One drawing on one film.

    Parameters
    ----------
    id : str
        Tells it from all others, also those of other readers.
    kind : Kind
    points : tuple of Point
        (x, y) in film pixels, (0, 0) the outer corner of the first pixel; as many as `POINTS` says.
    text : str
        The reader's words, at most 1000 characters.
    frame : int
        Of a film with several, from 0.
    origin : str
        ``"reader"``; ``"proposed"`` by cxrdesk, until the reader has moved every point of it or confirmed them;
        ``"default"`` where a key put it at no particular place, from where nobody has moved it yet: it measures
        nothing.
    placed : frozenset of int
        The points of a proposal that the reader has moved; empty for all else.
    unknown : mapping
        What a later cxrdesk wrote about it, kept when it is saved.

    Raises
    ------
    ValueError
        If it cannot be drawn.
    """

    id: str = field(default_factory=lambda: secrets.token_hex(8))
    kind: Kind
    points: tuple[Point, ...]
    text: str = field(default="", repr=False)
    frame: int = 0
    origin: Origin = "reader"
    placed: frozenset[int] = frozenset()
    unknown: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.points) != POINTS[self.kind]:
            raise ValueError(f"{self.kind} has {POINTS[self.kind]} points, not {len(self.points)}")
        if not all(math.isfinite(value) for point in self.points for value in point):
            raise ValueError("points must be finite")
        if self.placed and (self.origin != "proposed" or not self.placed < set(range(len(self.points)))):
            raise ValueError("only some points of a proposal are placed")
        if len(self.text) > LONGEST_TEXT:
            raise ValueError(f"text has at most {LONGEST_TEXT} characters")

    def with_point(self, index: int, point: Point) -> Annotation:
        """One point elsewhere; it is the reader's own from now on."""
        points = (*self.points[:index], point, *self.points[index + 1 :])
        return replace(self, points=points)._placed_by_reader([index])

    def confirmed(self) -> Annotation:
        """The same as the reader's own."""
        return replace(self, origin="reader", placed=frozenset())

    def _placed_by_reader(self, indices: Iterable[int]) -> Annotation:
        placed = self.placed.union(indices)
        if self.origin != "proposed" or len(placed) == len(self.points):
            return self.confirmed()
        return replace(self, placed=placed)

    def moved(self, dx: float, dy: float, film: tuple[int, int], only: Sequence[int] | None = None) -> Annotation:
        """The whole, or its points `only`, moved by film pixels, as far as they stay on a film of (rows, cols).

        A proposal that is moved as a whole measures what it did: it stays one.
        """
        rows, cols = film
        chosen = range(len(self.points)) if only is None else only
        dx = _held(dx, [self.points[index][0] for index in chosen], cols)
        dy = _held(dy, [self.points[index][1] for index in chosen], rows)
        points = tuple((x + dx, y + dy) if index in chosen else (x, y) for index, (x, y) in enumerate(self.points))
        return replace(self, points=points)._placed_by_reader(
            [] if only is None and self.origin == "proposed" else chosen
        )


def _held(step: float, places: list[float], end: float) -> float:
    return min(max(step, -min(places)), end - max(places))


@dataclass(frozen=True, kw_only=True)
class FilmKey:
    """Which film annotations belong to, without a name of anybody or anything.

    Parameters
    ----------
    value : str
        SHA-256 of the study's and the SOP Instance UID, or of the pixels where the film has none.
    shape : tuple of int
        (rows, cols), so that points never land on other pixels.
    """

    value: str
    shape: tuple[int, int]

    @classmethod
    def of(
        cls, instance_uid: str | None, digest: str, shape: tuple[int, int], *, study_uid: str | None = None
    ) -> FilmKey:
        """The key of a film.

        Parameters
        ----------
        instance_uid : str or None
            SOP Instance UID (0008,0018).
        digest : str
            `Radiograph.digest`, or any other SHA-256 of the pixels, for films without a UID.
        shape : tuple of int
            (rows, cols).
        study_uid : str or None
            Study Instance UID (0020,000D): some units give films of several patients one and the same SOP Instance UID.
        """
        if instance_uid:
            told = hashlib.sha256(f"{study_uid or ''} {instance_uid}".encode()).hexdigest()
            return cls(value=f"sop-instance-sha256:{told}", shape=shape)
        return cls(value=f"pixels-sha256:{digest}", shape=shape)

    @property
    def file_name(self) -> str:
        """Name of the file that its annotations are kept in."""
        return f"{FORMAT}-{self.value.partition(':')[2][:16]}.json"


@dataclass(frozen=True, kw_only=True)
class Annotations:
    """All that is drawn on one film.

    Parameters
    ----------
    items : tuple of Annotation
        In the order in which they were drawn.
    saved : str
        When they were written, UTC in ISO 8601; empty where they never were.
    includes : str
        SHA-256 of an older file that could not be replaced and whose annotations are among these; else empty.
    others : tuple
        Entries that this cxrdesk does not understand, as they were read: kept when it saves.
    unknown : mapping
        Likewise what stands beside the entries.
    """

    items: tuple[Annotation, ...] = ()
    saved: str = ""
    includes: str = ""
    others: tuple[Any, ...] = field(default=(), repr=False)
    unknown: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def empty(self) -> bool:
        """Whether nothing would be lost without them."""
        return not (self.items or self.others or self.unknown)

    def joined(self, other: Annotations) -> Annotations:
        """Both; where they know the same annotation, as it was saved last."""
        older, newer = sorted((self, other), key=lambda one: one.saved)
        items = {item.id: item for item in (*older.items, *newer.items)}
        others = [*newer.others, *(entry for entry in older.others if entry not in newer.others)]
        unknown = {**older.unknown, **newer.unknown}
        return Annotations(items=tuple(items.values()), saved=newer.saved, others=tuple(others), unknown=unknown)


class NotOursError(ValueError):
    """A file whose annotations cannot be used: `reason` ends the sentence "its annotations …"."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def to_bytes(annotations: Annotations, film: FilmKey) -> bytes:
    """The content of a file; readable, and the same for the same annotations."""
    content = {
        **annotations.unknown,
        "format": FORMAT,
        "version": VERSION,
        "film": {"key": film.value, "rows": film.shape[0], "cols": film.shape[1]},
        "saved": annotations.saved,
        "includes": annotations.includes,
        "annotations": [*map(_plain, annotations.items), *annotations.others],
    }
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace") + b"\n"


def from_bytes(content: bytes, film: FilmKey) -> Annotations:
    """The annotations of `film` in a file.

    Raises
    ------
    NotOursError
        If it is damaged, was written by a later cxrdesk in a form that this one does not know, or belongs to another
        film.
    """
    if len(content) > MOST_BYTES:
        raise NotOursError("are too large")
    try:
        data = json.loads(content, parse_constant=_no_constant, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise NotOursError("are damaged") from error
    if not isinstance(data, dict) or data.pop("format", None) != FORMAT:
        raise NotOursError("are damaged")
    version, bound, entries = data.pop("version", None), data.pop("film", None), data.pop("annotations", None)
    if not isinstance(version, int) or not isinstance(bound, dict) or not isinstance(entries, list):
        raise NotOursError("are damaged")
    if version > VERSION:
        raise NotOursError("were written by a later cxrdesk")
    if (bound.get("key"), bound.get("rows"), bound.get("cols")) != (film.value, *film.shape):
        raise NotOursError("belong to another film")
    saved, includes = str(data.pop("saved", "")), str(data.pop("includes", ""))
    read = [_read(entry, film.shape) for entry in entries]
    items = {item.id: item for item in read if item is not None}
    return Annotations(
        items=tuple(items.values()),
        saved=saved,
        includes=includes,
        others=tuple(entry for entry, item in zip(entries, read, strict=True) if item is None),
        unknown=data,
    )


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def _finite(number: str) -> float:
    """What is kept must be writable again: 1e999 would be read as infinite."""
    if not math.isfinite(value := float(number)):
        raise ValueError(f"{number} is too large")
    return value


def _plain(item: Annotation) -> dict[str, Any]:
    return {
        **item.unknown,
        "id": item.id,
        "kind": str(item.kind),
        "points": [list(point) for point in item.points],
        "text": item.text,
        "frame": item.frame,
        "origin": item.origin,
        **({"placed": sorted(item.placed)} if item.placed else {}),
    }


def _read(entry: object, shape: tuple[int, int]) -> Annotation | None:
    """An entry, or None where this cxrdesk does not understand it."""
    if not isinstance(entry, dict):
        return None
    data = dict(entry)
    try:
        points = tuple(_point(point, shape) for point in data.pop("points"))
        kind, origin = Kind(data.pop("kind")), data.pop("origin", "reader")
        placed = _placed(data.pop("placed", [])) if origin == "proposed" else frozenset[int]()
        data.pop("placed", None)  # of an older cxrdesk, which knew no proposal that was moved in part
        text, frame, name = data.pop("text", ""), data.pop("frame", 0), data.pop("id")
        if not (isinstance(text, str) and isinstance(name, str) and 0 < len(name) <= 64):
            return None
        if isinstance(frame, bool) or not isinstance(frame, int) or frame < 0 or origin not in get_args(Origin):
            return None
        return Annotation(
            id=name,
            kind=kind,
            points=points,
            text=text,
            frame=frame,
            origin=origin,
            placed=placed,
            unknown=data,
        )
    except (KeyError, ValueError, TypeError, OverflowError):
        return None


def _placed(indices: object) -> frozenset[int]:
    if not isinstance(indices, list) or any(type(index) is not int for index in indices):
        raise ValueError("not numbers of points")
    return frozenset(indices)


def _point(point: object, shape: tuple[int, int]) -> Point:
    if not isinstance(point, list) or len(point) != 2 or any(isinstance(value, bool) for value in point):
        raise ValueError("not a point")
    x, y = float(point[0]), float(point[1])
    if isinstance(point[0], str) or isinstance(point[1], str) or not (0 <= x <= shape[1] and 0 <= y <= shape[0]):
        raise ValueError("not a point of the film")
    return x, y
