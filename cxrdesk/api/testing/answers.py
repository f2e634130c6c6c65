"""Checks of scores and masks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxrdesk.api.detector import Detector, Mask, ModelInput, Prediction
from cxrdesk.api.testing.checks import Skipped, check, raised
from cxrdesk.api.testing.subject import Given, Subject, odd_films

SAME = 1e-5
"""Two answers that differ by less are the same."""


def differ(first: NDArray[Any], second: NDArray[Any]) -> str | None:
    """By how much, in words, or None where they are the same."""
    if first.shape != second.shape:
        return f"{first.shape} is not {second.shape}"
    if np.allclose(first, second, rtol=0, atol=SAME, equal_nan=True):
        return None
    return f"by {float(np.nanmax(np.abs(first - second))):.2g}"


def steady(subject: Subject, model: Any, given: Given) -> NDArray[np.float64]:
    """The answer to films, asked twice; a model that answers differently each time is told once, by `deterministic`."""
    first = subject.answer(model, given)
    if differ(first, subject.answer(model, given)):
        raise Skipped("its answers change from time to time")
    return first


@check(
    "cpu",
    title="It loads and answers on the CPU, whatever it prefers",
    method="load",
    mend="Mend what load, prepare or predict raises; they compute on self.context.device, which here is 'cpu'",
)
def cpu(subject: Subject) -> Iterator[str]:
    """Load and answer once, with no other device on offer."""
    model = subject.loaded()
    subject.answer(model, subject.study(1))
    for name, value in sorted(vars(model).items()):
        parameters = getattr(value, "parameters", None)
        if callable(parameters):
            elsewhere = {str(item.device) for item in parameters()} - {"cpu"}
            if elsewhere:
                yield f"self.{name} lies on {', '.join(sorted(elsewhere))}, and the context says cpu"


@check(
    "answers",
    title="Probabilities are finite, within 0..1, one for each finding; masks are float32 within 0..1",
    method="predict",
    mend="Answer Prediction(probabilities={finding: 0..1}) with the keys of spec.findings, or a Mask of spec.structure",
)
def answers(subject: Subject) -> Iterator[str]:
    """Three studies' answers."""
    model = subject.loaded()
    for seed in range(3):
        yield from wrong_answer(subject, model, subject.prepared(model, subject.study(seed)))


def wrong_answer(subject: Subject, model: Any, inputs: list[ModelInput]) -> Iterator[str]:
    """What is wrong with a model's answer to inputs."""
    if not issubclass(subject.model, Detector):
        for item in inputs:
            yield from _wrong_mask(subject, model.segment(item))
        return
    told = model.predict(inputs)
    if not isinstance(told, Prediction):
        yield f"predict answered with a {type(told).__name__}"
        return
    if set(told.probabilities) != set(subject.findings):
        yield f"predict answered about {sorted(told.probabilities)}, not {sorted(subject.findings)}"
    for finding, value in told.probabilities.items():
        if not 0 <= value <= 1:
            yield f"the probability of {finding} is {value}"


def _wrong_mask(subject: Subject, mask: Any) -> Iterator[str]:
    if not isinstance(mask, Mask):
        yield f"segment answered with a {type(mask).__name__}"
        return
    wanted = getattr(subject.spec, "structure", "")
    if mask.structure != wanted:
        yield f"segment outlined {mask.structure!r}, not {wanted!r}"
    values = mask.values
    if values.dtype != np.float32 or values.ndim != 2 or not np.isfinite(values).all():
        yield f"the mask is {values.dtype} {values.shape}, or not finite"
    elif values.min() < 0 or values.max() > 1:
        yield f"the mask's values reach from {values.min()} to {values.max()}"


@check(
    "deterministic",
    title="The same film gets the same answer each time",
    method="predict",
    mend="Switch off dropout and other chance (model.eval()), seed what must be random, and keep nothing between films",
)
def deterministic(subject: Subject) -> Iterator[str]:
    """One study, asked three times."""
    model, given = subject.loaded(), subject.study(2)
    first = subject.answer(model, given)
    for _ in range(2):
        if off := differ(first, subject.answer(model, given)):
            yield f"the same film was answered differently ({off})"
            return


@check(
    "companions",
    title="A film's answer does not depend on the films that were scored before it",
    method="predict",
    mend="Keep no statistics, caches or normalisation from other films; batch normalisation belongs into eval mode",
)
def companions(subject: Subject) -> Iterator[str]:
    """One study before and after others, and beside another film where several are taken."""
    model, given = subject.loaded(), subject.study(3)
    first = steady(subject, model, given)
    for seed in (4, 5, 6):
        subject.answer(model, subject.study(seed))
    most = subject.spec.scope.films[1]
    if issubclass(subject.model, Detector) and most > len(given.films):
        subject.answer(model, given + subject.study(7, count=1))
    if off := differ(first, subject.answer(model, given)):
        yield f"after other films the same film was answered differently ({off})"


@check(
    "order",
    title="The order of a study's films decides nothing",
    method="predict",
    mend="Combine films by a rule that has no order, such as the mean or the largest; tell views by film.view",
)
def order(subject: Subject) -> Iterator[str]:
    """A study forwards and backwards."""
    fewest, most = subject.spec.scope.films
    if most < 2 or not issubclass(subject.model, Detector):
        raise Skipped("it takes one film at a time")
    model, given = subject.loaded(), subject.study(8, count=max(2, fewest))
    first = steady(subject, model, given)
    turned = Given(films=list(reversed(given.films)), masks=list(reversed(given.masks)))
    if off := differ(first, subject.answer(model, turned)):
        yield f"the same films in another order were answered differently ({off})"


@check(
    "input-unchanged",
    title="Films, masks and prepared inputs are left as they were",
    method="predict",
    mend="Copy before changing: tensor = item.tensor.copy(); torch.from_numpy shares memory, so clone() there",
)
def input_unchanged(subject: Subject) -> Iterator[str]:
    """Digests of all that is handed over, before and after."""
    model, given = subject.loaded(), subject.study(9)
    stored = [film.stored.copy() for film in given.films]
    masks = [{key: mask.values.copy() for key, mask in known.items()} for known in given.masks]
    inputs = subject.prepared(model, given)
    tensors = [item.tensor.copy() for item in inputs]
    subject.scores(model, inputs)
    if getattr(subject.spec, "saliency", None) is not None:
        model.explain(inputs, subject.findings[0])
    if any((film.stored != kept).any() for film, kept in zip(given.films, stored, strict=True)):
        yield "the film's stored pixels were changed"
    for known, kept_masks in zip(given.masks, masks, strict=True):
        if any((known[key].values != kept_masks[key]).any() for key in known):
            yield "a mask was changed"
    if any(not np.array_equal(item.tensor, kept) for item, kept in zip(inputs, tensors, strict=True)):
        yield "the prepared tensor was changed by predict, segment or explain"


@check(
    "odd-films",
    title="All-black, all-white, tiny and huge films get a valid answer",
    method="prepare",
    mend="Guard divisions by a range that may be 0, and resize to the model's grid before anything that costs by pixel",
)
def odd_ones(subject: Subject) -> Iterator[str]:
    """Each odd film on its own; the black one is explained too."""
    model = subject.loaded()
    # What is wrong with every answer is told by another check.
    usual = set(wrong_answer(subject, model, subject.prepared(model, subject.study(10))))
    for k, (name, stored) in enumerate(odd_films(subject.spec).items()):
        try:
            given = subject.given(*[stored] * subject.spec.scope.films[0])
            inputs = subject.prepared(model, given)
            yield from (f"{name}: {what}" for what in wrong_answer(subject, model, inputs) if what not in usual)
            if k == 0 and getattr(subject.spec, "saliency", None) is not None:
                model.explain(inputs, subject.findings[0])
        except Exception as error:  # noqa: BLE001 - told with the film's name
            if raised(error) not in subject.raised:
                yield f"{name}: {raised(error)}"
