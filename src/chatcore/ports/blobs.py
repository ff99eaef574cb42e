"""Where files lie."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import BinaryIO


class BlobStore(ABC):
    """Keeps bytes under random names. Synchronous: the engine calls it in worker threads.

    A name is made by the engine from ``[a-z0-9/._-]``, never by a client.
    """

    @abstractmethod
    def put(self, name: str, source: BinaryIO) -> None:
        """Keep everything that ``source`` still holds, durably and at once or not at all.

        When it returns, the blob survives a crash; a reader never sees half of it.
        """

    @abstractmethod
    def open(self, name: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The bytes from ``start`` up to ``end`` (exclusive), in chunks of at most 64 KiB.

        Raises :class:`chatcore.errors.NotFound` where there is no such blob, before the first
        chunk.
        """

    @abstractmethod
    def size(self, name: str) -> int | None:
        """How many bytes, or None where there is no such blob."""

    @abstractmethod
    def delete(self, name: str) -> None:
        """Forget it; an unknown name is no error."""
