"""Tiny downloads in the publishers' own layouts, filled with noise."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image

from cxrdesk.training.prepare.chexpert import OBSERVATIONS
from cxrdesk.training.prepare.nih import FINDINGS

KERMANY_FILMS = {
    "train/NORMAL/IM-0115-0001.jpeg": (60, 80),
    "train/NORMAL/NORMAL2-IM-0117-0001.jpeg": (300, 260),
    "train/PNEUMONIA/person1_bacteria_1.jpeg": (230, 400),
    "train/PNEUMONIA/person2_virus_7.jpeg": (230, 240),
    "test/NORMAL/IM-0001-0001.jpeg": (230, 240),
    "test/PNEUMONIA/person3_virus_6.jpeg": (230, 240),
}
KERMANY_VAL = {"val/NORMAL/NORMAL2-IM-1427-0001.jpeg": (230, 240)}
NIH_HEAD = (
    "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,OriginalImage[Width,"
    "Height],OriginalImagePixelSpacing[x,y],"
)
"""As published: the commas within brackets part columns, and a comma ends the line."""
NIH_LINES = (
    "00000001_000.png,Cardiomegaly|Emphysema,0,1,058Y,M,PA,2682,2749,0.143,0.143,",
    "00000001_001.png,No Finding,1,1,058Y,M,PA,2500,2048,0.168,0.168,",
    "00000002_000.png,Pleural_Thickening,0,2,009M,F,AP,2500,2048,0.171,0.171,",
    "00000003_000.png,Hernia,0,3,412Y,F,AP,2048,2500,0.168,0.168,",
)
CHEXPERT_HEAD = ("Path", "Sex", "Age", "Frontal/Lateral", "AP/PA", *OBSERVATIONS)
DARWIN_BOX = [(20, 10), (99, 10), (99, 89), (20, 89)]


def gray(shape: Sequence[int], seed: int = 0) -> np.ndarray:
    """A smooth picture."""
    rows, cols = np.mgrid[: shape[0], : shape[1]]
    return (100 + seed * 7 % 50 + 50 * np.sin(rows / 9 + seed) * np.cos(cols / 11)).astype(np.uint8)


@lru_cache(maxsize=64)
def picture(shape: tuple[int, int], form: str = "JPEG", seed: int = 0, mode: str = "L") -> bytes:
    """A file's bytes."""
    file = io.BytesIO()
    Image.fromarray(gray(shape, seed)).convert(mode).save(file, format=form)
    return file.getvalue()


def folder_of(path: Path, files: Mapping[str, bytes]) -> Path:
    """Write files below a folder."""
    for name, content in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)
    return path


def zip_of(path: Path, files: Mapping[str, bytes]) -> Path:
    """Write a zip file."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in files.items():
            file.writestr(name, content)
    return path


def kermany_files(*, kaggle: bool = False) -> dict[str, bytes]:
    """Mendeley's files with what its zip has besides; `kaggle` has val, and everything twice."""
    shapes = KERMANY_FILMS | (KERMANY_VAL if kaggle else {})
    made = {name: picture(shape, seed=k) for k, (name, shape) in enumerate(shapes.items())}
    files = {f"chest_xray/{name}": content for name, content in made.items()}
    files |= {f"chest_xray/chest_xray/{name}": content for name, content in made.items()} if kaggle else {}
    litter = {"chest_xray/train/.DS_Store": b"", "__MACOSX/chest_xray/train/NORMAL/._IM-0115-0001.jpeg": b"Mac OS X"}
    return files | litter


def nih_files(
    lines: Sequence[str] = NIH_LINES, *, version: str = "Data_Entry_2017.csv", side: int = 96
) -> dict[str, bytes]:
    """Table, pictures in two folders, boxes and lists."""
    names = [line.partition(",")[0] for line in lines]
    files = {
        f"images_{1 + k % 2:03d}/images/{name}": picture((side, side), "PNG", k, "RGBA" if k == 1 else "L")
        for k, name in enumerate(names)
    }
    boxes = (
        "Image Index,Finding Label,Bbox [x,y,w,h],,,",
        "00000001_000.png,Cardiomegaly,512,256.0,128,102.4,,,",
        "00009999_000.png,Mass,1,1,2,2,,,",
    )
    return files | {
        version: "\n".join([NIH_HEAD, *lines]).encode(),
        "BBox_List_2017.csv": "\n".join(boxes).encode(),
        "train_val_list.txt": b"00000001_000.png\n00000001_001.png\n",
        "test_list.txt": b"00000002_000.png",
    }


def nih_label(*present: str) -> list[str]:
    """The cells of a line with these findings."""
    return [str(int(name in present)) for name in FINDINGS]


def chexpert_line(path: str, about: Sequence[str], **observed: str) -> list[str]:
    """One line; observations by our key, those not given are blank."""
    return [f"CheXpert-v1.0-small/{path}", *about, *(observed.get(key, "") for key in OBSERVATIONS.values())]


CHEXPERT_TRAIN = (
    chexpert_line(
        "train/patient00001/study1/view1_frontal.jpg", ("Female", "68", "Frontal", "AP"), edema="1.0", fracture="0.0"
    ),
    chexpert_line("train/patient00001/study1/view2_lateral.jpg", ("Female", "68", "Lateral", ""), edema="1.0"),
    chexpert_line(
        "train/patient00002/study3/view1_frontal.jpg",
        ("Unknown", "0", "Frontal", "LL"),
        atelectasis="-1.0", effusion="0.0", cardiomegaly="1.0", consolidation="-1.0",
    ),
)  # fmt: skip
CHEXPERT_VALID = (
    chexpert_line("valid/patient64541/study1/view1_frontal.jpg", ("Male", "73", "Frontal", "PA"), edema="0.0"),
)


def csv_bytes(head: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """A table."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([head, *rows])
    return text.getvalue().encode()


def chexpert_files(train: Sequence[Sequence[str]] = CHEXPERT_TRAIN) -> dict[str, bytes]:
    """Both tables and their films."""
    rows = [*train, *CHEXPERT_VALID]
    files = {row[0]: picture((320, 390), seed=k) for k, row in enumerate(rows)}
    return files | {
        "CheXpert-v1.0-small/train.csv": csv_bytes(CHEXPERT_HEAD, train),
        "CheXpert-v1.0-small/valid.csv": csv_bytes(CHEXPERT_HEAD, CHEXPERT_VALID),
    }


def darwin(film: str, shape: tuple[int, int] = (100, 200), *, version: int = 1, lungs: int = 1) -> bytes:
    """An outline: `lungs` boxes of 80 x 80 pixels, the first with its corner at (20, 10)."""
    height, width = shape
    boxes = [[{"x": x + 90 * k, "y": y} for x, y in DARWIN_BOX] for k in range(lungs)]
    tag = {"name": "Viral Pneumonia", "tag": {}}
    if version == 1:
        image = {"filename": "3.jpg", "original_filename": film, "width": width, "height": height, "url": "https://x"}
        content = {"image": image, "annotations": [tag, *({"name": "Lung", "polygon": {"path": b}} for b in boxes)]}
    else:
        item = {"name": film, "slots": [{"width": width, "height": height, "slot_name": "0"}]}
        drawn = [{"name": "Lung", "polygon": {"paths": [box]}} for box in boxes]
        content = {"version": "2.0", "item": item, "annotations": [tag, *drawn]}
    return json.dumps(content).encode()


METADATA_HEAD = (
    "patientid", "offset", "sex", "age", "finding", "view", "modality", "folder", "filename", "license", "notes",
)  # fmt: skip
METADATA = (
    ("2", "0", "M", "65", "Pneumonia/Viral/COVID-19", "PA", "X-ray", "images", "b.jpeg", "CC BY 4.0", ""),
    ("2", "3", "M", "65", "Pneumonia/Viral/COVID-19", "L", "X-ray", "images", "side.jpeg", "CC BY 4.0", ""),
    ("3", "", "", "", "No Finding", "AP Supine", "X-ray", "images", "A.png", "", ""),
    ("4", "", "F", "9", "Pneumonia", "PA", "X-ray", "images", "child.jpeg", "CC BY 4.0", ""),
    ("5", "", "F", "40", "Pneumonia", "Axial", "CT", "images", "ct.jpeg", "CC BY 4.0", ""),
)


def covid_files() -> dict[str, bytes]:
    """Films of covid-chestxray-dataset, one of them without an outline of V7 Labs."""
    films = {row[8]: (600, 1200) if row[8] == "b.jpeg" else (100, 200) for row in METADATA}
    files = {
        f"covid-chestxray-dataset/images/{name}": picture(shape, "PNG" if name.endswith("png") else "JPEG")
        for name, shape in films.items()
    }
    return files | {"covid-chestxray-dataset/metadata.csv": csv_bytes(METADATA_HEAD, METADATA)}
