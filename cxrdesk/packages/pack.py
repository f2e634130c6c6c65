"""Makes a ``.cxrplugin`` file out of a plugin's source folder or wheel. For authors, who have pip."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from cxrdesk.imaging.errors import UserError
from cxrdesk.packages.advice import overlooked
from cxrdesk.packages.archive import LARGEST_PACKAGE, ArchiveWriter
from cxrdesk.packages.checked import Check, Checked
from cxrdesk.packages.files import replace, writing
from cxrdesk.packages.keys import sign
from cxrdesk.packages.manifest import (
    CARD,
    LARGEST_MANIFEST,
    LICENCE,
    MANIFEST,
    SIGNATURE,
    Manifest,
    ManifestError,
    Part,
)
from cxrdesk.packages.package import SUFFIX, read_package, unpack
from cxrdesk.packages.publishers import Publishers
from cxrdesk.packages.requirements import MetadataError, Site, refused
from cxrdesk.packages.shipped import application
from cxrdesk.packages.wheels import unpack_wheel

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_CARDS = ("model-card.md", "MODEL_CARD.md", "README.md")
_LICENCES = ("LICENSE", "LICENSE.txt", "LICENSE.md", "LICENCE", "LICENCE.txt", "COPYING")
_INTENDED = re.compile(r"\*\*Intended use:?\*\*:?\s*(.+?)(?=\n\s*[-*#]|\n\s*\n|\Z)", re.DOTALL | re.IGNORECASE)
_UNSTATED = "not stated"
"""What a card of 'cxrdesk plugins new' begins with there."""
_LONGEST_USE = 600


@dataclass(frozen=True, kw_only=True)
class About:
    """What the author says beside the wheel; what is empty is read from the plugin's own files.

    Parameters
    ----------
    vendored : sequence of Path
        Wheels of dependencies, Python alone, that the application does not ship.
    """

    publisher: str = ""
    intended_use: str = ""
    card: Path | None = None
    licence: Path | None = None
    vendored: Sequence[Path] = ()


def pack(
    source: Path,
    out: Path,
    about: About,
    check: Check,
    key: Ed25519PrivateKey | None = None,
    warn: Callable[[str], object] = lambda text: None,
) -> Path:
    """Build, check and write a package; the same wheel gives the same bytes.

    Parameters
    ----------
    source : Path
        Folder with a ``pyproject.toml``, or a wheel.
    out : Path
        Folder to write to.
    warn : callable
        Told what the author may have overlooked; see `cxrdesk.packages.advice`.

    Raises
    ------
    UserError
        ``no-plugin-source``, ``build-failed``, ``bad-wheel``, ``bad-package``, ``not-stated``, ``golden-differs``,
        ``dependency-conflict``, what `check` raises, ``not-written`` or ``disk-full``.
    """
    with tempfile.TemporaryDirectory(prefix="cxrdesk-pack-") as temporary:
        folder = Path(temporary) / "package"
        site = folder / "site"
        site.mkdir(parents=True)
        wheel = source if source.suffix == ".whl" else _build(source, Path(temporary))
        unpack_wheel(wheel, site)
        told = _metadata(wheel, site)
        for vendored in about.vendored:
            unpack_wheel(vendored, site)
        name, version = canonicalize_name(told["Name"]), _version(told["Version"])
        _check_site(site, name, told["Version"])
        checked = check(site, name)
        if checked.failures:
            raise UserError("golden-differs", f"{name} does not reproduce its golden vectors: {checked.failures[0]}")
        card = _add_texts(folder, source if source.is_dir() else site, told, about)
        manifest = _manifest(name, version, told, checked, folder, _stated(source, card, told, about, folder))
        for text in overlooked(manifest, folder, told):
            warn(text)
        target = out / f"{name}-{version}{SUFFIX}"
        _write(target, manifest, folder, key)
    return target


def sign_package(path: Path, key: Ed25519PrivateKey) -> None:
    """Sign a package in place, also one that is signed already; its parts stay as they are."""
    package = read_package(path, Publishers.nobody())
    with tempfile.TemporaryDirectory(prefix="cxrdesk-sign-") as folder:
        unpack(package, Path(folder))
        _write(path, package.manifest, Path(folder), key)


def _build(source: Path, folder: Path) -> Path:
    if not (source / "pyproject.toml").is_file():
        text = f"{source} is neither a wheel nor a plugin's folder with a pyproject.toml"
        raise UserError("no-plugin-source", text)
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index", "--quiet"]
    command += [
        "--disable-pip-version-check",
        "--wheel-dir",
        str(folder),
        str(source.resolve()),
    ]  # a bare name is a project to pip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wheels = list(folder.glob("*.whl"))
    if done.returncode or len(wheels) != 1:
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        said = next((line for line in reversed(lines) if "rror" in line), lines[-1] if lines else "no reason given")
        raise UserError("build-failed", f"pip could not build a wheel of {source}: {said}")
    return wheels[0]


def _metadata(wheel: Path, site: Path) -> Message:
    found = list(site.glob("*.dist-info/METADATA"))
    if len(found) != 1:
        raise UserError("bad-wheel", f"{wheel.name} has not one METADATA")
    return HeaderParser().parsestr(found[0].read_text("utf-8"))


def _version(text: str) -> str:
    try:
        return str(Version(text))
    except InvalidVersion as error:
        raise UserError("bad-wheel", f"{text!r} is no version (PEP 440)") from error


def _check_site(site: Path, name: str, version: str) -> None:
    names = [path.relative_to(site).as_posix() for path in sorted(site.rglob("*")) if path.is_file()]
    texts = {n: (site / n).read_text("utf-8") for n in names if re.fullmatch(r"[^/]+\.dist-info/[A-Za-z_.]+", n)}
    try:
        # The author may have the plugin itself installed, to work on it.
        reason = refused(Site.read(names, texts), name, version, application, own_may_be_here=True)
    except MetadataError as error:
        raise UserError("bad-wheel", f"{name} cannot be packed: {error}") from error
    if reason is not None:
        raise UserError("dependency-conflict", f"{name} could not be installed from a package: {reason}")


def _add_texts(folder: Path, source: Path, told: Message, about: About) -> str:
    """Put the model card and the licence's text beside the site; returns the card."""
    card = about.card or next((source / n for n in _CARDS if (source / n).is_file()), None)
    try:
        text = card.read_text("utf-8") if card is not None else str(told.get_payload())
    except (OSError, UnicodeDecodeError) as error:
        raise UserError("not-stated", f"the model card {card} is no text in UTF-8") from error
    if not text.strip():
        raise UserError("not-stated", f"{source} has no model card; write one, or name it with --card")
    (folder / CARD).write_text(text, "utf-8", newline="\n")
    licences = [source / n for n in _LICENCES] + sorted(folder.glob("site/*.dist-info/licenses/*"))
    licence = about.licence or next((path for path in licences if path.is_file()), None)
    if licence is not None:
        (folder / LICENCE).write_bytes(licence.read_bytes())
    return text


def _stated(source: Path, card: str, told: Message, about: About, folder: Path) -> dict[str, str]:
    """Publisher, intended use and licence: from the command, pyproject's ``[tool.cxrdesk]``, or what stands there."""
    table: dict[str, Any] = {}
    if source.is_dir():
        content = tomllib.loads((source / "pyproject.toml").read_text("utf-8"))
        table = content.get("tool", {}).get("cxrdesk", {})
    in_card = _INTENDED.search(card)
    said = in_card[1] if in_card and not in_card[1].lower().startswith(_UNSTATED) else ""
    author = told.get("Author") or str(told.get("Author-email") or "").partition("<")[0]
    found = {
        "publisher": about.publisher or table.get("publisher") or author,
        "intended_use": about.intended_use or table.get("intended-use") or said,
        "licence": table.get("licence")
        or told.get("License-Expression")
        or told.get("License")
        or ("as in its licence.txt" if (folder / LICENCE).is_file() else ""),
    }
    found = {key: " ".join(str(value).split()) for key, value in found.items()}
    hints = {
        "publisher": "--publisher, or publisher in [tool.cxrdesk] of pyproject.toml",
        "intended_use": "--intended-use, intended-use in [tool.cxrdesk], or a line '**Intended use:**' in the card",
        "licence": "--licence, or license in [project] of pyproject.toml",
    }
    for key, value in found.items():
        if not value:
            what = key.replace("_", " ")
            raise UserError("not-stated", f"{source} does not state its {what}; say it with {hints[key]}")
    found["intended_use"] = found["intended_use"][:_LONGEST_USE]
    return found


def _manifest(
    name: str, version: str, told: Message, checked: Checked, folder: Path, stated: dict[str, str]
) -> Manifest:
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    parts = []
    for path in files:
        with (folder / path).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        parts.append(Part(path=path, sha256=digest, size=(folder / path).stat().st_size))
    try:
        return Manifest(
            name=name,
            version=version,
            api=checked.api,
            requires_python=told.get("Requires-Python", ""),
            models=checked.models,
            parts=tuple(parts),
            **stated,
        )
    except ManifestError as error:
        raise UserError("bad-package", f"{name} cannot be packed: {error}") from error


def _write(target: Path, manifest: Manifest, folder: Path, key: Ed25519PrivateKey | None) -> None:
    """Write the parts that lie below a folder, and read them as a clinic will."""
    if manifest.size > LARGEST_PACKAGE - 4 * LARGEST_MANIFEST:
        raise UserError("bad-package", f"{manifest.name} is larger than a package can be (2 GB)")
    temporary = target.with_name(f".{target.name}.part")
    with writing(target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("wb") as file:
                writer = ArchiveWriter(file)
                data = manifest.to_bytes()
                writer.add(MANIFEST, data)
                if key is not None:
                    writer.add(SIGNATURE, sign(key, data).to_bytes())
                for part in manifest.parts:
                    writer.add(part.path, folder / part.path)
                writer.close()
            read_package(temporary, Publishers.nobody())
            replace(temporary, target)
        finally:
            temporary.unlink(missing_ok=True)
