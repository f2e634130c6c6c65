"""The annotations of one open film, and how each change is done and undone."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack

from cxrdesk.studies.annotations import Annotation, Annotations, FilmKey
from cxrdesk.ui.viewer.tools.values import NAMES

_NUDGE = 1
"""Commands of this id that follow each other on one annotation are undone together."""


class FilmNotes(QObject):
    """What is drawn on one film; every change goes through its undo stack.

    Parameters
    ----------
    key : FilmKey
    annotations : Annotations
    """

    changed = Signal(str)
    """The annotation that was drawn, changed or removed; empty where all of them are others."""
    edited = Signal()
    """The reader changed something that is to be kept."""

    def __init__(self, key: FilmKey, annotations: Annotations | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.key = key
        self.annotations = annotations or Annotations()
        self.stack = QUndoStack(self)

    @property
    def items(self) -> tuple[Annotation, ...]:
        """In the order in which they were drawn."""
        return self.annotations.items

    def item(self, name: str) -> Annotation | None:
        """The annotation of that id."""
        return next((item for item in self.items if item.id == name), None)

    def load(self, annotations: Annotations) -> None:
        """What was read from the disk, under what was drawn meanwhile."""
        drawn = {item.id: item for item in self.items}
        kept = (item for item in annotations.items if item.id not in drawn)
        self.annotations = replace(annotations, items=(*kept, *drawn.values()))
        self.changed.emit("")

    def add(self, item: Annotation) -> None:
        """Draw one."""
        self.stack.push(_Change(self, None, item, len(self.items), f"Draw {_name(item)}"))

    def change(self, item: Annotation, *, nudge: bool = False) -> None:
        """Replace the one of the same id; nudges in a row are one step of the undo stack."""
        place, before = next((place, old) for place, old in enumerate(self.items) if old.id == item.id)
        if before != item:
            self.stack.push(_Change(self, before, item, place, f"Change {_name(item)}", nudge=nudge))

    def remove(self, name: str) -> None:
        """Delete one."""
        place, before = next((place, old) for place, old in enumerate(self.items) if old.id == name)
        self.stack.push(_Change(self, before, None, place, f"Delete {_name(before)}"))

    def put(self, before: Annotation | None, after: Annotation | None, place: int) -> None:
        """One annotation for another, at its place among them; for commands."""
        items = list(self.items)
        if before is not None:
            place = next(index for index, item in enumerate(items) if item.id == before.id)
            items.pop(place)
        if after is not None:
            items.insert(min(place, len(items)), after)
        self.annotations = replace(self.annotations, items=tuple(items))
        told = after or before
        self.changed.emit(told.id if told is not None else "")
        self.edited.emit()


def _name(item: Annotation) -> str:
    name = NAMES[item.kind]
    return name[0].lower() + name[1:]


class _Change(QUndoCommand):
    """One annotation in place of another; None for neither before nor after."""

    def __init__(
        self,
        notes: FilmNotes,
        before: Annotation | None,
        after: Annotation | None,
        place: int,
        text: str,
        *,
        nudge: bool = False,
    ) -> None:
        super().__init__(text)
        self._notes, self._before, self.after, self._place, self._nudge = notes, before, after, place, nudge

    def redo(self) -> None:
        """Do it, the first time too."""
        self._notes.put(self._before, self.after, self._place)

    def undo(self) -> None:
        """Take it back."""
        self._notes.put(self.after, self._before, self._place)

    def id(self) -> int:
        """What may be undone together with the one before."""
        return _NUDGE if self._nudge else -1

    def mergeWith(self, other: QUndoCommand) -> bool:
        """One more nudge of the same annotation."""
        if not isinstance(other, _Change) or self.after is None or other.after is None:
            return False
        if self.after.id != other.after.id:
            return False
        self.after = other.after
        return True
