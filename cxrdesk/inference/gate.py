"""Which films a model may see. A refused film never reaches the model; each refusal has a code and a sentence."""

from __future__ import annotations

from cxrdesk.api.spec import FilmScope, parse_view
from cxrdesk.imaging.quality import FilmLook
from cxrdesk.imaging.radiograph import Projection, Radiograph
from cxrdesk.imaging.words import age_range_text, age_text, view_words
from cxrdesk.inference.result import Reason


def refusals(film: Radiograph, scope: FilmScope, look: FilmLook) -> tuple[Reason, ...]:
    """Why a film is outside `scope`; empty if it is inside.

    Parameters
    ----------
    look : FilmLook
        What the film looks like, from `cxrdesk.imaging.quality.look`.
    """
    checks = (_modality, _size, _view, _age)
    reasons = [reason for check in checks if (reason := check(film, scope))]
    # What shows another part than is read gets that reason alone: asking its view or age would mislead.
    wrong = _look(film, look) if _wants_frontal_chest(film, scope) else _chest(scope, look)
    if wrong is not None:
        return (*[r for r in reasons if r.question is None], wrong)
    return tuple(reasons)


def _wants_frontal_chest(film: Radiograph, scope: FilmScope) -> bool:
    """Whether the film could only be taken as a frontal chest film."""
    views = [parse_view(name) for name in scope.views]
    others = any(view.body_part != "chest" for view in views)
    lateral = any(view.projection is Projection.LATERAL for view in views)
    return not others and not (lateral and film.view.projection in (None, Projection.LATERAL))


def _modality(film: Radiograph, scope: FilmScope) -> Reason | None:
    if film.modality is None or film.modality in scope.modalities:
        return None
    return Reason(
        code="modality",
        text=f"The film's modality is {film.modality}; this reads {_or(scope.modalities)} only.",
    )


def _size(film: Radiograph, scope: FilmScope) -> Reason | None:
    rows, cols = film.shape
    if rows >= scope.min_size[0] and cols >= scope.min_size[1]:
        return None
    return Reason(
        code="too-small",
        text=f"The film has {rows} x {cols} pixels; at least {scope.min_size[0]} x {scope.min_size[1]} are needed.",
    )


def _view(film: Radiograph, scope: FilmScope) -> Reason | None:
    wanted = _or(tuple(view_words(parse_view(name)) for name in scope.views))
    parts = {name.partition("-")[0] for name in scope.views}
    part = film.view.body_part
    if part is not None and part not in parts:
        return Reason(code="wrong-body-part", text=f"The film shows the {part}; this reads {wanted} only.")
    if part is None or film.view.projection is None:
        if not scope.stated_view:
            return None
        return Reason(code="view-unknown", text=f"The film does not say its view; is it {wanted}?", question="view")
    if scope.admits(film.view):
        return None
    return Reason(code="wrong-view", text=f"The film's view is {view_words(film.view)}; this reads {wanted} only.")


def _age(film: Radiograph, scope: FilmScope) -> Reason | None:
    if scope.age_years is None:
        return None
    youngest, too_old = scope.age_years
    span = age_range_text(scope.age_years)
    age = film.patient_age_years
    if age is None:
        why = next((note for note in film.notes if "the age is unknown" in note), None)
        why = why or "The film does not say the patient's age"
        return Reason(code="age-unknown", text=f"{why}; this is for patients {span}.", question="age")
    if youngest <= age < too_old:
        return None
    code = "too-young" if age < youngest else "too-old"
    return Reason(code=code, text=f"The patient is {age_text(age)} old; this is for patients {span}.")


def _look(film: Radiograph, look: FilmLook) -> Reason | None:
    if look.accepted:
        return None
    return Reason(
        code="not-a-chest-film",
        text="The picture does not look like an upright frontal chest film"
        f" (likeness {look.likeness:.2f}, at least {look.threshold:.2f} is needed):"
        " another part, turned, a negative, or no radiograph.",
    )


def _chest(scope: FilmScope, look: FilmLook) -> Reason | None:
    """Whether a film for a scope without any chest looks like one."""
    if not look.accepted or any(parse_view(name).body_part == "chest" for name in scope.views):
        return None
    wanted = _or(tuple(view_words(parse_view(name)) for name in scope.views))
    return Reason(
        code="looks-like-a-chest",
        text=f"The picture looks like a frontal chest film (likeness {look.likeness:.2f}); this reads {wanted} only.",
    )


def _or(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
