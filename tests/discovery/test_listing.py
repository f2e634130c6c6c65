"""Listing by children, and what is remembered of it."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from cxrdesk.discovery import listing
from cxrdesk.discovery.installed import BUNDLED, installed
from cxrdesk.discovery.listing import list_plugins
from cxrdesk.discovery.loader import load_registry
from cxrdesk.discovery.memory import Memory
from tests.wheels import PLUGINS, plugin_wheel, unpack, wheel

GOOD = (PLUGINS / "example" / "cxrdesk_example.py").read_text()


def install(root: Path, name: str, source: str, *, module: str = "") -> Path:
    module = module or name.replace("-", "_")
    site = root / name
    site.mkdir(exist_ok=True)
    unpack(wheel(root, name, {f"{module}.py": source}, f"[cxrdesk.plugins]\n{module} = {module}\n"), site)
    return site


def other(model_id: str) -> str:
    return GOOD.replace("example-brightness", model_id)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Distributions of each child that was started."""
    groups: list[list[str]] = []
    child = listing._child

    def spied(group, *given):
        groups.append([found.name for found in group])
        return child(group, *given)

    monkeypatch.setattr(listing, "_child", spied)
    return groups


def test_specs_are_those_of_an_import_and_no_module_is_imported(tmp_path):
    site = tmp_path / "site"
    site.mkdir()
    for name in ("example", "torchy"):
        unpack(plugin_wheel(site, name), site)
    names = {"cxrdesk-example", "cxrdesk-torchy"}
    registry = list_plugins(names, sites=[site])
    assert not {"cxrdesk_example", "cxrdesk_torchy"} & set(sys.modules)
    with pytest.raises(LookupError, match="not imported in this process"):
        registry.model("torchy")
    assert registry.plugin("torchy").site == site
    try:
        imported = load_registry(names, sites=[site])
    finally:
        sys.path.remove(str(site))
        for module in ("cxrdesk_example", "cxrdesk_torchy"):
            sys.modules.pop(module, None)
    assert registry.detectors == imported.detectors
    assert [(p.name, p.distribution, p.version) for p in registry.plugins] == [
        (p.name, p.distribution, p.version) for p in imported.plugins
    ]


def test_bundled_plugins_share_a_child_and_strangers_have_one_each(tmp_path, asked):
    sites = [install(tmp_path, name, other(name)) for name in ("stranger-a", "stranger-b")]
    told: list[str] = []
    registry = list_plugins({*BUNDLED, "stranger-a", "stranger-b"}, sites=sites, told=told.append)
    assert len(asked) == 3
    assert set(asked[0]) <= BUNDLED
    assert asked[1:] == [["stranger-a"], ["stranger-b"]]
    assert told == [group[0] for group in asked]
    assert [p.distribution for p in registry.plugins][-2:] == ["stranger-a", "stranger-b"]


def test_what_is_known_is_not_asked_again_until_it_changes(tmp_path, asked):
    site, cache = install(tmp_path, "stranger-a", GOOD), tmp_path / "cache" / "plugins.json"

    def ids() -> list[str]:
        return [spec.id for spec in list_plugins({"stranger-a"}, sites=[site], cache=cache).detectors]

    assert ids() == ids() == ["example-brightness"]
    assert len(asked) == 1
    assert list(cache.parent.iterdir()) == [cache]
    module = site / "stranger_a.py"
    module.write_text(other("changed-brightness"))
    assert ids() == ["changed-brightness"]
    assert len(asked) == 2
    os.utime(module, ns=(1, 1))
    ids()
    assert len(asked) == 3
    held = json.loads(cache.read_text())
    held["plugins"]["stranger-a"]["answer"]["plugins"][0]["detectors"][0]["id"] = "Not An Id"
    cache.write_text(json.dumps(held))
    assert ids() == ["changed-brightness"]
    assert len(asked) == 4


@pytest.mark.parametrize(
    "held", [b"", b"[1", b"{}", b"\xff", b"[" * 100_000, b'{"format": 1, "plugins": {"stranger-a": 3}}']
)
def test_a_file_that_is_none_of_ours_is_no_memory(tmp_path, held):
    site, cache = install(tmp_path, "stranger-a", GOOD), tmp_path / "plugins.json"
    cache.write_bytes(held)
    (found,) = [found for found in installed([], [site]) if found.site == site]
    assert Memory(cache).recall(found) is None


def test_a_failure_is_asked_again_once_something_was_installed(tmp_path, asked, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path / "later")
    (tmp_path / "later").mkdir()
    site = install(tmp_path, "stranger-a", f"import a_library_that_comes_later\n{GOOD}")
    cache = tmp_path / "plugins.json"

    def codes() -> list[str]:
        return [f.code for f in list_plugins({"stranger-a"}, sites=[site], cache=cache).failures]

    assert codes() == codes() == ["import-failed"]
    assert len(asked) == 1
    (tmp_path / "later" / "a_library_that_comes_later.py").write_text("")
    asked_before = [part for part in [os.environ.get("PYTHONPATH", "")] if part]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path / "later"), *asked_before]))
    assert codes() == []


def test_what_is_gone_is_forgotten_unless_part_was_asked_for(tmp_path):
    a, b = install(tmp_path, "stranger-a", GOOD), install(tmp_path, "stranger-b", other("b"))
    cache = tmp_path / "plugins.json"

    def kept(only: set[str], *sites: Path) -> set[str]:
        list_plugins(only, sites=sites, cache=cache)
        return set(json.loads(cache.read_text())["plugins"])

    assert kept({"stranger-a", "stranger-b"}, a, b) == {"stranger-a", "stranger-b"}
    assert kept({"stranger-a"}, a) == {"stranger-a", "stranger-b"}
    assert kept(set(), a) >= {"stranger-a"}
    assert "stranger-b" not in kept(set(), a)


def test_a_cache_that_cannot_be_written_costs_time_only(tmp_path):
    (tmp_path / "file").write_text("")
    site = install(tmp_path, "stranger-a", GOOD)
    cache = tmp_path / "file" / "plugins.json"
    assert len(list_plugins({"stranger-a"}, sites=[site], cache=cache).plugins) == 1


def test_a_name_that_is_taken_is_a_failure_and_no_privilege(tmp_path, asked):
    """One that calls itself as a bundled one does: not listed where that is installed, and a stranger anywhere."""
    one = install(tmp_path, "stranger-a", GOOD)
    (tmp_path / "again").mkdir()
    two = install(tmp_path / "again", "Stranger_A", other("second"), module="other")
    registry = list_plugins({"stranger-a", "Stranger_A"}, sites=[one, two])
    assert [spec.id for spec in registry.detectors] == ["example-brightness"]
    assert [(f.distribution, f.code) for f in registry.failures] == [("Stranger_A", "duplicate-name")]
    false = install(tmp_path, "cxrdesk-lungmask", other("false"))
    assert not any(found.bundled for found in installed([], [false]) if found.site is not None)


def test_a_cancelled_listing_starts_no_more_children(tmp_path, asked):
    sites = [install(tmp_path, name, other(name)) for name in ("stranger-a", "stranger-b")]
    registry = list_plugins({"stranger-a", "stranger-b"}, sites=sites, cancelled=lambda: len(asked) > 0)
    assert len(asked) == 1
    assert registry.plugins == []
