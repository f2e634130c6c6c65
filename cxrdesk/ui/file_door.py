"""Asks which files to open, and where reports go."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QFileDialog, QWidget

from cxrdesk.imaging.errors import UserError
from cxrdesk.ui.reading import Reading

if TYPE_CHECKING:  # plugins are listed after the first film: the window does not wait for their imports
    from cxrdesk.discovery.registry import Registry


class FileDoor:
    """What the window does about files.

    Parameters
    ----------
    window : QWidget
        Parent of its dialogs.
    """

    def __init__(self, window: QWidget, reading: Reading) -> None:
        self._window, self._reading = window, reading
        self.registry: Registry | None = None

    def open_files(self) -> None:
        """Ask for films."""
        names, _ = QFileDialog.getOpenFileNames(self._window, "Open films", "", "All files (*)")
        self._reading.open([Path(name) for name in names])

    def open_folder(self) -> None:
        """Ask for a folder of films."""
        if name := QFileDialog.getExistingDirectory(self._window, "Open a folder of films"):
            self._reading.open([Path(name)])

    def ask_report(self) -> None:
        """Ask where the report goes."""
        dialog = QFileDialog(self._window, "Save the report of all films")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilter("JSON (*.json)")
        dialog.setDefaultSuffix("json")
        dialog.selectFile("cxrdesk-report.json")
        dialog.fileSelected.connect(lambda name: self.save_report(Path(name)))
        dialog.open()

    def save_report(self, path: Path) -> None:
        """Write what is known about all films as JSON at `path`, and as a table beside it."""
        from cxrdesk.ui.export import report_content, save

        reading = self._reading
        try:
            export = report_content(reading.session, reading.settings, self.registry, reading.radiograph)
            saved = save(export.content, path)
        except OSError as error:
            text = f"The report could not be saved in {path.parent} ({why(error)}); choose another folder."
            reading.messages.error(text, code="report")
            return
        except UserError as error:
            reading.messages.error(error.text, code=error.code)
            return
        text = f"The report was saved as {' and '.join(file.name for file in saved)}."
        if export.left_out:
            reading.messages.warning(f"{text} Left out: {', '.join(export.left_out)}.")
        else:
            reading.messages.info(text)


def why(error: OSError) -> str:
    """The system's words for what went wrong, without names of files."""
    return os.strerror(error.errno) if error.errno else "input/output error"
