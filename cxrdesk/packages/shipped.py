"""Which distributions are here without a package."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import metadata

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from cxrdesk.discovery.installed import BUNDLED

_APPLICATION = "cxrdesk"
_FOR_AUTHORS = frozenset({"train", "test"})


@dataclass(frozen=True, kw_only=True)
class Distribution:
    """What is known of one distribution.

    Parameters
    ----------
    requires : tuple of str
        Its requirements (PEP 508).
    pure : bool
        Whether it is Python alone.
    """

    name: str
    version: str
    requires: tuple[str, ...] = ()
    pure: bool = True


Shipped = Callable[[str], Distribution | None]
"""From a normalised name to the distribution that is here, or None."""


def environment(name: str) -> Distribution | None:
    """The distribution of that name that this Python finds."""
    try:
        found = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return None
    return Distribution(name=canonicalize_name(name), version=found.version, requires=tuple(found.requires or ()))


def application(name: str) -> Distribution | None:
    """As `environment`, for what cxrdesk and its bundled plugins need: an author has more installed than a clinic."""
    return environment(name) if name in _needed() else None


@cache
def _needed() -> frozenset[str]:
    seen: set[tuple[str, str]] = set()
    waiting = [(name, "") for name in (_APPLICATION, *BUNDLED)]
    extras = metadata.metadata(_APPLICATION).get_all("Provides-Extra") or []
    waiting += [(_APPLICATION, extra) for extra in extras if extra not in _FOR_AUTHORS]
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in seen or (found := environment(name)) is None:
            continue
        seen.add((name, extra))
        for requirement in map(Requirement, found.requires):
            if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
                waiting += [(canonicalize_name(requirement.name), asked) for asked in ("", *requirement.extras)]
    return frozenset(name for name, _ in seen)
