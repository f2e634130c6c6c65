"""What runs in a process of its own.

``python -m cxrdesk.api.testing MODULE`` tells in one JSON text what importing a plugin's module did; with the id of a
model, it checks that model and tells each outcome in a line.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from importlib import import_module

from cxrdesk.api.testing.checks import run_all
from cxrdesk.api.testing.listing import asked, look
from cxrdesk.api.testing.subject import Subject


def main(name: str, model_id: str | None = None) -> int:
    """Tell on what was standard output; what the plugin prints goes to standard error."""
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answer:
        os.dup2(2, 1)
        if model_id is None:
            print(json.dumps(asdict(look(name))), file=answer)
            return 0
        (model,) = [item for item in asked(import_module(name))[0] if item.spec.id == model_id]
        subject = Subject(model=model)

        def begun(key: str) -> None:
            print(json.dumps({"begun": key}), file=answer, flush=True)

        for made in run_all(subject, begun):
            print(json.dumps(asdict(made)), file=answer, flush=True)
        subject.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
