"""Unpacks wheels (PEP 427) for whoever makes a package; no installer is needed, and nothing is executed."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import stat
import zipfile
import zlib
from pathlib import Path

from cxrdesk.imaging.errors import UserError
from cxrdesk.packages.names import clash, path_fault

_SIGNATURES = ("RECORD", "RECORD.jws", "RECORD.p7s")
_LARGEST = 4 * 1024**3
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, KeyError)


def unpack_wheel(wheel: Path, folder: Path) -> list[str]:
    """Unpack a wheel into a folder that becomes part of the search path.

    Returns
    -------
    list of str
        Members that were left out: scripts, headers and files for elsewhere, which a plugin's folder has no place for.

    Raises
    ------
    UserError
        ``bad-wheel`` if it is damaged, or a member is unsafe or not what its RECORD says.
    """
    try:
        with zipfile.ZipFile(wheel) as zipped:
            members = [info for info in zipped.infolist() if not info.is_dir()]
            if sum(info.file_size for info in members) > _LARGEST:
                raise _bad(wheel, "it holds more than 4 GB")
            record = _record(wheel, zipped)
            places = {info.filename: _place(wheel, info) for info in members}
            kept = {name: place for name, place in places.items() if place is not None}
            if clashing := clash([*kept.values(), *(f.relative_to(folder).as_posix() for f in _files(folder))]):
                raise _bad(wheel, f"{clashing!r} is there already")
            for name, place in kept.items():
                data = zipped.read(name)
                if Path(name).name not in _SIGNATURES and record.get(name) != _digest(data):
                    raise _bad(wheel, f"{name} is not what its RECORD says")
                target = folder / place
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(data)
    except _BROKEN as error:
        raise _bad(wheel, "it is damaged") from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UserError("bad-wheel", f"{wheel} cannot be unpacked ({reason})") from error
    return sorted(places.keys() - kept.keys())


def _bad(wheel: Path, why: str) -> UserError:
    return UserError("bad-wheel", f"{wheel.name} is no sound wheel: {why}")


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def _place(wheel: Path, info: zipfile.ZipInfo) -> str | None:
    """Where a member goes within the folder; None if it is left out."""
    name = info.filename
    if fault := path_fault(name):
        raise _bad(wheel, f"the name {name!r} {fault}")
    if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
        raise _bad(wheel, f"{name} is a link")
    first, _, rest = name.partition("/")
    if not first.endswith(".data"):
        return name
    kind, _, inner = rest.partition("/")
    return inner if kind in ("purelib", "platlib") and inner else None


def _record(wheel: Path, zipped: zipfile.ZipFile) -> dict[str, str]:
    records = [name for name in zipped.namelist() if name.count("/") == 1 and name.endswith(".dist-info/RECORD")]
    if len(records) != 1:
        raise _bad(wheel, "it has not one RECORD")
    rows = csv.reader(io.StringIO(zipped.read(records[0]).decode("utf-8")))
    return {row[0]: row[1] for row in rows if len(row) >= 2}


def _digest(data: bytes) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
