"""Packages to show, without files: what a store would say of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from cxrdesk.imaging.errors import UserError
from cxrdesk.packages.cards import Row
from cxrdesk.packages.index import Available, Index, Listed, News
from cxrdesk.packages.keys import PublicKey
from cxrdesk.packages.manifest import Manifest, Model, Part
from cxrdesk.packages.offers import Offer
from cxrdesk.packages.package import Package
from cxrdesk.packages.publishers import Signer, Trust
from cxrdesk.packages.records import Record
from cxrdesk.packages.store import Installed
from cxrdesk.sandbox.protections import Protection

USE = (
    "To point out signs of a pneumothorax on upright frontal chest films of adults for a physician who reads the film"
    " first; not for supine films, nor for children."
)
CARD = """# Pneumothorax: model card

- **Intended use:** second reading of upright films of adults.
- **Not for:** children.

| films | AUC |
| --- | --- |
| ours | 0.93 |

<script>alert(1)</script> ![picture](file:///etc/passwd) [link](https://example.org)
"""
MODELS = (
    Model(
        id="pneumothorax", kind="detector", name="Pneumothorax in adults", version="1.4.2", evidence="internal",
        looks_for="Looks for signs of a pneumothorax on an upright frontal chest film of an adult.",
    ),
    Model(
        id="ribs", kind="segmenter", name="Rib outlines", version="1.0", evidence="synthetic",
        looks_for="all ribs, front and back.",
    ),
)  # fmt: skip
MANIFEST = Manifest(
    name="cxrdesk-pneumothorax",
    version="1.4.2",
    api="1.0",
    requires_python=">=3.11",
    publisher="Universitätsklinikum Musterstadt, Klinik für Radiologie",
    intended_use=USE,
    licence="CC-BY-NC-4.0",
    models=MODELS,
    parts=(
        Part(path="model-card.md", sha256="0" * 64, size=4000),
        Part(path="site/a.py", sha256="0" * 64, size=24_700_000),
    ),
)
KEY = PublicKey(publisher=MANIFEST.publisher, raw=bytes(range(32)))
RECORD = Record(machine={}, when="2026-11-21T12:00:00+00:00", device="cpu", torch="2.15.0")
FAILED = replace(RECORD, failures=("pneumothorax: model: golden film 3 differs by 0.012, at most 0.0001",))
ROWS = [
    Row(
        model="pneumothorax", finding="pneumothorax", point=point, films="1204 (318)",
        figures={
            "auc": "0.931 (0.914 to 0.947)", "sensitivity": "0.962 (0.934 to 0.980)",
            "specificity": "0.803 (0.776 to 0.829)", "calibration_error": "0.021 (0.016 to 0.035)",
        },
    )
    for point in ("balanced", "sensitive", "specific")
]  # fmt: skip
PROTECTIONS = (
    Protection(code="time", text="A plugin that takes longer than the time limit for a film is ended.", holds=True),
    Protection(
        code="network",
        text="A plugin reaches no network.",
        holds=False,
        why_not="This system does not allow it without an administrator (unshare: operation not permitted).",
    ),
)


def plugin(name: str = MANIFEST.name, **changes: object) -> Installed:
    made = Installed(
        name=name,
        folder=Path("/nowhere"),
        manifest=replace(MANIFEST, name=name),
        enabled=True,
        previous="1.3.0",
        record=RECORD,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def offer(trust: Trust = Trust.KNOWN, replaces: str = "") -> Offer:
    package = Package(
        path=Path("/stick/cxrdesk-pneumothorax-1.4.2.cxrplugin"),
        sha256="1" * 64,
        manifest=MANIFEST,
        manifest_bytes=b"",
        signature_bytes=None,
        signer=Signer(trust=trust, key=None if trust is Trust.UNSIGNED else KEY),
        card=CARD,
    )
    return Offer(package=package, replaces=replaces)


def listed(version: str, news: News, fault: str = "") -> Available:
    entry = Listed(
        file=f"cxrdesk-pneumothorax-{version}.cxrplugin", sha256="1" * 64, name=MANIFEST.name, version=version,
        publisher=MANIFEST.publisher, looks_for=MODELS[0].looks_for,
    )  # fmt: skip
    return Available(listed=entry, path=Path("/stick") / entry.file, news=news, fault=fault)


INDEX = Index(
    packages=(
        listed("1.5.0", News.UPDATE),
        listed("1.4.2", News.SAME),
        listed("1.2", News.OLDER),
        listed("2.0", News.NEW, "cxrdesk-pneumothorax-2.0.cxrplugin is not the file that the index names; do not use"),
    ),
    signer=Signer(trust=Trust.KNOWN, key=KEY),
)


class FakeInstaller:
    """Keeps what was asked for; an installation waits until it is let go."""

    def __init__(self) -> None:
        self.asked: list[tuple[object, ...]] = []
        self.threads: set[str] = set()
        self.plugins = [
            plugin(),
            plugin("cxrdesk-ribs-and-more", enabled=False, previous=""),
            plugin("cxrdesk-changed", enabled=False, record=FAILED),
        ]
        self.fault: UserError | None = None
        self.go = threading.Event()
        self.go.set()

    def _note(self, *what: object) -> None:
        self.asked.append(what)
        self.threads.add(threading.current_thread().name)
        if self.fault is not None:
            raise self.fault

    def examine(self, path: Path) -> Offer:
        self._note("examine", path)
        return offer()

    def install(self, wanted: Offer, told: Callable[[str], object], cancelled: Callable[[], bool]) -> Installed | None:
        self._note("install", wanted)
        for stage in ("unpacking", "checking", "switching"):
            told(stage)
        while not self.go.wait(0.01):
            if cancelled():
                return None
        return plugin()

    def installed(self) -> list[Installed]:
        return self.plugins

    def damaged(self) -> list[str]:
        return []

    def rows(self, wanted: Installed) -> list[Row]:
        return ROWS

    def card(self, wanted: Installed) -> str:
        return CARD

    def enable(self, name: str, enabled: bool) -> None:
        self._note("enable", name, enabled)

    def remove(self, name: str) -> None:
        self._note("remove", name)

    def rollback(self, name: str) -> None:
        self._note("rollback", name)

    def verify(self, name: str) -> None:
        self._note("verify", name)

    def look(self, folder: Path) -> Index:
        self._note("look", folder)
        return INDEX

    def publishers(self) -> list[PublicKey]:
        return [KEY]

    def read_key(self, path: Path) -> PublicKey:
        self._note("key", path)
        return KEY

    def trust(self, key: PublicKey) -> None:
        self._note("trust", key.publisher)

    def distrust(self, name: str) -> None:
        self._note("distrust", name)

    def protections(self) -> Sequence[Protection]:
        return PROTECTIONS
