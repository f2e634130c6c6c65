"""The film on the screen: mouse, keys, painting."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QColor,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from cxrdesk.imaging.preprocess import Box
from cxrdesk.imaging.radiograph import Radiograph
from cxrdesk.imaging.voi import Voi
from cxrdesk.ui.theme import colours
from cxrdesk.ui.viewer.compare import Beside
from cxrdesk.ui.viewer.corners import CornerContent
from cxrdesk.ui.viewer.film_painter import FilmPainter
from cxrdesk.ui.viewer.geometry import Geometry
from cxrdesk.ui.viewer.hand import Hand
from cxrdesk.ui.viewer.layers import MaskLayer, SaliencyLayer
from cxrdesk.ui.viewer.linking import matched_geometry
from cxrdesk.ui.viewer.loaded import LoadedFilm
from cxrdesk.ui.viewer.magnifier import Magnifier
from cxrdesk.ui.viewer.painting import draw_hint
from cxrdesk.ui.viewer.renderers import renderer_of
from cxrdesk.ui.viewer.tool import Mark, MarkStyle, Tool
from cxrdesk.ui.viewer.windowing import AS_STORED, Switches, Windowing, switched_voi

if TYPE_CHECKING:  # few films come with a presentation state
    from cxrdesk.ui.viewer.state_layer import StateLayer

_ZOOM_STEP = 1.2
WHOLE = Box(x0=0.0, y0=0.0, x1=1.0, y1=1.0)


class FilmView(QWidget):
    """One film with its overlays. It is given results for this film only and keeps none."""

    ACCESSIBLE_ROLE = QAccessible.Role.Graphic

    painted = Signal(str)
    """The key of a film that was painted for the first time."""
    display_changed = Signal()
    """Window, zoom or the pixel under the cursor."""
    resized = Signal()
    step_requested = Signal(int)
    focused = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.loaded: LoadedFilm | None = None
        self.windowing: Windowing | None = None
        self.inverted = False
        self.geometry_ = Geometry(film=(1, 1), viewport=(1.0, 1.0))
        self.cursor_pixel: tuple[int, int] | None = None
        self.hint: tuple[str, str] = ("", "")
        self.corners = CornerContent()
        self.mask_layer: MaskLayer | None = None
        self.saliency_layer: SaliencyLayer | None = None
        self.state_layer: StateLayer | None = None
        self.lungs: Box | None = None
        """Where the legend had better not stand."""
        self.opacity = 0.4
        self.beside: Beside | None = None
        self.scale_note = ""
        """Said while it cannot be shown to the scale of the film that it is linked with."""
        self.chosen = False
        """Whether it is the one of several panes that actions are for."""
        self.switches = AS_STORED
        self.planes_shown = True
        self.marks: list[Mark] = []
        self.mark_style = MarkStyle()
        self._hand = Hand(self)
        self._cursor: QPointF | None = None
        self._painter = FilmPainter(self)
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
        self._painter.take(loaded)
        self.geometry_ = loaded.fitted(self._viewport())
        self._unpainted = True
        self._changed()

    def sharpen(self, loaded: LoadedFilm) -> None:
        """The film itself in the place of its first look, or another frame of it; place and window stay."""
        if self.loaded is None or self.windowing is None:
            return
        if self.loaded.plain is not None:  # a state is of the frame that it names, and of no first look
            self.show_film(loaded)
            return
        default = self.windowing.voi is self.loaded.windowing.default
        fresh = replace(loaded.windowing, gamma=self.windowing.gamma)
        self.windowing = fresh if default else replace(fresh, voi=self.windowing.voi)
        self.loaded = loaded
        self._painter.take(loaded, self.switches)
        self._changed()

    def update_film(self, radiograph: Radiograph) -> None:
        """The same pixels with more known about them; window and zoom stay."""
        if self.loaded is not None:
            self.loaded = self.loaded.with_radiograph(radiograph)
            self.update()

    def dress(
        self, loaded: LoadedFilm, layer: StateLayer | None, geometry: Geometry, *, inverted: bool = False
    ) -> None:
        """The same film through the tables of a presentation state, or its own again; results and drawings stay."""
        self.loaded, self.windowing = loaded, loaded.windowing
        self.inverted, self.state_layer, self.geometry_ = inverted, layer, geometry
        self.switches, self.planes_shown = AS_STORED, True
        self._painter.take(loaded)
        self._changed()

    def clear(self, title: str, text: str) -> None:
        """No film; a sentence in its place."""
        self.loaded = self.windowing = self.beside = None
        self.mask_layer = self.saliency_layer = self.state_layer = self.cursor_pixel = self.lungs = None
        self.corners, self.inverted, self.hint = CornerContent(), False, (title, text)
        self.marks = []
        self._hand.let_go()
        self.switches, self.planes_shown = AS_STORED, True
        self._painter.forget()
        self._changed()

    def set_layers(
        self, masks: MaskLayer | None, saliency: SaliencyLayer | None, opacity: float, lungs: Box | None = None
    ) -> None:
        """What to draw over the film that is shown, and the box around its lungs."""
        self.lungs = lungs
        self.mask_layer, self.saliency_layer, self.opacity = masks, saliency, opacity
        self.update()

    def set_corners(self, corners: CornerContent) -> None:
        """Text in the corners and at the edges."""
        self.corners = corners
        self.setAccessibleDescription(", ".join((*corners.upper_left, corners.badge or "", *corners.upper_right)))
        self.update()

    @property
    def tool(self) -> Tool | None:
        """What takes the left button and the keys first; None leaves them to the view."""
        return self._hand.tool

    @tool.setter
    def tool(self, tool: Tool | None) -> None:
        self._hand.take(tool)

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

    def zoom(self, steps: float, at: QPointF | None = None) -> None:
        """Zoom around a point of the widget, by default its middle."""
        x, y = (at.x(), at.y()) if at is not None else (self.width() / 2, self.height() / 2)
        self._move(self.geometry_.zoomed(_ZOOM_STEP**steps, (x, y)))

    def pan(self, dx: float, dy: float) -> None:
        """Move the film by screen pixels."""
        self._move(self.geometry_.panned(dx, dy))

    def turn(self, degrees: int) -> None:
        """Turn what is seen clockwise by a multiple of 90 degrees."""
        self._move(self.geometry_.turned(degrees))

    def mirror(self) -> None:
        """Swap left and right of what is seen."""
        self._move(self.geometry_.mirrored())

    def set_upright(self) -> None:
        """As the film is stored."""
        self._move(self.geometry_.upright())

    @property
    def magnifying(self) -> bool:
        """Whether there is a glass under the cursor."""
        return self._painter.magnifier is not None

    def magnify(self, on: bool) -> None:
        """Show a glass under the cursor."""
        glass = Magnifier(renderer_of(self.loaded, self.switches)) if on and self.loaded is not None else None
        self._painter.magnifier = glass
        self.update()

    def show_as(self, geometry: Geometry, windowing: Windowing) -> None:
        """Place and window of another film, carried over to this one."""
        if self.windowing is not None:
            self.geometry_, self.windowing = matched_geometry(geometry, self.geometry_), windowing
            self._changed()

    def leave_room(self, room_mm: tuple[float, float] | None) -> None:
        """Fit so that there is room for larger films too; (width, height)."""
        if room_mm != self.geometry_.room_mm:
            self._move(self.geometry_.leaving(room_mm))

    def note_scale(self, note: str) -> None:
        """Say on the film that it is not to another's scale; empty says nothing."""
        if note != self.scale_note:
            self.scale_note = note
            self.update()

    def is_beside(self, point: QPointF) -> bool:
        """Whether another film lies under a point of the widget."""
        return self.beside is not None and self.beside.covers(point, self._viewport())

    def swipe_to(self, share: float) -> None:
        """Move the line between the two films, 0..1 from the left."""
        if self.beside is not None:
            self.beside.share = min(max(share, 0.0), 1.0)
            self._changed()

    def compare(self, beside: Beside | None) -> None:
        """Another film over a part of this one, or in its place."""
        self.beside = beside
        self._changed()

    def invert(self, on: bool) -> None:
        """Swap black and white, on top of the film's polarity."""
        self.inverted = on
        self._rewindowed()

    @property
    def voi(self) -> Voi | None:
        """What is looked through, with the switches as they are."""
        if self.loaded is None or self.windowing is None:
            return None
        return switched_voi(self.loaded.radiograph, self.windowing.voi, self.switches)

    def use_voi(self, voi: Voi) -> None:
        """Another window or VOI LUT."""
        if self.loaded is not None and self.windowing is not None and not self.loaded.coloured:
            self.windowing = self.windowing.using(self.loaded.radiograph, voi)
            self._rewindowed()

    def set_switches(self, switches: Switches) -> None:
        """Look through some of the film's tables only."""
        if self.loaded is not None:
            self.switches = switches
            self._painter.take(self.loaded, switches)
            self._rewindowed()

    def show_planes(self, on: bool) -> None:
        """Draw the overlay planes that the file brings, or leave them out."""
        self.planes_shown = on
        self._changed()

    def set_gamma(self, gamma: float) -> None:
        """Another gamma behind the window; 1 for none."""
        if self.windowing is not None and self.loaded is not None and not self.loaded.coloured:
            self.windowing = self.windowing.with_gamma(gamma)
            self._changed()  # it brings a line of words, or takes it away

    def reset_window(self) -> None:
        """The window that the film came with."""
        if self.windowing is not None:
            self.windowing = self.windowing.reset()
            self._changed()

    def drag_window(self, dx: float, dy: float) -> None:
        """As a drag with the mouse by that many pixels."""
        if self.windowing is not None and self.loaded is not None and not self.loaded.coloured:
            self.windowing = self.windowing.dragged(dx, dy, inverted=self.inverted)
            self._rewindowed()

    # Events of Qt

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """See `Hand`, as for all of mouse and keys."""
        self._hand.press(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Follow a drag, and tell the pixel under the cursor."""
        self._hand.move(event)
        self._look_at(event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End a drag."""
        self._hand.release(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Fit, or what the tool makes of it."""
        self._hand.press_twice(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom."""
        self._hand.wheel(event)
        self._look_at(event.position())

    def leaveEvent(self, event: object) -> None:
        """Nothing is under the cursor."""
        self.cursor_pixel = self._cursor = None
        if self.magnifying:
            self.update()
        self.display_changed.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keys that are no action's."""
        if not self._hand.key(event):
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """The space key is up again."""
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self._hand.let_space_go()
        super().keyReleaseEvent(event)

    def focusInEvent(self, event: object) -> None:
        """Show the focus."""
        self.focused.emit()
        self.update()

    def focusOutEvent(self, event: object) -> None:
        """A space key released elsewhere is not heard here."""
        self._hand.let_space_go()
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A fitted film stays fitted."""
        self.geometry_ = self.geometry_.resized(self._viewport())
        self.display_changed.emit()
        self.resized.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Film, overlays, corners."""
        painter = QPainter(self)
        if self.loaded is None:
            painter.fillRect(self.rect(), Qt.GlobalColor.black)
            draw_hint(painter, QRectF(self.rect()).adjusted(40, 40, -40, -40), *self.hint)
        else:
            glass = self._cursor if self.cursor_pixel is not None else None
            self._painter.paint(painter, self.devicePixelRatioF(), glass)
        if self.hasFocus() or self.chosen:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(colours().film_accent), colours().thick))
            painter.drawRect(QRectF(0.5, 0.5, self.width() - 1, self.height() - 1))
        painter.end()
        if self._unpainted and self.loaded is not None:
            self._unpainted = False
            self.painted.emit(self.loaded.key)

    def _viewport(self) -> tuple[float, float]:
        return float(self.width()), float(self.height())

    def _look_at(self, point: QPointF) -> None:
        known = self.loaded is not None and not self.is_beside(point)
        self.cursor_pixel = self.geometry_.pixel_at((point.x(), point.y())) if known else None
        self._cursor = point
        if self.magnifying:
            self.update()
        self.display_changed.emit()

    def _move(self, geometry: Geometry) -> None:
        if self.loaded is not None:
            self.geometry_ = geometry
            self._changed()

    def _rewindowed(self) -> None:
        """Other gray levels at the same place: only there is anything to paint."""
        film = QRectF(*self.geometry_.screen_rect(WHOLE)).united(self._painter.live_rect())
        self.update(film.adjusted(-2, -2, 2, 2).toAlignedRect())
        self.display_changed.emit()

    def _changed(self) -> None:
        self.update()
        self.display_changed.emit()
