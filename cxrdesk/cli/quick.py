"""``cxrdesk FILE...``: the shortest way to the film, past everything that other commands import."""

from __future__ import annotations

import gc
from pathlib import Path

COMMANDS = frozenset({"open", "demo", "analyze", "plugins", "train", "evaluate"})


def films_named(words: list[str]) -> list[Path] | None:
    """What a command line opens that names existing files and folders and nothing else; None for any other line."""
    if words[:1] == ["open"]:
        words = words[1:]
    elif words and words[0] in COMMANDS:
        return None
    paths = [Path(word) for word in words]
    plain = all(not word.startswith("-") and path.exists() for word, path in zip(words, paths, strict=True))
    return paths if plain else None


def open_window(paths: list[Path]) -> int:
    """Open the viewer; returns the exit code when it is closed."""
    gc.disable()  # what is imported stays: looking through it for garbage costs a tenth of the start
    if paths:
        import_reader()
    from cxrdesk.app import run_viewer

    gc.freeze()
    gc.enable()
    return run_viewer(paths)


def import_reader() -> None:
    """Import what reads a film: before Qt, whose import hook makes every import after it take half as long again."""
    from cxrdesk.imaging.decoders import import_for_native_films

    import_for_native_films()
    import cxrdesk.studies.importers  # noqa: F401
