"""Which films of a large data set are wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cxrdesk.imaging.errors import UserError
from cxrdesk.training.prepare.tables import Line

Film = tuple[Line, str, str]
"""Line of the table, key of the patient, and what the table calls the film."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """All films, unless something is given.

    Parameters
    ----------
    first_patients : int or None
        Only so many patients, in the order of the publisher's table.
    names : frozenset of str or None
        Only films that the publisher's table calls so.
    """

    first_patients: int | None = None
    names: frozenset[str] | None = None

    def of(self, films: Sequence[Film]) -> list[Film]:
        """Those that are wanted.

        Raises
        ------
        UserError
            ``usage``, if there is no film of a wanted name.
        """
        if unknown := (self.names or frozenset()) - {name for _, _, name in films}:
            text = f"{sorted(unknown)[0]!r} of --only is no film of the table; write names as the table does."
            raise UserError("usage", text)
        named = [film for film in films if self.names is None or film[2] in self.names]
        patients = list(dict.fromkeys(patient for _, patient, _ in named))[: self.first_patients]
        wanted = set(patients)
        return [film for film in named if film[1] in wanted]


def names_in(path: Path) -> frozenset[str]:
    """The lines of a text file.

    Raises
    ------
    UserError
        ``usage``, if it cannot be read or is empty.
    """
    try:
        names = frozenset(line.strip() for line in path.read_text("utf-8-sig").splitlines()) - {""}
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text in UTF-8"
        raise UserError(
            "usage", f"{path} cannot be read ({reason}); --only names a text file with a film per line."
        ) from None
    if not names:
        raise UserError("usage", f"{path} is empty; --only names a text file with a film per line.")
    return names
