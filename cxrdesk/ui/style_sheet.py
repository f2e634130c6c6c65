"""The style sheet of the application, in the colours and the text size that are chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cxrdesk.imaging.resources import resource

if TYPE_CHECKING:  # the theme imports this
    from cxrdesk.ui.theme import Colours


def style_sheet(c: Colours, scale: float) -> str:
    """Qt style sheet.

    Parameters
    ----------
    scale : float
        Of text, and of what stands beside it.
    """
    box, knob, small = round(13 * scale), 2 * round(6 * scale), 9 * scale
    icons = resource("icons").as_posix()
    return (
        (_drawn_edges(c, icons, box) if c.edges else "")
        + f"""
    QMainWindow, QDialog {{ background: {c.panel}; }}
    QToolTip {{ background: {c.card}; color: {c.text}; border: {c.thick}px solid {c.line}; padding: 4px; }}
    QMenuBar {{ background: {c.panel}; border-bottom: {c.thick}px solid {c.line}; padding: 1px 4px; }}
    QMenuBar::item {{ padding: 4px 9px; background: transparent; border-radius: 3px; }}
    QMenuBar::item:selected {{ background: {c.hover}; }}
    QMenu {{ background: {c.card}; border: {c.thick}px solid {c.line}; padding: 4px; }}
    QMenu::item {{ padding: 5px 26px 5px 22px; border-radius: 3px; }}
    QMenu::item:selected {{ background: {c.selected}; }}
    QMenu::item:disabled {{ color: {c.disabled}; }}
    QMenu::separator {{ height: 1px; background: {c.line}; margin: 4px 6px; }}
    QToolBar {{ background: {c.panel}; border: none; border-bottom: {c.thick}px solid {c.line}; padding: 3px 6px; }}
    QToolBar {{ spacing: 3px; }}
    QToolButton#qt_toolbar_ext_button {{
        padding: 2px; min-width: 14px; image: url({icons}/more-{c.marks}.svg);
        background: {c.hover}; border: {c.thick}px solid {c.muted}; }}
    QToolButton#qt_toolbar_ext_button:hover {{ border-color: {c.accent}; }}
    QToolBar::separator {{ width: 1px; background: {c.line}; margin: 4px 5px; }}
    QToolButton {{ padding: 4px 9px; border: {c.thick}px solid transparent; border-radius: 4px; }}
    QToolButton:hover {{ background: {c.hover}; }}
    QToolButton:checked {{ background: {c.selected}; border-color: {c.accent}; }}
    QToolButton:focus {{ border-color: {c.accent}; }}
    QToolButton:disabled {{ color: {c.disabled}; }}
    QPushButton {{ background: {c.hover}; border: {c.thick}px solid {c.line}; border-radius: 4px; padding: 4px 12px; }}
    QPushButton:hover {{ border-color: {c.muted}; }}
    QPushButton:focus {{ border-color: {c.accent}; }}
    QPushButton:checked {{ background: {c.selected}; border-color: {c.accent}; }}
    QPushButton:disabled {{ color: {c.disabled}; background: {c.card}; }}
    QPushButton[primary="true"] {{ background: {c.accent}; color: {c.on_accent}; border-color: {c.accent}; }}
    QPushButton[primary="true"]:focus {{ border: {c.thick + 1}px solid {c.text}; }}
    QPushButton[primary="true"]:disabled {{ background: {c.card}; color: {c.disabled}; border-color: {c.line}; }}
    QLineEdit {{
        background: {c.ground}; border: {c.thick}px solid {c.line}; border-radius: 4px; padding: 4px 7px;
        selection-background-color: {c.selected}; selection-color: {c.text}; }}
    QLineEdit:focus {{ border-color: {c.accent}; }}
    QComboBox QAbstractItemView {{ background: {c.card}; border: {c.thick}px solid {c.line}; }}
    QCheckBox {{ spacing: 8px; }}
    QCheckBox::indicator {{ width: {box}px; height: {box}px; border: {c.thick}px solid {c.muted}; border-radius: 3px; }}
    QCheckBox::indicator {{ background: {c.ground}; }}
    QCheckBox::indicator:checked {{
        background: {c.accent}; border-color: {c.accent}; image: url({icons}/tick-{c.tick}.svg); }}
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
    QTabWidget::pane {{ border: none; border-top: {c.thick}px solid {c.line}; }}
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
    QSlider::handle:horizontal {{ width: {knob}px; height: {knob}px; border-radius: {knob // 2}px; }}
    QSlider::handle:horizontal {{ margin: -{(knob - 4) // 2}px 0; }}
    QSlider::handle:horizontal {{ background: {c.text}; }}
    QSlider::handle:horizontal:focus {{ background: {c.accent}; }}
    QStatusBar {{ background: {c.panel}; border-top: {c.thick}px solid {c.line}; }}
    QStatusBar::item {{ border: none; }}
    QStatusBar QLabel {{ padding: 1px 8px; }}
    QLabel[role="muted"] {{ color: {c.muted}; font-size: {small}pt; }}
    QLabel[role="title"] {{ font-weight: 600; font-size: {11 * scale}pt; }}
    QLabel[role="heading"] {{ font-weight: 600; color: {c.muted}; }}
    QLabel[role="refusal"] {{ color: {c.warning}; }}
    QLabel[role="disclaimer"] {{ color: {c.warning}; font-weight: 600; }}
    QLabel[role="code"] {{ color: {c.muted}; font-family: monospace; font-size: {small}pt; }}
    QLabel[role="badge"] {{
        color: {c.text}; border: {c.thick}px solid {c.muted}; border-radius: 8px; padding: 1px 8px;
        font-size: {small}pt; }}
    QFrame[role="card"] {{ background: {c.card}; border: {c.thick}px solid {c.line}; border-radius: 6px; }}
    QFrame[role="card"][chosen="true"] {{ border-color: {c.accent}; }}
    QFrame[role="question"] {{ background: {c.card}; border: {c.thick}px solid {c.warning}; border-radius: 6px; }}
    QFrame[role="info"] {{ background: {c.card}; border-bottom: {c.thick}px solid {c.line}; }}
    QFrame[role="warning"] {{ background: {c.card}; border-bottom: 2px solid {c.warning}; }}
    QFrame[role="error"] {{ background: {c.card}; border-bottom: 2px solid {c.error}; }}
    """
    )


def _drawn_edges(c: Colours, icons: str, box: int) -> str:
    """Fields that the style itself draws without an edge on black."""
    return f"""
    QComboBox, QAbstractSpinBox {{
        background: {c.ground}; border: {c.thick}px solid {c.line}; border-radius: 4px; padding: 3px 6px; }}
    QComboBox:focus, QAbstractSpinBox:focus {{ border-color: {c.accent}; }}
    QComboBox:disabled, QAbstractSpinBox:disabled {{ color: {c.disabled}; border-color: {c.disabled}; }}
    QComboBox::drop-down {{ border: none; width: {box + 8}px; }}
    QComboBox::down-arrow {{ image: url({icons}/down-{c.marks}.svg); width: {box}px; height: {box}px; }}
    QAbstractSpinBox::up-button, QAbstractSpinBox::down-button {{ border: none; width: {box + 8}px; }}
    QAbstractSpinBox::up-arrow {{ image: url({icons}/up-{c.marks}.svg); width: {box - 3}px; height: {box - 3}px; }}
    QAbstractSpinBox::down-arrow {{ image: url({icons}/down-{c.marks}.svg); width: {box - 3}px; height: {box - 3}px; }}
    """
