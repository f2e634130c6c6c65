"""Copies, saves and prints what is seen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QByteArray, QIODevice, QSaveFile
from PySide6.QtGui import QGuiApplication, QImage, QImageWriter
from PySide6.QtWidgets import QApplication, QDialog, QFileDialog, QLabel, QWidget

from cxrdesk.ui.messages import Messages
from cxrdesk.ui.piecework import Pieces, Piecework
from cxrdesk.ui.snapshot import Scene, picture_of, picture_pieces, remarks_of

_FORMATS = {".png": b"PNG", ".jpg": b"JPEG", ".jpeg": b"JPEG"}
_JPEG_QUALITY = 95


class PictureDoor:
    """What the window does about pictures of itself.

    Parameters
    ----------
    window : QWidget
        Parent of its dialogs.
    scene : callable
        Gives the films that are seen now.
    masked : callable
        Says whether names are masked on the screen now.
    """

    def __init__(
        self, window: QWidget, messages: Messages, scene: Callable[[], Scene], masked: Callable[[], bool]
    ) -> None:
        self._window, self._messages, self._scene, self._masked = window, messages, scene, masked
        self.work = Piecework(window)
        self.work.broken.connect(self._on_broken)

    def _on_broken(self, error: Exception) -> None:
        name = type(error).__name__
        self._messages.error(f"cxrdesk made a mistake with a picture ({name}); please report it.", code="bug")

    def copy(self) -> None:
        """The picture to the clipboard; a text where the reader has chosen one."""
        focus = QApplication.focusWidget()
        if isinstance(focus, QLabel) and focus.hasSelectedText():
            QGuiApplication.clipboard().setText(focus.selectedText())
            return
        scene = self._scene()
        picture = picture_of(scene, ratio=self._window.devicePixelRatioF(), remarks=remarks_of(scene))
        QGuiApplication.clipboard().setImage(picture)
        names = "names in the corners are masked" if self._masked() else "the names that are shown stand in it"
        self._messages.info(f"The picture was copied, with what is drawn over it; {names}.")

    def ask_export(self) -> None:
        """Ask how large the picture is to be, and where it goes."""
        from cxrdesk.ui.dialogs.export import ExportDialog

        scene = self._scene()
        dialog = ExportDialog(scene, self._window.devicePixelRatioF(), self._window, masked=self._masked())
        dialog.accepted.connect(lambda: self._ask_file(dialog.ratio))
        dialog.accepted.connect(dialog.deleteLater)
        dialog.rejected.connect(dialog.deleteLater)
        dialog.open()

    def _ask_file(self, ratio: float) -> None:
        dialog = QFileDialog(self._window, "Save the picture")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters(["PNG (*.png)", "JPEG (*.jpg *.jpeg)"])
        dialog.filterSelected.connect(lambda chosen: dialog.setDefaultSuffix("jpg" if "JPEG" in chosen else "png"))
        dialog.setDefaultSuffix("png")
        dialog.selectFile("cxrdesk-film.png")  # no name of a patient unless the reader types one
        dialog.fileSelected.connect(lambda name: self.save(Path(name), self._scene(), ratio))
        dialog.open()

    def save(self, path: Path, scene: Scene, ratio: float) -> None:
        """Write the picture at `path`, as its suffix says; a file that stands there stays whole until it is written."""
        kind = _FORMATS.get(path.suffix.lower())
        if kind is None:
            self._messages.error("Pictures are saved as .png or .jpg; choose another name.", code="picture")
            return
        # What is seen now, whatever is shown by the time that other work has ended.
        self.work.start(_saved(scene.frozen(), ratio, path, kind), lambda said: self._tell_saved(path, *said))

    def _tell_saved(self, path: Path, picture: QImage, why: str) -> None:
        if why:
            text = f"The picture could not be saved in {path.parent} ({why}); choose another folder."
            self._messages.error(text, code="picture")
        else:
            self._messages.info(f"The picture was saved as {path.name}, {picture.width()} x {picture.height()} pixels.")

    def print_(self) -> None:
        """Ask for a printer, or a PDF file, and print."""
        from PySide6.QtPrintSupport import QPrintDialog

        from cxrdesk.ui.printing import new_printer, print_pieces

        scene = self._scene()
        printer = new_printer(scene)
        dialog = QPrintDialog(printer, self._window)
        dialog.setOption(QPrintDialog.PrintDialogOption.PrintPageRange, False)

        def tell(taken: bool) -> None:
            if taken:
                self._messages.info("The film was sent to the printer.")
            else:
                self._messages.error("The printer did not take the film; choose another one.", code="print")

        dialog.accepted.connect(lambda: self.work.start(print_pieces(printer, scene), tell))
        dialog.finished.connect(dialog.deleteLater)
        QDialog.open(dialog)  # QPrintDialog's own wants a receiver


def _saved(scene: Scene, ratio: float, path: Path, kind: bytes) -> Pieces[tuple[QImage, str]]:
    """Draw and write; returns the picture, and why it could not be written."""
    picture = yield from picture_pieces(scene, ratio=ratio, remarks=remarks_of(scene))
    why = [""]

    def write() -> None:
        why[0] = _write(picture, path, kind)

    yield write
    return picture, why[0]


def _write(picture: QImage, path: Path, kind: bytes) -> str:
    """Why the file could not be written; empty where it was."""
    file = QSaveFile(str(path))
    if not file.open(QIODevice.OpenModeFlag.WriteOnly):
        return file.errorString()
    writer = QImageWriter(file, QByteArray(kind))
    # Of a PNG it says how hard it is packed, 0 the hardest: there a film of 9 megapixels takes seconds.
    writer.setQuality(_JPEG_QUALITY if kind == b"JPEG" else 60)
    if not writer.write(picture):
        file.cancelWriting()
    return "" if file.commit() else file.errorString() or writer.errorString()
