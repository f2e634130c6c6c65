"""What a version of the plugin interface promised is still there, and nothing is offered that no list names."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np
import pytest

from cxrdesk.api.version import API_VERSION, refusal
from cxrdesk.discovery.listing import list_plugins
from cxrdesk.discovery.registry import Registry
from cxrdesk.inference.runners import ChildRunner
from tests.api.surface import FROZEN, broken, lines
from tests.support import film
from tests.wheels import PLUGINS, plugin_wheel, unpack

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


SCORES = {"opacity": 0.748101, "effusion": 0.251899}
HIGHEST = 0.25127


def phantom(seed: int):
    """A film that slopes, with some noise: the same on every machine."""
    rows, cols = np.mgrid[0:160, 0:140]
    noise = np.random.default_rng(seed).integers(0, 64, (160, 140))
    return film(stored=(8 * cols + 4 * rows + seed * 100 + noise).astype(np.uint16))


KEPT = {"1.0": "d1a66ae54e807422175db0be85ae3e7d874f47c2a83cc93edc9cfcb934df1e34"}
"""SHA-256 of the module of an example plugin of each version: it is never edited."""


@pytest.mark.parametrize("version", KEPT)
def test_the_example_of_a_version_is_as_it_was(version):
    (module,) = (PLUGINS / f"api-{version}").glob("*.py")
    text = module.read_text("utf-8")
    assert f'CXRDESK_API = "{version}"' in text
    assert hashlib.sha256(text.encode()).hexdigest() == KEPT[version]


@pytest.fixture
def answers(tmp_path) -> Iterator[tuple[Registry, ChildRunner]]:
    """The example of 1.0 as a stranger's plugin in a process of its own."""
    site = tmp_path / "site"
    unpack(plugin_wheel(tmp_path, "api-1.0"), site)
    registry = list_plugins({"cxrdesk-of-1-0"}, sites=[site])
    runner = ChildRunner(registry, device="cpu")
    yield registry, runner
    runner.close()


def test_a_plugin_of_1_0_is_listed_and_answers_as_it_did(answers):
    registry, runner = answers
    assert registry.failures == []
    thirds, brightness = registry.segmenters[0], registry.detectors[0]
    assert brightness.calibration["opacity"].slope == 1.5
    films = [phantom(seed) for seed in (1, 2)]
    mask = runner.segment(thirds, films[0], lambda _: None, lambda: False).mask
    assert (mask.structure, mask.values.shape, mask.values.mean()) == ("lungs", (24, 24), pytest.approx(2 / 3))
    known = [{"lungs": mask}] * 2
    done = runner.detect(brightness, films, known, lambda _: None, lambda: False, explain=True)
    assert done.prediction.probabilities == pytest.approx(SCORES, abs=1e-4)
    assert [(item.finding, item.film) for item, _ in done.maps] == [
        ("opacity", 0), ("opacity", 1), ("effusion", 0), ("effusion", 1),
    ]  # fmt: skip
    assert float(done.maps[0][0].values.max()) == pytest.approx(HIGHEST, abs=1e-3)
    drawn = done.maps[0][1]
    assert drawn is not None
    assert (len(drawn.contours), len(drawn.boxes)) == (1, 2)
