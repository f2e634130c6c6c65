"""What somebody downloaded: folders and zip files, read in place and never unpacked."""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from cxrdesk.imaging.errors import FilmError, UserError
from cxrdesk.imaging.files import open_file

MOST_BYTES = 200_000_000
"""Of one film or table; the largest published table has some 30 MB, a film less than 50 MB."""

_PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2)
_ENCRYPTED = 0x1


@dataclass(frozen=True, kw_only=True)
class Member:
    """One file of a download.

    Parameters
    ----------
    name : str
        Its path within the folder or zip file, with slashes.
    size : int
        In bytes, unpacked.
    place : Path or zipfile.ZipFile
        The file itself, or the open zip file that holds it.
    """

    name: str
    size: int
    place: Path | zipfile.ZipFile

    @property
    def parts(self) -> tuple[str, ...]:
        """The folders and the file's own name."""
        return PurePosixPath(self.name).parts

    def read(self) -> bytes:
        """All bytes.

        Raises
        ------
        FilmError
            ``too-large``, ``truncated``, ``missing-file`` or ``unreadable``.
        """
        told = self.parts[-1]
        if self.size > MOST_BYTES:
            raise FilmError("too-large", f"{told} has {self.size // 10**6} MB, too large for what was published.")
        if isinstance(self.place, Path):
            with open_file(self.place) as file:
                return file.read(MOST_BYTES)
        try:
            # zipfile reads no more than the size that the zip file claims for a member.
            return self.place.read(self.name)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError) as error:
            raise FilmError("truncated", f"{told} is broken within the zip file; download it again.") from error

    def same_as(self, other: Member) -> bool:
        """Whether two files hold the same bytes."""
        return self.size == other.size and self.read() == other.read()


@contextmanager
def opened(paths: Sequence[Path]) -> Iterator[list[Member]]:
    """All files of some folders and zip files, by name; those that systems add by themselves are not among them.

    Raises
    ------
    UserError
        ``no-data``, ``unreadable``, ``bad-zip`` or ``unsafe-zip``.
    """
    members: list[Member] = []
    with ExitStack() as stack:
        for path in paths:
            if path.is_dir():
                members += _of_folder(path)
            elif path.is_file():
                members += _of_zip(stack.enter_context(_zip(path)), path)
            else:
                raise UserError("no-data", f"{path} does not exist; --from names the download, a folder or zip file")
        yield sorted((member for member in members if not _is_litter(member)), key=lambda member: member.name)


def _is_litter(member: Member) -> bool:
    return member.parts[-1].startswith(".") or "__MACOSX" in member.parts


def _of_folder(folder: Path) -> list[Member]:
    found = []
    seen = set()
    for place, folders, names in os.walk(folder, followlinks=True, onerror=_unreadable):
        # Links may lead in a circle.
        seen.add(os.path.realpath(place))
        folders[:] = [name for name in folders if os.path.realpath(Path(place, name)) not in seen]
        for name in names:
            path = Path(place, name)
            if path.is_file():
                found.append(Member(name=path.relative_to(folder).as_posix(), size=path.stat().st_size, place=path))
    return found


def _unreadable(error: OSError) -> None:
    reason = error.strerror or type(error).__name__
    raise UserError("unreadable", f"{error.filename} cannot be read ({reason}); check the disk and your permission")


def _zip(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        text = f"{path.name} is no whole zip file; download it again, or unpack an archive of another kind"
        raise UserError("bad-zip", text) from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UserError("no-data", f"{path.name} cannot be read ({reason}); check the disk or network") from None


def _of_zip(opened: zipfile.ZipFile, path: Path) -> list[Member]:
    found = []
    for info in opened.infolist():
        if info.is_dir():
            continue
        if not _stays_inside(info.filename):
            text = f"{path.name} holds a file that would lie outside its folder; no publisher packs so, do not use it"
            raise UserError("unsafe-zip", text)
        if info.flag_bits & _ENCRYPTED or info.compress_type not in _PACKED:
            how = "is encrypted" if info.flag_bits & _ENCRYPTED else "is packed by a method that is not supported here"
            raise UserError("bad-zip", f"{path.name} {how}; unpack it and name the folder")
        found.append(Member(name=info.filename, size=info.file_size, place=opened))
    return found


def _stays_inside(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return bool(parts) and not name.startswith("/") and ".." not in parts and "\\" not in name and ":" not in parts[0]
