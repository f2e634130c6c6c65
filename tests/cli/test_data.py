"""``cxrdesk data prepare``: what it says, its exit codes, and that it is quick and downloads nothing."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from cxrdesk.evaluation.datasets import chexpert, kermany, nih
from cxrdesk.evaluation.labelled import labelled
from tests.made_downloads import chexpert_files, folder_of, kermany_files, nih_files, picture, zip_of


@pytest.fixture
def prepare(cli, tmp_path):
    return lambda source, place, *given: cli(
        "data", "prepare", source, "--from", place, "--out", tmp_path / "out", *given
    )


def test_kermany_from_its_zip(prepare, tmp_path):
    result = prepare("kermany", zip_of(tmp_path / "ChestXRay2017.zip", kermany_files()))
    assert result.exit_code == 0, result.stderr
    assert result.stderr == ""
    out = tmp_path / "out"
    assert result.stdout.splitlines() == [f"{out / 'kermany_test'}: 2 films", f"{out / 'kermany'}: 4 films"]
    assert len(kermany(out)) == 4


def test_some_patients_of_nih(prepare, tmp_path):
    result = prepare("nih", folder_of(tmp_path / "nih", nih_files()), "--first-patients", "1")
    assert result.exit_code == 0, result.stderr
    assert [row.patient for row in nih(tmp_path / "out")] == ["00000001"] * 2


def test_what_is_left_out_is_one_sentence(prepare, tmp_path):
    files = {name: content for name, content in chexpert_files().items() if "patient00002" not in name}
    result = prepare("chexpert", folder_of(tmp_path / "d", files))
    assert result.exit_code == 1
    [line] = result.stderr.splitlines()
    assert line.startswith("1 film was left out (1 missing-file); left_out.csv")
    assert len(chexpert(tmp_path / "out")) == 3


def test_own_films(prepare, tmp_path):
    (tmp_path / "table.csv").write_text("f,p,x\na.png,1,yes\n")
    place = folder_of(tmp_path / "d", {"a.png": picture((30, 30), "PNG")})
    given = ["--table", tmp_path / "table.csv", "--map", "file=f", "--map", "patient=p", "--map", "pneumonia=x"]
    result = prepare("csv", place, *given)
    assert result.exit_code == 0, result.stderr
    assert len(labelled(tmp_path / "out/labelled")) == 1


@pytest.mark.parametrize(
    ("source", "given", "code", "said"),
    [
        ("mimic", [], 2, "chexpert"),
        ("kermany", ["--first-patients", "3"], 2, "--first-patients and --only are for nih and chexpert"),
        ("nih", ["--map", "file=a"], 2, "are for csv"),
        ("csv", [], 2, "csv needs --table"),
        ("nih", ["--only", "absent.txt"], 2, "--only names a text file"),
        ("nih", [], 3, "is missing"),
        ("kermany", [], 3, "train/NORMAL"),
    ],
)
def test_mistakes_leave_nothing(prepare, tmp_path, source, given, code, said):
    (tmp_path / "empty").mkdir()
    result = prepare(source, tmp_path / "empty", *given)
    assert result.exit_code == code
    assert said in result.stderr
    assert (code == 2 and source == "mimic") or len(result.stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_an_earlier_result_is_left_alone(prepare, tmp_path):
    place = folder_of(tmp_path / "d", kermany_files())
    assert prepare("kermany", place).exit_code == 0
    before = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*.*")}
    for given in ((), ("--resume",)):
        result = prepare("kermany", place, *given)
        assert result.exit_code == 2
        assert "is there already" in result.stderr
    assert {path: path.read_bytes() for path in (tmp_path / "out").rglob("*.*")} == before


def test_preparing_imports_no_torch(plain_environment, tmp_path):
    place = folder_of(tmp_path / "d", kermany_files())
    code = (
        "import json, sys; from cxrdesk.cli.main import run;"
        f"code = run(['data', 'prepare', 'kermany', '--from', {str(place)!r}, '--out', {str(tmp_path / 'out')!r}]);"
        "print(json.dumps([code, sorted({'torch', 'lightning', 'PySide6', 'socket'} & set(sys.modules))]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=plain_environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    code, imported = json.loads(done.stdout.splitlines()[-1])
    assert code == 0
    assert not {"torch", "lightning", "PySide6"} & set(imported)
