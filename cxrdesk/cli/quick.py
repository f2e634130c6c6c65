"""``cxrdesk FILE...``: the shortest way to the film, past everything that other commands import."""

from __future__ import annotations

import gc
import os
from pathlib import Path

COMMANDS = frozenset({"open", "demo", "analyze", "plugins", "train", "evaluate", "phantom", "data"})


def films_named(words: list[str]) -> list[Path] | None:
    """What a command line opens that names existing files and folders and nothing else; None for any other line."""
    if words[:1] == ["open"]:
        words = words[1:]
    elif words and words[0] in COMMANDS:
        return None
    paths = [Path(word) for word in words]
    plain = all(not word.startswith("-") and there(word) for word in words)
    return paths if plain else None


def there(name: str) -> bool:
    """Whether a file or folder has that name; a name that no file can have, or that may not be looked up, has none."""
    return os.path.exists(name)  # noqa: PTH110 - Path.exists raises on such names


def open_window(paths: list[Path]) -> int:
    """Open the viewer; returns the exit code when it is closed."""
    import_window(with_reader=bool(paths))
    from cxrdesk.app import run_viewer

    return run_viewer(paths)


def import_window(*, with_reader: bool) -> None:
    """Import the window and, before it, what reads a film: after Qt, whose import hook looks at each, both take longer.

    Without a film to open the reader is imported once the window is up.
    """
    gc.disable()  # what is imported stays: looking through it for garbage costs a tenth of the start
    if with_reader:
        from cxrdesk.imaging.decoders import import_for_native_films

        import_for_native_films()
        import cxrdesk.studies.importers
    import cxrdesk.app  # noqa: F401

    gc.freeze()
    gc.enable()
