"""The order in which detectors are shown."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

from cxrdesk.api import Evidence
from cxrdesk.discovery.registry import Plugin, Registry
from tests.support import detector_spec


def test_detectors_trained_on_simulated_films_come_after_all_others():
    """The reader meets first what may give a call."""
    known = {
        "alpha": Evidence.SYNTHETIC,
        "beta": Evidence.INTERNAL,
        "gamma": Evidence.SYNTHETIC,
        "zeta": Evidence.UNMEASURED,
    }
    models = tuple(
        SimpleNamespace(spec=replace(detector_spec(), id=name, evidence=level)) for name, level in known.items()
    )
    plugin = Plugin(name="all", distribution="all", version="1", detectors=models)
    assert [spec.id for spec in Registry([plugin]).detectors] == ["beta", "zeta", "alpha", "gamma"]
