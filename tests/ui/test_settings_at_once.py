"""Settings take effect without a restart."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cxrdesk.imaging.radiograph import Radiograph
from cxrdesk.inference.events import JobDone
from cxrdesk.inference.result import Call
from cxrdesk.ui import theme
from cxrdesk.ui.shapes import ShapeLabel
from tests.ui.conftest import Seat
from tests.ui.fakes import FakeQueue, registry, scored
from tests.ui.test_layout import cut_off
from tests.ui.test_window import answer


class FakeRunner:
    def __init__(self, _registry: object, **options: object) -> None:
        self.options = options


class FakeWorker(FakeQueue):
    made: list[FakeWorker]

    def __init__(self, _registry: object, runner: FakeRunner, listener: object) -> None:
        super().__init__()
        self.runner, self.listener, self.stopped = runner, listener, 0
        self.made.append(self)

    def start(self) -> None:
        """Nothing runs."""

    def stop(self) -> None:
        self.stopped += 1


@pytest.fixture
def workers(seat: Seat, monkeypatch: pytest.MonkeyPatch) -> list[FakeWorker]:
    FakeWorker.made = []
    monkeypatch.setattr("cxrdesk.inference.jobs.Worker", FakeWorker)
    monkeypatch.setattr("cxrdesk.inference.runners.ChildRunner", FakeRunner)
    seat.desk._registry = registry()
    seat.desk._start_worker()
    return FakeWorker.made


def use(seat: Seat, **changes: object) -> None:
    seat.window.use(replace(seat.reading.settings, **changes))  # type: ignore[arg-type]


def end_job(seat: Seat, worker: FakeWorker) -> None:
    job, film, _ = worker.submitted[-1]
    worker.listener(JobDone(job=job, film=film.digest))  # type: ignore[operator]
    seat.settle()


def opened(seat: Seat, worker: FakeWorker, path: Path) -> Radiograph:
    seat.reading.open([path])
    seat.qtbot.waitUntil(lambda: bool(worker.submitted))
    return worker.submitted[-1][1]


def test_device_and_time_limit_make_another_worker_when_no_job_runs(
    seat: Seat, workers: list[FakeWorker], child_film: Path
) -> None:
    film = opened(seat, workers[0], child_film)
    assert workers[0].runner.options["compiled"].name == "compiled"
    use(seat, device="cpu", film_timeout_s=30.0, compiled=False)
    assert len(workers) == 1  # the job goes on as it was begun
    end_job(seat, workers[0])
    seat.qtbot.waitUntil(lambda: workers[0].stopped == 1)
    assert [worker.runner.options["device"] for worker in workers] == ["auto", "cpu"]
    assert workers[1].runner.options["limit_s"] == 30.0
    assert workers[1].runner.options["compiled"] is None
    seat.reading.run_again()
    assert [job for job, _, _ in workers[1].submitted] == [1]
    # The old one's first job has the same number: what it still says is nobody's.
    workers[0].listener(JobDone(job=1, film=film.digest))  # type: ignore[operator]
    seat.settle()
    assert seat.reading.session.running
    end_job(seat, workers[1])
    assert not seat.reading.session.running


def test_other_settings_leave_the_worker_alone(seat: Seat, workers: list[FakeWorker]) -> None:
    use(seat, saliency_opacity=0.9, theme="light", read_first=True)
    assert len(workers) == 1
    assert workers[0].stopped == 0


def test_a_theme_holds_at_once(seat: Seat, child_film: Path) -> None:
    seat.open(child_film)
    answer(seat, lambda d: scored(d, 0.9, Call.POSITIVE))

    def shape() -> ShapeLabel:
        (card,) = [card for card in seat.window.findings.shown_cards() if "pneumonia" in card.spec.id]
        return next(s for s in card.findChildren(ShapeLabel) if s.isVisible())

    assert shape().colour == theme.DARK.positive
    use(seat, theme="light")
    seat.settle()
    assert shape().colour == theme.LIGHT.positive
    assert seat.desk.app.palette().window().color().name() == theme.LIGHT.panel
    image = seat.window.studies.grab().toImage()
    assert image.pixelColor(image.width() // 2, image.height() - 5).lightness() > 150


def test_plugins_that_come_late_join_once_no_job_runs(
    seat: Seat, workers: list[FakeWorker], pictures: list[Path]
) -> None:
    opened(seat, workers[0], pictures[0])
    seat.desk._use_plugins(registry(), True)
    assert len(workers) == 1  # its job still runs
    end_job(seat, workers[0])
    seat.qtbot.waitUntil(lambda: len(workers) == 2)
    seat.qtbot.waitUntil(lambda: bool(workers[1].submitted))  # the film is asked about again
    assert workers[0].stopped == 1


def test_another_theme_and_size_of_text_at_once(seat: Seat, child_film: Path) -> None:
    seat.open(child_film)
    answer(seat, lambda digest: scored(digest, 0.94, Call.POSITIVE))
    window = seat.window
    for look in (("contrast", "largest"), ("light", "large"), ("dark", "normal")):
        window.edit(theme=look[0], text_size=look[1])
        for _ in range(3):
            seat.settle()
        assert cut_off(window) == [], look
        assert seat.desk.app.font().pointSizeF() == theme.point_size()
        assert window.film.mark_style.point_size == theme.point_size()
        assert seat.desk.app.palette().window().color().name() == theme.colours().panel
