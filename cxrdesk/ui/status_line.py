"""What the status bar says about the film on the screen."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel, QStatusBar

from cxrdesk import DISCLAIMER
from cxrdesk.ui.film_words import gamma_words, window_words
from cxrdesk.ui.panels.pieces import ElidedLabel
from cxrdesk.ui.viewer.film_view import FilmView


class StatusLine:
    """Window, zoom, the value under the cursor, and the disclaimer."""

    def __init__(self, bar: QStatusBar) -> None:
        bar.setSizeGripEnabled(False)
        self.window_, self.zoom, self.value = ElidedLabel(), ElidedLabel(), ElidedLabel()
        for widget in (self.window_, self.zoom, self.value):
            bar.addWidget(widget)
        self.disclaimer = QLabel(DISCLAIMER)
        self.disclaimer.setProperty("role", "disclaimer")
        bar.addPermanentWidget(self.disclaimer)

    def show_film(self, film: FilmView) -> None:
        """Say how a film is shown."""
        if film.loaded is None or film.windowing is None:
            for widget in (self.window_, self.zoom, self.value):
                widget.clear()
            return
        told = window_words(film.windowing.window), gamma_words(film.windowing.gamma)
        self.window_.setText(", ".join(filter(None, told)))
        self.zoom.setText(f"Zoom {film.geometry_.scale * film.devicePixelRatioF() * 100:.0f} %")
        if film.cursor_pixel is None or film.loaded.provisional:
            self.value.clear()
            return
        row, col = film.cursor_pixel
        radiograph = film.loaded.radiograph
        value = float(radiograph.modality_lut.apply(radiograph.stored[row : row + 1, col : col + 1])[0, 0])
        self.value.setText(f"Value {value:.6g} at row {row}, column {col}")
