"""A blob store on a folder, durable and never half-written.

    folder/
      .incoming/    what is being written; leftovers of a crash are cleared at the start
      ab/cdef…      blobs, under the names that the engine gave them

A blob is written beside, synced, and renamed into place; then the folders above it are synced, so
that its name survives a crash as well as its bytes. A name is taken once and never overwritten.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from chatcore.errors import Conflict, NotFound
from chatcore.ports.blobs import BlobStore

# No part begins with a dot: nothing leads out of the folder or into what is being written.
_NAME: Final = re.compile(r"[a-z0-9_-][a-z0-9._-]*(?:/[a-z0-9_-][a-z0-9._-]*)*")
_CHUNK: Final = 64 * 1024
_INCOMING: Final = ".incoming"
_STALE_S: Final = 3_600.0


class FilesStore(BlobStore):
    """Keeps blobs as files in ``folder``, which it makes. Several processes may share it.

    Every method raises :class:`ValueError` for a name outside ``[a-z0-9/._-]`` or with a part that
    begins with a dot.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self._folder = Path(folder).resolve()
        self._incoming = self._folder / _INCOMING
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._incoming.mkdir(exist_ok=True, mode=0o700)
        self._clear_stale()

    def put(self, name: str, source: BinaryIO) -> None:
        """Raises :class:`Conflict` where the name is taken; the blob there stays as it is."""
        path = self._path(name)
        descriptor, incoming = tempfile.mkstemp(dir=self._incoming)
        try:
            with open(descriptor, "wb") as file:
                shutil.copyfileobj(source, file, _CHUNK)
                file.flush()
                os.fsync(file.fileno())
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            if path.exists():
                raise Conflict("A blob of this name exists")
            os.replace(incoming, path)
        except BaseException:
            Path(incoming).unlink(missing_ok=True)
            raise
        self._sync_folders(path)

    def open(self, name: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        path = self._path(name)
        if not path.is_file():
            raise NotFound
        return _chunks(path, start, end)

    def size(self, name: str) -> int | None:
        try:
            return self._path(name).stat().st_size
        except FileNotFoundError:
            return None

    def delete(self, name: str) -> None:
        self._path(name).unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise ValueError(f"not the name of a blob: {name!r}")
        return self._folder / name

    def _sync_folders(self, path: Path) -> None:
        if os.name == "nt":  # pragma: no cover (a folder can't be opened there)
            return
        for folder in path.parents:
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            if folder == self._folder:
                break

    def _clear_stale(self) -> None:
        """Remove what a crash left behind, but not what another process is writing."""
        oldest = time.time() - _STALE_S
        for leftover in self._incoming.iterdir():
            try:
                if leftover.stat().st_mtime < oldest:
                    leftover.unlink()
            except FileNotFoundError:  # another process cleared it first
                continue


def _chunks(path: Path, start: int, end: int | None) -> Iterator[bytes]:
    try:
        file = path.open("rb")
    except FileNotFoundError:
        raise NotFound from None
    with file:
        file.seek(start)
        left = float("inf") if end is None else end - start
        while left > 0 and (chunk := file.read(int(min(_CHUNK, left)))):
            left -= len(chunk)
            yield chunk
