"""Every action with its keys: search, give other ones, see conflicts, go back."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QAccessible, QColor, QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QKeySequenceEdit,
    QLabel,
    QLineEdit,
    QPushButton,
    QToolButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from cxrdesk.ui.actions import ACTIONS
from cxrdesk.ui.dialogs.sizes import fit_size
from cxrdesk.ui.keymap import Keys, changes, conflicts, fixed_use, native, own_keys, portable, wished_keys
from cxrdesk.ui.panels.pieces import label
from cxrdesk.ui.shapes import Shape, ShapeLabel
from cxrdesk.ui.theme import colours, scaled

_NAME = Qt.ItemDataRole.UserRole
_SPECS = {spec.key: spec for spec in ACTIONS}
_MOST_KEYS = 2


class _KeyField(QKeySequenceEdit):
    """Takes the next key pressed."""

    ACCESSIBLE_ROLE = QAccessible.Role.HotkeyField


class ShortcutsDialog(QDialog):
    """Edits a copy; `changed` gives back what differs from the actions' own keys."""

    def __init__(self, shortcuts: Keys, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._unknown = {name: keys for name, keys in shortcuts.items() if name not in _SPECS}
        self._keys = wished_keys(shortcuts)
        self.setWindowTitle("Keys")
        fit_size(self, 620, 560)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search for an action or a key")
        self.search.setAccessibleName("Search for an action or a key")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._filter)
        self.table = self._table()
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self.buttons.button(QDialogButtonBox.StandardButton.Ok).setProperty("primary", "true")
        self.reset_all = self.buttons.addButton("Reset all", QDialogButtonBox.ButtonRole.ResetRole)
        self.reset_all.setAutoDefault(False)
        self.reset_all.clicked.connect(lambda: self._set_all(own_keys()))
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 16, 18, 14)
        column.setSpacing(10)
        column.addWidget(self.search)
        column.addWidget(self.table, 1)
        column.addWidget(self._editor())
        column.addLayout(self._warning())
        column.addWidget(self.buttons)
        self._fill()
        self.table.setCurrentItem(self._rows[ACTIONS[0].key])

    @property
    def changed(self) -> dict[str, tuple[str, ...]]:
        """Keys that differ from the actions' own, for the settings; those of a newer version's actions are kept."""
        return {**self._unknown, **changes(self._keys)}

    # What it is made of

    def _table(self) -> QTreeWidget:
        table = QTreeWidget()
        table.setHeaderLabels(["Action", "Keys", "Remark"])
        table.setAccessibleName("Actions and their keys")
        table.setRootIsDecorated(False)
        table.setAlternatingRowColors(False)
        table.setUniformRowHeights(True)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.header().setSectionsMovable(False)
        table.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for section in (1, 2):
            table.header().setSectionResizeMode(section, QHeaderView.ResizeMode.ResizeToContents)
        table.currentItemChanged.connect(lambda *_: self._show_chosen())
        self._rows: dict[str, QTreeWidgetItem] = {}
        menus = self._menus = dict[str, QTreeWidgetItem]()
        for spec in ACTIONS:
            if spec.menu not in menus:
                menus[spec.menu] = QTreeWidgetItem(table, [spec.menu.replace("&", "")])
                menus[spec.menu].setFlags(Qt.ItemFlag.ItemIsEnabled)
                menus[spec.menu].setExpanded(True)
            row = QTreeWidgetItem(menus[spec.menu], [spec.name])
            row.setData(0, _NAME, spec.key)
            row.setToolTip(0, spec.tip or spec.name)
            self._rows[spec.key] = row
        return table

    def _editor(self) -> QFrame:
        frame = QFrame()
        frame.setProperty("role", "card")
        column = QVBoxLayout(frame)
        column.setContentsMargins(12, 8, 12, 10)
        self.chosen = label("", "title")
        column.addWidget(self.chosen)
        row = QHBoxLayout()
        self.fields: list[QKeySequenceEdit] = []
        self.clears: list[QToolButton] = []
        for number in range(_MOST_KEYS):
            field = _KeyField()
            field.setMaximumSequenceLength(1)
            field.setMinimumWidth(scaled(90))
            # A change is told of an empty field too, whenever a key goes down.
            field.editingFinished.connect(lambda at=number: self._take(at, self.fields[at].keySequence()))
            self.fields.append(field)
            clear = QToolButton()
            clear.setText("Clear")
            clear.setAccessibleName(("Clear the key", "Clear the other key")[number])
            clear.clicked.connect(lambda _checked=False, at=number: self._take(at, QKeySequence()))
            self.clears.append(clear)
            name = QLabel(("&Key", "&Other key")[number])
            name.setBuddy(field)
            row.addWidget(name)
            row.addWidget(field, 1)
            row.addWidget(clear)
        self.reset = QPushButton("&Reset")
        self.reset.setAutoDefault(False)
        self.reset.clicked.connect(self._reset_chosen)
        row.addWidget(self.reset)
        column.addLayout(row)
        return frame

    def _warning(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self._shape = ShapeLabel(Shape.TRIANGLE, colours().warning)
        self.warning = label("")
        self.take_away = QPushButton()
        self.take_away.setAutoDefault(False)
        self.take_away.clicked.connect(self._take_away)
        row.addWidget(self._shape)
        row.addWidget(self.warning, 1)
        row.addWidget(self.take_away)
        return row

    # What it shows

    def _fill(self) -> None:
        shared, own, c = conflicts(self._keys), own_keys(), colours()
        for name, row in self._rows.items():
            keys = self._keys[name]
            others = dict.fromkeys(other for key in keys for other in shared.get(key, ()) if other != name)
            told = "also: " + ", ".join(_SPECS[other].name for other in others) if others else ""
            if not told and keys != own[name]:
                told = "changed"
            row.setText(1, " or ".join(native(key) for key in keys) or "–")
            row.setText(2, told)
            for section in range(3):
                row.setForeground(section, QColor(c.warning if others else c.text))
        self._show_chosen()
        self._filter(self.search.text())
        ok = self.buttons.button(QDialogButtonBox.StandardButton.Ok)
        ok.setEnabled(not shared)
        ok.setToolTip("Give every shared key to one action first" if shared else "")

    def _show_chosen(self) -> None:
        name = self._chosen()
        keys = self._keys.get(name, ())
        self.chosen.setText(_SPECS[name].name if name else "No action is chosen")
        for number, field in enumerate(self.fields):
            with QSignalBlocker(field):
                field.setKeySequence(QKeySequence(keys[number]) if number < len(keys) else QKeySequence())
            field.setEnabled(bool(name))
            self.clears[number].setEnabled(number < len(keys))
            told = f"{('Key', 'Other key')[number]} of {_SPECS[name].name}" if name else "Key"
            field.setAccessibleName(told)
            for line in field.findChildren(QLineEdit):
                line.setAccessibleName(told)
                line.setPlaceholderText("Press a key")
        self.reset.setEnabled(bool(name) and keys != own_keys()[name])
        self._show_conflict()

    def _show_conflict(self) -> None:
        shared = conflicts(self._keys)
        mine = next(((key, names) for key, names in shared.items() if self._chosen() in names), None)
        if mine is not None:
            others = [_SPECS[name].name for name in mine[1] if name != self._chosen()]
            self._warn(f"{native(mine[0])} is also a key of {' and '.join(others)}.", f"Take it from {others[0]}")
        elif shared:
            key, names = next(iter(shared.items()))
            self._warn(f"{native(key)} is a key of {' and '.join(_SPECS[name].name for name in names)}.")
        else:
            self._warn("")

    def _warn(self, text: str, remedy: str = "") -> None:
        self.warning.setText(text)
        self._shape.setVisible(bool(text))
        self.take_away.setText(remedy)
        self.take_away.setVisible(bool(remedy))

    def _filter(self, text: str) -> None:
        wanted, seen = text.strip().casefold(), set()
        for name, row in self._rows.items():
            told = " ".join((row.text(0), row.text(1), row.text(2), _SPECS[name].tip)).casefold()
            row.setHidden(wanted not in told)
            if wanted in told:
                seen.add(_SPECS[name].menu)
        for name, menu in self._menus.items():
            menu.setHidden(name not in seen)

    # What the reader does

    def _chosen(self) -> str:
        row = self.table.currentItem()
        return str(row.data(0, _NAME) or "") if row is not None else ""

    def _take(self, number: int, sequence: QKeySequence) -> None:
        name, key = self._chosen(), portable(sequence.toString())
        use = fixed_use(key)
        if use is not None:
            self._show_chosen()
            self._warn(f"{native(key)} {use}; choose another key.")
            return
        keys = [*self._keys[name], "", ""][:_MOST_KEYS]
        keys[number] = key
        self._set_all({**self._keys, name: tuple(dict.fromkeys(filter(None, keys)))})

    def _reset_chosen(self) -> None:
        self._set_all({**self._keys, self._chosen(): own_keys()[self._chosen()]})

    def _take_away(self) -> None:
        chosen = self._chosen()
        mine = set(self._keys[chosen])
        kept = {name: tuple(key for key in keys if key not in mine) for name, keys in self._keys.items()}
        self._set_all({**kept, chosen: self._keys[chosen]})

    def _set_all(self, keys: dict[str, tuple[str, ...]]) -> None:
        self._keys = keys
        self._fill()
