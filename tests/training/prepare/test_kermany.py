"""Kermany's films from Mendeley's zip and from Kaggle's."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from cxrdesk.evaluation.datasets import kermany as read
from cxrdesk.imaging.errors import UserError
from cxrdesk.imaging.reader import read_radiograph
from cxrdesk.training.prepare import kermany
from tests.made_data import real_data
from tests.made_downloads import folder_of, gray, kermany_files, picture, zip_of

TRAIN = {
    "NORMAL/IM-0115-0001.jpeg",
    "NORMAL/NORMAL2-IM-0117-0001.jpeg",
    "PNEUMONIA/person1_bacteria_1.jpeg",
    "PNEUMONIA/person2_virus_7.jpeg",
}
VAL = {"NORMAL/NORMAL2-IM-1427-0001.jpeg"}
TEST = {"NORMAL/IM-0001-0001.jpeg", "PNEUMONIA/person3_virus_6.jpeg"}


def films(folder):
    return {path.relative_to(folder).as_posix() for path in folder.glob("*/*")}


@pytest.mark.parametrize("kaggle", [False, True])
@pytest.mark.parametrize("place", [folder_of, zip_of])
def test_splits_are_kept_apart(prepared, tmp_path, place, kaggle):
    test, train = prepared(kermany.prepare, place(tmp_path / "download.zip", kermany_files(kaggle=kaggle)))
    assert films(tmp_path / "out/kermany") == TRAIN | (VAL if kaggle else set())
    assert films(tmp_path / "out/kermany_test") == TEST
    assert (train.films, test.films) == (4 + kaggle, 2)
    assert not train.left_out + test.left_out
    assert "CC BY 4.0" in (train.folder / "README.txt").read_text()
    rows = read(tmp_path / "out")
    assert len(rows) == train.films
    assert {row.patient for row in rows} >= {"normal115", "normal117", "person1", "person2"}


def test_films_are_resized_without_keeping_the_aspect_ratio(prepared, tmp_path):
    prepared(kermany.prepare, folder_of(tmp_path / "download", kermany_files()))
    for path in (tmp_path / "out").glob("kermany*/*/*.jpeg"):
        assert read_radiograph(path).pixels.shape == (224, 224)
    # Pillow's own reduction by boxes is another way to the same picture.
    made = Image.open(tmp_path / "out/kermany/PNEUMONIA/person1_bacteria_1.jpeg")
    expected = Image.fromarray(gray((230, 400), 2)).resize((224, 224), Image.Resampling.BOX)
    assert np.abs(np.asarray(made, float) - np.asarray(expected, float)).mean() < 2


def test_real_films_have_the_same_form(prepared, tmp_path):
    real = next((real_data() / "kermany/NORMAL").iterdir())
    prepared(kermany.prepare, folder_of(tmp_path / "download", {f"train/NORMAL/{real.name}": real.read_bytes()}))
    with Image.open(real) as one, Image.open(tmp_path / "out/kermany/NORMAL" / real.name) as other:
        assert one.size == other.size
        assert one.format == other.format == "JPEG"
        assert one.quantization[0] == other.quantization[0]
        assert np.abs(np.asarray(one.convert("L"), float) - np.asarray(other, float)).mean() < 1


def test_what_cannot_be_read_is_left_out_and_named(prepared, tmp_path):
    files = kermany_files()
    whole = files["chest_xray/train/NORMAL/IM-0115-0001.jpeg"]
    files["chest_xray/train/NORMAL/IM-0115-0001.jpeg"] = whole[: len(whole) // 2]
    files["chest_xray/train/NORMAL/holiday.jpeg"] = whole
    files["more/train/PNEUMONIA/person2_virus_7.jpeg"] = picture((230, 240), seed=99)
    _, train = prepared(kermany.prepare, folder_of(tmp_path / "download", files))
    assert train.left_out == {"truncated": 1, "unknown-name": 1, "duplicate": 1}
    told = (train.folder / "left_out.csv").read_text()
    for name in ("train/NORMAL/IM-0115-0001.jpeg", "holiday.jpeg", "more/train/PNEUMONIA/person2_virus_7.jpeg"):
        assert name in told
    assert len(read(tmp_path / "out")) == 3


def test_a_run_that_was_stopped_goes_on(prepared, tmp_path, monkeypatch):
    place = folder_of(tmp_path / "download", kermany_files())
    made = 0
    whole = kermany.as_jpeg

    def stopped(*given, **named):
        nonlocal made
        made += 1
        if made == 4:  # within the training split
            raise KeyboardInterrupt
        return whole(*given, **named)

    monkeypatch.setattr(kermany, "as_jpeg", stopped)
    with pytest.raises(KeyboardInterrupt):
        prepared(kermany.prepare, place)
    with pytest.raises(UserError, match="holds no films"):
        read(tmp_path / "out")
    with pytest.raises(UserError, match="add --resume"):
        prepared(kermany.prepare, place)
    prepared(kermany.prepare, place, resume=True)
    assert made == 4 + 3
    assert films(tmp_path / "out/kermany") == TRAIN
    assert films(tmp_path / "out/kermany_test") == TEST


def test_another_download_is_told(prepared, tmp_path):
    with pytest.raises(UserError, match="train/NORMAL") as caught:
        prepared(kermany.prepare, folder_of(tmp_path / "download", {"images/a.jpeg": picture((20, 20))}))
    assert caught.value.code == "no-data"
    assert not (tmp_path / "out").exists()


def test_colour_films_of_gray_levels_are_read(prepared, tmp_path):
    content = picture((230, 240), mode="RGB")
    assert Image.open(io.BytesIO(content)).mode == "RGB"
    [train] = prepared(kermany.prepare, folder_of(tmp_path / "d", {"train/NORMAL/IM-0001-0001.jpeg": content}))
    assert train.films == 1
