"""Films through gate, segmenters and detectors, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cxrdesk.cli import faults
from cxrdesk.cli.answers import GivenAnswers
from cxrdesk.discovery.registry import Registry
from cxrdesk.imaging.errors import FilmError
from cxrdesk.imaging.radiograph import Radiograph
from cxrdesk.inference.pipeline import FilmAnalysis, Options
from cxrdesk.inference.result import DetectorResult, MaskResult, Question, Status
from cxrdesk.inference.runners import Runner
from cxrdesk.studies.importers import Failure, Film

Step = Callable[[str], None]
"""Told of each model before it runs."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Analysed:
    """One film and everything said about it."""

    path: Path
    film: Radiograph
    masks: tuple[MaskResult, ...]
    detectors: tuple[DetectorResult, ...]
    answered: frozenset[Question]

    @property
    def failed(self) -> bool:
        """Whether a model failed; one that was not run has not."""
        ends = [mask.status for mask in self.masks] + [result.status for result in self.detectors]
        return Status.FAILED in ends


@dataclass
class Analysis:
    """What is the same for all films of a command.

    Parameters
    ----------
    on_fault : callable
        Given an exception that is a fault of cxrdesk, after it was logged; the other films still run.
    """

    registry: Registry
    runner: Runner
    answers: GivenAnswers
    options: Options
    notice: Callable[[str], None] = lambda _: None
    on_fault: Callable[[Exception], None] = lambda _: None
    _studies: Mapping[str, list[Film]] = field(default_factory=dict)

    def run(self, films: Iterable[Film], step: Step = lambda _: None) -> Iterator[Analysed | Failure]:
        """Each film's results, or why there are none."""
        wanted = list(films)
        self._studies = self._by_study(wanted)
        for film in wanted:
            try:
                yield self._one(film, step)
            except FilmError as error:
                yield Failure(path=film.path, code=error.code, text=error.text)
            except Exception as error:  # noqa: BLE001 - one film's fault is logged and told, and costs no other film
                self.on_fault(error)
                yield Failure(path=film.path, code="fault", text=f"{film.path.name} was given up. {faults.keep(error)}")

    def _one(self, film: Film, step: Step) -> Analysed:
        radiograph, answered = self._load(film)
        analysis = FilmAnalysis(
            radiograph,
            self.registry,
            self.runner,
            companions=self._companions(film),
            options=self.options,
            notice=self.notice,
        )
        masks, detectors = [], []
        for segmenter in self.registry.segmenters:
            step(segmenter.name)
            masks.append(analysis.segment(segmenter))
        for detector in self.registry.detectors:
            step(detector.name)
            detectors.append(analysis.detect(detector))
        return Analysed(
            path=film.path, film=radiograph, masks=tuple(masks), detectors=tuple(detectors), answered=answered
        )

    def _load(self, film: Film) -> tuple[Radiograph, frozenset[Question]]:
        return self.answers.checked(film.load(), film.path.name)

    def _by_study(self, films: list[Film]) -> dict[str, list[Film]]:
        """Films by study, where a detector takes several of one."""
        studies: dict[str, list[Film]] = {}
        if any(spec.scope.films[1] > 1 for spec in self.registry.detectors):
            for film in films:
                if film.study_uid is not None:
                    studies.setdefault(film.study_uid, []).append(film)
        return studies

    def _companions(self, film: Film) -> tuple[Radiograph, ...]:
        found = []
        for other in self._studies.get(film.study_uid or "", []):
            if other is not film:
                try:
                    found.append(self._load(other)[0])
                except FilmError:
                    continue  # told when its own turn comes
        return tuple(found)


def entry(analysed: Analysed, **about: Any) -> dict[str, Any]:
    """The film as a report holds it; `about` as of `cxrdesk.reports.json_report.film_entry`."""
    from cxrdesk.reports.json_report import film_entry

    return film_entry(
        analysed.film,
        path=str(analysed.path),
        masks=analysed.masks,
        detectors=analysed.detectors,
        answered=analysed.answered,
        **about,
    )
