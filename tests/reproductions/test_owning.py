"""A study's folder is its own, of the same films throughout, and its mistakes end in one sentence."""

from __future__ import annotations

import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("torch")

from cxrdesk.imaging.errors import UserError
from cxrdesk.packages.files import locked
from cxrdesk.training.data import LeftOut
from reproductions import __main__ as command
from reproductions import runs
from reproductions.films import paediatric, stretched
from reproductions.owning import owned
from reproductions.pneumonia_inception import covered
from tests.reproductions.made import films


@pytest.fixture
def study(tmp_path, monkeypatch):
    """A study that keeps one run, started with a folder of one film."""
    (tmp_path / "data" / "kermany").mkdir(parents=True)
    (tmp_path / "data" / "kermany" / "a.jpeg").write_bytes(b"1")

    def work(data, out, seeds):
        return {"kept": runs.kept(runs.file_of(out, "a run"), lambda: {"x": np.zeros(2)})["x"].tolist()}

    module = SimpleNamespace(study=work, SEEDS=3)
    monkeypatch.setitem(sys.modules, "made_study", module)
    monkeypatch.setattr(command, "STUDIES", {"made": "made_study", "other": "made_study"})

    def start(*more, name="made", out="out"):
        command.main([name, "--data", str(tmp_path / "data"), "--out", str(tmp_path / out), *more])

    return SimpleNamespace(start=start, module=module, folder=tmp_path)


def refused(study, capsys, *more, **named):
    with pytest.raises(SystemExit, match="2"):
        study.start(*more, **named)
    told = capsys.readouterr().err
    assert "Traceback" not in told
    return told


def test_it_goes_on_where_it_stopped(study):
    study.start()
    study.start("--seeds", "2")
    assert '"seeds": 2' in (study.folder / "out" / "results.json").read_text()


def test_other_films_are_refused(study, capsys):
    study.start()
    before = (study.folder / "out" / "results.json").read_bytes()
    (study.folder / "data" / "kermany" / "a.jpeg").write_bytes(b"12")
    assert "of other films" in refused(study, capsys)
    assert (study.folder / "out" / "results.json").read_bytes() == before


def test_what_it_writes_among_the_films_is_no_film(study):
    study.start(out="data/out")
    study.start(out="data/out")


def test_another_study_is_refused(study, capsys):
    study.start()
    assert "of another study" in refused(study, capsys, name="other")


def test_a_second_start_is_told_to_wait(study, capsys):
    with locked(study.folder / "out"):
        assert "Another study is at work" in refused(study, capsys)


@pytest.mark.parametrize("seeds", ["0", "-1", "many", "1.5", ""])
def test_seeds_are_counted_from_one(study, capsys, seeds):
    assert "a whole number from 1" in refused(study, capsys, f"--seeds={seeds}")


def test_a_file_is_no_folder_of_results(study, capsys):
    (study.folder / "file").write_text("")
    assert "could not be written" in refused(study, capsys, out="file")


def test_films_must_be_in_a_folder(study, capsys):
    assert "is no folder" in refused(study, capsys, "--data", str(study.folder / "nowhere"))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut", b"text"])
def test_a_damaged_run_is_named(study, capsys, content):
    study.start()
    (study.folder / "out" / "runs" / "a run.npz").write_bytes(content)
    assert "a run.npz cannot be read; delete it" in refused(study, capsys)


def test_ctrl_c_ends_with_a_sentence(study, capsys, monkeypatch):
    def interrupted(*given, **named):
        raise KeyboardInterrupt

    monkeypatch.setattr(study.module, "study", interrupted)
    with pytest.raises(SystemExit, match="130"):
        study.start()
    assert "goes on after the last finished run" in capsys.readouterr().err
    with owned(study.folder / "out", "made", study.folder / "data"):
        pass


def test_films_that_cannot_be_read_are_told(monkeypatch, capsys):
    made = films(3)

    def read(rows, lost):
        lost.append(LeftOut(rows[0].path, "it is cut off"))
        yield from zip(rows[1:], made.pixels[1:], strict=True)

    monkeypatch.setattr("reproductions.films.read_films", read)
    assert stretched(made.rows, 16)[0] == made.rows[1:]
    assert capsys.readouterr().err == "left out: 0.png: it is cut off\n"


def test_films_without_outlines_cannot_be_covered():
    with pytest.raises(UserError, match="lacks kermany_lungs"):
        covered(films(3))


def test_films_of_one_kind_teach_nothing(monkeypatch, tmp_path):
    made = films(6)
    monkeypatch.setattr("reproductions.films.read_films", lambda rows, lost: zip(rows, made.pixels, strict=True))
    rows = [replace(row, labels={"pneumonia": 1}) for row in made.rows]
    monkeypatch.setattr("reproductions.films.kermany", lambda data: rows)
    with pytest.raises(UserError, match="needs both"):
        paediatric(tmp_path, 16)
