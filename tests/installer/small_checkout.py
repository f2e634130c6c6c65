"""A small checkout with the real installer: pip is real, the projects and the tools under test are stand-ins."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

INSTALLER = Path(__file__).parents[2] / "installer"
BACKEND = """
import os, pathlib, time, tomllib, zipfile

def _wheel(folder, files):
    project = tomllib.loads(pathlib.Path("pyproject.toml").read_text())["project"]
    stem = project["name"].replace("-", "_") + "-1.0"
    info = f"{stem}.dist-info/"
    files[info + "METADATA"] = f"Metadata-Version: 2.1\\nName: {project['name']}\\nVersion: 1.0\\n" + "".join(
        f"Provides-Extra: {extra}\\n" for extra in ("onnx", "train", "test")) + "".join(
        f"Requires-Dist: {requirement}\\n" for requirement in project.get("dependencies", ()))
    files[info + "WHEEL"] = "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
    files[info + "entry_points.txt"] = f"[cxrdesk.plugins]\\n{project['name']} = {stem}\\n"
    files[info + "RECORD"] = "".join(f"{name},,\\n" for name in files) + info + "RECORD,,\\n"
    with zipfile.ZipFile(pathlib.Path(folder, f"{stem}-py3-none-any.whl"), "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return f"{stem}-py3-none-any.whl"

def build_wheel(folder, config_settings=None, metadata_directory=None):
    return _wheel(folder, {str(p): p.read_text() for p in pathlib.Path().glob("cxrdesk/*.py")})

def build_editable(folder, config_settings=None, metadata_directory=None):
    if waiting := os.environ.get("STAND_IN_WAITS"):
        pathlib.Path(waiting).touch()
        time.sleep(60)
    return _wheel(folder, {pathlib.Path.cwd().name + ".pth": str(pathlib.Path.cwd())})
"""
PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "{}"
"""
APPLICATION = """
import sys
from importlib.metadata import entry_points
print("demo with", sys.argv[1:], "and", sorted(p.name for p in entry_points(group="cxrdesk.plugins")), flush=True)
sys.exit(3 if "--three" in sys.argv else 0)
"""
TOOL = """
import os, sys
def lint_imports_command():
    print(__name__, sys.argv[1:], os.environ["QT_QPA_PLATFORM"], os.environ.get("CXRDESK_DATA"), flush=True)
    sys.exit(os.environ.get("STAND_IN_FAILS") == TOOL)
TOOL = {!r}
if __name__ == "__main__":
    lint_imports_command()
"""


def make_index(folder: Path, *distributions: tuple[str, str]) -> str:
    """Make a package index of empty wheels, one for each name and version, and return its address."""
    for name, version in distributions:
        place = folder / name
        place.mkdir(parents=True, exist_ok=True)
        info = f"{name}-{version}.dist-info"
        with zipfile.ZipFile(place / f"{name}-{version}-py3-none-any.whl", "w") as archive:
            archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
            archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            archive.writestr(f"{info}/RECORD", f"{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")
        links = (f'<a href="{wheel.name}">{wheel.name}</a>' for wheel in sorted(place.glob("*.whl")))
        (place / "index.html").write_text("<!DOCTYPE html><html><body>" + "\n".join(links), "utf-8")
    return folder.as_uri()


class Checkout:
    """The small checkout, and a way to call its bootstrap.py with no network in reach."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.log = root / ".venv" / "setup.log"
        for folder, name in {
            ".": "cxrdesk",
            "plugins/cxrdesk-one": "cxrdesk-one",
            "plugins/two": "cxrdesk-two",
        }.items():
            self.write(f"{folder}/pyproject.toml", PYPROJECT.format(name))
            self.write(f"{folder}/backend.py", BACKEND)
        self.write("cxrdesk/__init__.py", "")
        self.write("cxrdesk/__main__.py", APPLICATION)
        for tool in ("ruff", "mypy", "pytest"):
            self.write(f"{tool}.py", TOOL.format(tool))
        self.write("importlinter/cli.py", TOOL.format("lint-imports"))
        shutil.copytree(INSTALLER, root / "installer", ignore=shutil.ignore_patterns("__pycache__"))
        self.write("installer/constraints.txt", "# nothing is needed\n")

    def write(self, name: str, text: str) -> None:
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")

    def start(self, *arguments: str, script: Path | None = None, **environ: str) -> "subprocess.Popen[str]":
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHON"))}
        nowhere = {"PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0"}
        environment |= nowhere | {"QT_QPA_PLATFORM": "offscreen"} | environ
        command = [sys.executable, str(script or self.root / "installer/bootstrap.py"), *arguments]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, env=environment, cwd=self.root.parent, text=True, stdout=pipe, stderr=pipe)

    def call(self, *arguments: str, script: Path | None = None, **environ: str) -> tuple[int, str, str]:
        process = self.start(*arguments, script=script, **environ)
        out, err = process.communicate(timeout=120)
        return process.returncode, out, err
