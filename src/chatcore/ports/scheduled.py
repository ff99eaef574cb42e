"""Messages that live on their sender's stream alone: scheduled, held, or heard by nobody else."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from attrs import define, field

from chatcore.ids import ConversationId, MessageId, Milliseconds, UserId


@define(kw_only=True)
class ScheduledRecord:
    """A row. It stays when it is done with (``state``), without its content."""

    id: str
    user_id: UserId
    conversation_n: int
    conversation_id: ConversationId
    state: str
    """``waiting``, ``held``, ``failed``, ``rejected``, ``sent``, ``cancelled``; or ``unheard``."""
    send_at: Milliseconds | None = None
    key: str | None = None
    digest: str | None = None
    """SHA-256 (hex) of the request that made it."""
    content: dict[str, Any] = field(factory=dict)
    """The fields of the send; of an unheard message the message."""
    reason: str | None = None
    message_id: MessageId | None = None
    created_at: Milliseconds
    updated_at: Milliseconds
    me_rev: int


class ScheduledRepository(ABC):
    """Rows are changed only while their user's actor row is locked."""

    @abstractmethod
    def get(self, ids: Collection[str]) -> Mapping[str, ScheduledRecord]:
        """By id, whatever their state."""

    @abstractmethod
    def by_key(
        self, keys: Collection[tuple[str, UserId, int]]
    ) -> Mapping[tuple[str, UserId, int], ScheduledRecord]:
        """The rows with these (key, sender, conversation_n), whatever their state."""

    @abstractmethod
    def page(self, user_id: UserId, after: str, limit: int) -> Sequence[ScheduledRecord]:
        """A user's own that are neither done with nor unheard, by id."""

    @abstractmethod
    def held(self, after: str, limit: int) -> Sequence[ScheduledRecord]:
        """Everybody's that wait for a verdict, by id: the oldest first."""

    @abstractmethod
    def count(self, user_id: UserId) -> int:
        """How many :meth:`page` would give in all."""

    @abstractmethod
    def due(self, now: Milliseconds, limit: int) -> Sequence[ScheduledRecord]:
        """Waiting rows whose time has come, the longest waiting first."""

    @abstractmethod
    def changed(self, user_id: UserId, rev: int, limit: int) -> Sequence[ScheduledRecord]:
        """The first ``limit`` of a user's rows changed after ``rev``, by rev."""

    @abstractmethod
    def save(self, record: ScheduledRecord) -> None:
        """Insert or replace."""
