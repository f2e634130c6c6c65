"""Manifests, signatures and requirements of packages."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cxrdesk.api.version import API_VERSION
from cxrdesk.imaging.errors import UserError
from cxrdesk.packages import keys
from cxrdesk.packages.archive import ArchiveWriter
from cxrdesk.packages.manifest import ManifestError, parse
from cxrdesk.packages.pack import sign_package
from cxrdesk.packages.package import check_fits, read_package, unpack
from cxrdesk.packages.publishers import Publishers, Trust
from tests.packages.conftest import GOOD, MODEL, Maker


def rewritten(path: Path, changes: dict[str, bytes | None]) -> Path:
    """The package with other content in some of its parts, or without them."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts |= {name: data for name, data in changes.items() if data is not None}
    with path.open("wb") as file:
        writer = ArchiveWriter(file)
        for name, data in parts.items():
            if changes.get(name, b"") is not None:
                writer.add(name, data)
        writer.close()
    return path


def manifest(path: Path) -> dict:
    with zipfile.ZipFile(path) as archive:
        return json.loads(archive.read("manifest.json"))


def code(path: Path, publishers: Publishers | None = None) -> str:
    with pytest.raises(UserError) as caught:
        check_fits(read_package(path, publishers or Publishers.nobody()))
    assert "\n" not in caught.value.text
    return caught.value.code


def test_the_same_plugin_gives_the_same_bytes(maker: Maker):
    first, second = maker.file(signed=True), maker.file(signed=True, folder="again")
    assert first.read_bytes() == second.read_bytes()
    assert first.name == "cxrdesk-made-up-1.0.cxrplugin"


def test_what_a_package_says(maker: Maker):
    package = maker.package()
    told = package.manifest
    assert (told.name, told.version, told.api, told.publisher) == (
        "cxrdesk-made-up",
        "1.0",
        API_VERSION,
        "Klinik Möller",
    )
    assert told.intended_use == "none; it shows how tests are made."
    assert told.licence == "MIT"
    assert told.models == (MODEL,)
    assert package.signer.trust is Trust.UNSIGNED
    assert package.card.startswith("# Made up")
    assert parse(told.to_bytes()) == told
    check_fits(package)


@pytest.mark.parametrize("name", ["site/made_up.py", "model-card.md", "licence.txt"])
def test_a_tampered_part(maker: Maker, name):
    path = maker.file(signed=True)
    with zipfile.ZipFile(path) as archive:
        data = archive.read(name)
    assert code(rewritten(path, {name: data[:-1] + b"!"})) == "part-changed"
    assert code(rewritten(path, {name: data + b"!"})) == "part-changed"
    assert code(rewritten(path, {name: None})) == "part-changed"


def test_a_part_that_no_manifest_names(maker: Maker):
    assert code(rewritten(maker.file(), {"site/more.py": b"import os"})) == "bad-package"
    assert code(rewritten(maker.file(), {"more.txt": b""})) == "bad-package"


def test_a_tampered_manifest(maker: Maker):
    path = maker.file(signed=True)
    told = manifest(path) | {"intended_use": "everything"}
    assert code(rewritten(path, {"manifest.json": json.dumps(told).encode()})) == "bad-signature"


def test_a_signature_of_another_package(maker: Maker):
    other = maker.file("2.0", signed=True)
    with zipfile.ZipFile(other) as archive:
        signature = archive.read("manifest.sig")
    assert code(rewritten(maker.file(signed=True), {"manifest.sig": signature})) == "bad-signature"


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"\xff", b'{"kind": "ed25519", "key": "", "signature": ""}',
                                  b'{"kind": "rsa", "key": "AAAA", "signature": "AAAA"}', b"[" * 3000])  # fmt: skip
def test_a_signature_that_is_none(maker: Maker, data):
    assert code(rewritten(maker.file(signed=True), {"manifest.sig": data})) == "bad-signature"


def test_signatures_hold_by_another_implementation(maker: Maker):
    """RFC 8032, 7.1, test 2: this key signs this message so."""
    secret = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
    made = keys.sign(Ed25519PrivateKey.from_private_bytes(secret), b"\x72")
    assert made.key.hex() == "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
    assert made.signature.hex().startswith("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da")
    assert keys.Signature.parse(made.to_bytes()).holds(b"\x72")
    assert not made.holds(b"\x73")


def test_who_signed(maker: Maker, publishers: Publishers):
    path = maker.file(signed=True)
    stranger = read_package(path, publishers).signer
    assert stranger.trust is Trust.UNKNOWN
    assert maker.public.fingerprint in stranger.sentence
    publishers.add(maker.public)
    known = read_package(path, Publishers(publishers.path)).signer
    assert known.trust is Trust.KNOWN
    assert "Klinik Möller" in known.sentence


def test_a_trusted_name_needs_its_key(maker: Maker, publishers: Publishers):
    publishers.add(maker.public)
    assert code(maker.file(), publishers) == "false-publisher"
    path = maker.file()
    for name in ("Klinik Mo\u0308ller", "KLINIK  MÖLLER", "Ｋlinik Möller"):
        told = manifest(path) | {"publisher": name}
        rewritten(path, {"manifest.json": json.dumps(told).encode()})
        assert code(path, publishers) == "false-publisher"
    path = maker.file()
    sign_package(path, maker.other)
    assert code(path, publishers) == "false-publisher"
    sign_package(path, maker.key)
    assert read_package(path, publishers).signer.trust is Trust.KNOWN


def test_trusted_publishers_are_kept_and_forgotten(maker: Maker, publishers: Publishers):
    publishers.add(maker.public)
    publishers.add(maker.public)
    with pytest.raises(UserError) as caught:
        publishers.add(replace(maker.public, raw=b"x" * 32))
    assert caught.value.code == "known-publisher"
    publishers.remove("Klinik Möller")
    assert Publishers(publishers.path).keys == {}
    with pytest.raises(UserError, match="No publisher"):
        publishers.remove("Klinik Möller")


@pytest.mark.parametrize("content", ["", "[]", '{"publishers": {"a": "AAAA"}}', '{"publishers": []}', "{"])
def test_trusted_publishers_that_cannot_be_read(publishers: Publishers, content):
    publishers.path.parent.mkdir()
    publishers.path.write_text(content)
    with pytest.raises(UserError) as caught:
        Publishers(publishers.path)
    assert caught.value.code == "bad-publishers"


def test_keys_are_private_and_never_written_over(tmp_path):
    private, public = tmp_path / "a.key", tmp_path / "a.pub"
    made = keys.generate("Ä & Söhne", private, public)
    assert keys.load_public(public) == made
    assert private.stat().st_mode & 0o077 == 0
    with pytest.raises(UserError) as caught:
        keys.generate("Ä & Söhne", private, tmp_path / "b.pub")
    assert caught.value.code == "file-exists"
    for load, path in ((keys.load_private, public), (keys.load_public, private), (keys.load_public, tmp_path)):
        with pytest.raises(UserError) as caught:
            load(path)
        assert caught.value.code == "bad-key"


BROKEN = {
    "format": {"format": 2},
    "no name": {"name": None},
    "a path as a name": {"name": "../evil"},
    "a device as a name": {"name": "nul"},
    "a path as a version": {"version": "1/../../evil"},
    "no version": {"version": "one"},
    "a version written otherwise": {"version": "1.0.0-rc1"},
    "control characters": {"publisher": "Klinik\x1b[2J"},
    "turned text": {"publisher": "Klinik\u202eevil"},
    "lines": {"intended_use": "a\nb"},
    "no models": {"models": []},
    "evidence": {"models": [{**vars(MODEL), "evidence": "proven"}]},
    "one more key": {"surprise": 1},
    "parts are text": {"parts": "all"},
    "python": {"requires_python": "later"},
    "no card": {"parts": [{"path": "site/a", "sha256": "0" * 64, "size": 1}]},
    "outside": {"parts": [{"path": "../a", "sha256": "0" * 64, "size": 1}]},
    "elsewhere": {"parts": [{"path": "bin/a", "sha256": "0" * 64, "size": 1}]},
    "size": {"parts": [{"path": "model-card.md", "sha256": "0" * 64, "size": True}]},
    "digest": {"parts": [{"path": "model-card.md", "sha256": "0", "size": 1}]},
}


@pytest.mark.parametrize("what", BROKEN)
def test_manifests_that_are_none(maker: Maker, what):
    path = maker.file()
    told = manifest(path) | BROKEN[what]
    told = {key: value for key, value in told.items() if value is not None}
    assert code(rewritten(path, {"manifest.json": json.dumps(told).encode()})) == "bad-package"


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b"\xff", b'{"format": 1, "format": 1}', b'{"format": NaN}',
                                  b'{"format": 1.0}', b"[" * 100_000])  # fmt: skip
def test_manifests_that_are_no_plain_json(data):
    with pytest.raises(ManifestError):
        parse(data)


@pytest.mark.parametrize(
    ("requires", "words"),
    [
        (("numpy>=2",), ""),
        (("cxrdesk>=0.1", 'colorama; sys_platform == "nothing"'), ""),
        (("numpy<2",), "needs numpy<2, but cxrdesk runs with numpy "),
        (("torch==1.0",), "needs torch==1.0, but cxrdesk runs with torch "),
        (("numpy @ https://example.org/numpy.whl",), "from an address"),
        (("a-library-that-is-not-there>=3",), "a-library-that-is-not-there>=3, which neither"),
        (("cxrdesk>=99",), "but cxrdesk runs with cxrdesk"),
    ],
)
def test_requirements(maker: Maker, requires, words):
    if not words:
        check_fits(maker.package(requires=requires))
        return
    with pytest.raises(UserError) as caught:
        maker.file(requires=requires)
    assert caught.value.code == "dependency-conflict"
    assert words in caught.value.text


def vendored(folder: Path, name: str, version: str = "1.0", requires: tuple[str, ...] = (), **files: str) -> Path:
    from tests.wheels import wheel

    return wheel(folder, name, files or {f"{name}.py": "X = 1\n"}, "", version, requires)


def test_vendored_dependencies(maker: Maker):
    inner = vendored(maker.folder, "inner", "2.0")
    outer = vendored(maker.folder, "outer", "1.0", ("inner>=2", 'absent; extra == "more"'))
    package = maker.package(requires=("outer",), vendored=[outer, inner])
    check_fits(package)
    assert "site/inner.py" in {part.path for part in package.manifest.parts}
    for wheels, words in (([outer], "outer needs inner>=2"), ([inner], "needs outer")):
        with pytest.raises(UserError, match=words):
            maker.file(requires=("outer",), vendored=wheels)
    with pytest.raises(UserError, match="which neither"):
        maker.file(requires=("outer[more]",), vendored=[outer, inner])


def test_a_vendored_library_that_the_application_ships(maker: Maker):
    with pytest.raises(UserError, match=r"brings numpy 1\.0, but cxrdesk runs with numpy 2"):
        maker.file(vendored=[vendored(maker.folder, "numpy", "1.0", **{"numpy/__init__.py": ""})])


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"evil.pth": "import os"}, "whenever Python starts"),
        ({"sitecustomize.py": ""}, "whenever Python starts"),
        ({"json/__init__.py": ""}, "in the way of a module of Python"),
        ({"cxrdesk/api/more.py": ""}, "in the way"),
        ({"other.egg-info/PKG-INFO": "Name: other"}, "not what an unpacked wheel leaves"),
        ({"other-1.0.dist-info/entry_points.txt": "[cxrdesk.plugins]\na = a\n"}, "not what a wheel leaves"),
    ],
)
def test_files_that_would_reach_out_of_the_plugins_folder(maker: Maker, files, words):
    with pytest.raises(UserError, match=words):
        maker.file(files=files)


def test_scripts_and_files_for_elsewhere_are_left_out(maker: Maker):
    data = {"cxrdesk_made_up-1.0.data/scripts/run": "#!", "cxrdesk_made_up-1.0.data/purelib/extra.py": "E = 1\n"}
    paths = {part.path for part in maker.package(files=data).manifest.parts}
    assert "site/extra.py" in paths
    assert not any("run" in path for path in paths)


def test_a_plugin_that_is_part_of_this_installation(maker: Maker):
    path = maker.file(name="cxrdesk-pneumonia")
    assert code(path) == "dependency-conflict"


def test_another_api_or_python(maker: Maker):
    assert code(maker.file(checked=replace(GOOD, api="7.0"))) == "wrong-api"
    path = maker.file()
    told = manifest(path) | {"requires_python": ">=4"}
    assert code(rewritten(path, {"manifest.json": json.dumps(told).encode()})) == "wrong-python"


def test_golden_vectors_that_fail_are_not_packed(maker: Maker):
    with pytest.raises(UserError, match="model: golden film 0") as caught:
        maker.file(checked=replace(GOOD, failures=("made-up: model: golden film 0 differs",)))
    assert caught.value.code == "golden-differs"


def test_a_file_that_changes_between_reading_and_unpacking(maker: Maker, tmp_path):
    path = maker.file()
    package = read_package(path, Publishers.nobody())
    maker.file(text="import os\n")
    (tmp_path / "there").mkdir()
    with pytest.raises(UserError) as caught:
        unpack(package, tmp_path / "there")
    assert caught.value.code == "part-changed"


def test_wheels_that_are_not_sound(maker: Maker, tmp_path):
    good = vendored(maker.folder, "good")
    for name, changes in {
        "record": {"good.py": b"X = 2\n"},
        "outside": {"../evil.py": b""},
        "unlisted": {"more.py": b""},
    }.items():
        bad = tmp_path / f"{name}.whl"
        with zipfile.ZipFile(good) as old, zipfile.ZipFile(bad, "w") as new:
            for member in old.namelist():
                new.writestr(member, changes.get(member, old.read(member)))
            for member in changes.keys() - set(old.namelist()):
                new.writestr(member, changes[member])
        with pytest.raises(UserError) as caught:
            maker.file(vendored=[bad])
        assert caught.value.code == "bad-wheel", name
    with pytest.raises(UserError, match="there already"):
        maker.file(vendored=[good, good])


def test_whatever_is_done_to_a_package_ends_in_a_sentence(maker: Maker):
    whole = maker.file(signed=True).read_bytes()
    path = maker.folder / "mutated.cxrplugin"
    random = Random(7)
    refused = 0
    for _ in range(400):
        data = bytearray(whole)
        at, length = random.randrange(len(data)), random.randrange(1, 40)
        match random.randrange(4):
            case 0:
                for _ in range(random.randrange(1, 6)):
                    data[random.randrange(len(data))] = random.randrange(256)
            case 1:
                del data[at : at + length]
            case 2:
                data[at:at] = data[at : at + length]
            case _:
                data[at : at + length] = bytes(min(length, len(data) - at))
        path.write_bytes(data)
        try:
            check_fits(read_package(path, Publishers.nobody()))
        except UserError:
            refused += 1
        else:
            assert zip_content(path) == zip_content(maker.folder / "out" / "cxrdesk-made-up-1.0.cxrplugin")
    assert refused > 300


def zip_content(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}
