"""What a stick offers."""

from __future__ import annotations

import json

import pytest

from cxrdesk.imaging.errors import UserError
from cxrdesk.packages.index import News, available, write_index
from cxrdesk.packages.publishers import Publishers, Trust
from tests.packages.conftest import Maker


@pytest.fixture
def stick(maker: Maker):
    for version in ("1.0", "1.1", "2.0"):
        maker.file(version, folder="Stick №1")
    folder = maker.folder / "Stick №1"
    for path in folder.glob("*.whl"):
        path.unlink()
    return folder


def news(found) -> dict[str, News]:
    return {item.listed.version: item.news for item in found.packages}


def test_a_signed_index(maker: Maker, stick, publishers: Publishers):
    publishers.add(maker.public)
    assert write_index(stick, maker.key) == 3
    found = available(stick, publishers, {"cxrdesk-made-up": "1.1"})
    assert news(found) == {"1.0": News.OLDER, "1.1": News.SAME, "2.0": News.UPDATE}
    assert found.signer is not None
    assert found.signer.trust is Trust.KNOWN
    assert [item.fault for item in found.packages] == ["", "", ""]
    assert set(news(available(stick, publishers, {})).values()) == {News.NEW}


def test_a_folder_without_an_index(maker: Maker, stick):
    (stick / "broken.cxrplugin").write_text("not a package")
    found = available(stick, Publishers.nobody(), {})
    assert found.signer is None
    assert sorted(item.listed.version for item in found.packages if not item.fault) == ["1.0", "1.1", "2.0"]
    assert ["no sound plugin package" in item.fault for item in found.packages if item.fault] == [True]


def test_a_file_that_is_not_the_one_that_the_index_names(maker: Maker, stick):
    write_index(stick)
    maker.file("2.0", text="evil = 1\n", folder="Stick №1")
    (stick / "cxrdesk-made-up-1.1.cxrplugin").unlink()
    faults = {item.listed.version: item.fault for item in available(stick, Publishers.nobody(), {}).packages}
    assert faults["1.0"] == ""
    assert "not the file that the index names" in faults["2.0"]
    assert "cannot be read" in faults["1.1"]


def test_a_tampered_index(maker: Maker, stick):
    write_index(stick, maker.key)
    content = json.loads((stick / "index.json").read_text())
    content["plugins"][0]["version"] = "9.0"
    (stick / "index.json").write_text(json.dumps(content))
    with pytest.raises(UserError) as caught:
        available(stick, Publishers.nobody(), {})
    assert caught.value.code == "bad-signature"


@pytest.mark.parametrize(
    "change",
    [
        {"file": "../../evil.cxrplugin"}, {"file": "a/b.cxrplugin"}, {"file": "/etc/passwd"}, {"name": "../a"},
        {"version": "1/2"}, {"version": "1.x"}, {"publisher": "a\nb"}, {"looks_for": 5}, {"more": "x"},
    ],
)  # fmt: skip
def test_an_index_that_names_what_it_may_not(stick, change):
    write_index(stick)
    content = json.loads((stick / "index.json").read_text())
    content["plugins"][0] |= change
    (stick / "index.json").write_text(json.dumps(content))
    with pytest.raises(UserError) as caught:
        available(stick, Publishers.nobody(), {})
    assert caught.value.code == "bad-index"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 1}', '{"format": 2, "plugins": []}'])
def test_an_index_that_is_none(stick, text):
    (stick / "index.json").write_text(text)
    with pytest.raises(UserError) as caught:
        available(stick, Publishers.nobody(), {})
    assert caught.value.code == "bad-index"


def test_no_folder(tmp_path):
    with pytest.raises(UserError) as caught:
        available(tmp_path / "nowhere", Publishers.nobody(), {})
    assert caught.value.code == "no-package"
