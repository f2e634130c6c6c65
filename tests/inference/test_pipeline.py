"""From a film to calls, with models that need no torch, in this process."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cxrdesk.api import (
    Box,
    Calibration,
    Evidence,
    FilmScope,
    InputSpec,
    Mask,
    ModelInput,
    Prediction,
    Rendering,
    SaliencyMap,
)
from cxrdesk.imaging import quality
from cxrdesk.inference.pipeline import FilmAnalysis, Options, called
from cxrdesk.inference.process import InferenceError
from cxrdesk.inference.result import Call, Status
from cxrdesk.inference.runners import LocalRunner
from tests.support import (
    INPUT,
    NO_CHEST,
    WEIGHTS,
    HalfLungs,
    Spy,
    detector_spec,
    film,
    point,
    registry_of,
    segmenter_spec,
    spying,
)


def analysis(*models, **given):
    registry = registry_of(*models)
    shown = given.pop("film", film())
    return FilmAnalysis(shown, registry, LocalRunner(registry, device="cpu"), **given)


def only(result):
    assert result.status is Status.DONE, result.reasons
    (finding,) = result.findings
    return finding


@pytest.mark.usefixtures("look")
class TestCalls:
    def test_a_score_is_calibrated_and_called_at_the_operating_point(self):
        spy = spying()
        found = only(analysis(spy).detect(spy.spec))
        # sigmoid(2 * logit(0.8) + 0.5)
        assert found.probability == pytest.approx(1 / (1 + np.exp(-(2 * np.log(4) + 0.5))))
        assert (found.raw, found.calibration, found.call) == (0.8, "platt", Call.POSITIVE)
        assert found.operating_point is spy.spec.operating_points[0]
        assert found.reasons == ()

    @pytest.mark.parametrize(
        ("probability", "call"), [(0.5, Call.POSITIVE), (0.499999, Call.NEGATIVE), (0.0, Call.NEGATIVE)]
    )
    def test_positive_at_or_above_the_threshold(self, probability, call):
        spec = detector_spec(calibration={})
        found = called(spec, "pneumonia", probability, "balanced", INPUT.digest())
        assert (found.call, found.probability, found.calibration) == (call, probability, "none")

    def test_the_operating_point_is_the_wanted_one(self):
        points = (point(), point(name="sensitive", threshold=0.1))
        spec = detector_spec(operating_points=points, calibration={"pneumonia": Calibration()})
        assert called(spec, "pneumonia", 0.3, "balanced", INPUT.digest()).call is Call.NEGATIVE
        assert called(spec, "pneumonia", 0.3, "sensitive", INPUT.digest()).call is Call.POSITIVE

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"evidence": Evidence.SYNTHETIC}, "evidence-synthetic"),
            ({"evidence": Evidence.UNMEASURED}, "evidence-unmeasured"),
            ({"operating_points": ()}, "no-operating-point"),
            ({"operating_points": (point(name="sensitive"),)}, "no-operating-point"),
            ({"operating_points": (point(weights_sha256="c" * 64),)}, "weights-differ"),
            ({"weights_sha256": "c" * 64}, "weights-differ"),
            ({"input": InputSpec(size=(16, 16), mean=0.4)}, "preprocessing-differs"),
        ],
    )
    def test_a_score_without_a_call_says_why(self, changes, code):
        spy = spying(spec=detector_spec(**changes))
        found = only(analysis(spy).detect(spy.spec))
        assert (found.call, found.operating_point) == (Call.INDETERMINATE, None)
        assert [reason.code for reason in found.reasons] == [code]
        assert found.raw == 0.8

    @pytest.mark.parametrize("evidence", [Evidence.INTERNAL, Evidence.EXTERNAL])
    def test_measured_evidence_gives_calls(self, evidence):
        spy = spying(spec=detector_spec(evidence=evidence))
        assert only(analysis(spy).detect(spy.spec)).call is Call.POSITIVE

    def test_another_segmenter_takes_the_call_away(self):
        region = InputSpec(size=(16, 16), region="lungs")
        measured = point(preprocessing_sha256=region.digest("b" * 64))
        spy = spying(spec=detector_spec(input=region, requires=("lungs",), operating_points=(measured,)))
        assert only(analysis(spy, HalfLungs).detect(spy.spec)).call is Call.POSITIVE
        other = type("Other", (HalfLungs,), {"spec": segmenter_spec(weights_sha256="d" * 64)})
        found = only(analysis(spy, other).detect(spy.spec))
        assert [reason.code for reason in found.reasons] == ["preprocessing-differs"]


class TestGate:
    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"patient_age_years": 45.0}, "too-old"),
            ({"patient_age_years": None}, "age-unknown"),
            ({"modality": "CT"}, "modality"),
        ],
    )
    def test_a_refused_film_never_reaches_the_model(self, look, changes, code):
        spy = spying()
        result = analysis(spy, film=film(**changes)).detect(spy.spec)
        assert (result.status, result.findings, spy.calls) == (Status.REFUSED, (), [])
        assert result.reasons[0].code == code

    def test_what_is_no_chest_film_reaches_neither_model(self, look):
        shown = film()
        look[shown.digest] = NO_CHEST
        spy = spying()
        outlining = type("Spied", (HalfLungs,), {"segment": lambda *_: pytest.fail("segment was called")})
        asked = analysis(spy, outlining, film=shown)
        assert asked.detect(spy.spec).reasons[0].code == "not-a-chest-film"
        assert asked.segment(outlining.spec).reasons[0].code == "not-a-chest-film"
        assert spy.calls == []

    def test_the_film_is_looked_at_once(self, monkeypatch):
        looked = []
        monkeypatch.setattr(quality, "look", lambda shown: looked.append(shown) or NO_CHEST)
        spy = spying()
        asked = analysis(spy, HalfLungs)
        asked.segment(HalfLungs.spec)
        asked.detect(spy.spec)
        assert len(looked) == 1

    def test_an_answer_to_a_cancelled_question_is_not_computed(self, look):
        spy = spying()
        asked = analysis(spy, HalfLungs)
        assert asked.detect(spy.spec, cancelled=lambda: True).status is Status.CANCELLED
        assert asked.segment(HalfLungs.spec, cancelled=lambda: True).status is Status.CANCELLED
        assert spy.calls == []
        assert asked.segment(HalfLungs.spec).status is Status.DONE


NEEDING = detector_spec(requires=("lungs",))


@pytest.mark.usefixtures("look")
class TestMasks:
    def test_the_detector_gets_the_masks_it_requires(self):
        got = []

        class Masked(Spy):
            spec = NEEDING

            def prepare(self, films, masks):
                got.extend(masks)
                return super().prepare(films, masks)

        asked = analysis(spying(Masked), HalfLungs)
        assert asked.detect(NEEDING).status is Status.DONE
        assert got[0]["lungs"].values[:, :8].all()
        assert asked.segment(HalfLungs.spec).area_share == 0.5

    def test_a_mask_is_made_once(self):
        made = []

        class Counting(HalfLungs):
            def segment(self, model_input):
                made.append(1)
                return super().segment(model_input)

        spy = spying(spec=NEEDING)
        asked = analysis(spy, Counting)
        asked.segment(Counting.spec)
        asked.detect(NEEDING)
        asked.detect(NEEDING)
        assert made == [1]

    @pytest.mark.parametrize("columns", [0, 15])
    def test_an_unbelievable_outline_is_used_by_nobody(self, columns):
        spy = spying(spec=NEEDING)
        asked = analysis(spy, type("Odd", (HalfLungs,), {"columns": columns}))
        outline = asked.segment(HalfLungs.spec)
        assert (outline.status, outline.mask, outline.area_share) == (Status.REFUSED, None, columns / 16)
        result = asked.detect(NEEDING)
        assert result.status is Status.REFUSED
        assert [reason.code for reason in result.reasons] == ["mask-implausible"]
        assert spy.calls == []

    def test_no_segmenter(self):
        spy = spying(spec=NEEDING)
        result = analysis(spy).detect(NEEDING)
        assert result.status is Status.REFUSED
        assert [reason.code for reason in result.reasons] == ["no-segmenter"]
        assert spy.calls == []

    def test_a_failed_segmenter_fails_the_detector_with_its_cause(self):
        spy = spying(spec=NEEDING)
        result = analysis(spy, type("Bad", (HalfLungs,), {"segment": lambda *_: 1 / 0})).detect(NEEDING)
        assert result.status is Status.FAILED
        assert result.reasons[0].code == "model-failed"
        assert "ZeroDivisionError" in result.reasons[0].text


@pytest.mark.usefixtures("look")
class TestFilmsOfAStudy:
    SPEC = detector_spec(scope=FilmScope(views=("chest-ap", "chest-pa"), films=(2, 3)))

    def test_films_are_taken_together(self):
        got = []

        class Two(Spy):
            spec = self.SPEC

            def prepare(self, films, masks):
                got.extend(films)
                return super().prepare(films, masks)

        shown, beside, refused, more, left = film(1), film(2), film(3, modality="CT"), film(4), film(5)
        companions = (film(1), beside, refused, more, left)
        result = analysis(spying(Two), film=shown, companions=companions).detect(self.SPEC)
        assert [f.digest for f in got] == [shown.digest, beside.digest, more.digest] == list(result.films)

    def test_too_few_films(self):
        spy = spying(spec=self.SPEC)
        result = analysis(spy, companions=(film(0), film(2, modality="CT"))).detect(self.SPEC)
        assert [reason.code for reason in result.reasons] == ["too-few-films"]
        assert (result.status, spy.calls) == (Status.REFUSED, [])

    def test_each_film_has_its_own_mask(self):
        class Masked(Spy):
            spec = replace(self.SPEC, requires=("lungs",))

            def explain(self, inputs, finding):
                values = np.ones((4, 4), np.float32)
                return [SaliencyMap(finding=finding, values=values, film=i) for i in range(len(inputs))]

        class Brighter(HalfLungs):
            def segment(self, model_input):
                values = np.zeros((16, 16), np.float32)
                values[:, : 4 if model_input.tensor.mean() < 0 else 12] = 1
                return Mask(structure="lungs", values=values)

            def prepare(self, film):
                return ModelInput(tensor=np.full((1, 2, 2), film.pixels.mean() - 2000, np.float32))

        dark, bright = (film(stored=np.full((160, 140), v, np.uint16)) for v in (10, 4000))
        asked = analysis(spying(Masked), Brighter, film=dark, companions=(bright,))
        maps = only(asked.detect(Masked.spec)).saliency
        assert [round(item.lung_share, 6) for item in maps] == [0.25, 0.75]


@pytest.mark.usefixtures("look")
class TestOverriding:
    """A plugin may bring its own prepare, predict, explain and render."""

    def test_all_four(self):
        drawn = Rendering(boxes=(Box(x0=0.1, y0=0.1, x1=0.2, y1=0.2),))

        class Own(Spy):
            def prepare(self, films, masks):
                return [ModelInput(tensor=films[0].pixels[:3, :3], box=Box(x0=0, y0=0, x1=0.5, y1=0.5))]

            def predict(self, inputs):
                assert inputs[0].tensor.shape == (3, 3)
                return Prediction(probabilities={"pneumonia": np.float32(0.25)})

            def explain(self, inputs, finding):
                return [SaliencyMap(finding=finding, values=np.ones((2, 2), np.float32), box=inputs[0].box)]

            def render(self, saliency):
                assert saliency.box.x1 == 0.5
                return drawn

        found = only(analysis(spying(Own)).detect(Own.spec))
        assert found.raw == 0.25
        (saliency,) = found.saliency
        assert saliency.rendering is drawn
        assert saliency.reference == 2.0

    def test_a_maps_share_inside_the_lungs_comes_from_any_outline_of_the_film(self):
        # The spy's map lies in the left half of the film, as HalfLungs does.
        spy = spying()
        asked = analysis(spy, HalfLungs)
        assert only(asked.detect(spy.spec)).saliency[0].lung_share is None
        asked.segment(HalfLungs.spec)
        assert only(asked.detect(spy.spec)).saliency[0].lung_share == pytest.approx(1.0)

    def test_a_dark_map_has_no_share(self):
        spy = spying(explain=lambda self, inputs, finding: [
            SaliencyMap(finding=finding, values=np.zeros((2, 2), np.float32))])  # fmt: skip
        asked = analysis(spy, HalfLungs)
        asked.segment(HalfLungs.spec)
        assert only(asked.detect(spy.spec)).saliency[0].lung_share is None

    def test_maps_are_left_out_on_request(self):
        spy = spying()
        found = only(analysis(spy, options=Options(explain=False)).detect(spy.spec))
        assert found.saliency == ()
        assert "explain" not in spy.calls

    @pytest.mark.parametrize(
        ("parts", "word"),
        [
            ({"predict": lambda self, inputs: Prediction(probabilities={})}, "answered for"),
            (
                {"predict": lambda self, inputs: Prediction(probabilities={"pneumonia": 0.1, "other": 0.1})},
                "answered for",
            ),
            (
                {"explain": lambda self, inputs, f: [SaliencyMap(finding="x", values=np.ones((1, 1), np.float32))]},
                "map",
            ),
            ({"explain": lambda self, inputs, f: Spy.explain(self, inputs, f) * 2}, "more than one"),
        ],
    )
    def test_an_answer_to_another_question_fails(self, parts, word):
        base = type("Wrong", (Spy,), parts)
        spy = type("Wrong", (base,), {"calls": []})
        result = analysis(spy).detect(spy.spec)
        assert (result.status, result.reasons[0].code) == (Status.FAILED, "bad-answer")
        assert word in result.reasons[0].text


def test_a_note_becomes_a_notice(look, monkeypatch):
    spy = spying()
    told: list[str] = []
    asked = analysis(spy, notice=told.append)
    detect = asked.runner.detect
    monkeypatch.setattr(asked.runner, "detect", lambda *a, **k: replace(detect(*a, **k), note="slow"))
    asked.detect(spy.spec)
    assert told == ["slow"]


def test_a_models_own_error_keeps_its_code(look):
    from cxrdesk.api import BundleError

    def refuse(self):
        raise BundleError("weights-changed", "the weights are others")

    spy = spying(load=refuse)
    result = analysis(spy).detect(spy.spec)
    assert (result.status, result.reasons[0].code) == (Status.FAILED, "weights-changed")
    assert issubclass(InferenceError, Exception)
    assert WEIGHTS not in result.reasons[0].text
