"""Files that pretend to be packages."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
from pathlib import Path

import pytest

from cxrdesk.imaging.errors import UserError
from cxrdesk.packages.archive import ArchiveWriter, opened
from cxrdesk.packages.names import clash, path_fault


def info(name: str, **changes: object) -> zipfile.ZipInfo:
    made = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    for key, value in changes.items():
        setattr(made, key, value)
    return made


def zipped(path: Path, *members: zipfile.ZipInfo, content: bytes = b"text") -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for member in members:
            archive.writestr(member, content)
    return path


def refusal(path: Path) -> str:
    with pytest.raises(UserError) as caught, opened(path):
        pass
    assert caught.value.code in ("bad-package", "no-package")
    return caught.value.text


@pytest.mark.parametrize(
    "name",
    [
        "../evil", "a/../../evil", "/etc/passwd", "C:/evil", "C:evil", "a\\..\\evil", "..\\evil", "\\\\server\\share",
        "a//b", "./a", "a/.", "", "con", "CON.txt", "a/nul", "a/LPT1.py", "com¹.txt", "aux .txt", "a.", "a ", " a",
        "a/b. /c", "a:stream", "a?", "a*", "a|b", 'a"b', "a<b", "tab\tname", "line\nname", "nul\x00name",
        "turned\u202egpj.py", "e\u0301.py", "x" * 121, "ä" * 110,
    ],
)  # fmt: skip
def test_names_that_some_system_reads_otherwise_are_refused(name):
    assert path_fault(name)


@pytest.mark.parametrize("name", ["a", "a/b.py", "Modell-Übersicht/карта.md", "a b/c d.txt", ".hidden", "console.py"])
def test_names_that_every_system_takes(name):
    assert path_fault(name) is None


@pytest.mark.parametrize(
    "names",
    [("a", "A"), ("straße", "STRASSE"), ("a/B/c", "a/b"), ("a", "a/b"), ("a/b", "a"), ("ﬁle", "file"), ("a", "a")],
)
def test_names_that_some_system_takes_for_each_other(names):
    assert clash(names)
    assert clash(reversed(names))


def test_different_names_do_not_clash():
    assert clash(["a/b", "a/c", "a/d/e", "ab"]) is None


@pytest.mark.parametrize(
    ("member", "why"),
    [
        (info("../evil"), "leaves its folder"),
        (info("/evil"), "leaves its folder"),
        (info("a", compress_type=zipfile.ZIP_DEFLATED), "compressed"),
        (info("a", compress_type=zipfile.ZIP_BZIP2), "compressed"),
        (info("a", external_attr=(stat.S_IFLNK | 0o777) << 16), "link"),
        (info("a", external_attr=stat.S_IFIFO << 16), "link"),
        (info("a/"), "leaves its folder"),
        (info("CON"), "Windows"),
    ],
)
def test_members_that_a_package_has_not(tmp_path, member, why):
    if member.filename.endswith("/"):
        path = zipped(tmp_path / "a.cxrplugin", member, content=b"")
    else:
        path = zipped(tmp_path / "a.cxrplugin", member)
    assert why in refusal(path)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("names", [("a", "a"), ("a", "A"), ("a", "a/b")])
def test_one_name_twice(tmp_path, names):
    assert "twice" in refusal(zipped(tmp_path / "a.cxrplugin", *(info(name) for name in names)))


def good(tmp_path: Path) -> Path:
    path = tmp_path / "good.cxrplugin"
    with path.open("wb") as file:
        writer = ArchiveWriter(file)
        writer.add("one", b"1" * 100)
        writer.add("two/ü", b"2" * 200)
        writer.close()
    return path


def test_what_is_written_is_read(tmp_path):
    with opened(good(tmp_path)) as archive:
        assert archive.sizes == {"one": 100, "two/ü": 200}
        assert archive.read("two/ü", 200) == b"2" * 200
        with pytest.raises(UserError, match="too large"):
            archive.read("two/ü", 199)
        with pytest.raises(UserError, match="lacks three"):
            archive.read("three", 10)
        with pytest.raises(UserError, match="not what its manifest promises"):
            archive.check("one", "0" * 64, 100)


@pytest.mark.parametrize("change", ["before", "behind", "comment", "cut", "empty", "text", "zeros"])
def test_files_that_are_more_or_less_than_a_zip_file(tmp_path, change):
    path = good(tmp_path)
    data = path.read_bytes()
    made = {
        "before": b"#!/bin/sh\n" + data,
        "behind": data + b"x",
        "comment": data[:-2] + b"\x03\x00abc",
        "cut": data[: len(data) // 2],
        "empty": b"",
        "text": b"I am a package." * 100,
        "zeros": bytes(5000),
    }[change]
    path.write_bytes(made)
    refusal(path)


def test_no_flipped_byte_makes_anything_but_a_sentence(tmp_path):
    path = good(tmp_path)
    whole = path.read_bytes()
    refused = 0
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        try:
            with opened(path) as archive:
                for name in archive.sizes:
                    archive.read(name, 1000)
        except UserError as error:
            refused += error.code == "bad-package"
    assert refused > len(whole) // 2


def test_members_that_overlap(tmp_path):
    """As in D. Fifield's zip bomb (WOOT 2019): two entries of the list name the same bytes."""
    path = good(tmp_path)
    data = bytearray(path.read_bytes())
    second = data.rindex(b"PK\x01\x02")
    struct.pack_into("<L", data, second + 42, 0)
    path.write_bytes(data)
    assert "overlap" in refusal(path)


def test_more_members_than_a_package_has(tmp_path, monkeypatch):
    monkeypatch.setattr("cxrdesk.packages.archive.MOST_PARTS", 1)
    assert "too long" in refusal(good(tmp_path))


def test_a_list_that_is_named_in_two_ways(tmp_path):
    """A zip64 locator hidden in the list would lead zipfile elsewhere than the end record does."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        hidden = info("a")
        hidden.comment = b"PK\x06\x07" + bytes(16)
        archive.writestr(hidden, b"text")
    path = tmp_path / "a.cxrplugin"
    path.write_bytes(stream.getvalue())
    assert "zip64" in refusal(path)


def test_encrypted_members(tmp_path):
    path = good(tmp_path)
    data = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + offset] |= 1
    path.write_bytes(data)
    assert "encrypted" in refusal(path)


def test_what_is_no_file(tmp_path):
    refusal(tmp_path)
    refusal(tmp_path / "missing.cxrplugin")
