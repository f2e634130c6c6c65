"""The film on the screen: mouse, keys, painting."""

from __future__ import annotations

from dataclasses import dataclass, replace

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from cxrdesk.imaging.preprocess import Box
from cxrdesk.imaging.radiograph import Radiograph
from cxrdesk.ui.theme import colours
from cxrdesk.ui.viewer.annotations import colour_bar, draw_caption, draw_legend, draw_ruler
from cxrdesk.ui.viewer.geometry import Geometry, Point
from cxrdesk.ui.viewer.layers import MaskLayer, SaliencyLayer
from cxrdesk.ui.viewer.render import Picture, Renderer
from cxrdesk.ui.viewer.tool import Mark, MarkStyle, Tool
from cxrdesk.ui.viewer.windowing import Windowing

_ZOOM_STEP = 1.2
_KEY_DRAG = 24.0
_KEY_PAN = 60.0


@dataclass(frozen=True, kw_only=True, eq=False)
class LoadedFilm:
    """A decoded film and what its display starts from.

    Parameters
    ----------
    key : str
        The film's name within the session.
    """

    key: str
    radiograph: Radiograph
    windowing: Windowing

    @classmethod
    def of(cls, key: str, radiograph: Radiograph) -> LoadedFilm:
        """Whatever takes time is done here, in the thread that decodes."""
        _ = radiograph.digest
        return cls(key=key, radiograph=radiograph, windowing=Windowing.of(radiograph))


class FilmView(QWidget):
    """One film with its overlays. It is given results for this film only and keeps none."""

    painted = Signal(str)
    """The key of a film that was painted for the first time."""
    display_changed = Signal()
    """Window, zoom or the pixel under the cursor."""
    step_requested = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.loaded: LoadedFilm | None = None
        self.windowing: Windowing | None = None
        self.inverted = False
        self.geometry_ = Geometry(film=(1, 1), viewport=(1.0, 1.0))
        self.cursor_pixel: tuple[int, int] | None = None
        self.hint: tuple[str, str] = ("", "")
        self.caption: list[str] = []
        self.badge: str | None = None
        self.mask_layer: MaskLayer | None = None
        self.saliency_layer: SaliencyLayer | None = None
        self.lungs: Box | None = None
        """Where the legend had better not stand."""
        self.opacity = 0.4
        self.marks: list[Mark] = []
        self.mark_style = MarkStyle()
        self._tool: Tool | None = None
        self._in_tool = False
        self._renderer: Renderer | None = None
        self._image: tuple[Picture, QImage] | None = None
        self._bar: QImage | None = None
        self._last: QPointF | None = None
        self._space = False
        self._unpainted = False
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(280, 240)
        self.setAccessibleName("Film")

    def sizeHint(self) -> QSize:
        """As much as there is."""
        return QSize(900, 800)

    def show_film(self, loaded: LoadedFilm) -> None:
        """Show a film with its own display default, fitted; overlays of the film before are gone."""
        self.clear("", "")
        self.loaded, self.windowing = loaded, loaded.windowing
        self._renderer = Renderer(loaded.radiograph)
        spacing = loaded.radiograph.pixel_spacing_mm
        aspect = spacing[0] / spacing[1] if spacing is not None else 1.0
        self.geometry_ = Geometry(film=loaded.radiograph.shape, viewport=self._viewport(), aspect=aspect).fit()
        self._unpainted = True
        self._changed()

    def update_film(self, radiograph: Radiograph) -> None:
        """The same pixels with more known about them; window and zoom stay."""
        if self.loaded is not None:
            self.loaded = replace(self.loaded, radiograph=radiograph)
            self.update()

    def clear(self, title: str, text: str) -> None:
        """No film; a sentence in its place."""
        self.loaded = self.windowing = self._renderer = self._image = None
        self.mask_layer = self.saliency_layer = self.cursor_pixel = self.badge = self.lungs = None
        self.caption, self.inverted, self.hint = [], False, (title, text)
        self.marks, self._in_tool = [], False
        self._changed()

    def set_layers(
        self, masks: MaskLayer | None, saliency: SaliencyLayer | None, opacity: float, lungs: Box | None = None
    ) -> None:
        """What to draw over the film that is shown, and the box around its lungs."""
        self.lungs = lungs
        self.mask_layer, self.saliency_layer, self.opacity = masks, saliency, opacity
        self.update()

    def set_caption(self, lines: list[str], badge: str | None) -> None:
        """Text in the corner."""
        self.caption, self.badge = lines, badge
        self.update()

    @property
    def tool(self) -> Tool | None:
        """What takes the left button and the keys first; None leaves them to the view."""
        return self._tool

    @tool.setter
    def tool(self, tool: Tool | None) -> None:
        self._tool, self._in_tool = tool, False
        self._show_cursor()

    def set_marks(self, marks: list[Mark]) -> None:
        """What is drawn over the film and its overlays, the last on top."""
        self.marks = marks
        self.update()

    # What actions and keys do

    def fit(self) -> None:
        """Show the whole film."""
        self._move(self.geometry_.fit())

    def actual_size(self) -> None:
        """One film pixel on one screen pixel."""
        self._move(replace(self.geometry_.actual_size(), scale=1 / self.devicePixelRatioF()))

    def zoom(self, steps: float) -> None:
        """Zoom around the middle."""
        self._move(self.geometry_.zoomed(_ZOOM_STEP**steps, (self.width() / 2, self.height() / 2)))

    def invert(self, on: bool) -> None:
        """Swap black and white, on top of the film's polarity."""
        self.inverted = on
        self._changed()

    def reset_window(self) -> None:
        """The window that the film came with."""
        if self.windowing is not None:
            self.windowing = self.windowing.reset()
            self._changed()

    def drag_window(self, dx: float, dy: float) -> None:
        """As a drag with the mouse by that many pixels."""
        if self.windowing is not None:
            self.windowing = self.windowing.dragged(dx, dy, inverted=self.inverted)
            self._changed()

    # Events of Qt

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Start a drag, the tool's or the view's."""
        tool = self._tool_for(event.button())
        self._in_tool = tool is not None and tool.press(self, self._film_point(event), event)
        self._last = None if self._in_tool else event.position()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Left: window. Middle, or left with the space key: pan. No button: the pixel under the cursor."""
        here = event.position()
        tool = self._tool if self.loaded is not None else None
        if tool is not None and (self._in_tool or not event.buttons()):
            tool.move(self, self._film_point(event), event)
        if self._last is not None:
            delta = here - self._last
            if event.buttons() & Qt.MouseButton.MiddleButton or (
                self._space and event.buttons() & Qt.MouseButton.LeftButton
            ):
                self._move(self.geometry_.panned(delta.x(), delta.y()))
            elif event.buttons() & Qt.MouseButton.LeftButton:
                self.drag_window(delta.x(), delta.y())
            self._last = here
        self._look_at(here)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End a drag."""
        if self._in_tool and self._tool is not None and event.button() == Qt.MouseButton.LeftButton:
            self._in_tool = False
            self._tool.release(self, self._film_point(event), event)
        self._last = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Fit, unless the tool takes it: `event.type()` tells it from a press."""
        tool = self._tool_for(event.button())
        if tool is not None and tool.press(self, self._film_point(event), event):
            self._in_tool = True
        elif event.button() == Qt.MouseButton.LeftButton:
            self.fit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom; the point under the cursor stays."""
        steps = event.angleDelta().y() / 120
        if steps:
            at = event.position()
            self._move(self.geometry_.zoomed(_ZOOM_STEP**steps, (at.x(), at.y())))
            self._look_at(at)
        event.accept()

    def leaveEvent(self, event: object) -> None:
        """Nothing is under the cursor."""
        self.cursor_pixel = None
        self.display_changed.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows: other film; with shift: pan; with control: window. Space held: pan by dragging."""
        arrows = {
            Qt.Key.Key_Left: (-1, 0),
            Qt.Key.Key_Right: (1, 0),
            Qt.Key.Key_Up: (0, -1),
            Qt.Key.Key_Down: (0, 1),
        }
        key = Qt.Key(event.key())
        if self._tool is not None and self.loaded is not None and self._tool.key(self, event):
            return
        if key == Qt.Key.Key_Space:
            if not event.isAutoRepeat():
                self._space = True
                self._show_cursor()
            return
        if key not in arrows:
            super().keyPressEvent(event)
            return
        dx, dy = arrows[key]
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self._move(self.geometry_.panned(-dx * _KEY_PAN, -dy * _KEY_PAN))
        elif event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.drag_window(dx * _KEY_DRAG, dy * _KEY_DRAG)
        else:
            self.step_requested.emit(dx + dy)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """The space key is up again."""
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self._space = False
            self._show_cursor()
        super().keyReleaseEvent(event)

    def focusInEvent(self, event: object) -> None:
        """Show the focus."""
        self.update()

    def focusOutEvent(self, event: object) -> None:
        """A space key released elsewhere is not heard here."""
        self._space = False
        self._show_cursor()
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A fitted film stays fitted."""
        self.geometry_ = self.geometry_.resized(self._viewport())
        self.display_changed.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Film, overlays, corners."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), Qt.GlobalColor.black)
        if self.loaded is None or self._renderer is None or self.windowing is None:
            self._paint_hint(painter)
        else:
            self._paint_film(painter, self._renderer, self.windowing)
            if self.mask_layer is not None:
                self.mask_layer.paint(painter, self.geometry_)
            if self.saliency_layer is not None:
                self.saliency_layer.paint(painter, self.geometry_, self.opacity)
            for mark in self.marks:
                painter.save()
                mark.paint(painter, self.geometry_, self.mark_style)
                painter.restore()
            taken = draw_ruler(painter, self.geometry_, self.loaded.radiograph, self.height())
            taken += draw_caption(painter, self.caption, self.badge)
            if self.saliency_layer is not None:
                self._bar = self._bar or colour_bar()
                draw_legend(painter, self.saliency_layer, self._bar, self.geometry_, taken, self.lungs)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(colours().accent), 1))
            painter.drawRect(QRectF(0.5, 0.5, self.width() - 1, self.height() - 1))
        painter.end()
        if self._unpainted and self.loaded is not None:
            self._unpainted = False
            self.painted.emit(self.loaded.key)

    def _paint_film(self, painter: QPainter, renderer: Renderer, windowing: Windowing) -> None:
        ratio = self.devicePixelRatioF()
        g = self.geometry_
        fine = replace(g, viewport=(g.viewport[0] * ratio, g.viewport[1] * ratio), scale=g.scale * ratio)
        picture = renderer.render(fine, windowing.voi, inverted=self.inverted)
        if picture is None:
            return
        if self._image is None or self._image[0] is not picture:
            rows, cols = picture.levels.shape
            image = QImage(picture.levels.data, cols, rows, picture.levels.strides[0], QImage.Format.Format_Grayscale8)
            image.setDevicePixelRatio(ratio)
            self._image = (picture, image)
        painter.drawImage(QPointF(picture.left / ratio, picture.top / ratio), self._image[1])

    def _paint_hint(self, painter: QPainter) -> None:
        title, text = self.hint
        area = QRectF(self.rect()).adjusted(40, 40, -40, -40)
        font = painter.font()
        font.setPointSizeF(15)
        painter.setFont(font)
        painter.setPen(QColor("#c4ccd3"))
        flags = int(Qt.AlignmentFlag.AlignHCenter) | int(Qt.TextFlag.TextWordWrap)
        used = painter.boundingRect(area, flags, title)
        top = area.center().y() - 44
        painter.drawText(QRectF(area.left(), top, area.width(), used.height()), flags, title)
        font.setPointSizeF(10.5)
        painter.setFont(font)
        painter.setPen(QColor("#9aa5ae"))
        below = QRectF(area.left(), top + used.height() + 12, area.width(), area.bottom() - top)
        painter.drawText(below, flags, text)

    def _viewport(self) -> tuple[float, float]:
        return float(self.width()), float(self.height())

    def _film_point(self, event: QMouseEvent) -> Point:
        return self.geometry_.to_film(event.position().x(), event.position().y())

    def _tool_for(self, button: Qt.MouseButton) -> Tool | None:
        free = button == Qt.MouseButton.LeftButton and not self._space and self.loaded is not None
        return self._tool if free else None

    def _show_cursor(self) -> None:
        if self._space:
            self.setCursor(Qt.CursorShape.OpenHandCursor)
        elif self._tool is not None:
            self.setCursor(self._tool.cursor())
        else:
            self.unsetCursor()

    def _look_at(self, point: QPointF) -> None:
        self.cursor_pixel = None if self.loaded is None else self.geometry_.pixel_at((point.x(), point.y()))
        self.display_changed.emit()

    def _move(self, geometry: Geometry) -> None:
        if self.loaded is not None:
            self.geometry_ = geometry
            self._changed()

    def _changed(self) -> None:
        self.update()
        self.display_changed.emit()
