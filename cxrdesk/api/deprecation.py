"""How a name of the plugin interface ends: it works and warns until the next major version, and says what to use.

Python's own `warnings.deprecated` comes with 3.13; this one also says since when and until when.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class PluginDeprecationWarning(DeprecationWarning):
    """A plugin uses what the next major version of the interface no longer has."""


@dataclass(frozen=True, kw_only=True)
class Renamed:
    """A name that another one took the place of.

    Parameters
    ----------
    to : str
        The new name in the same module.
    since : str
        Version of the interface that has both.
    """

    to: str
    since: str


def deprecated(*, since: str, use: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Mark a function or method: each call warns at the caller's line.

    Parameters
    ----------
    since : str
        Version of the interface that it is deprecated from; it stays until the next major one.
    use : str
        What to call in its place.
    """

    def marked(call: Callable[P, T]) -> Callable[P, T]:
        @functools.wraps(call)
        def warned(*args: P.args, **kwargs: P.kwargs) -> T:
            warnings.warn(_sentence(call.__qualname__, since, use), PluginDeprecationWarning, stacklevel=2)
            return call(*args, **kwargs)

        return warned

    return marked


def renamed(module: str, names: Mapping[str, Renamed], space: Mapping[str, Any]) -> Callable[[str], Any]:
    """A module's ``__getattr__`` (PEP 562) that still knows the old names.

    Parameters
    ----------
    module : str
        Its name, for the message.
    names : mapping
        Old name to the new one.
    space : mapping
        The module's ``globals()``.
    """

    def found(name: str) -> Any:
        if name not in names:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        new = names[name]
        text = _sentence(f"{module}.{name}", new.since, f"{module}.{new.to}")
        warnings.warn(text, PluginDeprecationWarning, stacklevel=2)
        return space[new.to]

    return found


def deprecations(warned: Iterable[warnings.WarningMessage]) -> list[str]:
    """What recorded warnings say of this kind, each once."""
    found = (str(item.message) for item in warned if issubclass(item.category, PluginDeprecationWarning))
    return list(dict.fromkeys(found))


def _sentence(what: str, since: str, use: str) -> str:
    gone = int(since.partition(".")[0]) + 1
    return f"{what} is deprecated since plugin API {since} and goes with {gone}.0; use {use}"
