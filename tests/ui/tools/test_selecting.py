"""Selecting, moving, changing, deleting; each of them undone and done again."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QEvent, Qt

from cxrdesk.studies.annotations import Annotation, FilmKey, Kind
from cxrdesk.ui.viewer.tools.notes import FilmNotes
from cxrdesk.ui.viewer.tools.text_edit import TextEdit
from tests.ui.tools.conftest import Hands

A, B = (200.0, 300.0), (620.0, 300.0)
ON = (400.0, 300.0)


@pytest.fixture
def line(hands: Hands) -> Annotation:
    item = Annotation(kind=Kind.LENGTH, points=(A, B))
    hands.notes.add(item)
    hands.board.select(None)
    return item


def near(*points):
    return [pytest.approx(point, abs=1e-6) for point in points]


def test_a_click_selects_and_the_ground_lets_go(hands: Hands, line: Annotation) -> None:
    hands.click(ON)
    assert hands.board.selected == line.id
    hands.click((400.0, 700.0))
    assert hands.board.selected is None
    assert hands.notes.stack.count() == 1


def test_a_drag_on_the_ground_is_the_views(hands: Hands, line: Annotation) -> None:
    before = hands.view.windowing
    hands.drag((400.0, 700.0), (500.0, 720.0))
    assert hands.view.windowing != before
    assert hands.items == (line,)


def test_a_drag_on_the_line_moves_it_whole(hands: Hands, line: Annotation) -> None:
    before = hands.view.windowing
    hands.drag(ON, (410.0, 380.0))
    assert list(hands.items[0].points) == near((210.0, 380.0), (630.0, 380.0))
    assert hands.view.windowing == before
    hands.notes.stack.undo()
    assert hands.items == (line,)
    hands.notes.stack.redo()
    assert list(hands.items[0].points) == near((210.0, 380.0), (630.0, 380.0))


def test_a_drag_that_begins_on_a_text_windows_and_selects_and_only_then_moves(hands: Hands, line: Annotation) -> None:
    def on_text() -> tuple[float, float]:
        hands.view.grab()
        (mark,) = hands.board._marks
        return hands.view.geometry_.to_film(mark.label.center().x(), mark.label.center().y())

    before, (x, y) = hands.view.windowing, on_text()
    hands.drag((x, y), (x + 40, y + 30))
    assert hands.items == (line,)
    assert hands.view.windowing != before
    assert hands.board.selected == line.id
    x, y = on_text()
    hands.drag((x, y), (x + 40, y + 30))
    assert hands.items != (line,)


def test_a_drag_on_a_handle_moves_that_end_and_it_does_not_jump(hands: Hands, line: Annotation) -> None:
    hands.drag((623.0, 302.0), (700.0, 500.0))  # grabbed three pixels beside it
    assert list(hands.items[0].points) == near(A, (697.0, 498.0))


def test_nothing_leaves_the_film(hands: Hands, line: Annotation) -> None:
    hands.drag(ON, (2000.0, 300.0))
    assert list(hands.items[0].points) == near((480.0, 300.0), (900.0, 300.0))


def test_a_line_of_the_ratio_moves_alone(hands: Hands) -> None:
    heart, chest = ((300.0, 300.0), (500.0, 300.0)), ((200.0, 500.0), (700.0, 500.0))
    hands.notes.add(Annotation(kind=Kind.CARDIOTHORACIC, points=(*heart, *chest), origin="proposed"))
    hands.drag((400.0, 500.0), (400.0, 560.0))
    assert list(hands.items[0].points) == near(*heart, (200.0, 560.0), (700.0, 560.0))
    assert (hands.items[0].origin, hands.items[0].placed) == ("proposed", {2, 3})
    hands.drag((400.0, 300.0), (420.0, 300.0))
    assert list(hands.items[0].points) == near((320.0, 300.0), (520.0, 300.0), (200.0, 560.0), (700.0, 560.0))
    assert hands.items[0].origin == "reader"


def test_the_text_can_be_taken_hold_of(hands: Hands) -> None:
    item = Annotation(kind=Kind.TEXT, points=(A,), text="Nodule?")
    hands.notes.add(item)
    hands.view.grab()  # painted: only then it is known how large the text is
    on_text = (A[0] + 20, A[1] + 12)
    hands.drag(on_text, (on_text[0] + 100, on_text[1]))
    assert list(hands.items[0].points) == near((A[0] + 100, A[1]))


def test_small_hands_hit_at_any_zoom(hands: Hands, line: Annotation) -> None:
    """Eight screen pixels beside a handle and five beside a line are hits; twice as many are not."""
    for scale in (0.3, 1.0, 8.0):
        hands.view.geometry_ = replace(hands.view.geometry_, scale=scale, center=B, fitted=False)
        x, y = hands.view.geometry_.to_screen(*B)
        assert hands.board.at((x + 8, y))[1] == 1
        assert hands.board.at((x + 16, y)) is None
        assert hands.board.at((x - 40, y + 5))[2] == 0
        assert hands.board.at((x - 40, y + 12)) is None


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("flipped", [False, True])
def test_arrows_move_by_a_film_pixel_as_seen_on_the_screen(hands: Hands, line: Annotation, rotation, flipped) -> None:
    hands.view.geometry_ = replace(hands.view.geometry_, rotation=rotation, flipped=flipped).fit()
    hands.click(ON)
    start = hands.view.geometry_.to_screen(*hands.items[0].points[0])
    hands.keys(Qt.Key.Key_Right)
    hands.keys(Qt.Key.Key_Down, shift=True)
    end = hands.view.geometry_.to_screen(*hands.items[0].points[0])
    step = hands.view.geometry_.scale
    assert (end[0] - start[0], end[1] - start[1]) == pytest.approx((step, 10 * step))


def test_nudges_in_a_row_are_undone_together(hands: Hands, line: Annotation) -> None:
    hands.click(ON)
    hands.keys(*[Qt.Key.Key_Right] * 5)
    assert list(hands.items[0].points) == near((205.0, 300.0), (625.0, 300.0))
    hands.notes.stack.undo()
    assert hands.items == (line,)


def test_enter_takes_handle_after_handle(hands: Hands, line: Annotation) -> None:
    hands.click(ON)
    taken = []
    for _ in range(4):
        hands.keys(Qt.Key.Key_Return)
        taken.append(hands.board.handle)
    assert taken == [0, 1, None, 0]
    hands.keys(Qt.Key.Key_Return, shift=True)
    assert hands.board.handle is None
    hands.keys(Qt.Key.Key_Return, Qt.Key.Key_Up)
    assert list(hands.items[0].points) == near((200.0, 299.0), B)
    assert hands.board.handle == 0
    hands.keys(Qt.Key.Key_Escape)
    assert (hands.board.selected, hands.board.handle) == (line.id, None)
    hands.keys(Qt.Key.Key_Escape)
    assert hands.board.selected is None


def test_the_selection_is_told_to_screen_readers(hands: Hands, line: Annotation) -> None:
    assert hands.view.accessibleDescription() == ""
    hands.click(ON)
    assert hands.view.accessibleDescription().startswith("Length: 336.0")
    hands.keys(Qt.Key.Key_Return)
    assert hands.view.accessibleDescription().endswith("; handle 1 of 2")
    hands.keys(Qt.Key.Key_Escape, Qt.Key.Key_Escape)
    assert hands.view.accessibleDescription() == ""


def test_stops_and_commas_go_from_one_to_the_next(hands: Hands, line: Annotation) -> None:
    other = Annotation(kind=Kind.ARROW, points=(A, (300.0, 600.0)))
    hands.notes.add(other)
    hands.board.select(None)
    chosen = []
    for key in (Qt.Key.Key_Period, Qt.Key.Key_Period, Qt.Key.Key_Period, Qt.Key.Key_Comma):
        hands.keys(key)
        chosen.append(hands.board.selected)
    assert chosen == [line.id, other.id, line.id, other.id]


def test_without_a_selection_arrows_are_the_views(hands: Hands, line: Annotation) -> None:
    with hands.qtbot.waitSignal(hands.view.step_requested):
        hands.keys(Qt.Key.Key_Right)
    assert hands.items == (line,)


def test_deleting_and_undoing(hands: Hands, line: Annotation) -> None:
    other = Annotation(kind=Kind.ARROW, points=(A, (300.0, 600.0)))
    hands.notes.add(other)
    hands.board.select(line.id)
    hands.keys(Qt.Key.Key_Delete)
    assert hands.items == (other,)
    assert hands.board.selected is None
    hands.notes.stack.undo()
    assert hands.items == (line, other)  # where it was
    assert hands.board.selected == line.id
    while hands.notes.stack.canUndo():
        hands.notes.stack.undo()
    assert hands.items == ()
    while hands.notes.stack.canRedo():
        hands.notes.stack.redo()
    assert hands.items == (other,)


@pytest.mark.parametrize("by_key", [False, True])
def test_text_is_changed_in_place_and_emptied_text_is_deleted(hands: Hands, by_key: bool) -> None:
    item = Annotation(kind=Kind.TEXT, points=(A,), text="Nodule?")
    hands.notes.add(item)
    hands.view.grab()
    for words, left in (("Rib", ["Rib"]), ("", [])):
        if by_key:
            hands.keys(Qt.Key.Key_F2)
        else:
            hands._send(
                QEvent.Type.MouseButtonDblClick,
                (A[0] + 10, A[1] + 10),
                Qt.MouseButton.LeftButton,
                Qt.KeyboardModifier.NoModifier,
            )
        edit = next(edit for edit in hands.view.findChildren(TextEdit) if not edit.isHidden())
        edit.selectAll()
        hands.qtbot.keyClick(edit, Qt.Key.Key_Backspace)
        hands.qtbot.keyClicks(edit, words)
        hands.qtbot.keyClick(edit, Qt.Key.Key_Return)
        assert [found.text for found in hands.items] == left


def test_what_is_drawn_on_another_frame_is_not_shown(hands: Hands, line: Annotation) -> None:
    hands.board.show(hands.notes, hands.board.subject, frame=1)
    assert hands.board.items == []
    hands.board.keep(Annotation(kind=Kind.LENGTH, points=(A, B)))
    assert [item.frame for item in hands.items] == [0, 1]
    assert len(hands.board.items) == 1


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(st.tuples(st.sampled_from(["add", "move", "remove", "nudge"]), st.integers(0, 9)), max_size=20))
def test_whatever_was_done_is_undone_and_done_again(qapp: object, steps: list[tuple[str, int]]) -> None:
    notes = FilmNotes(FilmKey.of("1.2.3", "", (1000, 900)))
    for what, number in steps:
        if what == "add":
            notes.add(Annotation(kind=Kind.LENGTH, points=(A, B)))
        elif notes.items:
            item = notes.items[number % len(notes.items)]
            if what == "remove":
                notes.remove(item.id)
            else:
                notes.change(item.moved(1 + number, 2, (1000, 900)), nudge=what == "nudge")
    done = notes.items
    for _ in range(2):
        while notes.stack.canUndo():
            notes.stack.undo()
        assert notes.items == ()
        while notes.stack.canRedo():
            notes.stack.redo()
        assert notes.items == done
