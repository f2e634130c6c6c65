"""The kit: made, copied, checked, and set up from with no network and no checkout."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cxrdesk_setup import errors
from small_checkout import Checkout


@pytest.fixture(scope="session")
def kit(checkout: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kits") / "a kit"
    code, out, err = checkout.call("kit", str(folder))
    assert (code, err) == (0, "")
    assert "python3 bootstrap.py run" in out
    return folder


@pytest.fixture
def copied(kit: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(kit, tmp_path / "a copied kit"))


def test_kit_holds_every_project_and_sums_that_sha256sum_accepts(kit: Path) -> None:
    names = {file.name.split("-")[0] for file in (kit / "wheels").iterdir()}
    assert {"cxrdesk", "cxrdesk_one", "cxrdesk_two"} <= names
    listed = {line[66:] for line in (kit / "SHA256SUMS").read_text().splitlines()}
    assert listed == {f.relative_to(kit).as_posix() for f in kit.rglob("*") if f.is_file() and f.name != "SHA256SUMS"}
    if shutil.which("sha256sum"):
        subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=kit, check=True)


def test_a_copied_kit_runs_by_itself_and_checks_itself_once(
    checkout: Checkout, copied: Path, begin: Callable[[Path], None]
) -> None:
    begin(copied)
    code, out, err = checkout.call("run", "film.dcm", script=copied / "bootstrap.py")
    assert (code, err) == (0, "")
    assert "Checking the" in out
    assert "demo with ['demo', 'film.dcm'] and ['cxrdesk', 'cxrdesk-one', 'cxrdesk-two'" in out
    code, out, _ = checkout.call("run", script=copied / "bootstrap.py")
    assert code == 0
    assert out.startswith("demo with")


def test_a_checkout_sets_up_from_a_kit(begun_checkout: Checkout, copied: Path) -> None:
    code, out, err = begun_checkout.call("run", "--from", str(copied))
    assert (code, err) == (0, "")
    assert "demo with ['demo'] and ['cxrdesk', 'cxrdesk-one', 'cxrdesk-two']" in out


@pytest.mark.parametrize("harm", ["flip", "remove", "add"])
def test_a_harmed_kit_is_refused_and_the_file_named(checkout: Checkout, copied: Path, harm: str) -> None:
    wheel = sorted((copied / "wheels").glob("cxrdesk_one*"))[0]
    if harm == "flip":
        content = bytearray(wheel.read_bytes())
        content[len(content) // 2] ^= 1
        wheel.write_bytes(content)
    elif harm == "remove":
        wheel.unlink()
    else:
        wheel = Path(shutil.copy(wheel, wheel.with_name("cxrdesk_one-2.0-py3-none-any.whl")))
    code, _, err = checkout.call("run", script=copied / "bootstrap.py")
    assert code == errors.KIT
    assert wheel.name in err
    assert err.count("\n") == 1
    assert not (copied / ".venv").exists()


def test_a_kit_for_another_machine_is_refused(checkout: Checkout, copied: Path) -> None:
    from cxrdesk_setup.kit import seal_kit

    about = json.loads((copied / "kit.json").read_text())
    (copied / "kit.json").write_text(json.dumps(about | {"python": [3, 99]}))
    seal_kit(copied)
    code, _, err = checkout.call("run", script=copied / "bootstrap.py")
    assert code == errors.KIT
    assert "Python 3.99" in err


def test_a_kit_of_other_versions_is_refused(new_checkout: Checkout, copied: Path) -> None:
    new_checkout.write("installer/constraints.txt", "other==1\n")
    code, _, err = new_checkout.call("run", "--from", str(copied))
    assert code == errors.KIT
    assert "another version" in err


def test_an_unfinished_kit_is_refused_and_made_again(checkout: Checkout, copied: Path) -> None:
    (copied / "SHA256SUMS").unlink()
    code, _, err = checkout.call("run", script=copied / "bootstrap.py")
    assert code == errors.KIT
    assert "not a complete kit" in err
    (copied / "wheels" / "stale-1.0-py3-none-any.whl").touch()
    assert checkout.call("kit", str(copied))[0] == 0
    assert "stale" not in (copied / "SHA256SUMS").read_text()
    assert not (copied / "wheels" / "stale-1.0-py3-none-any.whl").exists()


def test_a_folder_with_other_things_is_not_made_a_kit(checkout: Checkout, tmp_path: Path) -> None:
    (tmp_path / "film.dcm").touch()
    code, _, err = checkout.call("kit", str(tmp_path))
    assert code == errors.KIT
    assert "holds something else" in err
    assert [file.name for file in tmp_path.iterdir()] == ["film.dcm"]
