"""What a version of the plugin interface promised is still there, and nothing is offered that no list names."""

from __future__ import annotations

import pytest

from cxrdesk.api.version import API_VERSION, refusal
from tests.api.surface import FROZEN, broken, lines

VERSIONS = {path.stem: path.read_text("utf-8").splitlines() for path in FROZEN.glob("*.txt")}
NEWEST = max(VERSIONS, key=lambda text: [int(part) for part in text.split(".")])


def test_the_interface_is_the_newest_list():
    assert NEWEST == API_VERSION
    assert lines() == VERSIONS[NEWEST], "raise the minor version, and run: python -m tests.api.surface"


@pytest.mark.parametrize("version", VERSIONS)
def test_a_plugin_of_an_older_minor_version_misses_nothing(version):
    if refusal(version) is None:
        assert broken(VERSIONS[version], lines()) == []


OLD = [
    "a.Kit.predict(self, inputs) abstract",
    "a.Kit.maps(self, inputs)",
    "a.Kit: subclassed",
    "a.Box(*, x, y=)",
    "a.Box: class",
    "a.call(one, two, *, three=)",
    "a.Level.LOW",
]


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ("a.Box(*, x, y=)", "a.Box(*, x, y=, z=)", None),
        ("a.Box(*, x, y=)", "a.Box(*, x=, y=)", None),
        ("a.Box(*, x, y=)", "a.Box(*, x, y=, z)", "became"),
        ("a.Box(*, x, y=)", "a.Box(*, x, y)", "became"),
        ("a.Box(*, x, y=)", "a.Box(*, x)", "became"),
        ("a.call(one, two, *, three=)", "a.call(one, two=, four=, *, three=)", None),
        ("a.call(one, two, *, three=)", "a.call(two, one, *, three=)", "became"),
        ("a.call(one, two, *, three=)", "a.call(one, *, two, three=)", "became"),
        ("a.Level.LOW", "a.Level.LOWEST", "gone"),
        ("a.Box: class", "a.Box: enum", "became"),
        ("a.Kit.maps(self, inputs)", "a.Kit.maps(self, inputs, scale=)", "became"),
        ("a.Kit.maps(self, inputs)", "a.Kit.maps(self, inputs) abstract", "became"),
        ("a.Kit.predict(self, inputs) abstract", "a.Kit.predict(self, inputs)", "became"),
    ],
)
def test_what_breaks_a_plugin(before, after, why):
    found = broken(OLD, [after if line == before else line for line in OLD])
    assert [why in text for text in found] == ([] if why is None else [True])


def test_a_new_method_that_must_be_implemented_breaks_a_plugin():
    assert broken(OLD, [*OLD, "a.Kit.scale(self)"]) == []
    assert broken(OLD, [*OLD, "a.Kit.scale(self) abstract"]) == ["a.Kit.scale() must be implemented now"]
