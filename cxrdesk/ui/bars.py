"""Qt's actions for the rows of the table, with their keys, in menus and in the tool bar."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenuBar, QToolBar, QToolButton, QWidget

from cxrdesk.ui.actions import ACTIONS

_EXTENSION = 16
"""Screen pixels that the button for what has no room is wider than Qt makes it."""


def make_actions(owner: QWidget, handlers: Mapping[str, Callable[..., object]]) -> dict[str, QAction]:
    """One QAction for each row of the table, without keys yet; KeyError where a row has no handler."""
    actions = {}
    for spec in ACTIONS:
        action = QAction(spec.text, owner)
        action.setCheckable(spec.checkable)
        action.setIconText(spec.short or spec.text)
        handler = handlers[spec.key]
        # Without the lambda Qt would hand `checked` to handlers that take nothing.
        if spec.checkable:
            action.toggled.connect(handler)
        else:
            action.triggered.connect(lambda _checked=False, call=handler: call())
        owner.addAction(action)
        actions[spec.key] = action
    return actions


def bind(actions: Mapping[str, QAction], keys: Mapping[str, tuple[str, ...]]) -> None:
    """Give the actions their keys, and say the first one in the tip."""
    for spec in ACTIONS:
        action = actions[spec.key]
        action.setShortcuts([QKeySequence(key) for key in keys[spec.key]])
        shown = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        action.setToolTip(f"{spec.tip or spec.name} ({shown})" if shown else spec.tip or spec.name)


def fill_menus(bar: QMenuBar, actions: Mapping[str, QAction]) -> None:
    """Menus in the table's order."""
    menus = {}
    for spec in ACTIONS:
        if spec.menu not in menus:
            menus[spec.menu] = bar.addMenu(spec.menu)
        if spec.apart:
            menus[spec.menu].addSeparator()
        menus[spec.menu].addAction(actions[spec.key])


def fill_tool_bar(bar: QToolBar, actions: Mapping[str, QAction]) -> None:
    """The actions with a short text."""
    for spec in ACTIONS:
        if not spec.short:
            continue
        action = actions[spec.key]
        if spec.apart and bar.actions():
            bar.addSeparator()
        bar.addAction(action)
        bar.widgetForAction(action).setFocusPolicy(Qt.FocusPolicy.TabFocus)
    # Qt gives the button for what has no room as much as its mark alone needs, at any size of it.
    bar.setContentsMargins(0, 0, _EXTENSION, 0)
    for more in bar.findChildren(QToolButton, "qt_toolbar_ext_button"):
        more.setAccessibleName("Tools that have no room")
        more.setToolTip("Tools that have no room")
