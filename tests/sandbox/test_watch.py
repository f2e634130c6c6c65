"""What runs below a process, and how much memory it takes."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from cxrdesk.sandbox import watch

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="forks")


def test_a_process_and_what_it_started():
    code = "import subprocess, sys; subprocess.run([sys.executable, '-I', '-S', '-c', 'input()'])"
    with subprocess.Popen([sys.executable, "-I", "-S", "-c", code], stdin=subprocess.PIPE) as process:
        while len(found := watch.tree(process.pid)) < 2:
            pass
        assert found[0] == process.pid
        assert watch.resident_mb(process.pid) > 5
        process.communicate(b"\n")
    assert watch.resident_mb(process.pid) == 0


def test_a_process_that_ends_while_one_looks_leaves_nothing_open(monkeypatch):
    def gone(*_):
        raise FileNotFoundError

    monkeypatch.setattr(watch.Path, "read_text", gone)
    # A folder that is left open is a warning, and so a failure of this test.
    assert watch.tree(os.getpid()) == [os.getpid()]
    assert watch.resident_mb(os.getpid()) == 0


def test_a_machine_has_memory():
    assert 100 < watch.machine_mb() < 1 << 30
