"""The sample studies that ship with cxrdesk: ``python -m cxrdesk.imaging.phantom.samples DIR`` writes them."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from pydicom.dataset import FileDataset

from cxrdesk.imaging.phantom.chest import ADULT_EXPOSURE, adult, child_bedside, simulate
from cxrdesk.imaging.phantom.dicom import to_dataset
from cxrdesk.imaging.phantom.findings import Opacity
from cxrdesk.imaging.phantom.neck import NeckParameters, SubglotticNarrowing, simulate_neck
from cxrdesk.imaging.radiograph import Projection


def sample_studies() -> Iterator[tuple[str, FileDataset]]:
    """(relative path, dataset) of each sample; each file stays under 1 MB uncompressed."""
    opacity = Opacity(side="right", zone="lower", severity=0.75, size=1.3)
    young = simulate(child_bedside(shape=(560, 812), opacity=opacity, seed=4))
    yield (
        "child-with-opacity/chest-ap.dcm",
        to_dataset(young, given_name="Child", study_description="Synthetic chest AP, right lower zone opacity"),
    )
    for projection in (Projection.PA, Projection.LATERAL):
        exposure = replace(ADULT_EXPOSURE, marker="L" if projection is Projection.LATERAL else "R")
        grown = simulate(adult(shape=(704, 704), seed=54, projection=projection, exposure=exposure))
        told = "Synthetic chest PA and lateral, no finding"
        yield (
            # The frontal film comes first where files are sorted by name.
            f"adult/{'chest-pa' if projection is Projection.PA else 'lateral'}.dcm",
            to_dataset(grown, given_name="Adult", study_description=told, study="sample adult"),
        )
    narrow = SubglotticNarrowing(severity=0.9)
    small = simulate_neck(NeckParameters(age_years=2.0, narrowing=narrow, shape=(640, 640), seed=7))
    yield (
        "child-neck/neck-ap.dcm",
        to_dataset(small, given_name="Toddler", study_description="Synthetic neck AP, narrowed subglottic airway"),
    )


def write_samples(folder: Path) -> list[Path]:
    """Write every sample study below `folder`, and return the files' paths."""
    written = []
    for name, dataset in sample_studies():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        dataset.save_as(path, enforce_file_format=True)
        written.append(path)
    return written


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Write the synthetic sample studies.")
    parser.add_argument("folder", type=Path, help="where to write them, for example resources/samples")
    for path in write_samples(parser.parse_args().folder):
        print(path)


if __name__ == "__main__":
    main()
