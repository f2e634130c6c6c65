"""Findings and structures: plugins name a key, never a code."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Term:
    """A finding or structure.

    Parameters
    ----------
    key : str
        What plugins, bundles and JSON use.
    name : str
        What the screen shows.
    snomed_ct : str or None
        SNOMED CT concept identifier; None where no source that we could read states it.
    source : str
        Where the code is stated.
    """

    key: str
    name: str
    snomed_ct: str | None = None
    source: str = ""


FINDINGS = {
    term.key: term
    for term in (
        Term(
            key="pneumonia",
            name="Pneumonia",
            snomed_ct="233604007",
            source="HL7 C-CDA on FHIR implementation guide, example Condition-CF-problem",
        ),
    )
}
STRUCTURES = {
    term.key: term
    for term in (Term(key="lungs", name="Lungs", snomed_ct="39607008", source="DICOM PS3.16 annex L, body part LUNG"),)
}
