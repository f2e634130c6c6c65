"""Leaving decoder libraries out of an import, and bringing them in, is the same as importing pydicom as it is."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

LIBRARIES = {"gdcm", "PIL", "pylibjpeg", "openjpeg", "jpeg_ls", "tqdm"}
SCRIPT = """
import hashlib, json, sys
from pathlib import Path
from cxrdesk.imaging.decoders import decoder, import_for_native_films
early, *compressed = sys.argv[1:]
if early == "native":
    import_for_native_films()
from cxrdesk.imaging.reader import read_radiograph
from cxrdesk.imaging.resources import resource
told = {"film": read_radiograph(resource("samples/adult/chest-pa.dcm")).digest}
told["before"] = sorted({name.partition(".")[0] for name in sys.modules})
import pydicom.uid
syntaxes = [pydicom.uid.UID(uid) for uid, about in pydicom.uid.UID_dictionary.items() if about[1] == "Transfer Syntax"]
told["decoders"] = {}
for syntax in syntaxes:
    try:
        found = decoder(syntax)
    except NotImplementedError:
        continue
    # In the order in which they are tried.
    told["decoders"][syntax] = [list(found._available), list(found._unavailable)]
from pydicom.pixels import get_decoder, get_encoder
for syntax in told["decoders"]:
    assert get_decoder(syntax) is decoder(pydicom.uid.UID(syntax))
lossless = (pydicom.uid.JPEG2000Lossless, pydicom.uid.JPEGLSLossless)
told["encoders"] = {uid: get_encoder(uid).available_plugins for uid in lossless}
told["pixels"] = {}
for name in compressed:
    array = pydicom.dcmread(name).pixel_array
    told["pixels"][name] = [array.dtype.str, list(array.shape), hashlib.sha256(array.tobytes()).hexdigest()]
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def told() -> dict[str, dict[str, object]]:
    from pydicom.data import get_testdata_file

    names = ("SC_rgb_jpeg_gdcm.dcm", "JPEG2000.dcm", "MR_small_jp2klossless.dcm", "MR_small_RLE.dcm",
             "MR_small_jpeg_ls_lossless.dcm")  # fmt: skip
    # Those that travel with pydicom itself: others it would fetch.
    files = [str(path) for name in names if (path := get_testdata_file(name, download=False)) is not None]
    assert len(files) >= 4
    answers = {}
    for early in ("native", "whole"):
        done = subprocess.run([sys.executable, "-c", SCRIPT, early, *files], capture_output=True, text=True, check=True)
        answers[early] = json.loads(done.stdout)
    return answers


def test_a_native_film_needs_none_of_them(told):
    assert LIBRARIES & set(told["native"]["before"]) == set()
    assert {"gdcm", "PIL"} <= set(told["whole"]["before"])  # else there is nothing to leave out


@pytest.mark.parametrize("what", ["film", "decoders", "encoders", "pixels"])
def test_afterwards_all_is_as_usual(told, what):
    assert told["native"][what] == told["whole"][what]
    assert told["native"][what]


def test_an_import_that_came_earlier_is_left_alone():
    code = (
        "import pydicom.pixels.decoders.base as before\n"
        "from cxrdesk.imaging import decoders\n"
        "decoders.import_for_native_films()\n"
        "from pydicom.uid import JPEG2000\n"
        "assert decoders.decoder(JPEG2000) is before.get_decoder(JPEG2000)\n"
        "assert before.get_decoder(JPEG2000).is_available\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
