"""Conversations in storage: the row of a stream and its counters."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence

from attrs import define

from chatcore.ids import ConversationId, Milliseconds, UserId


@define(kw_only=True)
class ConversationRecord:
    """A conversation's row, with the counters of its stream."""

    n: int
    """The storage's own number: short, append-ordered; never shown."""
    id: ConversationId
    kind: str
    title: str | None
    description: str | None
    avatar_url: str | None
    direct_key: str | None
    """What is unique for a direct (``a b``, sorted) or a self conversation (``a``)."""
    created_at: Milliseconds
    created_by: UserId
    create_key: str | None
    create_digest: str | None
    updated_at: Milliseconds
    rev: int
    last_seq: int
    receipt_rev: int
    meta_rev: int
    """The rev at which title, settings or the member count changed last."""
    members_rev: int
    """The rev at which any member's row changed last."""
    pruned_seq: int
    member_count: int
    history: str
    announcement: bool
    slow_mode_s: int
    frozen: bool
    expire_after_s: int | None
    public: bool
    active_at: Milliseconds
    """Last real activity: what lists are sorted by."""
    deleted_at: Milliseconds | None
    expire_from: str = "sent"
    """What ``expire_after_s`` counts from: sending, or reading (direct conversations)."""
    retention_days: int | None = None


class ConversationRepository(ABC):
    """Conversations."""

    @abstractmethod
    def lock(self, ids: Collection[ConversationId]) -> Mapping[ConversationId, ConversationRecord]:
        """Lock these rows until commit, by ascending id; unknown and deleted ids are left out.

        Within one unit of work the same record is given each time, so that what one operation
        changed the next one sees. Counters changed on it are written at commit.
        """

    @abstractmethod
    def get(self, ids: Collection[ConversationId]) -> Mapping[ConversationId, ConversationRecord]:
        """Read without locking; unknown and deleted ids are left out."""

    @abstractmethod
    def insert(self, record: ConversationRecord) -> None:
        """Add a row and set its ``n``; it counts as locked from here on."""

    @abstractmethod
    def save(self, record: ConversationRecord) -> None:
        """Write everything but the counters of a locked record."""

    @abstractmethod
    def public(
        self, viewer: UserId, title: str, before: int | None, limit: int
    ) -> Sequence[ConversationRecord]:
        """Public conversations whose folded title contains ``title``, by falling n below
        ``before``; without those from which ``viewer`` is banned."""

    @abstractmethod
    def direct(self, key: str) -> ConversationId | None:
        """The direct or self conversation with this ``direct_key``, deleted or not."""

    @abstractmethod
    def created(self, by: UserId, key: str) -> ConversationId | None:
        """What this user created with this client key, deleted or not: a key is for ever."""
