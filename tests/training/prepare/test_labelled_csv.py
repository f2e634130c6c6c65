"""Somebody's own table and films as a labelled folder."""

from __future__ import annotations

import pytest

from cxrdesk.evaluation.labelled import labelled
from cxrdesk.imaging.errors import UserError
from cxrdesk.training.prepare import labelled_csv
from cxrdesk.training.prepare.labelled_csv import checked_columns
from tests.made_downloads import folder_of, picture, zip_of

COLUMNS = {"file": "Path", "patient": "Key", "pneumonia": "PNA", "age_years": "Age", "sex": "Gender", "view": "View"}
HEAD = "Path,Key,PNA,Age,Gender,View,Comment\n"
SMITH = "smith_john.png"


@pytest.fixture
def run(prepared, tmp_path):
    def run(*lines, columns=COLUMNS, place=folder_of):
        table = tmp_path / "table.csv"
        table.write_text(HEAD + "\n".join(lines), encoding="utf-8")
        films = {"a/1.png": picture((40, 50), "PNG"), SMITH: picture((40, 50), "PNG"), "bad.jpg": b"\xff\xd8\xff bad"}
        return prepared(labelled_csv.prepare, place(tmp_path / "films", films), table=table, columns=columns)

    return run


@pytest.mark.parametrize("place", [folder_of, zip_of])
def test_a_table_becomes_a_labelled_folder(run, tmp_path, place):
    [made] = run("a/1.png,p1,Yes,4,female,AP,x", f"{SMITH},p2,false,,,,", place=place)
    rows = labelled(made.folder)
    assert [row.labels for row in rows.values()] == [{"pneumonia": 1}, {"pneumonia": 0}]
    assert [(row.patient, row.sex, row.age_years) for row in rows.values()] == [("p1", "F", 4), ("p2", None, None)]
    assert [row.path.name for row in rows.values()] == ["000002.png", "000003.png"]
    assert rows[2].path.read_bytes() == picture((40, 50), "PNG")


def test_studies_are_kept(run):
    [made] = run("a/1.png,p1,1,,,,s1", f"{SMITH},p1,1,,,,s1", columns=COLUMNS | {"study": "Comment"})
    assert [row.study for row in labelled(made.folder).values()] == ["s1", "s1"]


@pytest.mark.parametrize("value", ["1", "TRUE", "yes", "Y", "1.0"])
def test_words_for_present(run, value):
    [made] = run(f"a/1.png,p1,{value},,,,")
    assert labelled(made.folder)[2].labels == {"pneumonia": 1}


def test_names_of_files_go_nowhere(run, tmp_path):
    [made] = run("a/1.png,p1,1,,,,", f"missing_{SMITH},p2,0,,,,", "bad.jpg,p3,0,,,,")
    assert made.left_out == {"missing-file": 1, "not-an-image": 1}
    told = (made.folder / "left_out.csv").read_text()
    assert "line 3 of table.csv" in told
    assert "line 4 of table.csv" in told
    for path in made.folder.rglob("*"):
        assert "smith" not in path.name
        assert not path.is_file() or b"smith" not in path.read_bytes()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("a/1.png,p1,maybe,,,,", "line 2 of table.csv has 'maybe' for PNA, not 0 or 1, true or false, yes or no"),
        ("a/1.png,p1,,,,,", "line 2 .* has '' for PNA"),
        ("a/1.png,,1,,,,", "line 2 .* has no Key"),
        (",p1,1,,,,", "line 2 .* has no Path"),
        ("a/1.png,p1,1,old,,,", "'old' for 'Age', not a number"),
        ("a/1.png,p1,1,-3,,,", "'-3' for 'Age', not a possible age"),
        ("a/1.png,p1,1,,robot,,", "'robot' for Gender"),
        ("a/1.png,p1,1,,,above,", "'above' for View"),
        ("a/1.png,p1,1,,,,elsewhere", "'elsewhere' for Comment"),
        ("a/1.png,p1", "ends before 'PNA'"),
        ("a/1.png,p1,1,,,,\na/1.png,p2,0,,,,", "line 3 .* same film as line 2"),
    ],
)
def test_a_cell_that_says_nothing_known_is_told(run, tmp_path, line, said):
    with pytest.raises(UserError, match=said) as caught:
        run(line, columns=COLUMNS | {"source": "Comment"})
    assert caught.value.code == "bad-table"
    assert not (tmp_path / "out").exists()


def test_a_missing_column_or_table(run, prepared, tmp_path):
    with pytest.raises(UserError, match="lacks the column 'Pneu'"):
        run("a/1.png,p1,1,,,,", columns=COLUMNS | {"pneumonia": "Pneu"})
    with pytest.raises(UserError, match="--table names"):
        prepared(labelled_csv.prepare, tmp_path, table=tmp_path / "absent.csv", columns=COLUMNS)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["file"], "takes NAME=COLUMN"),
        (["file=a", "patient=b"], "no column of a finding"),
        (["file=a", "pneumonia=b"], "--map patient=COLUMN is missing"),
        (["file=a", "file=b"], "twice"),
        (["measles=a"], "knows no 'measles'"),
    ],
)
def test_columns_that_cannot_be(given, said):
    with pytest.raises(UserError, match=said) as caught:
        checked_columns(given)
    assert caught.value.code == "usage"


def test_columns_may_hold_an_equals_sign():
    given = ["file=a=b", "patient=p", "pneumonia=c"]
    assert checked_columns(given) == {"file": "a=b", "patient": "p", "pneumonia": "c"}
