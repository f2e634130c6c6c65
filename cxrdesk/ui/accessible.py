"""Roles for screen readers of widgets that Qt does not know: those that we paint ourselves."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtGui import QAccessible, QAccessibleInterface
from PySide6.QtWidgets import QAccessibleWidget, QWidget

_installed = False


def install() -> None:
    """Give every widget the role of its class' ``ACCESSIBLE_ROLE``; others keep Qt's own."""
    global _installed
    if not _installed:
        _installed = True
        QAccessible.installFactory(_made)


def _made(_name: str, thing: QObject) -> QAccessibleInterface | None:
    role = getattr(thing, "ACCESSIBLE_ROLE", None)
    if role is None or not isinstance(thing, QWidget):
        return None
    return QAccessibleWidget(thing, role)
