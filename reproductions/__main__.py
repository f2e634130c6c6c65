"""``python -m reproductions NAME --data DIR --out DIR``: run a study and write its ``results.json``."""

from __future__ import annotations

import argparse
import importlib
import json
import platform
from pathlib import Path

import torch

from reproductions.learning import half

STUDIES = {"pneumonia-inception": "reproductions.pneumonia_inception"}


def main(arguments: list[str] | None = None) -> None:
    """Run the study that is named."""
    parser = argparse.ArgumentParser(prog="python -m reproductions", description=__doc__)
    parser.add_argument("study", choices=sorted(STUDIES))
    parser.add_argument("--data", type=Path, required=True, help="folder of the data sets, as 'data prepare' makes it")
    parser.add_argument("--out", type=Path, required=True, help="folder for runs and results; go on where it stopped")
    parser.add_argument("--seeds", type=int, default=None, help="trainings of each kind; else as the study says")
    asked = parser.parse_args(arguments)
    module = importlib.import_module(STUDIES[asked.study])
    options = {} if asked.seeds is None else {"seeds": asked.seeds}
    results = module.study(asked.data, asked.out / "runs", **options)
    versions = {"python": platform.python_version(), "torch": torch.__version__, "threads": torch.get_num_threads(),
                "bfloat16": half()}  # fmt: skip
    path = asked.out / "results.json"
    path.write_text(json.dumps({"study": asked.study, "made_with": versions, "results": results}, indent=1) + "\n")
    print(path)


if __name__ == "__main__":
    main()
