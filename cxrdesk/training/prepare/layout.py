"""One data set's folder as it is made: it gets its name when it is complete, and not before."""

from __future__ import annotations

import csv
import io
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from cxrdesk.imaging.errors import FilmError, UserError

Advance = Callable[[int, int | None, str], None]
"""Told how much is done, of how much (None where unknown), and what is under way."""

LEFT_OUT = "left_out.csv"
README = "README.txt"
_UNFINISHED = ".unfinished"
_NEW = ".new"
_MOST_NAME_BYTES = 200
_RESERVED = {"CON", "PRN", "AUX", "NUL", *(f"{port}{n}" for port in ("COM", "LPT") for n in range(1, 10))}


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A data set that is ready.

    Parameters
    ----------
    films : int
        Films, or masks, that it holds.
    left_out : Counter
        Code of a reason to the number of films that are not in it for that.
    """

    folder: Path
    films: int
    left_out: Counter[str]


class Layout:
    """A data set's folder, ``NAME.unfinished`` until it is finished.

    Raises
    ------
    UserError
        ``usage``, if the data set is there already, or an unfinished one is and `resume` is false.
    """

    def __init__(self, out: Path, name: str, *, resume: bool) -> None:
        self._final, self.folder = out / name, out / (name + _UNFINISHED)
        if self._final.exists():
            raise UserError("usage", f"{self._final} is there already; name another folder for --out, or remove it.")
        if self.folder.exists() and not resume:
            text = f"{self.folder} is of a run that did not end; add --resume to go on with it, or remove it."
            raise UserError("usage", text)
        self._goes_on = self.folder.exists()
        self._films: dict[str, Path] = {}
        self._left_out: list[tuple[str, str, str]] = []

    def add(self, name: str, told: str, make: Callable[[], bytes]) -> bool:
        """Write a film, unless an earlier run has; whether it is now there.

        Parameters
        ----------
        name : str
            Where it lies in the folder, with slashes.
        told : str
            What `LEFT_OUT` calls it.
        make : callable
            The file's bytes; a FilmError leaves the film out.
        """
        path = self.folder / name
        if not is_portable(name):
            return self.leave_out(told, "unsafe-name", "Its name cannot be kept on every system.")
        # Systems that do not tell upper from lower case would hold one of the two.
        if name.casefold() in self._films:
            return self.leave_out(told, "duplicate", "A film of that name is there already.")
        if not path.is_file():
            try:
                content = make()
            except FilmError as error:
                return self.leave_out(told, error.code, error.text)
            except OSError as error:
                raise self._not_written(error) from None
            self.write(name, content)
        self._films[name.casefold()] = path
        return True

    def leave_out(self, told: str, code: str, reason: str) -> bool:
        """Note a film that is not in the data set; always False."""
        self._left_out.append((told, code, reason))
        return False

    def write(self, name: str, content: bytes) -> None:
        """Write a file whole or not at all.

        Raises
        ------
        UserError
            ``not-written``, with the reason.
        """
        path = self.folder / name
        new = path.with_name(path.name + _NEW)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            new.write_bytes(content)
            new.replace(path)
        except OSError as error:
            raise self._not_written(error) from None

    def write_table(self, name: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Write a CSV table; raises as `write`."""
        text = io.StringIO(newline="")
        csv.writer(text).writerows([head, *rows])
        self.write(name, text.getvalue().encode("utf-8", "backslashreplace"))

    def finish(self, readme: Sequence[str], tables: Sequence[str] = (), *, films: int | None = None) -> Prepared:
        """Give the folder its name, with films of this run and `tables` alone in it.

        Parameters
        ----------
        films : int or None
            How many to tell, where not every file that was added is one.

        Raises
        ------
        UserError
            ``no-data``, if no film is in it; ``not-written``.
        """
        if not self._films:
            if self.folder.exists() and not self._goes_on:
                shutil.rmtree(self.folder)
            why = f"; the first: {self._left_out[0][2]}" if self._left_out else ""
            raise UserError("no-data", f"No film for {self._final.name} could be read from --from{why}")
        if self._left_out:
            self.write_table(LEFT_OUT, ("file", "code", "reason"), self._left_out)
        self.write(README, ("\n".join(readme) + "\n").encode())
        kept = {*self._films.values(), self.folder / README, *(self.folder / name for name in tables)}
        kept |= {self.folder / LEFT_OUT} if self._left_out else set()
        try:
            # Of an earlier run with other options.
            for path in self.folder.rglob("*"):
                if path.is_file() and path not in kept:
                    path.unlink()
            self.folder.rename(self._final)
        except OSError as error:
            raise self._not_written(error) from None
        left_out = Counter(code for _, code, _ in self._left_out)
        return Prepared(folder=self._final, films=len(self._films) if films is None else films, left_out=left_out)

    def _not_written(self, error: OSError) -> UserError:
        reason = error.strerror or type(error).__name__
        told = f"Films could not be written to {self.folder} ({reason})"
        return UserError("not-written", f"{told}; make room for them, then add --resume to go on.")


def is_portable(name: str) -> bool:
    """Whether every system can hold a file of that name, folders with slashes before it."""
    parts = PurePosixPath(name).parts
    return bool(parts) and not name.startswith("/") and all(_is_portable_part(part) for part in parts)


def _is_portable_part(part: str) -> bool:
    plain = all(c.isprintable() and c not in '<>:"\\|?*' for c in part)
    if not plain or part in (".", "..") or part.endswith((".", " ")):
        return False
    return len(part.encode()) <= _MOST_NAME_BYTES and part.partition(".")[0].strip().upper() not in _RESERVED
