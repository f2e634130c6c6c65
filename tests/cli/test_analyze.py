"""``cxrdesk analyze``: results, refusals, bad input, and what each leaves behind."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import sys
from pathlib import Path

import jsonschema
import pytest
from PIL import Image

from cxrdesk.api import Bundle
from cxrdesk.api.bundle import write_bundle
from cxrdesk.api.golden import record
from cxrdesk.discovery.registry import PluginFailure
from cxrdesk.reports import json_report
from tests import support
from tests.cli.conftest import IDENTITY, chest_dataset


def parsed(result):
    """The JSON on stdout, and nothing else there."""
    content = json.loads(result.stdout)
    jsonschema.validate(content, json_report.schema(), cls=jsonschema.Draft202012Validator)
    return content


def one_sentence(result, *words):
    [line] = result.stderr.strip().splitlines()
    assert line.endswith((".", "]"))
    assert "Traceback" not in line
    for word in words:
        assert word in line
    return line


def reasons(content, film=0):
    return [r["code"] for d in content["films"][film]["detectors"] for r in d["reasons"]]


def test_one_table(cli, usual, save_chest):
    result = cli("analyze", save_chest("a.dcm"), save_chest("b.dcm", seed=1, PatientAge="070Y"))
    assert result.exit_code == 0, result.stderr
    assert result.stderr == ""
    [a] = [line for line in result.stdout.splitlines() if "a.dcm" in line and "Pneumonia" in line]
    assert "0.963" in a
    assert "positive" in a
    [b] = [line for line in result.stdout.splitlines() if "b.dcm" in line and "Pneumonia" in line]
    assert "not run" in b
    assert "[too-old]" in result.stdout
    assert "A negative result excludes nothing else." in result.stdout
    assert "Not a medical device; not for diagnosis." in result.stdout
    assert "PPV" not in result.stdout


def test_json_is_all_that_is_on_stdout(cli, usual, save_chest):
    result = cli("analyze", save_chest(), "--json")
    assert result.exit_code == 0
    assert result.stderr == ""
    content = parsed(result)
    [film] = content["films"]
    assert film["detectors"][0]["findings"][0]["call"] == "positive"
    assert film["masks"][0]["area_share"] == 0.5


def test_files(cli, usual, save_chest, tmp_path):
    out = tmp_path / "new" / "folder"
    save_chest("same.dcm")
    save_chest("deeper/same.dcm", seed=1)
    result = cli("analyze", tmp_path / "films", "--out", out)
    assert result.exit_code == 0, result.stderr
    content = json.loads((out / "report.json").read_text())
    rows = list(csv.DictReader(io.StringIO((out / "report.csv").read_text(encoding="utf-8"))))
    assert [row["path"] for row in rows] == [film["path"] for film in content["films"]]
    pictures = {film["picture"] for film in content["films"]}
    assert {path.name for path in out.iterdir()} == {"report.json", "report.csv", *pictures}
    assert len(pictures) == 2
    for name in pictures:
        with Image.open(out / name) as image:
            assert image.width > 2 * 140
            assert image.info == {}


def test_saliency_can_be_left_out(cli, usual, save_chest):
    content = parsed(cli("analyze", save_chest(), "--json", "--no-saliency"))
    assert content["films"][0]["detectors"][0]["findings"][0]["saliency"] == []
    content = parsed(cli("analyze", save_chest(), "--json"))
    assert len(content["films"][0]["detectors"][0]["findings"][0]["saliency"]) == 1


def test_operating_point(cli, installed, save_chest):
    strict = support.point(name="specific", threshold=0.99)
    spec = support.detector_spec(operating_points=(support.point(), strict))
    installed(support.spying(spec=spec))
    for name, call in (("balanced", "positive"), ("specific", "negative")):
        content = parsed(cli("analyze", save_chest(), "--json", "--operating-point", name))
        finding = content["films"][0]["detectors"][0]["findings"][0]
        assert (finding["call"], finding["operating_point"]["name"]) == (call, name)
    result = cli("analyze", save_chest(), "--operating-point", "balancd")
    assert result.exit_code == 2
    one_sentence(result, "balancd", "balanced, specific")


def test_answers_lift_a_question(cli, usual, save_chest):
    film = save_chest(PatientAge=None, ViewPosition=None)
    asked = cli("analyze", film)
    assert asked.exit_code == 0
    told = " ".join(asked.stdout.split())
    assert "[age-unknown] (say it with --age)" in told
    assert "[view-unknown] (say it with --view)" in told
    content = parsed(cli("analyze", film, "--age", "3", "--view", "chest-ap", "--json"))
    assert reasons(content) == []
    assert content["films"][0]["patient_age"] == {"years": 3.0, "stated_by": "reader"}
    assert content["films"][0]["view"]["stated_by"] == "reader"


def test_an_answer_against_the_film_stops_that_film_alone(cli, usual, save_chest):
    silent, old = save_chest("silent.dcm", PatientAge=None), save_chest("old.dcm", seed=1, PatientAge="044Y")
    result = cli("analyze", silent, old, "--age", "3", "--json")
    assert result.exit_code == 1
    one_sentence(result, "old.dcm", "44", "3")
    content = parsed(result)
    assert [Path(film["path"]).name for film in content["films"]] == ["silent.dcm"]
    assert content["failures"][0]["code"] == "age-contradicts"
    alone = cli("analyze", old, "--age", "3")
    assert alone.exit_code == 1


@pytest.mark.parametrize(
    "wrong",
    [
        ("--view", "chest"),
        ("--view", "chest-up"),
        ("--view", "-ap"),
        ("--age", "-1"),
        ("--age", "nan"),
        ("--age", "131"),
        ("--device", "abacus"),
        ("--impression", " "),
    ],
)
def test_wrong_values_end_in_one_sentence(cli, usual, save_chest, wrong, monkeypatch):
    if wrong[0] == "--device":
        monkeypatch.setattr("cxrdesk.inference.devices.choose", _choose)
    result = cli("analyze", save_chest(), *wrong)
    assert result.exit_code == 2
    assert result.stdout == ""
    one_sentence(result, "device" if wrong[0] == "--device" else wrong[0])


def _choose(wanted):
    raise ValueError(f"{wanted!r} is no device; choose one of auto, cpu")


@pytest.mark.parametrize("empty", ["", " "])
def test_an_empty_path_is_not_the_current_folder(cli, usual, save_chest, monkeypatch, empty):
    path = save_chest()
    monkeypatch.chdir(path.parent)
    for command in ("analyze", "open"):
        result = cli(command, path, empty)
        assert result.exit_code == 2
        assert result.stdout == ""
        one_sentence(result, "empty")


def test_no_path_is_wrong_usage(cli, usual):
    result = cli("analyze")
    assert result.exit_code == 2
    assert "PATH" in result.stderr


def not_a_dicom(path):
    path.write_bytes(b"\x89 neither this nor that" * 50)


def truncated(path):
    chest_dataset().save_as(path, enforce_file_format=True)
    path.write_bytes(path.read_bytes()[:-20_000])


def without_pixels(path):
    chest_dataset(PixelData=None).save_as(path, enforce_file_format=True)


def unsupported_syntax(path):
    ds = chest_dataset()
    ds.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.100"  # MPEG2
    ds.PixelData = b"\xfe\xff\x00\xe0\0\0\0\0\xfe\xff\x00\xe0\x04\0\0\0abcd\xfe\xff\xdd\xe0\0\0\0\0"
    ds["PixelData"].is_undefined_length = True
    ds.save_as(path, enforce_file_format=True)


def ct_slice(path):
    chest_dataset(Modality="CT", SOPClassUID="1.2.840.10008.5.1.4.1.1.2").save_as(path)


def three_bytes(path):
    path.write_bytes(b"\x89PN")


def empty_folder(path):
    path.mkdir()


def nothing(path):
    pass


BAD = {
    "no.dcm": not_a_dicom,
    "cut.dcm": truncated,
    "headers-only.dcm": without_pixels,
    "film-of-a-film.dcm": unsupported_syntax,
    "slice.dcm": ct_slice,
    "three.png": three_bytes,
    "folder": empty_folder,
    "absent.dcm": nothing,
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_alone(cli, usual, tmp_path, name):
    path = tmp_path / name
    BAD[name](path)
    result = cli("analyze", path, "--json")
    assert result.exit_code == 3
    one_sentence(result, name)
    content = parsed(result)
    assert content["films"] == []
    assert [failure["path"] for failure in content["failures"]] == [str(path)]


@pytest.mark.parametrize("name", BAD)
def test_bad_input_among_good(cli, usual, save_chest, tmp_path, name):
    good = save_chest("good.dcm")
    path = good.parent / name
    BAD[name](path)
    result = cli("analyze", good, path, save_chest("last.dcm", seed=1), "--out", tmp_path / "out")
    assert result.exit_code == 1
    one_sentence(result, name)
    content = json.loads((tmp_path / "out" / "report.json").read_text())
    assert [Path(film["path"]).name for film in content["films"]] == ["good.dcm", "last.dcm"]
    assert "failed" in result.stdout


def test_one_bad_file_in_a_folder(cli, usual, save_chest):
    folder = save_chest("good.dcm").parent
    truncated(folder / "cut.dcm")
    (folder / "notes.txt").write_text("not a film, and does not claim to be one")
    result = cli("analyze", folder, "--json")
    assert result.exit_code == 1
    one_sentence(result, "cut.dcm")
    assert len(parsed(result)["films"]) == 1


def test_no_permission(cli, usual, save_chest, monkeypatch):
    path, opens = save_chest(), Path.open

    def denied(self, *more, **named):
        # As the system would: root, whom tests may run as, is denied nothing.
        if self == path:
            raise PermissionError(13, "Permission denied", str(self))
        return opens(self, *more, **named)

    monkeypatch.setattr(Path, "open", denied)
    result = cli("analyze", path)
    assert result.exit_code == 3
    one_sentence(result, path.name, "permission")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps permissions elsewhere")
@pytest.mark.parametrize("kind", ["file", "folder"])
def test_what_may_not_be_read_costs_no_other_film(cli, usual, save_chest, tmp_path, monkeypatch, kind):
    good, closed = save_chest("good.dcm"), tmp_path / "closed.dcm"
    if kind == "file":
        closed.write_bytes(good.read_bytes())
    else:
        closed.mkdir()
    closed.chmod(0)
    if os.access(closed, os.R_OK):  # root may read everything
        access, scandir, opens = os.access, os.scandir, Path.open

        def denied(function, error=None):
            def call(path, *more, **named):
                if Path(path) == closed:
                    if error is None:
                        return False
                    raise error
                return function(path, *more, **named)

            return call

        refusal = PermissionError(13, "Permission denied", str(closed))
        monkeypatch.setattr(os, "access", denied(access))
        monkeypatch.setattr(os, "scandir", denied(scandir, refusal))
        monkeypatch.setattr(Path, "open", denied(opens, refusal))
    result = cli("analyze", closed, good, "--json")
    closed.chmod(0o700)
    assert result.exit_code == 1
    one_sentence(result, "closed.dcm", "permission")
    content = parsed(result)
    assert [Path(film["path"]).name for film in content["films"]] == ["good.dcm"]
    assert [failure["code"] for failure in content["failures"]] == ["unreadable"]


def test_a_film_that_no_detector_accepts_is_a_result(cli, usual, save_chest):
    result = cli("analyze", save_chest(BodyPartExamined="HIP", ViewPosition=None), "--json")
    assert result.exit_code == 0
    content = parsed(result)
    assert "wrong-body-part" in reasons(content)
    assert content["films"][0]["masks"][0]["status"] == "refused"
    assert usual.model("test-detector").calls == []


def test_no_plugin(cli, installed, save_chest):
    installed()
    result = cli("analyze", save_chest(), "--json")
    assert result.exit_code == 4
    one_sentence(result, "No plugin is installed", "install")
    assert len(parsed(result)["films"]) == 1


BROKEN = PluginFailure(
    name="broken", distribution="cxrdesk-broken", version="2.0", code="import-failed", reason="importing it raised X"
)


def test_a_plugin_that_cannot_be_used(cli, installed, save_chest):
    installed(support.spying(), failures=(BROKEN,))
    result = cli("analyze", save_chest(), "--json")
    assert result.exit_code == 1
    one_sentence(result, "broken", "importing it raised X", "import-failed")
    content = parsed(result)
    assert content["plugin_failures"][0]["code"] == "import-failed"
    assert content["films"][0]["detectors"][0]["status"] == "done"


def test_one_flipped_byte_in_the_weights(cli, installed, save_chest, tmp_path):
    class Weighed(support.Spy):
        def load(self):
            Bundle(self.spec.bundle).weights()

    weights = b"weights of a model" * 100
    digest = hashlib.sha256(weights).hexdigest()
    spec = support.detector_spec(id="weighed", weights_sha256=digest, operating_points=())
    films = [support.film(seed=i).stored for i in range(5)]
    golden = record(support.spying(spec=spec)(), films, [{} for _ in films])
    bundle = write_bundle(tmp_path / "weighed-bundle", spec, weights, golden)
    installed(support.spying(Weighed, spec=type(spec).from_bundle(bundle)), support.spying())
    assert cli("analyze", save_chest()).exit_code == 0
    changed = bytearray(weights)
    changed[700] ^= 1
    (bundle / "model.safetensors").write_bytes(changed)
    result = cli("analyze", save_chest(), "--json")
    assert result.exit_code == 1
    by_id = {d["id"]: d for d in parsed(result)["films"][0]["detectors"]}
    assert by_id["weighed"]["status"] == "failed"
    assert "weighed-bundle" in by_id["weighed"]["reasons"][0]["text"]
    assert "install the plugin anew" in by_id["weighed"]["reasons"][0]["text"]
    assert by_id["test-detector"]["status"] == "done"


def test_an_unwritable_folder_is_told_before_the_work(cli, usual, save_chest, tmp_path):
    (tmp_path / "file").write_text("")
    result = cli("analyze", save_chest(), "--out", tmp_path / "file")
    assert result.exit_code == 2
    one_sentence(result, "--out")
    assert usual.model("test-detector").calls == []


def test_a_disk_that_fills_up_costs_files_not_results(cli, usual, save_chest, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("cxrdesk.reports.csv_report.write_csv", full)
    result = cli("analyze", save_chest(), "--out", tmp_path / "out", "--json")
    assert result.exit_code == 1
    one_sentence(result, "No space left")
    assert len(parsed(result)["films"]) == 1


def test_no_identity_anywhere(cli, usual, save_chest, tmp_path):
    film = save_chest(**IDENTITY)
    broken = save_chest("broken.dcm", **IDENTITY, Rows=7000)
    out = tmp_path / "out"
    told = [cli("analyze", film, broken, "--out", out, *more) for more in ((), ("--json",), ("--age", "80"))]
    assert [result.exit_code for result in told] == [1, 1, 1]
    texts = [result.stdout + result.stderr for result in told]
    files = [path for folder in (out, tmp_path / "home") for path in folder.rglob("*") if path.is_file()]
    assert len(files) >= 3
    texts += [path.read_bytes().decode("latin-1") for path in files]
    for value in IDENTITY.values():
        for part in value.split("^"):
            assert not any(part.lower() in text.lower() for text in texts), part
    assert not any(str(chest_dataset().SOPInstanceUID) in text for text in texts)


@pytest.mark.parametrize("debug", [False, True])
def test_a_fault_of_ours_costs_one_film(cli, usual, save_chest, tmp_path, monkeypatch, debug):
    from cxrdesk.inference.pipeline import FilmAnalysis

    detect = FilmAnalysis.detect

    def faulty(self, spec, *more):
        if self.film.patient_age_years == 4.0:
            raise RuntimeError("SECRET".lower())
        return detect(self, spec, *more)

    monkeypatch.setattr(FilmAnalysis, "detect", faulty)
    films = [save_chest("a.dcm", PatientAge="004Y"), save_chest("b.dcm", seed=1)]
    result = cli(*(["--debug"] if debug else []), "analyze", *films, "--json")
    assert result.exit_code == 70
    assert len(parsed(result)["films"]) == 1
    log = tmp_path / "home" / "data" / "faults.log"
    assert str(log) in result.stderr
    assert "a.dcm" in result.stderr
    assert "RuntimeError" in log.read_text()
    assert "in faulty" in log.read_text()
    assert "secret" not in log.read_text()
    assert ("Traceback" in result.stderr) == debug
    if not debug:
        one_sentence(result)


def test_ctrl_c_is_quiet(cli, installed, save_chest):
    class Interrupted(support.Spy):
        def predict(self, inputs):
            raise KeyboardInterrupt

    installed(support.spying(Interrupted))
    result = cli("analyze", save_chest())
    assert (result.exit_code, result.stdout) == (130, "")
    assert result.stderr == "Interrupted: 0 of 1 films were analyzed.\n"


def test_ctrl_c_keeps_the_films_that_are_done(cli, installed, save_chest, tmp_path):
    class Second(support.Spy):
        calls = 0

        def predict(self, inputs):
            Second.calls += 1
            if Second.calls == 2:
                raise KeyboardInterrupt
            return super().predict(inputs)

    installed(support.spying(Second))
    films = [save_chest(f"{seed}.dcm", seed=seed) for seed in range(3)]
    result = cli("analyze", *films, "--out", tmp_path / "out")
    assert (result.exit_code, result.stderr) == (130, "Interrupted: 1 of 3 films were analyzed.\n")
    content = json.loads((tmp_path / "out" / "report.json").read_text())
    assert [Path(film["path"]).name for film in content["films"]] == ["0.dcm"]


def test_an_empty_folder_name_is_not_the_current_folder(cli, usual, save_chest, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = set(tmp_path.rglob("*"))
    result = cli("analyze", save_chest(), "--out", "")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "--out is empty; name a folder, '.' for the current folder.\n"
    assert not list(tmp_path.glob("report.*"))
    assert before <= set(tmp_path.rglob("*"))


def test_pictures_have_names_that_every_file_system_takes():
    from cxrdesk.cli.output import picture_name

    assert picture_name(2, Path("thorax.dcm")) == "002-thorax.png"
    assert picture_name(3, Path("\x1b[31mred\n:?.png")) == "003-_[31mred___.png"
    name = picture_name(1, Path("\N{PILE OF POO}" * 62 + ".png"))
    assert len(name.encode()) <= 90
    assert picture_name(1, Path(b"\xff\xfe.png".decode(errors="surrogateescape"))) == "001-__.png"


def settings(tmp_path, **values):
    path = tmp_path / "home" / "config" / "settings.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(values))


def test_predictive_values_at_the_clinics_prevalence(cli, usual, save_chest, tmp_path):
    settings(tmp_path, prevalence={"pneumonia": 0.1})
    result = cli("analyze", save_chest())
    assert "at this clinic's prevalence of 10.0%: PPV 33.3%, NPV 98.6%" in " ".join(result.stdout.split())


def test_read_first_holds_here_too(cli, usual, save_chest, tmp_path):
    settings(tmp_path, read_first=True)
    hidden = cli("analyze", save_chest(), "--out", tmp_path / "out")
    assert hidden.exit_code == 2
    assert hidden.stdout == ""
    one_sentence(hidden, "read first", "--impression")
    assert usual.model("test-detector").calls == []
    shown = cli("analyze", save_chest(), "--json", "--impression", "left lower zone")
    assert shown.exit_code == 0
    assert parsed(shown)["films"][0]["impression"] == "left lower zone"
    two = cli("analyze", save_chest(), save_chest("b.dcm", seed=1), "--impression", "both")
    assert two.exit_code == 2


def test_broken_settings_are_told_and_not_fatal(cli, usual, save_chest, tmp_path):
    settings(tmp_path)
    (tmp_path / "home" / "config" / "settings.json").write_text("{")
    result = cli("analyze", save_chest(), "--json", "--impression", "clear")
    assert result.exit_code == 0
    # Two sentences, the second one says where the old file is.
    one_sentence(result, "settings file is broken", "scores are hidden")
    parsed(result)
    (tmp_path / "home" / "config" / "settings.json").write_text("{")
    hidden = cli("analyze", save_chest(), "--json")
    assert (hidden.exit_code, hidden.stdout) == (2, "")
    assert "read first" in hidden.stderr


def test_films_of_one_study_are_given_together(cli, installed, save_chest):
    class Pairs(support.Spy):
        seen: list[int] = []  # noqa: RUF012

        def prepare(self, films, masks):
            self.seen.append(len(films))
            return super().prepare(films, masks)

    scope = support.FilmScope(views=("chest-ap", "chest-pa"), films=(1, 2))
    installed(support.spying(Pairs, spec=support.detector_spec(scope=scope)))
    paths = [save_chest(f"{i}.dcm", seed=i, StudyInstanceUID=uid) for i, uid in enumerate(("1.2.3", "1.2.3", "1.2.4"))]
    content = parsed(cli("analyze", *paths, "--json"))
    assert Pairs.seen == [2, 2, 1]
    assert [len(film["detectors"][0]["films"]) for film in content["films"]] == [2, 2, 1]
