"""Installing, switching back, and what must never happen on the way."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from cxrdesk.imaging.errors import UserError
from cxrdesk.packages import store as store_module
from cxrdesk.packages.files import locked
from cxrdesk.packages.pack import sign_package
from cxrdesk.packages.package import read_package
from cxrdesk.packages.publishers import Publishers
from cxrdesk.packages.store import Store
from tests.packages.conftest import GOOD, MACHINE, Maker, good


def code(call, *arguments: object) -> str:
    with pytest.raises(UserError) as caught:
        call(*arguments)
    return caught.value.code


def folders(store: Store) -> set[str]:
    return {f"{path.parent.name}/{path.name}" for path in store.root.glob("*/*") if path.is_dir()}


def litter(store: Store) -> list[str]:
    return [path.name for path in store.root.glob(".*")]


def test_installed(maker: Maker, store: Store, install):
    package = maker.package()
    done = install(package)
    assert (done.name, done.enabled, done.previous, done.failures) == ("cxrdesk-made-up", True, "", ())
    [site] = store.sites()
    assert site == store.root / "cxrdesk-made-up" / f"1.0-{package.sha256[:12]}" / "site"
    assert (site / "made_up.py").read_text() == "VERSION = '1.0'\n"
    assert (site / "cxrdesk_made_up-1.0.dist-info" / "entry_points.txt").is_file()
    assert (site.parent / "manifest.json").read_bytes() == package.manifest_bytes
    state = json.loads((store.root / "state.json").read_text())
    assert state == {"plugins": {"cxrdesk-made-up": {"current": site.parent.name, "previous": None, "enabled": True}}}
    assert litter(store) == []
    assert done.record is not None
    assert done.record.machine == MACHINE


def test_python_finds_the_plugin_in_its_folder(maker: Maker, store: Store, install):
    install(maker.package())
    script = (
        "import sys; sys.path.append(sys.argv[1])\nfrom importlib.metadata import distribution\n"
        "[e] = distribution('cxrdesk-made-up').entry_points.select(group='cxrdesk.plugins')\nprint(e.load().VERSION)"
    )
    done = subprocess.run([sys.executable, "-B", "-c", script, store.sites()[0]], capture_output=True, text=True)
    assert done.stdout == "1.0\n", done.stderr


def test_update_rollback_and_remove(maker: Maker, store: Store, install):
    for version in ("1.0", "1.1", "1.2"):
        install(maker.package(version))
    assert [path.name.partition("-")[0] for path in sorted(store.root.glob("*/1.*"))] == ["1.1", "1.2"]
    back = store.rollback("cxrdesk-made-up")
    assert (back.manifest.version, back.previous) == ("1.1", "1.2")
    assert "1.1-" in str(store.sites()[0])
    assert store.rollback("cxrdesk-made-up").manifest.version == "1.2"
    store.remove("cxrdesk-made-up")
    assert (store.sites(), folders(store)) == ([], set())
    assert code(store.remove, "cxrdesk-made-up") == "unknown-plugin"
    assert code(store.rollback, "cxrdesk-made-up") == "unknown-plugin"


def test_enable_and_disable(maker: Maker, store: Store, install):
    install(maker.package())
    store.enable("cxrdesk-made-up", False)
    assert store.sites() == []
    assert not store.get("cxrdesk-made-up").enabled
    store.enable("cxrdesk-made-up", True)
    assert len(store.sites()) == 1
    assert code(store.rollback, "cxrdesk-made-up") == "no-previous"


def test_what_may_not_take_the_place_of_what_is_there(maker: Maker, store: Store, install):
    install(maker.package("1.0"))
    install(maker.package("1.1"))
    for package, why in (
        (maker.package("1.1"), "already-installed"),
        (maker.package("1.0"), "already-installed"),
        (maker.package("1.1", text="X = 2\n"), "same-version"),
        (maker.package("1.0", text="X = 2\n"), "same-version"),
        (maker.package("0.9"), "downgrade"),
        (maker.package("1.1rc1"), "downgrade"),
    ):
        assert code(store.offer, package) == why
        assert code(install, package) == why
    assert store.get("cxrdesk-made-up").manifest.version == "1.1"
    assert store.offer(maker.package("1.10")).replaces == "1.1"


def test_another_publisher_may_not_update(maker: Maker, store: Store, install):
    path = maker.file(signed=True)
    install(read_package(path, Publishers.nobody()))
    newer = maker.file("2.0")
    assert code(store.offer, read_package(newer, Publishers.nobody())) == "publisher-changed"
    sign_package(newer, maker.other)
    assert code(store.offer, read_package(newer, Publishers.nobody())) == "publisher-changed"
    sign_package(newer, maker.key)
    install(read_package(newer, Publishers.nobody()))
    assert store.get("cxrdesk-made-up").manifest.version == "2.0"


@pytest.mark.parametrize(
    ("checked", "why"),
    [
        (replace(GOOD, failures=("made-up: model: golden film 0 differs by 0.3",)), "golden-differs"),
        (replace(GOOD, models=(replace(GOOD.models[0], evidence="external"),)), "not-as-promised"),
        (replace(GOOD, models=(replace(GOOD.models[0], id="pneumonia"),)), "not-as-promised"),
        (replace(GOOD, api="0.1"), "not-as-promised"),
    ],
)
def test_what_a_plugin_is_not_installed_for(maker: Maker, store: Store, install, checked, why):
    install(maker.package("1.0"))
    assert code(install, maker.package("2.0"), lambda site, name: checked) == why
    assert store.get("cxrdesk-made-up").manifest.version == "1.0"
    assert len(folders(store)) == 1
    assert litter(store) == []


def test_a_check_that_fails_or_is_cancelled_changes_nothing(maker: Maker, store: Store):
    class Stop(BaseException):
        pass

    def stop(site: Path, name: str):
        raise Stop

    with pytest.raises(Stop):
        store.install(maker.package(), stop, MACHINE)
    assert (store.sites(), folders(store), litter(store)) == ([], set(), [])


def test_a_full_disk_is_told_before_anything_is_written(maker: Maker, store: Store, install, monkeypatch):
    monkeypatch.setattr(store_module.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 1000}))
    assert code(install, maker.package()) == "disk-full"
    assert folders(store) == set()


def test_a_disk_that_fills_up_meanwhile(maker: Maker, store: Store, install, monkeypatch):
    install(maker.package("1.0"))
    whole, calls = os.fsync, []

    def full(handle: int) -> None:
        calls.append(handle)
        if len(calls) == 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        whole(handle)

    monkeypatch.setattr(os, "fsync", full)
    assert code(install, maker.package("2.0")) == "disk-full"
    monkeypatch.undo()
    assert store.get("cxrdesk-made-up").manifest.version == "1.0"
    assert (len(folders(store)), litter(store)) == (1, [])


def test_a_folder_that_cannot_be_written(maker: Maker, tmp_path):
    (tmp_path / "file").write_text("no folder")
    store = Store(tmp_path / "file" / "plugins")
    with pytest.raises(UserError, match="could not be written") as caught:
        store.install(maker.package(), good, MACHINE)
    assert caught.value.code == "not-written"
    assert store.sites() == []
    assert store.installed() == []


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission(maker: Maker, store: Store, install):
    store.root.mkdir(parents=True)
    store.root.chmod(0o500)
    try:
        assert code(install, maker.package()) == "not-written"
    finally:
        store.root.chmod(0o700)


def test_two_installs_at_once(maker: Maker, store: Store, install):
    first, second = maker.package("1.0"), maker.package("2.0")
    inside, go_on = threading.Event(), threading.Event()

    def slow(site: Path, name: str):
        inside.set()
        assert go_on.wait(20)
        return GOOD

    thread = threading.Thread(target=install, args=(first, slow))
    thread.start()
    assert inside.wait(20)
    for call in (lambda: install(second), lambda: store.remove("cxrdesk-made-up")):
        assert code(call) == "busy"
    go_on.set()
    thread.join()
    assert store.get("cxrdesk-made-up").manifest.version == "1.0"
    install(second)


def test_another_process_holds_the_lock(store: Store):
    with locked(store.root):
        script = (
            "import sys; from pathlib import Path; from cxrdesk.packages.files import locked\n"
            "from cxrdesk.imaging.errors import UserError\n"
            "try:\n    locked(Path(sys.argv[1])).__enter__()\nexcept UserError as error:\n    print(error.code)"
        )
        done = subprocess.run([sys.executable, "-c", script, store.root], capture_output=True, text=True)
        assert done.stdout == "busy\n", done.stderr


CRASH = """
import os, shutil, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from tests.packages.conftest import MACHINE, good
from cxrdesk.packages.package import read_package
from cxrdesk.packages.publishers import Publishers
from cxrdesk.packages.store import Store

root, old, new = (Path(name) for name in sys.argv[2:5])
EVENTS = {"open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "shutil.rmtree"}
left = None

def hook(event, arguments):
    global left
    if left is not None and event in EVENTS and str(root) in str(arguments[0]):
        left -= 1
        if left < 0:
            os._exit(9)  # as a loss of power would, between two steps

sys.addaudithook(hook)
packages = [read_package(path, Publishers.nobody()) for path in (old, new)]
Store(root / "before").install(packages[0], good, MACHINE)
for step in range(1000):
    shutil.copytree(root / "before", root / str(step))
    child = os.fork()
    if child == 0:
        left = step
        Store(root / str(step)).install(packages[1], good, MACHINE)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    print(step, code)
    if code != 9:
        break
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_crash_at_any_step_leaves_the_old_or_the_new_state(maker: Maker, tmp_path, repository):
    old, new = maker.file("1.0"), maker.file("2.0")
    root = tmp_path / "crashes"
    command = [sys.executable, "-B", "-c", CRASH, str(repository), str(root), str(old), str(new)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    steps = [tuple(map(int, line.split())) for line in done.stdout.splitlines()]
    assert steps[-1][1] == 0, done.stderr
    assert len(steps) > 20
    seen = set()
    for step, _ in steps:
        store = Store(root / str(step))
        item = store.get("cxrdesk-made-up")
        seen.add(item.manifest.version)
        [site] = store.sites()
        assert (site / "made_up.py").read_text() == f"VERSION = {item.manifest.version!r}\n"
        # The next change sweeps up what the crash left.
        newest = maker.package("3.0") if step in (0, len(steps) // 2, len(steps) - 2) else None
        if newest is not None:
            store.install(newest, good, MACHINE)
            assert litter(store) == []
            assert len(folders(store)) == 2
    assert seen == {"1.0", "2.0"}


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{", '{"plugins": []}', '{"plugins": {"a": {"current": "../../etc"}}}',
     '{"plugins": {"../a": {"current": "1.0-000000000000"}}}', '{"plugins": {"a": {"current": 1}}}',
     '{"plugins": {"a": {"current": "1.0-000000000000", "enabled": "no"}}}'],
)  # fmt: skip
def test_a_state_that_is_not_understood_is_told(store: Store, content):
    store.root.mkdir(parents=True)
    (store.root / "state.json").write_text(content)
    assert code(store.sites) == "bad-state"
    assert code(store.installed) == "bad-state"


def test_a_version_whose_folder_is_damaged_costs_only_itself(maker: Maker, store: Store, install):
    install(maker.package(name="cxrdesk-other"))
    done = install(maker.package())
    (done.folder / "manifest.json").write_text("{}")
    assert [item.name for item in store.installed()] == ["cxrdesk-other"]
    [sentence] = store.damaged()
    assert "plugins remove cxrdesk-made-up" in sentence
    assert code(store.get, "cxrdesk-made-up") == "bad-state"
    assert len(store.due(MACHINE | {"torch": "3.0"})) == 2
    store.remove("cxrdesk-made-up")
    assert {name.partition("/")[0] for name in folders(store)} == {"cxrdesk-other"}


def test_verification_disables_and_enables(maker: Maker, store: Store, install):
    name = "cxrdesk-made-up"
    install(maker.package())
    newer = MACHINE | {"torch": "3.0"}
    assert store.due(MACHINE) == []
    assert store.due(newer) == [name]
    differs = "made-up: model: golden film 2 differs by 0.01, at most 0.0001"
    failed = store.verify(name, lambda site, n: replace(GOOD, failures=(differs,), torch="3.0"), newer)
    assert (failed.failures, failed.enabled) == ((differs,), False)
    assert store.sites() == []
    assert store.due(newer) == []
    assert code(store.enable, name, True) == "golden-differs"
    assert store.due(MACHINE) == [name]
    passed = store.verify(name, good, MACHINE)
    assert (passed.failures, passed.enabled) == ((), True)
    assert store.due(MACHINE) == []


def test_verification_leaves_alone_what_the_user_disabled(maker: Maker, store: Store, install):
    install(maker.package())
    store.enable("cxrdesk-made-up", False)
    assert store.due(MACHINE | {"torch": "3.0"}) == []
    assert not store.verify("cxrdesk-made-up", good, MACHINE).enabled


def test_a_plugin_that_cannot_be_run_any_more_is_disabled(maker: Maker, store: Store, install):
    install(maker.package())

    def broken(site: Path, name: str):
        raise UserError("check-failed", "it ended its process")

    failed = store.verify("cxrdesk-made-up", broken, MACHINE)
    assert (failed.enabled, failed.failures) == (False, ("it ended its process",))


def test_records_that_cannot_be_read_count_as_none(maker: Maker, store: Store, install):
    install(maker.package())
    (store.root / "verified.json").write_text("{")
    assert store.due(MACHINE) == ["cxrdesk-made-up"]
    store.verify("cxrdesk-made-up", good, MACHINE)
    assert store.due(MACHINE) == []


def test_rollback_to_a_version_that_failed_leaves_it_disabled(maker: Maker, store: Store, install):
    name = "cxrdesk-made-up"
    install(maker.package("1.0"))
    store.verify(name, lambda site, n: replace(GOOD, failures=("made-up: model: differs",)), MACHINE)
    install(maker.package("2.0"))
    assert store.get(name).enabled
    assert not store.rollback(name).enabled
