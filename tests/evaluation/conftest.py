"""A made data folder that tests of evaluation share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.made_data import make_adults, make_kermany, make_nih


@pytest.fixture(scope="session")
def made_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Phantoms in the publishers' layouts; never written to."""
    return make_nih(make_adults(make_kermany(tmp_path_factory.mktemp("made-data"))))
