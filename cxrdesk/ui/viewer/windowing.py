"""Windowing by hand; knows no Qt."""

from __future__ import annotations

from dataclasses import dataclass, replace

from cxrdesk.imaging.display import WindowLimits, as_window, window_limits
from cxrdesk.imaging.gamma import LEAST_GAMMA, MOST_GAMMA, Curved, Shown
from cxrdesk.imaging.radiograph import Radiograph
from cxrdesk.imaging.voi import Voi, VoiFunction, Window

_PIXELS_FOR_SPAN = 600.0
"""Screen pixels of a drag that move the window by the film's whole span of values."""


@dataclass(frozen=True, kw_only=True)
class Switches:
    """Which of a film's tables are looked through (PS3.4 N.2), for who wants to see what one of them does.

    Parameters
    ----------
    modality : bool
        Modality LUT or rescale; off: stored values.
    voi : bool
        Window or VOI LUT; off: from the smallest to the largest value that there could be.
    presentation : bool
        Polarity of MONOCHROME1 or of the Presentation LUT Shape, and gamma; off: larger is brighter, as it is.
    """

    modality: bool = True
    voi: bool = True
    presentation: bool = True


AS_STORED = Switches()


def switched_voi(radiograph: Radiograph, voi: Voi, switches: Switches) -> Voi:
    """The VOI to look through: the whole range where it is off, or where its values are not the modality's."""
    if switches.voi and switches.modality:
        return voi
    low, high = radiograph.value_range if switches.modality else radiograph.stored_range
    return Window(center=(low + high) / 2, width=max(high - low, 1), function=VoiFunction.LINEAR_EXACT)


def seen_voi(radiograph: Radiograph, windowing: Windowing, switches: Switches, *, inverted: bool) -> Shown:
    """What the film's gray levels go through, gamma and all; `windowing.voi` itself where nothing else does."""
    voi = switched_voi(radiograph, windowing.voi, switches)
    if windowing.gamma == 1 or not switches.presentation:
        return voi
    return Curved(voi=voi, gamma=windowing.gamma, turned=radiograph.inverted != inverted)


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
    start : Window
        The default, or the window nearest to it where it is a VOI LUT.
    dark_up : bool
        Whether larger modality values are shown darker.
    near : Window or None
        The window nearest to `voi` where that is a VOI LUT other than the default.
    gamma : float
        Of the levels that are seen; above 1 the middle is brighter.
    """

    voi: Voi
    default: Voi
    limits: WindowLimits
    start: Window
    dark_up: bool
    near: Window | None = None
    gamma: float = 1.0

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
        return self.voi if isinstance(self.voi, Window) else self.near or self.start

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

    def using(self, radiograph: Radiograph, voi: Voi) -> Windowing:
        """Another window or VOI LUT, as it is; windowing by hand goes on from it."""
        near = as_window(radiograph, voi) if not isinstance(voi, Window) and voi is not self.default else None
        return replace(self, voi=voi, near=near)

    def with_gamma(self, gamma: float) -> Windowing:
        """Another gamma, as far as it may go."""
        return replace(self, gamma=round(min(max(gamma, LEAST_GAMMA), MOST_GAMMA), 2))

    def reset(self) -> Windowing:
        """The film's own display default again, without gamma."""
        return replace(self, voi=self.default, near=None, gamma=1.0)
