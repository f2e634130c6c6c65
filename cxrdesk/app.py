"""The composition root of the window: builds settings, window, registry and worker, and ends them in order.

Stages: arguments and settings, then Qt and the window, then the first film; only when it has been painted are plugins
listed and the inference process made ready.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from PySide6.QtCore import QEventLoop, QMessageLogContext, QObject, QTimer, QtMsgType, qInstallMessageHandler
from PySide6.QtWidgets import QApplication

from cxrdesk.imaging.errors import UserError
from cxrdesk.imaging.resources import resource
from cxrdesk.studies import paths as folders
from cxrdesk.studies.settings import LoadedSettings, Settings, load_settings, save_settings
from cxrdesk.ui import theme
from cxrdesk.ui.bridge import EventBridge
from cxrdesk.ui.main_window import MainWindow
from cxrdesk.ui.messages import Messages
from cxrdesk.ui.reading import Reading

if TYPE_CHECKING:  # imported after the first film is on the screen
    from cxrdesk.inference.jobs import Worker
    from cxrdesk.ui.session import FilmState

log = logging.getLogger(__name__)
TOGETHER = frozenset({"cxrdesk-lungmask", "cxrdesk-pneumonia"})
"""Distributions that share one inference process; every other plugin has its own."""
_NO_FILM_MS = 1500
"""Where no film is opened, or none can be, plugins are listed after this long."""
_SAVE_MS = 600
_SETTLE_S = 0.3
"""Wrapped texts find their height within a turn or two of the event loop."""


def samples_dir() -> Path:
    """The folder of bundled sample studies: simulated films, marked so.

    Raises
    ------
    UserError
        ``no-samples`` if this installation lacks them.
    """
    folder = resource("samples")
    if folder.is_dir():
        return folder
    raise UserError("no-samples", "The sample studies are missing from this installation; install cxrdesk again.")


def headless() -> bool:
    """Whether there is no display to show a window on."""
    asked = os.environ.get("QT_QPA_PLATFORM", "")
    if asked:
        return asked.partition(":")[0] in ("offscreen", "minimal")
    return sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


class Desk(QObject):
    """One running application.

    Parameters
    ----------
    app : QApplication
    loaded : LoadedSettings
    settings_file : Path or None
        Where changed settings are kept; None keeps them for this run only.
    """

    def __init__(self, app: QApplication, loaded: LoadedSettings, settings_file: Path | None) -> None:
        super().__init__()
        self.app = app
        self.messages = Messages(self)
        self.reading = Reading(loaded.settings, self.messages, self)
        theme.apply(app, loaded.settings.theme)
        self.window = MainWindow(self.reading)
        self.bridge = EventBridge(self)
        self.bridge.received.connect(self.reading.on_event)
        self.worker: Worker | None = None
        self._settings_file = settings_file
        self._unsaved: Settings | None = None
        # A slider sends many values: the file is written once they rest.
        self._saver = self._timer(_SAVE_MS, self._save)
        self._starter = self._timer(0, self.start_inference)
        self.window.settings_edited.connect(self._settings_edited)
        self.window.film.painted.connect(lambda _key: self._start_soon(0))
        self.window.closed.connect(self.shutdown)
        self._stopped = False
        for text in loaded.messages:
            self.messages.warning(text, code="settings")

    def start(self, paths: list[Path]) -> None:
        """Show the window and open what was named."""
        self.window.show()
        self.messages.open()
        self.reading.open(paths)
        self._start_soon(_NO_FILM_MS if paths else 0)

    def start_inference(self) -> None:
        """List plugins and start the worker; its child starts with the first model that runs."""
        if self.worker is not None or self._stopped:
            return
        from cxrdesk.discovery.loader import load_registry
        from cxrdesk.inference.jobs import Worker
        from cxrdesk.inference.runners import ChildRunner

        settings = self.reading.settings
        registry = load_registry()
        runner = ChildRunner(registry, together=TOGETHER, device=settings.device, limit_s=settings.film_timeout_s)
        self.worker = Worker(registry, runner, self.bridge.post)
        self.worker.start()
        self.window.set_registry(registry)
        most = max((spec.scope.films[1] for spec in registry.detectors), default=1)
        self.reading.connect_queue(self.worker, most_films=most)

    def shutdown(self) -> None:
        """Films first, then the worker and its children, settings last."""
        if self._stopped:
            return
        self._stopped = True
        self._starter.stop()
        self.reading.stop()
        if self.worker is not None:
            self.worker.stop()
        self._saver.stop()
        self._save()

    def _timer(self, interval_ms: int, call: Callable[[], None]) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(interval_ms)
        timer.timeout.connect(call)
        return timer

    def _start_soon(self, after_ms: int) -> None:
        if self.worker is None and not self._stopped:
            self._starter.start(after_ms)

    def _settings_edited(self, settings: Settings) -> None:
        self._unsaved = settings
        self._saver.start()

    def _save(self) -> None:
        settings, self._unsaved = self._unsaved, None
        if settings is None or self._settings_file is None:
            return
        try:
            save_settings(settings, self._settings_file)
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else "input/output error"
            self.messages.error(
                f"The settings could not be saved ({reason}); they hold until you quit.", code="settings"
            )


def _application() -> QApplication:
    existing = QApplication.instance()
    app = existing if isinstance(existing, QApplication) else QApplication(sys.argv[:1])
    app.setApplicationName("cxrdesk")
    app.setApplicationDisplayName("cxrdesk")
    return app


def _report_faults(messages: Messages) -> None:
    """A fault of ours within an event: told in a sentence, its traceback on stderr; the window stays."""

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        sys.__excepthook__(kind, error, trace)
        if isinstance(error, KeyboardInterrupt):
            QApplication.quit()
            return
        messages.error(
            f"cxrdesk made a mistake ({kind.__name__}); please report what stands on the console.", code="bug"
        )

    sys.excepthook = hook


def run_viewer(paths: list[Path]) -> int:
    """Open the window on files and folders; returns the exit code when it is closed."""
    app = _application()
    settings_file = folders.settings_file()
    desk = Desk(app, load_settings(settings_file), settings_file)
    _report_faults(desk.messages)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Qt's loop would never let Python see Ctrl+C
    desk.start(paths)
    code = app.exec()
    desk.shutdown()
    return code


def run_demo(out: Path) -> int:
    """Open the sample studies; without a display do the whole job off screen and write it to `out`.

    Returns
    -------
    int
        0, or 1 if a film could not be read or a model failed.
    """
    samples = samples_dir()
    if not headless():
        return run_viewer([samples])
    os.environ["QT_QPA_PLATFORM"] = os.environ.get("QT_QPA_PLATFORM") or "offscreen"
    qInstallMessageHandler(_tell_qt)
    # The reader's own settings neither change the samples' result nor are changed by them.
    desk = Desk(_application(), LoadedSettings(settings=Settings()), None)
    try:
        desk.start([samples])
        return _demo(desk, out)
    finally:
        desk.window.close()
        desk.shutdown()


def _tell_qt(_kind: QtMsgType, _context: QMessageLogContext, text: str) -> None:
    # Said off screen of every window that has a least size, and no fault.
    if text != "This plugin does not support propagateSizeHints()":
        print(text, file=sys.stderr)


def _demo(desk: Desk, out: Path) -> int:
    from cxrdesk.reports.csv_report import write_csv
    from cxrdesk.reports.json_report import write_json
    from cxrdesk.ui.export import report_content

    out.mkdir(parents=True, exist_ok=True)
    reading = desk.reading
    limit_s = 60.0 + reading.settings.film_timeout_s
    failed = not _wait(lambda: desk.worker is not None and reading.state is not None, limit_s)
    written = []
    for state in reading.session.states:
        if state is not reading.state:
            reading.show(state.key)
        ended = _wait(partial(_ended, state), limit_s)
        failed |= not ended or state.failure is not None or _failed(state)
        _wait(lambda: False, _SETTLE_S)
        path = out / _picture_name(state)
        desk.window.grab().save(str(path))
        written.append(path)
    content = report_content(reading.session, reading.settings, desk.window.registry, reading.radiograph)
    for name, write in (("report.json", write_json), ("report.csv", write_csv)):
        write(content, out / name)
        written.append(out / name)
    for path in written:
        print(path)
    return 1 if failed else 0


def _ended(state: FilmState) -> bool:
    return state.failure is not None or (state.job is not None and state.finished)


def _failed(state: FilmState) -> bool:
    from cxrdesk.inference.result import Status

    ended = [result.status for result in state.masks.values()] + [result.status for result in state.detectors.values()]
    return Status.FAILED in ended


def _picture_name(state: FilmState) -> str:
    path = Path(state.key)
    return f"{path.parent.name}-{path.stem}.png"


def _wait(condition: Callable[[], bool], limit_s: float) -> bool:
    """Serve the event loop until `condition` holds; False where the time ran out."""
    end = time.monotonic() + limit_s
    loop = QEventLoop()
    tick = QTimer()
    tick.setInterval(50)

    def look() -> None:
        if condition() or time.monotonic() > end:
            loop.quit()

    tick.timeout.connect(look)
    tick.start()
    if not condition():
        loop.exec()
    tick.stop()
    return condition()
