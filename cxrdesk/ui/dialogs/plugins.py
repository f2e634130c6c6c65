"""Plugins: what is installed, what could not be listed and why, what a stick offers, whom the user trusts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from packaging.utils import canonicalize_name
from packaging.version import Version
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QMessageBox,
    QPushButton,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from cxrdesk import DISCLAIMER
from cxrdesk.discovery.registry import PluginFailure, Registry
from cxrdesk.packages.index import Available, Index, News
from cxrdesk.packages.keys import PublicKey
from cxrdesk.ui.dialogs.model_card import ModelCardDialog
from cxrdesk.ui.dialogs.sizes import fit_size
from cxrdesk.ui.panels.package_card import PackageCard, failure_card, plugin_card
from cxrdesk.ui.panels.pieces import ScrollColumn, card, clear, label, shaped
from cxrdesk.ui.plugin_work import SUFFIX, Card, PluginWork, Snapshot
from cxrdesk.ui.shapes import Shape
from cxrdesk.ui.theme import colours

_NONE = "No plugin is installed. Install one from a file, or drop it onto the window."
_NEWS = {
    News.NEW: "Not installed.",
    News.UPDATE: "Newer than the installed version.",
    News.SAME: "Installed.",
    News.OLDER: "Older than the installed version.",
}


class PluginsDialog(QDialog):
    """Four pages: installed, a folder's offer, publishers, protection."""

    def __init__(self, registry: Registry | None, work: PluginWork, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._registry, self._work = registry, work
        self._snapshot = Snapshot()
        self._updates: dict[str, Available] = {}
        self.setWindowTitle("Plugins")
        fit_size(self, 740, 540)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setDrawBase(False)
        self._pages = {name: _Page() for name in ("Installed", "In a folder", "Publishers", "Protection")}
        for name, page in self._pages.items():
            self.tabs.addTab(page, name)
        self.install_button = self._pages["Installed"].add_button("Install from a file…", self._ask_file)
        self.folder_button = self._pages["In a folder"].add_button("Choose a folder or stick…", self._ask_folder)
        self.key_button = self._pages["Publishers"].add_button("Trust a publisher's key…", self._ask_key)
        self.told = label("")
        self.told.hide()
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        bottom = QHBoxLayout()
        bottom.setContentsMargins(16, 0, 14, 0)
        bottom.addWidget(label(DISCLAIMER, "disclaimer"), 1)
        bottom.addWidget(buttons)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 12)
        outer.addWidget(self.tabs, 1)
        outer.addWidget(self.told)
        outer.addLayout(bottom)
        self.told.setContentsMargins(16, 0, 14, 0)
        work.shown.connect(self.show_snapshot)
        work.looked.connect(self._show_index)
        work.key_read.connect(self._confirm_key)
        work.refused.connect(self._refused)
        work.busy_changed.connect(self._show_busy)
        self._show_installed()
        self._show_look(None)
        work.refresh()

    def set_registry(self, registry: Registry) -> None:
        """Plugins were listed again."""
        self._registry = registry
        self._show_installed()

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """What is installed from packages, as it is now."""
        self._snapshot = snapshot
        self._tell(snapshot.fault)
        self._show_installed()
        self._show_publishers()
        self._show_protection()

    def _refused(self, _what: str, text: str) -> None:
        self._tell(text)

    def _tell(self, text: str) -> None:
        self.told.setText(text)
        self.told.setVisible(bool(text))

    def _show_busy(self, busy: bool) -> None:
        for button in (self.install_button, self.folder_button, self.key_button):
            button.setEnabled(not busy)

    def _show_installed(self) -> None:
        page = self._pages["Installed"]
        failures = list(self._registry.failures) if self._registry is not None else []
        plugins = list(self._registry.plugins) if self._registry is not None else []
        ours = {shown.plugin.name for shown in self._snapshot.cards}
        widgets: list[QWidget] = [failure_card(f) for f in failures if canonicalize_name(f.distribution) not in ours]
        widgets += [self._package(shown, failures) for shown in self._snapshot.cards]
        widgets += [plugin_card(p) for p in plugins if canonicalize_name(p.distribution) not in ours]
        page.fill(widgets or [label(_NONE)])

    def _package(self, shown: Card, failures: list[PluginFailure]) -> PackageCard:
        name, plugin, work = shown.plugin.name, shown.plugin, self._work
        update = self._updates.get(name)
        made = PackageCard(shown, [f for f in failures if canonicalize_name(f.distribution) == name], update)
        if update is not None:
            made.update_button.clicked.connect(lambda: work.examine(update.path))
        made.about.clicked.connect(lambda: ModelCardDialog(shown, self).open())
        made.switch.clicked.connect(lambda: work.enable(name, not plugin.enabled))
        made.verify.clicked.connect(lambda: self._verify(name))
        made.back.clicked.connect(lambda: work.rollback(name))
        made.remove.clicked.connect(lambda: self._confirm_removal(name))
        return made

    def _verify(self, name: str) -> None:
        self._tell(f"Running the golden vectors of {name}…")
        self._work.verify(name)

    def _confirm_removal(self, name: str) -> None:
        box = QMessageBox(self)
        box.setWindowTitle("Remove a plugin")
        box.setText(f"Remove {name} and the version kept for going back? Films and reports stay as they are.")
        remove = box.addButton("Remove", QMessageBox.ButtonRole.DestructiveRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        remove.clicked.connect(lambda: self._work.remove(name))
        box.open()

    def _show_look(self, index: Index | None) -> None:
        page = self._pages["In a folder"]
        if index is None:
            text = "A folder or USB stick with packages, and an index.json where its publisher wrote one."
            page.fill([label(text, "muted")])
            return
        signed = index.signer.sentence if index.signer is not None else "The folder has no index; its files were read."
        widgets: list[QWidget] = [label(signed, "muted")]
        widgets += [self._offered(item) for item in index.packages]
        page.fill(widgets if index.packages else [label("There is no package in this folder.")])

    def _show_index(self, index: Index) -> None:
        self._tell("")
        newer = [item for item in index.packages if item.news is News.UPDATE and not item.fault]
        newer.sort(key=lambda item: Version(item.listed.version))
        self._updates = {item.listed.name: item for item in newer}
        self._show_look(index)
        self._show_installed()

    def _offered(self, item: Available) -> QWidget:
        frame, column = card()
        column.addWidget(label(f"{item.listed.name} {item.listed.version}", "title"))
        if item.fault:
            column.addLayout(shaped(Shape.CROSS, colours().error, label(item.fault)))
            return frame
        column.addWidget(label(item.listed.looks_for, "muted"))
        column.addWidget(label(f"Publisher, as it says: {item.listed.publisher}", "muted"))
        row = QHBoxLayout()
        row.addWidget(label(_NEWS[item.news]), 1)
        if item.news in (News.NEW, News.UPDATE):
            button = QPushButton("Update…" if item.news is News.UPDATE else "Install…")
            button.setAccessibleName(f"Install {item.listed.name} {item.listed.version}")
            button.clicked.connect(lambda: self._work.examine(item.path))
            row.addWidget(button)
        column.addLayout(row)
        return frame

    def _show_publishers(self) -> None:
        text = "A package that one of them signed is told to be theirs. Compare a fingerprint with its owner first."
        widgets: list[QWidget] = [label(text, "muted")]
        for key in self._snapshot.publishers:
            frame, column = card()
            column.addWidget(label(key.publisher, "title"))
            row = QHBoxLayout()
            row.addWidget(label(key.fingerprint, "code"), 1)
            button = QPushButton("Trust no more")
            button.setAccessibleName(f"Trust {key.publisher} no more")
            button.clicked.connect(lambda _checked=False, name=key.publisher: self._work.distrust(name))
            row.addWidget(button)
            column.addLayout(row)
            widgets.append(frame)
        if not self._snapshot.publishers:
            widgets.append(label("No publisher is trusted yet."))
        self._pages["Publishers"].fill(widgets)

    def _confirm_key(self, key: PublicKey) -> None:
        box = QMessageBox(self)
        box.setWindowTitle("Trust a publisher")
        box.setText(f"Trust {key.publisher}?")
        box.setInformativeText(f"Compare the fingerprint with its owner, by telephone for instance:\n{key.fingerprint}")
        trust = box.addButton("Trust", QMessageBox.ButtonRole.ActionRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        trust.clicked.connect(lambda: self._work.trust(key))
        box.open()

    def _show_protection(self) -> None:
        widgets: list[QWidget] = [
            label("What holds on this machine for plugins that did not come with cxrdesk.", "muted")
        ]
        c = colours()
        for item in self._snapshot.protections:
            frame, column = card()
            shape, colour = (Shape.CIRCLE, c.accent) if item.holds else (Shape.TRIANGLE, c.warning)
            text = item.text if item.holds else f"Does not hold here: {item.text}"
            column.addLayout(shaped(shape, colour, label(text)))
            if item.why_not:
                column.addWidget(label(item.why_not, "muted"))
            widgets.append(frame)
        self._pages["Protection"].fill(widgets)

    def _ask_file(self) -> None:
        dialog = QFileDialog(self, "Install a plugin", "", f"Plugin packages (*{SUFFIX})")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda name: self._work.examine(Path(name)))
        dialog.open()

    def _ask_folder(self) -> None:
        dialog = QFileDialog(self, "A folder or stick with packages")
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.fileSelected.connect(lambda name: self._work.look(Path(name)))
        dialog.open()

    def _ask_key(self) -> None:
        dialog = QFileDialog(self, "A publisher's key", "", "Publishers' keys (*.pub)")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda name: self._work.read_key(Path(name)))
        dialog.open()


class _Page(QWidget):
    """A column that scrolls, and buttons above it."""

    def __init__(self) -> None:
        super().__init__()
        inner = QWidget()
        self._column = QVBoxLayout(inner)
        self._column.setContentsMargins(16, 4, 16, 14)
        self._column.setSpacing(8)
        self._buttons = QHBoxLayout()
        self._buttons.setContentsMargins(16, 12, 16, 4)
        self._scroll = ScrollColumn(inner)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addLayout(self._buttons)
        outer.addWidget(self._scroll, 1)

    def add_button(self, text: str, call: Callable[[], None]) -> QPushButton:
        """A button above the column."""
        button = QPushButton(text)
        button.clicked.connect(lambda: call())
        self._buttons.addWidget(button)
        self._buttons.addStretch(1)
        return button

    def fill(self, widgets: Sequence[QWidget]) -> None:
        """Show these and nothing else."""
        clear(self._column)
        for widget in widgets:
            self._column.addWidget(widget)
        self._column.addStretch(1)
        self._scroll.settle()
