"""A slider for films of several frames."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSlider, QWidget

from cxrdesk.ui.viewer.loaded import LoadedFilm


class FrameBar(QWidget):
    """Stands under the films while the chosen one has frames, and not at all else."""

    chosen = Signal(int)
    """The number of a frame, counted from 0."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName("Frame")
        self.slider.setPageStep(1)
        self.words = QLabel()
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 6, 14, 6)
        row.setSpacing(12)
        row.addWidget(self.slider, 1)
        row.addWidget(self.words)
        self.slider.valueChanged.connect(self._moved)
        self.hide()

    def show_film(self, loaded: LoadedFilm | None) -> None:
        """Say which frame is on the screen."""
        frames = loaded.presentation.frames if loaded is not None else 1
        if loaded is not None and frames > 1:
            blocked = self.slider.blockSignals(True)
            self.slider.setRange(0, frames - 1)
            self.slider.setValue(loaded.presentation.frame)
            self.slider.blockSignals(blocked)
            self._say(loaded.presentation.frame)
        self.setVisible(frames > 1)

    def step(self, step: int) -> None:
        """The next frame, or the one before."""
        if not self.isHidden():
            self.slider.setValue(self.slider.value() + step)

    def _moved(self, frame: int) -> None:
        self._say(frame)
        self.chosen.emit(frame)

    def _say(self, frame: int) -> None:
        self.words.setText(f"Frame {frame + 1} of {self.slider.maximum() + 1}")
