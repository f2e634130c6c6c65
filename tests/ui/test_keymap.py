"""No key is anybody's twice, and the reader's choice goes first."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtGui import QKeySequence

from cxrdesk.ui.actions import ACTIONS, ActionSpec
from cxrdesk.ui.keymap import changes, conflicts, fixed_use, keys_in_force, own_keys, portable, wished_keys


def test_the_table_itself_is_sound() -> None:
    names = [spec.key for spec in ACTIONS]
    assert len(set(names)) == len(names)
    assert conflicts(own_keys()) == {}
    for spec in ACTIONS:
        for key in spec.keys:
            assert QKeySequence(key).count() == 1, key  # no chords: they would delay the key that begins them
            assert portable(key) == key, key
            assert fixed_use(key) is None, key
        assert len(spec.keys) <= 2, spec.key


def test_letters_of_the_menu_bar_are_unique() -> None:
    menus = {spec.menu for spec in ACTIONS}
    assert len({menu[menu.index("&") + 1].lower() for menu in menus}) == len(menus)


def test_the_readers_key_is_taken_from_the_action_that_came_with_it() -> None:
    assert keys_in_force({})["fit"] == ("F",)
    found = keys_in_force({"invert": ("f", "V")})
    assert (found["invert"], found["fit"]) == (("F", "V"), ())
    assert conflicts(wished_keys({"invert": ("F",)})) == {"F": ("fit", "invert")}
    assert keys_in_force({"invert": ()})["invert"] == ()


def test_two_choices_of_the_same_key_in_a_file() -> None:
    found = keys_in_force({"reset": ("V",), "invert": ("V",)})
    assert [name for name in found if "V" in found[name]] == ["invert"]  # the first in the table


def test_unknown_actions_and_what_is_no_key() -> None:
    found = keys_in_force({"of a newer version": ("F",), "invert": ("nonsense", "", "Space", "Shift+Left")})
    assert found["fit"] == ("F",)
    assert found["invert"] == ()
    assert list(found) == [spec.key for spec in ACTIONS]


def test_only_changes_are_kept() -> None:
    assert changes(own_keys()) == {}
    assert changes({**own_keys(), "invert": ("V",), "fit": ()}) == {"invert": ("V",), "fit": ()}


SPECS = tuple(ActionSpec(key=name, menu="&M", text=name, keys=(key,)) for name, key in zip("pqrs", "ABCD", strict=True))
KEYS = st.sampled_from(["A", "B", "C", "D", "Ctrl+A", "x", "Space", "?"])


@given(st.dictionaries(st.sampled_from("pqrst"), st.lists(KEYS, max_size=3).map(tuple)))
def test_whatever_is_wished_no_key_is_shared(changed: dict[str, tuple[str, ...]]) -> None:
    found = keys_in_force(changed, SPECS)
    assert conflicts(found) == {}
    assert list(found) == list("pqrs")
    wished = wished_keys(changed, SPECS)
    for name, keys in found.items():
        assert set(keys) <= set(wished[name])
