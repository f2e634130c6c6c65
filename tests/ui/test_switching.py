"""Results of one film are never beside another."""

from __future__ import annotations

import random
import threading
from pathlib import Path

from PySide6.QtWidgets import QLabel

from cxrdesk.inference.events import Event
from cxrdesk.inference.result import Call
from tests.ui.conftest import Seat
from tests.ui.fakes import PNEUMONIA, events, mask_done, scored


def probability_of(digest: str) -> float:
    """Each film has its own: what is on the screen tells whose it is."""
    return int(digest[:4], 16) % 900 / 1000 + 0.05


def check(seat: Seat) -> bool:
    """Whether results are on the screen; if so, they must be those of the film on the screen."""
    film, findings = seat.window.film, seat.window.findings
    if film.loaded is None:
        assert film.mask_layer is None
        assert film.saliency_layer is None
        assert not findings.shown_cards()
        return False
    digest = film.loaded.radiograph.digest
    if film.mask_layer is not None:
        assert {result.film for result in film.mask_layer.results} == {digest}
    # Labels of a card that was just emptied are still alive, but out of sight.
    told = [
        w.text()
        for card in findings.shown_cards()
        for w in card.findChildren(QLabel)
        if w.text().startswith("Calibrated") and not w.isHidden()
    ]
    assert told in ([], [f"Calibrated probability {probability_of(digest):.3f}"])
    if film.saliency_layer is not None:
        peak = float(film.saliency_layer.result.map.values.max())
        assert abs(peak - (1 + probability_of(digest))) < 0.35
        state = seat.reading.state
        assert state is not None
        assert film.saliency_layer.result in [f.saliency[0] for f in state.detectors[PNEUMONIA.id].findings]
    return bool(told)


def test_two_hundred_switches_while_jobs_answer_in_any_order(seat: Seat, pictures: list[Path]) -> None:
    chance = random.Random(5)
    seat.open(*pictures)
    states = seat.reading.session.states
    assert len(states) == len(pictures)
    sent: set[int] = set()
    shown = 0
    for number in range(200):
        seat.reading.show(chance.choice(states).key)
        check(seat)
        waiting: list[Event] = []
        for job, radiograph, _ in seat.queue.submitted:
            if job not in sent and chance.random() < 0.6:
                sent.add(job)
                digest = radiograph.digest
                p = probability_of(digest)
                waiting += events(job, digest, mask_done(digest), scored(digest, p, Call.POSITIVE, peak=1 + p))
        chance.shuffle(waiting)  # not even the order within a job is relied on
        thread = threading.Thread(target=lambda waiting=waiting: [seat.desk.bridge.post(e) for e in waiting])
        thread.start()
        for _ in range(chance.randrange(1, 4)):
            seat.desk.app.processEvents()
            shown += check(seat)
        thread.join()
        if number % 40 == 0 and seat.reading.shown is not None:
            # Asked again: what the job before still has to say is nobody's any more.
            seat.reading.run_again()
            check(seat)
        if number % 10 == 0:
            seat.qtbot.wait(20)  # let the decoder catch up
        shown += check(seat)
    assert shown > 100  # the test looked at results, not at empty cards
