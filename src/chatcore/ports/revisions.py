"""Earlier versions of messages in storage."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from attrs import frozen

from chatcore.ids import Milliseconds


@frozen(kw_only=True)
class RevisionRecord:
    """What a message said in one version, and since when."""

    version: int
    body: str | None
    at: Milliseconds


class RevisionRepository(ABC):
    """What messages said before they were edited."""

    @abstractmethod
    def add(self, conversation_n: int, seq: int, record: RevisionRecord, most: int) -> None:
        """Keep a version that is no longer the current one, and the ``most`` last of all."""

    @abstractmethod
    def of(self, conversation_n: int, seq: int, after: int, limit: int) -> Sequence[RevisionRecord]:
        """Earlier versions above ``after``, by rising version."""

    @abstractmethod
    def clear(self, conversation_n: int, seq: int) -> None:
        """Forget them all."""
