"""Ed25519 keys (RFC 8032) of publishers, and signatures over manifests."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cxrdesk.imaging.errors import UserError
from cxrdesk.packages.manifest import ManifestError, strict_json

if TYPE_CHECKING:  # cryptography takes a moment, and most starts need no key
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_KIND = "ed25519"
_LARGEST_FILE = 10_000
_KEY_BYTES = 32


@dataclass(frozen=True, kw_only=True)
class PublicKey:
    """What a publisher is known by.

    Parameters
    ----------
    publisher : str
        The name that its owner gave it.
    raw : bytes
        32 bytes.
    """

    publisher: str
    raw: bytes

    @property
    def text(self) -> str:
        """Base64 of the key."""
        return base64.b64encode(self.raw).decode()

    @property
    def fingerprint(self) -> str:
        """First 32 hexadecimal digits of the key's SHA-256, in groups, to be read out over the telephone."""
        digits = hashlib.sha256(self.raw).hexdigest()[:32]
        return " ".join(digits[at : at + 4] for at in range(0, 32, 4))

    def to_file(self) -> str:
        """The content of a ``.pub`` file."""
        return json.dumps({"kind": _KIND, "publisher": self.publisher, "key": self.text}, indent=1) + "\n"


@dataclass(frozen=True, kw_only=True)
class Signature:
    """The content of ``manifest.sig`` and ``index.sig``."""

    key: bytes
    signature: bytes

    def to_bytes(self) -> bytes:
        """The file's bytes."""
        told = {name: base64.b64encode(getattr(self, name)).decode() for name in ("key", "signature")}
        return (json.dumps({"kind": _KIND} | told, indent=1) + "\n").encode()

    @classmethod
    def parse(cls, data: bytes) -> Signature:
        """Raises ManifestError for anything else."""
        content = _fields(data, {"kind", "key", "signature"})
        return cls(key=_decoded(content["key"]), signature=_decoded(content["signature"]))

    def holds(self, data: bytes) -> bool:
        """Whether the key's owner signed exactly these bytes."""
        from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            Ed25519PublicKey.from_public_bytes(self.key).verify(self.signature, data)
        except (InvalidSignature, ValueError, UnsupportedAlgorithm):
            return False
        return True


def generate(publisher: str, private: Path, public: Path) -> PublicKey:
    """Make a key pair; the private one is readable by its owner alone.

    Raises
    ------
    UserError
        ``file-exists``, for nothing is written over, or ``not-written``.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = Ed25519PrivateKey.generate()
    made = PublicKey(publisher=publisher, raw=key.public_key().public_bytes_raw())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for path in (private, public):
        if path.exists():
            raise UserError("file-exists", f"{path} exists already; a key is never written over")
    try:
        with open(os.open(private, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123
            file.write(pem)
        public.write_text(made.to_file(), encoding="utf-8")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UserError("not-written", f"The keys could not be written to {private.parent} ({reason})") from error
    return made


def load_private(path: Path) -> Ed25519PrivateKey:
    """The private key in a PEM file; UserError ``bad-key``."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(_read(path), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UserError("bad-key", f"{path.name} holds no private key that 'cxrdesk plugins keygen' wrote") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise UserError("bad-key", f"{path.name} holds a key of another kind than Ed25519")
    return key


def load_public(path: Path) -> PublicKey:
    """The public key in a ``.pub`` file; UserError ``bad-key``."""
    try:
        return parse_public(_fields(_read(path), {"kind", "publisher", "key"}))
    except ManifestError as error:
        text = f"{path.name} holds no public key that 'cxrdesk plugins keygen' wrote"
        raise UserError("bad-key", text) from error


def parse_public(content: dict[str, str]) -> PublicKey:
    """A public key from its fields; raises ManifestError."""
    raw, name = _decoded(content["key"]), content["publisher"]
    if len(raw) != _KEY_BYTES or not 0 < len(name) <= 200 or not name.isprintable() or not name.strip():
        raise ManifestError("it is no key with a publisher's name")
    return PublicKey(publisher=name, raw=raw)


def sign(key: Ed25519PrivateKey, data: bytes) -> Signature:
    """Sign some bytes."""
    return Signature(key=key.public_key().public_bytes_raw(), signature=key.sign(data))


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST_FILE)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UserError("bad-key", f"{path} cannot be read ({reason})") from error


def _fields(data: bytes, names: set[str]) -> dict[str, str]:
    content = strict_json(data)
    if not isinstance(content, dict) or set(content) != names or content["kind"] != _KIND:
        raise ManifestError("it is not of this kind")
    if not all(isinstance(value, str) for value in content.values()):
        raise ManifestError("it holds something else than texts")
    return content


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ManifestError("it is no base64") from error
