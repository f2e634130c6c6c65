"""Library warnings stay on the thread that caused them and never name a patient."""

from __future__ import annotations

import logging
import threading
import warnings

import pytest

from cxrdesk.imaging.notices import collect_warnings, without_values


def test_each_thread_gets_its_own_warnings() -> None:
    start = threading.Barrier(4)
    collected: dict[int, list[str]] = {}

    def work(number: int) -> None:
        with collect_warnings() as texts:
            start.wait()
            for _ in range(50):
                warnings.warn(f"thread {number}", UserWarning, stacklevel=1)
            start.wait()
            collected[number] = list(texts)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert collected == {number: [f"thread {number}"] * 50 for number in range(4)}


def test_warnings_work_as_before_afterwards() -> None:
    shown, filters = warnings.showwarning, list(warnings.filters)
    with collect_warnings() as texts:
        warnings.warn("inside", UserWarning, stacklevel=1)
    assert texts == ["inside"]
    assert warnings.showwarning is shown
    assert warnings.filters == filters
    with pytest.warns(UserWarning, match="outside"):
        warnings.warn("outside", UserWarning, stacklevel=1)


def test_log_records_of_libraries_are_collected_too(caplog: pytest.LogCaptureFixture) -> None:
    with collect_warnings() as texts:
        logging.getLogger("pydicom").warning("odd")
        logging.getLogger("elsewhere").info("kept")
    assert texts == ["odd"]
    assert not any(record.name == "pydicom" for record in caplog.records)


def test_values_are_cut_off() -> None:
    texts = ["Invalid value for VR PN: 'Doe^Jane'.", "Bad 'Doe^Jane'", "A in file /home/jane/doe.dcm", "Plain", "Plain"]
    assert without_values(texts) == ["Invalid value for VR PN", "Bad", "A", "Plain"]
