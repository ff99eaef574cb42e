"""Messages in storage."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from attrs import define, field, frozen

from chatcore.ids import Milliseconds, UserId


@define(kw_only=True)
class MessageRecord:
    """A message's row, or its tombstone's (``deleted_at``)."""

    conversation_n: int
    seq: int
    rev: int
    sent_rev: int
    """The rev at which it was sent: it rises with seq and never changes."""
    nonce: str
    sender_id: UserId
    kind: str
    body: str | None = None
    key: str | None = None
    digest: str | None = None
    """SHA-256 (hex) of the request behind ``key``."""
    reply_seq: int | None = None
    reply_nonce: str | None = None
    created_at: Milliseconds
    updated_at: Milliseconds
    edited_at: Milliseconds | None = None
    version: int = 1
    deleted_at: Milliseconds | None = None
    deleted_by: UserId | None = None
    deleted_reason: str | None = None
    expires_at: Milliseconds | None = None
    details: dict[str, Any] = field(factory=dict)
    """Whatever few messages have: attachments, mentions, reactions, custom, encrypted, …"""
    thread_seq: int | None = None
    """The seq of the message whose thread it stands in."""
    thread_nonce: str | None = None
    expire_after_s: int | None = None
    """How long after being read it disappears; ``expires_at`` is set when it is."""


@frozen(kw_only=True)
class Window:
    """Which messages one viewer may see: the one predicate behind every list, get and count."""

    conversation_n: int
    viewer: UserId
    floor_seq: int
    now: Milliseconds


@frozen(kw_only=True)
class Within:
    """Which part of a conversation a list is of."""

    thread_seq: int | None = None
    """The replies in the thread of the message with this seq."""
    pinned: bool = False


@frozen(kw_only=True)
class UnreadQuery:
    """Count what one member hasn't read."""

    conversation_n: int
    viewer: UserId
    after_seq: int
    """The highest of read mark, joining, floor and pruned."""


@frozen(kw_only=True)
class UnreadCount:
    """What one member hasn't read, and how much of it names them."""

    unread: int
    mentions: int


class MessageRepository(ABC):
    """Messages."""

    @abstractmethod
    def by_key(
        self, keys: Collection[tuple[str, UserId, int]]
    ) -> Mapping[tuple[str, UserId, int], MessageRecord]:
        """The messages with these (key, sender, conversation_n), tombstones included."""

    @abstractmethod
    def get(self, places: Collection[tuple[int, int]]) -> Mapping[tuple[int, int], MessageRecord]:
        """The messages at these (conversation_n, seq), tombstones included; floors don't matter."""

    @abstractmethod
    def insert(
        self,
        records: Sequence[MessageRecord],
        heeded: Mapping[tuple[int, int], Sequence[str]] | None = None,
    ) -> None:
        """Add these, and a row for each user they mention.

        ``heeded``: by (conversation_n, seq), for whom the mentions count where that is not all.
        """

    @abstractmethod
    def save(self, *records: MessageRecord) -> None:
        """Write changed messages."""

    @abstractmethod
    def page(
        self,
        window: Window,
        *,
        after: int,
        before: int | None,
        newest: bool,
        limit: int,
        within: Within | None = None,
    ) -> Sequence[MessageRecord]:
        """Visible messages with after < seq < before: the newest ``limit``, or the oldest.

        Tombstones are visible, hidden ones are not. Always by rising seq.
        """

    @abstractmethod
    def first_at(
        self, window: Window, moment: Milliseconds, within: Within | None = None
    ) -> int | None:
        """The seq of the first visible message created at or after ``moment``.

        Times rise with seq, and looking reads few rows. Where they don't (messages were imported
        after later ones, or the clock was set back) it is one of the places where they pass
        ``moment``; None where the last message is earlier.
        """

    @abstractmethod
    def changed(
        self, window: Window, *, rev: int, head_rev: int, last_seq: int, limit: int
    ) -> Sequence[MessageRecord]:
        """Messages above the floor changed after ``rev``, by rising rev; hidden ones included."""

    @abstractmethod
    def span(
        self, window: Window, *, after_rev: int, up_to_rev: int, head_rev: int, last_seq: int
    ) -> tuple[int, int] | None:
        """The lowest and highest seq of messages above the floor changed within these revs."""

    @abstractmethod
    def newest(self, windows: Sequence[tuple[Window, int]]) -> Mapping[int, MessageRecord]:
        """By conversation_n, the last message that each viewer sees, given the ``last_seq``s."""
