"""What is to be checked: an installed plugin by its name, or a plugin's folder."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.metadata import distributions, entry_points
from pathlib import Path
from types import ModuleType

from cxrdesk.imaging.errors import UserError

GROUP = "cxrdesk.plugins"


@dataclass(frozen=True, kw_only=True)
class Target:
    """A plugin's module and where Python finds it.

    Parameters
    ----------
    module : str
        Its name, importable.
    paths : tuple of Path
        Folders that come first on the path; empty for an installed plugin.
    """

    module: str
    paths: tuple[Path, ...] = ()


def find_target(named: str | ModuleType) -> Target:
    """The plugin of that name (its entry point or its distribution), in that folder, or that module.

    Raises
    ------
    UserError
        ``"unknown-name"`` or ``"bad-plugin"``, in one sentence.
    """
    if isinstance(named, ModuleType):
        return Target(module=named.__name__)
    path = Path(named)
    if path.is_dir():
        return _in_folder(path)
    known = {}
    for entry in entry_points(group=GROUP):
        known[entry.name] = entry.value
        if entry.dist is not None:
            known.setdefault(entry.dist.name, entry.value)
    if named not in known:
        text = f"{named!r} is neither a folder nor an installed plugin; known are {', '.join(sorted(known)) or 'none'}"
        raise UserError("unknown-name", text)
    return Target(module=known[named])


def in_site(site: Path, name: str) -> Target:
    """The plugin of a folder that something was installed into.

    Raises
    ------
    UserError
        ``"bad-plugin"``.
    """
    found = [entry for item in distributions(path=[str(site)]) for entry in item.entry_points if entry.group == GROUP]
    if len(found) != 1:
        raise UserError("bad-plugin", f"{name} names {len(found)} modules in {GROUP!r}; it needs one")
    return Target(module=found[0].module, paths=(site.resolve(),))


def _in_folder(folder: Path) -> Target:
    file = folder / "pyproject.toml"
    try:
        project = tomllib.loads(file.read_text(encoding="utf-8"))["project"]
        entries = project["entry-points"][GROUP]
        (module,) = entries.values()
    except OSError:
        text = f"{folder} holds no pyproject.toml; name the folder that 'cxrdesk plugins new' made, or an installed one"
        raise UserError("bad-plugin", text) from None
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError, AttributeError):
        text = f'{file} names no module; it needs [project.entry-points."{GROUP}"] with one line, name = "module"'
        raise UserError("bad-plugin", text) from None
    source = folder / "src"
    return Target(module=str(module), paths=((source if source.is_dir() else folder).resolve(),))
