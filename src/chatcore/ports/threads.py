"""Threads in storage: replies below a message, and how far each user has read there."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence

from attrs import frozen

from chatcore.ids import ConversationId, Milliseconds, UserId
from chatcore.ports.messages import MessageRecord, UnreadCount, UnreadQuery, Window


@frozen(kw_only=True)
class ThreadRecord:
    """A thread as one reader finds it."""

    root: MessageRecord
    last_seq: int
    mark: int
    """Up to where the reader has marked this thread alone; 0 where they never did."""


class ThreadRepository(ABC):
    """Threads, by (conversation_n, seq of the root)."""

    @abstractmethod
    def touch(self, replies: Collection[tuple[int, int, int]]) -> None:
        """Replies were added: (conversation_n, seq of the root, last_seq), each root once."""

    @abstractmethod
    def summary(self, conversation_n: int, seq: int, most: int) -> tuple[int, Sequence[UserId]]:
        """How many replies aren't deleted, and who wrote them: the first ``most``."""

    @abstractmethod
    def page(
        self, window: Window, *, before: int | None, unread_after: int | None, limit: int
    ) -> Sequence[ThreadRecord]:
        """Threads with a visible root by falling ``last_seq``, those below ``before``.

        With ``unread_after`` only those with an unread reply above it.
        """

    @abstractmethod
    def unread(self, query: UnreadQuery, seq: int, now: Milliseconds, most: int) -> UnreadCount:
        """The same as of a conversation, of the replies in one thread."""

    @abstractmethod
    def marks(
        self, user_id: UserId, conversation_n: int, seqs: Collection[int]
    ) -> Mapping[int, int]:
        """By root, how far the user has marked these threads; only where they have."""

    @abstractmethod
    def mark(
        self, user_id: UserId, conversation_n: int, seq: int, read_seq: int, me_rev: int
    ) -> None:
        """Set the user's mark."""

    @abstractmethod
    def marked(
        self, user_id: UserId, rev: int, limit: int
    ) -> Sequence[tuple[int, ConversationId, int, str, int]]:
        """(me_rev, conversation, root's seq and nonce, read_seq) of the first ``limit`` marks set
        after ``rev``, by rev."""
