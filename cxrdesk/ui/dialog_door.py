"""Opens the dialogs that belong to no panel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QWidget

from cxrdesk.studies.settings import Settings
from cxrdesk.ui.keymap import keys_in_force
from cxrdesk.ui.reading import Reading

if TYPE_CHECKING:  # plugins are listed after the first film: the window does not wait for their imports
    from cxrdesk.discovery.registry import Registry


class DialogDoor:
    """What the window does about dialogs; each is imported when it is first opened.

    Parameters
    ----------
    window : QWidget
        Parent of the dialogs.
    use : callable
        Takes settings that the reader changed.
    """

    def __init__(self, window: QWidget, reading: Reading, use: Callable[[Settings], None]) -> None:
        self._window, self._reading, self._use = window, reading, use
        self.registry: Registry | None = None

    def settings(self) -> None:
        """What the clinic and the reader choose."""
        from cxrdesk.ui.dialogs.settings import SettingsDialog

        specs = self.registry.detectors if self.registry is not None else []
        findings = sorted({key for spec in specs for key in spec.findings})
        dialog = SettingsDialog(self._reading.settings, findings, self._window)
        dialog.accepted.connect(lambda: self._use(dialog.settings()))
        self._open(dialog)

    def header(self) -> None:
        """The DICOM header of the film on the screen."""
        state = self._reading.state
        if state is None or state.film is None:
            return
        from cxrdesk.ui.dialogs.header import HeaderDialog

        masked = self._reading.settings.mask_names
        title = "" if masked else state.film.path.name
        self._open(HeaderDialog(state.film.path, title, masked=masked, parent=self._window))

    def keys(self) -> None:
        """Keys and mouse."""
        from cxrdesk.ui.dialogs.about import KeysDialog

        self._open(KeysDialog(keys_in_force(self._reading.settings.shortcuts), self._window))

    def shortcuts(self) -> None:
        """Other keys for actions."""
        from cxrdesk.ui.dialogs.shortcuts import ShortcutsDialog

        dialog = ShortcutsDialog(self._reading.settings.shortcuts, self._window)
        dialog.accepted.connect(lambda: self._use(replace(self._reading.settings, shortcuts=dialog.changed)))
        self._open(dialog)

    def about(self) -> None:
        """What this program is."""
        from cxrdesk.ui.dialogs.about import AboutDialog

        self._open(AboutDialog(self._window))

    def _open(self, dialog: QDialog) -> None:
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()
