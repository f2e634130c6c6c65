"""Which keys are whose: the table's own, the reader's changes, and where two actions would share one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence

from cxrdesk.ui.actions import ACTIONS, ActionSpec

Keys = Mapping[str, tuple[str, ...]]
"""Keys by the action's name, in Qt's portable text: ``{"zoom_in": ("+", "=")}``."""

_FIXED = {
    Qt.Key.Key_Space: "pans while it is held",
    Qt.Key.Key_Left: "moves between films, pans and windows",
    Qt.Key.Key_Right: "moves between films, pans and windows",
    Qt.Key.Key_Up: "moves between films, pans and windows",
    Qt.Key.Key_Down: "moves between films, pans and windows",
    Qt.Key.Key_Tab: "moves between the parts of the window",
    Qt.Key.Key_Backtab: "moves between the parts of the window",
    Qt.Key.Key_Return: "answers a question",
    Qt.Key.Key_Enter: "answers a question",
    Qt.Key.Key_Escape: "closes dialogs and gives up what was begun",
}
"""Keys that no action may have, with any modifier; what they do."""

_FIXED_ALONE = {".": "selects what is drawn", ",": "selects what is drawn", "F2": "writes the text of what is drawn"}
"""Keys that no action may have without a modifier."""


def _first(key: str) -> Qt.Key | None:
    """The key itself, without modifiers."""
    sequence = QKeySequence(key)
    return sequence[0].key() if sequence.count() else None  # type: ignore[index]  # the stubs leave it out


def portable(key: str) -> str:
    """A key's one spelling, ``"Ctrl+Shift+O"``; empty for what is no key."""
    return QKeySequence(key).toString() if _first(key) not in (None, Qt.Key.Key_unknown) else ""


def native(key: str) -> str:
    """A key as this system writes it."""
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)


def fixed_use(key: str) -> str | None:
    """What a key does that no action may have; None for any other key."""
    return _FIXED.get(_first(key) or Qt.Key.Key_unknown) or _FIXED_ALONE.get(portable(key))


def own_keys(specs: Iterable[ActionSpec] = ACTIONS) -> dict[str, tuple[str, ...]]:
    """The keys that actions come with."""
    return {spec.key: tuple(portable(key) for key in spec.keys) for spec in specs}


def wished_keys(changed: Keys, specs: Iterable[ActionSpec] = ACTIONS) -> dict[str, tuple[str, ...]]:
    """The table's keys with the reader's changes, conflicts included; changes of unknown actions are left out."""
    own = own_keys(specs)
    usable = {
        name: tuple(dict.fromkeys(filter(None, map(portable, keys)))) for name, keys in changed.items() if name in own
    }
    return {**own, **usable}


def keys_in_force(changed: Keys, specs: Sequence[ActionSpec] = ACTIONS) -> dict[str, tuple[str, ...]]:
    """Keys by action, none of them twice and none that is fixed.

    Qt gives a key that two actions share to neither. What the reader chose goes before what an action comes with (a
    newer version may bring an action whose key he has given to another one); else the first in the table has it.
    """
    taken: set[str] = set()
    found: dict[str, tuple[str, ...]] = {}
    wished = wished_keys(changed, specs)
    for name in sorted(wished, key=lambda name: name not in changed):
        found[name] = tuple(key for key in wished[name] if key not in taken and fixed_use(key) is None)
        taken.update(found[name])
    return {spec.key: found[spec.key] for spec in specs}


def conflicts(keys: Keys) -> dict[str, tuple[str, ...]]:
    """Keys that several actions have, with the names of these."""
    owners: dict[str, list[str]] = {}
    for name, given in keys.items():
        for key in given:
            owners.setdefault(key, []).append(name)
    return {key: tuple(names) for key, names in owners.items() if len(names) > 1}


def changes(keys: Keys, specs: Iterable[ActionSpec] = ACTIONS) -> dict[str, tuple[str, ...]]:
    """What of `keys` differs from what the actions come with: all that the settings keep."""
    own = own_keys(specs)
    return {name: tuple(given) for name, given in keys.items() if name in own and tuple(given) != own[name]}
