"""The page: it needs nothing from outside, says what it must, and is the same for the same numbers."""

from __future__ import annotations

import base64
import io
import re
from copy import deepcopy
from datetime import UTC, datetime
from functools import cache
from html import unescape
from html.parser import HTMLParser
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest
from PIL import Image

pytest.importorskip("sklearn.metrics")
pytest.importorskip("matplotlib.font_manager")

from cxrdesk.evaluation import intervals
from cxrdesk.evaluation.report.content import content
from cxrdesk.evaluation.report.figures import draw, svg
from cxrdesk.evaluation.report.files import write_report
from cxrdesk.evaluation.report.html import FILMS_WARNING, OTHER_FILMS, page
from cxrdesk.evaluation.report.thumbnails import SIDE, thumbnail
from tests.made_answers import PATIENT, measured, rows

WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
NAMESPACES = ("http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink")
VOID = {"meta", "img", "br", "link", "input", "hr"}


@pytest.fixture(autouse=True)
def _few_resamples(monkeypatch):
    monkeypatch.setattr(intervals, "RESAMPLES", 40)


@cache
def report(*names):
    """Not to be changed."""
    films = rows()
    made = [measured(films, name=name, seed=k) for k, name in enumerate(names or ("first", "second"))]
    return content(made, created=WHEN)


@cache
def usual():
    return page(report(), {})


class Checked(HTMLParser):
    """Every element closed in order, every id once."""

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.tags, self.addresses = [], [], set(), []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.ids += [value for name, value in attrs if name == "id"]
        self.addresses += [value for name, value in attrs if name in ("src", "href", "xlink:href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_needs_nothing_from_outside():
    text = usual()
    found = Checked(text)
    assert found.open == []
    assert not found.tags & {"script", "link", "iframe", "object", "embed", "base", "form"}
    assert len(found.ids) == len(set(found.ids)) > 100
    assert all(address.startswith(("#", "data:image/jpeg;base64,")) for address in found.addresses)
    assert {address[1:] for address in found.addresses if address[0] == "#"} <= set(found.ids)
    assert set(re.findall(r"url\(#(.*?)\)", text)) <= set(found.ids)
    assert set(re.findall(r"https?://[^\"'\s<]*", text)) <= set(NAMESPACES)
    assert "default-src 'none'" in text
    assert not re.search(r"@import|@font-face", text)


def test_the_same_numbers_give_the_same_bytes():
    assert usual() == page(report(), {})


def test_each_figure_is_an_svg_that_others_can_read():
    found = re.findall(r"<svg.*?</svg>", usual(), flags=re.DOTALL)
    assert len(found) == 3  # both together, and each alone
    for figure in found:
        root = ElementTree.fromstring(figure)
        assert root.attrib["role"] == "img"
        assert root.attrib["aria-label"].startswith("Curves of ")


def test_what_must_be_said_is_said():
    told = report()
    text = unescape(usual())
    for said in (
        "Not a medical device; not for diagnosis.",
        "2026-01-02T03:04:05+00:00",
        f"cxrdesk {told['cxrdesk']}",
        f"torch {told['torch']}" if told["torch"] else "no torch",
        "a" * 64,
        "internal: Measured on held-out films",
        "made, report split",
        "too-old",
        "truncated",
        "model-failed",
        "Precision (positive predictive value) at 33.3%",
        "hold at the prevalence of 33.3% of these films alone",
        "Clopper and Pearson 1934",
        "DeLong et al. (1988)",
    ):
        assert said in text, said
    assert PATIENT not in text
    auc = told["detectors"][0]["findings"][0]["figures"]["auc"]
    assert f"{auc['value']:.3f} ({auc['low']:.3f} to {auc['high']:.3f})" in text
    assert "too small" in text


def test_names_cannot_break_the_page():
    text = page(report("""<script>alert(1)</script> "'&"""), {})
    found = Checked(text)
    assert "script" not in found.tags
    assert "&lt;script&gt;" in text


def test_detectors_on_other_films_are_told_apart():
    told = deepcopy(report())
    assert OTHER_FILMS not in page(told, {})
    told["detectors"][1]["films"] = {
        "name": "left-out families IM",
        "dataset": "made",
        "external": False,
        "simulated": 0,
    }
    assert OTHER_FILMS in page(told, {})


def test_a_name_that_is_no_text_is_written(films, tmp_path):
    write_report([measured(films, name="bundle-\udcff")], tmp_path / "out")
    assert "bundle-\\udcff" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_one_detector_has_nothing_beside_it():
    assert "Side by side" not in page(report("first"), {})


def test_a_finding_without_figures_says_why():
    told = deepcopy(report("first"))
    told["detectors"][0]["findings"][0] |= {"figures": None, "problem": {"code": "no-films", "text": "Not one film."}}
    text = page(told, {})
    assert "Not one film." in text
    assert "<svg" not in text


def test_no_panel_is_cramped():
    """Texts of a panel lie within the figure, whatever the names of the detectors are."""
    found = report("a", "some/very/long/path/" * 8 + "bundle")
    curves = [(d["name"], d["findings"][0]["figures"]) for d in found["detectors"]]
    for chosen in (curves[:1], curves):
        figure = draw(chosen)
        figure.draw_without_rendering()
        width, height = figure.canvas.get_width_height()
        for axis in figure.axes:
            frame = axis.get_window_extent()
            assert frame.width == pytest.approx(frame.height, rel=0.02)
            assert frame.width > 0.3 * width
            for text in (axis.title, axis.xaxis.label, axis.yaxis.label, axis.get_legend()):
                box = text.get_window_extent()
                assert box.x0 >= 0
                assert box.y0 >= 0
                assert box.x1 <= width + 1
                assert box.y1 <= height + 1


@pytest.fixture
def films(tmp_path):
    made = rows(120, tmp_path)
    rng = np.random.default_rng(0)
    for row in made:
        cv2.imwrite(str(row.path), rng.integers(0, 256, (300, 240), dtype=np.uint8))
    return made


def test_both_files_are_written_with_the_worst_films(films, tmp_path):
    item = measured(films)
    write_report([item], tmp_path / "out" / "deep")
    text = (tmp_path / "out" / "deep" / "report.html").read_text(encoding="utf-8")
    found = Checked(text)
    shown = [address for address in found.addresses if address.startswith("data:")]
    assert len(shown) == text.count("<figcaption>") > 4
    assert FILMS_WARNING in unescape(text)
    assert "report.json" in [path.name for path in (tmp_path / "out" / "deep").iterdir()]
    assert FILMS_WARNING not in unescape(usual())


def test_a_film_that_has_gone_is_said(films, tmp_path):
    item = measured(films)
    for row in films:
        row.path.unlink()
    write_report([item], tmp_path / "out")
    assert "The film cannot be shown." in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_a_thumbnail_is_small_and_shows_the_film(films):
    ramp = np.tile(np.linspace(0, 255, 600, dtype=np.uint8), (900, 1))
    cv2.imwrite(str(films[0].path), ramp)
    kind, _, data = thumbnail(films[0]).partition(",")
    picture = Image.open(io.BytesIO(base64.b64decode(data)))
    assert kind == "data:image/jpeg;base64"
    assert picture.size == (round(SIDE * 600 / 900), SIDE)
    assert not picture.info.get("exif")
    columns = np.asarray(picture).mean(axis=0)
    assert columns[-1] - columns[0] > 200
    assert np.all(np.diff(columns) > -3)


def test_simulated_films_are_told_as_such():
    told = deepcopy(report("first"))
    assert "simulated films" not in page(told, {})
    told["detectors"][0]["films"]["simulated"] = 7
    assert "Of these films 7 are simulated films." in page(told, {})


def test_films_that_were_seen_together_are_counted():
    told = deepcopy(report("first"))
    assert "further films" not in page(told, {})
    told["detectors"][0]["counts"]["companions"] = 5
    assert "5 further films of the same studies" in page(told, {})


@pytest.mark.parametrize("name", ["bundles/$a_{b}$/x", "$", "a$b_$c", r"C:\$\frac{$\bundle"])
def test_dollar_signs_in_a_name_are_no_formula(name):
    figures = report("first")["detectors"][0]["findings"][0]["figures"]
    assert svg([(name, figures), ("second", figures)], prefix="x", label="x").startswith("<svg")
