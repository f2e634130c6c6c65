"""How large a picture of what is seen is to be."""

from __future__ import annotations

from PySide6.QtCore import QSizeF, Qt
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from cxrdesk.ui.panels.pieces import label
from cxrdesk.ui.snapshot import Scene, foot_height, largest_ratio, picture_of, remarks_of
from cxrdesk.ui.theme import scaled

_PREVIEW = 420


class ExportDialog(QDialog):
    """Shows the picture small, with what will stand in it.

    Parameters
    ----------
    scene : Scene
    screen_ratio : float
    masked : bool
        Whether names are masked on the screen.
    """

    def __init__(self, scene: Scene, screen_ratio: float, parent: QWidget | None = None, *, masked: bool) -> None:
        super().__init__(parent)
        self.setWindowTitle("Save a picture")
        remarks = remarks_of(scene)
        frame = scene.frame
        whole = QSizeF(frame.width(), frame.height() + foot_height(frame.width(), remarks))
        self.size_ = QComboBox()
        self.size_.setAccessibleName("Size of the picture")
        for name, ratio in sizes(scene, screen_ratio):
            able = largest_ratio(whole, ratio)
            told = f"{name}, {round(whole.width() * able)} x {round(whole.height() * able)} pixels"
            self.size_.addItem(told, able)
        small = picture_of(scene, ratio=min(1.0, _PREVIEW / whole.width()), remarks=remarks)
        preview = QLabel()
        preview.setPixmap(QPixmap.fromImage(small))
        preview.setAlignment(Qt.AlignmentFlag.AlignCenter)
        preview.setAccessibleName("The picture as it will be")
        form = QFormLayout()
        form.addRow("&Size", self.size_)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        save = buttons.addButton("Save…", QDialogButtonBox.ButtonRole.AcceptRole)
        save.setProperty("primary", "true")
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 16, 18, 14)
        column.setSpacing(10)
        column.addWidget(preview)
        column.addLayout(form)
        names = label(_names(scene, masked=masked), "muted")
        names.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        column.addWidget(names)
        column.addWidget(buttons)
        self.setMinimumWidth(scaled(_PREVIEW))

    @property
    def ratio(self) -> float:
        """Pixels of the picture for each of the screen's."""
        return float(self.size_.currentData())


def sizes(scene: Scene, screen_ratio: float) -> list[tuple[str, float]]:
    """What may be chosen: the screen's size, multiples of it, and the film's own pixels where they are more."""
    found = [("As on the screen", screen_ratio), ("Twice", 2 * screen_ratio), ("Four times", 4 * screen_ratio)]
    finest = max((1 / view.geometry_.scale for view, _ in scene.views if view.loaded is not None), default=0.0)
    if finest > screen_ratio:
        found.insert(1, ("Every pixel of the film", finest))
    return found


def _names(scene: Scene, *, masked: bool) -> str:
    if masked:
        return "Names are masked in the corners, which are part of the picture; the film itself may show one."
    if any(view.corners.upper_left for view, _ in scene.views):
        return "The texts in the corners are part of the picture. Mask names first if it leaves the clinic."
    return "No text of the patient stands in the picture, unless the film itself shows one."
