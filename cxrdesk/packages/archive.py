"""The zip file that a package is, read as if its author were hostile.

A package is a plain zip (APPNOTE 6.3): no member is compressed, encrypted, a link or a folder, nothing stands before,
between or behind the members, and no zip64. So its content is never larger than the file.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import stat
import struct
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO

from cxrdesk.imaging.errors import UserError
from cxrdesk.packages.names import clash, path_fault

MOST_PARTS = 10_000
LARGEST_PACKAGE = 2**31 - 1
"""Bytes; more would need zip64."""
_CHUNK = 1 << 20
_END = struct.Struct("<4s4H2LH")
"""End of central directory: signature, two disk numbers, two counts, size, offset, length of a comment."""
_ZIP64 = b"PK\x06\x07"
_LOCAL_HEADER = 30
_UTF8 = 0x800
_DATE = (1980, 1, 1, 0, 0, 0)
_BROKEN = (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError, struct.error)


def bad_package(path: Path, why: str) -> UserError:
    """The error of a file that is no sound package."""
    return UserError("bad-package", f"{path.name} is no sound plugin package ({why}); get it again from its publisher")


class Archive:
    """An open package; made by `opened`."""

    def __init__(self, path: Path, stream: BufferedReader, zipped: zipfile.ZipFile) -> None:
        self.path, self._stream, self._zip = path, stream, zipped
        self.sizes: dict[str, int] = {info.filename: info.file_size for info in zipped.infolist()}

    def sha256(self) -> str:
        """SHA-256 of the whole file."""
        self._stream.seek(0)
        return hashlib.file_digest(self._stream, "sha256").hexdigest()

    def read(self, name: str, largest: int) -> bytes:
        """A small member; UserError ``bad-package`` if it is missing, broken or larger than `largest` bytes."""
        if name not in self.sizes:
            raise bad_package(self.path, f"it lacks {name}")
        if self.sizes[name] > largest:
            raise bad_package(self.path, f"{name} is too large")
        return b"".join(self._chunks(name))

    def check(self, name: str, sha256: str, size: int, write: Callable[[bytes], object] = lambda _: None) -> None:
        """Read a member and hand its bytes on; UserError ``part-changed`` if it is not what was promised."""
        digest = hashlib.sha256()
        if self.sizes.get(name) == size:
            for chunk in self._chunks(name):
                digest.update(chunk)
                write(chunk)
        if self.sizes.get(name) != size or digest.hexdigest() != sha256:
            text = f"{name} in {self.path.name} is not what its manifest promises; get the file again"
            raise UserError("part-changed", text)

    def _chunks(self, name: str) -> Iterator[bytes]:
        try:
            with self._zip.open(name) as member:
                while chunk := member.read(_CHUNK):
                    yield chunk
        except _BROKEN as error:
            raise bad_package(self.path, f"{name} cannot be read") from error
        except OSError as error:
            raise _unreadable(self.path, error) from error


@contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """Open a package and look at the names and sizes in it.

    Raises
    ------
    UserError
        ``no-package`` if the file cannot be read, ``bad-package`` if it is not as a package is.
    """
    with ExitStack() as stack:
        try:
            stream = stack.enter_context(path.open("rb"))
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                raise UserError("no-package", f"{path} is no file; name a .cxrplugin file")
            _check_end(path, stream)
            zipped = stack.enter_context(zipfile.ZipFile(stream))
        except _BROKEN as error:
            raise bad_package(path, "it is no whole zip file") from error
        except OSError as error:
            raise _unreadable(path, error) from error
        _check_members(path, zipped)
        yield Archive(path, stream, zipped)


def _unreadable(path: Path, error: OSError) -> UserError:
    reason = error.strerror or type(error).__name__
    return UserError("no-package", f"{path} cannot be read ({reason}); check its name and the disk")


def _check_end(path: Path, stream: BinaryIO) -> None:
    """Before zipfile reads it: the list of members is small, stands last, and is not named in two ways."""
    size = os.fstat(stream.fileno()).st_size
    if size > LARGEST_PACKAGE:
        raise bad_package(path, "it is larger than 2 GB")
    if size < _END.size:
        raise bad_package(path, "it is no zip file")
    stream.seek(size - _END.size)
    signature, disk, first_disk, here, count, length, offset, comment = _END.unpack(stream.read(_END.size))
    if signature != b"PK\x05\x06" or disk or first_disk or comment or here != count:
        raise bad_package(path, "it is no plain zip file")
    if count > MOST_PARTS or length > MOST_PARTS * 1024 or offset + length + _END.size != size:
        raise bad_package(path, "its list of parts is too long or not at its end")
    stream.seek(offset)
    if _ZIP64 in stream.read(length):
        raise bad_package(path, "it uses zip64")
    stream.seek(0)


def _check_members(path: Path, zipped: zipfile.ZipFile) -> None:
    members = sorted(zipped.infolist(), key=lambda info: info.header_offset)
    end = 0
    for info in members:
        if fault := path_fault(info.filename):
            raise bad_package(path, f"the name of a part {fault}")
        mode = info.external_attr >> 16
        if info.compress_type != zipfile.ZIP_STORED or info.compress_size != info.file_size:
            raise bad_package(path, "a part is compressed")
        if info.flag_bits & ~_UTF8 or stat.S_IFMT(mode) not in (0, stat.S_IFREG):
            raise bad_package(path, "a part is a link or encrypted")
        if info.filename != info.orig_filename:
            raise bad_package(path, "a part's name is not what it seems")
        if info.header_offset != end:
            raise bad_package(path, "its parts overlap or leave gaps")
        end = info.header_offset + _LOCAL_HEADER + len(info.filename.encode()) + info.file_size
    if end != zipped.start_dir:
        raise bad_package(path, "its parts overlap or leave gaps")
    if clashing := clash(info.filename for info in members):
        raise bad_package(path, f"{clashing!r} is there twice for some systems")


class ArchiveWriter:
    """Writes a package; the same parts in the same order give the same bytes."""

    def __init__(self, stream: BinaryIO) -> None:
        self._zip = zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED, allowZip64=False)

    def add(self, name: str, content: bytes | Path) -> None:
        """Add one part, from memory or from a file."""
        if fault := path_fault(name):
            raise ValueError(f"{name!r} {fault}")
        info = zipfile.ZipInfo(name, _DATE)
        info.create_system, info.external_attr = 3, (stat.S_IFREG | 0o644) << 16
        info.file_size = len(content) if isinstance(content, bytes) else content.stat().st_size
        source = io.BytesIO(content) if isinstance(content, bytes) else content.open("rb")
        with source, self._zip.open(info, "w") as member:
            shutil.copyfileobj(source, member, _CHUNK)

    def close(self) -> None:
        """Write the list of parts."""
        self._zip.close()
