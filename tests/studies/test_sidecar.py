"""Annotations on the disk: beside the film, in the user's folder, damaged, foreign, changed meanwhile."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from cxrdesk.imaging.errors import UserError
from cxrdesk.packages import files
from cxrdesk.studies import sidecar as module
from cxrdesk.studies.annotations import Annotation, Annotations, FilmKey, Kind
from cxrdesk.studies.sidecar import Sidecar

KEY = FilmKey.of("1.2.3", "", (300, 200))


def drawn(x: float = 10.0) -> Annotation:
    return Annotation(kind=Kind.LENGTH, points=((x, 20.0), (30.0, 40.0)))


def of(*items: Annotation) -> Annotations:
    return Annotations(items=items)


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CXRDESK_HOME", str(tmp_path / "home"))
    folder = tmp_path / "study"
    folder.mkdir()
    return folder


@pytest.fixture
def sidecar(study: Path) -> Sidecar:
    return Sidecar(study / "IM0001", KEY)


@pytest.fixture
def read_only(study: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The study lies on a disc, from now on; a chmod does not hold root back."""

    def write(path: Path, content: bytes) -> None:
        if path.parent == study:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        files.write_whole(path, content)

    monkeypatch.setattr(module, "write_whole", write)
    return study


def test_saved_beside_the_film_and_found_again(sidecar: Sidecar, study: Path) -> None:
    made = of(drawn(), drawn())
    assert sidecar.save(made) == ()
    assert [path.name for path in study.iterdir()] == [KEY.file_name]
    loaded = Sidecar(study / "another-name.dcm", KEY).load()
    assert (loaded.annotations.items, loaded.messages) == (made.items, ())


def test_loading_writes_nothing(sidecar: Sidecar, study: Path) -> None:
    (study / KEY.file_name).write_bytes(b"damaged")
    before = sorted(study.parent.rglob("*"))
    sidecar.load()
    assert sorted(study.parent.rglob("*")) == before


def test_no_file_is_left_without_annotations(sidecar: Sidecar, study: Path) -> None:
    sidecar.save(of(drawn()))
    sidecar.save(of())
    assert list(study.iterdir()) == []


def test_a_crash_while_writing_leaves_the_old_file(sidecar: Sidecar, study: Path, monkeypatch) -> None:
    first = of(drawn())
    sidecar.save(first)

    def crash(_source: Path, _target: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(files, "replace", crash)
        with pytest.raises(KeyboardInterrupt):
            sidecar.save(of(drawn(), drawn()))
    assert [path.name for path in study.iterdir()] == [KEY.file_name]
    assert Sidecar(study / "x", KEY).load().annotations.items == first.items


def test_a_disc_keeps_them_in_the_users_folder_and_says_so_once(read_only: Path, sidecar: Sidecar) -> None:
    made = of(drawn())
    (told,) = sidecar.save(made)
    assert str(sidecar.home.parent) in told
    assert "Read-only" in told
    assert sidecar.save(of(*made.items, drawn())) == ()
    assert list(read_only.iterdir()) == []
    assert len(Sidecar(read_only / "IM0001", KEY).load().annotations.items) == 2


def test_a_disc_with_annotations_of_its_own(study: Path, sidecar: Sidecar, monkeypatch) -> None:
    """One that was deleted stays deleted, though the disc still holds it."""
    kept, deleted = drawn(), drawn()
    sidecar.save(of(kept, deleted))

    def refuse(path: Path, content: bytes) -> None:
        if path.parent == study:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        files.write_whole(path, content)

    monkeypatch.setattr(module, "write_whole", refuse)
    again = Sidecar(study / "IM0001", KEY)
    again.load()
    again.save(of(kept))
    assert Sidecar(study / "IM0001", KEY).load().annotations.items == (kept,)


def test_a_copied_disc_has_them_beside_the_film_from_then_on(study: Path, sidecar: Sidecar, monkeypatch) -> None:
    made = of(drawn())
    with monkeypatch.context() as patched:
        patched.setattr(Path, "is_dir", lambda self: self != study)
        (told,) = sidecar.save(made)
    assert "gone" in told
    again = Sidecar(study / "IM0001", KEY)
    assert again.load().annotations.items == made.items
    assert again.save(again.load().annotations) == ()
    assert not again.home.exists()
    assert again.beside.exists()


def test_both_files_are_joined(study: Path, sidecar: Sidecar) -> None:
    here, there = drawn(), drawn()
    sidecar.save(of(here))
    elsewhere = Sidecar(study.parent / "gone" / "IM0001", KEY)
    elsewhere.save(of(there))
    assert {item.id for item in Sidecar(study / "x", KEY).load().annotations.items} == {here.id, there.id}


@pytest.mark.parametrize(
    "content", [b"", b"{", b'{"format": "cxrdesk-annotations", "version": 9}', b"\0" * 100, b" " * 17_000_000]
)
def test_a_damaged_file_is_told_and_kept(sidecar: Sidecar, study: Path, content: bytes) -> None:
    (study / KEY.file_name).write_bytes(content)
    loaded = sidecar.load()
    (told,) = loaded.messages
    assert told.count(". ") == 0
    assert loaded.annotations.empty
    (saved,) = sidecar.save(of(drawn()))
    copies = [path for path in study.iterdir() if ".kept-" in path.name]
    assert [path.read_bytes() for path in copies] == [content]
    assert copies[0].name in saved
    assert len(Sidecar(study / "x", KEY).load().annotations.items) == 1


def test_another_films_annotations_are_not_taken(sidecar: Sidecar, study: Path) -> None:
    other = Sidecar(study / "x", FilmKey.of("9.9", "", (300, 200)))
    other.save(of(drawn()))
    other.beside.rename(sidecar.beside)
    loaded = sidecar.load()
    assert loaded.annotations.empty
    assert "another film" in loaded.messages[0]


def test_two_readers_at_one_film_lose_nothing(sidecar: Sidecar, study: Path) -> None:
    sidecar.load()
    other = Sidecar(study / "x", KEY)
    other.save(of(drawn()))
    theirs = other.beside.read_bytes()
    (told,) = sidecar.save(of(drawn()))
    assert ".kept-" in told
    assert theirs in [path.read_bytes() for path in study.iterdir()]


def test_entries_of_a_later_version_are_told_and_kept(sidecar: Sidecar) -> None:
    sidecar.save(Annotations(items=(drawn(),), others=({"kind": "spline"},)))
    again = Sidecar(sidecar.beside.parent / "x", KEY)
    loaded = again.load()
    assert "One annotation" in loaded.messages[0]
    again.save(loaded.annotations)
    assert b"spline" in again.beside.read_bytes()


def test_nowhere_to_write_is_a_sentence(study: Path, sidecar: Sidecar, monkeypatch) -> None:
    def full(path: Path, content: bytes) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(module, "write_whole", full)
    with pytest.raises(UserError, match="no room") as caught:
        sidecar.save(of(drawn()))
    assert caught.value.code == "disk-full"
    assert list(study.iterdir()) == []


def test_a_file_that_may_not_be_read_is_not_overwritten(study: Path, sidecar: Sidecar, monkeypatch) -> None:
    sidecar.save(of(drawn()))
    kept = sidecar.beside.read_bytes()
    read = module._content

    def refuse(path: Path) -> bytes:
        if path.parent == study:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return read(path)

    monkeypatch.setattr(module, "_content", refuse)
    again = Sidecar(study / "x", KEY)
    loaded = again.load()
    assert "Permission denied" in loaded.messages[0]
    again.save(of(drawn()))
    monkeypatch.undo()
    assert sidecar.beside.read_bytes() == kept
