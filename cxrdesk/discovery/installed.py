"""Which distributions bring plugins, by their metadata alone: nothing of theirs is imported."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import Distribution, EntryPoint, distributions
from pathlib import Path

from cxrdesk.discovery.registry import Plugin, PluginFailure, Registry
from cxrdesk.imaging.words import shown_text

GROUP = "cxrdesk.plugins"
_LONGEST_VERSION = 100
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,98}[A-Za-z0-9])?")
"""Of a distribution (PyPA): it becomes a folder's name, and what a process is told."""
BUNDLED = frozenset({"cxrdesk-lungmask", "cxrdesk-pneumonia", "cxrdesk-chexpert", "cxrdesk-asthma", "cxrdesk-croup"})
"""Distributions of this project: listed first, so that no stranger takes their ids. They have no other privilege."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Installed:
    """A distribution that names plugins.

    Parameters
    ----------
    entries : tuple of EntryPoint
        Those of our group.
    site : Path or None
        The folder that it was installed into alone; None where it lies on Python's path.
    """

    name: str
    version: str
    entries: tuple[EntryPoint, ...]
    metadata: Distribution
    site: Path | None

    @property
    def bundled(self) -> bool:
        """Whether it is one that cxrdesk brings, and not one of the same name from elsewhere."""
        return self.site is None and self.name in BUNDLED

    def failure(self, code: str, reason: str, *, entry: str = "") -> PluginFailure:
        """Why it, or one of its plugins, cannot be used."""
        return PluginFailure(
            name=entry or self.name, distribution=self.name, version=self.version, code=code, reason=reason
        )


def installed(failures: list[PluginFailure], sites: Sequence[Path] = ()) -> Iterator[Installed]:
    """Distributions with entry points for us; those whose metadata cannot be read are added to `failures`.

    Parameters
    ----------
    sites : sequence of Path
        Folders with one distribution each, beside Python's path.
    """
    seen: set[str] = set()
    for site in (None, *sites):
        # importlib's own list of entry points ends at the first file that it cannot parse.
        for dist in distributions() if site is None else distributions(path=[str(site)]):
            try:
                text = dist.read_text("entry_points.txt")
                if text is None or GROUP not in text:
                    continue
                name, version = _headers(dist)
            except (OSError, ValueError) as error:
                # Text that is none, or a file that cannot be read, costs no other plugin its place in the list.
                failures.append(_unreadable(dist, error))
                continue
            if not _NAME.fullmatch(name):
                failures.append(_unreadable(dist, ValueError("its name is no distribution's name")))
                continue
            known = re.sub(r"[-_.]+", "-", name).lower()
            found = Installed(name=name, version=version, entries=(), metadata=dist, site=site)
            if known in seen:
                if site is not None:
                    failures.append(
                        found.failure("duplicate-name", f"a plugin called {name} is installed at another place already")
                    )
                continue
            seen.add(known)
            try:
                entries = tuple(entry for entry in dist.entry_points if entry.group == GROUP)
                _ = [entry.module for entry in entries]  # stumbles over a value that is none
            except (ValueError, TypeError, AttributeError, AssertionError) as error:
                # How importlib stumbles over a line that is none.
                reason = f"its entry_points.txt is broken: {' '.join(f'{type(error).__name__}: {error}'.split())}"
                failures.append(found.failure("bad-metadata", reason))
                continue
            yield Installed(name=name, version=version, entries=entries, metadata=dist, site=site)


def _unreadable(dist: Distribution, error: Exception) -> PluginFailure:
    """A distribution that does not even say its name: it is called as its folder."""
    place = Path(str(getattr(dist, "_path", "unknown"))).name.partition("-")[0]
    name = shown_text(place) or "unknown"
    reason = f"its metadata is broken: {shown_text(f'{type(error).__name__}: {error}')}"
    return PluginFailure(name=name, distribution=name, version="", code="bad-metadata", reason=reason)


def _headers(dist: Distribution) -> tuple[str, str]:
    """Name and version; the description below them may be long, and importlib parses it all."""
    text = dist.read_text("METADATA") or dist.read_text("PKG-INFO") or ""
    head = re.split(r"\r?\n\r?\n", text, maxsplit=1)[0]
    # No expression that steps back: a line of many spaces would take it minutes, in which no other thread runs.
    told: dict[str, str] = {}
    for line in head.split("\n"):
        key, colon, value = line.partition(":")
        if colon:
            told.setdefault(key.lower(), value.strip())
    return told.get("name", "None"), told.get("version", "None")[:_LONGEST_VERSION]


def in_order(plugins: Sequence[Plugin], failures: Sequence[PluginFailure]) -> Registry:
    """Bundled plugins first, then by name, so that the order of folders on the path decides nothing."""

    def rank(plugin: Plugin) -> tuple[bool, str, str]:
        return plugin.site is not None or plugin.distribution not in BUNDLED, plugin.name, plugin.distribution

    return Registry(sorted(plugins, key=rank), failures)
