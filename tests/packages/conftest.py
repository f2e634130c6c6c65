"""Small packages and a store, without pip, torch or child processes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cxrdesk.api.version import API_VERSION
from cxrdesk.packages import keys
from cxrdesk.packages.checked import Checked
from cxrdesk.packages.manifest import Model
from cxrdesk.packages.pack import About, pack
from cxrdesk.packages.package import Package, read_package
from cxrdesk.packages.publishers import Publishers
from cxrdesk.packages.store import Store
from tests.wheels import wheel

MODEL = Model(
    id="made-up",
    kind="detector",
    name="Made up",
    version="1.0",
    looks_for="what the test wants",
    evidence="synthetic",
)
GOOD = Checked(api=API_VERSION, models=(MODEL,))
ENTRY_POINTS = "[cxrdesk.plugins]\nmade = made_up\n\n[console_scripts]\nmade = made_up:main\n"
MACHINE = {"python": "3.11.7", "torch": "2.15.0", "device": "cpu"}
CARD = "# Made up: model card\n\n- **Intended use:** none;\n  it shows how tests are made.\n- **Not for:** patients.\n"


def good(site: Path, name: str) -> Checked:
    assert (site / "made_up.py").is_file()
    return GOOD


class Maker:
    """Makes packages of a plugin that does nothing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = keys.load_private(self._key("Klinik Möller"))
        self.other = keys.load_private(self._key("Somebody else"))
        self.public = keys.load_public(folder / "Klinik Möller.pub")

    def _key(self, name: str) -> Path:
        keys.generate(name, self.folder / f"{name}.key", self.folder / f"{name}.pub")
        return self.folder / f"{name}.key"

    def file(
        self,
        version: str = "1.0",
        *,
        text: str = "",
        files: dict[str, str] | None = None,
        requires: tuple[str, ...] = (),
        signed: bool = False,
        name: str = "cxrdesk-made-up",
        checked: Checked = GOOD,
        folder: str = "out",
        **about: object,
    ) -> Path:
        """A package file."""
        place = self.folder / folder
        place.mkdir(exist_ok=True)
        made = wheel(place, name, {"made_up.py": f"VERSION = {version!r}\n{text}"} | (files or {}), ENTRY_POINTS,
                     version, requires)  # fmt: skip
        (self.folder / "card.md").write_text(CARD, "utf-8")
        told = About(publisher="Klinik Möller", card=self.folder / "card.md", **about)  # type: ignore[arg-type]
        told = told if about.get("licence") else replace(told, licence=self._licence())
        return pack(made, place, told, lambda site, name: checked, self.key if signed else None)

    def _licence(self) -> Path:
        path = self.folder / "LICENCE"
        path.write_text("Do what you like.\n")
        return path

    def package(self, version: str = "1.0", **changes: object) -> Package:
        """A package that was read."""
        return read_package(self.file(version, **changes), Publishers.nobody())  # type: ignore[arg-type]


@pytest.fixture
def maker(tmp_path: Path) -> Maker:
    folder = tmp_path / "Köfferchen"
    folder.mkdir()
    return Maker(folder)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "Gerät №1" / "plugins")


@pytest.fixture
def publishers(tmp_path: Path) -> Publishers:
    return Publishers(tmp_path / "config" / "publishers.json")


@pytest.fixture
def install(store: Store) -> Callable[..., object]:
    return lambda package, check=good: store.install(package, check, MACHINE)
