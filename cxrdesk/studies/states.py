"""Presentation state files beside films: which film each is for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
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
    created : datetime or None
        Presentation Creation Date (0070,0082) and Time.
    creator : str
        Content Creator's Name (0070,0084), as it is spoken.
    study_uid : str or None
        Study Instance UID (0020,000D) of the state itself.
    references : mapping of str to frozenset of int
        SOP Instance UIDs of the films that it is for, with their frames counted from 0; no frames are all.
    """

    path: Path = field(repr=False)
    label: str = ""
    created: datetime | None = None
    creator: str = field(default="", repr=False)
    study_uid: str | None = field(default=None, repr=False)
    references: Mapping[str, frozenset[int]] = field(default_factory=lambda: MappingProxyType({}), repr=False)

    @property
    def films(self) -> Collection[str]:
        """SOP Instance UIDs of the films that it is for."""
        return self.references.keys()

    def refers(self, instance_uid: str | None, *, frame: int = 0) -> bool:
        """Whether it is for a frame of a film."""
        frames = self.references.get(instance_uid) if instance_uid else None
        return frames is not None and (not frames or frame in frames)

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
    from cxrdesk.imaging.gsps_read import created_of, read_state_file, references_of
    from cxrdesk.imaging.notices import collect_warnings

    try:
        ds = read_state_file(path)
    except FilmError:
        return None
    with collect_warnings():
        label, creator = text(ds, "ContentLabel", []) or "", text(ds, "ContentCreatorName", []) or ""
        study_uid = text(ds, "StudyInstanceUID", [])
    return StateFile(
        path=path,
        label=label,
        created=created_of(ds),
        creator=" ".join(reversed(creator.partition("=")[0].replace("^", " ").split())),
        study_uid=study_uid,
        references=MappingProxyType(references_of(ds)),
    )


def without_film(state: StateFile) -> str:
    """The sentence for a state that was opened without any of its films."""
    films = len(state.references)
    if not films:
        return f"{state.path.name} is a presentation state that refers to no film; ask its sender for another one."
    which = "a film that is" if films == 1 else f"{films} films that are"
    return f"{state.path.name} is a presentation state for {which} not open; open the folder that holds both."
