"""Files broken on purpose open or are refused in a sentence: a sample of what ``python -m tests.mutated`` opens."""

from __future__ import annotations

import sys
import tracemalloc
from collections import Counter
from pathlib import Path

import pydicom
import pytest

from cxrdesk.imaging.errors import FilmError
from cxrdesk.imaging.reader import read_film
from tests.mutated.__main__ import Opener, wrong
from tests.mutated.maker import WAYS, mutated
from tests.mutated.opener import is_a_sentence, opened

SAMPLE = range(240)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux says what a file takes")


def test_the_same_number_makes_the_same_file() -> None:
    files = [mutated(number, seed=3) for number in (0, 17, 17)]
    assert files[1] == files[2]
    assert files[0] != files[1]
    assert mutated(17, seed=4) != files[1]


@pytest.mark.parametrize("way", [way for way in WAYS if way != "bomb"])  # each of those takes a second or two
def test_a_sample_opens_or_is_refused_in_a_sentence(tmp_path: Path, way: str) -> None:
    ends: Counter[str] = Counter()
    for number in SAMPLE:
        file = mutated(number)
        if file.ways[0] != way or "bomb" in file.ways:
            continue
        (tmp_path / "film.dcm").write_bytes(file.content)
        ended = opened(tmp_path / "film.dcm")
        assert not wrong(ended), (number, file.source, file.ways, ended)
        ends[ended.outcome] += 1
    assert sum(ends.values()) >= 8
    assert len(ends) > 1


def test_bombs_end_in_a_process_of_their_own(tmp_path: Path) -> None:
    opener = Opener()
    try:
        for number in (77, 115):
            file = mutated(number)
            (tmp_path / "film.dcm").write_bytes(file.content)
            assert not wrong(opener.open(tmp_path / "film.dcm")), file.ways
    finally:
        opener.stop()


def test_sixty_thousand_by_sixty_thousand_is_refused_before_it_allocates(tmp_path: Path, save_film) -> None:
    path = save_film()
    ds = pydicom.dcmread(path)
    ds.Rows = ds.Columns = 60_000
    ds.save_as(path)
    tracemalloc.start()
    try:
        with pytest.raises(FilmError) as caught:
            read_film(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert caught.value.code == "too-large"
    assert "60000 x 60000" in caught.value.text
    assert is_a_sentence(caught.value.text)
    assert peak < 5_000_000
