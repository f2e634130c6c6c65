"""What is seen on paper: resampled for the printer, as large as the page allows, with the disclaimer below."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMarginsF, QRectF, QStandardPaths
from PySide6.QtGui import QPageLayout, QPainter
from PySide6.QtPrintSupport import QPrinter, QPrinterInfo

from cxrdesk.ui.snapshot import Scene, picture_of, remarks_of

_MOST_DPI = 600
"""No printer shows more gray levels for more dots."""
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


def print_scene(printer: QPrinter, scene: Scene) -> bool:
    """Print on one page; False where the printer takes nothing."""
    painter = QPainter()
    if not painter.begin(printer):
        return False
    page = QRectF(printer.pageLayout().paintRectPixels(printer.resolution()))
    draw_page(painter, QRectF(0, 0, page.width(), page.height()), scene, dpi=printer.resolution())
    return painter.end() and printer.printerState() is not QPrinter.PrinterState.Error


def draw_page(painter: QPainter, page: QRectF, scene: Scene, *, dpi: int) -> QRectF:
    """Draw a scene as large as fits into `page`, centered at its top; returns where.

    Parameters
    ----------
    page : QRectF
        In dots of the printer.
    """
    frame, remarks = scene.frame, remarks_of(scene)
    fine = min(1.0, _MOST_DPI / dpi)
    wanted = min(page.width() / frame.width(), page.height() / frame.height()) * fine
    picture = picture_of(scene, ratio=wanted, remarks=remarks)
    scale = min(page.width() / picture.width(), page.height() / picture.height())
    place = QRectF(0, 0, picture.width() * scale, picture.height() * scale)
    place.moveLeft(page.left() + (page.width() - place.width()) / 2)
    place.moveTop(page.top())
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.drawImage(place, picture)
    return place
