"""The composition root of the window: builds settings, window, registry and worker, and ends them in order.

Stages: arguments and settings, then Qt and the window, then the first film; only when it has been painted are plugins
listed and the inference process made ready.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QApplication

from cxrdesk.imaging.errors import UserError
from cxrdesk.imaging.resources import resource
from cxrdesk.studies import paths as folders
from cxrdesk.studies.settings import LoadedSettings, Settings, load_settings, save_settings
from cxrdesk.ui import theme
from cxrdesk.ui.bridge import EventBridge
from cxrdesk.ui.faults import quiet_off_screen, report_faults
from cxrdesk.ui.garbage import Collector
from cxrdesk.ui.large_blocks import return_large_blocks
from cxrdesk.ui.main_window import MainWindow
from cxrdesk.ui.messages import Messages
from cxrdesk.ui.plugin_work import Installer, PluginWork
from cxrdesk.ui.reading import Reading

if TYPE_CHECKING:  # imported after the first film is on the screen
    from cxrdesk.discovery.registry import Registry
    from cxrdesk.inference.jobs import Worker

log = logging.getLogger(__name__)
_NO_FILM_MS = 1500
"""Where no film is opened, or none can be, plugins are listed after this long."""
_SAVE_MS = 600
_PATIENCE_MS = 5000
_LISTING_ENDS_S = 1.0


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

    _listed = Signal(object, bool)
    """Plugins, from the thread that listed them, and whether that is all of them."""

    _noticed = Signal(str)
    """What the thread that lists plugins has to say to the user."""

    def __init__(self, app: QApplication, loaded: LoadedSettings, settings_file: Path | None) -> None:
        super().__init__()
        self.app = app
        self._collector = Collector(self)
        self.messages = Messages(self)
        self.reading = Reading(loaded.settings, self.messages, self)
        self._dress = (loaded.settings.theme, loaded.settings.text_size)
        theme.apply(app, *self._dress)
        self.plugin_work = PluginWork(self._installer, self)
        self.window = MainWindow(self.reading, self.plugin_work)
        self.bridge = self._new_bridge()
        self.worker: Worker | None = None
        self._registry: Registry | None = None
        self._used = loaded.settings
        self._in_use: Registry | None = None
        self._ending: list[threading.Thread] = []
        self._lister: threading.Thread | None = None
        self._listing = ""
        self._round = 0
        self._impatient = self._timer(_PATIENCE_MS, self._go_on_without_strangers)
        self._listed.connect(self._use_plugins, Qt.ConnectionType.QueuedConnection)
        self._noticed.connect(self._tell_of_plugins, Qt.ConnectionType.QueuedConnection)
        self.plugin_work.changed.connect(self._list_again)
        self._settings_file = settings_file
        self._unsaved: Settings | None = None
        # A slider sends many values: the file is written once they rest.
        self._saver = self._timer(_SAVE_MS, self._save)
        self._starter = self._timer(0, self.start_inference)
        self.window.settings_edited.connect(self._settings_edited)
        self.window.film.painted.connect(lambda _key: self._start_soon(0))
        self.window.closed.connect(self.shutdown)
        self.reading.job_ended.connect(self._renew_worker)
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
        """List plugins, then start the worker; its child starts with the first model that runs."""
        if self._lister is not None or self._stopped:
            return
        # A plugin whose import takes long, or never ends, must hold up neither the window nor its closing.
        self._lister = self._new_lister()
        self._impatient.start()

    def _thread(self, name: str, work: Callable[[], None]) -> threading.Thread:
        thread = threading.Thread(target=work, name=name, daemon=True)
        thread.start()
        return thread

    def _installer(self) -> Installer:
        from cxrdesk.installing import WindowInstaller

        return WindowInstaller(lambda: self.reading.settings.device)

    def _list_again(self) -> None:
        """Plugins were installed, removed, enabled or disabled."""
        if self._lister is not None and not self._stopped:
            self._lister = self._new_lister()

    def _new_lister(self) -> threading.Thread:
        self._round += 1
        number = self._round
        return self._thread("listing-plugins", lambda: self._list_plugins(number))

    def _list_plugins(self, number: int) -> None:
        self._list((), number)

    def _list(self, only: Collection[str], number: int | None) -> None:
        """List plugins; without a number those that need not be waited for."""
        from cxrdesk.discovery.listing import list_plugins

        complete = number is not None
        registry = list_plugins(
            only,
            told=self._begun if complete else lambda _: None,
            sites=self._package_sites() if complete else (),
            cache=folders.listing_file(),
            cancelled=lambda: self._stopped,
        )
        if not self._stopped and number in (None, self._round):
            self._listed.emit(registry, complete)

    def _package_sites(self) -> list[Path]:
        if not folders.plugins_dir().is_dir():
            return []
        from cxrdesk import installing

        return installing.sites_in_use(
            device=self.reading.settings.device,
            told=self._begun,
            noticed=self._noticed.emit,
            cancelled=lambda: self._stopped,
        )

    def _begun(self, distribution: str) -> None:
        self._listing = distribution

    def _tell_of_plugins(self, text: str) -> None:
        if not self._stopped:
            self.messages.warning(text, code="plugins")

    def _go_on_without_strangers(self) -> None:
        """One of them may never end: the bundled detectors do not wait for it."""
        self.messages.warning(
            f"The plugin {self._listing or '(not named)'} takes long to be listed; until then only the detectors that"
            " came with cxrdesk run.",
            code="plugins",
        )
        self._thread("listing-bundled-plugins", self._list_bundled)

    def _list_bundled(self) -> None:
        from cxrdesk.discovery.installed import BUNDLED

        self._list(BUNDLED, None)

    def _use_plugins(self, registry: Registry, complete: bool) -> None:
        if complete:
            self._impatient.stop()
        elif self._registry is not None:
            return
        if self._stopped:
            return
        first, self._registry = self._registry is None, registry
        self.window.set_registry(registry)
        if first:
            self._start_worker()
        else:
            self._renew_worker()

    def _start_worker(self) -> None:
        if self._registry is None:
            return
        from cxrdesk.discovery.installed import BUNDLED
        from cxrdesk.inference.jobs import Worker
        from cxrdesk.inference.proofs import here
        from cxrdesk.inference.runners import ChildRunner

        registry, self._used = self._registry, self.reading.settings
        self._in_use = registry
        limit_s = self._used.film_timeout_s
        compiled = folders.compiled_dir() if self._used.compiled else None
        device = self._used.device
        proofs = here(folders.proofs_file(), device)
        runner = ChildRunner(
            registry, together=BUNDLED, device=device, limit_s=limit_s, compiled=compiled, proofs=proofs
        )
        self.worker = Worker(registry, runner, self.bridge.post)
        self.worker.start()
        most = max((spec.scope.films[1] for spec in registry.detectors), default=1)
        self.reading.asking.connect_queue(self.worker, most_films=most)

    def _renew_worker(self) -> None:
        """Other plugins, another device or time limit need another inference process: made as soon as no job runs."""
        settings = self.reading.settings
        used = self._used
        same = self._in_use is self._registry and (settings.device, settings.film_timeout_s, settings.compiled) == (
            used.device,
            used.film_timeout_s,
            used.compiled,
        )
        if self.worker is None or same or self._stopped or self.reading.session.running:
            return
        if self._in_use is not self._registry:
            self.reading.session.forget_asked()  # there are other detectors
        # Both number their jobs from one: what the old one may still say must not reach the films.
        self.bridge.received.disconnect(self.reading.on_event)
        self.bridge = self._new_bridge()
        # Ending a child takes a moment, in which the window must not stand still.
        ending = threading.Thread(target=self.worker.stop, name="ending-inference")
        ending.start()
        self._ending = [thread for thread in self._ending if thread.is_alive()] + [ending]
        self._start_worker()

    def _new_bridge(self) -> EventBridge:
        bridge = EventBridge(self)
        bridge.received.connect(self.reading.on_event)
        return bridge

    def shutdown(self) -> None:
        """Films first, then the worker and its children, settings last."""
        if self._stopped:
            return
        self._stopped = True
        self._starter.stop()
        self._impatient.stop()
        self.reading.stop()
        self.window.measuring.stop()
        self.window.states.stop()
        self.window.finish_pictures()
        self.plugin_work.stop()
        if self.worker is not None:
            self.worker.stop()
        for thread in self._ending:
            thread.join()
        if self._lister is not None:
            self._lister.join(_LISTING_ENDS_S)
        self._saver.stop()
        self._collector.stop()
        self._save()

    def _timer(self, interval_ms: int, call: Callable[[], None]) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(interval_ms)
        timer.timeout.connect(call)
        return timer

    def _start_soon(self, after_ms: int) -> None:
        if self._lister is None and not self._stopped:
            self._starter.start(after_ms)

    def _settings_edited(self, settings: Settings) -> None:
        self._unsaved = settings
        self._saver.start()
        if self._dress != (settings.theme, settings.text_size):
            self._dress = (settings.theme, settings.text_size)
            theme.apply(self.app, *self._dress)
            self.window.restyle()
        self._renew_worker()

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
    if headless():
        quiet_off_screen()
    existing = QApplication.instance()
    app = existing if isinstance(existing, QApplication) else QApplication(sys.argv[:1])
    return_large_blocks()
    app.setApplicationName("cxrdesk")
    app.setApplicationDisplayName("cxrdesk")
    return app


def run_viewer(paths: list[Path]) -> int:
    """Open the window on files and folders; returns the exit code when it is closed.

    Raises
    ------
    UserError
        ``no-display`` where Qt would end the process for want of one.
    """
    if headless() and not os.environ.get("QT_QPA_PLATFORM"):
        raise UserError(
            "no-display", "There is no display to open a window on; 'cxrdesk analyze' reads films without one."
        )
    app = _application()
    settings_file = folders.settings_file()
    desk = Desk(app, load_settings(settings_file), settings_file)
    report_faults(desk.messages)
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
    from cxrdesk import demo

    os.environ["QT_QPA_PLATFORM"] = os.environ.get("QT_QPA_PLATFORM") or "offscreen"
    # The reader's own settings neither change the samples' result nor are changed by them.
    desk = Desk(_application(), LoadedSettings(settings=Settings()), None)
    try:
        desk.start([samples])
        return demo.run(desk, out)
    finally:
        desk.window.close()
        desk.shutdown()
        desk.deleteLater()
