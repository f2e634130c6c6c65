"""Windows to choose from: those of the file by their explanation, and those by what is to be seen; knows no Qt."""

from __future__ import annotations

from dataclasses import dataclass

from cxrdesk.imaging.preprocess import Box
from cxrdesk.imaging.voi import Voi, Window
from cxrdesk.ui.viewer.loaded import LoadedFilm

_BY_ANATOMY = (
    ("automatic", "Automatic"),
    ("lungs", "Lungs"),
    ("bone", "Bone and mediastinum"),
    ("soft_tissue", "Soft tissue"),
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Preset:
    """One window or VOI LUT by name.

    Parameters
    ----------
    key : str
        ``"stored"``, ``"stored 2"``, … in the file's order, or ``"automatic"``, ``"lungs"``, ``"bone"``,
        ``"soft_tissue"``.
    name : str
        For the reader.
    voi : Window or VoiLut
    """

    key: str
    name: str
    voi: Voi


def stored_presets(loaded: LoadedFilm) -> list[Preset]:
    """What the film comes with: its display default first, then the file's other windows and VOI LUTs."""
    default = loaded.windowing.default
    vois = [default, *(voi for voi in loaded.presentation.vois if not _same(voi, default))]
    presets = []
    for number, voi in enumerate(vois, start=1):
        told = f": {voi.explanation}" if voi.explanation else ""
        kind = "" if isinstance(voi, Window) else " (VOI LUT)"
        name = f"As stored{f' {number}' if len(vois) > 1 else ''}{kind}{told}"
        presets.append(Preset(key="stored" if number == 1 else f"stored {number}", name=name, voi=voi))
    return presets


def anatomical_presets(loaded: LoadedFilm, lungs: Box | None) -> list[Preset]:
    """Windows found in the film itself; none for a colour picture.

    Parameters
    ----------
    lungs : Box or None
        Box around the lungs, where they were outlined.
    """
    if loaded.coloured:
        return []
    from cxrdesk.imaging.display import anatomical_windows

    found = anatomical_windows(loaded.radiograph, lungs)
    return [Preset(key=key, name=name, voi=found[key]) for key, name in _BY_ANATOMY]


def next_stored(loaded: LoadedFilm, voi: Voi) -> Voi:
    """The stored window after the one shown, and the first one after the last or after any other."""
    presets = stored_presets(loaded)
    shown = next((number for number, preset in enumerate(presets) if _same(preset.voi, voi)), -1)
    return presets[(shown + 1) % len(presets)].voi


def _same(one: Voi, other: Voi) -> bool:
    return one is other or (isinstance(one, Window) and one == other)
