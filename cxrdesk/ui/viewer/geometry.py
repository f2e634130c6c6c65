"""Where the film lies on the screen; knows no Qt.

Film points are (x, y) in film pixels with (0, 0) at the upper left corner of the first pixel; screen points are (x, y)
in pixels of the widget. The film is turned first and flipped left to right then, as in a presentation state
(PS3.3 C.10.6).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from cxrdesk.imaging.preprocess import Box

Point = tuple[float, float]

_LARGEST_SCALE = 40.0
_SMALLEST_SHARE_OF_FIT = 0.2
_LEAST_VISIBLE = 40.0
"""Screen pixels of the film that panning always leaves in sight."""
_QUARTERS = {0: (1, 0), 90: (0, 1), 180: (-1, 0), 270: (0, -1)}
"""Cosine and sine of each rotation."""
_OPPOSITE = str.maketrans("APRLHF", "PALRFH")


@dataclass(frozen=True, kw_only=True)
class Geometry:
    """A film of some size in a viewport of some size.

    Parameters
    ----------
    film : tuple of int
        (rows, cols).
    viewport : tuple of float
        (width, height) in screen pixels.
    aspect : float
        Row spacing over column spacing: how much taller than wide a film pixel is.
    scale : float
        Screen pixels for each column of the film.
    center : tuple of float
        Film point (x, y) in the middle of the viewport.
    fitted : bool
        Whether the film follows the viewport's size.
    rotation : int
        Degrees clockwise, before any flip: 0, 90, 180 or 270; Image Rotation (0070,0042).
    flipped : bool
        Whether left and right of the screen are swapped; Image Horizontal Flip (0070,0041).
    col_mm : float or None
        Width of a film pixel; None where the file does not say what its spacing holds for.
    plane : str
        Where millimetres hold: `Radiograph.spacing_source`.
    room_mm : tuple of float or None
        (width, height) on the screen that fitting leaves room for: the largest of films shown to one scale.

    Raises
    ------
    ValueError
        If `rotation` is none of these.
    """

    film: tuple[int, int]
    viewport: tuple[float, float]
    aspect: float = 1.0
    scale: float = 1.0
    center: Point = (0.0, 0.0)
    fitted: bool = True
    rotation: int = 0
    flipped: bool = False
    col_mm: float | None = None
    plane: str = "unknown"
    room_mm: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if self.rotation not in _QUARTERS:
            raise ValueError(f"rotation must be 0, 90, 180 or 270, not {self.rotation}")

    @property
    def form(self) -> tuple[float, float, int, bool]:
        """Equal for geometries that differ by where the film lies only: what is drawn on it moves along."""
        return self.scale, self.aspect, self.rotation, self.flipped

    @property
    def on_side(self) -> bool:
        """Whether the film's rows run up and down the screen."""
        return self.rotation in (90, 270)

    @property
    def matrix(self) -> tuple[float, float, float, float, float, float]:
        """(m11, m12, m21, m22, dx, dy): screen x is m11 x + m21 y + dx, screen y is m12 x + m22 y + dy."""
        cos, sin = _QUARTERS[self.rotation]
        side = -1.0 if self.flipped else 1.0
        across, down = self.scale, self.scale * self.aspect
        m11, m12, m21, m22 = side * cos * across, sin * across, -side * sin * down, cos * down
        x, y = self.center
        return (
            m11,
            m12,
            m21,
            m22,
            self.viewport[0] / 2 - m11 * x - m21 * y,
            self.viewport[1] / 2 - m12 * x - m22 * y,
        )

    @property
    def fit_scale(self) -> float:
        """Scale at which the whole film just fits, and any that it is shown to one scale with."""
        rows, cols = self.film
        width, height = self.viewport[::-1] if self.on_side else self.viewport
        own = min(width / cols, height / (rows * self.aspect))
        if self.room_mm is not None and self.col_mm is not None:
            own = min(own, *(side / room * self.col_mm for side, room in zip(self.viewport, self.room_mm, strict=True)))
        return max(own, 1e-3)

    @property
    def size_mm(self) -> tuple[float, float] | None:
        """(width, height) of the film as it lies on the screen."""
        if self.col_mm is None:
            return None
        rows, cols = self.film
        width, height = cols * self.col_mm, rows * self.aspect * self.col_mm
        return (height, width) if self.on_side else (width, height)

    def leaving(self, room_mm: tuple[float, float] | None) -> Geometry:
        """The same with room for films of that size; a fitted film stays fitted."""
        return replace(self, room_mm=room_mm)._kept()

    def fit(self) -> Geometry:
        """The whole film, centered."""
        rows, cols = self.film
        return replace(self, scale=self.fit_scale, center=(cols / 2, rows / 2), fitted=True)

    def finer(self, ratio: float) -> Geometry:
        """The same on a screen with `ratio` times as many pixels each way."""
        width, height = self.viewport
        return replace(self, viewport=(width * ratio, height * ratio), scale=self.scale * ratio)

    def resized(self, viewport: tuple[float, float]) -> Geometry:
        """The same film in a viewport of another size; a fitted film stays fitted."""
        changed = replace(self, viewport=(max(viewport[0], 1.0), max(viewport[1], 1.0)))
        return changed._kept()

    def to_screen(self, x: float, y: float) -> Point:
        """Screen point of a film point."""
        m11, m12, m21, m22, _, _ = self.matrix
        # From the middle, so that no digits are lost far from the film's corner.
        x, y = x - self.center[0], y - self.center[1]
        return m11 * x + m21 * y + self.viewport[0] / 2, m12 * x + m22 * y + self.viewport[1] / 2

    def to_film(self, x: float, y: float) -> Point:
        """Film point under a screen point."""
        dx, dy = self._film_step(x - self.viewport[0] / 2, y - self.viewport[1] / 2)
        return dx + self.center[0], dy + self.center[1]

    def _film_step(self, dx: float, dy: float) -> Point:
        """A way on the screen as one on the film."""
        cos, sin = _QUARTERS[self.rotation]
        dx = -dx if self.flipped else dx
        return (cos * dx + sin * dy) / self.scale, (cos * dy - sin * dx) / (self.scale * self.aspect)

    def pixel_at(self, point: Point) -> tuple[int, int] | None:
        """[row, col] of the film pixel under a screen point; None outside the film."""
        x, y = self.to_film(*point)
        row, col = math.floor(y), math.floor(x)
        return (row, col) if 0 <= row < self.film[0] and 0 <= col < self.film[1] else None

    def zoomed(self, factor: float, at: Point) -> Geometry:
        """Scaled by `factor`; the film point under screen point `at` stays there."""
        smallest = self.fit_scale * _SMALLEST_SHARE_OF_FIT
        largest = max(_LARGEST_SCALE, self.fit_scale)
        scaled = replace(self, scale=min(max(self.scale * factor, smallest), largest), fitted=False)
        (x, y), (under_x, under_y) = self.to_film(*at), scaled.to_film(*at)
        center = (self.center[0] + x - under_x, self.center[1] + y - under_y)
        return replace(scaled, center=center).held()

    def panned(self, dx: float, dy: float) -> Geometry:
        """The film moved by screen pixels."""
        x, y = self._film_step(dx, dy)
        return replace(self, center=(self.center[0] - x, self.center[1] - y), fitted=False).held()

    def turned(self, degrees: int) -> Geometry:
        """What is seen turned clockwise by a multiple of 90 degrees, around the same middle."""
        turn = -degrees if self.flipped else degrees
        return replace(self, rotation=(self.rotation + turn) % 360)._kept()

    def mirrored(self) -> Geometry:
        """What is seen with left and right swapped, around the same middle."""
        return replace(self, flipped=not self.flipped)._kept()

    def upright(self) -> Geometry:
        """The film as it is stored: neither turned nor flipped."""
        return replace(self, rotation=0, flipped=False)._kept()

    def actual_size(self) -> Geometry:
        """One film pixel on one screen pixel, around the same middle."""
        return replace(self, scale=1.0, fitted=False).held()

    def _kept(self) -> Geometry:
        return self.fit() if self.fitted else self.held()

    def held(self) -> Geometry:
        """The same, moved so that enough of the film stays in sight."""
        rows, cols = self.film
        width, height = self.viewport[::-1] if self.on_side else self.viewport
        half_x = width / 2 / self.scale
        half_y = height / 2 / (self.scale * self.aspect)
        least_x = min(_LEAST_VISIBLE / self.scale, cols / 2)
        least_y = min(_LEAST_VISIBLE / (self.scale * self.aspect), rows / 2)
        x = min(max(self.center[0], least_x - half_x), cols - least_x + half_x)
        y = min(max(self.center[1], least_y - half_y), rows - least_y + half_y)
        return replace(self, center=(x, y))

    def visible(self, around: float = 0.0) -> tuple[int, int, int, int] | None:
        """First row, end row, first col, end col of the film pixels in sight; None if there are none.

        Parameters
        ----------
        around : float
            How much beyond each edge of the viewport counts as in sight, as a share of its size.
        """
        rows, cols = self.film
        (width, height), low, high = self.viewport, -around, 1 + around
        (xa, ya), (xb, yb) = self.to_film(low * width, low * height), self.to_film(high * width, high * height)
        r0, r1 = max(0, math.floor(min(ya, yb))), min(rows, math.ceil(max(ya, yb)))
        c0, c1 = max(0, math.floor(min(xa, xb))), min(cols, math.ceil(max(xa, xb)))
        return (r0, r1, c0, c1) if r0 < r1 and c0 < c1 else None

    def screen_rect(self, box: Box) -> tuple[float, float, float, float]:
        """(x, y, width, height) on the screen of a region given as shares of the film."""
        rows, cols = self.film
        xa, ya = self.to_screen(box.x0 * cols, box.y0 * rows)
        xb, yb = self.to_screen(box.x1 * cols, box.y1 * rows)
        return min(xa, xb), min(ya, yb), abs(xb - xa), abs(yb - ya)

    def edges(self, orientation: tuple[str, str]) -> tuple[str, str, str, str]:
        """What of the patient lies towards the left, top, right and bottom of the screen.

        Parameters
        ----------
        orientation : tuple of str
            Patient Orientation (0020,0020): where the rows and where the columns lead, in letters of PS3.3 C.7.6.1.1.1.
        """
        along_row, along_column = orientation
        ways = {(1, 0): along_row, (0, 1): along_column}
        ways |= {(-1, 0): along_row.translate(_OPPOSITE), (0, -1): along_column.translate(_OPPOSITE)}
        cos, sin = _QUARTERS[self.rotation]
        side = -1 if self.flipped else 1
        right, bottom = (side * cos, -side * sin), (sin, cos)  # steps on the film for a step that way on the screen
        left, top = (-right[0], -right[1]), (-bottom[0], -bottom[1])
        return ways[left], ways[top], ways[right], ways[bottom]
