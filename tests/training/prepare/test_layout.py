"""A data set's folder has its name when it is complete, and never before."""

from __future__ import annotations

import csv
import errno
from pathlib import Path

import pytest

from cxrdesk.imaging.errors import FilmError, UserError
from cxrdesk.training.prepare.layout import Layout, is_portable


def files(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def broken():
    raise FilmError("truncated", "It ends early.")


def test_it_gets_its_name_at_the_end(tmp_path):
    layout = Layout(tmp_path, "set", resume=False)
    assert layout.add("images/a.jpg", "a.png", lambda: b"film")
    assert not layout.add("images/b.jpg", "b.png", broken)
    layout.write_table("labels.csv", ("file", "mass"), [("a.jpg", 1)])
    assert not (tmp_path / "set").exists()
    made = layout.finish(("Source: here",), ["labels.csv"])
    assert made.folder == tmp_path / "set"
    assert (made.films, made.left_out) == (1, {"truncated": 1})
    assert files(tmp_path) == ["set/README.txt", "set/images/a.jpg", "set/labels.csv", "set/left_out.csv"]
    assert (made.folder / "labels.csv").read_bytes() == b"file,mass\r\na.jpg,1\r\n"
    with (made.folder / "left_out.csv").open(newline="") as file:
        assert list(csv.DictReader(file)) == [{"file": "b.png", "code": "truncated", "reason": "It ends early."}]


def test_what_is_there_is_not_written_over(tmp_path):
    layout = Layout(tmp_path, "set", resume=False)
    layout.add("a.jpg", "a", lambda: b"film")
    with pytest.raises(UserError, match="add --resume"):
        Layout(tmp_path, "set", resume=False)
    layout.finish(())
    for resume in (False, True):
        with pytest.raises(UserError, match="is there already"):
            Layout(tmp_path, "set", resume=resume)


def test_a_run_goes_on_and_keeps_nothing_that_is_not_its_own(tmp_path):
    first = Layout(tmp_path, "set", resume=False)
    for name in ("a.jpg", "old.jpg"):
        first.add(name, name, lambda: b"first")
    (first.folder / "b.jpg.new").write_bytes(b"half a fi")
    second = Layout(tmp_path, "set", resume=True)
    assert second.add("a.jpg", "a", broken)  # not made again
    assert second.add("b.jpg", "b", lambda: b"second")
    made = second.finish(())
    assert files(made.folder) == ["README.txt", "a.jpg", "b.jpg"]
    assert (made.folder / "a.jpg").read_bytes() == b"first"


def test_duplicates_and_odd_names_are_left_out(tmp_path):
    layout = Layout(tmp_path, "set", resume=False)
    assert layout.add("a.jpg", "1", lambda: b"x")
    assert not layout.add("A.JPG", "2", lambda: b"x")
    for name in ("con.jpg", "x" * 250 + ".jpg", "a:b.jpg", "../up.jpg", "\udcff.jpg"):
        assert not layout.add(name, name, lambda: b"x")
    made = layout.finish(())
    assert made.left_out == {"duplicate": 1, "unsafe-name": 5}
    assert files(tmp_path) == ["set/README.txt", "set/a.jpg", "set/left_out.csv"]


@pytest.mark.parametrize(
    ("name", "portable"),
    [
        ("images/a b-1_(x).jpg", True), ("ä/人.png", True), ("", False), ("/a", False), ("a/../b", False),
        ("NUL", False), ("com1.jpg", False), ("com10.jpg", True), ("lpt9.tar.gz", False), ("a.", False), ("a ", False),
        ("a\nb", False), ('a"b', False), ("é" * 101, False), ("aux/b.jpg", False),
    ],
)  # fmt: skip
def test_names_that_every_system_takes(name, portable):
    assert is_portable(name) == portable


def test_no_film_at_all_is_told_and_leaves_nothing(tmp_path):
    layout = Layout(tmp_path, "set", resume=False)
    layout.add("a.jpg", "a", broken)
    layout.write_table("labels.csv", ("file",), [])
    with pytest.raises(UserError, match=r"No film for set .* It ends early") as caught:
        layout.finish((), ["labels.csv"])
    assert caught.value.code == "no-data"
    assert list(tmp_path.iterdir()) == []


def _add_and_finish(layout):
    layout.add("b.jpg", "b", lambda: b"film")
    layout.finish(())


@pytest.mark.parametrize("broken_call", ["write_bytes", "replace", "rename"])
def test_a_full_disk_ends_in_one_sentence_and_an_unfinished_folder(tmp_path, monkeypatch, broken_call):
    layout = Layout(tmp_path, "set", resume=False)
    layout.add("a.jpg", "a", lambda: b"film")

    def full(*_given):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, broken_call, full)
        with pytest.raises(UserError, match=r"No space left on device.*--resume") as caught:
            _add_and_finish(layout)
    assert caught.value.code == "not-written"
    assert not (tmp_path / "set").exists()
    going_on = Layout(tmp_path, "set", resume=True)
    assert going_on.add("a.jpg", "a", broken)
    assert going_on.add("b.jpg", "b", lambda: b"film")
    assert going_on.finish(()).films == 2
