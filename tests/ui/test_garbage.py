"""No thread but the interface's ever takes down what hangs together in cycles."""

from __future__ import annotations

import gc
import threading

from cxrdesk.ui.garbage import collect_due

ENDED: list[str] = []


class Cycle:
    def __init__(self) -> None:
        self.me = self

    def __del__(self) -> None:
        ENDED.append(threading.current_thread().name)


def allocate(kept: list[list[int]]) -> None:
    kept += [[number] for number in range(200_000)]


def test_cycles_end_on_the_thread_of_the_window(make_seat, qtbot) -> None:
    gc.enable()  # the suite keeps it off: here the window must
    make_seat()
    assert not gc.isenabled()
    gc.collect()
    ENDED.clear()
    for _ in range(50):
        Cycle()
    kept: list[list[int]] = []
    other = threading.Thread(target=allocate, args=(kept,), name="other")
    other.start()
    other.join()
    assert "other" not in ENDED
    qtbot.waitUntil(lambda: len(ENDED) == 50)
    assert len(kept) == 200_000
    assert set(ENDED) == {threading.main_thread().name}


def test_few_objects_are_not_looked_through() -> None:
    gc.collect()
    ENDED.clear()
    Cycle()
    collect_due()
    assert ENDED == []
    gc.collect()
    assert len(ENDED) == 1


def test_many_objects_are_looked_through_to_the_oldest() -> None:
    old = Cycle()
    gc.collect()
    ENDED.clear()
    del old
    collect_due()
    assert ENDED == []
    first, second, third = gc.get_threshold()
    many = [[number] for number in range(first * (second * (third or 10) + 2))]
    collect_due()
    assert len(ENDED) == 1
    assert many
