"""Publishers that this clinic trusts: their keys by name, in one small file of the user's settings."""

from __future__ import annotations

import json
import os
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from cxrdesk.imaging.errors import UserError
from cxrdesk.packages.files import write_whole, writing
from cxrdesk.packages.keys import PublicKey, Signature, parse_public
from cxrdesk.packages.manifest import ManifestError, strict_json


class Trust(StrEnum):
    """What is known about who made something."""

    KNOWN = "known"
    """Signed with the key of a trusted publisher."""
    UNKNOWN = "unknown"
    """Signed with a key that is not among the trusted ones."""
    UNSIGNED = "unsigned"
    """Nobody's word but the file's own."""


@dataclass(frozen=True, kw_only=True)
class Signer:
    """Who signed something.

    Parameters
    ----------
    key : PublicKey or None
        Named as the clinic named it where it is trusted; None where nothing is signed.
    """

    trust: Trust
    key: PublicKey | None = None

    @property
    def sentence(self) -> str:
        """For the screen."""
        if self.key is None:
            return "Not signed: nobody vouches for where it comes from."
        if self.trust is Trust.KNOWN:
            return f"Signed by {self.key.publisher}, whom you trust."
        text = f"Signed with a key that you do not know (fingerprint {self.key.fingerprint})"
        return f"{text}; 'cxrdesk plugins trust FILE.pub' with the publisher's file makes it known."


class Publishers:
    """The trusted publishers.

    Parameters
    ----------
    path : Path
        The file, whether or not it exists.

    Raises
    ------
    UserError
        ``bad-publishers`` if it is not understood: then nobody is trusted by mistake.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.keys: dict[str, PublicKey] = {}
        try:
            content = strict_json(path.read_bytes())
            keys = [parse_public({"publisher": name, "key": key}) for name, key in content["publishers"].items()]
            self.keys = {key.publisher: key for key in keys}
        except (FileNotFoundError, NotADirectoryError):
            return
        except (ManifestError, KeyError, TypeError, AttributeError, OSError) as error:
            text = f"The trusted publishers in {path} cannot be read; remove the file and trust them anew"
            raise UserError("bad-publishers", text) from error

    @classmethod
    def nobody(cls) -> Publishers:
        """Trusts nobody and is never saved."""
        return cls(Path(os.devnull) / "nobody")

    def add(self, key: PublicKey) -> None:
        """Trust a publisher; UserError ``known-publisher`` where another key has that name already."""
        known = self.keys.get(key.publisher)
        if known is not None and known.raw != key.raw:
            text = f"Another key is trusted as {key.publisher} already; remove that one first if it was replaced"
            raise UserError("known-publisher", text)
        self._save({**self.keys, key.publisher: key})

    def remove(self, name: str) -> None:
        """Trust a publisher no more; UserError ``unknown-publisher``."""
        if name not in self.keys:
            raise UserError("unknown-publisher", f"No publisher is trusted as {name!r}")
        self._save({known: key for known, key in self.keys.items() if known != name})

    def _save(self, keys: dict[str, PublicKey]) -> None:
        content = {"publishers": {name: keys[name].text for name in sorted(keys)}}
        with writing(self.path.parent):
            write_whole(self.path, (json.dumps(content, indent=1) + "\n").encode())
        self.keys = keys

    def signer(self, signature: bytes | None, data: bytes, what: str) -> Signer:
        """Who signed `data`; UserError ``bad-signature`` where the signature does not belong to it."""
        if signature is None:
            return Signer(trust=Trust.UNSIGNED)
        try:
            told = Signature.parse(signature)
        except ManifestError as error:
            raise UserError("bad-signature", f"The signature of {what} is not understood; do not use it") from error
        if not told.holds(data):
            text = f"{what} was changed after it was signed, or the signature is not its own; do not use it"
            raise UserError("bad-signature", text)
        for key in self.keys.values():
            if key.raw == told.key:
                return Signer(trust=Trust.KNOWN, key=key)
        return Signer(trust=Trust.UNKNOWN, key=PublicKey(publisher="", raw=told.key))

    def check_claim(self, publisher: str, signer: Signer, what: str) -> None:
        """UserError ``false-publisher`` where something calls itself a trusted publisher's and is not."""
        for name, key in self.keys.items():
            if _looks(name) == _looks(publisher) and (signer.key is None or signer.key.raw != key.raw):
                text = f"{what} says that it comes from {name}, but it is not signed with the key that you trust"
                raise UserError("false-publisher", f"{text} as {name}; do not use it")


def _looks(name: str) -> str:
    """What two names share that a reader would take for one."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())
