"""A name that ends works on, warns at the caller's line, and says what to use."""

from __future__ import annotations

import warnings

import pytest

from cxrdesk.api.deprecation import PluginDeprecationWarning, Renamed, deprecated, deprecations, renamed


@deprecated(since="1.3", use="area")
def surface(width: float, height: float = 1.0) -> float:
    """The area."""
    return width * height


def test_a_deprecated_call_still_answers_and_warns_where_it_is_made():
    with pytest.warns(PluginDeprecationWarning) as caught:
        assert surface(2.0, height=3.0) == 6.0
    (warning,) = caught
    assert str(warning.message) == "surface is deprecated since plugin API 1.3 and goes with 2.0; use area"
    assert warning.filename == __file__
    assert surface.__doc__ == "The area."


def test_a_renamed_name_is_still_there():
    found = renamed("some.module", {"Old": Renamed(to="New", since="1.2")}, {"New": 5})
    with pytest.warns(PluginDeprecationWarning, match=r"some\.module\.Old .* goes with 2\.0; use some\.module\.New"):
        assert found("Old") == 5
    with pytest.raises(AttributeError, match="has no attribute 'Never'"):
        found("Never")


def test_each_is_told_once_and_others_warnings_are_not():
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        for _ in range(2):
            surface(1.0)
        warnings.warn("something else", DeprecationWarning, stacklevel=1)
    assert deprecations(warned) == ["surface is deprecated since plugin API 1.3 and goes with 2.0; use area"]
