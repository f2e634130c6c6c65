"""No text on a film lies over another, in any layout and size of text; what has no room gives way in a stated order."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QRectF
from PySide6.QtWidgets import QApplication

from cxrdesk.imaging.resources import resource
from cxrdesk.inference.result import Call
from cxrdesk.studies.annotations import Annotation, Kind
from cxrdesk.ui import theme
from cxrdesk.ui.snapshot import Scene, picture_of
from cxrdesk.ui.viewer.film_view import FilmView
from tests.ui.conftest import Seat
from tests.ui.fakes import events, mask_done, scored
from tests.ui.texts_seen import overlapping, recorded

EVERYTHING = (
    "name", "patient_id", "birth_date", "sex", "view", "age", "study_date", "description", "modality", "laterality",
    "window", "zoom", "scale", "markers",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _plain_afterwards(qapp: QApplication) -> Iterator[None]:
    yield
    theme.apply(qapp, "dark")


@pytest.fixture
def films(tmp_path: Path) -> list[Path]:
    """Where annotations may be written beside them."""
    sources = [*resource("samples/child-with-opacity").glob("*.dcm"), *resource("samples/adult").glob("*.dcm")]
    return [Path(shutil.copy(source, tmp_path / f"{number}.dcm")) for number, source in enumerate(sources)]


def draw_on(seat: Seat) -> None:
    """One of each kind, and a hint."""
    measuring = seat.window.measuring
    measuring.choose("length")
    board, loaded = measuring.board, seat.window.film.loaded
    assert board is not None
    assert loaded is not None
    rows, cols = loaded.radiograph.shape
    for kind, shares, text in (
        (Kind.CARDIOTHORACIC, ((0.35, 0.6), (0.65, 0.62), (0.15, 0.7), (0.85, 0.7)), ""),
        (Kind.LENGTH, ((0.1, 0.1), (0.4, 0.12)), ""),
        (Kind.ELLIPSE, ((0.6, 0.3), (0.8, 0.45)), ""),
        (Kind.TEXT, ((0.02, 0.02),), "seen in the corner"),
        (Kind.ANGLE, ((0.2, 0.3), (0.3, 0.45), (0.45, 0.35)), ""),
        (Kind.ARROW, ((0.8, 0.9), (0.7, 0.8)), "here"),
    ):
        board.keep(Annotation(kind=kind, points=tuple((x * cols, y * rows) for x, y in shares), text=text))


def painted(view: FilmView) -> list[tuple[str, QRectF]]:
    """At another zoom, by a hair: nothing comes from a picture that was kept."""
    view.zoom(0.001)
    with recorded() as found:
        view.grab()
    return found


@pytest.mark.parametrize("layout", ["layout_one", "layout_two", "layout_four"])
@pytest.mark.parametrize("text_size", ["normal", "large", "largest"])
@pytest.mark.parametrize("size", [(1366, 768), (1920, 1080)])
@pytest.mark.parametrize("map_style", ["colour", "contours"])
def test_no_text_lies_over_another(
    make_seat: Callable[..., Seat],
    films: list[Path],
    layout: str,
    text_size: str,
    size: tuple[int, int],
    map_style: str,
) -> None:
    seat = make_seat(text_size=text_size, corner_texts=EVERYTHING, map_style=map_style)
    seat.window.resize(*size)
    seat.open(*films)
    job, film, _ = seat.queue.submitted[-1]
    for event in events(job, film.digest, mask_done(film.digest), scored(film.digest, 0.94, Call.POSITIVE)):
        seat.reading.on_event(event)
    seat.window.action(layout).trigger()
    seat.settle()
    draw_on(seat)
    seat.settle()
    view = seat.window.film
    for step in range(4):
        texts = painted(view)
        assert overlapping(texts) == [], step
        words = " ".join(told for told, _ in texts)
        for kept in ("Phantom Child", "Pneumonia:", "Not a medical", "not for diagnosis", "Phantom: simulated"):
            assert kept in words, (kept, texts)
        assert {"R", "L"} <= {told for told, _ in texts}
        inside = QRectF(view.rect())
        assert [told for told, rect in texts if inside.intersects(rect) and not inside.contains(rect)] == []
        if step == 0:
            view.turn(90)
            view.mirror()
        elif step == 1:
            view.set_upright()
            view.zoom(3)
        else:
            view.pan(-70, 40)


@pytest.mark.parametrize("text_size", ["normal", "largest"])
def test_the_smallest_pane_keeps_who_when_and_the_sides(
    make_seat: Callable[..., Seat], films: list[Path], text_size: str
) -> None:
    seat = make_seat(text_size=text_size, corner_texts=EVERYTHING)
    seat.open(*films)
    pane = FilmView()
    seat.qtbot.addWidget(pane)
    pane.resize(280, 240)
    pane.show_film(seat.window.film.loaded)  # type: ignore[arg-type]
    pane.set_corners(seat.window.film.corners)
    for turn in range(2):
        texts = painted(pane)
        told = [words for words, _ in texts]
        assert overlapping(texts) == []
        assert {"R", "L"} <= set(told)
        assert "Phantom Child" in told
        assert turn == 0 or {"Turned by 180°", "Flipped left to right"} <= set(told)
        pane.turn(180)
        pane.mirror()


@pytest.mark.parametrize("text_size", ["normal", "large", "largest"])
@pytest.mark.parametrize("size", [(280, 240), (900, 800)])
def test_a_sentence_in_place_of_a_film_fits(
    make_seat: Callable[..., Seat], text_size: str, size: tuple[int, int]
) -> None:
    make_seat(text_size=text_size)
    view = FilmView()
    view.resize(*size)
    view.clear(
        "This film cannot be shown",
        "chest-of-somebody.dcm: the pixel data ends after 120 of 4096 rows; the file is not whole. Copy it again.",
    )
    texts = painted(view)
    assert overlapping(texts) == []
    assert all(QRectF(view.rect()).contains(rect) for _, rect in texts)
    view.deleteLater()


def test_every_text_is_as_large_as_is_chosen(make_seat: Callable[..., Seat], films: list[Path]) -> None:
    """Heights of the same words grow by the factor of the setting."""
    heights: dict[str, dict[str, float]] = {}
    for text_size in ("normal", "largest"):
        seat = make_seat(text_size=text_size)
        seat.window.resize(1920, 1080)
        seat.open(films[0])
        draw_on(seat)
        found = painted(seat.window.film)
        heights[text_size] = {words: rect.height() for words, rect in found}
        empty = FilmView()
        empty.resize(900, 800)
        empty.clear("Title", "Some words")
        heights[text_size] |= {words: rect.height() for words, rect in painted(empty)}
        empty.deleteLater()
    both = set(heights["normal"]) & set(heights["largest"])
    assert {"Title", "Some words", "Phantom Child", "here", "R", "Window center 2048, width 4096"} <= both
    for words in both:
        assert heights["largest"][words] / heights["normal"][words] == pytest.approx(1.5, rel=0.2), words


def test_prints_have_no_text_over_another_either(make_seat: Callable[..., Seat], films: list[Path]) -> None:
    seat = make_seat(text_size="largest")
    seat.open(*films)
    draw_on(seat)
    view = seat.window.film
    view.grab()
    with recorded() as found:
        picture_of(Scene.of(seat.window.grid, [view]), ratio=1.0)  # in one piece
    assert "not for diagnosis" in found[-1][0]
    assert overlapping(found) == []
