"""Presentation state files beside films: which film each is for."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from cxrdesk.imaging.errors import FilmError

if TYPE_CHECKING:  # few discs hold states
    from cxrdesk.imaging.gsps import PresentationState


@dataclass(frozen=True, kw_only=True)
class StateFile:
    """A presentation state on disk.

    Parameters
    ----------
    path : Path
    label : str
        Content Label (0070,0080).
    films : frozenset of str
        SOP Instance UIDs of the films that it is for.
    """

    path: Path = field(repr=False)
    label: str = ""
    films: frozenset[str] = field(default=frozenset(), repr=False)

    def load(self, instance_uid: str, *, frame: int = 0) -> PresentationState | None:
        """What it says of one frame of a film, to be applied by `cxrdesk.imaging.gsps.applied`; None where nothing.

        Raises
        ------
        FilmError
            If the file has gone, or is another one now.
        """
        from cxrdesk.imaging.gsps_read import read_state_file, state_for

        return state_for(read_state_file(self.path), instance_uid, frame=frame)


def state_file(path: Path) -> StateFile | None:
    """Read what a presentation state is for; None where the file is no such state."""
    from cxrdesk.imaging.dicom_values import text
    from cxrdesk.imaging.gsps_read import films_of, read_state_file
    from cxrdesk.imaging.notices import collect_warnings

    try:
        ds = read_state_file(path)
    except FilmError:
        return None
    with collect_warnings():
        label = text(ds, "ContentLabel", []) or ""
    return StateFile(path=path, label=label, films=films_of(ds))
