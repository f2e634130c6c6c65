"""A decoded film, with whatever takes time before it can be painted."""

from __future__ import annotations

from dataclasses import dataclass

from cxrdesk.imaging.radiograph import Radiograph
from cxrdesk.ui.viewer.pyramid import Pyramid
from cxrdesk.ui.viewer.windowing import Windowing


@dataclass(frozen=True, kw_only=True, eq=False)
class LoadedFilm:
    """A decoded film and what its display starts from.

    Parameters
    ----------
    key : str
        The film's name within the session.
    radiograph : Radiograph
    windowing : Windowing
    pyramid : Pyramid
        Its pixels at the sizes that the screen wants.
    """

    key: str
    radiograph: Radiograph
    windowing: Windowing
    pyramid: Pyramid

    @classmethod
    def of(cls, key: str, radiograph: Radiograph) -> LoadedFilm:
        """Whatever takes time is done here, in the thread that decodes."""
        _ = radiograph.digest
        pyramid = Pyramid(radiograph.stored, radiograph.padding)
        return cls(key=key, radiograph=radiograph, windowing=Windowing.of(radiograph), pyramid=pyramid)
