"""Where findings are: masks, boxes, and which of them a finding is held against."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from cxrdesk.api import Box
from cxrdesk.api.terms import FINDINGS
from cxrdesk.evaluation.datasets import Row
from cxrdesk.evaluation.saliency.truth import (
    BOX_FINDINGS,
    SIDE,
    STANDS_FOR,
    Target,
    covered,
    drawn,
    grid_of,
    mask_of,
    nih_boxes,
    truth_in,
)
from cxrdesk.imaging.errors import UserError
from cxrdesk.imaging.radiograph import View


def row(name="a.png", **about):
    return Row(path=Path(name), dataset="made", patient="p", view=View(), **about)


def picture(path, inside):
    cv2.imwrite(str(path), np.asarray(inside, np.uint8) * 255)
    return path


def nih_folder(folder, boxes):
    (folder / "nih").mkdir()
    head = "file,patient_id,official_split,age,sex,view,spacing_mm,Effusion"
    lines = [f"{name},{name[0]},val,50,M,PA,0.7,1" for name in ("a.jpg", "b.jpg")]
    (folder / "nih" / "labels.csv").write_text("\n".join([head, *lines, ""]))
    (folder / "nih" / "boxes.csv").write_text("\n".join(["file,label,source,x,y,w,h", *boxes, ""]))
    return folder


def test_every_name_of_the_tables_is_a_finding():
    assert set(BOX_FINDINGS.values()) <= set(FINDINGS)
    assert {*STANDS_FOR, *(name for names in STANDS_FOR.values() for name in names)} <= set(FINDINGS)


def test_boxes_are_joined_by_film_and_finding(tmp_path):
    lines = ["b.jpg,Effusion,nih,0.5,0.5,0.25,0.5", "a.jpg,Lung Opacity,rsna,0,0,0.5,0.5", "a.jpg,Mass,nih,0,0,1,1"]
    folder = nih_folder(tmp_path, [*lines, "a.jpg,Lung Opacity,rsna,0.5,0.5,0.6,0.5"])
    first, second = nih_boxes(folder)
    assert (first.row.path.name, second.row.path.name) == ("a.jpg", "b.jpg")
    assert first.regions == {"opacity": (Box(x0=0, y0=0, x1=0.5, y1=0.5), Box(x0=0.5, y0=0.5, x1=1, y1=1))}
    assert (
        mask_of(first.regions["opacity"], (4, 4)).tolist() == np.kron(np.eye(2), np.ones((2, 2))).astype(bool).tolist()
    )
    assert mask_of(second.regions["effusion"], (4, 8)).sum() == 2 * 2
    assert (second.row.age_years, second.row.patient) == (50, "b")
    assert truth_in(folder).name == "nih/boxes.csv"


@pytest.mark.parametrize(
    "line", ["c.jpg,Effusion,nih,0,0,1,1", "a.jpg,Effusion,nih,0,0,0,1", "a.jpg,Effusion,nih,x,0,1,1"]
)
def test_a_line_that_is_no_box_of_a_known_film_is_told(tmp_path, line):
    with pytest.raises(UserError) as caught:
        nih_boxes(nih_folder(tmp_path, [line]))
    assert caught.value.code == "bad-table"


def test_a_finding_is_held_against_its_own_region_first():
    own, opacity = Path("own.png"), Path("opacity.png")
    assert Target(row=row(), regions={"opacity": opacity, "pneumonia": own}).region("pneumonia") == ("pneumonia", own)
    assert Target(row=row(), regions={"opacity": opacity}).region("pneumonia") == ("opacity", opacity)
    assert Target(row=row(), regions={"pneumonia": own}).region("opacity") is None


def test_films_labelled_without_the_finding_have_no_region():
    masks = {"opacity": Path("o.png"), "edema": Path("e.png")}
    films = [row(finding_masks=masks, labels={"opacity": 1, "edema": 0}), row(), row(finding_masks=masks)]
    assert [set(target.regions) for target in drawn(films)] == [{"opacity"}, {"opacity", "edema"}]


def test_a_mask_keeps_its_place_on_the_grid(tmp_path):
    inside = np.zeros((1000, 500), bool)
    inside[500:, :250] = True
    grid = grid_of(inside.shape)
    assert grid == (SIDE, SIDE // 2)
    found = mask_of(picture(tmp_path / "m.png", inside), grid)
    assert found[grid[0] // 2 :, : grid[1] // 2].all()
    assert found.mean() == pytest.approx(0.25)
    assert grid_of((100, 50)) == (100, 50)


def test_a_region_smaller_than_a_cell_is_not_lost(tmp_path):
    inside = np.zeros((1000, 1000), bool)
    inside[501, 301] = True
    found = mask_of(picture(tmp_path / "m.png", inside), grid_of(inside.shape))
    assert np.argwhere(found).tolist() == [[501 * SIDE // 1000, 301 * SIDE // 1000]]
    assert [s.stop - s.start for s in covered(Box(x0=0.999, y0=0.5, x1=1, y1=0.5001), (10, 10))] == [1, 1]


def test_a_mask_of_nothing_or_no_picture_is_told(tmp_path):
    (tmp_path / "text.png").write_text("no picture")
    for path in (tmp_path / "text.png", tmp_path / "none.png", picture(tmp_path / "m.png", np.zeros((9, 9)))):
        with pytest.raises(UserError) as caught:
            mask_of(path, (9, 9))
        assert caught.value.code == "bad-mask"


def test_a_folder_without_regions_is_told(tmp_path):
    with pytest.raises(UserError) as caught:
        truth_in(tmp_path)
    assert caught.value.code == "no-regions"
