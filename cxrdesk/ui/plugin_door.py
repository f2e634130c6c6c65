"""Opens the plugin panel, and asks about packages wherever they come from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QDialog, QWidget

from cxrdesk.ui.messages import Messages
from cxrdesk.ui.plugin_work import SUFFIX, PluginWork

if TYPE_CHECKING:  # packages come after the first film: the window does not wait for their imports
    from cxrdesk.discovery.registry import Registry
    from cxrdesk.packages.offers import Offer


class PluginDoor(QObject):
    """What the window does about plugins.

    Parameters
    ----------
    window : QWidget
        Parent of its dialogs.
    """

    listed = Signal(object)
    """Plugins were listed again."""

    def __init__(self, window: QWidget, work: PluginWork, messages: Messages) -> None:
        super().__init__(window)
        self._window, self._work, self._messages = window, work, messages
        self._registry: Registry | None = None
        work.offered.connect(self._ask)
        work.refused.connect(self._refused)

    def set_registry(self, registry: Registry) -> None:
        """Say what is installed."""
        self._registry = registry
        self.listed.emit(registry)

    def open_panel(self) -> None:
        """Show what is installed."""
        from cxrdesk.ui.dialogs.plugins import PluginsDialog

        dialog = PluginsDialog(self._registry, self._work, self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.listed.connect(dialog.set_registry)
        dialog.open()

    def take(self, paths: Sequence[Path]) -> list[Path]:
        """Look at the packages among some files; returns the others."""
        packages = [path for path in paths if path.suffix == SUFFIX]
        for path in packages:
            self._work.examine(path)
        return [path for path in paths if path not in packages]

    def _ask(self, offer: Offer) -> None:
        from cxrdesk.ui.dialogs.install_plugin import InstallDialog

        dialog = InstallDialog(offer, self._work, self._in_front())
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        name = f"{offer.package.manifest.name} {offer.package.manifest.version}"
        dialog.accepted.connect(lambda: self._messages.info(f"{name} was installed."))
        dialog.open()

    def _refused(self, _what: str, text: str) -> None:
        if self._in_front() is self._window:  # a dialog tells it itself
            self._messages.error(text, code="plugins")

    def _in_front(self) -> QWidget:
        """The plugin panel where it is open, else the window."""
        dialogs = reversed(self._window.findChildren(QDialog))
        return next((dialog for dialog in dialogs if dialog.isVisible()), self._window)
