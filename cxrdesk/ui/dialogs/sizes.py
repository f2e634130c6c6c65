"""How large a dialog opens."""

from __future__ import annotations

from PySide6.QtWidgets import QDialog

from cxrdesk.ui.theme import scaled

_RIM = 60
"""Left free of the screen, for a title bar and a panel of the desktop."""


def fit_size(dialog: QDialog, width: int, height: int) -> None:
    """Open so large, more with larger text, and never larger than the screen; what is longer scrolls.

    Parameters
    ----------
    width, height : int
        In pixels, at text of normal size.
    """
    room = dialog.screen().availableSize()
    dialog.resize(min(scaled(width), room.width() - _RIM), min(scaled(height), room.height() - _RIM))
