"""A network that exists already is measured; what its films are decides the evidence. The guide's test measures one."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")

from cxrdesk.api import Evidence
from cxrdesk.imaging.errors import UserError
from cxrdesk.training import measured
from tests.made_squares import Sided, make_squares
from tests.support import detector_spec

SPEC = detector_spec(operating_points=(), calibration={})


def measure(data, out, **changes):
    options = {"evidence": Evidence.EXTERNAL, "distribution": "test", "device": "cpu"}
    return measured.measure(Sided, SPEC, b"network", data, out, **options | changes)


@pytest.mark.parametrize("simulated", [False, True])
def test_patients_are_split_and_simulated_films_are_synthetic_evidence(tmp_path, monkeypatch, simulated):
    data = make_squares(tmp_path / "data")
    asked = []
    monkeypatch.setattr(measured, "finish", lambda *given, **told: asked.append((given, told)))
    monkeypatch.setattr(measured, "is_simulated", lambda row: simulated)
    monkeypatch.setattr(measured, "golden_films", list)
    assert measure(data, tmp_path / "out") == tmp_path / "out" / "bundle"
    ((_, spec, weights, _), told) = asked[0]
    assert spec.evidence is (Evidence.SYNTHETIC if simulated else Evidence.EXTERNAL)
    assert weights == b"network"
    films = "simulated films that the author gave" if simulated else "films of the author's own"
    assert told["told"] == {"tune": f"tuning split, {films}", "report": f"report split, {films}"}
    assert told["training"]["started_from"] == "weights that the author brought; nothing was trained"
    patients = [{row.patient for row in told[name]} for name in ("tune", "report")]
    assert patients[0]
    assert patients[1]
    assert not patients[0] & patients[1]


def test_films_without_the_findings_labels_are_told(tmp_path):
    data = make_squares(tmp_path / "data")
    table = data / "labels.csv"
    table.write_text(table.read_text().replace("pneumonia", "edema"))
    for folder in (None, tmp_path, data):
        with pytest.raises(UserError) as caught:
            measure(folder, tmp_path / "out")
        assert caught.value.code == "no-labels"
