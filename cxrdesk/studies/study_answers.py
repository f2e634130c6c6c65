"""What a reader said of a patient's study that its films do not say, kept beside them; knows no Qt.

An age holds for all films of the study, a view for its own film. The file holds hashes in the place of names and
numbers, and stands beside the film; where that folder cannot be written, in the user's data folder.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cxrdesk.imaging.answers import Answers
from cxrdesk.imaging.radiograph import Projection, View
from cxrdesk.packages.files import write_whole, writing
from cxrdesk.studies.paths import answers_dir

if TYPE_CHECKING:  # reading DICOM headers must not delay the window
    from cxrdesk.studies.importers import Film

FORMAT = "cxrdesk-answers"
VERSION = 1
OLDEST_YEARS = 125.0
MOST_BYTES = 1 << 20
"""Of a file; a longer one is not read."""


@dataclass(frozen=True, kw_only=True)
class StudyAnswers:
    """What was said of one study.

    Parameters
    ----------
    age_years : float or None
        The patient's, at the time of the study.
    views : mapping of str to View
        By `film_key`.
    """

    age_years: float | None = None
    views: Mapping[str, View] = field(default_factory=dict)

    def with_view(self, film: Film, view: View) -> StudyAnswers:
        """The same with a film's view."""
        return replace(self, views={**self.views, film_key(film): view})

    def of(self, film: Film) -> Answers:
        """What of it holds for a film of the study."""
        return Answers(age_years=self.age_years, view=self.views.get(film_key(film)))


def study_key(film: Film) -> str:
    """What films of one patient's one study share; a film that names no study is one by itself."""
    if film.study is None:
        return _hash("file", *_file(film))
    return _hash("study", *film.study)


def film_key(film: Film) -> str:
    """Tells a film from the others of its study."""
    return _hash("film", film.instance_uid) if film.instance_uid else _hash("film file", *_file(film))


def _file(film: Film) -> tuple[object, ...]:
    """Another file under the same name is another film."""
    return os.path.realpath(film.path), *(film.on_disk or ())[:2]


def _hash(*parts: object) -> str:
    return hashlib.sha256(json.dumps([str(part) for part in parts]).encode()).hexdigest()


def find(films: Iterable[Film]) -> tuple[dict[str, StudyAnswers], list[str]]:
    """Look for what was said of films' studies; reads files, so for a thread.

    Returns
    -------
    dict of StudyAnswers
        By `study_key`; studies of which nothing was said are left out.
    list of str
        What to tell the user about files that cannot be used; one sentence each.
    """
    newest: dict[str, tuple[str, StudyAnswers]] = {}
    messages: list[str] = []
    places = dict.fromkeys(
        (study, folder) for film in films for study in [study_key(film)] for folder in _folders(film)
    )
    for study, folder in places:
        path = folder / _file_name(study)
        try:
            saved, answers = _read(_content(path), study)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError):
            messages.append(f"What was answered in {path.name} cannot be read; what it was about is asked again.")
            continue
        if study not in newest or newest[study][0] < saved:
            newest[study] = saved, answers
    return {study: answers for study, (_, answers) in newest.items()}, messages


def save(film: Film, answers: StudyAnswers) -> None:
    """Write what was said of a film's study beside the film, else into the user's data folder; for a thread.

    Raises
    ------
    UserError
        ``disk-full`` or ``not-written`` if neither could be written.
    """
    study = study_key(film)
    content = {
        "format": FORMAT,
        "version": VERSION,
        "study": study,
        "saved": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}",
        "age_years": answers.age_years,
        "views": {key: [view.body_part, view.projection] for key, view in answers.views.items()},
    }
    plain = json.dumps(content, indent=1, allow_nan=False).encode() + b"\n"
    beside, home = (folder / _file_name(study) for folder in _folders(film))
    try:
        # A folder that is gone is not made anew: the disc or the share was taken away.
        if not beside.parent.is_dir():
            raise FileNotFoundError
        write_whole(beside, plain)
    except OSError:
        with writing(home.parent):
            write_whole(home, plain)


def _folders(film: Film) -> tuple[Path, Path]:
    return film.path.parent, answers_dir()


def _file_name(study: str) -> str:
    return f"{FORMAT}-{study[:16]}.json"


def _content(path: Path) -> bytes:
    """What stands in a file; of one that is too long to be ours, its beginning."""
    with path.open("rb") as file:
        return file.read(MOST_BYTES + 1)


def _read(content: bytes, study: str) -> tuple[str, StudyAnswers]:
    """When it was saved, and what was said; any of `find`'s errors where it is none of ours."""
    data: Any = json.loads(content)
    if (data["format"], data["version"], data["study"]) != (FORMAT, VERSION, study):
        raise ValueError("not this study's answers")
    age_years = data["age_years"]
    if age_years is not None and (isinstance(age_years, bool) or not 0 <= float(age_years) <= OLDEST_YEARS):
        raise ValueError("no age")
    views = {str(key): _view(*parts) for key, parts in data["views"].items()}
    return str(data["saved"]), StudyAnswers(age_years=None if age_years is None else float(age_years), views=views)


def _view(body_part: str | None, projection: str | None) -> View:
    if body_part is not None and not isinstance(body_part, str):
        raise TypeError("no body part")
    return View(body_part=body_part, projection=None if projection is None else Projection(projection))
