"""A short-lived process that imports plugins and says what they declare.

Started as ``python -m cxrdesk.discovery.child [--site FOLDER] NAME...``. It writes one JSON text to what was standard
output; whatever a plugin prints goes to standard error.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cxrdesk.discovery.plain import encoded
from cxrdesk.discovery.registry import Registry


def main(arguments: Sequence[str]) -> None:
    """List the distributions that `arguments` name and end, whatever threads they left."""
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    from cxrdesk.discovery.loader import load_registry

    site = Path(arguments[1]) if arguments[:1] == ["--site"] else None
    names = arguments[2:] if site is not None else arguments
    registry = load_registry(names, sites=() if site is None else (site,))
    text = json.dumps({name: told(registry, name) for name in names}, allow_nan=False)
    answer.write(text.encode())
    answer.close()
    os._exit(0)


def told(registry: Registry, distribution: str) -> dict[str, Any]:
    """What a registry holds of one distribution, as JSON types."""
    return {
        "plugins": [
            {
                "name": plugin.name,
                "detectors": [encoded(model.spec) for model in plugin.detectors],
                "segmenters": [encoded(model.spec) for model in plugin.segmenters],
            }
            for plugin in registry.plugins
            if plugin.distribution == distribution
        ],
        "failures": [
            {"name": failure.name, "code": failure.code, "reason": failure.reason}
            for failure in registry.failures
            if failure.distribution == distribution
        ],
    }


if __name__ == "__main__":
    main(sys.argv[1:])
