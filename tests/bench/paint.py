"""Steps of window, zoom and pan until painted, against the repaint of a ready picture and pyqtgraph's ImageView.

One process, software rendering, a viewport of 1920 x 1080. The floor is a widget that repaints a ready 8-bit image of
the viewport. What is compared takes turns, so that whatever else the machine does falls on all alike.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QApplication, QWidget

from cxrdesk import app as application
from cxrdesk.api.detector import Mask
from cxrdesk.imaging.radiograph import Radiograph
from cxrdesk.imaging.voi import VoiFunction, Window
from cxrdesk.ui.viewer.film_view import FilmView
from cxrdesk.ui.viewer.layers import MaskLayer
from cxrdesk.ui.viewer.loaded import LoadedFilm
from tests.bench.report import Line, spread

VIEWPORT = (1920, 1080)
FILMS = ((3000, 3000), (4280, 3520))
STEPS = 60
WINDOW_BAR, MOVE_BAR, NEXT_BAR, PEER_BAR, P95_BAR_MS = 2.0, 2.5, 3.0, 1 / 4.5, 16.0


def film(shape: tuple[int, int], seed: int = 0) -> Radiograph:
    """A 16-bit film with the noise of one: every pixel takes another entry of the table than its neighbours."""
    rows, cols = shape
    y, x = np.mgrid[0:rows, 0:cols].astype(np.float32)
    values = 30000 + 18000 * np.sin(x / cols * 9) * np.cos(y / rows * 7)
    values += np.random.default_rng(seed).normal(0, 800, shape).astype(np.float32)
    return Radiograph(
        stored=values.clip(0, 65535).astype(np.uint16),
        bits_stored=16,
        voi=Window(center=30000.0, width=40000.0, function=VoiFunction.LINEAR),
        pixel_spacing_mm=(0.1, 0.1),
        spacing_source="imager",
    )


@dataclass(frozen=True)
class _MaskResult:
    mask: Mask


def lungs() -> MaskLayer:
    """Two ellipses as a network would outline them, 512 x 512."""
    y, x = np.mgrid[0:512, 0:512] / 512
    inside = [((x - c) / 0.16) ** 2 + ((y - 0.5) / 0.33) ** 2 < 1 for c in (0.3, 0.7)]
    values = np.logical_or(*inside).astype(np.float32)
    return MaskLayer([_MaskResult(Mask(structure="lungs", values=values))])  # type: ignore[list-item]


class Ready(QWidget):
    """The floor: an image of the viewport, painted."""

    def __init__(self) -> None:
        super().__init__()
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        width, height = VIEWPORT
        self.levels = np.random.default_rng(0).integers(0, 256, (height, width), dtype=np.uint8)
        self.image = QImage(self.levels.data, width, height, width, QImage.Format.Format_Grayscale8)

    def step(self) -> None:
        """Painted once more, by way of the event loop as the viewer is."""
        self.update()
        QApplication.processEvents()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Nothing else than the image."""
        painter = QPainter(self)
        painter.drawImage(0, 0, self.image)
        painter.end()


class Peer:
    """pyqtgraph's ImageView whose picture has the viewport's size."""

    def __init__(self, radiograph: Radiograph) -> None:
        import pyqtgraph

        pyqtgraph.setConfigOptions(imageAxisOrder="row-major")
        self.view = pyqtgraph.ImageView()
        self.view.ui.histogram.hide()
        self.view.ui.roiBtn.hide()
        self.view.ui.menuBtn.hide()
        self.view.setImage(radiograph.stored, autoHistogramRange=False)
        self.view.resize(*VIEWPORT)
        self.view.show()
        self._shift = 0

    def fit(self) -> None:
        """The whole film."""
        self.view.getView().autoRange(padding=0)

    def one_to_one(self) -> None:
        """One film pixel on one of the screen, in the middle."""
        rows, cols = self.view.image.shape
        width, height = VIEWPORT
        x, y = (cols - width) / 2, (rows - height) / 2
        self.view.getView().setRange(xRange=(x, x + width), yRange=(y, y + height), padding=0)

    def step(self) -> None:
        """Another window, painted."""
        self._shift = (self._shift + 40) % 2000
        self.view.setLevels(10000 + self._shift, 50000 + self._shift)
        QApplication.processEvents()


def timed(turns: dict[str, Callable[[], None]], rounds: int) -> dict[str, list[float]]:
    """Seconds of each call, taking turns; three rounds go before."""
    taken: dict[str, list[float]] = {name: [] for name in turns}
    for number in range(rounds + 3):
        for name, call in turns.items():
            start = time.perf_counter()
            call()
            seconds_s = time.perf_counter() - start
            if number >= 3:
                taken[name].append(seconds_s)
    return taken


def _moves(view: FilmView) -> dict[str, Callable[[], None]]:
    turn = {"window": 1.0, "zoom": 0.0, "pan": 1.0}

    def window() -> None:
        turn["window"] *= -1
        view.drag_window(3 * turn["window"] + 1, 2 * turn["window"])
        QApplication.processEvents()

    def zoom() -> None:
        # In and out again, and never at one to one, where nothing is resampled.
        turn["zoom"] += 1
        view.zoom(1.0 if turn["zoom"] % 4 < 2 else -1.0)
        QApplication.processEvents()

    def pan() -> None:
        turn["pan"] *= -1
        view.pan(17 * turn["pan"], 11 * turn["pan"])
        QApplication.processEvents()

    return {"window": window, "zoom": zoom, "pan": pan}


def _ratio(ours: list[float], theirs: list[float]) -> float:
    """Of calls that took turns: the median over pairs leaves out what else the machine did."""
    return float(np.median(np.divide(ours, theirs)))


def _lines(shape: tuple[int, int], app: QApplication) -> Iterator[Line]:
    radiograph = film(shape)
    ready, view, peer = Ready(), FilmView(), Peer(radiograph)
    for widget in (ready, view):
        widget.resize(*VIEWPORT)
        widget.show()
    view.show_film(LoadedFilm.of("film", radiograph))
    size = f"{shape[1]} x {shape[0]}"
    for zoom, mine, its in (("fit", view.fit, peer.fit), ("1:1", view.actual_size, peer.one_to_one)):
        for mask in (None, lungs()):
            view.set_layers(mask, None, 0.4)
            mine(), its()
            app.processEvents()
            state = f"{size}, {zoom}, {'with' if mask else 'without'} lung outline"
            for what, bar in (("window", WINDOW_BAR), ("zoom", MOVE_BAR), ("pan", MOVE_BAR)):
                mine()
                if what == "zoom" and zoom == "1:1":
                    view.zoom(0.5)
                turns = {"floor": ready.step, what: _moves(view)[what]}
                taken = timed(turns | ({"peer": peer.step} if what == "window" else {}), STEPS)
                floor = f"floor {spread(taken['floor'])}"
                yield Line(
                    what=f"{what} step / repaint of a ready picture: {state}",
                    value=_ratio(taken[what], taken["floor"]),
                    bar=bar,
                    unit="x",
                    told=f"ours {spread(taken[what])}, {floor}",
                )
                yield Line(
                    what=f"{what} step, 95th percentile: {state}",
                    value=float(np.percentile(taken[what], 95)) * 1e3,
                    bar=P95_BAR_MS,
                    unit="ms",
                    told=floor,
                )
                if what == "window":
                    yield Line(
                        what=f"window step / pyqtgraph's ImageView: {state}",
                        value=_ratio(taken["window"], taken["peer"]),
                        bar=PEER_BAR,
                        unit="x",
                        told=f"ours {spread(taken['window'])}, pyqtgraph {spread(taken['peer'])}:"
                        f" {_ratio(taken['peer'], taken['window']):.1f} times faster",
                    )
    view.set_layers(None, None, 0.4)
    yield _next(shape, radiograph, view, ready)
    for widget in (ready, view, peer.view):
        widget.close()
        widget.deleteLater()


def _next(shape: tuple[int, int], radiograph: Radiograph, view: FilmView, ready: Ready) -> Line:
    """Films as the thread that decodes beforehand leaves them, shown in turn."""
    viewport = (float(VIEWPORT[0]), float(VIEWPORT[1]))
    others = [radiograph, film(shape, seed=1)]
    loaded = [LoadedFilm.of(str(number), each).warmed(viewport, 1.0) for number, each in enumerate(others)]
    shown = 0

    def following() -> None:
        nonlocal shown
        shown += 1
        view.show_film(loaded[shown % 2])
        QApplication.processEvents()

    taken = timed({"floor": ready.step, "next": following}, STEPS)
    return Line(
        what=f"next film, decoded beforehand / repaint of a ready picture: {shape[1]} x {shape[0]}",
        value=_ratio(taken["next"], taken["floor"]),
        bar=NEXT_BAR,
        unit="x",
        told=f"ours {spread(taken['next'])}, floor {spread(taken['floor'])}",
    )


def run() -> Iterator[Line]:
    """All states of all films."""
    app = application._application()
    for shape in FILMS:
        yield from _lines(shape, app)
