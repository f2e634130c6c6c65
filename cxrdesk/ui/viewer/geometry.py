"""Where the film lies on the screen; knows no Qt.

Image points are (x, y) in film pixels with (0, 0) at the upper left corner of the first pixel; screen points are (x, y)
in pixels of the widget.
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
        Image point (x, y) in the middle of the viewport.
    fitted : bool
        Whether the film follows the viewport's size.
    """

    film: tuple[int, int]
    viewport: tuple[float, float]
    aspect: float = 1.0
    scale: float = 1.0
    center: Point = (0.0, 0.0)
    fitted: bool = True

    @property
    def fit_scale(self) -> float:
        """Scale at which the whole film just fits."""
        rows, cols = self.film
        width, height = self.viewport
        return max(min(width / cols, height / (rows * self.aspect)), 1e-3)

    def fit(self) -> Geometry:
        """The whole film, centered."""
        rows, cols = self.film
        return replace(self, scale=self.fit_scale, center=(cols / 2, rows / 2), fitted=True)

    def resized(self, viewport: tuple[float, float]) -> Geometry:
        """The same film in a viewport of another size; a fitted film stays fitted."""
        changed = replace(self, viewport=(max(viewport[0], 1.0), max(viewport[1], 1.0)))
        return changed.fit() if self.fitted else changed._held()

    def to_screen(self, point: Point) -> Point:
        """Screen point of an image point."""
        return (
            (point[0] - self.center[0]) * self.scale + self.viewport[0] / 2,
            (point[1] - self.center[1]) * self.scale * self.aspect + self.viewport[1] / 2,
        )

    def to_image(self, point: Point) -> Point:
        """Image point under a screen point."""
        return (
            (point[0] - self.viewport[0] / 2) / self.scale + self.center[0],
            (point[1] - self.viewport[1] / 2) / (self.scale * self.aspect) + self.center[1],
        )

    def pixel_at(self, point: Point) -> tuple[int, int] | None:
        """[row, col] of the film pixel under a screen point; None outside the film."""
        x, y = self.to_image(point)
        row, col = math.floor(y), math.floor(x)
        return (row, col) if 0 <= row < self.film[0] and 0 <= col < self.film[1] else None

    def zoomed(self, factor: float, at: Point) -> Geometry:
        """Scaled by `factor`; the image point under screen point `at` stays there."""
        smallest = self.fit_scale * _SMALLEST_SHARE_OF_FIT
        largest = max(_LARGEST_SCALE, self.fit_scale)
        scale = min(max(self.scale * factor, smallest), largest)
        x, y = self.to_image(at)
        center = (
            x - (at[0] - self.viewport[0] / 2) / scale,
            y - (at[1] - self.viewport[1] / 2) / (scale * self.aspect),
        )
        return replace(self, scale=scale, center=center, fitted=False)._held()

    def panned(self, dx: float, dy: float) -> Geometry:
        """The film moved by screen pixels."""
        x, y = self.center
        return replace(self, center=(x - dx / self.scale, y - dy / (self.scale * self.aspect)), fitted=False)._held()

    def actual_size(self) -> Geometry:
        """One film pixel on one screen pixel, around the same middle."""
        return replace(self, scale=1.0, fitted=False)._held()

    def _held(self) -> Geometry:
        rows, cols = self.film
        half_x = self.viewport[0] / 2 / self.scale
        half_y = self.viewport[1] / 2 / (self.scale * self.aspect)
        least_x = min(_LEAST_VISIBLE / self.scale, cols / 2)
        least_y = min(_LEAST_VISIBLE / (self.scale * self.aspect), rows / 2)
        x = min(max(self.center[0], least_x - half_x), cols - least_x + half_x)
        y = min(max(self.center[1], least_y - half_y), rows - least_y + half_y)
        return replace(self, center=(x, y))

    def visible(self) -> tuple[int, int, int, int] | None:
        """First row, end row, first col, end col of the film pixels in sight; None if there are none."""
        rows, cols = self.film
        x0, y0 = self.to_image((0.0, 0.0))
        x1, y1 = self.to_image(self.viewport)
        r0, r1 = max(0, math.floor(y0)), min(rows, math.ceil(y1))
        c0, c1 = max(0, math.floor(x0)), min(cols, math.ceil(x1))
        return (r0, r1, c0, c1) if r0 < r1 and c0 < c1 else None

    def screen_rect(self, box: Box) -> tuple[float, float, float, float]:
        """(x, y, width, height) on the screen of a region given as shares of the film."""
        rows, cols = self.film
        x0, y0 = self.to_screen((box.x0 * cols, box.y0 * rows))
        x1, y1 = self.to_screen((box.x1 * cols, box.y1 * rows))
        return x0, y0, x1 - x0, y1 - y0
