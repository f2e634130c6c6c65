"""Measuring in the window: keys, list, files, films that come and go."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication

from cxrdesk.imaging.presentation import Presentation
from cxrdesk.imaging.radiograph import Projection, View
from cxrdesk.inference.events import JobDone, MaskDone
from cxrdesk.studies import sidecar
from cxrdesk.studies.annotations import Kind
from cxrdesk.ui.snapshot import Scene, picture_of
from cxrdesk.ui.viewer.tools.text_edit import TextEdit
from tests.ui.conftest import Seat
from tests.ui.fakes import mask_done
from tests.ui.texts_seen import recorded


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CXRDESK_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def chest(tmp_path: Path) -> Path:
    """A picture of two dark lungs, where the fakes' outlines lie, and a bright heart over them."""
    y, x = np.mgrid[0:400, 0:400] / 400
    lungs = np.logical_or(*(((x - c) / 0.16) ** 2 + ((y - 0.5) / 0.33) ** 2 < 1 for c in (0.3, 0.7)))
    heart = ((x - 0.52) / 0.17) ** 2 + ((y - 0.66) / 0.17) ** 2 < 1
    levels = np.where(lungs & ~heart, 60, 200).astype(np.uint8)
    path = tmp_path / "chest.png"
    Image.fromarray(levels).save(path)
    return path


@pytest.fixture
def film(tmp_path: Path, adult_film: Path) -> Path:
    folder = tmp_path / "disc"
    folder.mkdir()
    return Path(shutil.copy(adult_film, folder / "film.dcm"))


@pytest.fixture
def other(film: Path, child_film: Path) -> Path:
    """Another film on the same disc; tests draw on copies, as a sample's folder is written to like any other."""
    return Path(shutil.copy(child_film, film.with_name("other.dcm")))


def ready(seat: Seat, *paths: Path) -> None:
    seat.open(*paths)
    seat.qtbot.waitUntil(lambda: seat.window.measuring.panel is not None)
    settled(seat)


def settled(seat: Seat) -> None:
    notebook = seat.window.measuring._notebook
    assert notebook is not None
    seat.qtbot.waitUntil(lambda: all(page.loaded and not page.saving for page in notebook._pages.values()))


def drag(seat: Seat, start: tuple[int, int], end: tuple[int, int]) -> None:
    view, left = seat.window.film, Qt.MouseButton.LeftButton
    seat.qtbot.mousePress(view, left, pos=QPoint(*start))
    seat.qtbot.mouseMove(view, QPoint(*end))
    seat.qtbot.mouseRelease(view, left, pos=QPoint(*end))


def items(seat: Seat):
    board = seat.window.measuring.board
    return board.items if board is not None else []


def saved(film: Path) -> list[Path]:
    return sorted(film.parent.glob("cxrdesk-annotations-*.json"))


@pytest.mark.parametrize(
    ("key", "kind"),
    [("M", Kind.LENGTH), ("E", Kind.ELLIPSE), ("Q", Kind.RECTANGLE), ("W", Kind.ARROW)],
)
def test_keys_take_tools_and_drags_draw(seat: Seat, film: Path, key: str, kind: Kind) -> None:
    ready(seat, film)
    seat.qtbot.keyClick(seat.window.film, key)
    assert seat.window.action(str(kind)).isChecked()
    drag(seat, (300, 200), (420, 300))
    assert [item.kind for item in items(seat)] == [kind]
    seat.qtbot.keyClick(seat.window.film, key)  # the same key puts the tool down
    assert seat.window.action("select").isChecked()
    assert not seat.window.action(str(kind)).isChecked()


def test_undo_redo_and_delete_by_keys(seat: Seat, film: Path) -> None:
    ready(seat, film)
    window, view = seat.window, seat.window.film
    enabled = lambda: [window.action(key).isEnabled() for key in ("undo", "redo", "delete")]  # noqa: E731
    assert enabled() == [False, False, False]
    window.action("length").trigger()
    drag(seat, (300, 200), (420, 300))
    assert enabled() == [True, False, True]
    seat.qtbot.keyClick(view, Qt.Key.Key_Delete)
    assert items(seat) == []
    seat.qtbot.keyClick(view, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert len(items(seat)) == 1
    seat.qtbot.keyClick(view, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert enabled() == [False, True, False]
    both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    seat.qtbot.keyClick(view, Qt.Key.Key_Z, both)
    assert len(items(seat)) == 1


def test_annotations_are_written_beside_the_film_and_found_by_the_next_reader(
    make_seat: Callable[..., Seat], film: Path
) -> None:
    first = make_seat()
    ready(first, film)
    first.window.action("length").trigger()
    drag(first, (300, 200), (420, 300))
    (drawn,) = items(first)
    first.qtbot.waitUntil(lambda: bool(saved(film)), timeout=3000)
    assert "Phantom" not in saved(film)[0].read_text() + saved(film)[0].name
    second = make_seat()
    ready(second, film)
    assert items(second) == [drawn]
    assert second.window.bar.text == ""


def test_closing_at_once_keeps_what_was_drawn(make_seat: Callable[..., Seat], film: Path) -> None:
    seat = make_seat()
    ready(seat, film)
    seat.window.action("ellipse").trigger()
    drag(seat, (300, 200), (420, 300))
    assert saved(film) == []
    seat.desk.shutdown()
    (kept,) = saved(film)
    assert [entry["kind"] for entry in json.loads(kept.read_text())["annotations"]] == ["ellipse"]


def test_closing_all_films_keeps_what_was_drawn(seat: Seat, film: Path) -> None:
    ready(seat, film)
    seat.window.action("ellipse").trigger()
    drag(seat, (300, 200), (420, 300))
    seat.window.action("close").trigger()
    assert len(saved(film)) == 1
    assert items(seat) == []
    ready(seat, film)
    assert len(items(seat)) == 1


def test_each_film_has_its_own(seat: Seat, film: Path, other: Path) -> None:
    ready(seat, film, other)
    seat.window.action("length").trigger()
    drag(seat, (300, 200), (420, 300))
    adult = items(seat)
    seat.reading.step(1)
    seat.qtbot.waitUntil(lambda: seat.reading.shown is not None)
    settled(seat)
    assert items(seat) == []
    assert not seat.window.action("undo").isEnabled()
    seat.reading.step(-1)
    seat.qtbot.waitUntil(lambda: seat.reading.shown is not None)
    assert items(seat) == adult
    assert seat.window.action("undo").isEnabled()
    assert len(seat.window.film.marks) == 3  # the line, its text and the tool's hint


def test_a_disc_is_said_to_be_one(seat: Seat, film: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = sidecar.write_whole

    def refuse(path: Path, content: bytes) -> None:
        if path.parent == film.parent:
            raise PermissionError(13, "Permission denied")
        write(path, content)

    monkeypatch.setattr(sidecar, "write_whole", refuse)
    ready(seat, film)
    seat.window.action("length").trigger()
    drag(seat, (300, 200), (420, 300))
    seat.qtbot.waitUntil(lambda: str(home) in seat.window.bar.text, timeout=3000)
    assert saved(film) == []


def test_a_damaged_file_is_told_in_a_sentence(seat: Seat, film: Path) -> None:
    ready(seat, film)
    seat.window.action("length").trigger()
    drag(seat, (300, 200), (420, 300))
    seat.window.action("close").trigger()
    (file,) = saved(film)
    file.write_bytes(file.read_bytes()[:40])
    ready(seat, film)
    seat.qtbot.waitUntil(lambda: "damaged" in seat.window.bar.text)
    assert items(seat) == []


def test_the_list_follows_and_leads(seat: Seat, film: Path) -> None:
    ready(seat, film)
    panel = seat.window.measuring.panel
    assert panel is not None
    assert not panel.isVisible()
    seat.window.action("length").trigger()
    drag(seat, (300, 200), (420, 300))
    drag(seat, (300, 400), (420, 450))
    first, second = items(seat)
    assert panel.isVisible()
    assert [panel.list.item(row).text().partition(":")[0] for row in range(2)] == ["Length", "Length"]
    assert panel.list.currentRow() == 1
    panel.list.setCurrentRow(0)
    assert seat.window.measuring.board.selected == first.id
    assert "detector" in panel.notes.text()
    panel.list.setFocus()
    seat.qtbot.keyClick(panel.list, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    copied = QGuiApplication.clipboard().text().splitlines()
    assert copied[0].startswith("Length: ")
    assert copied[0].endswith(" mm at the detector")
    assert len(copied) == 3  # both values, and once what they hold for
    seat.qtbot.keyClick(panel.list, Qt.Key.Key_Delete)
    assert items(seat) == [second]


def test_typing_a_text_takes_no_tool(seat: Seat, film: Path) -> None:
    ready(seat, film)
    seat.window.action("text").trigger()
    seat.qtbot.mouseClick(seat.window.film, Qt.MouseButton.LeftButton, pos=QPoint(300, 300))
    edit = seat.window.film.findChild(TextEdit)
    assert edit is not None
    seat.qtbot.keyClicks(edit, "make a cqe")
    seat.qtbot.keyClick(edit, Qt.Key.Key_Return)
    assert [item.text for item in items(seat)] == ["make a cqe"]


def test_what_the_reader_says_of_the_film_changes_its_warning(seat: Seat, pictures: list[Path]) -> None:
    ready(seat, pictures[0])
    seat.window.action("cardiothoracic").trigger()
    drag(seat, (300, 300), (420, 300))
    drag(seat, (200, 350), (520, 350))
    board = seat.window.measuring.board
    assert board is not None
    assert board.values(items(seat)[0]).lines[2:] == ("AP or PA not stated",)
    seat.reading.answer(view=View(body_part="chest", projection=Projection.PA))
    assert board.values(items(seat)[0]).lines[2:] == ()
    assert " px" in board.values(items(seat)[0]).lines[1].replace("\u00a0", " ")


def with_lungs(seat: Seat, film: Path) -> None:
    state = seat.open(film)
    seat.qtbot.waitUntil(lambda: seat.window.measuring.panel is not None)
    settled(seat)
    seat.reading.on_event(MaskDone(job=state.job, film=state.digest, result=mask_done(state.digest)))
    seat.reading.on_event(JobDone(job=state.job, film=state.digest))


def test_the_ratio_is_proposed_from_the_lungs_and_becomes_the_readers(seat: Seat, chest: Path) -> None:
    with_lungs(seat, chest)
    seat.window.action("cardiothoracic").trigger()
    (item,) = items(seat)
    board = seat.window.measuring.board
    assert item.origin == "proposed"
    assert board.selected == item.id
    assert "(proposed)" in board.values(item).lines[0]
    assert seat.window.action("select").isChecked()
    seat.qtbot.keyClick(seat.window.film, Qt.Key.Key_Return)
    seat.qtbot.keyClick(seat.window.film, Qt.Key.Key_Left)
    panel, view = seat.window.measuring.panel, seat.window.film
    assert panel is not None
    told = "(proposed, partly moved)"
    assert told in board.values(items(seat)[0]).lines[0]
    assert told in panel.list.item(0).text()
    with recorded() as found:
        view.grab()
        picture_of(Scene.of(seat.window.grid, [view]), ratio=1.0)
    assert sum(told in words for words, _ in found) == 2
    seat.qtbot.waitUntil(lambda: panel.confirm_button.height() > 10)
    seat.qtbot.mouseClick(panel.confirm_button, Qt.MouseButton.LeftButton)
    assert items(seat)[0].origin == "reader"
    assert "proposed" not in "".join(board.values(items(seat)[0]).lines)
    assert not panel.confirm_button.isVisible()
    seat.window.action("undo").trigger()
    assert items(seat)[0].placed == {0}
    assert panel.confirm_button.isVisible()
    for handle in (1, 2, 3):
        board.select(items(seat)[0].id, handle)
        seat.qtbot.keyClick(seat.window.film, Qt.Key.Key_Right)
    assert items(seat)[0].origin == "reader"
    while items(seat):
        seat.window.action("undo").trigger()
    assert items(seat) == []
    seat.window.action("redo").trigger()
    seat.window.action("cardiothoracic").trigger()  # there is one: the next is drawn by hand
    assert len(items(seat)) == 1
    assert seat.window.action("cardiothoracic").isChecked()


def test_who_reads_first_gets_no_proposal(make_seat: Callable[..., Seat], chest: Path) -> None:
    seat = make_seat(read_first=True)
    with_lungs(seat, chest)
    seat.window.action("cardiothoracic").trigger()
    assert items(seat) == []
    assert seat.window.action("cardiothoracic").isChecked()


def test_each_pane_shows_and_draws_its_own_films_annotations(seat: Seat, film: Path, other: Path) -> None:
    ready(seat, film, other)
    window = seat.window
    window.action("length").trigger()
    drag(seat, (300, 200), (420, 300))
    (adult,) = items(seat)
    window.panes.lay_out((1, 2))
    first, second = window.grid.panes
    window.grid.choose(second)
    seat.reading.show(seat.reading.session.states[1].key)
    seat.qtbot.waitUntil(lambda: second.loaded is not None and first.loaded is not None)
    settled(seat)
    measuring = window.measuring
    assert measuring.toolbox is not None
    assert first.tool is None
    assert [item.id for item in measuring.toolbox.board(first).items] == [adult.id]
    assert len(first.marks) == 2  # the line and its text; the tool's hint is in the other pane
    assert measuring.board is measuring.toolbox.board(second)
    assert items(seat) == []
    assert not window.action("undo").isEnabled()
    seat.settle()
    drag(seat, (150, 200), (220, 300))
    (child,) = items(seat)
    assert measuring.panel is not None
    assert measuring.panel.list.count() == 1
    window.grid.choose(first)
    seat.qtbot.waitUntil(lambda: seat.reading.shown is not None)
    assert [item.id for item in items(seat)] == [adult.id]
    assert [item.id for item in measuring.toolbox.board(second).items] == [child.id]
    assert window.action("undo").isEnabled()
    assert (first.tool is not None, second.tool) == (True, None)


def test_a_film_that_leaves_a_pane_takes_its_annotations_along(seat: Seat, film: Path, other: Path) -> None:
    ready(seat, film, other)
    seat.window.action("length").trigger()
    drag(seat, (300, 200), (420, 300))
    seat.reading.step(1)  # not decoded yet, perhaps: a sentence stands in its place meanwhile
    assert items(seat) == [] or seat.window.film.loaded is not None
    seat.qtbot.waitUntil(lambda: seat.reading.shown is not None)
    assert items(seat) == []
    assert len(seat.window.film.marks) == 1  # the tool's hint


def test_a_first_look_is_not_measured_and_frames_have_their_own(seat: Seat, film: Path) -> None:
    ready(seat, film)
    pane = seat.window.film
    seat.window.action("length").trigger()
    drag(seat, (300, 200), (420, 300))
    whole = pane.loaded
    assert whole is not None
    pane.show_film(replace(whole, provisional=True))
    assert items(seat) == []
    drag(seat, (300, 200), (420, 300))
    assert items(seat) == []
    pane.show_film(replace(whole, presentation=Presentation(frames=2, frame=1)))
    assert items(seat) == []
    drag(seat, (300, 300), (420, 400))
    assert [item.frame for item in items(seat)] == [1]
    pane.show_film(whole)
    assert [item.frame for item in items(seat)] == [0]
