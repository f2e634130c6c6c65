"""Settings survive crashes, newer versions and damage."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxrdesk.studies import paths
from cxrdesk.studies.settings import Settings, load_settings, save_settings


def test_defaults_where_nothing_was_saved(tmp_path: Path) -> None:
    loaded = load_settings(tmp_path / "settings.json")
    assert loaded.settings == Settings()
    assert loaded.messages == ()
    assert not loaded.settings.prevalence  # never one that the clinic did not enter
    assert not loaded.settings.read_first


def test_round_trip_keeps_unknown_keys(tmp_path: Path) -> None:
    path = tmp_path / "new" / "settings.json"
    wanted = Settings(prevalence={"pneumonia": 0.12}, read_first=True, device="cuda:1", unknown={"later": [1, 2]})
    save_settings(wanted, path)
    loaded = load_settings(path)
    assert loaded.settings == wanted
    assert json.loads(path.read_text())["later"] == [1, 2]
    assert [p.name for p in path.parent.iterdir()] == ["settings.json"]


BROKEN = [b"", b"{", b"[1]", b"null", b"\xff\xfe", b'{"saliency_opacity": NaN}', b"[" * 100_000]


@pytest.mark.parametrize("content", BROKEN)
def test_a_broken_file_is_set_aside(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(content)
    loaded = load_settings(path)
    assert loaded.settings == Settings(read_first=True)  # it may have been on
    assert len(loaded.messages) == 1
    assert "scores are hidden" in loaded.messages[0]
    (aside,) = tmp_path.glob("settings.broken-*.json")
    assert aside.read_bytes() == content
    assert aside.name in loaded.messages[0]


def test_one_bad_value_costs_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text(json.dumps({"saliency_opacity": 7, "theme": "light", "prevalence": {"pneumonia": "much"}}))
    loaded = load_settings(path)
    assert loaded.settings == Settings(theme="light")
    assert any("saliency_opacity" in message for message in loaded.messages)
    assert any("pneumonia" in message for message in loaded.messages)
    assert len(list(tmp_path.glob("settings.broken-*.json"))) == 1


def test_an_unreadable_wish_to_read_first_hides_scores(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text(json.dumps({"read_first": "yes", "theme": "light"}))
    loaded = load_settings(path)
    assert loaded.settings == Settings(theme="light", read_first=True)
    assert "scores are hidden" in loaded.messages[0]
    path.unlink()
    path.mkdir()  # cannot be read as a file
    loaded = load_settings(path)
    assert loaded.settings.read_first
    assert "scores are hidden" in loaded.messages[0]


@pytest.mark.parametrize(
    "change",
    [
        {"prevalence": {"pneumonia": 1.01}},
        {"prevalence": {"pneumonia": float("nan")}},
        {"prevalence": {"pneumonia": True}},
        {"prevalence": {"": 0.5}},
        {"read_first": 1},
        {"operating_point": ""},
        {"device": "tpu"},
        {"device": "cuda:x"},
        {"compiled": 1},
        {"film_timeout_s": 0},
        {"saliency_opacity": -0.1},
        {"theme": "pink"},
    ],
)
def test_values_out_of_range_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(change))):
        Settings(**change)


def test_a_failed_save_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "settings.json"
    save_settings(Settings(theme="light"), path)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        save_settings(Settings(theme="dark"), path)
    assert load_settings(path).settings.theme == "light"
    assert [p.name for p in tmp_path.iterdir()] == ["settings.json"]


SCALARS = st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5)
NAMES = st.sampled_from(
    ["prevalence", "read_first", "operating_point", "device", "compiled", "film_timeout_s", "theme", "text_size",
     "shortcuts", "corner_texts", "mask_names", "mask_style", "map_style"]
)  # fmt: skip


@given(st.dictionaries(NAMES, SCALARS | st.lists(SCALARS) | st.dictionaries(st.text(max_size=3), SCALARS)))
def test_any_json_object_loads(tmp_path_factory: pytest.TempPathFactory, data: dict[str, object]) -> None:
    path = tmp_path_factory.mktemp("settings") / "settings.json"
    path.write_text(json.dumps(data))
    settings = load_settings(path).settings
    assert all(0 <= value <= 1 for value in settings.prevalence.values())


def test_one_variable_moves_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXRDESK_HOME", str(tmp_path / "home"))
    folders = [paths.data_dir(), paths.cache_dir()]
    assert len(set(folders)) == 2
    assert all(folder.is_dir() and folder.is_relative_to(tmp_path / "home") for folder in folders)
    assert paths.settings_file().is_relative_to(tmp_path / "home")
    assert paths.compiled_dir().is_relative_to(tmp_path / "home" / "cache")


def test_a_folder_that_cannot_be_made_costs_no_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "home").write_text("a file where the folder should be")
    monkeypatch.setenv("CXRDESK_HOME", str(tmp_path / "home"))
    loaded = load_settings(paths.settings_file())
    assert (loaded.settings, loaded.messages) == (Settings(), ())
    with pytest.raises((FileExistsError, NotADirectoryError)):
        save_settings(loaded.settings, paths.settings_file())


def test_keys_and_corner_texts_come_back_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    wanted = Settings(
        shortcuts={"invert": ("V",), "fit": ()}, corner_texts=("name", "of a newer version"), theme="contrast"
    )
    save_settings(wanted, path)
    assert load_settings(path).settings == wanted
    assert json.loads(path.read_text())["shortcuts"] == {"invert": ["V"], "fit": []}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("shortcuts", ["V"]),
        ("shortcuts", {"invert": "V"}),
        ("shortcuts", {"invert": [1]}),
        ("shortcuts", {"invert": ["A", "B", "C"]}),
        ("corner_texts", "name"),
        ("corner_texts", [""]),
        ("mask_names", 1),
        ("mask_style", "filled"),
        ("map_style", None),
        ("text_size", 12),
    ],
)
def test_what_cannot_be_keys_or_texts_is_told(name: str, value: object, tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text(json.dumps({name: value, "saliency_opacity": 0.7}))
    loaded = load_settings(path)
    assert loaded.settings == Settings(saliency_opacity=0.7)
    assert name in loaded.messages[0]
