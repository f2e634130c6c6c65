"""Publishers' tables, line by line."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cxrdesk.imaging.errors import UserError
from cxrdesk.training.prepare.download import Member


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of a table: its number in the file, and its cells by column, without the space around them."""

    number: int
    table: str
    cells: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells[column]

    def number_in(self, column: str) -> float:
        """A finite number.

        Raises
        ------
        UserError
            ``bad-table``.
        """
        try:
            value = float(self[column])
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise self.bad(f"has {self[column]!r} for {column!r}, not a number")
        return value

    def bad(self, what: str) -> UserError:
        """The sentence for a cell that says nothing known."""
        return UserError("bad-table", f"line {self.number} of {self.table} {what}")


def find(members: Sequence[Member], *names: str) -> Member | None:
    """The first file of one of these names, the least deep one."""
    fitting = [member for member in members if member.parts[-1] in names]
    return min(fitting, key=lambda member: (len(member.parts), names.index(member.parts[-1])), default=None)


def needed(members: Sequence[Member], *names: str) -> Member:
    """As `find`.

    Raises
    ------
    UserError
        ``no-data``, if there is none.
    """
    found = find(members, *names)
    if found is None:
        raise UserError(
            "no-data", f"{' or '.join(names)} is missing; --from names the folder or zip file that holds it"
        )
    return found


def lines(member: Member, columns: Sequence[str]) -> Iterator[Line]:
    """Lines of a CSV table in UTF-8, of which some columns are needed.

    Raises
    ------
    UserError
        ``bad-table``, for a missing column or a line that ends early.
    """
    name = member.parts[-1]
    try:
        text = member.read().decode("utf-8-sig")
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        head = [cell.strip() for cell in next(reader, [])]
        if lacking := [column for column in columns if column not in head]:
            raise UserError("bad-table", f"{name} lacks the column {lacking[0]!r}; use the table as it was published")
        for row in reader:
            if not any(row):
                continue
            cells = dict(zip(head, (cell.strip() for cell in row), strict=False))
            line = Line(number=reader.line_num, table=name, cells=cells)
            if missing := [column for column in columns if column not in cells]:
                raise line.bad(f"ends before {missing[0]!r}; the table may not be complete, download it again")
            yield line
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError("bad-table", f"{name} is no CSV table in UTF-8 ({error}); save it as such") from None
