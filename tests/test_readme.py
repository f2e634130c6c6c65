"""The README's figures are those of the shipped bundles, and its files exist."""

import re

from tests.readme import END, README, ROOT, START, figures


def test_figures_are_those_of_the_bundles() -> None:
    text = README.read_text(encoding="utf-8")
    quoted = text.split(START)[1].split(END)[0]
    assert quoted == figures(), "run: python -m tests.readme"


def test_linked_files_exist() -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)\)", README.read_text(encoding="utf-8"))
    assert targets
    assert [target for target in targets if not (ROOT / target).exists()] == []
