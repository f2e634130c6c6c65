"""A desk without plugins' real models: films are real files, jobs are the tests' own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from cxrdesk.app import Desk
from cxrdesk.imaging.resources import resource
from cxrdesk.studies.settings import LoadedSettings, Settings
from cxrdesk.ui.main_window import MainWindow
from cxrdesk.ui.reading import Reading
from cxrdesk.ui.session import FilmState
from tests.ui.fakes import FakeQueue, registry

# The offscreen platform says so for every window that has a least size and every menu; no other one does.
_NOT_SUPPORTED = r"This plugin does not support (propagateSizeHints|raise|grabbing the keyboard)"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.qt_log_ignore(_NOT_SUPPORTED, extend=True))


class Seat:
    """A reader's place: the window, and hands to work it with."""

    def __init__(self, qtbot: QtBot, app: QApplication, settings: Settings) -> None:
        self.qtbot = qtbot
        self.desk = Desk(app, LoadedSettings(settings=settings), None)
        self.desk.start_inference = lambda: None  # type: ignore[method-assign]
        self.desk._starter.timeout.disconnect()
        self.queue = FakeQueue()
        self.reading.asking.dwell.setInterval(0)
        self.desk.start([])
        self.window.set_registry(registry())
        self.reading.asking.connect_queue(self.queue)
        qtbot.waitExposed(self.window)

    @property
    def window(self) -> MainWindow:
        return self.desk.window

    @property
    def reading(self) -> Reading:
        return self.desk.reading

    def open(self, *paths: Path) -> FilmState:
        """Open files and wait for the first film and its job."""
        before = len(self.queue.submitted)
        self.reading.open(list(paths))
        self.qtbot.waitUntil(lambda: self.reading.shown is not None and len(self.queue.submitted) > before)
        assert self.reading.state is not None
        return self.reading.state

    def settle(self) -> None:
        """Let wrapped texts find their height."""
        for _ in range(4):
            self.desk.app.processEvents()

    def close(self) -> None:
        self.desk.shutdown()
        self.window.bar.clear()
        self.window.close()
        self.window.deleteLater()
        self.desk.deleteLater()
        self.desk.app.processEvents()


@pytest.fixture
def make_seat(qtbot: QtBot, qapp: QApplication) -> Iterator[Callable[..., Seat]]:
    seats: list[Seat] = []

    def make(**settings: object) -> Seat:
        seats.append(Seat(qtbot, qapp, Settings(**settings)))  # type: ignore[arg-type]
        return seats[-1]

    yield make
    for seat in seats:
        seat.close()


@pytest.fixture
def seat(make_seat: Callable[..., Seat]) -> Seat:
    return make_seat()


@pytest.fixture
def child_film() -> Path:
    return next(resource("samples/child-with-opacity").iterdir())


@pytest.fixture
def adult_film() -> Path:
    return next(resource("samples/adult").iterdir())


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    """Twelve PNG films, each of its own gray levels."""
    paths = []
    for number in range(12):
        levels = np.random.default_rng(number).integers(0, 255, (160, 150)).astype(np.uint8)
        paths.append(tmp_path / f"film-{number:02}.png")
        Image.fromarray(levels).save(paths[-1])
    return paths
