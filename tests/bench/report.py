"""How a figure is told."""

from __future__ import annotations

import statistics
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Line:
    """One figure held against its bar.

    Parameters
    ----------
    what : str
        What was measured, with the peer or floor named.
    value, bar : float
    unit : str
        ``"x"`` for a ratio, ``"ms"``.
    told : str
        The figures behind it.
    """

    what: str
    value: float
    bar: float
    unit: str
    told: str

    @property
    def held(self) -> bool:
        """Whether the value is at most the bar."""
        return self.value <= self.bar


def spread(values: list[float], unit: str = "ms", scale: float = 1e3) -> str:
    """Median with least and most, in `unit`."""
    low, middle, high = min(values) * scale, statistics.median(values) * scale, max(values) * scale
    return f"{middle:.1f} {unit} ({low:.1f} to {high:.1f}, n={len(values)})"
