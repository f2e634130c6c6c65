"""What was answered for a patient's study is found again, for that study alone."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from cxrdesk import HOME_VARIABLE
from cxrdesk.imaging.answers import Answers
from cxrdesk.imaging.errors import UserError
from cxrdesk.imaging.radiograph import Projection, View
from cxrdesk.studies import study_answers
from cxrdesk.studies.importers import Film, PatientIdentity, read_film
from cxrdesk.studies.study_answers import StudyAnswers, film_key, find, save, study_key

AP = View(body_part="chest", projection=Projection.AP)
WHO = PatientIdentity(name="Doe^Jane", patient_id="4711")


def film(folder: Path, name: str = "a.dcm", **changes: object) -> Film:
    made = Film(path=folder / name, identity=WHO, study_uid="1.2.3", instance_uid=f"1.2.3.{name}", on_disk=(1, 2, 3))
    return replace(made, **changes)  # type: ignore[arg-type]


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))
    (tmp_path / "study").mkdir()
    return tmp_path / "study"


def told(*films: Film) -> dict[str, StudyAnswers]:
    answers, messages = find(films)
    assert messages == []
    return answers


def test_an_age_holds_for_all_films_of_the_study_and_a_view_for_its_own(study: Path) -> None:
    frontal, lateral = film(study), film(study, "b.dcm")
    said = StudyAnswers(age_years=3.5).with_view(frontal, AP)
    save(frontal, said)
    found = told(frontal, lateral)
    assert found == {study_key(frontal): said}
    assert found[study_key(lateral)].of(frontal) == Answers(age_years=3.5, view=AP)
    assert found[study_key(lateral)].of(lateral) == Answers(age_years=3.5)


def test_a_later_answer_replaces_the_earlier_one(study: Path) -> None:
    for age_years in (3.0, 41.0):
        save(film(study), StudyAnswers(age_years=age_years))
    assert told(film(study))[study_key(film(study))].age_years == 41.0
    assert len(list(study.iterdir())) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"study_uid": "1.2.4"},
        {"identity": PatientIdentity(name="Doe^John", patient_id="4711")},
        {"identity": PatientIdentity(name="Doe^Jane", patient_id="4712")},
        {"study_uid": None},
    ],
)
def test_another_study_or_another_patient_under_the_same_number_is_told_nothing(study: Path, other: dict) -> None:
    save(film(study), StudyAnswers(age_years=3.0))
    assert told(film(study, **other)) == {}


def test_a_picture_is_a_study_of_its_own_and_another_file_in_its_place_another(tmp_path: Path, study: Path) -> None:
    from PIL import Image

    for number, name in enumerate(("a.png", "b.png")):
        Image.new("L", (200, 200), number).save(study / name)
    first, second = read_film(study / "a.png"), read_film(study / "b.png")
    save(first, StudyAnswers(age_years=3.0).with_view(first, AP))
    assert told(read_film(study / "a.png"))[study_key(first)].of(first) == Answers(age_years=3.0, view=AP)
    assert told(second) == {}
    shutil.copy(study / "b.png", study / "a.png")
    assert told(read_film(study / "a.png")) == {}


def test_what_is_kept_names_nobody(study: Path) -> None:
    one = film(study)
    save(one, StudyAnswers(age_years=3.0).with_view(one, AP))
    (path,) = study.iterdir()
    content = path.read_text()
    for word in ("Doe", "Jane", "4711", "1.2.3", "a.dcm"):
        assert word not in content
        assert word not in path.name
    assert json.loads(content)["format"] == "cxrdesk-answers"


def test_a_folder_that_cannot_be_written_leaves_them_in_the_users_own(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = study_answers.write_whole

    def refusing(path: Path, content: bytes) -> None:
        if path.parent == study:
            raise PermissionError(13, "Permission denied")
        written(path, content)

    monkeypatch.setattr(study_answers, "write_whole", refusing)
    save(film(study), StudyAnswers(age_years=3.0))
    assert list(study.iterdir()) == []
    assert told(film(study))[study_key(film(study))].age_years == 3.0
    monkeypatch.setattr(study_answers, "write_whole", lambda *_: (_ for _ in ()).throw(OSError(28, "No space")))
    with pytest.raises(UserError) as caught:
        save(film(study), StudyAnswers(age_years=4.0))
    assert caught.value.code == "disk-full"


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[]", b"\xff", b'{"format": "cxrdesk-answers"}', b"[" * 100_000,
        b'{"format": "cxrdesk-answers", "version": 1, "study": "other", "age_years": 3, "views": {}}',
        b'{"format": "cxrdesk-answers", "version": 2, "study": "STUDY", "age_years": 3, "views": {}}',
        b'{"format": "cxrdesk-answers", "version": 1, "study": "STUDY", "age_years": 300, "views": {}}',
        b'{"format": "cxrdesk-answers", "version": 1, "study": "STUDY", "age_years": NaN, "views": {}}',
        b'{"format": "cxrdesk-answers", "version": 1, "study": "STUDY", "age_years": true, "views": {}}',
        b'{"format": "cxrdesk-answers", "version": 1, "study": "STUDY", "age_years": 1%s, "views": {}}' % (b"0" * 400),
        b'{"format": "cxrdesk-answers", "version": 1, "study": "STUDY", "age_years": 3, "views": {"a": "chest-up"}}',
        b'{"format": "cxrdesk-answers", "version": 1, "study": "STUDY", "age_years": 3, "views": []}',
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_told_and_asked_again(study: Path, content: bytes) -> None:
    one = film(study)
    save(one, StudyAnswers(age_years=3.0))
    (path,) = study.iterdir()
    path.write_bytes(content.replace(b"STUDY", study_key(one).encode()))
    answers, (message,) = find([one])
    assert answers == {}
    assert path.name in message
    assert "asked again" in message
    save(one, StudyAnswers(age_years=5.0))
    assert told(one)[study_key(one)].age_years == 5.0


def test_five_hundred_films_of_a_study_are_looked_up_once(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[Path] = []
    read = study_answers._content
    monkeypatch.setattr(study_answers, "_content", lambda path: (looked.append(path), read(path))[1])
    find([film(study, f"{number}.dcm") for number in range(500)])
    assert len(looked) == 2


def test_keys_tell_films_apart(study: Path) -> None:
    assert film_key(film(study)) != film_key(film(study, "b.dcm"))
    bare = film(study, study_uid=None, instance_uid=None)
    assert study_key(bare) != study_key(replace(bare, on_disk=(1, 3, 3)))
    assert study_key(bare) != study_key(replace(bare, path=study / "other" / "a.dcm"))
