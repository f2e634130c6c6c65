"""Installing and looking after plugins without holding the window up: all of it runs in one thread beside."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from PySide6.QtCore import QObject, Qt, Signal

from cxrdesk.imaging.errors import UserError
from cxrdesk.ui.background import Background

if TYPE_CHECKING:  # packages come after the first film: the window does not wait for their imports
    from cxrdesk.packages.cards import Row
    from cxrdesk.packages.index import Index
    from cxrdesk.packages.keys import PublicKey
    from cxrdesk.packages.offers import Offer
    from cxrdesk.packages.store import Installed
    from cxrdesk.sandbox.protections import Protection

SUFFIX = ".cxrplugin"
"""As `cxrdesk.packages.package.SUFFIX`, without its imports."""


class Installer(Protocol):
    """What installs plugins; each call may take long and raises UserError with a sentence."""

    def examine(self, path: Path) -> Offer:
        """Verify a package."""

    def install(self, offer: Offer, told: Callable[[str], object], cancelled: Callable[[], bool]) -> Installed | None:
        """Install it; None if it was cancelled."""

    def installed(self) -> list[Installed]:
        """What was installed from packages."""

    def damaged(self) -> list[str]:
        """One sentence for each that is damaged."""

    def rows(self, plugin: Installed) -> list[Row]:
        """What its publisher measured."""

    def card(self, plugin: Installed) -> str:
        """Its model card."""

    def enable(self, name: str, enabled: bool) -> None:
        """Use it, or leave it alone."""

    def remove(self, name: str) -> None:
        """Delete it."""

    def rollback(self, name: str) -> object:
        """Go back to the previous version."""

    def verify(self, name: str) -> object:
        """Run its golden vectors again."""

    def look(self, folder: Path) -> Index:
        """What a folder offers."""

    def publishers(self) -> list[PublicKey]:
        """Whom the user trusts."""

    def read_key(self, path: Path) -> PublicKey:
        """The key in a file."""

    def trust(self, key: PublicKey) -> None:
        """Trust a publisher."""

    def distrust(self, name: str) -> None:
        """Trust a publisher no more."""

    def protections(self) -> Sequence[Protection]:
        """What holds a plugin in on this machine."""


@dataclass(frozen=True, kw_only=True)
class Card:
    """One installed package, ready to be shown."""

    plugin: Installed
    text: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """All that the plugin panel shows.

    Parameters
    ----------
    fault : str
        What is damaged: the list of installed packages, or some of them; empty if nothing is.
    """

    cards: tuple[Card, ...] = ()
    publishers: tuple[PublicKey, ...] = ()
    protections: tuple[Protection, ...] = ()
    fault: str = ""


class PluginWork(QObject):
    """Asks an installer, one thing after the other; answers come as signals in the window's thread.

    Parameters
    ----------
    make : callable
        Makes the installer, in that thread: its imports wait until it is needed.
    """

    offered = Signal(object)
    """An `Offer`: a package that may be installed."""
    stage = Signal(str)
    """What an installation is doing."""
    installed = Signal(object)
    """What was installed; None if it was cancelled."""
    changed = Signal()
    """Plugins were installed, removed, enabled or disabled: list them again."""
    shown = Signal(object)
    """A `Snapshot`."""
    looked = Signal(object)
    """An `Index`."""
    key_read = Signal(object)
    """A `PublicKey` that the user may trust."""
    refused = Signal(str, str)
    """What was asked for and why it was not done."""
    busy_changed = Signal(bool)
    _staged = Signal(str)

    def __init__(self, make: Callable[[], Installer], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._make = make
        self._background = Background(threads=1, parent=self)
        self._background.done.connect(self._done)
        self._background.refused.connect(self._refused)
        self._background.broken.connect(self._broken)
        self._staged.connect(self.stage, Qt.ConnectionType.QueuedConnection)
        self._cancelled = threading.Event()
        self._waiting = 0

    @property
    def busy(self) -> bool:
        """Whether something is being done."""
        return self._waiting > 0

    @cached_property
    def _installer(self) -> Installer:
        return self._make()

    def examine(self, path: Path) -> None:
        """Verify a package; `offered` or `refused` follows."""
        self._ask("examine", lambda: self._installer.examine(path))

    def install(self, offer: Offer) -> None:
        """Install what the user agreed to; `stage`, then `installed` or `refused` follow."""
        self._cancelled.clear()
        self._ask("install", lambda: self._installer.install(offer, self._staged.emit, self._cancelled.is_set))

    def cancel(self) -> None:
        """Give up an installation that runs."""
        self._cancelled.set()

    def refresh(self) -> None:
        """Read again what is installed; `shown` follows."""
        self._ask("show", self._snapshot)

    def enable(self, name: str, enabled: bool) -> None:
        """Use a plugin, or leave it alone."""
        self._ask("change", lambda: self._installer.enable(name, enabled))

    def remove(self, name: str) -> None:
        """Delete a plugin."""
        self._ask("change", lambda: self._installer.remove(name))

    def rollback(self, name: str) -> None:
        """Go back to a plugin's previous version."""
        self._ask("change", lambda: self._installer.rollback(name))

    def verify(self, name: str) -> None:
        """Run a plugin's golden vectors again."""
        self._ask("change", lambda: self._installer.verify(name))

    def look(self, folder: Path) -> None:
        """Look through a folder; `looked` follows."""
        self._ask("look", lambda: self._installer.look(folder))

    def read_key(self, path: Path) -> None:
        """Read a publisher's key; `key_read` follows."""
        self._ask("key", lambda: self._installer.read_key(path))

    def trust(self, key: PublicKey) -> None:
        """Trust a publisher."""
        self._ask("publishers", lambda: self._installer.trust(key))

    def distrust(self, name: str) -> None:
        """Trust a publisher no more."""
        self._ask("publishers", lambda: self._installer.distrust(name))

    def stop(self) -> None:
        """Give up what runs and wait for it."""
        self._cancelled.set()
        self._background.stop()

    def _ask(self, token: str, work: Callable[[], Any]) -> None:
        self._waiting += 1
        if self._waiting == 1:
            self.busy_changed.emit(True)
        self._background.start(token, work)

    def _snapshot(self) -> Snapshot:
        ask = self._installer
        publishers, protections = tuple(ask.publishers()), tuple(ask.protections())
        try:
            cards = [Card(plugin=p, text=ask.card(p), rows=tuple(ask.rows(p))) for p in ask.installed()]
            fault = " ".join(ask.damaged())
        except UserError as error:
            return Snapshot(publishers=publishers, protections=protections, fault=error.text)
        return Snapshot(cards=tuple(cards), publishers=publishers, protections=protections, fault=fault)

    def _ended(self) -> None:
        self._waiting -= 1
        if not self._waiting:
            self.busy_changed.emit(False)

    def _done(self, token: str, result: Any) -> None:
        self._ended()
        answers = {"examine": self.offered, "show": self.shown, "look": self.looked, "key": self.key_read}
        if token in answers:
            answers[token].emit(result)
            return
        if token == "install":
            self.installed.emit(result)
        if token == "change" or (token == "install" and result is not None):
            self.changed.emit()
        self.refresh()

    def _refused(self, token: str, error: UserError) -> None:
        self._ended()
        self.refused.emit(token, error.text)

    def _broken(self, token: str, error: Exception) -> None:
        self._ended()
        self.refused.emit(
            token, f"cxrdesk made a mistake ({type(error).__name__}); nothing was changed. Its log says more."
        )
