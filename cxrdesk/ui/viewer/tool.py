"""What may take the mouse over on a film, and what may be drawn on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter

from cxrdesk.ui.theme import point_size
from cxrdesk.ui.viewer.geometry import Geometry, Point

if TYPE_CHECKING:
    from cxrdesk.ui.viewer.film_view import FilmView


@dataclass(frozen=True, kw_only=True)
class MarkStyle:
    """How marks are drawn, whatever the zoom.

    Parameters
    ----------
    colour, seam : str
        Of lines and text, and of what is drawn around them to keep them in sight on any gray.
    width : float
        Of lines, in screen pixels.
    point_size : float
        Of text.
    kept : bool
        Whether it is drawn for a print or a picture: without hints, handles and other traces of the hand.
    taken : tuple of QRectF
        Where other text stands, which texts of marks stay clear of.
    """

    colour: str = "#ffe16b"
    seam: str = "#b0000000"
    width: float = 1.6
    point_size: float = field(default_factory=point_size)
    kept: bool = False
    taken: tuple[QRectF, ...] = ()


class Mark(Protocol):
    """Something drawn on a film, over its overlays; it keeps film points and no screen points."""

    def paint(self, painter: QPainter, geometry: Geometry, style: MarkStyle) -> None:
        """Draw; the painter's coordinates are the widget's."""


class Tool(Protocol):
    """Takes the left button and the keys first. What it answers False to, the view does as usual.

    A press that it answers False to is not its own: it hears neither the moves nor the release that follow. Moves
    without a button are always told. Points are (x, y) on the film, and may lie outside it.
    """

    def press(self, view: FilmView, film_point: Point, event: QMouseEvent) -> bool:
        """The left button went down."""

    def move(self, view: FilmView, film_point: Point, event: QMouseEvent) -> bool:
        """The mouse moved, with its own press held or with no button."""

    def release(self, view: FilmView, film_point: Point, event: QMouseEvent) -> bool:
        """The left button is up again."""

    def key(self, view: FilmView, event: QKeyEvent) -> bool:
        """A key went down."""

    def cursor(self) -> Qt.CursorShape:
        """Shape of the cursor while the tool is in the hand."""
