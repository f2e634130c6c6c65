"""What is told while films are read and scored, where stderr is a file."""

from __future__ import annotations

import pytest

from cxrdesk.training import telling


@pytest.fixture
def clock(monkeypatch):
    seconds = [0.0]
    monkeypatch.setattr(telling.time, "monotonic", lambda: seconds[0])
    return seconds


def test_a_line_at_first_and_then_now_and_again_with_an_estimate(clock, capsys):
    with telling.telling("scoring films") as progress:
        for done in range(100):
            progress(done, 100)
            clock[0] += 1.0
        progress(100, 100)
    lines = capsys.readouterr().err.splitlines()
    assert lines[:3] == [
        "scoring films: 100",
        "scoring films: 10 of 100, about 2 min left",
        "scoring films: 20 of 100, about 80 s left",
    ]
    assert len(lines) == 11


@pytest.mark.parametrize(("seconds", "words"), [(3.4, "3 s"), (600, "10 min"), (9000, "2.5 h")])
def test_an_estimate_is_no_more_exact_than_it_is(seconds, words):
    assert telling.span(seconds) == words
