"""The tables of systems hold what studies wrote, for every study there is."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("torch")

from reproductions import rows, table
from reproductions.__main__ import STUDIES, main

SPREAD = {"value": 0.9, "low": 0.85, "high": 0.95, "deviation": 0.01, "seeds": 2}
CHANGE = {"value": -0.01, "low": -0.02, "high": 0.005, "deviation": 0.0, "seeds": 2}
FIGURES = dict.fromkeys(("auc", "accuracy", "sensitivity", "specificity"), SPREAD)
CELL = {
    "films": 713,
    "over_seeds": FIGURES,
    "shipped": FIGURES,
    "shipped_against_it": [{"difference": 0.02, "p": 0.004}, {"difference": -0.01, "p": 0.3}],
}
HIDDEN = {name: CELL[name] for name in ("films", "over_seeds")}
INCEPTION = {
    "as described": {"patients": CELL | {"beside_shipped": CHANGE}},
    "cured": {"patients": CELL | {"beside_shipped": CHANGE}},
    "as described, lungs covered": {"patients": HIDDEN},
}
PAGE = "before\n<!-- table: {}, python -m reproductions table -->\nwhat was here\n<!-- end -->\nafter\n"


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """A repository without results, whose plugins' folder has a page of each kind."""
    monkeypatch.setattr(table, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(table, "PLUGINS", tmp_path)
    for name, what in (("README", "systems"), ("SYSTEMS", "pneumonia-inception"), ("card/README", "cxrdesk-pneumonia")):
        page = tmp_path / f"{name}.md"
        page.parent.mkdir(exist_ok=True)
        page.write_text(PAGE.format(what))
    (tmp_path / "OTHER.md").write_text("no table\n")
    return tmp_path


def written(folder, study, results):
    folder.mkdir()
    told = {"study": study, "command": f"python -m reproductions {study} --seeds 2", "seeds": 2, "seconds": 3000}
    (folder / "results.json").write_text(json.dumps(told | {"results": results}))
    return folder


def row(text, start):
    (line,) = [line for line in text.splitlines() if line.startswith(start)]
    return line


def test_a_study_that_was_not_run_says_so(kept):
    lines = table.content("systems").splitlines()
    assert len(lines) == 2 + len(table.systems())
    assert all(line.count("|") == len(table.HEADS) + 1 for line in lines)
    assert all(line.endswith("not run |") for line in lines[2:])
    assert "not run" in table.content("croup-gan")


def test_results_are_kept_and_told_with_intervals_command_and_time(kept):
    main(["table", "--out", str(written(kept / "a", "pneumonia-inception", INCEPTION))])
    texts = {page: page.read_text() for page in table.pages()}
    assert len(texts) == 3
    assert all(text.startswith("before\n") and text.endswith("\nafter\n") for text in texts.values())
    assert not any("what was here" in text for text in texts.values())
    line = row(texts[kept / "README.md"], "| 1.")
    assert "patients: AUC 0.900 (0.850 to 0.950), accuracy 0.900" in line
    assert "ahead in 1 of 2 seeds, DeLong p 0.004 to 0.3" in line
    assert "`python -m reproductions pneumonia-inception --seeds 2`: seeds 0 to 1, 50 processor minutes |" in line
    assert "cured" not in line
    study = texts[kept / "SYSTEMS.md"]
    assert row(study, "| patients | cured").count("0.900 (0.850 to 0.950)") == 4
    assert "50 processor minutes" in study
    assert "| patients | as described, lungs covered | 0.900" in study
    assert "| patients | shipped with it beside, over shipped (cured) | -0.010" in study
    assert (table.RESULTS / "pneumonia-inception.json").is_file()
    main(["table"])
    assert {page: page.read_text() for page in table.pages()} == texts


def test_a_card_quotes_the_overview(kept):
    main(["table", "--out", str(written(kept / "a", "pneumonia-inception", INCEPTION))])
    card, overview = (row((kept / name).read_text(), "| 1.") for name in ("card/README.md", "README.md"))
    assert overview.startswith(card.removesuffix("|"))


def test_a_place_for_what_there_is_not_is_an_error(kept, capsys):
    (kept / "WRONG.md").write_text(PAGE.format("no-such-study"))
    with pytest.raises(SystemExit, match="2"):
        main(["table"])
    assert "no-such-study" in capsys.readouterr().err


def test_one_study_of_two_may_be_missing(kept):
    policies = {"U-Ignore": {"auc": SPREAD}, "U-Ones": {"auc": SPREAD}, "U-Zeros": {"auc": SPREAD}}
    found = {"studies": {"report": 40}, "policies": policies}
    results = {
        "side": 80,
        "doubts": {"some doubt": found | {"best": "U-Ones", "next": "U-Ignore", "best_over_next": CHANGE}},
    }
    table.keep(written(kept / "a", "chexpert-policies", results) / "results.json")
    line = row(table.content("systems"), "| 5.")
    assert "some doubt, U-Ignore: AUC 0.900 (0.850 to 0.950); deviation 0.010" in line
    assert "U-Ones" in line
    assert "U-Zeros" not in line
    assert "chexpert-resolution --data DIR --out DIR`: not run" in line
    study = table.content("chexpert-policies")
    assert "| some doubt | U-Zeros | 0.900 (0.850 to 0.950) | 2 | deviation 0.010 |" in study
    assert "| some doubt | U-Ones over U-Ignore | -0.010 (-0.020 to +0.005) | 0.000 |  |" in study


def test_parts_of_the_fusion_and_sizes_are_told():
    mask = {"films": 689, "accuracy": SPREAD, "dice": SPREAD}
    cells = {"masked, 4 channels": {"fused": CELL, "VGG16": CELL}}
    part = CHANGE | {"delong_p": [0.4, 0.02]}
    fold = {"cells": cells, "no_pixels": {"no pixels, the outline": CELL}, "differences": {"a": part}}
    told = rows.fusion({"side": 80, "masks": {"paediatric": mask}, "folds": {"patients": fold}})
    assert told.films[0] == "patients: 713 children's films of 80 pixels"
    assert [(line.what, line.headline) for line in told.changed] == [
        ("masked, 4 channels, VGG16", False),
        ("no pixels, the outline", False),
    ]
    assert table._changes(told.changes).endswith(
        "| patients | a | -0.010 (-0.020 to +0.005) | 0.000 | p 0.02 to 0.4 |\n"
    )
    assert list(told.shipped[0].figures) == ["accuracy", "Dice"]
    sizes = {"sizes": {"224": SPREAD}, "pairs": {"224 less 139": CHANGE | {"delong_p": {"edema": 0.03}}}}
    maps = {"139": {"edema": dict.fromkeys(("hit", "energy", "area"), SPREAD)}}
    simulated = {
        "studies": {"report": 300},
        "networks": {"densenet121": sizes},
        "class_maps": {"densenet121": maps},
        "ensembles": {"views": {"auc": {"frontal": SPREAD}, "ensemble_less": {"frontal": CHANGE}}},
    }
    told = rows.resolution({"simulated": simulated, "nih": {"films": 781, "networks": {"resnet18": sizes}}})
    assert told.films == ["sizes: 300 simulated studies, 781 NIH films"]
    assert told.changes[-1].by == "ensemble of views over frontal"
    assert [line.what for line in told.described] == ["densenet121, 224 pixels", "resnet18, 224 pixels"]
    assert [line.what for line in told.changed] == [
        "ensemble of views: frontal",
        "class activation map, densenet121, edema, 139 pixels",
    ]
    assert list(told.changed[1].figures) == ["maximum inside", "mass inside", "region's share of the film"]
    assert "| p 0.03 |" in table._changes(told.changes)


def test_the_sequence_head_is_told_against_each_plain_one():
    less = {"trained alone": {"ResNet-50, plain head": CHANGE}, "on the same features": {"steps less plain": CHANGE}}
    errors = {
        key: {"calibration_error": SPREAD | {"value": value}} for key, value in (("raw", 0.2), ("calibrated", 0.1))
    }
    trained = CELL | {"for_specificity": CELL, "calibration": errors | {"methods": ["platt", "isotonic", "platt"]}}
    alone = {"as described, InceptionV3-LSTM": trained, "ResNet-50, plain head": trained}
    task = {"alone": alone, "same_features": {"steps": CELL}, "sequence_less": less, "shipped": CELL}
    looked = {"DenseNet-121, plain head": dict.fromkeys(rows.MAP, 0.25)}
    phantoms = {"same": task, "strong": task, "saliency": looked}
    told = rows.asthma({"phantoms": phantoms, "folds": {"patients": task}})
    assert len(told.films) == len(told.described) == len(told.shipped) == 3
    assert [line.what for line in told.shipped] == ["shipped", "shipped", "shipped pneumonia detector"]
    assert {line.what for line in told.changed[:3]} == {"ResNet-50, plain head"}
    assert {(line.what, line.note) for line in told.changed[3:6]} == {("steps head, same features", rows.COPIES)}
    specific = told.changed[7]
    assert (specific.what, specific.note) == ("ResNet-50, plain head, for specificity", "isotonic or platt")
    assert list(specific.figures) == ["accuracy", "sensitivity", "specificity", "calibration error", "once calibrated"]
    assert [specific.figures[name]["value"] for name in ("calibration error", "once calibrated")] == [0.2, 0.1]
    assert told.changed[-1].what == "saliency, DenseNet-121, plain head"
    assert set(told.changed[-1].figures.values()) == {0.25}
    assert told.changes[1].on == "same simulated chests"
    assert told.changes[1].by == "sequence head over plain head on the same features"


def test_a_shipped_detector_without_a_call_has_an_area_alone():
    bare = CELL | {"shipped": {"auc": SPREAD}}
    added = "shipped network, twice the films"
    cells = {"same": {"as described": bare, "shipped network": bare, added: bare}}
    less = CHANGE | {"than": "shipped network", "delong": [{"p": 0.5}, {"p": 0.1}]}
    results = {"cells": cells, "differences": {"same": {added: less}}}
    told = rows.croup(results | {"necks_against_chests": {"as described, necks against chests": CELL}})
    assert list(told.shipped[0].figures) == ["auc"]
    assert told.shipped[0].note == "ahead in 1 of 2 seeds, DeLong p 0.004 to 0.3"
    assert [line.on for line in told.described] == ["same", "necks against chests"]
    assert [line.what for line in told.changed] == ["shipped network", added]
    assert table._changes(told.changes).endswith(
        f"{added} over shipped network | -0.010 (-0.020 to +0.005) | 0.000 | p 0.1 to 0.5 |\n"
    )


def test_every_study_is_of_a_published_system_and_can_be_told():
    named = [study for system in table.systems() for study in system["studies"]]
    assert sorted(named) == sorted(STUDIES) == sorted(rows.STUDIES)
    assert [system["system"][:2] for system in table.systems()] == ["1.", "2.", "3.", "4.", "5."]
    assert all(system["source"] and system["figures"] and system["beside"] for system in table.systems())


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"study": "croup-gan", "seeds": 1, "seconds": 3, "command": "c", "results": {}}',
        '{"study": "../evil", "seeds": 1, "seconds": 3, "command": "c", "results": {}}',
        json.dumps({"study": "croup-gan", "seeds": 1, "seconds": 3, "command": "c", "results": INCEPTION}),
        json.dumps({"study": "pneumonia-inception", "results": INCEPTION}),
        json.dumps({"study": "pneumonia-inception", "seeds": float("nan"), "results": INCEPTION}),
    ],
    ids=["cut-off", "list", "empty", "elsewhere", "of-another", "without-seeds", "no-number"],
)
def test_what_no_study_wrote_is_not_kept(kept, capsys, text):
    (kept / "a").mkdir()
    (kept / "a" / "results.json").write_text(text)
    with pytest.raises(SystemExit, match="2"):
        main(["table", "--out", str(kept / "a")])
    assert "results.json" in capsys.readouterr().err
    assert not (kept / "results").exists()
    assert "what was here" in (kept / "README.md").read_text()


def test_a_folder_without_results_is_told(kept, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["table", "--out", str(kept / "nowhere")])
    assert "nowhere" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("<!-- end -->", ""),
        ("<!-- table: systems", "<!-- table:systems"),
        ("<!-- end -->", "<!-- end -->\n<!-- end -->"),
    ],
)
def test_a_place_without_an_end_or_a_beginning_is_left_alone(kept, capsys, right, wrong):
    page = kept / "README.md"
    page.write_text(page.read_text().replace(right, wrong) + "kept prose\n" + PAGE.format("croup-gan"))
    before = page.read_bytes()
    with pytest.raises(SystemExit, match="2"):
        main(["table"])
    assert "do not pair up" in capsys.readouterr().err
    assert page.read_bytes() == before


def test_what_is_replaced_is_told(kept, capsys):
    folder = str(written(kept / "a", "pneumonia-inception", INCEPTION))
    main(["table", "--out", folder])
    main(["table", "--out", folder])
    assert "pneumonia-inception, --seeds 2, in place of --seeds 2" in capsys.readouterr().out


def test_tests_are_told_with_those_that_could_not_be_made():
    assert rows.values_of_p([0.2, None, 0.013]) == "p 0.013 to 0.2; 1 without a test"
    assert rows.values_of_p([None]) == "1 without a test"
    assert rows.values_of_p([0.5]) == "p 0.5"
    assert rows.values_of_p([]) == ""


def test_films_that_the_shipped_one_refused_are_told():
    against = [{"difference": 0.02, "p": 0.004, "refused": 65, "second_auc": 0.93}]
    line = rows.shipped("same", CELL | {"films": 400, "shipped_against_it": against})
    assert line.note.endswith("; 65 of 400 films refused and left out here, without them AUC as described 0.930")
    assert "refused" not in rows.shipped("same", CELL).note


def test_other_films_than_beside_are_counted(kept):
    fewer = {"patients": HIDDEN | {"films": 689}}
    told = rows.inception(INCEPTION | {"as described, lungs covered": fewer})
    assert [line.note for line in told.changed] == ["", "689 films"]
