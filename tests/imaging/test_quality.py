"""What looks like an upright frontal chest film, and what does not."""

from __future__ import annotations

import hashlib
import json
import threading
from dataclasses import replace

import numpy as np
import pytest

from cxrdesk.imaging.phantom import Opacity, adult, child, child_bedside, simulate
from cxrdesk.imaging.phantom.parts import PartParameters, neck, non_film, simulate_part
from cxrdesk.imaging.preprocess import prepare
from cxrdesk.imaging.quality import INPUT, MEASURED, NETWORK, FilmLook, likeness, look
from cxrdesk.imaging.reader import read_radiograph
from cxrdesk.imaging.resources import resource

CHESTS = {
    "adult": adult(seed=201, shape=(320, 320)),
    "man": adult(seed=202, sex="M", shape=(320, 320)),
    "child": child(seed=203, shape=(320, 320)),
    "sick child": child(seed=204, shape=(320, 320), opacity=Opacity()),
    "bedside": child_bedside(seed=205, shape=(256, 320)),
}


@pytest.fixture(scope="module")
def chests():
    return {name: simulate(parameters).radiograph for name, parameters in CHESTS.items()}


def turned(film, quarters):
    return replace(film, stored=np.ascontiguousarray(np.rot90(film.stored, quarters)))


def test_the_shipped_network_is_the_measured_one():
    told = json.loads(resource(MEASURED).read_text(encoding="utf-8"))
    assert hashlib.sha256(resource(NETWORK).read_bytes()).hexdigest() == told["network_sha256"]
    assert 0 < told["threshold"] < 1


@pytest.mark.parametrize("name", CHESTS)
def test_phantom_chests_are_accepted(chests, name):
    assert look(chests[name]).accepted


@pytest.mark.parametrize("quarters", [1, 2, 3])
@pytest.mark.parametrize("name", CHESTS)
def test_turned_chests_are_refused(chests, name, quarters):
    assert not look(turned(chests[name], quarters)).accepted


@pytest.mark.parametrize("name", CHESTS)
def test_negatives_are_refused(chests, name):
    film = chests[name]
    assert not look(replace(film, inverted=not film.inverted)).accepted


@pytest.mark.parametrize("seed", [2001, 2002])
@pytest.mark.parametrize("part", ["hip", "hand", "neck"])
def test_other_parts_are_refused(part, seed):
    parameters = neck(seed=seed) if part == "neck" else PartParameters(body_part=part, seed=seed)
    assert not look(simulate_part(parameters).radiograph).accepted


@pytest.mark.parametrize("kind", ["noise", "uniform", "gradient", "blobs"])
def test_what_is_no_film_is_refused(kind):
    assert not look(non_film(kind, seed=77)).accepted


@pytest.mark.parametrize(
    ("name", "accepted"), [("RG1_J2KI.dcm", True), ("CR-MONO1-10-chest.dcm", True), ("RG2_J2KI_hip.dcm", False)]
)
def test_real_films(real_dicom, name, accepted):
    film = read_radiograph(real_dicom / name)
    assert look(film).accepted is accepted
    for quarters in (1, 2, 3):
        assert not look(turned(film, quarters)).accepted


def test_the_threshold_itself_is_accepted():
    assert FilmLook(likeness=0.5, threshold=0.5).accepted
    assert not FilmLook(likeness=np.nextafter(0.5, 0), threshold=0.5).accepted


def test_torch_agrees_with_opencv(chests):
    """The same weights, computed by torch's own layers."""
    torch = pytest.importorskip("torch")
    onnx = pytest.importorskip("onnx")
    from onnx import numpy_helper

    graph = onnx.load(str(resource(NETWORK))).graph
    weights = {item.name: torch.tensor(numpy_helper.to_array(item)) for item in graph.initializer}
    attributes = [{a.name: onnx.helper.get_attribute_value(a) for a in node.attribute} for node in graph.node]
    for film in chests.values():
        tensor = prepare(film, INPUT)
        x = torch.from_numpy(tensor[np.newaxis])
        for node, told in zip(graph.node, attributes, strict=True):
            given = [weights[name] for name in node.input[1:]]
            match node.op_type:
                case "Conv":
                    assert (told["strides"], told["pads"]) == ([2, 2], [1, 1, 1, 1])
                    x = torch.nn.functional.conv2d(x, *given, stride=2, padding=1)
                case "Relu":
                    x = x.relu()
                case "Flatten":
                    x = x.flatten(1)
                case "Gemm":
                    assert told["transB"] == 1
                    x = torch.nn.functional.linear(x, *given)
                case other:
                    raise AssertionError(other)
        assert likeness(tensor) == pytest.approx(torch.sigmoid(x).item(), abs=1e-4)


def test_the_answer_does_not_depend_on_threads(chests):
    film = chests["adult"]
    expected = look(film).likeness
    found = []
    threads = [threading.Thread(target=lambda: found.append(look(film).likeness)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 6


def test_likeness_is_a_probability_for_any_input():
    for scale in (0, 1, 1e4):
        assert 0 <= likeness(np.full((1, *INPUT.size), scale, np.float32)) <= 1
