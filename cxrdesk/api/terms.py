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
        Term(key="opacity", name="Opacity"),
        Term(key="consolidation", name="Consolidation"),
        Term(key="effusion", name="Pleural effusion", snomed_ct="60046008", source="DICOM PS3.16, CID 8134"),
        # PS3.16 states 287272002 for ultrasound of the fetus, other sources 8186001: no code.
        Term(key="cardiomegaly", name="Cardiomegaly"),
        Term(key="edema", name="Pulmonary edema", snomed_ct="19242006", source="DICOM PS3.16, CID 3700"),
        Term(key="atelectasis", name="Atelectasis"),
        Term(key="pneumothorax", name="Pneumothorax", snomed_ct="36118008", source="DICOM PS3.16, CID 6102"),
        Term(key="hyperinflation", name="Hyperinflation"),
        Term(key="subglottic_narrowing", name="Subglottic narrowing (steeple sign)"),
        # Labels that the large published data sets share; PS3.16 states no code for most of them.
        Term(key="emphysema", name="Emphysema"),
        Term(key="enlarged_cardiomediastinum", name="Enlarged cardiomediastinum"),
        Term(key="fibrosis", name="Pulmonary fibrosis"),
        Term(key="fracture", name="Fracture"),
        Term(key="hernia", name="Hiatal hernia"),
        Term(key="infiltration", name="Infiltration"),
        Term(key="lung_lesion", name="Lung lesion"),
        Term(key="mass", name="Mass", snomed_ct="4147007", source="DICOM PS3.16, CID 6102"),
        Term(key="nodule", name="Nodule", snomed_ct="27925004", source="DICOM PS3.16, CID 6102"),
        Term(key="pleural_thickening", name="Pleural thickening"),
    )
}
STRUCTURES = {
    term.key: term
    for term in (Term(key="lungs", name="Lungs", snomed_ct="39607008", source="DICOM PS3.16 annex L, body part LUNG"),)
}
