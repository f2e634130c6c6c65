"""The file that keeps a film's annotations: beside the film, else in the user's data folder."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from cxrdesk.packages.files import replace as move
from cxrdesk.packages.files import write_whole, writing
from cxrdesk.studies.annotations import MOST_BYTES, Annotations, FilmKey, NotOursError, from_bytes, to_bytes
from cxrdesk.studies.paths import annotations_dir


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """Annotations and what to tell the user about the files that they came from; one sentence each."""

    annotations: Annotations
    messages: tuple[str, ...] = ()


class Sidecar:
    """Loads and saves the annotations of one film. Used by one thread at a time.

    What it did not write itself, or cannot read, it never overwrites without keeping a copy.

    Parameters
    ----------
    film : Path
        The film's file.
    key : FilmKey
    """

    def __init__(self, film: Path, key: FilmKey) -> None:
        self.key = key
        self.beside = film.parent / key.file_name
        self.home = annotations_dir() / key.file_name
        self._known: dict[Path, bytes | None] = {self.beside: None, self.home: None}
        """What stood in each file when it was last read whole or written; None where nothing did."""
        self._told: Path | None = None

    def load(self) -> Loaded:
        """Read both files; where both exist, their annotations are joined. Writes nothing."""
        found, messages = Annotations(), []
        for path in (self.beside, self.home):
            self._known[path] = None
            try:
                content = _content(path)
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError as error:
                messages.append(f"The annotations in {path.name} cannot be read ({_reason(error)}) and are not shown.")
                continue
            try:
                part = from_bytes(content, self.key)
            except NotOursError as error:
                text = f"The annotations in {path.name} {error.reason} and are not shown"
                messages.append(f"{text}; the file stays as it is until you draw, and is kept as a copy then.")
                continue
            self._known[path] = content
            if part.others:
                number = len(part.others)
                told = "One annotation" if number == 1 else f"{number} annotations"
                messages.append(f"{told} in {path.name} cannot be read and not shown; nothing of it is lost.")
            found = part if part.includes and part.includes == _digest(self._known[self.beside]) else found.joined(part)
        return Loaded(annotations=found, messages=tuple(messages))

    def save(self, annotations: Annotations) -> tuple[str, ...]:
        """Write beside the film, else into the user's data folder; without any annotation no file is left.

        Returns
        -------
        tuple of str
            What to tell the user; one sentence each.

        Raises
        ------
        UserError
            ``disk-full`` or ``not-written`` if neither could be written; what stood there stands there still.
        """
        annotations = replace(annotations, saved=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}", includes="")
        content = None if annotations.empty else to_bytes(annotations, self.key)
        messages: list[str] = []
        try:
            # A folder that is gone is not made anew: the disc or the share was taken away.
            if content is not None and not self.beside.parent.is_dir():
                raise FileNotFoundError
            self._put(self.beside, content, messages)
        except OSError as error:
            older = _digest(self._known[self.beside])
            if content is not None or older:
                content = to_bytes(replace(annotations, includes=older), self.key)
            with writing(self.home.parent):
                self._put(self.home, content, messages)
            if self._told != self.home and content is not None:
                messages.append(
                    f"The folder of this film cannot be written ({_reason(error)}); its annotations are kept in"
                    f" {self.home.parent}."
                )
            self._told = self.home
        else:
            self._told = self.beside
            with writing(self.home.parent):
                self._put(self.home, None, messages)  # all of it was joined and stands beside the film now
        return tuple(messages)

    def _put(self, path: Path, content: bytes | None, messages: list[str]) -> None:
        """Replace a file, or remove it; one that is not as it was left keeps its content under another name."""
        try:
            stands = _content(path)
        except (FileNotFoundError, NotADirectoryError):
            stands = None
        if stands is not None and stands != self._known[path]:
            copy = path.with_name(f"{path.stem}.kept-{datetime.now(UTC):%Y%m%dT%H%M%S%f}{path.suffix}")
            move(path, copy)
            messages.append(f"{path.name} was not as cxrdesk left it; what stood in it is kept as {copy.name}.")
        if content is not None:
            write_whole(path, content)
        else:
            path.unlink(missing_ok=True)
        self._known[path] = content


def _content(path: Path) -> bytes:
    """What stands in a file; of one that is too long to be ours, its beginning."""
    with path.open("rb") as file:
        return file.read(MOST_BYTES + 1)


def _digest(content: bytes | None) -> str:
    return hashlib.sha256(content).hexdigest() if content is not None else ""


def _reason(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno else "it is gone"
