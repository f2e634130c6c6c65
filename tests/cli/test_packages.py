"""``cxrdesk plugins`` from a key to a rollback, as a publisher and a clinic type it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from cxrdesk.api import API_VERSION, DetectorSpec
from cxrdesk.api.bundle import write_bundle
from cxrdesk.packages.checked import Checked
from cxrdesk.packages.manifest import Model
from tests.support import detector_spec
from tests.wheels import PLUGINS, plugin_wheel

BRIGHTNESS = Checked(
    api=API_VERSION,
    models=(
        Model(
            id="example-brightness",
            kind="detector",
            name="Brightness",
            version="1.0",
            looks_for="how bright the film is; it shows what a plugin looks like, not what a patient has",
            evidence="synthetic",
        ),
    ),
)
STATED = ("--publisher", "Klinik Möller", "--intended-use", "Shows what a plugin looks like.")


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """An author's folder with a wheel and a model card."""
    folder = tmp_path / "Schreibtisch"
    folder.mkdir()
    plugin_wheel(folder, "example")
    (folder / "card.md").write_text("# Brightness\n\nNot for patients.\n", "utf-8")
    (folder / "LICENSE").write_text("Do what you like.\n")
    return folder


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No child processes: what they find of the example is known."""
    monkeypatch.setattr("cxrdesk.inference.site_check.check_site", lambda site, name, **_: BRIGHTNESS)


def packed(cli, desk: Path, *more: str) -> Path:
    [wheel] = desk.glob("cxrdesk_example-*.whl")
    result = cli("plugins", "pack", wheel, "--out", desk, "--card", desk / "card.md", *STATED, *more)
    assert result.exit_code == 0, result.output
    return Path(result.stdout.strip())


def test_from_a_key_to_a_film_desk_and_back(cli, desk, tmp_path):
    """With the real child process."""
    assert cli("plugins", "keygen", "Klinik Möller", "--out", desk).exit_code == 0
    file = packed(cli, desk, "--key", str(desk / "klinik-möller.key"))
    told = cli("plugins", "verify", file)
    assert told.exit_code == 0
    assert "a key that you do not know" in told.stdout
    assert cli("plugins", "trust", desk / "klinik-möller.pub").exit_code == 0
    assert "Klinik Möller: " in cli("plugins", "trust").stdout
    done = cli("plugins", "install", file, "--yes", "--device", "cpu")
    assert done.exit_code == 0, done.output
    for words in ("Signed by Klinik Möller, whom you trust", "Evidence: synthetic", "Installed cxrdesk-example 1.0",
                  "Not a medical device", "Intended use: Shows what", "kB"):  # fmt: skip
        assert words in done.stdout
    content = json.loads(cli("plugins", "list", "--json").stdout)
    assert "example-brightness" in [d["id"] for plugin in content["plugins"] for d in plugin["detectors"]]
    [package] = content["packages"]
    assert (package["name"], package["enabled"], package["verified"]["failures"]) == ("cxrdesk-example", True, [])
    assert cli("plugins", "verify", "cxrdesk-example", "--device", "cpu").exit_code == 0
    assert cli("plugins", "remove", "cxrdesk-example").exit_code == 0


def test_the_answer_no_installs_nothing(cli, desk, quick, installed):
    installed()
    file = packed(cli, desk)
    from typer.testing import CliRunner

    from cxrdesk.cli.main import app

    result = CliRunner().invoke(app, ["plugins", "install", str(file)], input="n\n")
    assert result.exit_code == 130
    assert "Not signed" in result.stdout
    assert json.loads(cli("plugins", "list", "--json").stdout)["packages"] == []


def test_a_package_and_an_installed_one_are_checked_as_a_folder_is(cli, desk, quick):
    package = packed(cli, desk)
    told = json.loads(cli("plugins", "check", package, "--json").stdout)
    assert told["plugin"] == "cxrdesk_example"
    states = {item["check"]: item["state"] for item in told["checks"]}
    assert {states[key] for key in ("import", "hooks", "spec", "answers", "current", "current-calls")} == {"passed"}
    assert cli("plugins", "install", package, "--yes").exit_code == 0
    installed = json.loads(cli("plugins", "check", "cxrdesk-example", "--json").stdout)
    assert {item["check"]: item["state"] for item in installed["checks"]} == states


def test_what_the_template_leaves_open_is_not_stated(cli, desk, quick):
    (desk / "card.md").write_text("# Card\n\n- **Intended use:** not stated yet; say in pyproject.toml who.\n")
    [wheel] = desk.glob("cxrdesk_example-*.whl")
    result = cli("plugins", "pack", wheel, "--out", desk, "--card", desk / "card.md", "--publisher", "Ich")
    assert (result.exit_code, "does not state its intended use" in result.stderr) == (3, True)


def test_enable_disable_card_and_available(cli, desk, quick, installed):
    installed()
    file = packed(cli, desk)
    assert cli("plugins", "index", desk).exit_code == 0
    assert "not installed" in cli("plugins", "available", "--from", desk).stdout
    assert cli("plugins", "install", file, "--yes").exit_code == 0
    assert "already" in cli("plugins", "install", file, "--yes").stderr
    [entry] = json.loads(cli("plugins", "available", "--from", desk, "--json").stdout)["packages"]
    assert (entry["name"], entry["news"], entry["fault"]) == ("cxrdesk-example", "installed", None)
    assert cli("plugins", "disable", "cxrdesk-example").exit_code == 0
    assert "disabled" in cli("plugins", "list").stdout
    assert cli("plugins", "enable", "cxrdesk-example").exit_code == 0
    assert "in use" in cli("plugins", "list").stdout
    assert "Not for patients." in cli("plugins", "card", "cxrdesk-example").stdout
    assert cli("plugins", "rollback", "cxrdesk-example").exit_code == 2
    for command in ("enable", "disable", "card", "remove", "rollback", "verify"):
        result = cli("plugins", command, "cxrdesk-nothing")
        assert (result.exit_code, "cxrdesk-nothing" in result.stderr) == (2, True), command


def test_sign(cli, desk, quick):
    file = packed(cli, desk)
    cli("plugins", "keygen", "Klinik Möller", "--out", desk)
    cli("plugins", "trust", desk / "klinik-möller.pub")
    refused = cli("plugins", "verify", file)
    assert refused.exit_code == 3
    assert "not signed with the key that you trust" in refused.stderr
    assert cli("plugins", "sign", file, "--key", desk / "klinik-möller.key").exit_code == 0
    assert "whom you trust" in cli("plugins", "verify", file).stdout
    assert cli("plugins", "trust", "--remove", "Klinik Möller").exit_code == 0
    assert "a key that you do not know" in cli("plugins", "verify", file).stdout


def test_what_a_package_must_state(cli, desk, quick):
    [wheel] = desk.glob("*.whl")
    for arguments, words in (
        ((), "has no model card"),
        (("--card", str(desk / "card.md")), "--publisher"),
        (("--card", str(desk / "card.md"), "--publisher", "Me"), "--intended-use"),
    ):
        result = cli("plugins", "pack", wheel, "--out", desk, *arguments)
        assert (result.exit_code, words in result.stderr) == (3, True)
    assert cli("plugins", "pack", desk, "--out", desk).exit_code == 3


def test_a_folder_is_built_with_pip(cli, tmp_path, quick, desk):
    result = cli("plugins", "pack", PLUGINS / "example", "--out", tmp_path, "--card", desk / "card.md",
                 "--licence", desk / "LICENSE", *STATED)  # fmt: skip
    assert result.exit_code == 0, result.stderr
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "pyproject.toml").write_text("[build-system]\nbuild-backend = 'nothing'\nrequires = []\n")
    broken = cli("plugins", "pack", tmp_path / "broken", "--out", tmp_path)
    assert broken.exit_code == 3
    assert "pip could not build" in broken.stderr


def test_a_plugins_own_name_serves_as_its_packages(cli, desk, quick):
    assert cli("plugins", "install", packed(cli, desk), "--yes").exit_code == 0
    for words in (["card"], ["verify"], ["disable"], ["enable"]):
        done = cli("plugins", *words, "example")
        assert done.exit_code == 0, (words, done.stderr)
    again = cli("plugins", "rollback", "example")
    assert "cxrdesk-example" in again.stderr
    assert cli("plugins", "remove", "example").stdout == "Removed cxrdesk-example.\n"
    assert cli("plugins", "remove", "example").exit_code == 2


def test_what_an_author_overlooked_is_told_and_packed(cli, tmp_path, quick):
    from tests.wheels import wheel

    code = (
        "from __future__ import annotations\nimport json\nfrom typing import TYPE_CHECKING\nimport numpy\n"
        "if TYPE_CHECKING:\n    import pandas\n\ndef load():\n    import monai.networks\n    from . import other\n"
    )
    made = wheel(tmp_path, "cxrdesk-hasty", {"hasty/__init__.py": code, "hasty/other.py": "import hasty"},
                 "[cxrdesk.plugins]\nhasty = hasty\n", version="2.0")  # fmt: skip
    (tmp_path / "card.md").write_text("# Hasty\n")
    (tmp_path / "LICENSE").write_text("No licence has been chosen yet: nobody but you may use it.\n")
    line = ["--out", tmp_path, "--card", tmp_path / "card.md", "--licence", tmp_path / "LICENSE", *STATED]
    done = cli("plugins", "pack", made, *line)
    assert done.exit_code == 0, done.stderr
    versions, imports, licence = done.stderr.splitlines()
    assert "is version 2.0 and its model example-brightness 1.0: raise both, in" in versions
    assert "hasty/__init__.py imports monai, which cxrdesk-hasty does not declare" in imports
    assert licence.startswith("LICENSE says that no licence has been chosen yet")


def golden_plugin(folder: Path, scores: float) -> Path:
    """A wheel whose bundle promises that every film scores `scores`; its detector says 0.25."""
    import hashlib

    from tests.wheels import wheel

    weights = b"weights"
    spec = detector_spec(
        id="golden", weights_sha256=hashlib.sha256(weights).hexdigest(), operating_points=(), requires=()
    )
    from cxrdesk.api.golden import golden_film
    from cxrdesk.imaging.preprocess import prepare

    golden: dict[str, np.ndarray] = {}
    for i in range(5):
        film = np.random.default_rng(i).integers(0, 255, (160, 140)).astype(np.uint8)
        golden |= {f"film_{i}": film, f"tensor_{i}": prepare(golden_film(film), spec.input, {}),
                   f"score_{i}": np.array([scores])}  # fmt: skip
    bundle = write_bundle(folder / "bundle", spec, weights, golden)
    assert DetectorSpec.from_bundle(bundle).id == "golden"
    code = (
        "import os\nfrom pathlib import Path\nfrom cxrdesk import api\nCXRDESK_API = api.API_VERSION\n"
        "class Golden(api.Detector):\n    spec = api.DetectorSpec.from_bundle(Path(__file__).parent / 'bundle')\n"
        "    def predict(self, inputs):\n        print('chatter')\n"
        "        return api.Prediction(probabilities={'pneumonia': 0.25})\n"
        "@api.hookimpl\ndef cxrdesk_detectors():\n    return [Golden]\n"
    )
    made = wheel(folder, "cxrdesk-golden", {"golden/__init__.py": "", "golden/plugin.py": code},
                 "[cxrdesk.plugins]\ngolden = golden.plugin\n")  # fmt: skip
    import base64
    import zipfile

    with zipfile.ZipFile(made) as old:
        files = {name: old.read(name) for name in old.namelist()}
    record = next(name for name in files if name.endswith("/RECORD"))
    for path in bundle.iterdir():
        data = path.read_bytes()
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        files[f"golden/bundle/{path.name}"] = data
        files[record] += f"golden/bundle/{path.name},sha256={digest},{len(data)}\n".encode()
    with zipfile.ZipFile(made, "w") as new:
        for name, data in files.items():
            new.writestr(name, data)
    return made


def test_golden_vectors_are_run_in_a_child_process(tmp_path):
    from cxrdesk.inference.site_check import check_site
    from tests.wheels import unpack

    for scores, stage in ((0.25, ""), (0.5, "golden: model: golden film 0 differs by 0.25")):
        folder = tmp_path / str(scores)
        folder.mkdir()
        unpack(golden_plugin(folder, scores), folder / "site")
        checked = check_site(folder / "site", "cxrdesk-golden", device="cpu")
        assert [model.id for model in checked.models] == ["golden"]
        assert checked.without_golden == ()
        assert (checked.failures[0] if checked.failures else "")[: len(stage)] == stage
        assert bool(checked.failures) == bool(stage)
        assert not list(folder.rglob("__pycache__"))


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("import os\nos._exit(3)", "ended its process while it was checked: it ended with exit code 3"),
        ("raise RuntimeError('no licence')", "no licence"),
        ("import os\nos.write(1, b'x' * 1000)\nimport time\ntime.sleep(60)", "did not finish"),
    ],
)
def test_plugins_that_do_not_survive_the_check(tmp_path, code, words):
    from cxrdesk.imaging.errors import UserError
    from cxrdesk.inference.site_check import check_site
    from tests.wheels import unpack, wheel

    made = wheel(tmp_path, "cxrdesk-bad", {"bad.py": code}, "[cxrdesk.plugins]\nbad = bad\n")
    unpack(made, tmp_path / "site")
    with pytest.raises(UserError) as caught:
        check_site(tmp_path / "site", "cxrdesk-bad", device="cpu", limit_s=2 if "sleep" in code else 60)
    assert caught.value.code == "check-failed"
    assert words in caught.value.text
