"""Opens the window and every dialog and prints what is cut off or out of reach: a script, for Qt scales only once."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic

from PySide6.QtWidgets import QApplication, QDialog, QTabBar, QWidget

from cxrdesk.app import _application
from cxrdesk.imaging.resources import resource
from cxrdesk.inference.result import Call
from cxrdesk.studies.settings import Settings
from tests.ui.conftest import Seat
from tests.ui.fakes import events, mask_done, scored
from tests.ui.test_layout import cut_off, unreachable
from tests.ui.texts_seen import overlapping, recorded

DIALOGS = ("settings", "shortcuts", "header", "keys", "about", "plugins", "export")


class Waiter:
    """What a seat asks of pytest-qt."""

    def waitExposed(self, widget: QWidget) -> None:
        QApplication.processEvents()

    def waitUntil(self, condition: Callable[[], bool]) -> None:
        end = monotonic() + 20
        while not condition():
            QApplication.processEvents()
            assert monotonic() < end


def main(theme: str, text_size: str, pictures: Path | None) -> dict[str, list[str]]:
    """Faults by the name of what was opened."""
    app = _application()
    settings = Settings(theme=theme, text_size=text_size, prevalence={"pneumonia": 0.05})
    seat = Seat(Waiter(), app, settings)  # type: ignore[arg-type]
    window = seat.window
    seat.open(next(resource("samples/child-with-opacity").iterdir()), *resource("samples/adult").iterdir())
    job, film, _ = seat.queue.submitted[-1]
    for event in events(job, film.digest, mask_done(film.digest), scored(film.digest, 0.94, Call.POSITIVE)):
        seat.reading.on_event(event)
    seat.settle()
    found = {"window": cut_off(window) + unreachable(window)}
    for layout in ("layout_one", "layout_two", "layout_four"):
        window.action(layout).trigger()
        seat.settle()
        window.film.zoom(0.001)
        with recorded() as texts:
            window.film.grab()
        found[f"texts on the film, {layout}"] = overlapping(texts) or ([] if texts else ["none is drawn"])
    window.action("layout_one").trigger()
    seat.settle()
    keep(window, "window", pictures)
    for name in DIALOGS:
        before = set(window.findChildren(QDialog))
        window.action(name).trigger()
        (dialog,) = set(window.findChildren(QDialog)) - before
        for _ in range(5):
            seat.settle()
        for bar in dialog.findChildren(QTabBar):
            for page in range(bar.count()):
                bar.setCurrentIndex(page)
                seat.settle()
                found[f"{name} {page}"] = cut_off(dialog) + unreachable(dialog)
                keep(dialog, f"{name}-{page}", pictures)
        found[name] = cut_off(dialog) + unreachable(dialog)
        room = dialog.screen().availableSize()
        if dialog.width() > room.width() or dialog.height() > room.height():
            found[name].append(f"larger than the screen: {dialog.size()} on {room}")
        keep(dialog, name, pictures)
        dialog.close()
    seat.close()
    return {name: faults for name, faults in found.items() if faults}


def keep(widget: QWidget, name: str, pictures: Path | None) -> None:
    """A picture for who wants to look."""
    if pictures is not None:
        widget.grab().save(str(pictures / f"{name}.png"))


if __name__ == "__main__":
    folder = Path(sys.argv[3]) if len(sys.argv) > 3 else None
    print(json.dumps(main(sys.argv[1], sys.argv[2], folder)))
