"""What the authors of TorchXRayVision published about each set of weights.

Labels and thresholds: ``torchxrayvision/models.py`` of version 1.5.7, ``labels`` and ``op_threshs`` (Apache-2.0). How
the thresholds were chosen: its ``scripts/model_calibrate.py``. The authors publish neither the sensitivity nor the
specificity at these thresholds, nor digests of the files; the digests are those that others recorded of the release.
"""

from __future__ import annotations

from dataclasses import dataclass

SOURCE = "torchxrayvision 1.5.7, models.py and scripts/model_calibrate.py"
PAPER = "Cohen et al. 2020, arXiv 2002.02497"
OUTPUTS = {
    "Atelectasis": "atelectasis",
    "Consolidation": "consolidation",
    "Infiltration": "infiltration",
    "Pneumothorax": "pneumothorax",
    "Edema": "edema",
    "Emphysema": "emphysema",
    "Fibrosis": "fibrosis",
    "Effusion": "effusion",
    "Pneumonia": "pneumonia",
    "Pleural_Thickening": "pleural_thickening",
    "Cardiomegaly": "cardiomegaly",
    "Nodule": "nodule",
    "Mass": "mass",
    "Hernia": "hernia",
    "Lung Lesion": "lung_lesion",
    "Fracture": "fracture",
    "Lung Opacity": "opacity",
    "Enlarged Cardiomediastinum": "enlarged_cardiomediastinum",
}
"""The network's outputs in their order, and the finding that each is."""

NIH = "NIH ChestX-ray14 (no restriction, to be cited)"
PADCHEST = "PadChest (research use agreement of BIMCV)"
CHEXPERT = "CheXpert (Stanford research use agreement, not commercial)"
MIMIC = "MIMIC-CXR (PhysioNet credentialed health data licence)"
RSNA = "RSNA Pneumonia Detection Challenge (rules of the challenge, not commercial)"
OPENI = "Open-i Indiana (CC BY-NC-ND 4.0)"
GOOGLE = "Google's labels of NIH ChestX-ray14"


@dataclass(frozen=True, kw_only=True)
class Weights:
    """One set.

    Parameters
    ----------
    name : str
        What ``torchxrayvision`` calls it, without ``densenet121-res224-``.
    file : str
        How the release's file begins.
    data : tuple of str
        The data sets it was trained on, with their terms.
    thresholds : dict of float
        By output; an output without one was not trained.
    sha256 : str
        Of the release's file; empty where no digest is known.
    """

    name: str
    file: str
    data: tuple[str, ...]
    thresholds: dict[str, float]
    sha256: str = ""

    @property
    def findings(self) -> tuple[str, ...]:
        """Keys of the findings that it was trained for, in the order of the outputs."""
        return tuple(OUTPUTS[output] for output in self.thresholds)

    @property
    def rows(self) -> list[int]:
        """Which outputs of the network those are."""
        return [index for index, output in enumerate(OUTPUTS) if output in self.thresholds]


_FILE = "{}-densenet121-d121-tw-lr001-rot45-tr15-sc15-seed0-best"
_FIRST = tuple(OUTPUTS)[:14]
_CHEXPERT_LABELS = (
    "Atelectasis", "Consolidation", "Pneumothorax", "Edema", "Effusion", "Pneumonia", "Cardiomegaly", "Lung Lesion",
    "Fracture", "Lung Opacity", "Enlarged Cardiomediastinum",
)  # fmt: skip


def _by(labels: tuple[str, ...], *values: float) -> dict[str, float]:
    return dict(zip(labels, values, strict=True))


WEIGHTS = (
    Weights(
        name="all",
        file=_FILE.format("nih-pc-chex-mimic_ch-google-openi-kaggle"),
        data=(NIH, PADCHEST, CHEXPERT, MIMIC, GOOGLE, OPENI, RSNA),
        thresholds=_by(
            tuple(OUTPUTS), 0.07422872, 0.038290843, 0.09814756, 0.0098118475, 0.023601074, 0.0022490358, 0.010060724,
            0.103246614, 0.056810737, 0.026791653, 0.050318155, 0.023985857, 0.01939503, 0.042889766, 0.053369623,
            0.035975814, 0.20204692, 0.05015312,
        ),
        sha256="56524913dd16a906422e8d8b66a7a5c46be1d82eb7ac012d8103776f1aa68899",
    ),
    Weights(
        name="nih",
        file=_FILE.format("nih"),
        data=(NIH,),
        thresholds=_by(
            _FIRST, 0.039117552, 0.0034529066, 0.11396341, 0.0057298196, 0.00045666535, 0.0018880932, 0.012037827,
            0.038744126, 0.0037213727, 0.014730946, 0.016149804, 0.054241467, 0.037198864, 0.0004403434,
        ),
    ),
    Weights(
        name="pc",
        file=_FILE.format("pc"),
        data=(PADCHEST,),
        thresholds=_by(
            (*_FIRST, "Fracture"), 0.031012505, 0.013347598, 0.081435576, 0.001262615, 0.002587246, 0.0035944257,
            0.0023071, 0.055412333, 0.044385884, 0.042766232, 0.043258056, 0.037629247, 0.005658899, 0.0091741895,
            0.026507627,
        ),
        sha256="a9148ef62ae4e7a31a9bed8cef22811f39681cd61e4390398936efc6280af521",
    ),
    Weights(
        name="chex",
        file=_FILE.format("chex"),
        data=(CHEXPERT,),
        thresholds=_by(
            _CHEXPERT_LABELS, 0.1988969, 0.05710573, 0.0531293, 0.1435217, 0.27212676, 0.07749717, 0.19712369,
            0.09932402, 0.09273402, 0.3270967, 0.10888247,
        ),
        sha256="1a914ae802170187a4852e594708206c12468eeeefd66aa4e8e26141649d61a4",
    ),
    Weights(
        name="rsna",
        file=_FILE.format("kaggle"),
        data=(RSNA,),
        thresholds=_by(("Pneumonia", "Lung Opacity"), 0.13486601, 0.13511065),
    ),
    Weights(
        name="mimic_nb",
        file=_FILE.format("mimic_nb"),
        data=(MIMIC,),
        thresholds=_by(
            _CHEXPERT_LABELS, 0.08558747, 0.011884617, 0.0040595434, 0.010733786, 0.118761964, 0.022924708, 0.06358637,
            0.022143636, 0.017476924, 0.1258702, 0.014020768,
        ),
    ),
    Weights(
        name="mimic_ch",
        file=_FILE.format("mimic_ch"),
        data=(MIMIC,),
        thresholds=_by(
            _CHEXPERT_LABELS, 0.09121389, 0.010573786, 0.005023008, 0.003698257, 0.08001232, 0.037242252, 0.05006329,
            0.019866971, 0.03823637, 0.11303808, 0.0069147074,
        ),
        sha256="23b13a04459684ffa41247d068207a7657b4e1b4dec2b02431f5026bd75b1189",
    ),
)  # fmt: skip
