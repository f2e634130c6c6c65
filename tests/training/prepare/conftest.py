"""How a source is prepared in these tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cxrdesk.training.prepare.download import opened
from cxrdesk.training.prepare.layout import Prepared


@pytest.fixture
def prepared(tmp_path: Path) -> Callable[..., list[Prepared]]:
    """Prepare from folders or zip files into ``out`` of the test's folder."""

    def run(
        prepare: Callable[..., list[Prepared]], *places: Path, resume: bool = False, **given: Any
    ) -> list[Prepared]:
        with opened(places) as members:
            return prepare(
                members, out=tmp_path / "out", resume=resume, advance=lambda done, total, text: None, **given
            )

    return run
