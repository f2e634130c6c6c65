"""``manifest.json``: what a package promises. Its bytes are what a signature is over."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, NoReturn

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from cxrdesk.api.evidence import Evidence
from cxrdesk.packages.names import clash, is_name, is_version, path_fault

FORMAT = 1
MANIFEST, SIGNATURE, CARD, LICENCE, SITE = "manifest.json", "manifest.sig", "model-card.md", "licence.txt", "site/"
LARGEST_MANIFEST = 4_000_000
LARGEST_TEXT = 400_000
MOST_MODELS = 40
_SHA256 = re.compile(r"[0-9a-f]{64}")
_LONGEST = 600


class ManifestError(ValueError):
    """A manifest that is not understood; the text says where."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One file of the package.

    Parameters
    ----------
    path : str
        ``model-card.md``, ``licence.txt``, or below ``site/``.
    size : int
        Bytes.
    """

    path: str
    sha256: str
    size: int

    def __post_init__(self) -> None:
        if fault := path_fault(self.path):
            raise ManifestError(f"the name of a part {fault}")
        if self.path not in (CARD, LICENCE) and not self.path.startswith(SITE):
            raise ManifestError("a part is neither card, licence nor of the site")
        if not _SHA256.fullmatch(self.sha256) or type(self.size) is not int or self.size < 0:
            raise ManifestError("a part has no digest or no size")


@dataclass(frozen=True, kw_only=True)
class Model:
    """A detector or segmenter, as the publisher describes it.

    Parameters
    ----------
    kind : str
        ``"detector"`` or ``"segmenter"``.
    evidence : str
        A value of `cxrdesk.api.evidence.Evidence`.
    """

    id: str
    kind: str
    name: str
    version: str
    looks_for: str
    evidence: str

    def __post_init__(self) -> None:
        for key, value in asdict(self).items():
            _line(f"a model's {key}", value)
        if self.kind not in ("detector", "segmenter") or self.evidence not in set(Evidence):
            raise ManifestError("a model is of an unknown kind or evidence level")


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a package is.

    Parameters
    ----------
    name : str
        Normalised name of the plugin's distribution.
    api : str
        Plugin API that it was written for.
    requires_python : str
        Version specifier (PEP 440); may be empty.
    publisher : str
        Who calls himself so; proven only by a signature.
    licence : str
        SPDX expression or name.
    """

    name: str
    version: str
    api: str
    requires_python: str
    publisher: str
    intended_use: str
    licence: str
    models: tuple[Model, ...]
    parts: tuple[Part, ...]

    def __post_init__(self) -> None:
        for key in ("name", "version", "api", "publisher", "intended_use", "licence"):
            _line(key, getattr(self, key))
        if not is_name(self.name) or not is_version(self.version):
            raise ManifestError("name or version could not name a folder on every system")
        try:
            plain = str(Version(self.version))
            SpecifierSet(self.requires_python)
        except (InvalidVersion, InvalidSpecifier, TypeError) as error:
            raise ManifestError("the version or the required Python is none (PEP 440)") from error
        if plain != self.version:
            raise ManifestError(f"the version is written {plain}")
        if not 0 < len(self.models) <= MOST_MODELS or len({model.id for model in self.models}) < len(self.models):
            raise ManifestError(f"it names not 1 to {MOST_MODELS} models, or one twice")
        paths = [part.path for part in self.parts]
        if clashing := clash(paths):
            raise ManifestError(f"{clashing!r} is there twice for some systems")
        if CARD not in paths or not any(path.startswith(SITE) for path in paths):
            raise ManifestError("it has no model card, or nothing to install")

    @property
    def size(self) -> int:
        """Bytes of all parts."""
        return sum(part.size for part in self.parts)

    def to_bytes(self) -> bytes:
        """The file's bytes, always the same for the same content."""
        return (json.dumps({"format": FORMAT} | asdict(self), indent=1, sort_keys=True) + "\n").encode()


def parse(data: bytes) -> Manifest:
    """The manifest in some bytes; ManifestError if they hold anything else."""
    content = strict_json(data)
    if not isinstance(content, dict) or content.pop("format", None) != FORMAT:
        raise ManifestError(f"it is not of format {FORMAT}; a newer cxrdesk may read it")
    try:
        models = tuple(Model(**item) for item in _objects(content.pop("models")))
        parts = tuple(Part(**item) for item in _objects(content.pop("parts")))
        return Manifest(**content, models=models, parts=parts)
    except (KeyError, TypeError) as error:
        raise ManifestError("it lacks something, or holds something unknown") from error


def strict_json(data: bytes) -> Any:
    """JSON that every reader reads alike; ManifestError for anything else."""
    try:
        return json.loads(data.decode("utf-8"), object_pairs_hook=_once, parse_constant=_refuse, parse_float=_refuse)
    except (ValueError, RecursionError) as error:
        raise ManifestError("it is no plain JSON") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ManifestError("a key is there twice")
    return made


def _refuse(text: str) -> NoReturn:
    raise ManifestError(f"{text} has no place here")


def _objects(items: Any) -> Sequence[dict[str, Any]]:
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise ManifestError("a list is none")
    return items


def _line(key: str, value: object) -> None:
    if not isinstance(value, str) or not value.strip() or len(value) > _LONGEST or not value.isprintable():
        raise ManifestError(f"{key} is no line of 1 to {_LONGEST} characters")
