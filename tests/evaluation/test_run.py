"""Evaluation runs models as the viewer does, gate included."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import cv2
import numpy as np
import pytest

from cxrdesk.api import Calibration, FilmScope, InputSpec, Mask, Prediction
from cxrdesk.api.bundle import write_bundle
from cxrdesk.evaluation.datasets import Row, adult_lungs, kermany
from cxrdesk.evaluation.film_sets import FilmSet, seen
from cxrdesk.evaluation.run import answers, film_of, outline, score, with_bundle
from cxrdesk.imaging.errors import UserError
from cxrdesk.imaging.phantom import child, simulate
from cxrdesk.imaging.phantom.dicom import to_dataset
from cxrdesk.imaging.preprocess import prepare
from cxrdesk.imaging.radiograph import Projection, View
from cxrdesk.imaging.reader import read_radiograph
from cxrdesk.inference.pipeline import FilmAnalysis, Options
from cxrdesk.inference.runners import LocalRunner
from tests.support import CHEST as CHEST_LOOK
from tests.support import HalfLungs, Spy, detector_spec, registry_of, segmenter_spec, spying

CHEST = FilmScope(views=("chest-ap",), age_years=(1.0, 6.0))


class Brightness(Spy):
    """Scores a film by what it is given, so that another preparation gives another answer."""

    spec = detector_spec(
        id="brightness",
        scope=CHEST,
        input=InputSpec(size=(24, 16)),
        operating_points=(),
        calibration={"pneumonia": Calibration(method="platt", slope=0.5, offset=0.3)},
    )

    def predict(self, inputs):
        self.calls.append("predict")
        return Prediction(probabilities={"pneumonia": 1 / (1 + np.exp(-float(inputs[0].tensor.mean())))})


@pytest.fixture
def rows(made_data):
    return [row for row in kermany(made_data) if row.split == "report"]


def test_scores_are_the_viewers(rows):
    model = spying(Brightness)
    registry = registry_of(model)
    scored = score(registry, model.spec, "pneumonia", rows)
    assert [item.row for item in scored] == rows
    assert len({item.raw for item in scored}) > 1
    runner = LocalRunner(registry)
    for item in scored:
        shown = FilmAnalysis(film_of(item.row), registry, runner, options=Options()).detect(model.spec).findings[0]
        assert (item.raw, item.probability, item.reason) == (shown.raw, shown.probability, "")
        tensor = prepare(read_radiograph(item.row.path), model.spec.input)
        assert item.raw == pytest.approx(1 / (1 + np.exp(-float(tensor.mean()))))
        assert item.probability == pytest.approx(model.spec.calibration["pneumonia"].apply(item.raw))
    runner.close()
    assert model.calls.count("load") == 2
    assert model.calls.count("unload") == 2


def test_no_maps_are_made(rows):
    model = spying(Brightness)
    score(registry_of(model), model.spec, "pneumonia", rows[:1])
    assert "explain" not in model.calls


def test_progress_goes_from_none_to_all(rows):
    told = []
    model = spying(Brightness)
    score(registry_of(model), model.spec, "pneumonia", rows[:3], progress=lambda done, of: told.append((done, of)))
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]


class Pair(Brightness):
    """Takes a frontal film and what stands beside it."""

    spec = detector_spec(
        id="pair", scope=FilmScope(views=("chest-ap", "chest-lateral"), films=(1, 2)), operating_points=()
    )
    given: ClassVar[list[list[str]]] = []

    def predict(self, inputs):
        self.given.append([len(inputs)])
        return super().predict(inputs)


@pytest.fixture
def study(rows, tmp_path, monkeypatch):
    """A lateral and a frontal film of one study, a broken one of it, another study's, and two without a study."""
    monkeypatch.setattr("cxrdesk.imaging.quality.look", lambda film: CHEST_LOOK)

    def film(name, study, projection, label, patient="p"):
        level = 40 * (1 + sum(map(ord, name)) % 5)
        cv2.imwrite(str(tmp_path / name), np.full((160, 150), level, np.uint8))
        view = View(body_part="chest", projection=projection)
        labels = {"pneumonia": label}
        return Row(path=tmp_path / name, dataset="x", patient=patient, study=study, view=view, labels=labels)

    made = [
        film("side.png", "s", Projection.LATERAL, 1),
        film("front.png", "s", Projection.AP, 0),
        film("broken.png", "s", Projection.AP, 0),
        film("later.png", "t", Projection.AP, 0),
        film("other.png", "s", Projection.AP, 0, patient="q"),
        film("one.png", "", Projection.AP, 0),
        film("two.png", "", Projection.AP, 0),
    ]
    made[2].path.write_bytes(b"broken")
    return made


def test_films_of_one_study_are_seen_together(study):
    model = spying(Pair, given=[])
    told = []
    found = answers(registry_of(model), model.spec, study, progress=lambda done, of: told.append((done, of)))
    assert told == [(0, 7), (3, 7), (4, 7), (5, 7), (6, 7), (7, 7)]
    assert model.given == [[2], [1], [1], [1], [1]]
    broken, pair, *alone = found
    assert (broken.row, broken.status) == (study[2], "unreadable")
    assert (pair.row.path, pair.companions) == (study[1].path, (study[0],))
    # The study has what one of its films shows.
    assert pair.row.labels == {"pneumonia": 1}
    assert [answer.row for answer in alone] == study[3:]
    assert all(answer.companions == () for answer in alone)
    # Every film is counted once.
    assert sum(1 + len(answer.companions) for answer in found) == len(study)


def test_a_detector_of_one_film_is_asked_about_each(study):
    model = spying(Brightness, spec=replace(Brightness.spec, scope=FilmScope(views=("chest-ap", "chest-lateral"))))
    found = answers(registry_of(model), model.spec, study)
    assert [answer.row for answer in found] == study
    assert model.calls.count("predict") == 6


def test_simulated_films_are_noticed_and_are_no_other_site(study, tmp_path):
    path = tmp_path / "phantom.dcm"
    to_dataset(simulate(child(shape=(160, 160)))).save_as(path, enforce_file_format=True)
    rows = [*study, Row(path=path, dataset="x", patient="r", view=View())]
    model = spying(Pair, given=[])
    found = answers(registry_of(model), model.spec, rows)
    assert [answer.simulated for answer in found] == [False] * 6 + [True]
    films = FilmSet(rows=rows, name="labels.csv", dataset="x", external=True, refs=[str(k) for k in range(len(rows))])
    assert seen(films, found[:-1]) == films
    mixed, whole = seen(films, found), seen(films, found[-1:])
    assert (mixed.name, mixed.simulated, mixed.external) == ("labels.csv, 1 of 6 simulated films", 1, False)
    assert (whole.name, whole.simulated, whole.external) == ("labels.csv, simulated films", 1, False)
    assert mixed.ref(rows[3]) == "3"


def test_a_film_has_the_publishers_view_and_age(made_data):
    child = film_of(kermany(made_data)[0])
    assert (child.view.body_part, child.view.projection, child.patient_age_years) == ("chest", Projection.AP, 3.0)
    ages = {film_of(row).patient_age_years for row in adult_lungs(made_data)}
    assert ages <= {50.0, None}


def test_refused_films_never_reach_the_model(made_data):
    model = spying(Brightness)
    adults = adult_lungs(made_data)
    scored = score(registry_of(model), model.spec, "pneumonia", adults)
    assert {item.raw for item in scored} == {None}
    assert {item.reason for item in scored} <= {"wrong-view", "too-old", "age-unknown"}
    assert model.calls == []


def test_a_turned_film_is_refused(rows, tmp_path):
    turned = cv2.rotate(cv2.imread(str(rows[0].path), cv2.IMREAD_GRAYSCALE), cv2.ROTATE_90_CLOCKWISE)
    cv2.imwrite(str(tmp_path / "turned.png"), turned)
    model = spying(Brightness)
    [scored] = score(registry_of(model), model.spec, "pneumonia", [replace(rows[0], path=tmp_path / "turned.png")])
    assert scored.reason == "not-a-chest-film"
    assert "predict" not in model.calls


def test_a_model_that_fails_is_counted_and_the_next_film_done(rows):
    class Fails(Brightness):
        def predict(self, inputs):
            if not self.calls.count("predict"):
                self.calls.append("predict")
                raise ValueError("nothing learned")
            return super().predict(inputs)

    model = spying(Fails)
    first, second = score(registry_of(model), model.spec, "pneumonia", rows[:2])
    assert (first.raw, first.reason) == (None, "model-failed")
    assert second.raw is not None


def test_a_finding_that_it_does_not_look_for_is_told(rows):
    model = spying(Brightness)
    with pytest.raises(UserError, match="does not look for asthma") as caught:
        score(registry_of(model), model.spec, "asthma", rows)
    assert caught.value.code == "unknown-finding"


@pytest.mark.parametrize(
    ("content", "code"),
    [(None, "missing-file"), (b"no picture", "not-a-film"), (b"", "truncated"), ("half", "truncated")],
)
def test_a_film_that_cannot_be_read_is_counted_and_the_next_film_done(rows, tmp_path, content, code):
    path = tmp_path / "film.png"
    if content == "half":
        cv2.imwrite(str(path), read_radiograph(rows[0].path).stored)
        content = path.read_bytes()[: path.stat().st_size // 2]
    if content is not None:
        path.write_bytes(content)
    model = spying(Brightness)
    first, second = answers(registry_of(model), model.spec, [replace(rows[0], path=path), rows[1]])
    assert (first.status, first.code, first.probability) == ("unreadable", code, {})
    assert (second.status, second.code) == ("done", "")
    assert model.calls.count("predict") == 1
    [outlined] = outline(registry_of(HalfLungs), HalfLungs.spec, [replace(rows[0], path=path)])
    assert (outlined.dice, outlined.reason) == (None, code)


def test_an_answer_holds_what_the_gate_went_by(rows, made_data):
    model = spying(Brightness)
    done, refused = answers(registry_of(model), model.spec, [rows[0], adult_lungs(made_data)[0]])
    assert (done.status, done.view.body_part, done.age_years) == ("done", "chest", 3.0)
    assert done.no_call == {"pneumonia": ("no-operating-point",)}
    assert refused.status == "refused"
    assert refused.sex == "F"


def test_what_the_publisher_leaves_open_is_the_films_own_word(tmp_path):
    made = simulate(child(seed=1, shape=(192, 192)))
    path = tmp_path / "film.dcm"
    to_dataset(made).save_as(path, enforce_file_format=True)
    own = read_radiograph(path)
    assert own.view.projection is not None
    assert own.patient_age_years is not None
    row = Row(path=path, dataset="site", patient="a", view=View())
    assert (film_of(row).view, film_of(row).patient_age_years) == (own.view, own.patient_age_years)
    told = film_of(replace(row, view=View(projection=Projection.PA), age_years=50.0))
    assert (told.view.body_part, told.view.projection, told.patient_age_years) == ("chest", Projection.PA, 50.0)


def test_outlines_are_held_against_the_drawn_ones(rows):
    """A segmenter that draws the true mask, coarsely, reaches nearly 1; its mirror image far less."""
    truths = [cv2.imread(str(row.mask), cv2.IMREAD_GRAYSCALE) for row in rows]

    class Truth(HalfLungs):
        turn = 1

        def segment(self, model_input):
            small = cv2.resize(self.left.pop(0), (96, 96), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
            return Mask(structure="lungs", values=np.ascontiguousarray(small[:: self.turn]))

    found = {}
    for turn in (1, -1):
        model = type("Truth", (Truth,), {"left": list(truths), "turn": turn})
        found[turn] = [item.dice for item in outline(registry_of(model), model.spec, rows)]
    assert min(found[1]) > 0.97
    assert max(found[-1]) < 0.9


def test_dice_of_a_half_by_hand(rows, tmp_path):
    truth = np.zeros((100, 64), np.uint8)
    truth[:50] = 255
    cv2.imwrite(str(tmp_path / "mask.png"), truth)
    model = type("HalfLungs", (HalfLungs,), {})
    [found] = outline(registry_of(model), model.spec, [replace(rows[0], mask=tmp_path / "mask.png")])
    # Left half against upper half: a quarter in common.
    assert found.dice == pytest.approx(0.5, abs=0.01)


def test_an_implausible_outline_is_a_refusal(rows):
    model = type("HalfLungs", (HalfLungs,), {"columns": 0})
    [found] = outline(registry_of(model), model.spec, rows[:1])
    assert (found.dice, found.reason) == (None, "mask-implausible")


@pytest.mark.parametrize("content", [None, b"no picture"])
def test_a_mask_that_cannot_be_read_is_told(rows, tmp_path, content):
    if content is not None:
        (tmp_path / "mask.png").write_bytes(content)
    row = replace(rows[0], mask=tmp_path / "mask.png")
    model = type("HalfLungs", (HalfLungs,), {})
    with pytest.raises(UserError, match=r"mask\.png"):
        outline(registry_of(model), model.spec, [row])


def bundle(folder, spec):
    import hashlib

    weights = b"weights"
    spec = replace(spec, weights_sha256=hashlib.sha256(weights).hexdigest())
    return write_bundle(folder, spec, weights, {})


def test_another_bundle_takes_the_place_of_the_shipped_one(tmp_path, rows):
    model = spying(Brightness)
    registry = registry_of(model, HalfLungs)
    path = bundle(tmp_path / "bundle", replace(model.spec, input=InputSpec(size=(32, 32)), version="2.0"))
    changed, spec = with_bundle(registry, path)
    assert spec.version == "2.0"
    assert changed.model("brightness").spec == spec
    assert issubclass(changed.model("brightness"), model)
    assert registry.model("brightness").spec.version == "1.0"
    assert changed.segmenter_for("lungs") == HalfLungs.spec
    [scored] = score(changed, spec, "pneumonia", rows[:1])
    assert scored.raw is not None


def test_a_segmenters_bundle_too(tmp_path):
    path = bundle(tmp_path / "bundle", replace(segmenter_spec(), version="3.0"))
    changed, spec = with_bundle(registry_of(HalfLungs), path)
    assert changed.segmenter_for("lungs") == spec
    assert spec.version == "3.0"


def test_a_bundle_for_nobody_is_told(tmp_path):
    path = bundle(tmp_path / "bundle", replace(detector_spec(), id="somebody-elses"))
    with pytest.raises(UserError, match="no installed plugin has somebody-elses") as caught:
        with_bundle(registry_of(HalfLungs), path)
    assert caught.value.code == "no-plugin"


def test_a_bundle_of_the_other_kind_is_told(tmp_path):
    path = bundle(tmp_path / "bundle", replace(detector_spec(), id="test-lungs"))
    with pytest.raises(UserError):
        with_bundle(registry_of(HalfLungs), path)


def test_no_bundle_is_told(tmp_path):
    with pytest.raises(UserError):
        with_bundle(registry_of(HalfLungs), tmp_path)
