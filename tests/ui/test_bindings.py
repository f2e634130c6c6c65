"""Faults of the bindings that would end the process of whoever reads films for an hour."""

from __future__ import annotations

import sys

import pytest
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication, QWidget

_CALLS = 2000


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="None is immortal from Python 3.12 on: it is not counted")
def test_the_bindings_keep_the_count_of_none(qapp: QApplication) -> None:
    plain, widget = QObject(), QWidget()
    calls = (plain.parent, widget.update, widget.focusWidget, widget.unsetCursor)
    for call in calls:
        before = sys.getrefcount(None)
        for _ in range(_CALLS):
            call()
        # PySide6 6.12.0 loses one with each call; at none left Python ends the process.
        assert abs(sys.getrefcount(None) - before) < _CALLS // 10, call
    widget.deleteLater()
