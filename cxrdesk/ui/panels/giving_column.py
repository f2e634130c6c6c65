"""A column that scrolls rather than make the window higher than the screen."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QSizePolicy, QStyle, QWidget

from cxrdesk.ui.panels.pieces import ScrollColumn
from cxrdesk.ui.theme import scaled


class GivingColumn(ScrollColumn):
    """As high as what is in it where there is room, and never in need of more than a few lines.

    Parameters
    ----------
    inner : QWidget
    least : float
        Height that it may be given, in pixels of the normal size of text.
    """

    def __init__(self, inner: QWidget, *, least: float, parent: QWidget | None = None) -> None:
        self._least = least
        self._told = 0
        super().__init__(inner, parent)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)

    def sizeHint(self) -> QSize:
        """All of it, as its texts wrap now."""
        return QSize(self._inner.sizeHint().width(), self._needed())

    def minimumSizeHint(self) -> QSize:
        """As wide as what is in it and the scroll bar need, and a few lines high."""
        bar = self.style().pixelMetric(QStyle.PixelMetric.PM_ScrollBarExtent, None, self.verticalScrollBar())
        return QSize(self._inner.minimumSizeHint().width() + bar, min(self._needed(), scaled(self._least)))

    def _needed(self) -> int:
        layout, width = self._inner.layout(), self.viewport().width()
        if layout is None:
            return 0
        return layout.totalHeightForWidth(width) if layout.hasHeightForWidth() else layout.totalSizeHint().height()

    def _arrange(self) -> None:
        super()._arrange()
        if (needed := self._needed()) != self._told:
            self._told = needed
            self.updateGeometry()
