"""Windowing by hand; knows no Qt."""

from __future__ import annotations

from dataclasses import dataclass, replace

from cxrdesk.imaging.display import WindowLimits, as_window, window_limits
from cxrdesk.imaging.radiograph import Radiograph
from cxrdesk.imaging.voi import Voi, VoiFunction, Window

_PIXELS_FOR_SPAN = 600.0
"""Screen pixels of a drag that move the window by the film's whole span of values."""


@dataclass(frozen=True, kw_only=True)
class Windowing:
    """A film's current window and where it may go.

    Parameters
    ----------
    voi : Window or VoiLut
        What is shown now.
    default : Window or VoiLut
        What the film came with.
    limits : WindowLimits
    dark_up : bool
        Whether larger modality values are shown darker.
    """

    voi: Voi
    default: Voi
    limits: WindowLimits
    start: Window
    dark_up: bool

    @classmethod
    def of(cls, radiograph: Radiograph) -> Windowing:
        """The film's own display default."""
        return cls(
            voi=radiograph.voi,
            default=radiograph.voi,
            limits=window_limits(radiograph),
            start=as_window(radiograph, radiograph.voi),
            dark_up=radiograph.inverted,
        )

    @property
    def window(self) -> Window:
        """The window shown, or the one nearest to the VOI LUT shown."""
        return self.voi if isinstance(self.voi, Window) else self.start

    def dragged(self, dx: float, dy: float, *, inverted: bool) -> Windowing:
        """After a drag by screen pixels: to the right widens, upwards brightens, whatever the polarity.

        The step follows the values that the film has, not those that its bits could hold.
        """
        span = (self.limits.center[1] - self.limits.center[0]) / 2
        step = span / _PIXELS_FOR_SPAN
        brighter = 1.0 if self.dark_up != inverted else -1.0
        old = self.window
        # Steps get finer as the window gets narrower: near the edge of contrast a pixel is still a small change.
        fine = min(1.0, max(old.width / span, 0.05))
        center = old.center - dy * step * brighter * fine
        width = old.width + dx * step * max(fine, 0.1)
        least = 1.0 if old.function is VoiFunction.LINEAR else 1e-6
        moved = replace(old, center=center, width=max(width, least), explanation="set by hand")
        return replace(self, voi=self.limits.clamp(moved))

    def reset(self) -> Windowing:
        """The film's own display default again."""
        return replace(self, voi=self.default)
