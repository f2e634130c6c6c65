"""``verified.json``: on which machine the golden vectors of which version were last reproduced, or were not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from cxrdesk.packages.files import write_whole

RECORDS = "verified.json"


@dataclass(frozen=True, kw_only=True)
class Record:
    """One verification.

    Parameters
    ----------
    machine : mapping of str
        See `cxrdesk.packages.machine.fingerprint`.
    failures : tuple of str
        Sentences that name model and stage; a version with any is not used.
    when : str
        Date and time (ISO 8601, UTC).
    device, torch : str
        What was computed with.
    """

    machine: Mapping[str, str]
    when: str
    failures: tuple[str, ...] = ()
    device: str = ""
    torch: str = ""


def read_records(root: Path) -> dict[str, Record]:
    """Records by ``name/folder``; a file that cannot be read counts as none, so that all is verified again."""
    try:
        content = json.loads((root / RECORDS).read_bytes())
        made = {key: Record(**{**item, "failures": tuple(item["failures"])}) for key, item in content.items()}
        for record in made.values():
            if not isinstance(record.machine, dict) or not all(isinstance(text, str) for text in record.failures):
                raise ValueError("not a record")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}
    return made


def write_records(root: Path, records: Mapping[str, Record]) -> None:
    """Replace the file; OSError leaves the old one."""
    content = {key: asdict(records[key]) for key in sorted(records)}
    write_whole(root / RECORDS, (json.dumps(content, indent=1) + "\n").encode())
