"""What an author may have overlooked in a package: warnings, for nothing of it keeps a package from working here."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Sequence
from email.message import Message
from importlib.metadata import distributions, packages_distributions
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name, canonicalize_version

from cxrdesk.packages.manifest import LICENCE, Manifest
from cxrdesk.packages.shipped import application

_PLACEHOLDERS = ("no licence has been chosen yet", "none chosen yet")
"""What 'cxrdesk plugins new' writes where the author has to say a licence."""


def overlooked(manifest: Manifest, folder: Path, told: Message) -> list[str]:
    """One sentence for each thing.

    Parameters
    ----------
    folder : Path
        With ``site`` and the licence's text.
    told : Message
        METADATA of the plugin's own wheel.
    """
    return [*_versions(manifest), *_imports(manifest.name, folder / "site", told), *_licence(folder)]


def _versions(manifest: Manifest) -> Iterator[str]:
    for model in manifest.models:
        if canonicalize_version(model.version) != canonicalize_version(manifest.version):
            text = f"{manifest.name} is version {manifest.version} and its model {model.id} {model.version}"
            yield f"{text}: raise both, in pyproject.toml and the recipe, so that clinics see what they have."


def _imports(name: str, site: Path, told: Message) -> Iterator[str]:
    here = {path.stem for path in site.iterdir() if path.suffix in ("", ".py")}
    declared = {canonicalize_name(requirement) for requirement in _declared(told)}
    known = packages_distributions()
    for module, path in sorted(_imported(site, name).items()):
        if module in here or module in sys.stdlib_module_names or module in ("cxrdesk", "__future__"):
            continue
        owners = {canonicalize_name(owner) for owner in known.get(module, (module,))}
        if not owners & declared and not any(application(owner) for owner in owners):
            text = f"{path} imports {module}, which {name} does not declare and cxrdesk does not ship"
            yield f"{text}: name it in dependencies of pyproject.toml, and give its wheel with --vendor."


def _declared(told: Message) -> Iterator[str]:
    for text in told.get_all("Requires-Dist") or ():
        try:
            yield Requirement(text).name
        except InvalidRequirement:
            continue  # refused elsewhere, in a sentence of its own


def _imported(site: Path, name: str) -> dict[str, str]:
    """Packages that the plugin's modules name, to the first file that does; those for type checkers are left out."""
    found: dict[str, str] = {}
    own = [dist for dist in distributions(path=[str(site)]) if canonicalize_name(dist.name) == name]
    listed = [file.parts for dist in own for file in dist.files or () if file.suffix == ".py"]
    # A wheel may keep modules in its .data/purelib, from where they were moved (PEP 427).
    files = [site.joinpath(*(parts[2:] if parts[0].endswith(".data") else parts)) for parts in listed]
    for path in sorted(filter(Path.is_file, files)):
        try:
            body = ast.parse(path.read_bytes()).body
        except SyntaxError:
            continue  # of another Python; whether that matters shows when the plugin is run
        for node in _statements(body):
            names: Sequence[str] = ()
            if isinstance(node, ast.Import):
                names = [item.name for item in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            for imported in names:
                found.setdefault(imported.partition(".")[0], path.relative_to(site).as_posix())
    return found


def _statements(body: Sequence[ast.AST]) -> Iterator[ast.AST]:
    for node in body:
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            yield from _statements(node.orelse)
            continue
        yield node
        yield from _statements(list(ast.iter_child_nodes(node)))


def _licence(folder: Path) -> Iterator[str]:
    texts = [folder / LICENCE, *sorted(folder.glob("site/**/bundle.json"))]
    for path in texts:
        if path.is_file():
            words = re.sub(r"\s+", " ", path.read_text("utf-8", errors="replace")).lower()
            if any(placeholder in words for placeholder in _PLACEHOLDERS):
                where = "LICENSE" if path.name == LICENCE else f"the spec in {path.relative_to(folder / 'site')}"
                yield f"{where} says that no licence has been chosen yet: choose one, so that others may use it."
