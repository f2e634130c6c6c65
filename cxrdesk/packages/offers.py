"""Whether a verified package may be installed beside what is there, and what that would mean."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from packaging.version import Version

from cxrdesk.imaging.errors import UserError
from cxrdesk.packages.keys import Signature
from cxrdesk.packages.manifest import MANIFEST, SIGNATURE, Manifest, ManifestError, parse
from cxrdesk.packages.package import Package
from cxrdesk.packages.state import Entry


@dataclass(frozen=True, kw_only=True)
class Offer:
    """What the user is asked about.

    Parameters
    ----------
    replaces : str
        The installed version that it takes the place of; empty where there is none.
    """

    package: Package
    replaces: str = ""


def read_installed(folder: Path) -> Manifest:
    """The manifest of an installed version; UserError ``bad-state`` where it is gone or changed."""
    try:
        return parse((folder / MANIFEST).read_bytes())
    except (OSError, ManifestError) as error:
        text = (
            f"What is installed in {folder} is damaged; 'cxrdesk plugins remove {folder.parent.name}' makes way for it."
        )
        raise UserError("bad-state", text) from error


def offer(package: Package, plugin_folder: Path, entry: Entry | None) -> Offer:
    """Weigh a package against the installed versions of its plugin.

    Raises
    ------
    UserError
        ``already-installed``, ``same-version``, ``downgrade`` or ``publisher-changed``.
    """
    if entry is None:
        return Offer(package=package)
    name, version = package.manifest.name, package.manifest.version
    if package.folder == entry.current:
        hint = "" if entry.enabled else f"; 'cxrdesk plugins enable {name}' switches it on"
        raise UserError("already-installed", f"{name} {version} is installed already{hint}.")
    if package.folder == entry.previous:
        text = f"{name} {version} is kept as the previous version; 'cxrdesk plugins rollback {name}' goes back to it."
        raise UserError("already-installed", text)
    known = {folder.rpartition("-")[0] for folder in entry.folders}
    if version in known:
        text = f"Another file of {name} {version} is installed already, with other content"
        raise UserError("same-version", f"{text}; ask the publisher which one is right, and remove the plugin first.")
    current = entry.current.rpartition("-")[0]
    if Version(version) < Version(current):
        text = f"{name} {version} is older than the installed {current}"
        raise UserError("downgrade", f"{text}; 'cxrdesk plugins rollback' or 'remove' makes way for older versions.")
    installed_by = _key(plugin_folder / entry.current)
    offered_by = package.signer.key.raw if package.signer.key is not None else None
    if installed_by is not None and installed_by != offered_by:
        text = f"{package.path.name} is not signed with the key of the installed {name} {current}"
        raise UserError("publisher-changed", f"{text}; remove the plugin first if you trust the new publisher.")
    return Offer(package=package, replaces=current)


def _key(folder: Path) -> bytes | None:
    try:
        return Signature.parse((folder / SIGNATURE).read_bytes()).key
    except FileNotFoundError:
        return None
    except (OSError, ManifestError) as error:
        text = (
            f"What is installed in {folder} is damaged; 'cxrdesk plugins remove {folder.parent.name}' makes way for it."
        )
        raise UserError("bad-state", text) from error
