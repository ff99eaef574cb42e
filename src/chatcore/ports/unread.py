"""Counting what users haven't read: always a query, never a stored counter."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence

from attrs import frozen

from chatcore.ids import Milliseconds, UserId
from chatcore.ports.messages import UnreadCount, UnreadQuery


@frozen(kw_only=True)
class Total:
    """What a user hasn't read, over all conversations."""

    unread: int
    mentions: int
    conversations: int
    """Those with something unread, or marked so."""


class UnreadRepository(ABC):
    """Counts, each exact up to ``most``; ``most`` + 1 says more."""

    @abstractmethod
    def counts(
        self, queries: Sequence[UnreadQuery], now: Milliseconds, most: int
    ) -> Mapping[tuple[int, UserId], UnreadCount]:
        """By (conversation_n, viewer), with one statement."""

    @abstractmethod
    def total(
        self, user_id: UserId, now: Milliseconds, most: int, *, muted: bool, archived: bool
    ) -> Total:
        """Over the user's conversations; those muted now and archived only where asked for."""

    @abstractmethod
    def mentioned(self, conversation_n: int, user_id: UserId, seqs: Collection[int]) -> set[int]:
        """Which of these messages name the user, or everybody."""
