"""The annotations of all open films: read when a film is shown, written when the reader rests."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from cxrdesk.imaging.errors import UserError
from cxrdesk.studies.annotations import FilmKey
from cxrdesk.studies.sidecar import Loaded, Sidecar
from cxrdesk.ui.background import Background
from cxrdesk.ui.viewer.tools.notes import FilmNotes

_REST_MS = 500


class _Page:
    """One film's notes and where they are kept."""

    def __init__(self, notes: FilmNotes, sidecar: Sidecar) -> None:
        self.notes, self.sidecar = notes, sidecar
        self.loaded = self.dirty = self.saving = False


class Notebook(QObject):
    """Keeps notes by film; files are read and written in another thread, one after the other."""

    told = Signal(str)
    """A sentence for the user."""
    failed = Signal(object)
    """A UserError."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pages: dict[tuple[Path, FilmKey], _Page] = {}
        self._background = Background(threads=1, parent=self)
        self._background.done.connect(self._on_done)
        self._background.refused.connect(self._on_refused)
        self._background.broken.connect(self._on_refused)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST_MS)
        self._rest.timeout.connect(self.save)

    def notes(self, film: Path, key: FilmKey) -> FilmNotes:
        """The notes of a film; empty until its file was read."""
        name = (film, key)
        page = self._pages.get(name)
        if page is None:
            page = self._pages[name] = _Page(FilmNotes(key, parent=self), Sidecar(film, key))
            page.notes.edited.connect(partial(self._on_edited, page))
            self._background.start(page, page.sidecar.load)
        return page.notes

    def save(self) -> None:
        """Write what is not written yet."""
        for page in self._pages.values():
            if page.dirty and page.loaded and not page.saving:
                page.dirty, page.saving = False, True
                self._background.start(page, partial(page.sidecar.save, page.notes.annotations))

    def close(self) -> None:
        """Write everything, here and now, and forget all films."""
        self._rest.stop()
        self._background.wait()
        for page in self._pages.values():
            try:
                if page.dirty and not page.loaded:
                    self._on_loaded(page, page.sidecar.load())
                if page.dirty or page.saving:
                    for text in page.sidecar.save(page.notes.annotations):
                        self.told.emit(text)
            except UserError as error:
                self.failed.emit(error)
            page.notes.deleteLater()
        self._pages.clear()

    def stop(self) -> None:
        """Write everything and end the thread."""
        self.close()
        self._background.stop()

    def _on_edited(self, page: _Page) -> None:
        page.dirty = True
        self._rest.start()

    def _on_done(self, page: _Page, result: object) -> None:
        if page not in self._pages.values():
            return
        if isinstance(result, Loaded):
            self._on_loaded(page, result)
            return
        page.saving = False
        for text in result if isinstance(result, tuple) else ():
            self.told.emit(text)
        if page.dirty:
            self._rest.start()

    def _on_loaded(self, page: _Page, loaded: Loaded) -> None:
        page.loaded = True
        page.notes.load(loaded.annotations)
        for text in loaded.messages:
            self.told.emit(text)
        if page.dirty:
            self._rest.start()

    def _on_refused(self, page: _Page, error: Exception) -> None:
        """What could not be written is tried again with the next change, and at the end."""
        page.saving, page.dirty = False, True
        self.failed.emit(error)
