"""A site's own folder of films: every mistake in its table is one sentence that names the line."""

from __future__ import annotations

from pathlib import Path

import pytest

from cxrdesk.evaluation.datasets import Row
from cxrdesk.evaluation.film_sets import film_set
from cxrdesk.evaluation.labelled import is_labelled, labelled
from cxrdesk.imaging.errors import UserError
from cxrdesk.imaging.radiograph import Projection, View
from tests.made_data import split_of

HEAD = "file,patient,pneumonia,age_years,sex,view,body_part,source"


def folder(tmp_path, *lines, head=HEAD, films=("a.png", "b.png")):
    for name in films:
        (tmp_path / name).write_bytes(b"whatever")
    (tmp_path / "labels.csv").write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
    return tmp_path


def told(tmp_path, *lines, **about):
    with pytest.raises(UserError) as caught:
        labelled(folder(tmp_path, *lines, **about))
    assert "\n" not in caught.value.text
    return caught.value


def test_rows_are_what_the_table_says(tmp_path):
    data = folder(tmp_path, "a.png,p1,1,3.5,F,ap,chest,", "b.png,p2,0,,,,,", "c.png,p2,0,,,chest-pa,,")
    first, second, third = labelled(data).values()
    assert list(labelled(data)) == [2, 3, 4]
    assert first == Row(
        path=data / "a.png",
        dataset="labelled",
        patient="p1",
        view=View(body_part="chest", projection=Projection.AP),
        labels={"pneumonia": 1},
        age_years=3.5,
        sex="F",
        trainable=False,
    )
    assert (second.view, second.age_years, second.sex, second.labels) == (View(), None, None, {"pneumonia": 0})
    assert third.view == View(body_part="chest", projection=Projection.PA)
    assert is_labelled(data)
    assert not is_labelled(Path(__file__).parent)


def test_the_fewest_columns_and_a_byte_order_mark(tmp_path):
    data = folder(tmp_path, "1,a.png,p1", head="\ufeffpneumonia,file,patient")
    [row] = labelled(data).values()
    assert row.labels == {"pneumonia": 1}


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("b.png,p2,nan,,,,,", "line 3 of labels.csv has 'nan' for pneumonia"),
        ("b.png,p2,,,,,,", "line 3 of labels.csv has '' for pneumonia"),
        ("b.png,p2,2,,,,,", "line 3 of labels.csv has '2' for pneumonia"),
        ("b.png,p2,-1,,,,,", "line 3 of labels.csv has '-1' for pneumonia"),
        ("b.png,p2,1.0,,,,,", "has '1.0' for pneumonia"),
        ("b.png,,0,,,,,", "line 3 of labels.csv has no patient"),
        (",p2,0,,,,,", "line 3 of labels.csv has no file"),
        (f"{'x' * 300}.png,p2,0,,,,,", "line 3 of labels.csv names a file that this computer cannot look for"),
        ("b\0.png,p2,0,,,,,", "line 3 of labels.csv names a file that this computer cannot look for"),
        (f"{'x/' * 4000}b.png,p2,0,,,,,", "line 3 of labels.csv names a file that this computer cannot look for"),
        ("b.png,p2,0,old,,,,", "has 'old' for age_years"),
        ("b.png,p2,0,nan,,,,", "has 'nan' for age_years"),
        ("b.png,p2,0,-2,,,,", "has '-2' for age_years"),
        ("b.png,p2,0,,female,,,", "has 'female' for sex"),
        ("b.png,p2,0,,,oblique,,", "has 'oblique' for view"),
        ("b.png,p2,0,,,chest-oblique,,", "has 'chest-oblique' for view"),
        ("b.png,p2,0,,,,,elsewhere", "names the source 'elsewhere'"),
        ("b.png,p2,0,,", "has another number of cells"),
        ("b.png,p2,0,,,,,,,,", "has another number of cells"),
    ],
)
def test_a_bad_cell_names_its_line(tmp_path, line, says):
    error = told(tmp_path, "a.png,p1,1,,,,,", line)
    assert error.code == "bad-table"
    assert says in error.text


@pytest.mark.parametrize(
    ("head", "says"),
    [
        ("file,pneumonia", "lacks the column 'patient'"),
        ("patient,pneumonia", "lacks the column 'file'"),
        ("file,patient,age_years", "no column of a finding"),
        ("file,patient,pneumonia,phlogiston", "unknown column 'phlogiston'"),
        ("file,patient,pneumonia,pneumonia", "the column 'pneumonia' twice"),
        ("", "lacks the column 'file'"),
    ],
)
def test_bad_columns_are_named(tmp_path, head, says):
    error = told(tmp_path, "a.png,p1,1,0", head=head)
    assert error.code == "bad-table"
    assert says in error.text


def test_the_same_film_twice(tmp_path):
    error = told(tmp_path, "a.png,p1,1,,,,,", "b.png,p2,0,,,,,", "./a.png,p3,0,,,,,")
    assert (error.code, "lines 2 and 4" in error.text) == ("duplicate-film", True)


def test_a_patient_that_recipes_train_on(tmp_path):
    trained, fresh = (
        next(f"person{k}" for k in range(999) if split_of("kermany", f"person{k}") == split)
        for split in ("train", "report")
    )
    error = told(tmp_path, f"a.png,{fresh},1,,,,,kermany", f"b.png,{trained},0,,,,,kermany")
    assert error.code == "leaking-patient"
    assert "1 films" in error.text
    assert "line 3" in error.text
    assert trained not in error.text
    kept = film_set({}, folder(tmp_path, f"a.png,{fresh},1,,,,,kermany", f"b.png,{trained},0,,,,,"))
    assert len(kept.rows) == 2
    assert not kept.external


def test_missing_films_are_left_to_the_run_unless_all_are(tmp_path):
    assert len(labelled(folder(tmp_path, "a.png,p1,1,,,,,", "gone.png,p2,0,,,,,"))) == 2
    error = told(tmp_path, "gone.png,p1,1,,,,,", "too.png,p2,0,,,,,")
    assert error.code == "no-data"
    assert "not one of the 2 films" in error.text


def test_an_empty_table(tmp_path):
    assert told(tmp_path).code == "no-data"


def test_no_text(tmp_path):
    (tmp_path / "labels.csv").write_bytes(b"file,patient,pneumonia\n\xff\xfe,1,0\n")
    with pytest.raises(UserError, match="no CSV table in UTF-8"):
        labelled(tmp_path)


def test_a_report_names_lines_and_not_files(tmp_path):
    films = film_set({}, folder(tmp_path, "a.png,p1,1,,,,,", "b.png,p2,0,,,,,"))
    assert (films.name, films.dataset, films.external) == ("labels.csv", tmp_path.name, True)
    assert films.refs == ["line 2 of labels.csv", "line 3 of labels.csv"]
    assert [row.patient for row in films.rows] == ["p1", "p2"]


def test_the_publishers_layouts_stay_as_they_are(made_data):
    films = film_set({}, made_data)
    assert (films.name, films.dataset, films.external) == ("report split", "kermany", False)
    assert all(row.split == "report" for row in films.rows)
    assert films.refs == [f"kermany/{row.path.parent.name}/{row.path.name}" for row in films.rows]


def test_a_study_and_true_masks(tmp_path):
    (tmp_path / "masks").mkdir()
    for name in ("a-lungs", "a-pneumonia", "b-lungs", "b-opacity"):
        (tmp_path / "masks" / f"{name}.png").write_bytes(b"whatever")
    data = folder(tmp_path, "a.png,p1,s1,1", "b.png,p1,,0", "c.png,p2,s1,0", head="file,patient,study,pneumonia")
    first, second, third = labelled(data).values()
    assert [row.study for row in (first, second, third)] == ["s1", "", "s1"]
    assert first.mask == data / "masks" / "a-lungs.png"
    assert first.finding_masks == {"pneumonia": data / "masks" / "a-pneumonia.png"}
    # Nothing is known of a finding that has no labels.
    assert (second.mask, second.finding_masks) == (data / "masks" / "b-lungs.png", {})
    assert (third.mask, third.finding_masks) == (None, {})


def test_masks_of_two_films_of_one_name_are_refused(tmp_path):
    lines = ("a.png,p1,1", "old/a.dcm,p2,0")
    assert len(labelled(folder(tmp_path, *lines, head="file,patient,pneumonia"))) == 2
    (tmp_path / "masks").mkdir()
    (tmp_path / "masks" / "a-lungs.png").write_bytes(b"whatever")
    error = told(tmp_path, *lines, head="file,patient,pneumonia")
    assert (error.code, "line 3 of labels.csv" in error.text) == ("bad-table", True)
