"""A film's stored integers in shared memory, so that the child reads them without a copy."""

from __future__ import annotations

import errno
import math
import mmap
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker, shared_memory
from pathlib import Path
from typing import Any

import numpy as np

from cxrdesk.imaging.radiograph import ModalityLut, Projection, Radiograph, View
from cxrdesk.imaging.voi import Window

SHARED_FILMS = 2
"""Films that stay shared and mapped: a frontal and a lateral one of a study."""


class SharedFilm:
    """A copy of a film's pixels that another process can map; close it when all answers are in."""

    def __init__(self, film: Radiograph) -> None:
        lut = film.modality_lut
        table = np.empty(0, np.float32) if lut.table is None else lut.table
        start = _aligned(film.stored.nbytes)
        _check_room(start + table.nbytes)
        self._memory = shared_memory.SharedMemory(create=True, size=start + table.nbytes)
        np.ndarray(film.stored.shape, film.stored.dtype, self._memory.buf)[:] = film.stored
        np.ndarray(table.shape, np.float32, self._memory.buf, offset=start)[:] = table
        self.description: dict[str, Any] = {
            "memory": self._memory.name,
            "dtype": film.stored.dtype.str,
            "shape": list(film.shape),
            "bits_stored": film.bits_stored,
            "slope": lut.slope,
            "intercept": lut.intercept,
            "first": lut.first,
            "table": None if lut.table is None else len(lut.table),
            "inverted": film.inverted,
            "spacing_mm": film.pixel_spacing_mm,
            "spacing_source": film.spacing_source,
            "age_years": film.patient_age_years,
            "sex": film.patient_sex,
            "body_part": film.view.body_part,
            "projection": film.view.projection,
            "modality": film.modality,
            "source": film.source,
        }
        """JSON types; what a detector may know of the film. No identity, and no display settings."""

    def close(self) -> None:
        """Free the memory."""
        self._memory.close()
        # A child that was killed while it attached may have taken the block with it (Python before 3.13).
        with suppress(FileNotFoundError):
            self._memory.unlink()


class Shelf:
    """Films that stay shared for a while: each detector of a study asks for the same ones.

    Parameters
    ----------
    most : int
        Films that stay; with 0 each is freed as soon as nobody uses it.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._films: list[tuple[Radiograph, SharedFilm]] = []
        """The one that was lent last comes last."""

    @contextmanager
    def lent(self, films: Sequence[Radiograph]) -> Iterator[list[dict[str, Any]]]:
        """Descriptions of the films; what they name stays for as long as the context.

        Raises
        ------
        OSError
            If there is no room for one of them.
        """
        try:
            yield [self._shared(film).description for film in films]
        finally:
            self._keep(self.most)

    def close(self) -> None:
        """Free all."""
        self._keep(0)

    def _shared(self, film: Radiograph) -> SharedFilm:
        # The same object and not the same pixels: an age that the reader gave makes another film of it.
        found = next((item for item in self._films if item[0] is film), None)
        if found is None:
            found = film, SharedFilm(film)
        else:
            self._films.remove(found)
        self._films.append(found)
        return found[1]

    def _keep(self, most: int) -> None:
        while len(self._films) > most:
            self._films.pop(0)[1].close()


def _aligned(size: int) -> int:
    """Where float32 may follow `size` bytes."""
    return -(-size // 4) * 4


def _check_room(size: int) -> None:
    # Linux hands out shared memory that is not there and ends the process that writes to it.
    folder = Path("/dev/shm")
    if sys.platform == "linux" and folder.is_dir() and shutil.disk_usage(folder).free < size:
        raise OSError(errno.ENOSPC, f"{folder} has no room for a film of {size / 2**20:.0f} MB")


class MappedFilm:
    """The film on the child's side; its pixels vanish with `close`."""

    def __init__(self, told: dict[str, Any]) -> None:
        self._memory, mapped = _attach(told["memory"])
        dtype, shape = np.dtype(told["dtype"]), tuple(told["shape"])
        # Through frombuffer, which keeps the mapping alive for as long as anything points into it; ndarray does not.
        pixels = np.frombuffer(mapped, dtype, math.prod(shape)).reshape(shape)
        table = None
        if told["table"] is not None:
            # A copy: the table is small, and a model may keep it.
            start = _aligned(pixels.nbytes)
            table = np.frombuffer(mapped, np.float32, told["table"], start).copy()
        spacing = told["spacing_mm"]
        # No display settings travel; the whole range, unread, so that mapping a large film costs nothing.
        width = float(1 << told["bits_stored"])
        self.film: Radiograph | None = Radiograph(
            stored=pixels,
            bits_stored=told["bits_stored"],
            modality_lut=ModalityLut(
                slope=told["slope"],
                intercept=told["intercept"],
                first=told["first"],
                table=table,
            ),
            inverted=told["inverted"],
            voi=Window(center=width / 2, width=width),
            pixel_spacing_mm=None if spacing is None else (spacing[0], spacing[1]),
            spacing_source=told["spacing_source"],
            patient_age_years=told["age_years"],
            patient_sex=told["sex"],
            view=View(
                body_part=told["body_part"],
                projection=None if told["projection"] is None else Projection(told["projection"]),
            ),
            modality=told["modality"],
            source=told["source"],
        )

    def close(self) -> None:
        """Unmap the memory; the film must not be used afterwards."""
        self.film = None
        try:
            self._memory.close()
        except BufferError:
            # A plugin kept a view of the pixels: the mapping lives until the plugin lets go.
            return


class MappedFilms:
    """Films on the child's side that stay mapped for a while: what was computed of one serves the next detector too.

    Parameters
    ----------
    most : int
        Films that stay.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._films: list[tuple[dict[str, Any], MappedFilm]] = []

    def get(self, told: Sequence[dict[str, Any]]) -> list[Radiograph]:
        """The films that are described, in their order; `trim` when they were used."""
        films = []
        for description in told:
            found = next((item for item in self._films if item[0] == description), None)
            if found is None:
                found = description, MappedFilm(description)
            else:
                self._films.remove(found)
            self._films.append(found)
            assert found[1].film is not None
            films.append(found[1].film)
        return films

    def trim(self) -> None:
        """Unmap those that were used longest ago, where there are too many.

        After an answer, not before the next one: giving the memory of a large film back takes longer than mapping one.
        """
        while len(self._films) > self.most:
            self._films.pop(0)[1].close()

    def close(self) -> None:
        """Unmap all."""
        while self._films:
            self._films.pop()[1].close()


def _attach(name: str) -> tuple[shared_memory.SharedMemory | mmap.mmap, memoryview | mmap.mmap]:
    """What is to be closed, and what holds the bytes."""
    if sys.platform == "linux":
        # For reading alone: whatever a plugin does to its own input, the next one gets the film as it is.
        block = os.open(f"/dev/shm/{name}", os.O_RDONLY)
        try:
            # All at once: a fault for each page of a large film takes longer than reading it.
            mapped = mmap.mmap(block, 0, flags=mmap.MAP_SHARED | mmap.MAP_POPULATE, prot=mmap.PROT_READ)
        finally:
            os.close(block)
        return mapped, mapped
    if sys.version_info >= (3, 13):
        memory = shared_memory.SharedMemory(name=name, track=False)
    else:
        memory = shared_memory.SharedMemory(name=name)
        if sys.platform != "win32":
            # Before 3.13 attaching registers the block with this process's tracker, which would free it at exit.
            resource_tracker.unregister(f"/{memory.name.lstrip('/')}", "shared_memory")
    assert memory.buf is not None
    return memory, memory.buf
