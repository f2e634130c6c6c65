"""What may stand in the corners of a film, and what of it the reader wants; knows no Qt."""

from __future__ import annotations

from cxrdesk.imaging.presentation import Presentation
from cxrdesk.imaging.radiograph import Radiograph
from cxrdesk.studies.settings import Settings
from cxrdesk.ui import film_words
from cxrdesk.ui.naming import Naming
from cxrdesk.ui.session import FilmState
from cxrdesk.ui.viewer.corners import CornerContent

ITEMS = {
    "name": "Patient's name",
    "patient_id": "Patient ID",
    "birth_date": "Birth date",
    "sex": "Sex",
    "view": "View",
    "age": "Age",
    "study_date": "Study date",
    "description": "Description",
    "modality": "Modality",
    "laterality": "Laterality",
    "window": "Window",
    "zoom": "Zoom",
    "scale": "Scale bar",
    "markers": "Left and right, head and feet",
}
"""Names of the settings' corner texts, with what they are called; in the order in which they stand."""

MASKABLE = frozenset({"name", "patient_id", "birth_date"})
"""Which of them names the patient."""

_LATERALITY = {"R": "Right side", "L": "Left side", "B": "Both sides", "U": ""}
_SEX = {"F": "Female", "M": "Male", "O": "Sex: other"}


def corner_content(
    state: FilmState, radiograph: Radiograph | None, presentation: Presentation, settings: Settings, naming: Naming
) -> CornerContent:
    """The corners of one film."""
    wanted, film = set(settings.corner_texts), state.film
    texts: dict[str, str] = {}
    if film is not None:
        texts["name"] = naming.patient(film)
        texts["description"] = naming.description(film)
        texts["modality"] = film.modality or ""
        texts["study_date"] = film.study_date.isoformat() if film.study_date is not None else ""
        if not naming.masked:
            born = film.identity.birth_date
            texts["patient_id"] = film.identity.patient_id or ""
            texts["birth_date"] = f"Born {born.isoformat()}" if born is not None else ""
    if radiograph is not None:
        texts["view"], texts["age"] = film_words.film_lines(radiograph, state.answered)
        texts["sex"] = _SEX.get(radiograph.patient_sex or "", "")
    texts["laterality"] = _LATERALITY.get(presentation.laterality or "", "")
    phantom = radiograph is not None and radiograph.source == "phantom"

    def lines(*names: str) -> tuple[str, ...]:
        return tuple(texts[name] for name in names if name in wanted and texts.get(name))

    return CornerContent(
        upper_left=lines("name", "patient_id", "birth_date", "sex", "view", "age"),
        upper_right=lines("study_date", "description", "modality", "laterality"),
        badge=film_words.PHANTOM_BADGE if phantom else None,
        window="window" in wanted,
        zoom="zoom" in wanted,
        scale="scale" in wanted,
        orientation=presentation.orientation if "markers" in wanted else None,
    )
