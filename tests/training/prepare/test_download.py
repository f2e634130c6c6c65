"""Folders and zip files read in place: nothing gets out of them, nothing broken goes unnoticed."""

from __future__ import annotations

import zipfile

import pytest

from cxrdesk.imaging.errors import FilmError, UserError
from cxrdesk.training.prepare import download
from cxrdesk.training.prepare.download import opened
from tests.made_downloads import folder_of, zip_of

FILES = {"a/b.txt": b"one", "c.txt": b"two", "__MACOSX/a/._b.txt": b"x", "a/.DS_Store": b"x"}


def test_a_folder_and_a_zip_file_hold_the_same(tmp_path):
    for place in (folder_of(tmp_path / "folder", FILES), zip_of(tmp_path / "files.zip", FILES)):
        with opened([place]) as members:
            assert {member.name: member.read() for member in members} == {"a/b.txt": b"one", "c.txt": b"two"}
            assert members[0].parts == ("a", "b.txt")
            assert members[0].same_as(members[0])
            assert not members[0].same_as(members[1])


def test_links_are_followed_once(tmp_path):
    films = folder_of(tmp_path / "films", {"1.png": b"x"})
    place = folder_of(tmp_path / "place", {"table.csv": b""})
    try:
        (place / "linked").symlink_to(films, target_is_directory=True)
        (place / "round").symlink_to(place, target_is_directory=True)
    except OSError:
        pytest.skip("links may not be made here")
    with opened([place]) as members:
        assert [member.name for member in members] == ["linked/1.png", "table.csv"]


def test_a_folder_that_cannot_be_read_is_told(tmp_path, monkeypatch):
    def walked(folder, followlinks, onerror):
        onerror(PermissionError(13, "Permission denied", str(folder)))
        return iter(())

    monkeypatch.setattr(download.os, "walk", walked)
    with pytest.raises(UserError, match="Permission denied") as caught, opened([tmp_path]):
        pass
    assert caught.value.code == "unreadable"


@pytest.mark.parametrize("name", ["../out.txt", "a/../../out.txt", "/etc/out.txt", "C:/out.txt", "..\\out.txt"])
def test_a_zip_file_that_reaches_outside_is_refused(tmp_path, name):
    path = zip_of(tmp_path / "bad.zip", {"good.txt": b"", name: b"x"})
    with pytest.raises(UserError, match="outside its folder") as caught, opened([path]):
        pass
    assert caught.value.code == "unsafe-zip"


def test_what_is_no_whole_zip_file_is_told(tmp_path):
    whole = zip_of(tmp_path / "whole.zip", FILES).read_bytes()
    for content in (b"", b"no zip", whole[: len(whole) // 2]):
        (tmp_path / "bad.zip").write_bytes(content)
        with pytest.raises(UserError, match="no whole zip file") as caught, opened([tmp_path / "bad.zip"]):
            pass
        assert caught.value.code == "bad-zip"
    with pytest.raises(UserError, match="does not exist"), opened([tmp_path / "absent.zip"]):
        pass


def test_an_encrypted_zip_file_is_told(tmp_path):
    content = bytearray(zip_of(tmp_path / "secret.zip", {"a.txt": b"x"}).read_bytes())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + at] |= 1
    (tmp_path / "secret.zip").write_bytes(content)
    with pytest.raises(UserError, match="is encrypted"), opened([tmp_path / "secret.zip"]):
        pass


def test_a_broken_member_is_told_and_others_are_read(tmp_path):
    path = tmp_path / "half.zip"
    with zipfile.ZipFile(path, "w") as file:  # stored, so that its bytes can be found
        file.writestr("a.txt", b"payload that changes")
        file.writestr("b.txt", b"good")
    path.write_bytes(path.read_bytes().replace(b"payload", b"PAYLOAD"))
    with opened([path]) as (broken, good):
        with pytest.raises(FilmError, match=r"a\.txt is broken within the zip file") as caught:
            broken.read()
        assert good.read() == b"good"
    assert caught.value.code == "truncated"


def test_a_bomb_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(download, "MOST_BYTES", 1000)
    path = zip_of(tmp_path / "bomb.zip", {"bomb.png": bytes(2_000_000)})
    assert path.stat().st_size < 5000
    with opened([path]) as [member], pytest.raises(FilmError, match="too large") as caught:
        member.read()
    assert caught.value.code == "too-large"
