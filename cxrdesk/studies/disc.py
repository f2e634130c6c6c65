"""What the index of a disc lists, and where it is on the disc (PS3.10 8, PS3.3 F.3)."""

from __future__ import annotations

from pathlib import Path

from pydicom import Dataset

from cxrdesk.imaging.dicom_values import items, text, values
from cxrdesk.imaging.notices import collect_warnings


def listed_files(ds: Dataset) -> list[list[str]]:
    """Paths of pictures and presentation states in a DICOMDIR, in parts."""
    ignored: list[str] = []
    with collect_warnings():
        return [
            [str(part).strip() for part in parts]
            for record in items(ds, "DirectoryRecordSequence", ignored)
            if text(record, "DirectoryRecordType", ignored) in ("IMAGE", "PRESENTATION")
            and (parts := values(record, "ReferencedFileID", ignored))
        ]


def is_inside(parts: list[str]) -> bool:
    """Whether a path of a disc's index stays within the disc."""
    return all(part not in ("", ".", "..") and not set(part) & set("/\\:\0") for part in parts)


def find_listed(folder: Path, parts: list[str]) -> Path | None:
    """The file under any spelling that discs get when copied: other case, a trailing dot or ``;1`` (ISO 9660)."""
    if not is_inside(parts):
        return None
    current = folder
    for part in parts:
        exact = current / part
        if not exact.exists():
            try:
                names = [entry.name for entry in current.iterdir()]
            except OSError:
                return None
            alike = [name for name in names if name.split(";")[0].rstrip(".").casefold() == part.casefold()]
            if not alike:
                return None
            exact = current / alike[0]
        current = exact
    return current
