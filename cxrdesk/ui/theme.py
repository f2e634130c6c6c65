"""Colours, palette and style sheet: dark for the reading room, light for an office. The film is always on black."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

POINT_SIZE = 10.0
SMALL_POINT_SIZE = 9.0


@dataclass(frozen=True, kw_only=True)
class Colours:
    """Named by use; text on its own background has a contrast of at least 4.5:1 (WCAG 2.1, 1.4.3)."""

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
)


def chosen(theme: str) -> Colours:
    """The colours of a setting: ``"dark"``, ``"light"`` or ``"system"``."""
    if theme == "system":
        dark = QApplication.styleHints().colorScheme() != Qt.ColorScheme.Light
        return DARK if dark else LIGHT
    return LIGHT if theme == "light" else DARK


_active = DARK


def colours() -> Colours:
    """The colours in use, for what is painted by hand."""
    return _active


def apply(app: QApplication, theme: str) -> None:
    """Dress the whole application."""
    global _active
    _active = chosen(theme)
    app.setStyle("Fusion")
    app.setPalette(_palette(_active))
    font = app.font()
    font.setPointSizeF(POINT_SIZE)
    app.setFont(font)
    app.setStyleSheet(_style_sheet(_active))


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
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(c.muted))
    return palette


def _style_sheet(c: Colours) -> str:
    return f"""
    QMainWindow, QDialog {{ background: {c.panel}; }}
    QToolTip {{ background: {c.card}; color: {c.text}; border: 1px solid {c.line}; padding: 4px; }}
    QMenuBar {{ background: {c.panel}; border-bottom: 1px solid {c.line}; padding: 1px 4px; }}
    QMenuBar::item {{ padding: 4px 9px; background: transparent; border-radius: 3px; }}
    QMenuBar::item:selected {{ background: {c.hover}; }}
    QMenu {{ background: {c.card}; border: 1px solid {c.line}; padding: 4px; }}
    QMenu::item {{ padding: 5px 26px 5px 22px; border-radius: 3px; }}
    QMenu::item:selected {{ background: {c.selected}; }}
    QMenu::item:disabled {{ color: {c.muted}; }}
    QMenu::separator {{ height: 1px; background: {c.line}; margin: 4px 6px; }}
    QToolBar {{ background: {c.panel}; border: none; border-bottom: 1px solid {c.line}; padding: 3px 6px; }}
    QToolBar {{ spacing: 3px; }}
    QToolBar::separator {{ width: 1px; background: {c.line}; margin: 4px 5px; }}
    QToolButton {{ padding: 4px 9px; border: 1px solid transparent; border-radius: 4px; }}
    QToolButton:hover {{ background: {c.hover}; }}
    QToolButton:checked {{ background: {c.selected}; border-color: {c.accent}; }}
    QToolButton:focus {{ border-color: {c.accent}; }}
    QToolButton:disabled {{ color: {c.muted}; }}
    QPushButton {{ background: {c.hover}; border: 1px solid {c.line}; border-radius: 4px; padding: 4px 12px; }}
    QPushButton:hover {{ border-color: {c.muted}; }}
    QPushButton:focus {{ border-color: {c.accent}; }}
    QPushButton:checked {{ background: {c.selected}; border-color: {c.accent}; }}
    QPushButton:disabled {{ color: {c.muted}; background: {c.card}; }}
    QPushButton[primary="true"] {{ background: {c.accent}; color: {c.on_accent}; border-color: {c.accent}; }}
    QPushButton[primary="true"]:focus {{ border: 2px solid {c.text}; padding: 3px 11px; }}
    QPushButton[primary="true"]:disabled {{ background: {c.card}; color: {c.muted}; border-color: {c.line}; }}
    QLineEdit {{
        background: {c.ground}; border: 1px solid {c.line}; border-radius: 4px; padding: 4px 7px;
        selection-background-color: {c.selected}; selection-color: {c.text}; }}
    QLineEdit:focus {{ border-color: {c.accent}; }}
    QComboBox QAbstractItemView {{ background: {c.card}; border: 1px solid {c.line}; }}
    QCheckBox {{ spacing: 8px; }}
    QCheckBox::indicator {{ width: 13px; height: 13px; border: 1px solid {c.muted}; border-radius: 3px; }}
    QCheckBox::indicator {{ background: {c.ground}; }}
    QCheckBox::indicator:checked {{ background: {c.accent}; border-color: {c.accent}; }}
    QCheckBox::indicator:focus {{ border-color: {c.accent}; }}
    QListView, QTreeView, QTableView {{ background: {c.panel}; border: none; outline: none; }}
    QHeaderView::section {{ background: {c.panel}; color: {c.muted}; border: none; padding: 4px 6px; }}
    QScrollArea {{ background: {c.panel}; border: none; }}
    QScrollArea > QWidget > QWidget {{ background: {c.panel}; }}
    QScrollBar:vertical {{ background: transparent; width: 10px; margin: 0; }}
    QScrollBar:horizontal {{ background: transparent; height: 10px; margin: 0; }}
    QScrollBar::handle {{ background: {c.line}; border-radius: 4px; min-height: 26px; min-width: 26px; margin: 1px; }}
    QScrollBar::handle:hover {{ background: {c.muted}; }}
    QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
    QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
    QTabWidget::pane {{ border: none; border-top: 1px solid {c.line}; }}
    QTabWidget::tab-bar {{ left: 12px; }}
    QTabBar::tab {{ padding: 7px 12px; background: transparent; color: {c.muted}; border: none; }}
    QTabBar::tab {{ border-bottom: 2px solid transparent; }}
    QTabBar::tab:hover {{ color: {c.text}; }}
    QTabBar::tab:selected {{ color: {c.text}; border-bottom-color: {c.accent}; }}
    QTabBar::tab:focus {{ background: {c.hover}; }}
    QSplitter::handle {{ background: {c.line}; }}
    QProgressBar {{ background: {c.ground}; border: none; border-radius: 2px; max-height: 4px; min-height: 4px; }}
    QProgressBar::chunk {{ background: {c.accent}; border-radius: 2px; }}
    QSlider::groove:horizontal {{ height: 4px; background: {c.line}; border-radius: 2px; }}
    QSlider::sub-page:horizontal {{ background: {c.accent}; border-radius: 2px; }}
    QSlider::handle:horizontal {{ width: 12px; height: 12px; margin: -4px 0; border-radius: 6px; }}
    QSlider::handle:horizontal {{ background: {c.text}; }}
    QSlider::handle:horizontal:focus {{ background: {c.accent}; }}
    QStatusBar {{ background: {c.panel}; border-top: 1px solid {c.line}; }}
    QStatusBar::item {{ border: none; }}
    QStatusBar QLabel {{ padding: 1px 8px; }}
    QLabel[role="muted"] {{ color: {c.muted}; font-size: {SMALL_POINT_SIZE}pt; }}
    QLabel[role="title"] {{ font-weight: 600; font-size: 11pt; }}
    QLabel[role="heading"] {{ font-weight: 600; color: {c.muted}; }}
    QLabel[role="disclaimer"] {{ color: {c.warning}; font-weight: 600; }}
    QLabel[role="code"] {{ color: {c.muted}; font-family: monospace; font-size: {SMALL_POINT_SIZE}pt; }}
    QLabel[role="badge"] {{
        color: {c.text}; border: 1px solid {c.muted}; border-radius: 8px; padding: 1px 8px;
        font-size: {SMALL_POINT_SIZE}pt; }}
    QFrame[role="card"] {{ background: {c.card}; border: 1px solid {c.line}; border-radius: 6px; }}
    QFrame[role="card"][chosen="true"] {{ border-color: {c.accent}; }}
    QFrame[role="question"] {{ background: {c.card}; border: 1px solid {c.warning}; border-radius: 6px; }}
    QFrame[role="info"] {{ background: {c.card}; border-bottom: 1px solid {c.line}; }}
    QFrame[role="warning"] {{ background: {c.card}; border-bottom: 2px solid {c.warning}; }}
    QFrame[role="error"] {{ background: {c.card}; border-bottom: 2px solid {c.error}; }}
    """
