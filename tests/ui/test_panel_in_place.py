"""The panel's widgets are kept from film to film: nothing of one film may be left on them for the next."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QAccessible, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QLabel, QLineEdit, QProgressBar, QWidget

from cxrdesk.imaging.answers import Answers
from cxrdesk.imaging.radiograph import Projection, View
from cxrdesk.inference.events import Progress
from cxrdesk.inference.result import Call, Reason, Status
from cxrdesk.studies.importers import Film
from cxrdesk.studies.settings import Settings
from cxrdesk.ui.panels.findings import FindingsPanel, Models
from cxrdesk.ui.panels.probability_bar import ProbabilityBar
from cxrdesk.ui.session import FilmState
from cxrdesk.ui.shapes import ShapeLabel
from tests.ui.conftest import Seat
from tests.ui.fakes import LUNGS, PNEUMONIA, events, mask_done, saliency, scored, unscored

CHOSEN = (PNEUMONIA.id, "pneumonia")
MANY = replace(
    PNEUMONIA,
    id="test-many",
    name="Three findings",
    findings=("pneumonia", "edema", "atelectasis"),
    operating_points=(),
    calibration={},
)


def _film(name: str, *, detector: object = None, mask: object = None, **known: object) -> FilmState:
    state = FilmState(key=name, film=Film(path=Path(f"{name}.dcm")), digest=name)
    if detector is not None:
        state.detectors[detector.spec.id] = detector  # type: ignore[attr-defined]
    if mask is not None:
        state.masks[LUNGS.id] = mask  # type: ignore[assignment]
    for key, value in known.items():
        setattr(state, key, value)
    return state


def _reason(word: str, **asked: str) -> Reason:
    return Reason(code=f"code-{word}", text=f"A sentence with {word} in it.", **asked)  # type: ignore[arg-type]


def _many(*calls: Call) -> object:
    """A result with some of the findings: others of them than another film's."""
    (one,) = scored("many", 0.5, Call.INDETERMINATE, reasons=(_reason("several"),)).findings
    findings = tuple(
        replace(one, finding=key, probability=0.1 + 0.2 * number, call=call, saliency=(saliency(),) if number else ())
        for number, (key, call) in enumerate(zip(MANY.findings, calls, strict=False))
    )
    return replace(scored("many", 0.5, Call.INDETERMINATE), spec=MANY, findings=findings)


def _progress(stage: str, share: float | None) -> dict[str, Progress]:
    return {PNEUMONIA.id: Progress(job=1, film="x", model_id=PNEUMONIA.id, stage=stage, share=share)}


AGE, VIEW = _reason("unknown", question="age"), _reason("unseen", question="view")
STATES: dict[str, tuple[FilmState | None, dict[str, object]]] = {
    "none": (None, {"note": "Results appear here."}),
    "unread": (FilmState(key="unread", film=Film(path=Path("unread.dcm"))), {}),
    "waiting": (_film("waiting"), {}),
    "running": (_film("running", job=1, progress=_progress("scoring", 0.5)), {}),
    "begun": (_film("begun", job=2, progress=_progress("loading", None)), {}),
    "positive": (
        _film("positive", detector=scored("positive", 0.94, Call.POSITIVE), mask=mask_done("positive"), finished=True),
        {"chosen": CHOSEN},
    ),
    "negative": (_film("negative", detector=scored("negative", 0.05, Call.NEGATIVE)), {}),
    "uncalled": (
        _film(
            "uncalled",
            detector=scored("uncalled", 0.4, Call.INDETERMINATE, reasons=(_reason("cautious"), _reason("doubt"))),
            mask=mask_done("uncalled", Status.DONE, _reason("outlined")),
        ),
        {},
    ),
    "refused": (
        _film(
            "refused",
            detector=unscored("refused", Status.REFUSED, _reason("elderly")),
            mask=mask_done("refused", Status.REFUSED, _reason("blurred")),
        ),
        {},
    ),
    "asked age": (_film("asked age", detector=unscored("a", Status.REFUSED, AGE, VIEW)), {}),
    "asked view": (_film("asked view", detector=unscored("v", Status.REFUSED, VIEW)), {}),
    "answered": (
        _film(
            "answered",
            answers=Answers(age_years=41.0, view=View(body_part="chest", projection=Projection.AP)),
            answered=frozenset({"age", "view"}),
        ),
        {},
    ),
    "failed": (_film("failed", detector=unscored("f", Status.FAILED, _reason("crashed"))), {}),
    "cancelled": (_film("cancelled", detector=unscored("c", Status.CANCELLED)), {}),
    "several": (_film("several", detector=_many(Call.INDETERMINATE, Call.INDETERMINATE, Call.INDETERMINATE)), {}),
    "two of three": (
        _film("two of three", detector=_many(Call.NEGATIVE, Call.POSITIVE)),
        {"chosen": (MANY.id, "edema")},
    ),
    "read first": (_film("read first", detector=scored("r", 0.77, Call.POSITIVE)), {"hidden": True}),
    "impression": (_film("impression", detector=scored("i", 0.31, Call.NEGATIVE), impression="nodule"), {}),
    "noted": (_film("noted"), {"about": ["The shutter hides a part.", "Padding was ignored."]}),
}


@pytest.fixture
def make_panel(qapp: QApplication) -> Iterator[Callable[[], FindingsPanel]]:
    panels: list[FindingsPanel] = []

    def make() -> FindingsPanel:
        panel = FindingsPanel()
        panel.set_models(Models(segmenters=(LUNGS,), detectors=(PNEUMONIA, MANY)), "balanced")
        panel.resize(372, 900)
        panel.show()
        panels.append(panel)
        return panel

    yield make
    for panel in panels:
        panel.close()
        panel.deleteLater()
    # Now, not some day: a theme is put on whatever is alive.
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def panel(make_panel: Callable[[], FindingsPanel]) -> FindingsPanel:
    return make_panel()


def _show(panel: FindingsPanel, name: str, settings: Settings | None = None) -> None:
    state, how = STATES[name]
    told = {"hidden": False, "chosen": None, **how}
    panel.show_state(state, settings or Settings(), **told)  # type: ignore[arg-type]


def _told(widget: QWidget) -> tuple[object, ...]:
    """All that a widget shows, or says to who does not see it."""
    spoken = QAccessible.queryAccessibleInterface(widget)
    told: list[object] = [type(widget).__name__, widget.toolTip(), widget.property("chosen"), widget.isEnabled()]
    told += [spoken.text(kind) for kind in (QAccessible.Text.Name, QAccessible.Text.Description)]
    match widget:
        case QLabel():
            told += [widget.text(), widget.selectedText()]
        case QAbstractButton():
            told += [widget.text(), widget.isChecked(), widget.isDown()]
        case QLineEdit():
            told += [widget.text(), widget.isUndoAvailable(), widget.isRedoAvailable(), widget.selectedText()]
        case QComboBox():
            told += [widget.currentText(), *(widget.itemText(i) for i in range(widget.count()))]
        case QProgressBar():
            told += [widget.value(), widget.minimum(), widget.maximum()]
        case ProbabilityBar():
            told += [widget.probability, widget.threshold, widget.colour]
        case ShapeLabel():
            told += [widget.shape, widget.colour]
    return tuple(told)


def _in_sight(panel: FindingsPanel) -> list[tuple[object, ...]]:
    """What is seen and where, from the top."""
    own = {panel.point, panel.area.verticalScrollBar()}
    seen = [
        (widget.mapTo(panel, widget.rect().topLeft()).toTuple(), widget.size().toTuple(), _told(widget))
        for widget in panel.findChildren(QWidget)
        if widget.isVisible() and widget not in own and not widget.objectName().startswith("qt_")
    ]
    return sorted(seen, key=repr)


def _words(widget: QWidget) -> Iterator[str]:
    """All texts that a widget holds, in sight or not."""
    yield widget.toolTip()
    yield widget.accessibleName()
    yield widget.accessibleDescription()
    if isinstance(widget, QLabel | QAbstractButton | QLineEdit):
        yield widget.text()


@pytest.mark.parametrize("after", STATES)
def test_after_any_film_the_panel_is_as_if_it_had_only_ever_seen_this_one(
    make_panel: Callable[[], FindingsPanel], after: str
) -> None:
    fresh, panel = make_panel(), make_panel()
    _show(fresh, after)
    wanted = _in_sight(fresh)
    for before in STATES:
        _show(panel, before)
        _show(panel, after)
        assert _in_sight(panel) == wanted, f"{after!r} after {before!r}"


@pytest.mark.parametrize("after", ["none", "unread", "waiting", "read first", "refused"])
def test_widgets_out_of_sight_hold_nothing_of_another_film(panel: FindingsPanel, after: str) -> None:
    for before in ("positive", "uncalled", "several", "failed", "impression", "answered", "running", "noted"):
        _show(panel, before)
        _show(panel, after)
        held = "\n".join(text for widget in panel.findChildren(QWidget) for text in _words(widget))
        for word in ("0.94", "0.912", "cautious", "doubt", "outlined", "several", "crashed", "nodule", "41 years",
                     "Scoring", "positive at", "Padding"):  # fmt: skip
            assert word not in held, f"{word!r} of {before!r} on {after!r}"


def test_widgets_are_kept(panel: FindingsPanel) -> None:
    for name in STATES:
        _show(panel, name)
    before = {id(widget) for widget in panel.findChildren(QWidget)}
    for name in reversed(STATES):
        _show(panel, name)
    assert {id(widget) for widget in panel.findChildren(QWidget)} == before


def test_text_that_was_selected_on_one_film_is_not_on_another(panel: FindingsPanel) -> None:
    _show(panel, "positive")
    for found in panel.findChildren(QLabel):
        if found.isVisible() and found.textInteractionFlags() & Qt.TextInteractionFlag.TextSelectableByMouse:
            found.setSelection(0, 5)
    _show(panel, "positive")
    assert any(found.hasSelectedText() for found in panel.findChildren(QLabel))  # the same film: the reader's
    _show(panel, "negative")
    assert not any(found.hasSelectedText() for found in panel.findChildren(QLabel))


def test_another_film_begins_at_the_top(panel: FindingsPanel) -> None:
    panel.resize(372, 300)
    _show(panel, "positive")
    bar = panel.area.verticalScrollBar()
    bar.setValue(bar.maximum())
    assert bar.value() > 0
    _show(panel, "positive")
    assert bar.value() == bar.maximum()
    _show(panel, "several")
    assert bar.value() == 0


@pytest.mark.parametrize(("before", "after"), [("asked age", "asked age again"), ("read first", "read first again")])
def test_what_was_typed_for_one_film_cannot_be_brought_back_on_another(
    panel: FindingsPanel, before: str, after: str
) -> None:
    _show(panel, before)
    (field,) = [found for found in panel.findChildren(QLineEdit) if found.isVisible()]
    QTest.keyClicks(field, "12")
    QTest.keyClick(field, Qt.Key.Key_Backspace)
    QTest.keyClick(field, Qt.Key.Key_Backspace)  # empty again, but not forgotten
    state, how = STATES[before]
    assert state is not None
    panel.show_state(replace(state, key=after), Settings(), **{"hidden": False, "chosen": None, **how})
    (field,) = [found for found in panel.findChildren(QLineEdit) if found.isVisible()]
    QTest.keySequence(field, QKeySequence.StandardKey.Undo)
    QTest.keySequence(field, QKeySequence.StandardKey.Redo)
    assert field.text() == ""


def test_a_finding_that_this_film_has_no_result_for_does_not_answer(panel: FindingsPanel) -> None:
    chosen: list[tuple[str, str]] = []
    panel.map_chosen.connect(lambda *choice: chosen.append(choice))
    _show(panel, "several")
    maps = [b for b in panel.cards[MANY.id].findChildren(QAbstractButton) if b.isVisible() and b.text() == "Map"]
    assert len(maps) == 2
    _show(panel, "two of three")
    for button in maps:
        button.click()
    assert chosen == [(MANY.id, "edema")]


def test_a_theme_reaches_what_is_kept(panel: FindingsPanel) -> None:
    from cxrdesk.ui import theme

    app = QApplication.instance()
    assert isinstance(app, QApplication)
    _show(panel, "positive")
    dark = {shape.colour for shape in panel.findChildren(ShapeLabel) if shape.isVisible()}
    try:
        theme.apply(app, "light")
        panel.restyle()
        _show(panel, "positive")
        assert {shape.colour for shape in panel.findChildren(ShapeLabel) if shape.isVisible()} == {theme.LIGHT.positive}
        assert dark == {theme.DARK.positive}
    finally:
        theme.apply(app, "dark")


def test_two_films_in_the_window_never_share_a_line(make_seat: Callable[..., Seat], pictures: list[Path]) -> None:
    """Back and forth between a film with results and one whose job has yet to answer."""
    seat = make_seat()
    first = seat.open(*pictures[:2])
    job, film, _ = seat.queue.submitted[-1]
    for event in events(job, film.digest, mask_done(film.digest), scored(film.digest, 0.94, Call.POSITIVE)):
        seat.reading.on_event(event)
    other = next(state for state in seat.reading.session.states if state is not first)
    for _ in range(3):
        seat.reading.show(other.key)
        seat.qtbot.waitUntil(lambda: seat.reading.shown is not None)
        held = "\n".join(text for widget in seat.window.findings.findChildren(QWidget) for text in _words(widget))
        assert "0.94" not in held
        assert "positive at" not in held
        seat.reading.show(first.key)
        seat.qtbot.waitUntil(lambda: seat.reading.shown is not None)
        assert "0.940" in "".join(
            found.text() for found in seat.window.findings.findChildren(QLabel) if found.isVisible()
        )
