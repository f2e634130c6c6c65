"""Packages of this user: what is verified again when, and what is used after it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cxrdesk import installing
from cxrdesk.api.detector import CancelledError
from cxrdesk.discovery.registry import Registry
from cxrdesk.imaging.errors import UserError
from cxrdesk.packages.machine import fingerprint
from tests.packages.conftest import GOOD, Maker
from tests.support import registry_of, spying

NAME = "cxrdesk-made-up"
DIFFERS = "made-up: model: golden film 1 differs by 0.02, at most 0.0001"


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A machine that a test may change."""
    told = {"python": "3.11.7", "torch": "2.15.0", "driver": "580.1"}
    monkeypatch.setattr(installing, "fingerprint", lambda device: told | {"device": device})
    return told


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Names of plugins that were run; the child process is not."""
    monkeypatch.setenv("CXRDESK_HOME", str(tmp_path / "Gerät"))
    ran: list[str] = []

    def check_site(site: Path, name: str, **_: object):
        ran.append(name)
        return GOOD

    monkeypatch.setattr("cxrdesk.inference.site_check.check_site", check_site)
    monkeypatch.setattr("cxrdesk.discovery.listing.list_plugins", lambda **_: Registry([]))
    return ran


@pytest.fixture
def maker(tmp_path: Path) -> Maker:
    (tmp_path / "author").mkdir()
    return Maker(tmp_path / "author")


def sites(noticed: Callable[[str], object] = lambda _: None, device: str = "cpu") -> list[Path]:
    return installing.sites_in_use(device=device, told=lambda _: None, noticed=noticed, cancelled=lambda: False)


def test_a_change_of_torch_driver_or_device_is_verified_once(maker, machine, runs):
    assert sites() == []
    installing.install(installing.examine(maker.file()), device="cpu")
    assert runs == [NAME]
    assert len(sites()) == 1
    assert runs == [NAME]
    for number, change in enumerate(({"torch": "3.0"}, {"driver": "590.0"}, {"python": "3.12.1"}), start=2):
        machine |= change
        assert len(sites()) == 1
        assert len(sites()) == 1
        assert runs == [NAME] * number
    assert len(sites(device="cuda")) == 1
    assert runs == [NAME] * 5


@pytest.mark.warns
def test_what_differs_after_a_change_is_told_and_not_used(maker, machine, runs, monkeypatch, caplog):
    installing.install(installing.examine(maker.file()), device="cpu")
    machine["torch"] = "3.0"
    failing = replace(GOOD, failures=(DIFFERS,))
    monkeypatch.setattr("cxrdesk.inference.site_check.check_site", lambda site, name, **_: failing)
    said: list[str] = []
    assert sites(said.append) == []
    assert said == [f"{NAME} was disabled: {DIFFERS}."]
    assert caplog.messages == [f"{NAME} was disabled: {DIFFERS}"]
    assert sites(said.append) == []
    assert len(said) == 1
    monkeypatch.setattr("cxrdesk.inference.site_check.check_site", lambda site, name, **_: GOOD)
    assert installing.verify(NAME, device="cpu").enabled
    assert len(sites()) == 1


def test_a_broken_list_is_told_and_the_rest_goes_on(maker, machine, runs):
    installing.install(installing.examine(maker.file()), device="cpu")
    (installing.store().root / "state.json").write_text("{")
    said: list[str] = []
    assert sites(said.append) == []
    assert "cannot be read; remove it" in said[0]


def test_a_cancelled_verification_changes_nothing(maker, machine, runs, monkeypatch):
    installing.install(installing.examine(maker.file()), device="cpu")

    def cancelled(site: Path, name: str, **_: object):
        raise CancelledError

    monkeypatch.setattr("cxrdesk.inference.site_check.check_site", cancelled)
    machine["torch"] = "3.0"
    assert sites() == []
    assert installing.store().get(NAME).enabled
    assert installing.WindowInstaller(lambda: "cpu").install(
        installing.examine(maker.file("2.0")), lambda _: None, lambda: True
    ) is None  # fmt: skip
    assert installing.store().get(NAME).manifest.version == "1.0"


def test_an_id_that_another_plugin_has(maker, machine, runs, monkeypatch):
    spec = spying().spec
    taken = registry_of(spying(spec=replace(spec, id="made-up")))
    monkeypatch.setattr("cxrdesk.discovery.listing.list_plugins", lambda **_: taken)
    with pytest.raises(UserError, match="cxrdesk-test uses already") as caught:
        installing.examine(maker.file())
    assert caught.value.code == "id-taken"


def test_a_machine_in_words():
    told = fingerprint("auto")
    assert {"python", "device", "processor", "numpy"} <= told.keys()
    assert all(isinstance(value, str) and value for value in told.values())
    assert told == fingerprint("auto")
    assert told != fingerprint("cpu")
