"""Films decoded before they are asked for: the next in the list, and those that hang beside the one on the screen."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from cxrdesk.ui.background import Background
from cxrdesk.ui.kept_films import KeptFilms, decode
from cxrdesk.ui.session import FilmState, Session
from cxrdesk.ui.viewer.loaded import LoadedFilm

if TYPE_CHECKING:  # reading DICOM headers must not delay the window
    from cxrdesk.studies.importers import Film


def _ready(film: Film, key: str, viewport: tuple[float, float], ratio: float) -> LoadedFilm:
    return decode(film, key).warmed(viewport, ratio)


class Prefetch(QObject):
    """One thread that decodes what is likely to be wanted, the likeliest first."""

    ready = Signal(str)
    """The key of a film that is kept now."""
    broken = Signal(object, object)
    """Token and exception of a fault of ours."""

    PAUSE_MS = 60
    """Paging through a study fetches nothing beside it."""

    def __init__(self, session: Session, kept: KeptFilms, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._kept = session, kept
        self._beside: list[str] = []
        self.screen: Callable[[], tuple[tuple[float, float], float]] = lambda: ((1.0, 1.0), 1.0)
        """Gives the viewport that films will be shown in, and its screen pixels for each of the widget's."""
        self._unreadable: set[FilmState] = set()
        self._decoder = Background(threads=1, parent=self)
        self._decoder.done.connect(self._on_decoded)
        self._decoder.refused.connect(lambda state, _error: self._unreadable.add(state))
        self._decoder.broken.connect(self.broken)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(self.PAUSE_MS)
        self._pause.timeout.connect(self._fetch)

    def beside(self, keys: list[str]) -> None:
        """These are shown beside the film on the screen: they come before its neighbours."""
        self._beside = keys
        self._fetch()

    def around(self) -> None:
        """Another film is on the screen: fetch the next one, and the one before."""
        self._pause.start()

    def _fetch(self) -> None:
        self._decoder.forget()
        known = {state.key: state for state in self._session.states}
        wanted = [known[key] for key in self._beside if key in known]
        wanted += [state for step in (1, -1) if (state := self._session.neighbour(step)) is not None]
        for state in wanted:
            if state.film is not None and state.key not in self._kept and state not in self._unreadable:
                self._decoder.start(state, partial(_ready, state.film, state.key, *self.screen()))

    def _on_decoded(self, state: FilmState, loaded: LoadedFilm) -> None:
        if not any(other is state for other in self._session.states):
            return  # closed meanwhile, or another file under the same name
        self._kept.keep(loaded, guessed=True)
        self.ready.emit(state.key)

    def stop(self) -> None:
        """End the thread."""
        self._pause.stop()
        self._decoder.stop()
