"""Leaving decoder libraries out when pydicom is imported changes nothing about films."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

LIBRARIES = {"gdcm", "PIL", "pylibjpeg", "openjpeg", "jpeg_ls", "tqdm"}
SCRIPT = """
import hashlib, json, sys
from pathlib import Path
from cxrdesk.imaging.decoders import import_for_native_films
early, *compressed = sys.argv[1:]
if early == "native":
    import_for_native_films()
from cxrdesk.imaging.reader import read_film, read_radiograph
from cxrdesk.imaging.resources import resource
told = {"film": read_radiograph(resource("samples/adult/chest-pa.dcm")).digest}
told["before"] = sorted({name.partition(".")[0] for name in sys.modules})
told["pixels"] = {}
for name in compressed:
    opened = read_film(name)
    pixels = opened.presentation.colour if opened.radiograph is None else opened.radiograph.stored
    told["pixels"][name] = [pixels.dtype.str, list(pixels.shape), hashlib.sha256(pixels.tobytes()).hexdigest()]
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def told() -> dict[str, dict[str, object]]:
    from pydicom.data import get_testdata_file

    names = ("SC_rgb_jpeg_gdcm.dcm", "SC_rgb_gdcm_KY.dcm", "SC_rgb_rle.dcm", "JPEGLSNearLossless_16.dcm",
             "SC_rgb_jpeg_dcmtk.dcm", "SC_rgb_jls_lossy_line.dcm")  # fmt: skip
    # Those that travel with pydicom itself: others it would fetch.
    files = [str(path) for name in names if (path := get_testdata_file(name, download=False)) is not None]
    assert len(files) >= 4
    answers = {}
    for early in ("native", "whole"):
        done = subprocess.run([sys.executable, "-c", SCRIPT, early, *files], capture_output=True, text=True, check=True)
        answers[early] = json.loads(done.stdout)
    return answers


def test_films_need_none_of_them(told):
    assert LIBRARIES & set(told["native"]["before"]) == set()
    assert {"gdcm", "PIL"} <= set(told["whole"]["before"])  # else there is nothing to leave out


@pytest.mark.parametrize("what", ["film", "pixels"])
def test_films_are_the_same_without_them(told, what):
    assert told["native"][what] == told["whole"][what]
    assert told["native"][what]


def test_an_import_that_came_earlier_is_left_alone():
    code = (
        "import pydicom.pixels.decoders.base as before\n"
        "from cxrdesk.imaging import decoders\n"
        "decoders.import_for_native_films()\n"
        "from pydicom.uid import JPEG2000\n"
        "assert before.get_decoder(JPEG2000).is_available\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
