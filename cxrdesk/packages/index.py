"""``index.json``: the packages of a folder or USB stick, so that it can be looked through without opening each."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.version import Version

from cxrdesk.imaging.errors import UserError
from cxrdesk.packages import archive
from cxrdesk.packages.files import write_whole, writing
from cxrdesk.packages.keys import sign
from cxrdesk.packages.manifest import ManifestError, strict_json
from cxrdesk.packages.names import is_name, is_version, path_fault
from cxrdesk.packages.package import SUFFIX, Package, read_package
from cxrdesk.packages.publishers import Publishers, Signer

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

INDEX, INDEX_SIGNATURE = "index.json", "index.sig"
FORMAT = 1
_LARGEST = 4_000_000
_MOST = 10_000


@dataclass(frozen=True, kw_only=True)
class Listed:
    """One package, as an index names it."""

    file: str
    sha256: str
    name: str
    version: str
    publisher: str
    looks_for: str

    def __post_init__(self) -> None:
        if not all(
            isinstance(value, str) and value.isprintable() and len(value) < 1000 for value in vars(self).values()
        ):
            raise ManifestError("an entry holds something else than short texts")
        if path_fault(self.file) or "/" in self.file or not is_name(self.name) or not is_version(self.version):
            raise ManifestError("an entry names no file of the folder, or no plugin")
        Version(self.version)


class News(StrEnum):
    """What a listed package is to this machine."""

    NEW = "not installed"
    UPDATE = "update"
    SAME = "installed"
    OLDER = "older than the installed"


@dataclass(frozen=True, kw_only=True)
class Available:
    """A package of a folder.

    Parameters
    ----------
    fault : str
        Why it cannot be installed from here: missing, or not the file that the index names. Empty if it can.
    """

    listed: Listed
    path: Path
    news: News
    fault: str = ""


@dataclass(frozen=True, kw_only=True)
class Index:
    """The packages of a folder.

    Parameters
    ----------
    signer : Signer or None
        Who signed the index; None where the folder has none and was looked through.
    """

    packages: tuple[Available, ...]
    signer: Signer | None = None


def write_index(folder: Path, key: Ed25519PrivateKey | None = None) -> int:
    """Write a folder's ``index.json``, and ``index.sig`` where a key is given; returns how many packages it lists."""
    packages = [read_package(path, Publishers.nobody()) for path in _files(folder)]
    content = {"format": FORMAT, "plugins": [asdict(_listed(package)) for package in packages]}
    data = (json.dumps(content, indent=1) + "\n").encode()
    with writing(folder):
        # The signature goes first: an index without one is better than one with a wrong one.
        (folder / INDEX_SIGNATURE).unlink(missing_ok=True)
        write_whole(folder / INDEX, data)
        if key is not None:
            write_whole(folder / INDEX_SIGNATURE, sign(key, data).to_bytes())
    return len(packages)


def available(folder: Path, publishers: Publishers, installed: dict[str, str]) -> Index:
    """What a folder offers, by its index or, where it has none, by the packages in it.

    Parameters
    ----------
    installed : dict of str
        Versions in use, by name.

    Raises
    ------
    UserError
        ``no-package`` if there is no such folder, ``bad-index`` or ``bad-signature``.
    """
    if not folder.is_dir():
        raise UserError("no-package", f"{folder} is no folder; name the folder or stick that holds packages")
    if not (folder / INDEX).is_file():
        return Index(packages=tuple(_look(path, publishers, installed) for path in _files(folder)))
    data, signature = _read(folder / INDEX), None
    if (folder / INDEX_SIGNATURE).is_file():
        signature = _read(folder / INDEX_SIGNATURE)
    signer = publishers.signer(signature, data, f"the index of {folder}")
    entries = _parse(folder, data)
    return Index(packages=tuple(_compared(folder, entry, installed) for entry in entries), signer=signer)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix == SUFFIX and path.is_file())


def _listed(package: Package) -> Listed:
    manifest = package.manifest
    return Listed(
        file=package.path.name,
        sha256=package.sha256,
        name=manifest.name,
        version=manifest.version,
        publisher=manifest.publisher,
        looks_for=" ".join(model.looks_for for model in manifest.models)[:900],
    )


def _look(path: Path, publishers: Publishers, installed: dict[str, str]) -> Available:
    try:
        listed, fault = _listed(read_package(path, publishers)), ""
    except UserError as error:
        listed = Listed(file="unknown", sha256="", name="unknown", version="0", publisher="", looks_for="")
        return Available(listed=listed, path=path, news=News.NEW, fault=error.text)
    return Available(listed=listed, path=path, news=_news(listed, installed), fault=fault)


def _compared(folder: Path, listed: Listed, installed: dict[str, str]) -> Available:
    path, fault = folder / listed.file, ""
    try:
        with archive.opened(path) as opened:
            if opened.sha256() != listed.sha256:
                fault = f"{listed.file} is not the file that the index names; do not use it"
    except UserError as error:
        fault = error.text
    return Available(listed=listed, path=path, news=_news(listed, installed), fault=fault)


def _news(listed: Listed, installed: dict[str, str]) -> News:
    if (there := installed.get(listed.name)) is None:
        return News.NEW
    if listed.version == there:
        return News.SAME
    return News.UPDATE if Version(listed.version) > Version(there) else News.OLDER


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST)
    except OSError as error:
        raise UserError("bad-index", f"{path} cannot be read ({error.strerror}); check the disk") from error


def _parse(folder: Path, data: bytes) -> list[Listed]:
    try:
        content: Any = strict_json(data)
        if content["format"] != FORMAT or len(content["plugins"]) > _MOST:
            raise ManifestError("it is of another format, or too long")
        return [Listed(**entry) for entry in content["plugins"]]
    except (ManifestError, KeyError, TypeError, ValueError) as error:
        raise UserError("bad-index", f"The index of {folder} is not understood; get it again.") from error
