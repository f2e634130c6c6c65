"""Measures detectors and outlines on simulated films, as plugins/README.md quotes them: ``python -m tests.figures``.

It simulates each one's films under the strong randomisation, from a seed that no recipe draws from, runs the
commands that plugins/README.md shows, and keeps what they print in plugins/figures. ``python -m tests.readme`` then
writes the tables.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FIGURES = ROOT / "plugins/figures"
SEED, PATIENTS = 301, 120
SIZE, FORMAT = 256, "png"
OUTLINES = ("lungmask-adults", "lungmask-children")
OUTLINED_SIZE, OUTLINED_FORMAT = 512, "dicom"
"""Fine, and with the spacing that distances in mm need."""
FINDINGS = ("atelectasis", "cardiomegaly", "consolidation", "edema", "effusion")
SETS = {
    "asthma": (("chest-pa",), ("hyperinflation",), 0.5),
    "croup": (("neck-ap",), ("subglottic_narrowing",), 0.5),
    "chexpert": (("chest-pa", "chest-lateral"), FINDINGS, 0.3),
    "lungmask-adults": (("chest-pa",), FINDINGS, 0.3),
    "lungmask-children": (("child-ap",), FINDINGS, 0.3),
}
"""Detector or segmenter, and which films, to the films of each patient, the findings, and how often each is there."""
AUDITED = ("asthma", "croup")
"""Whose saliency maps are measured too; for five findings on two films of each study that takes an hour."""


def commands(name: str) -> list[str]:
    """What a reader types to measure one; FILMS is a folder of theirs."""
    kinds, findings, prevalence = SETS[name]
    told = " ".join([*(f"--kind {kind}" for kind in kinds), *(f"--finding {finding}" for finding in findings)])
    size, file = (OUTLINED_SIZE, OUTLINED_FORMAT) if name in OUTLINES else (SIZE, FORMAT)
    rest = f"--prevalence {prevalence} --variant strong --seed {SEED} --count {PATIENTS} --size {size} --format {file}"
    model = name.partition("-")[0]
    return [
        f"cxrdesk phantom {told} {rest} --out FILMS/{name}",
        f"cxrdesk evaluate {model} --data FILMS/{name}{' --saliency' * (name in AUDITED)} --json",
    ]


def main(names: list[str]) -> int:
    """Measure the named ones, all where none is named."""
    FIGURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as films:
        for name in names or SETS:
            simulate, evaluate = (line.replace("FILMS", films).split()[1:] for line in commands(name))
            subprocess.run([sys.executable, "-m", "cxrdesk", *simulate], check=True)
            done = subprocess.run([sys.executable, "-m", "cxrdesk", *evaluate], check=True, stdout=subprocess.PIPE)
            (FIGURES / f"{name}.json").write_bytes(done.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
