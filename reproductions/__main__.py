"""``python -m reproductions NAME --data DIR --out DIR``: run a study and write its ``results.json``.

``python -m reproductions table --out DIR...`` keeps what studies wrote there and fills the table of plugins/README.md.
"""

from __future__ import annotations

import argparse
import importlib
import json
import platform
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

import cxrdesk
from cxrdesk.cli.exits import Exit
from cxrdesk.imaging.errors import UserError
from cxrdesk.packages.files import writing
from reproductions.learning import half
from reproductions.owning import owned
from reproductions.runs import counted

STUDIES = {
    "asthma-sequence": "reproductions.asthma_sequence",
    "croup-gan": "reproductions.croup_gan",
    "pneumonia-inception": "reproductions.pneumonia_inception",
    "pneumonia-fusion": "reproductions.pneumonia_fusion",
    "chexpert-policies": "reproductions.chexpert_policies",
    "chexpert-resolution": "reproductions.chexpert_resolution",
}


def main(arguments: list[str] | None = None) -> None:
    """Run the study that is named."""
    given = sys.argv[1:] if arguments is None else arguments
    if given[:1] == ["table"]:
        from reproductions import table

        table.main(given[1:])
        return
    parser = argparse.ArgumentParser(prog="python -m reproductions", description=__doc__)
    parser.add_argument("study", choices=sorted(STUDIES), help="or 'table', with its own options")
    parser.add_argument("--data", type=Path, help="folder of the data sets, as 'data prepare' makes it")
    parser.add_argument("--out", type=Path, required=True, help="folder for runs and results; go on where it stopped")
    parser.add_argument(
        "--seeds", type=_seeds, help="trainings of each kind, some studies make fewer of some; else as the study says"
    )
    asked = parser.parse_args(given)
    if asked.data is not None and not asked.data.is_dir():
        parser.error(f"{asked.data} is no folder")
    module = importlib.import_module(STUDIES[asked.study])
    seeds = module.SEEDS if asked.seeds is None else asked.seeds
    try:
        with owned(asked.out, asked.study, asked.data), counted() as spent:
            results = module.study(asked.data, asked.out / "runs", seeds=seeds)
            print(_written(asked.out, asked.study, seeds, spent, results))
    except UserError as error:
        parser.error(error.text)
    except KeyboardInterrupt:
        print("stopped; the same command goes on after the last finished run", file=sys.stderr)
        sys.exit(Exit.CANCELLED)


def _seeds(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError("a whole number from 1")
    return int(text)


def _written(out: Path, study: str, seeds: int, spent: dict[Path, float], results: dict[str, Any]) -> Path:
    told = {
        "study": study,
        "command": f"python -m reproductions {study} --data DIR --out DIR --seeds {seeds}",
        "seeds": seeds,
        "seconds": round(sum(spent.values())),
        "made_with": made_with(),
        "results": results,
    }
    path = out / "results.json"
    with writing(path):
        path.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return path


def made_with() -> dict[str, object]:
    """What the figures hang on beside the films and the seeds."""
    return {name: version(name) for name in ("torch", "timm", "numpy", "scikit-learn")} | {
        "python": platform.python_version(),
        "cxrdesk": cxrdesk.__version__,
        "threads": torch.get_num_threads(),
        "bfloat16": half(),
    }


if __name__ == "__main__":
    main()
