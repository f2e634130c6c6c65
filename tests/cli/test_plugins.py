"""``cxrdesk plugins list``."""

from __future__ import annotations

import json

import pytest

from cxrdesk.discovery.registry import PluginFailure
from tests import support

BROKEN = PluginFailure(
    name="bad\x1b[31m", distribution="cxrdesk-broken", version="2.0", code="api-version", reason="was written for 9.0"
)


def test_table(cli, usual):
    result = cli("plugins", "list")
    assert result.exit_code == 0
    assert result.stderr == ""
    told = " ".join(result.stdout.split())
    for words in ("cxrdesk-test 1.0", "test-detector 1.0", "test-lungs 1.0", "internal, claimed by the publisher"):
        assert words in told
    assert "from 1 to under 6 years" in told


def test_json(cli, usual):
    content = json.loads(cli("plugins", "list", "--json").stdout)
    [plugin] = content["plugins"]
    [detector], [segmenter] = plugin["detectors"], plugin["segmenters"]
    assert detector["findings"] == ["pneumonia"]
    assert detector["operating_points"] == ["balanced"]
    assert detector["age_years"] == [1.0, 6.0]
    assert segmenter["structure"] == "lungs"
    assert segmenter["weights_sha256"] == "b" * 64


def test_failures_have_code_and_reason(cli, installed):
    installed(support.spying(), failures=(BROKEN,))
    result = cli("plugins", "list")
    assert result.exit_code == 1
    assert "api-version" in result.stdout
    assert "was written for 9.0" in result.stdout
    assert "\x1b" not in result.stdout
    content = json.loads(cli("plugins", "list", "--json").stdout)
    assert content["failures"] == [
        {
            "name": BROKEN.name,
            "distribution": "cxrdesk-broken",
            "version": "2.0",
            "code": "api-version",
            "reason": "was written for 9.0",
        }
    ]


@pytest.mark.parametrize(("failures", "words"), [((), "No plugin is installed"), ((BROKEN,), "could be used")])
def test_none(cli, installed, failures, words):
    installed(failures=failures)
    result = cli("plugins", "list", "--json")
    assert result.exit_code == 4
    assert words in result.stderr
    assert json.loads(result.stdout)["plugins"] == []
