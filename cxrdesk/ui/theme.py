"""Colours, palette and sizes: dark for the reading room, light for an office, black and white for who needs contrast.

The film is always on black.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from cxrdesk.ui.style_sheet import style_sheet

_POINT_SIZE = 10.0
_SMALL_POINT_SIZE = 9.0
_TEXT_SCALES = {"normal": 1.0, "large": 1.25, "largest": 1.5}


@dataclass(frozen=True, kw_only=True)
class Colours:
    """Named by use; text on its own background has a contrast of at least 4.5:1 (WCAG 2.1, 1.4.3).

    Parameters
    ----------
    film_text, film_muted, film_warning, film_accent, film_back : str
        On the film, which is black in every theme.
    thick : int
        Width of borders in pixels.
    edges : bool
        Whether fields need an edge of our own: Qt's is a shade of the ground.
    tick : str
        On the accent: ``"dark"`` or ``"light"``.
    marks : str
        Arrows on the panel: ``"white"`` or ``"black"``.
    """

    ground: str
    panel: str
    card: str
    line: str
    text: str
    muted: str
    accent: str
    on_accent: str
    hover: str
    selected: str
    positive: str
    negative: str
    indeterminate: str
    warning: str
    error: str
    disabled: str
    film_text: str = "#dde2e6"
    film_muted: str = "#a8b2ba"
    film_warning: str = "#ecc667"
    film_accent: str = "#7ab8f0"
    film_back: str = "#a5000000"
    thick: int = 1
    edges: bool = False
    tick: str = "dark"
    marks: str = "white"


DARK = Colours(
    ground="#121416",
    panel="#191c1f",
    card="#22262a",
    line="#363c42",
    text="#dde2e6",
    muted="#a3adb6",
    accent="#7ab8f0",
    on_accent="#0b1620",
    hover="#2d3339",
    selected="#27405a",
    positive="#f2ab58",
    negative="#7fc9b4",
    indeterminate="#c3b5ee",
    warning="#ecc667",
    error="#f29a92",
    disabled="#808a93",
)
LIGHT = Colours(
    ground="#d9dde1",
    panel="#eceff2",
    card="#ffffff",
    line="#b9c1c8",
    text="#1b2126",
    muted="#515c66",
    accent="#185fa5",
    on_accent="#ffffff",
    hover="#dde4ea",
    selected="#c5dcf2",
    positive="#8f4a00",
    negative="#0f6350",
    indeterminate="#563f9e",
    warning="#6b5200",
    error="#a3261c",
    disabled="#6c7781",
    tick="light",
    marks="black",
)
CONTRAST = Colours(
    ground="#000000",
    panel="#000000",
    card="#000000",
    line="#ffffff",
    text="#ffffff",
    muted="#f0f0f0",
    accent="#ffff00",
    on_accent="#000000",
    hover="#333333",
    selected="#00337a",
    positive="#ffb84d",
    negative="#66ffcc",
    indeterminate="#d9ccff",
    warning="#ffe14d",
    error="#ff9e94",
    disabled="#a6a6a6",
    film_text="#ffffff",
    film_muted="#f0f0f0",
    film_warning="#ffe14d",
    film_accent="#ffff00",
    film_back="#ff000000",
    thick=2,
    edges=True,
)
CONTRAST_LIGHT = Colours(
    ground="#ffffff",
    panel="#ffffff",
    card="#ffffff",
    line="#000000",
    text="#000000",
    muted="#1a1a1a",
    accent="#0000c0",
    on_accent="#ffffff",
    hover="#dcdcdc",
    selected="#b8d4ff",
    positive="#7a2f00",
    negative="#004d3c",
    indeterminate="#44228a",
    warning="#5c4300",
    error="#96000a",
    disabled="#595959",
    film_text="#ffffff",
    film_muted="#f0f0f0",
    film_warning="#ffe14d",
    film_accent="#ffff00",
    film_back="#ff000000",
    thick=2,
    edges=True,
    tick="light",
    marks="black",
)


_BY_NAME = {"dark": DARK, "light": LIGHT, "contrast": CONTRAST, "contrast-light": CONTRAST_LIGHT}


def chosen(theme: str) -> Colours:
    """The colours of a setting: ``"dark"``, ``"light"``, ``"contrast"``, ``"contrast-light"`` or ``"system"``."""
    if theme == "system":
        dark = QApplication.styleHints().colorScheme() != Qt.ColorScheme.Light
        return DARK if dark else LIGHT
    return _BY_NAME[theme]


_active = DARK
_text_scale = 1.0


def colours() -> Colours:
    """The colours in use, for what is painted by hand."""
    return _active


def point_size() -> float:
    """Size of ordinary text."""
    return _POINT_SIZE * _text_scale


def small_point_size() -> float:
    """Size of the smallest text there is."""
    return _SMALL_POINT_SIZE * _text_scale


def scaled(pixels: float) -> int:
    """A length that grows with the text: widths of fields, sizes of marks beside words."""
    return round(pixels * _text_scale)


def panel_width(pixels: float) -> int:
    """The width of a panel beside the film: it grows with the text, but less, for the film has to keep its place."""
    return round(pixels * (1 + (_text_scale - 1) * 0.8))


def apply(app: QApplication, theme: str, text_size: str = "normal") -> None:
    """Dress the whole application.

    Parameters
    ----------
    theme, text_size : str
        As in the settings.
    """
    global _active, _text_scale
    _active, _text_scale = chosen(theme), _TEXT_SCALES[text_size]
    app.setStyle("Fusion")
    app.setPalette(_palette(_active))
    font = app.font()
    font.setPointSizeF(point_size())
    app.setFont(font)
    app.setStyleSheet(style_sheet(_active, _text_scale))


def _palette(c: Colours) -> QPalette:
    palette = QPalette()
    roles = {
        QPalette.ColorRole.Window: c.panel,
        QPalette.ColorRole.WindowText: c.text,
        QPalette.ColorRole.Base: c.ground,
        QPalette.ColorRole.AlternateBase: c.card,
        QPalette.ColorRole.ToolTipBase: c.card,
        QPalette.ColorRole.ToolTipText: c.text,
        QPalette.ColorRole.PlaceholderText: c.muted,
        QPalette.ColorRole.Text: c.text,
        QPalette.ColorRole.Button: c.card,
        QPalette.ColorRole.ButtonText: c.text,
        QPalette.ColorRole.Highlight: c.selected,
        QPalette.ColorRole.HighlightedText: c.text,
        QPalette.ColorRole.Link: c.accent,
        QPalette.ColorRole.Accent: c.accent,
    }
    for role, colour in roles.items():
        palette.setColor(role, QColor(colour))
    for role in (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(c.disabled))
    return palette
