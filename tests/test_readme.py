"""The README's figures are those that the evaluation printed, and that the shipped bundles hold; its files exist."""

import json
import re
from pathlib import Path

import pytest

from cxrdesk.api.bundle import Bundle
from reproductions import table as systems
from tests.figures import FIGURES, OUTLINES, SETS
from tests.readme import (
    BENCH_END,
    BENCH_START,
    COMMANDS_END,
    COMMANDS_START,
    END,
    README,
    ROOT,
    START,
    bench,
    figures,
    measuring,
    results,
    simulated,
)
from tests.readme import PLUGINS as PLUGINS_README

PLUGINS = ROOT / "plugins"


def test_figures_are_those_of_the_evaluation() -> None:
    text = README.read_text(encoding="utf-8")
    quoted = text.split(START)[1].split(END)[0]
    assert quoted == figures(), "run: python -m tests.readme"


def test_benchmarks_are_those_that_were_kept() -> None:
    text = README.read_text(encoding="utf-8")
    assert text.split(BENCH_START)[1].split(BENCH_END)[0] == bench(), "run: python -m tests.readme"


def test_evaluation_is_of_the_shipped_lung_bundle() -> None:
    shipped = Bundle(PLUGINS / "cxrdesk-lungmask/src/cxrdesk_lungmask/bundle").manifest
    (item,) = results()["segmenter"]
    for group, dice in shipped["dice"].items():
        assert item["table"]["dice"][group]["value"] == pytest.approx(dice["value"], abs=1e-3)


@pytest.mark.parametrize("place", ["src/cxrdesk_pneumonia/bundle", "folds/im", "folds/normal2"])
def test_evaluation_is_of_the_shipped_pneumonia_bundles(place: str) -> None:
    shipped = Bundle(PLUGINS / "cxrdesk-pneumonia" / place).manifest["evaluation"]["table"]
    tables = [table for item in results()["detector"] for table in item["tables"] if table["films"] == shipped["films"]]
    assert len(tables) == 1
    for name, point in shipped["points"].items():
        for figure in ("auc", "sensitivity", "specificity", "balanced_accuracy"):
            assert tables[0]["points"][name][figure]["value"] == pytest.approx(point[figure]["value"], abs=3e-3)


def test_simulated_figures_are_those_that_the_commands_printed() -> None:
    text = PLUGINS_README.read_text(encoding="utf-8")
    assert text.split(START)[1].split(END)[0] == simulated(), "run: python -m tests.readme"
    assert text.split(COMMANDS_START)[1].split(COMMANDS_END)[0] == measuring(), "run: python -m tests.readme"


def test_every_plugin_of_a_published_system_has_its_table() -> None:
    found = {
        what for page in systems.pages() for _, what, *_ in systems.BLOCK.findall(page.read_text(encoding="utf-8"))
    }
    wanted = {name for system in systems.systems() for name in (*system["studies"], *system["beside"])}
    assert found == wanted | {systems.OVERVIEW}


@pytest.mark.parametrize("page", systems.pages(), ids=lambda page: page.parent.name + page.stem)
def test_systems_are_told_as_their_studies_found_them(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert systems.filled(text) == text, "run: python -m reproductions table"


@pytest.mark.parametrize("name", [name for name in SETS if name not in OUTLINES])
def test_simulated_figures_are_of_the_shipped_bundles(name: str) -> None:
    shipped = Bundle(PLUGINS / f"cxrdesk-{name}/src/cxrdesk_{name}/bundle").manifest
    told = json.loads((FIGURES / f"{name}.json").read_text(encoding="utf-8"))
    for item in (*told["evaluated"], *told["saliency"]):
        assert item["weights_sha256"] == shipped["weights"]["sha256"]
    assert {table["finding"] for table in told["evaluated"][0]["tables"]} == set(shipped["findings"])


@pytest.mark.parametrize("name", OUTLINES)
def test_simulated_outlines_are_of_the_shipped_bundle(name: str) -> None:
    shipped = Bundle(PLUGINS / "cxrdesk-lungmask/src/cxrdesk_lungmask/bundle").manifest
    (item,) = json.loads((FIGURES / f"{name}.json").read_text(encoding="utf-8"))["evaluated"]
    assert item["weights_sha256"] == shipped["weights"]["sha256"]


@pytest.mark.parametrize("page", [README, PLUGINS_README, *sorted(PLUGINS.glob("*/README.md"))])
def test_linked_files_exist(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text(encoding="utf-8"))
    assert targets or page.parent.parent == PLUGINS
    assert [target for target in targets if not (page.parent / target).exists()] == []
