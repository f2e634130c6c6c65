"""Drawing by drags, clicks and keys; under every turn of the film."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt

from cxrdesk.studies.annotations import POINTS, Kind
from cxrdesk.ui.viewer.tools.text_edit import TextEdit
from tests.ui.fakes import film
from tests.ui.tools.conftest import Hands

A, B, C, D = (200.0, 300.0), (620.0, 410.0), (300.0, 640.0), (700.0, 655.0)


def near(*points):
    return [pytest.approx(point, abs=1e-6) for point in points]


@pytest.mark.parametrize("kind", [Kind.LENGTH, Kind.ELLIPSE, Kind.RECTANGLE, Kind.ARROW])
def test_a_drag_draws(hands: Hands, kind: Kind) -> None:
    hands.choose(kind)
    hands.drag(A, B)
    hands.drag(C, D)  # the tool stays in the hand
    assert [item.kind for item in hands.items] == [kind, kind]
    assert list(hands.items[0].points) == near(A, B)
    assert hands.board.selected == hands.items[1].id
    assert hands.toolbox.kind is kind


def test_clicks_draw_as_well(hands: Hands) -> None:
    hands.choose(Kind.LENGTH)
    hands.click(A)
    hands.move(C, held=False)
    assert hands.items == ()
    assert list(hands.board.items[0].points) == near(A, C)
    hands.click(B)
    assert list(hands.items[0].points) == near(A, B)


@pytest.mark.parametrize("clicked", [False, True])
def test_an_angle_takes_three_points(hands: Hands, clicked: bool) -> None:
    hands.choose(Kind.ANGLE)
    if clicked:
        hands.click(A)
        hands.click(B)
    else:
        hands.drag(A, B)
    assert "other arm" in hands.board.hint
    hands.click(C)
    assert list(hands.items[0].points) == near(A, B, C)


def test_the_ratio_takes_two_lines_and_then_the_tool_is_put_down(hands: Hands) -> None:
    hands.choose(Kind.CARDIOTHORACIC)
    hands.drag(A, B)
    assert "chest" in hands.board.hint
    hands.move(A, held=False)
    assert list(hands.board.items[0].points) == near(A, B, B, B)
    hands.drag(C, D)
    assert list(hands.items[0].points) == near(A, B, C, D)
    assert hands.toolbox.kind is None
    assert hands.board.hint == ""


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("flipped", [False, True])
def test_the_same_points_give_the_same_values_however_the_film_is_turned(hands, rotation, flipped) -> None:
    hands.open(film(shape=(1000, 900), pixel_spacing_mm=(0.4, 0.2), spacing_source="calibrated"))
    hands.view.geometry_ = replace(hands.view.geometry_, rotation=rotation, flipped=flipped).fit()
    hands.choose(Kind.LENGTH)
    hands.drag((200, 300), (650, 500))  # 90 mm across, 80 mm down
    hands.choose(Kind.ANGLE)
    hands.drag((200, 300), (400, 300))
    hands.click((400, 700))
    hands.choose(Kind.RECTANGLE)
    hands.drag((100, 200), (300, 400))
    length, angle, region = (hands.board.values(item).lines for item in hands.items)
    assert length == ("120.4\u00a0mm",)
    assert angle == ("90.0°",)
    assert region[0] == "32.00\u00a0cm²"
    assert region[1].startswith(f"mean\u00a0{film(shape=(1000, 900)).stored[200:400, 100:300].mean():.0f}")


def test_shift_draws_a_circle_in_millimetres(hands: Hands) -> None:
    hands.open(film(shape=(1000, 900), pixel_spacing_mm=(0.4, 0.2), spacing_source="calibrated"))
    hands.choose(Kind.ELLIPSE)
    hands.drag((200, 300), (400, 320), Qt.KeyboardModifier.ShiftModifier)
    (xa, ya), (xb, yb) = hands.items[0].points
    assert abs(xb - xa) * 0.2 == pytest.approx(abs(yb - ya) * 0.4)


def test_points_stay_on_the_film(hands: Hands) -> None:
    hands.choose(Kind.LENGTH)
    hands.drag((-50.0, 100.0), (950.0, 1100.0))
    assert list(hands.items[0].points) == near((0.0, 100.0), (900.0, 1000.0))


@pytest.mark.parametrize("kind", [Kind.LENGTH, Kind.ELLIPSE, Kind.ANGLE])
def test_clicks_at_one_place_draw_nothing(hands: Hands, kind: Kind) -> None:
    hands.choose(kind)
    for _ in range(POINTS[kind]):
        hands.click(A)
    assert hands.items == ()
    assert hands.board.items == []


def test_escape_gives_up_the_line_and_then_the_tool(hands: Hands) -> None:
    hands.choose(Kind.LENGTH)
    hands.click(A)
    hands.keys(Qt.Key.Key_Escape)
    assert hands.board.items == []
    assert hands.toolbox.kind is Kind.LENGTH
    hands.keys(Qt.Key.Key_Escape)
    assert hands.toolbox.kind is None


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.TEXT])
def test_everything_can_be_drawn_by_keys(hands: Hands, kind: Kind) -> None:
    hands.choose(kind)
    hands.keys(Qt.Key.Key_Return)
    (item,) = hands.items
    assert hands.toolbox.kind is None
    assert (hands.board.selected, hands.board.handle) == (item.id, 0)
    if kind is not Kind.ARROW:
        assert hands.board.values(item).lines == ("not in place yet",)
    hands.keys(Qt.Key.Key_Left, Qt.Key.Key_Down)
    (moved,) = hands.items
    assert moved.points != item.points
    assert "not in place yet" not in hands.board.values(moved).lines


def test_text_is_written_over_the_film_and_an_empty_one_is_none(hands: Hands) -> None:
    hands.choose(Kind.TEXT)
    hands.click(A)
    edit = hands.view.findChild(TextEdit)
    hands.qtbot.keyClicks(edit, "Nodule?")
    assert hands.items == ()
    hands.qtbot.keyClick(edit, Qt.Key.Key_Return)
    assert [(item.kind, item.text) for item in hands.items] == [(Kind.TEXT, "Nodule?")]
    assert list(hands.items[0].points) == near(A)
    assert hands.toolbox.kind is None
    hands.choose(Kind.TEXT)
    hands.click(B)
    hands.qtbot.keyClick(_edit(hands), Qt.Key.Key_Escape)
    hands.choose(Kind.TEXT)
    hands.keys(Qt.Key.Key_Return)
    hands.qtbot.keyClick(_edit(hands), Qt.Key.Key_Return)
    assert len(hands.items) == 1
    assert hands.notes.stack.count() == 1


def _edit(hands: Hands) -> TextEdit:
    return next(edit for edit in hands.view.findChildren(TextEdit) if not edit.isHidden())


def test_no_tool_draws_where_no_film_is(hands: Hands) -> None:
    hands.view.clear("", "")
    hands.board.show(None, None)
    hands.choose(Kind.LENGTH)
    hands.drag(A, B)
    hands.keys(Qt.Key.Key_Return)
    assert hands.board.items == []
