"""Nothing is cut off in any theme and size of text, at any scaling of the screen."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("sizes_script.py")


@pytest.mark.parametrize(
    ("theme", "text_size", "factor", "screen"),
    [
        ("contrast", "largest", "1", (1920, 1080)),
        ("light", "large", "1.5", (2560, 1440)),
        ("dark", "normal", "2", (2732, 1536)),
        ("contrast", "large", "2.5", (3840, 2160)),
    ],
)
def test_everything_is_readable(
    theme: str,
    text_size: str,
    factor: str,
    screen: tuple[int, int],
    plain_environment: dict[str, str],
    repository: Path,
    tmp_path: Path,
) -> None:
    one = {"name": "one", "x": 0, "y": 0, "width": screen[0], "height": screen[1], "dpr": 1}
    (tmp_path / "screen.json").write_text(json.dumps({"screens": [one | {"logicalDpi": 96, "logicalBaseDpi": 96}]}))
    environment = plain_environment | {
        "QT_QPA_PLATFORM": f"offscreen:configfile={tmp_path / 'screen.json'}",
        "QT_SCALE_FACTOR": factor,
        "PYTHONPATH": str(repository),
    }
    done = subprocess.run(
        [sys.executable, str(SCRIPT), theme, text_size],
        capture_output=True, text=True, env=environment, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {}
