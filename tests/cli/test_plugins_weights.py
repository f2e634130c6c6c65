"""``cxrdesk plugins weights import``, over a plugin that reads a file of its own kind."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from cxrdesk.api import BundleError, imported_bundles, imported_folder
from cxrdesk.api.bundle import write_bundle
from cxrdesk.cli import plugins_weights
from tests.support import WEIGHTS, detector_spec, point


def import_weights(file: Path, folder: Path, name: str | None = None) -> Path:
    """A plugin's importer."""
    print("what a library prints")
    if file.read_bytes() != b"weights":
        raise BundleError("unsafe-weights", f"{file.name} was not loaded: it names os.system.")
    import hashlib

    digest = hashlib.sha256(b"weights").hexdigest()
    measured = point(weights_sha256=digest if name == "sure" else WEIGHTS)
    spec = detector_spec(weights_sha256=digest, operating_points=(measured,), trained_on="films", licence="theirs")
    return write_bundle(folder / "made", spec, b"weights", {})


@pytest.fixture
def importers(monkeypatch):
    def known(*names: str) -> None:
        entries = [EntryPoint(name=n, value=f"{__name__}:import_weights", group=plugins_weights.GROUP) for n in names]
        monkeypatch.setattr(plugins_weights, "entry_points", lambda group: entries)
        monkeypatch.setattr(EntryPoint, "load", lambda self: import_weights)

    return known


@pytest.fixture
def weights(tmp_path):
    path = tmp_path / "weights.pt"
    path.write_bytes(b"weights")
    return path


def test_a_bundle_appears_in_the_users_folder(cli, importers, weights):
    importers("theirs")
    result = cli("plugins", "weights", "import", weights)
    assert result.exit_code == 0
    assert "test-detector: what the test wants" in result.stdout
    assert "Licence: theirs." in result.stdout
    assert "scores are shown without a call" in result.stdout
    assert "library" not in result.stdout
    assert imported_bundles("theirs") == [imported_folder("theirs") / "made"]
    assert "without a call" not in cli("plugins", "weights", "import", weights, "--as", "sure").stdout


def test_a_hostile_file_is_one_sentence(cli, importers, weights):
    importers("theirs")
    weights.write_bytes(b"cos\nsystem\n")
    result = cli("plugins", "weights", "import", weights)
    assert result.exit_code == 3
    assert "weights.pt was not loaded: it names os.system." in result.stderr
    assert "Traceback" not in result.stderr
    assert imported_bundles("theirs") == []


@pytest.mark.parametrize(
    ("names", "asked", "code", "words"),
    [
        ((), (), 4, "No installed plugin imports weights"),
        (("one", "two"), (), 2, "Say by --plugin"),
        (("one", "two"), ("--plugin", "three"), 2, "no plugin 'three'"),
        (("one", "two"), ("--plugin", "two"), 0, ""),
    ],
)
def test_which_plugin_reads_it(cli, importers, weights, names, asked, code, words):
    importers(*names)
    result = cli("plugins", "weights", "import", weights, *asked)
    assert result.exit_code == code
    assert words in result.stderr


def test_bundles_that_are_being_written_are_none_yet(monkeypatch, tmp_path):
    folder = imported_folder("theirs")
    for name in (".half", "whole", "empty"):
        (folder / name).mkdir(parents=True)
    for name in (".half", "whole"):
        (folder / name / "bundle.json").write_text("{}")
    assert imported_bundles("theirs") == [folder / "whole"]
    assert imported_folder("theirs").is_relative_to(tmp_path / "home" / "data")
