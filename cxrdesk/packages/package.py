"""A ``.cxrplugin`` file, verified: every part is what the manifest promises, and who signed the manifest is known."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from pathlib import Path

from packaging.specifiers import SpecifierSet

from cxrdesk.api.version import refusal
from cxrdesk.imaging.errors import UserError
from cxrdesk.packages import archive
from cxrdesk.packages.archive import Archive, bad_package
from cxrdesk.packages.manifest import (
    CARD,
    LARGEST_MANIFEST,
    LARGEST_TEXT,
    MANIFEST,
    SIGNATURE,
    SITE,
    Manifest,
    ManifestError,
    parse,
)
from cxrdesk.packages.publishers import Publishers, Signer
from cxrdesk.packages.requirements import INFO, MetadataError, Site, refused

SUFFIX = ".cxrplugin"
_LARGEST_SIGNATURE = 4000
_METADATA = ("METADATA", "entry_points.txt", "WHEEL")


@dataclass(frozen=True, kw_only=True)
class Package:
    """A package that holds what it promises.

    Parameters
    ----------
    sha256 : str
        Of the whole file.
    manifest_bytes, signature_bytes : bytes
        As in the file; the latter None where it is not signed.
    card : str
        The model card, Markdown.
    """

    path: Path
    sha256: str
    manifest: Manifest
    manifest_bytes: bytes
    signature_bytes: bytes | None
    signer: Signer
    card: str

    @property
    def folder(self) -> str:
        """Name of the folder that it is installed into."""
        return f"{self.manifest.version}-{self.sha256[:12]}"


def read_package(path: Path, publishers: Publishers) -> Package:
    """Read and verify a package; nothing is written or executed.

    Raises
    ------
    UserError
        ``no-package``, ``bad-package``, ``part-changed``, ``bad-signature`` or ``false-publisher``.
    """
    with archive.opened(path) as opened:
        manifest, data, signature = _manifest(opened)
        signer = publishers.signer(signature, data, path.name)
        publishers.check_claim(manifest.publisher, signer, path.name)
        for part in manifest.parts:
            opened.check(part.path, part.sha256, part.size)
        return Package(
            path=path,
            sha256=opened.sha256(),
            manifest=manifest,
            manifest_bytes=data,
            signature_bytes=signature,
            signer=signer,
            card=_text(opened, CARD),
        )


def unpack(package: Package, folder: Path) -> None:
    """Write the parts of a package below an empty folder, each checked once more as it is written.

    Raises
    ------
    UserError
        As `read_package`, where the file is no longer the one that was read.
    OSError
        If `folder` cannot be written.
    """
    with archive.opened(package.path) as opened:
        if opened.read(MANIFEST, LARGEST_MANIFEST) != package.manifest_bytes:
            raise UserError("part-changed", f"{package.path.name} was changed while it was looked at; start again")
        for part in package.manifest.parts:
            target = folder / part.path
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("xb") as file:
                opened.check(part.path, part.sha256, part.size, file.write)
                file.flush()
                os.fsync(file.fileno())
    (folder / MANIFEST).write_bytes(package.manifest_bytes)
    if package.signature_bytes is not None:
        (folder / SIGNATURE).write_bytes(package.signature_bytes)


def _manifest(opened: Archive) -> tuple[Manifest, bytes, bytes | None]:
    data = opened.read(MANIFEST, LARGEST_MANIFEST)
    try:
        manifest = parse(data)
    except ManifestError as error:
        raise bad_package(opened.path, f"its manifest: {error}") from error
    promised = {MANIFEST, SIGNATURE, *(part.path for part in manifest.parts)}
    if unasked := sorted(set(opened.sizes) - promised):
        raise bad_package(opened.path, f"{unasked[0]!r} is not in its manifest")
    signature = opened.read(SIGNATURE, _LARGEST_SIGNATURE) if SIGNATURE in opened.sizes else None
    return manifest, data, signature


def check_fits(package: Package) -> None:
    """Whether a package can be used on this machine.

    Raises
    ------
    UserError
        ``wrong-api``, ``wrong-python`` or ``dependency-conflict``; ``bad-package`` if the wheels in it are not sound.
    """
    manifest, path = package.manifest, package.path
    if reason := refusal(manifest.api):
        raise UserError("wrong-api", f"{path.name} {reason}; get a version for this cxrdesk")
    python = platform.python_version()
    if not SpecifierSet(manifest.requires_python).contains(python, prereleases=True):
        text = f"{path.name} needs Python {manifest.requires_python}; this cxrdesk runs on {python}"
        raise UserError("wrong-python", text)
    with archive.opened(path) as opened:
        _check_site(opened, manifest)


def _check_site(opened: Archive, manifest: Manifest) -> None:
    """What the wheels in it say of themselves agrees with the manifest, with this machine and with each other."""
    names = [part.path.removeprefix(SITE) for part in manifest.parts if part.path.startswith(SITE)]
    infos = [name for name in names if name.count("/") == 1 and name.split("/")[0].endswith(INFO)]
    texts = {name: _text(opened, SITE + name) for name in infos if name.split("/")[1] in _METADATA}
    try:
        site = Site.read(names, texts)
        if reason := refused(site, manifest.name, manifest.version):
            raise UserError("dependency-conflict", f"{opened.path.name} cannot be used here: {reason}")
    except MetadataError as error:
        raise bad_package(opened.path, str(error)) from error


def _text(opened: Archive, name: str) -> str:
    try:
        return opened.read(name, LARGEST_TEXT).decode("utf-8")
    except UnicodeDecodeError as error:
        raise bad_package(opened.path, f"{name} is no text in UTF-8") from error
