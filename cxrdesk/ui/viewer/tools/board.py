"""What is drawn in one view: the film's annotations, the one that is selected, the one being drawn."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from cxrdesk.studies.annotations import Annotation
from cxrdesk.ui.viewer.film_view import FilmView
from cxrdesk.ui.viewer.geometry import Point
from cxrdesk.ui.viewer.tool import Mark
from cxrdesk.ui.viewer.tools import forms
from cxrdesk.ui.viewer.tools.labels import LabelsMark
from cxrdesk.ui.viewer.tools.marks import AnnotationMark, HintMark
from cxrdesk.ui.viewer.tools.notes import FilmNotes
from cxrdesk.ui.viewer.tools.values import Subject, Values, values


class Board(QObject):
    """Puts the annotations of a film into a view's marks, and keeps the selection."""

    changed = Signal()
    """Annotations, their values, the selection, or what can be undone."""

    def __init__(self, view: FilmView) -> None:
        super().__init__(view)
        self.view = view
        self.notes: FilmNotes | None = None
        self.subject: Subject | None = None
        self.frame = 0
        self.selected: str | None = None
        self.handle: int | None = None
        self.hint = ""
        self.preview: Annotation | None = None
        """In the hand: shown in place of the one of the same id, or as a new one, and not kept yet."""
        self._told: dict[str, tuple[Annotation, Values]] = {}
        self._marks: list[AnnotationMark] = []

    @property
    def marks(self) -> list[AnnotationMark]:
        """The annotations as they are drawn now."""
        return self._marks

    def show(self, notes: FilmNotes | None, subject: Subject | None, *, frame: int = 0) -> None:
        """The annotations of another film, or None; or the same film with more known about it."""
        if notes is not self.notes:
            if self.notes is not None:
                self.notes.changed.disconnect(self._on_changed)
                self.notes.stack.indexChanged.disconnect(self._on_step)
            if notes is not None:
                notes.changed.connect(self._on_changed)
                notes.stack.indexChanged.connect(self._on_step)
            self.selected = self.handle = self.preview = None
        # Results that come one after the other change nothing of what was measured.
        if notes is not self.notes or subject != self.subject:
            self._told.clear()
        self.notes, self.subject, self.frame = notes, subject, frame
        self.refresh()

    @property
    def items(self) -> list[Annotation]:
        """What is drawn on this frame, the one in the hand among them."""
        if self.notes is None:
            return []
        preview = self.preview
        items = [preview if preview is not None and item.id == preview.id else item for item in self.notes.items]
        if preview is not None and preview not in items:
            items.append(preview)
        return [item for item in items if item.frame == self.frame]

    @property
    def chosen(self) -> Annotation | None:
        """The one that is selected."""
        return next((item for item in self.items if item.id == self.selected), None)

    def values(self, item: Annotation) -> Values:
        """What one measures."""
        assert self.subject is not None
        known = self._told.get(item.id)
        if known is None or known[0] != item:
            hurried = item is self.preview
            known = (item, values(item, self.subject, hurried=hurried))
            if not hurried:
                self._told[item.id] = known
        return known[1]

    def select(self, name: str | None, handle: int | None = None) -> None:
        """Take one in the hand, by one of its handles or as a whole."""
        if (name, handle) != (self.selected, self.handle):
            self.selected, self.handle = name, handle
            self.refresh()

    def step(self, step: int) -> None:
        """Select the next one, or the one before."""
        names = [item.id for item in self.items]
        if names:
            place = names.index(self.selected) + step if self.selected in names else min(step, 0)
            self.select(names[place % len(names)])

    def step_handle(self, step: int) -> None:
        """Take the selected one by its next handle; after the last one as a whole."""
        item = self.chosen
        if item is not None:
            count = len(forms.handles(item)) + 1
            place = ((-1 if self.handle is None else self.handle) + step + 1) % count - 1
            self.select(item.id, None if place < 0 else place)

    def hold(self, item: Annotation | None) -> None:
        """Show one that is being drawn or moved; None lets go of it without keeping it."""
        self.preview = item
        self.refresh()

    def keep(self, item: Annotation, *, nudge: bool = False) -> None:
        """Keep one that was drawn or changed; it is selected then."""
        if self.notes is None:
            return
        self.preview = None
        self.selected = item.id
        if self.notes.item(item.id) is None:
            self.handle = None
            self.notes.add(replace(item, frame=self.frame))
        else:
            self.notes.change(item, nudge=nudge)
        self.refresh()

    def confirm(self) -> None:
        """Make the selected proposal the reader's own, as it lies."""
        item = self.chosen
        if item is not None and item.origin == "proposed":
            self.keep(item.confirmed())

    def remove(self) -> None:
        """Delete the selected one."""
        item = self.chosen
        if item is not None and self.notes is not None and self.notes.item(item.id) is not None:
            self.preview = None
            self.notes.remove(item.id)

    def at(self, point: Point) -> tuple[AnnotationMark, int | None, int | None] | None:
        """What lies under a screen point: its mark, and the handle or else the line; the selected one goes first."""
        # What was drawn last lies on top, the selected one over all of them.
        marks = sorted(self._marks, key=lambda mark: mark.selected)[::-1]
        geometry = self.view.geometry_
        for mark in marks:
            handle = mark.handle_at(point, geometry)
            if handle is not None:
                return mark, handle, None
        for mark in marks:
            line = mark.line_at(point, geometry)
            if line is not None:
                return mark, None, line
        return None

    def refresh(self) -> None:
        """Draw anew."""
        self._marks = []
        if self.subject is not None:
            for item in self.items:
                selected = item.id == self.selected
                handle = self.handle if selected else None
                shown = self.values(item)
                self._marks.append(AnnotationMark(item, shown, self.subject, selected=selected, handle=handle))
        upwards = sorted(self._marks, key=lambda mark: mark.selected)
        hint = HintMark(self.hint) if self.hint and self.subject is not None else None
        marks: list[Mark] = [*upwards, LabelsMark(upwards[::-1], hint)] if upwards else []
        self.view.set_marks([*marks, hint] if hint is not None else marks)
        self._describe()
        self.changed.emit()

    def _describe(self) -> None:
        """The selection in words, for those who do not see it."""
        item = self.chosen
        words = ""
        if item is not None and self.subject is not None:
            words = self.values(item).summary
            if self.handle is not None:
                words += f"; handle {self.handle + 1} of {len(forms.handles(item))}"
        if words != self.view.accessibleDescription():
            self.view.setAccessibleDescription(words)

    def _on_step(self, _index: int) -> None:
        self.changed.emit()

    def _on_changed(self, name: str) -> None:
        """Done, undone or read from the disk."""
        names = [item.id for item in self.items]
        if name in names:
            self.handle = self.handle if name == self.selected else None
            self.selected = name
        elif self.selected not in names:
            self.selected = self.handle = None
        self.refresh()
