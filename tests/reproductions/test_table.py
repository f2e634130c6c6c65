"""The table of systems holds what studies wrote, for every study there is."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("torch")

from reproductions import rows, table
from reproductions.__main__ import STUDIES, main

SPREAD = {"value": 0.9, "low": 0.85, "high": 0.95, "deviation": 0.01, "seeds": 2}
FIGURES = dict.fromkeys(("auc", "accuracy", "sensitivity", "specificity"), SPREAD)
CELL = {
    "films": 713,
    "over_seeds": FIGURES,
    "shipped": FIGURES,
    "shipped_against_it": [{"difference": 0.02, "p": 0.004}, {"difference": -0.01, "p": 0.3}],
}
CHANGE = {"value": -0.01, "low": -0.02, "high": 0.005, "deviation": 0.0, "seeds": 2}
INCEPTION = {"as described": {"patients": CELL}, "cured": {"patients": CELL}}


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """A repository without results."""
    monkeypatch.setattr(table, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(table, "README", tmp_path / "README.md")
    table.README.write_text(f"before\n{table.START}old\n{table.END}\nafter\n")
    return tmp_path


def written(folder, study, results):
    folder.mkdir()
    told = {"study": study, "command": f"python -m reproductions {study} --seeds 2", "seeds": 2, "seconds": 3000}
    (folder / "results.json").write_text(json.dumps(told | {"results": results}))
    return folder


def test_a_study_that_was_not_run_says_so(kept):
    lines = table.table().splitlines()
    systems = json.loads(table.PUBLISHED.read_text())
    assert len(lines) == 2 + len(systems)
    assert all(line.count("|") == len(table.HEADS) + 1 for line in lines)
    assert all(line.endswith("not run |") for line in lines[2:])


def test_results_are_kept_and_told_with_intervals_command_and_time(kept):
    main(["table", "--out", str(written(kept / "a", "pneumonia-inception", INCEPTION))])
    text = table.README.read_text()
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert "old" not in text
    (line,) = [line for line in text.splitlines() if line.startswith("| 1.")]
    assert "patients: AUC 0.900 (0.850 to 0.950), accuracy 0.900" in line
    assert "ahead in 1 of 2 seeds, DeLong p at most 0.3" in line
    assert "`python -m reproductions pneumonia-inception --seeds 2`: 2 seeds, 50 processor minutes |" in line
    assert (table.RESULTS / "pneumonia-inception.json").is_file()
    table.write()
    assert table.README.read_text() == text


def test_one_study_of_two_may_be_missing(kept):
    found = {"studies": {"report": 40}, "policies": {"U-Ignore": {"auc": SPREAD}}}
    results = {
        "side": 80,
        "doubts": {"some doubt": found | {"best": "U-Ones", "next": "U-Ignore", "best_over_next": CHANGE}},
    }
    table.keep(written(kept / "a", "chexpert-policies", results) / "results.json")
    (line,) = [line for line in table.table().splitlines() if line.startswith("| 5.")]
    assert "some doubt, U-Ignore: mean AUC 0.900 (0.850 to 0.950), deviation 0.010" in line
    assert "U-Ones over U-Ignore -0.010 (-0.020 to +0.005)" in line
    assert "chexpert-resolution --data DIR --out DIR`: not run" in line


def test_parts_of_the_fusion_and_sizes_are_told():
    mask = {"films": 689, "accuracy": SPREAD, "dice": SPREAD}
    fold = {"cells": {"masked, 4 channels": {"fused": CELL}}, "differences": {"alpha channel": CHANGE}}
    told = rows.fusion({"side": 80, "masks": {"paediatric": mask}, "folds": {"patients": fold}})
    assert told.films[0] == "patients: 713 children's films of 80 pixels"
    assert told.parts == ["AUC by alpha channel, patients: -0.010 (-0.020 to +0.005)"]
    assert told.shipped[0].startswith("shipped lung masks, paediatric: accuracy 0.900")
    sizes = {"sizes": {"224": SPREAD}, "pairs": {"224 less 139": CHANGE}}
    simulated = sizes | {"studies": {"report": 300}, "ensembles": {"views": {"ensemble_less": {"frontal": CHANGE}}}}
    told = rows.resolution({"simulated": simulated, "nih": sizes | {"films": 781}})
    assert told.films == ["sizes: 300 simulated studies, 781 NIH films"]
    assert told.parts[-1] == "ensemble of views over frontal: -0.010 (-0.020 to +0.005)"


def test_the_sequence_head_is_told_against_each_plain_one():
    less = {"trained alone": {"ResNet-50, plain head": CHANGE}, "on the same features": {"steps less plain": CHANGE}}
    task = {"alone": {"as described, InceptionV3-LSTM": CELL}, "sequence_less": less, "shipped": CELL}
    told = rows.asthma({"phantoms": {"same": task, "strong": task}, "folds": {"patients": task}})
    assert len(told.films) == len(told.described) == len(told.shipped) == 3
    assert told.parts[1] == (
        "same simulated chests, sequence head less plain head on the same features: AUC -0.010 (-0.020 to +0.005)"
    )


def test_a_shipped_detector_without_a_call_has_an_area_alone():
    bare = CELL | {"shipped": {"auc": SPREAD}}
    added = "shipped network, twice the films"
    cells = {"same": {"as described": bare, "shipped network": bare, added: bare}}
    results = {"cells": cells, "differences": {"same": {added: CHANGE | {"than": "shipped network"}}}}
    told = rows.croup(results | {"necks_against_chests": {"against": {"over_seeds": FIGURES}}})
    assert told.shipped == ["same: AUC 0.900 (0.850 to 0.950); ahead in 1 of 2 seeds, DeLong p at most 0.3"]
    assert told.parts[:2] == [
        "shipped network, same: AUC 0.900 (0.850 to 0.950)",
        f"{added}, same: AUC 0.900 (0.850 to 0.950), -0.010 (-0.020 to +0.005) over shipped network",
    ]


def test_every_study_is_of_a_published_system_and_can_be_told():
    systems = json.loads(table.PUBLISHED.read_text())
    named = [study for system in systems for study in system["studies"]]
    assert sorted(named) == sorted(STUDIES) == sorted(rows.STUDIES)
    assert [system["system"][:2] for system in systems] == ["1.", "2.", "3.", "4.", "5."]
    assert all(system["source"] and system["figures"] for system in systems)
