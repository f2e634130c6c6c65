"""The authors' guide: its generated table of checks; ``python -m tests.authors`` writes it."""

from __future__ import annotations

import sys

from cxrdesk.api.testing import CHECKS
from cxrdesk.api.testing.running import IMPORTING
from tests.readme import ROOT, filled

GUIDE = ROOT / "plugins/AUTHORS.md"
START, END = "<!-- checks: python -m tests.authors -->\n", "<!-- end of checks -->"


def checks() -> str:
    """Markdown table of what is checked."""
    lines = ["| check | holds where it passes |", "| --- | --- |"]
    lines += [f"| `{key}` | {title} |" for key, (title, _) in IMPORTING.items()]
    lines += [f"| `{key}` | {check.title} |" for key, check in CHECKS.items()]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write the table into the guide."""
    GUIDE.write_text(filled(GUIDE.read_text(encoding="utf-8"), START, END, checks()), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
