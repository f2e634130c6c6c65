"""Files, folders and discs to a list of films, without decoding one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from cxrdesk.imaging.dicom import read_header
from cxrdesk.imaging.dicom_attributes import read_age_years, read_date, read_view
from cxrdesk.imaging.dicom_file import read_file
from cxrdesk.imaging.dicom_values import text
from cxrdesk.imaging.errors import FilmError
from cxrdesk.imaging.notices import collect_warnings
from cxrdesk.imaging.presentation import OpenedFilm
from cxrdesk.imaging.radiograph import Radiograph, View
from cxrdesk.imaging.raster import check_raster
from cxrdesk.imaging.reader import file_kind, read_radiograph
from cxrdesk.imaging.reader import read_film as open_film
from cxrdesk.studies.disc import find_listed, is_inside, listed_files
from cxrdesk.studies.states import StateFile, state_file, without_film

_FILM_SUFFIXES = {".dcm", ".dicom", ".dic", ".png", ".jpg", ".jpeg", ".tif", ".tiff"}
"""Files of a folder that claim to be films; others that are none are passed over."""


FileState = tuple[int, int, int]
"""Modification time in ns, size in bytes, inode."""


def file_state(path: Path) -> FileState | None:
    """What tells a file from one that replaced it; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


@dataclass(frozen=True, kw_only=True)
class PatientIdentity:
    """Who a film shows; kept out of ``repr``, and so out of logs.

    Parameters
    ----------
    name, patient_id : str or None
        Patient's Name (0010,0010), Patient ID (0010,0020) as written.
    birth_date : date or None
    sex : str or None
        Patient's Sex (0010,0040) as written.
    """

    name: str | None = field(default=None, repr=False)
    patient_id: str | None = field(default=None, repr=False)
    birth_date: date | None = field(default=None, repr=False)
    sex: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class Film:
    """One film on disk: what a list shows of it, and how to load it.

    Parameters
    ----------
    path : Path
    identity : PatientIdentity
    study_uid, series_uid, instance_uid : str or None
        Study, Series and SOP Instance UID; None for pictures and incomplete files.
    study_date : date or None
        Study Date (0008,0020), else Acquisition Date.
    description : str
        Series Description, else Study Description; empty where neither is given.
    modality : str or None
    view : View
    patient_age_years : float or None
    on_disk : tuple of int or None
        State of the file when its header was read.
    """

    path: Path = field(repr=False)
    identity: PatientIdentity = field(default_factory=PatientIdentity)
    study_uid: str | None = field(default=None, repr=False)
    series_uid: str | None = field(default=None, repr=False)
    instance_uid: str | None = field(default=None, repr=False)
    study_date: date | None = field(default=None, repr=False)
    description: str = field(default="", repr=False)
    modality: str | None = None
    view: View = field(default_factory=View)
    patient_age_years: float | None = None
    on_disk: FileState | None = field(default=None, repr=False)

    @property
    def study(self) -> tuple[str | None, ...] | None:
        """What films of one patient's one study have in common; None where the film does not name its study."""
        return (self.study_uid, self.identity.name, self.identity.patient_id) if self.study_uid else None

    @property
    def changed(self) -> bool:
        """Whether another file stands at the path now; one that is gone has not changed."""
        now = file_state(self.path)
        return self.on_disk is not None and now is not None and now != self.on_disk

    def load(self) -> Radiograph:
        """Decode the film.

        Raises
        ------
        FilmError
            If its pixels cannot be decoded, or the file has gone since (``"changed"`` if it was replaced: whose film
            it is now is not known).
        """
        radiograph = read_radiograph(self.path)
        self._stop_if_changed()
        return radiograph

    def open(self, frame: int = 0) -> OpenedFilm:
        """Decode a frame with all that the file says of showing it; also colour pictures, which `load` refuses.

        Raises
        ------
        FilmError
            As `load`.
        """
        opened = open_film(self.path, frame=frame)
        self._stop_if_changed()
        return opened

    def look(self, frame: int = 0) -> OpenedFilm:
        """As `open`, reduced where that is much faster: to be looked at until `open` is done, and for nothing else.

        Raises
        ------
        FilmError
            As `load`.
        """
        from cxrdesk.imaging.preview import preview

        opened = preview(self.path, frame=frame)
        self._stop_if_changed()
        return opened

    def _stop_if_changed(self) -> None:
        if self.changed:
            raise FilmError("changed", f"{self.path.name} was replaced by another file meanwhile; open it again.")


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A file or folder without a film, and why: a stable code and one sentence for the user."""

    path: Path
    code: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Skipped:
    """A file of a folder that is no film and does not claim to be one."""

    path: Path


Found = Film | Failure | Skipped | StateFile


@dataclass(frozen=True, kw_only=True)
class ImportResult:
    """What `find_films` found, in the order of the paths, folders sorted by name.

    Parameters
    ----------
    films : tuple of Film
    failures : tuple of Failure
    states : tuple of StateFile
        Presentation states; one that was named without any of its films is a failure too (``state-without-film``).
    skipped : int
        Number of files in folders that are something else (texts, tables, viewers on a disc).
    """

    films: tuple[Film, ...] = ()
    failures: tuple[Failure, ...] = ()
    states: tuple[StateFile, ...] = ()
    skipped: int = 0


def find_films(paths: Iterable[Path | str], *, progress: Callable[[int], None] | None = None) -> ImportResult:
    """Find the films in files, folders (with subfolders) and DICOMDIR files.

    Only headers are read: memory grows by a few kB for a film, and broken pixels show in `Film.load`.

    Parameters
    ----------
    paths : iterable of Path or str
        A file named here that is no film is a failure; inside a folder it is passed over unless its name claims a film.
    progress : callable, optional
        Called with the number of files looked at so far. An exception that it raises stops the search.

    Returns
    -------
    ImportResult
        One bad file never stops the rest. A folder without any film is a failure of its own
        (``empty-folder`` or ``no-films``).
    """
    films: list[Film] = []
    failures: list[Failure] = []
    states: list[StateFile] = []
    skipped = 0
    for count, found in enumerate(iter_films(paths), start=1):
        match found:
            case Film():
                films.append(found)
            case Failure():
                failures.append(found)
            case StateFile():
                states.append(found)
            case Skipped():
                skipped += 1
        if progress is not None:
            progress(count)
    return ImportResult(films=tuple(films), failures=tuple(failures), states=tuple(states), skipped=skipped)


def iter_films(paths: Iterable[Path | str]) -> Iterator[Found]:
    """Yield what `find_films` collects, as it is found; each file once, whatever the number of ways to it."""
    named: list[StateFile] = []
    films: set[str | None] = set()
    for found in _found(paths, named):
        if isinstance(found, Film):
            films.add(found.instance_uid)
        yield found
    for state in named:
        if films.isdisjoint(state.films):
            yield Failure(path=state.path, code="state-without-film", text=without_film(state))


def _found(paths: Iterable[Path | str], named: list[StateFile]) -> Iterator[Found]:
    """What there is; presentation states that somebody named are put into `named` too."""
    seen: set[str] = set()
    for path in map(Path, paths):
        if _is_folder(path):
            yield from _folder(path, seen)
        elif _first_time(path, seen):
            found = _file_among_others(path)
            if isinstance(found, StateFile):
                named.append(found)
            if isinstance(found, Failure) and found.code == "dicomdir":
                yield from _dicomdir(path, seen)
            else:
                yield found


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False  # opening it tells the reason


def _first_time(path: Path, seen: set[str]) -> bool:
    resolved = os.path.realpath(path)  # Path.resolve raises for a link to itself before Python 3.13
    new = resolved not in seen
    seen.add(resolved)
    return new


def _named_file(path: Path) -> Film | Failure:
    try:
        return read_film(path)
    except FilmError as error:
        return Failure(path=path, code=error.code, text=error.text)


def _file_among_others(path: Path) -> Found:
    """A file that nobody named: what goes with films is no failure there."""
    found = _named_file(path)
    if isinstance(found, Failure) and found.code == "not-a-radiograph":
        return state_file(path) or found
    return found


def read_film(path: Path) -> Film:
    """Read the header of one file.

    Raises
    ------
    FilmError
        If it is no film, as far as its header shows.
    """
    on_disk = file_state(path)
    if file_kind(path) == "raster":
        check_raster(path)
        return Film(path=path, description=path.stem, on_disk=on_disk)
    ds = read_header(path)
    ignored: list[str] = []  # told again, and then shown, when the film is loaded
    with collect_warnings():
        return Film(
            path=path,
            identity=PatientIdentity(
                name=text(ds, "PatientName", ignored),
                patient_id=text(ds, "PatientID", ignored),
                birth_date=read_date(ds, "PatientBirthDate", ignored),
                sex=text(ds, "PatientSex", ignored),
            ),
            study_uid=text(ds, "StudyInstanceUID", ignored),
            series_uid=text(ds, "SeriesInstanceUID", ignored),
            instance_uid=text(ds, "SOPInstanceUID", ignored),
            study_date=read_date(ds, "StudyDate", ignored) or read_date(ds, "AcquisitionDate", ignored),
            description=text(ds, "SeriesDescription", ignored) or text(ds, "StudyDescription", ignored) or "",
            modality=text(ds, "Modality", ignored),
            view=read_view(ds, ignored),
            patient_age_years=read_age_years(ds, ignored),
            on_disk=on_disk,
        )


def _folder(folder: Path, seen: set[str]) -> Iterator[Found]:
    films = states = files = 0
    unreadable: list[OSError] = []
    for root, folders, names in os.walk(folder, onerror=unreadable.append):
        # Hidden ones are the system's: thumbnails, resource forks that carry a film's name.
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(name for name in names if not name.startswith(".")):
            path = Path(root, name)
            files += 1
            if not _first_time(path, seen):
                films += 1  # reached another way before; the folder is not empty for that
                continue
            found = _file_among_others(path)
            if isinstance(found, Failure) and _is_bystander(path, found.code):
                found = Skipped(path=path)
            films += isinstance(found, Film)
            states += isinstance(found, StateFile)
            yield found
    for error in unreadable:
        path = Path(str(error.filename or folder))
        yield Failure(path=path, code="unreadable", text=f"The folder {path.name} may not be read; ask for permission.")
    if not files and not unreadable:
        yield Failure(
            path=folder, code="empty-folder", text=f"The folder {folder.name} is empty; choose one with films."
        )
    elif not films and files:
        only = ", only presentation states of films that are elsewhere" if states else ""
        text = f"The folder {folder.name} holds no film{only}; choose another one."
        yield Failure(path=folder, code="no-films", text=text)


def _is_bystander(path: Path, code: str) -> bool:
    """Whether a file of a folder that failed with `code` never claimed to be a film."""
    if code == "dicomdir":
        return True  # the files that it lists are found by themselves
    return code in ("not-a-film", "not-dicom", "truncated") and _claims_nothing(path, code)


def _claims_nothing(path: Path, code: str) -> bool:
    if path.suffix.lower() in _FILM_SUFFIXES:
        return False
    # An empty file without a film's name is no cut film; other cut files do start like one.
    return code != "truncated" or path.stat().st_size == 0


def _dicomdir(path: Path, seen: set[str]) -> Iterator[Found]:
    """Films that a DICOMDIR lists (PS3.10 8, PS3.3 F.3)."""
    try:
        ds = read_file(path, stop_before_pixels=True)
    except FilmError as error:
        yield Failure(path=path, code=error.code, text=error.text)
        return
    listed = listed_files(ds)
    if not listed:
        yield Failure(path=path, code="no-films", text=f"{path.name} lists no images; open the folder that holds it.")
    for parts in listed:
        target = find_listed(path.parent, parts)
        if not is_inside(parts):
            reason = f"{path.name} lists a file outside its own folder, which is not opened; ask the sender."
            yield Failure(path=path, code="unsafe-path", text=reason)
        elif target is None:
            reason = f"{path.name} lists {'/'.join(parts)}, which does not exist; copy the whole disc."
            yield Failure(path=path.parent.joinpath(*parts), code="missing-file", text=reason)
        elif _first_time(target, seen):
            yield _file_among_others(target)
