"""Names that are safe on every system: what a package may call its parts, its plugin and its version."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

LONGEST_PATH = 120
"""Characters; Windows takes 259, most of which the user's folder and the plugin's own may need."""
LONGEST_NAME = 40
_LONGEST_PART_BYTES = 200
_FORBIDDEN = frozenset('<>:"|?*\\')
_RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|clock\$|(com|lpt)[0-9¹²³])", re.IGNORECASE)
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_VERSION = re.compile(r"[0-9][0-9a-z.+!]{0,29}")


def path_fault(path: str) -> str | None:
    """Why a relative path with slashes is not safe on every system, or None if it is."""
    if not path or len(path) > LONGEST_PATH:
        return f"has not 1 to {LONGEST_PATH} characters"
    if unicodedata.normalize("NFC", path) != path or not path.isprintable():
        return "holds characters that are not shown as they are"
    for part in path.split("/"):
        if part in ("", ".", ".."):
            return "leaves its folder"
        if _FORBIDDEN & set(part):
            return 'holds one of < > : " | ? * \\'
        if part.endswith((" ", ".")) or part.startswith(" "):
            return "has a part that begins or ends with a space, or ends with a dot"
        if _RESERVED.fullmatch(part.partition(".")[0].rstrip(" ")):
            return "has a part that Windows keeps for a device"
        if len(part.encode()) > _LONGEST_PART_BYTES:
            return f"has a part of more than {_LONGEST_PART_BYTES} bytes"
    return None


def clash(paths: Iterable[str]) -> str | None:
    """A path that some system takes for another one, or that is a file and a folder at once; None if there is none."""
    files: set[str] = set()
    folders: set[str] = set()
    for path in paths:
        same = unicodedata.normalize("NFKC", path).casefold()
        above = {same[:at] for at, letter in enumerate(same) if letter == "/"}
        if same in files or same in folders or above & files:
            return path
        files.add(same)
        folders |= above
    return None


def is_name(text: str) -> bool:
    """Whether a plugin may be called so: a distribution's normalised name that can name a folder."""
    return len(text) <= LONGEST_NAME and bool(_NAME.fullmatch(text)) and not _RESERVED.fullmatch(text)


def is_version(text: str) -> bool:
    """Whether a version is written so that it can name a folder; that it is a version is another question."""
    return bool(_VERSION.fullmatch(text)) and not text.endswith(".")
