"""The plugin panel, the dialog that installs, and packages dropped onto the window."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QMessageBox, QPushButton

from cxrdesk.imaging.errors import UserError
from cxrdesk.packages.publishers import Trust
from cxrdesk.ui.dialogs.install_plugin import InstallDialog
from cxrdesk.ui.dialogs.model_card import CardText, ModelCardDialog
from cxrdesk.ui.dialogs.plugins import PluginsDialog
from cxrdesk.ui.panels.package_card import PackageCard
from cxrdesk.ui.plugin_work import Card
from tests.ui.conftest import Seat
from tests.ui.fake_plugins import CARD, KEY, MANIFEST, PROTECTIONS, ROWS, FakeInstaller, offer, plugin
from tests.ui.fakes import FAILURES, registry
from tests.ui.test_layout import cut_off, unreachable

FILE = Path("/stick/Möller.cxrplugin")
# As Qt 6.12 calls it.
pytestmark = pytest.mark.filterwarnings("ignore:.*QDragEnterEvent.*deprecated:DeprecationWarning")


@pytest.fixture
def installer(seat: Seat) -> FakeInstaller:
    made = FakeInstaller()
    seat.desk.plugin_work._make = lambda: made
    return made


@pytest.fixture
def panel(seat: Seat, installer: FakeInstaller) -> PluginsDialog:
    seat.window.set_registry(registry(*FAILURES))
    seat.window.action("plugins").trigger()
    [dialog] = seat.window.findChildren(PluginsDialog)
    seat.qtbot.waitUntil(lambda: len(dialog.findChildren(PackageCard)) == 3, timeout=20_000)
    return dialog


def shown(dialog: PluginsDialog, name: str) -> PackageCard:
    [card] = [card for card in dialog.findChildren(PackageCard) if card.name == name]
    return card


def texts(dialog: object) -> str:
    from PySide6.QtWidgets import QLabel

    found = dialog.findChildren(QLabel)  # type: ignore[attr-defined]
    return " ".join(" ".join(label.text() for label in found).replace("\u200b", "").split())


def drop(seat: Seat, *paths: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    left = Qt.MouseButton.LeftButton
    enter = QDragEnterEvent(QPoint(400, 300), Qt.DropAction.CopyAction, data, left, Qt.KeyboardModifier(0))
    QApplication.sendEvent(seat.window, enter)
    event = QDropEvent(QPointF(400, 300), Qt.DropAction.CopyAction, data, left, Qt.KeyboardModifier(0))
    QApplication.sendEvent(seat.window, event)


def asked(seat: Seat) -> InstallDialog:
    seat.qtbot.waitUntil(lambda: bool(seat.window.findChildren(InstallDialog)), timeout=20_000)
    return seat.window.findChildren(InstallDialog)[0]


def test_the_panel_says_what_is_installed_failed_and_disabled(panel: PluginsDialog) -> None:
    told = texts(panel)
    for words in (
        "cxrdesk-pneumothorax 1.4.2", "In use. Verified 2026-11-21 on cpu with torch 2.15.0.",
        "Disabled: it is kept and not used.", "golden film 3 differs by 0.012", "Evidence: internal, claimed by the",
        "Could not be listed: it was written for API 2.0", "No module named 'somelib'", "Reason code: api-version",
        "cxrdesk-test 1.2.0", "Not a medical device", PROTECTIONS[0].text,
        f"Does not hold here: {PROTECTIONS[1].text}", PROTECTIONS[1].why_not, KEY.fingerprint,
    ):  # fmt: skip
        assert words in told, words
    assert not shown(panel, "cxrdesk-changed").switch.isEnabled()
    assert shown(panel, "cxrdesk-ribs-and-more").switch.text() == "Enable"


@pytest.mark.parametrize("size", [(1366, 768), (800, 600)])
@pytest.mark.parametrize("page", range(4))
def test_nothing_of_the_panel_is_cut_off(seat: Seat, panel: PluginsDialog, size: tuple[int, int], page: int) -> None:
    seat.window.resize(*size)
    seat.desk.plugin_work.look(Path("/stick"))
    seat.qtbot.waitUntil(lambda: "1.5.0" in texts(panel))
    panel.tabs.setCurrentIndex(page)
    seat.settle()
    assert cut_off(panel) == []
    assert unreachable(panel) == []
    assert panel.width() < size[0]
    assert panel.height() < size[1] - 30  # a title bar


@pytest.mark.parametrize("which", ["install", "replace", "card"])
def test_nothing_of_the_dialogs_is_cut_off(seat: Seat, which: str) -> None:
    dialog = {
        "install": lambda: InstallDialog(offer(Trust.UNKNOWN), seat.desk.plugin_work, seat.window),
        "replace": lambda: InstallDialog(offer(replaces="1.3.0"), seat.desk.plugin_work, seat.window),
        "card": lambda: ModelCardDialog(Card(plugin=plugin(), text=CARD, rows=tuple(ROWS)), seat.window),
    }[which]()
    dialog.show()
    seat.settle()
    assert cut_off(dialog) == []
    assert unreachable(dialog) == []
    assert (dialog.width() < 800, dialog.height() < 570) == (True, True)
    dialog.close()


def test_a_card_is_text_and_nothing_else(seat: Seat) -> None:
    made = CardText(CARD)
    assert "second reading of upright films" in made.toPlainText()
    assert "<script>" in made.toPlainText()  # shown, not obeyed
    assert made.loadResource(2, QUrl("file:///etc/passwd")) is None
    assert not made.openLinks()
    made.deleteLater()


@pytest.mark.parametrize(
    "text", ["|" + "a|" * 1000 + "\n|" + "-|" * 1000 + ("\n|" + "a|" * 1000) * 40, ">" * 100_000, "*a" * 50_000]
)
def test_no_card_holds_the_window_up(seat: Seat, text: str) -> None:
    start = time.process_time()
    made = CardText(text)
    made.resize(600, 300)
    made.show()
    seat.settle()
    assert time.process_time() - start < 1
    assert "The rest stands in the file" in made.toPlainText()
    made.close()
    made.deleteLater()


def test_what_the_buttons_do(seat: Seat, installer: FakeInstaller, panel: PluginsDialog) -> None:
    again: list[None] = []
    seat.desk.plugin_work.changed.connect(lambda: again.append(None))
    for name, button, call in (
        (MANIFEST.name, "switch", ("enable", MANIFEST.name, False)),
        ("cxrdesk-ribs-and-more", "switch", ("enable", "cxrdesk-ribs-and-more", True)),
        (MANIFEST.name, "back", ("rollback", MANIFEST.name)),
        ("cxrdesk-changed", "verify", ("verify", "cxrdesk-changed")),
    ):
        getattr(shown(panel, name), button).click()
        seat.qtbot.waitUntil(lambda call=call: call in installer.asked and not seat.desk.plugin_work.busy)
    assert len(again) == 4
    assert "MainThread" not in installer.threads
    shown(panel, MANIFEST.name).remove.click()
    [box] = panel.findChildren(QMessageBox)
    next(button for button in box.findChildren(QPushButton) if button.text() == "Remove").click()
    seat.qtbot.waitUntil(lambda: ("remove", MANIFEST.name) in installer.asked and not seat.desk.plugin_work.busy)


def test_what_is_not_done_is_told_in_the_panel(seat: Seat, installer: FakeInstaller, panel: PluginsDialog) -> None:
    installer.fault = UserError("busy", "Another cxrdesk is changing the plugins just now.")
    shown(panel, MANIFEST.name).switch.click()
    seat.qtbot.waitUntil(lambda: "Another cxrdesk is changing" in panel.told.text())
    assert seat.window.bar.isHidden() or "Another cxrdesk" not in seat.window.bar._text.text()


def test_an_update_in_a_folder_is_offered(seat: Seat, installer: FakeInstaller, panel: PluginsDialog) -> None:
    seat.desk.plugin_work.look(Path("/stick"))
    seat.qtbot.waitUntil(lambda: "is not the file that the index names" in texts(panel))
    update = shown(panel, MANIFEST.name).update_button
    assert update.text() == "Update to 1.5.0…"
    update.click()
    dialog = asked(seat)
    assert ("examine", Path("/stick/cxrdesk-pneumothorax-1.5.0.cxrplugin")) in installer.asked
    dialog.reject()


def test_a_publisher_is_trusted_after_a_look_at_the_fingerprint(
    seat: Seat, installer: FakeInstaller, panel: PluginsDialog
) -> None:
    seat.desk.plugin_work.read_key(Path("a.pub"))
    seat.qtbot.waitUntil(lambda: bool(panel.findChildren(QMessageBox)))
    [box] = panel.findChildren(QMessageBox)
    assert KEY.fingerprint in box.informativeText()
    assert ("trust", KEY.publisher) not in installer.asked
    next(button for button in box.findChildren(QPushButton) if button.text() == "Trust").click()
    seat.qtbot.waitUntil(lambda: ("trust", KEY.publisher) in installer.asked and not seat.desk.plugin_work.busy)


def test_a_dropped_package_is_shown_and_asked_about(
    seat: Seat, installer: FakeInstaller, child_film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[list[Path]] = []
    monkeypatch.setattr(seat.reading, "open", opened.append)
    drop(seat, FILE, child_film)
    dialog = asked(seat)
    assert installer.asked == [("examine", FILE)]
    told = texts(dialog)
    for words in ("Signed by Universitätsklinikum", "Intended use: To point out", "Evidence: internal", "24.7 MB"):
        assert words in told, words
    assert opened == [[child_film]]  # the film beside it
    dialog.reject()
    assert [call[0] for call in installer.asked] == ["examine"]


def test_installing_does_not_hold_up_the_window(seat: Seat, installer: FakeInstaller) -> None:
    installer.go.clear()
    drop(seat, FILE)
    dialog = asked(seat)
    dialog.accept_button.click()
    seat.qtbot.waitUntil(lambda: "Switching" in dialog.told.text())
    beats = 0
    end = time.monotonic() + 0.3
    while time.monotonic() < end:
        start = time.monotonic()
        seat.desk.app.processEvents()
        assert time.monotonic() - start < 0.1
        beats += 1
    assert beats > 10
    assert not dialog.accept_button.isEnabled()
    with seat.qtbot.waitSignals([dialog.accepted, seat.desk.plugin_work.changed]):
        installer.go.set()
    seat.qtbot.waitUntil(lambda: "was installed" in seat.window.bar._text.text() and not seat.desk.plugin_work.busy)


def test_installing_can_be_cancelled(seat: Seat, installer: FakeInstaller) -> None:
    installer.go.clear()
    drop(seat, FILE)
    dialog = asked(seat)
    dialog.accept_button.click()
    seat.qtbot.waitUntil(lambda: "Switching" in dialog.told.text())
    with seat.qtbot.waitSignal(dialog.rejected):
        dialog.reject()
    seat.qtbot.waitUntil(lambda: not seat.desk.plugin_work.busy)


def test_a_refusal_while_installing_is_told_in_the_dialog(seat: Seat, installer: FakeInstaller) -> None:
    drop(seat, FILE)
    dialog = asked(seat)
    installer.fault = UserError("golden-differs", "It does not reproduce its golden vectors.")
    dialog.accept_button.click()
    seat.qtbot.waitUntil(lambda: "Not installed. It does not reproduce" in dialog.told.text())
    assert dialog.bar.isHidden()
    dialog.reject()


def test_a_package_that_is_none_is_told_in_the_window(seat: Seat, installer: FakeInstaller) -> None:
    installer.fault = UserError("bad-package", "Möller.cxrplugin is no sound plugin package.")
    drop(seat, FILE)
    seat.qtbot.waitUntil(lambda: "no sound plugin package" in seat.window.bar._text.text())
    assert seat.window.findChildren(InstallDialog) == []


def test_closing_the_window_ends_an_installation(seat: Seat, installer: FakeInstaller) -> None:
    installer.go.clear()
    drop(seat, FILE)
    asked(seat).accept_button.click()
    seat.qtbot.waitUntil(lambda: any(call[0] == "install" for call in installer.asked))
    start = time.monotonic()
    seat.desk.shutdown()
    assert time.monotonic() - start < 2


def test_plugins_are_listed_again_after_a_change(
    seat: Seat, installer: FakeInstaller, panel: PluginsDialog, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CXRDESK_HOME", str(tmp_path))
    monkeypatch.setattr("cxrdesk.discovery.listing.list_plugins", lambda *_, **__: registry())
    assert "Reason code" in texts(panel)
    seat.desk._lister = seat.desk._new_lister()  # as after the start
    seat.qtbot.waitUntil(lambda: seat.window.registry is not None and not seat.window.registry.failures)
    seat.qtbot.waitUntil(lambda: "Reason code" not in texts(panel))
    monkeypatch.setattr("cxrdesk.discovery.listing.list_plugins", lambda *_, **__: registry(*FAILURES[:1]))
    shown(panel, MANIFEST.name).switch.click()
    seat.qtbot.waitUntil(lambda: "Reason code" in texts(panel), timeout=20_000)
    seat.qtbot.waitUntil(lambda: not seat.desk.plugin_work.busy)


def test_what_ends_after_the_panel_was_closed(seat: Seat, installer: FakeInstaller, panel: PluginsDialog) -> None:
    installer.fault = UserError("busy", "Another cxrdesk is changing the plugins just now.")
    panel.reject()
    seat.qtbot.waitUntil(lambda: not seat.window.findChildren(PluginsDialog))
    seat.desk.plugin_work.enable(MANIFEST.name, True)
    seat.qtbot.waitUntil(lambda: "Another cxrdesk" in seat.window.bar._text.text())
    installer.fault = None
    seat.desk.plugin_work.refresh()
    seat.desk.plugin_work.look(Path("/stick"))
    seat.qtbot.waitUntil(lambda: not seat.desk.plugin_work.busy)
