"""What is seen on paper: resampled for the printer, as large as the page allows, with the disclaimer below."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMarginsF, QRectF, QStandardPaths
from PySide6.QtGui import QPageLayout, QPainter
from PySide6.QtPrintSupport import QPrinter, QPrinterInfo

from cxrdesk.ui.piecework import Pieces
from cxrdesk.ui.snapshot import Scene, foot_height, picture_pieces, remarks_of

_MOST_DPI = 600
"""No printer shows more gray levels for more dots."""
_STRIP_PIXELS = 1_000_000
"""Handed to the printer between two turns of the event loop."""
_LEAST_DOTS = 2.0
_MARGIN_MM = 10.0


def new_printer(scene: Scene) -> QPrinter:
    """The system's printer at its full resolution, its page turned as the films lie."""
    printer = QPrinter(QPrinter.PrinterMode.HighResolution)
    printer.setCreator("cxrdesk")
    printer.setDocName("cxrdesk film")  # shown in the queue, to everybody: no name of a patient
    frame = scene.frame
    wide = frame.width() > frame.height()
    printer.setPageOrientation(QPageLayout.Orientation.Landscape if wide else QPageLayout.Orientation.Portrait)
    margin = QMarginsF(_MARGIN_MM, _MARGIN_MM, _MARGIN_MM, _MARGIN_MM)
    printer.setPageMargins(margin, QPageLayout.Unit.Millimeter)
    if not QPrinterInfo.availablePrinterNames():
        # Without a printer the system's dialog writes a PDF, and proposes a folder for its name.
        documents = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
        printer.setOutputFormat(QPrinter.OutputFormat.PdfFormat)
        printer.setOutputFileName(str(Path(documents) / "cxrdesk-film.pdf"))
    return printer


def print_pieces(printer: QPrinter, scene: Scene) -> Pieces[bool]:
    """Print on one page what is seen now; False where the printer takes nothing."""
    return _print(printer, scene.frozen())


def _print(printer: QPrinter, scene: Scene) -> Pieces[bool]:
    painter = QPainter()
    if not painter.begin(printer):
        return False
    page = QRectF(printer.pageLayout().paintRectPixels(printer.resolution()))
    yield from page_pieces(painter, QRectF(0, 0, page.width(), page.height()), scene, dpi=printer.resolution())
    return painter.end() and printer.printerState() is not QPrinter.PrinterState.Error and _whole(printer)


def _whole(printer: QPrinter) -> bool:
    """Whether a PDF was written to its end: of a full disk Qt says nothing."""
    if printer.outputFormat() is not QPrinter.OutputFormat.PdfFormat:
        return True
    path = Path(printer.outputFileName())
    return path.is_file() and path.read_bytes()[-32:].rstrip().endswith(b"%%EOF")


def page_pieces(painter: QPainter, page: QRectF, scene: Scene, *, dpi: int) -> Pieces[QRectF]:
    """Draw a scene as large as fits into `page`, centered at its top; returns where.

    Parameters
    ----------
    page : QRectF
        In dots of the printer.
    """
    frame, remarks = scene.frame, remarks_of(scene)
    fine = min(1.0, _MOST_DPI / dpi)
    height = frame.height() + foot_height(frame.width(), remarks)
    wanted = min(page.width() / frame.width(), page.height() / height) * fine
    picture = yield from picture_pieces(scene, ratio=wanted, remarks=remarks)
    scale = min(page.width() / picture.width(), page.height() / picture.height())
    if abs(scale - 1) * max(picture.width(), picture.height()) < _LEAST_DOTS:
        scale = 1.0  # but for rounding: a dot for each pixel, which nothing blurs
    place = QRectF(0, 0, picture.width() * scale, picture.height() * scale)
    place.moveLeft(round(page.left() + (page.width() - place.width()) / 2))
    place.moveTop(page.top())
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    rows = max(_STRIP_PIXELS // picture.width(), 1)
    for top in range(0, picture.height(), rows):
        # Into the next strip by a row, which is drawn over it: no seam where a printer's dots are no pixels.
        count = min(rows + 1, picture.height() - top)
        strip = QRectF(place.left(), place.top() + top * scale, place.width(), count * scale)
        painter.drawImage(strip, picture, QRectF(0, top, picture.width(), count))
        yield None
    return place
