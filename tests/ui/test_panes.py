"""Several films at once: each pane shows its own film, its own patient's words, and no other film's results."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.uid import generate_uid
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest

from cxrdesk.imaging.resources import resource
from cxrdesk.inference.result import Call
from cxrdesk.ui.film_words import zoom_words
from cxrdesk.ui.snapshot import Scene, picture_of
from cxrdesk.ui.viewer.film_view import FilmView
from tests.ui.conftest import Seat
from tests.ui.fakes import mask_done, scored
from tests.ui.test_film_view import drag, levels, wheel
from tests.ui.texts_seen import recorded


@pytest.fixture
def studies(tmp_path: Path) -> dict[str, Path]:
    """A patient with a prior and laterals, and somebody else; each film marked by a bright block of its own."""
    source = next(resource("samples/adult").iterdir())
    made = {}
    for number, (name, patient, day, view) in enumerate(
        (
            ("old", "A", "20200102", "PA"),
            ("stranger", "B", "20210102", "PA"),
            ("new", "A", "20240102", "PA"),
            ("new side", "A", "20240102", "LL"),
        )
    ):
        film = pydicom.dcmread(source)
        pixels = np.roll(film.pixel_array[::4, ::4], 9 * number, axis=1)
        pixels[: 20 + 20 * number, :40] = pixels.max()
        film.Rows, film.Columns = pixels.shape
        film.PixelData = pixels.tobytes()
        film.PatientID, film.PatientName, film.StudyDate, film.ViewPosition = patient, f"Name^{patient}", day, view
        film.StudyInstanceUID = generate_uid(entropy_srcs=[patient, day])
        film.SOPInstanceUID = film.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        if "ViewCodeSequence" in film:
            del film.ViewCodeSequence
        made[name] = tmp_path / f"{name}.dcm"
        film.save_as(made[name])
    return made


@pytest.fixture
def desk(seat: Seat, studies: dict[str, Path]) -> Seat:
    seat.window.resize(1366, 768)
    seat.open(*studies.values())
    seat.reading.show(str(studies["new"].resolve()))
    seat.qtbot.waitUntil(lambda: shown(seat) == ["new"] and seat.reading.shown is not None)
    return seat


def shown(seat: Seat) -> list[str | None]:
    return [Path(pane.loaded.key).stem if pane.loaded else None for pane in seat.window.grid.panes]


def key(seat: Seat, *pressed: object) -> None:
    QTest.keyClick(seat.window.film, *pressed)  # type: ignore[arg-type]


def test_layouts_hang_the_newest_left_and_its_prior_right(desk: Seat) -> None:
    key(desk, Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    desk.qtbot.waitUntil(lambda: shown(desk) == ["new", "old"])
    key(desk, Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    desk.qtbot.waitUntil(lambda: shown(desk) == ["new", "old", "new side", None])
    key(desk, Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    desk.qtbot.waitUntil(lambda: shown(desk) == ["new"])
    key(desk, Qt.Key.Key_P, Qt.KeyboardModifier.ShiftModifier)
    desk.qtbot.waitUntil(lambda: shown(desk) == ["new", "new side"])
    key(desk, Qt.Key.Key_P)
    desk.qtbot.waitUntil(lambda: shown(desk) == ["new", "old"])


def two(desk: Seat) -> tuple[FilmView, FilmView]:
    key(desk, Qt.Key.Key_P)
    desk.qtbot.waitUntil(lambda: shown(desk) == ["new", "old"])
    left, right = desk.window.grid.panes
    return left, right


def test_the_chosen_pane_is_the_readings_film(desk: Seat) -> None:
    left, right = two(desk)
    assert desk.window.film is left
    QTest.mouseClick(right, Qt.MouseButton.LeftButton, pos=QPoint(50, 200))
    assert desk.window.film is right
    assert desk.reading.state is not None
    assert Path(desk.reading.state.key).stem == "old"
    key(desk, Qt.Key.Key_I)
    assert right.inverted
    assert not left.inverted
    QTest.mouseClick(left, Qt.MouseButton.LeftButton, pos=QPoint(50, 200))
    assert not desk.window.action("invert").isChecked()
    assert right.inverted  # left as the reader left it
    desk.reading.show(next(s.key for s in desk.reading.session.states if "stranger" in s.key))
    desk.qtbot.waitUntil(lambda: shown(desk) == ["stranger", "old"])
    assert left.corners.upper_left[0] == "Name B"
    assert right.corners.upper_left[0] == "Name A"


def told(desk: Seat, *names: str) -> None:
    """Lungs and a map for some of the films."""
    for state in desk.reading.session.states:
        if Path(state.key).stem in names:
            assert state.digest is not None
            state.masks["test-lungs"] = mask_done(state.digest)
            state.detectors["test-pneumonia"] = scored(state.digest, 0.9, Call.POSITIVE)
    desk.reading.results_changed.emit()


def layers(desk: Seat) -> list[tuple[bool, bool]]:
    """Whether each pane has outlines, and a map."""
    return [(pane.mask_layer is not None, pane.saliency_layer is not None) for pane in desk.window.grid.panes]


def test_results_stay_on_their_film(desk: Seat) -> None:
    left, right = two(desk)
    told(desk, "new")
    assert layers(desk) == [(True, True), (False, False)]
    QTest.mouseClick(right, Qt.MouseButton.LeftButton, pos=QPoint(50, 200))
    assert layers(desk) == [(True, True), (False, False)]
    told(desk, "old")
    assert layers(desk) == [(True, True), (True, True)]
    desk.window.action("saliency").trigger()
    assert layers(desk) == [(True, False), (True, False)]
    QTest.mouseClick(left, Qt.MouseButton.LeftButton, pos=QPoint(50, 200))
    desk.reading.show(next(s.key for s in desk.reading.session.states if "stranger" in s.key))
    desk.qtbot.waitUntil(lambda: shown(desk) == ["stranger", "old"] and desk.reading.shown is not None)
    assert layers(desk) == [(False, False), (True, False)]


def test_results_of_other_pixels_are_drawn_nowhere(desk: Seat) -> None:
    """Whatever film they are kept with."""
    two(desk)
    states = {Path(state.key).stem: state for state in desk.reading.session.states}
    told(desk, "new", "old")
    for one, other in (("new", "old"), ("old", "new")):
        digest = states[other].digest
        assert digest is not None
        states[one].masks = {"test-lungs": mask_done(digest)}
        states[one].detectors = {"test-pneumonia": scored(digest, 0.9, Call.POSITIVE)}
    desk.reading.results_changed.emit()
    assert layers(desk) == [(False, False), (False, False)]
    told(desk, "new", "old")
    window = desk.window
    for pane, state in zip(window.grid.panes, (states["old"], states["new"]), strict=True):
        window.layering.put_over(pane, state, outlines=True, saliency=True)  # the other pane's film
    assert layers(desk) == [(False, False), (False, False)]


def test_each_film_waits_for_its_own_impression(desk: Seat) -> None:
    two(desk)
    told(desk, "new", "old")
    desk.window.edit(read_first=True)
    assert layers(desk) == [(False, False), (False, False)]
    desk.reading.commit_impression("clear")
    assert layers(desk) == [(True, True), (False, False)]


def test_beside_a_film_stands_the_map_of_the_same_finding_or_none(desk: Seat) -> None:
    two(desk)
    told(desk, "new", "old")
    old = next(state for state in desk.reading.session.states if Path(state.key).stem == "old")
    result = old.detectors["test-pneumonia"]
    old.detectors = {"another": replace(result, spec=replace(result.spec, id="another"))}
    desk.reading.results_changed.emit()
    assert layers(desk) == [(True, True), (True, False)]


def test_linked_panes_zoom_and_window_together(desk: Seat) -> None:
    left, right = two(desk)
    wheel(left, QPointF(100, 200), 4)
    drag(left, QPoint(100, 200), QPoint(160, 180))
    assert left.windowing is not None
    assert right.windowing is not None
    assert right.geometry_.scale / right.geometry_.fit_scale == pytest.approx(1.2**4)
    assert right.windowing.window.width > right.windowing.start.width
    key(desk, Qt.Key.Key_K)
    before = right.geometry_
    wheel(left, QPointF(100, 200), -2)
    assert right.geometry_ is before
    key(desk, Qt.Key.Key_K)
    assert right.geometry_.scale / right.geometry_.fit_scale == pytest.approx(1.2**2)


def spaced(path: Path, spacing_mm: float | None) -> None:
    """Another Imager Pixel Spacing of a film, or none of any kind."""
    film = pydicom.dcmread(path)
    for name in ("PixelSpacing", "ImagerPixelSpacing"):
        if name in film:
            del film[name]
    if spacing_mm is not None:
        film.ImagerPixelSpacing = [spacing_mm, spacing_mm]
    film.save_as(path)


def per_mm(view: FilmView) -> float:
    assert view.geometry_.col_mm is not None
    return view.geometry_.scale / view.geometry_.col_mm


def opened(seat: Seat, studies: dict[str, Path], *, new_mm: float | None, old_mm: float | None) -> Seat:
    spaced(studies["new"], new_mm)
    spaced(studies["old"], old_mm)
    seat.window.resize(1366, 768)
    seat.open(studies["new"], studies["old"])
    seat.reading.show(str(studies["new"].resolve()))
    seat.qtbot.waitUntil(lambda: shown(seat) == ["new"] and seat.reading.shown is not None)
    return seat


def test_linked_films_are_shown_to_one_scale_from_the_first(seat: Seat, studies: dict[str, Path]) -> None:
    desk = opened(seat, studies, new_mm=0.4, old_mm=0.56)
    alone = per_mm(desk.window.film)
    left, right = two(desk)
    desk.qtbot.waitUntil(lambda: per_mm(left) == pytest.approx(per_mm(right)))
    assert right.geometry_.scale == pytest.approx(right.geometry_.fit_scale, rel=2e-3)  # the larger one fits
    assert left.geometry_.fitted
    wheel(left, QPointF(100, 200), 4)
    desk.window.resize(1300, 760)
    left.pan(30, 10)
    assert per_mm(right) == pytest.approx(per_mm(left))
    desk.window.action("fit").trigger()
    desk.window.resize(1367, 768)
    assert per_mm(right) == pytest.approx(per_mm(left))
    key(desk, Qt.Key.Key_BracketRight)
    assert (left.geometry_.rotation, right.geometry_.rotation) == (90, 0)
    assert per_mm(right) == pytest.approx(per_mm(left))
    key(desk, Qt.Key.Key_BracketLeft)
    assert not left.scale_note
    assert not right.scale_note
    desk.window.panes.lay_out((1, 1))
    desk.window.resize(1366, 768)
    assert per_mm(desk.window.film) == pytest.approx(alone)


@pytest.mark.parametrize("way", [Qt.Key.Key_S, Qt.Key.Key_B])
def test_swipe_and_blink_are_to_one_scale_and_tell_it(seat: Seat, studies: dict[str, Path], way: Qt.Key) -> None:
    desk = opened(seat, studies, new_mm=0.4, old_mm=0.56)
    desk.window.edit(corner_texts=(*desk.reading.settings.corner_texts, "zoom"))
    view = desk.window.film
    alone = view.geometry_
    key(desk, way)
    desk.qtbot.waitUntil(lambda: view.beside is not None)
    desk.window.panes._blinking.stop()
    assert view.beside is not None
    theirs = view.beside.geometry(view.geometry_)
    assert theirs.scale / 0.56 == pytest.approx(view.geometry_.scale / 0.4)
    assert theirs.scale == pytest.approx(theirs.fit_scale)
    assert "scale" not in view.beside.words
    with recorded() as found:
        view.grab()
    told = [words for words, _ in found]
    assert any("cm at the detector" in words for words in told)
    seen = theirs if way == Qt.Key.Key_B else view.geometry_
    assert zoom_words(seen.scale * view.devicePixelRatioF()) in told
    key(desk, way)
    assert view.geometry_ == alone


def test_films_without_a_common_scale_say_so(seat: Seat, studies: dict[str, Path]) -> None:
    desk = opened(seat, studies, new_mm=0.4, old_mm=None)
    left, right = two(desk)
    assert (left.scale_note, right.scale_note) == ("", "Not to the same scale")
    with recorded() as found:
        right.grab()
        picture_of(Scene.of(desk.window.grid, [left, right]).frozen(), ratio=1.0)
    assert [words for words, _ in found].count("Not to the same scale") == 2
    desk.window.action("link").trigger()
    assert right.scale_note == ""
    desk.window.action("link").trigger()
    QTest.mouseClick(right, Qt.MouseButton.LeftButton, pos=QPoint(50, 200))
    assert (left.scale_note, right.scale_note) == ("Not to the same scale", "")
    QTest.mouseClick(left, Qt.MouseButton.LeftButton, pos=QPoint(50, 200))
    key(desk, Qt.Key.Key_S)
    desk.qtbot.waitUntil(lambda: left.beside is not None)
    assert left.beside is not None
    assert left.beside.words.endswith("· Not to the same scale: this film's pixel spacing is not known")


def test_swipe_shows_the_prior_beyond_the_line_and_nothing_of_this_film(desk: Seat) -> None:
    view = desk.window.film
    plain = levels(view)
    key(desk, Qt.Key.Key_S)
    desk.qtbot.waitUntil(lambda: view.beside is not None)
    assert view.beside is not None
    assert Path(view.beside.loaded.key).stem == "old"
    half = view.width() // 2
    state = desk.reading.state
    assert state is not None
    assert state.digest is not None
    without = levels(view)
    np.testing.assert_array_equal(without[200:500, : half - 4], plain[200:500, : half - 4])
    assert (without[200:500, half + 4 :] != plain[200:500, half + 4 :]).any()
    result = mask_done(state.digest)
    state.masks[result.spec.id] = result
    desk.reading.results_changed.emit()
    outlined = levels(view)
    assert (outlined[100:600, : half - 4] != without[100:600, : half - 4]).any()
    np.testing.assert_array_equal(outlined[:, half + 4 :], without[:, half + 4 :])
    drag(view, QPoint(half, 300), QPoint(half + 100, 300))
    assert view.beside.share == pytest.approx((half + 100) / view.width(), abs=0.01)
    QTest.mouseMove(view, QPoint(view.width() - 60, 350))
    assert view.cursor_pixel is None  # no value of this film is told over the other
    key(desk, Qt.Key.Key_S)
    assert view.beside is None


def test_blink_takes_turns_and_ends_with_the_film(desk: Seat) -> None:
    view = desk.window.film
    desk.window.panes._blinking.setInterval(5)
    key(desk, Qt.Key.Key_B)
    desk.qtbot.waitUntil(lambda: view.beside is not None)
    seen = set()
    desk.qtbot.waitUntil(lambda: view.beside is not None and (seen.add(view.beside.lit) or len(seen) == 2))
    desk.reading.step(1)
    desk.qtbot.waitUntil(lambda: shown(desk) == ["new side"])
    assert view.beside is None
    assert not desk.window.action("blink").isChecked()
    assert not desk.window.panes._blinking.isActive()


def test_while_it_blinks_each_film_says_which_it_is(desk: Seat) -> None:
    view = desk.window.film
    key(desk, Qt.Key.Key_B)
    desk.qtbot.waitUntil(lambda: view.beside is not None)
    desk.window.panes._blinking.stop()
    assert view.beside is not None
    for lit, says in ((True, "Prior 2020-01-02"), (False, "Current 2024-01-02")):
        view.beside.lit = lit
        view.zoom(0.001)
        with recorded() as found:
            view.grab()
        (seen,) = (words for words, _ in found if words.startswith(("Prior", "Current")))
        assert seen.startswith(says)


def test_swiped_each_film_says_which_it_is_and_where_its_sides_are(desk: Seat) -> None:
    view = desk.window.film
    key(desk, Qt.Key.Key_S)
    desk.qtbot.waitUntil(lambda: view.beside is not None)
    view.zoom(0.001)
    with recorded() as found:
        view.grab()
    half = view.width() / 2
    at = {words.split(" ·")[0]: rect for words, rect in found}
    assert at["Prior 2020-01-02"].left() > half
    assert at["Current 2024-01-02"].right() < half


def test_another_patients_film_says_so(desk: Seat) -> None:
    two(desk)
    desk.reading.show(next(s.key for s in desk.reading.session.states if "stranger" in s.key))
    desk.qtbot.waitUntil(lambda: shown(desk) == ["stranger", "old"] and desk.reading.shown is not None)
    key(desk, Qt.Key.Key_S)
    desk.qtbot.waitUntil(lambda: desk.window.film.beside is not None)
    assert desk.window.film.beside is not None
    assert desk.window.film.beside.words.startswith("Not known to be the same patient")


def test_without_a_prior_the_reader_is_told(desk: Seat) -> None:
    desk.reading.show(next(s.key for s in desk.reading.session.states if "stranger" in s.key))
    desk.qtbot.waitUntil(lambda: shown(desk) == ["stranger"] and desk.reading.shown is not None)
    key(desk, Qt.Key.Key_S)
    assert not desk.window.action("swipe").isChecked()
    assert desk.window.film.beside is None
    assert "No older film" in desk.window.bar.text
    assert "Two films" in desk.window.bar.text


def test_closing_empties_every_pane(desk: Seat) -> None:
    two(desk)
    desk.reading.close_all()
    assert shown(desk) == [None, None]


def test_turning_by_key_and_back(desk: Seat) -> None:
    view = desk.window.film
    key(desk, Qt.Key.Key_BracketRight)
    key(desk, Qt.Key.Key_F, Qt.KeyboardModifier.ShiftModifier)
    assert (view.geometry_.rotation, view.geometry_.flipped) == (90, True)
    key(desk, Qt.Key.Key_BracketLeft)
    assert view.geometry_.rotation == 180
    desk.window.action("upright").trigger()
    assert (view.geometry_.rotation, view.geometry_.flipped) == (0, False)


def test_the_glass_shows_the_films_own_pixels_larger(desk: Seat) -> None:
    view = desk.window.film
    plain = levels(view)
    QTest.mouseMove(view, QPoint(300, 300))
    key(desk, Qt.Key.Key_Z)
    QTest.mouseMove(view, QPoint(302, 300))
    glass = levels(view)
    inside = (slice(260, 340), slice(262, 342))
    assert (glass[inside] != plain[inside]).mean() > 0.3
    np.testing.assert_array_equal(glass[450:], plain[450:])
    # The middle of the glass is the film's own value there.
    assert abs(int(glass[300, 302]) - int(plain[300, 302])) <= 12
    key(desk, Qt.Key.Key_Z)
    np.testing.assert_array_equal(levels(view)[:600], plain[:600])
