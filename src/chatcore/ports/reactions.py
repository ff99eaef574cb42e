"""Reactions in storage, and messages hidden by one user."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence

from chatcore.ids import ConversationId, Milliseconds, UserId


class ReactionRepository(ABC):
    """Who reacted how."""

    @abstractmethod
    def of(self, conversation_n: int, seq: int) -> Sequence[tuple[str, UserId]]:
        """(key, user) of a message's reactions, in the order in which they were made."""

    @abstractmethod
    def add(
        self, conversation_n: int, seq: int, user_id: UserId, key: str, at: Milliseconds
    ) -> None:
        """Add one that isn't there."""

    @abstractmethod
    def remove(self, conversation_n: int, seq: int, user_id: UserId, key: str) -> None:
        """Take one away."""

    @abstractmethod
    def clear(self, conversation_n: int, seq: int) -> None:
        """Take all away, with the message's mentions."""

    @abstractmethod
    def mine(
        self, conversation_n: int, user_id: UserId, seqs: Collection[int]
    ) -> Mapping[int, tuple[str, ...]]:
        """The user's own reactions to these messages."""


class HiddenRepository(ABC):
    """Messages that one user deleted for themselves."""

    @abstractmethod
    def add(self, user_id: UserId, conversation_n: int, seq: int, me_rev: int) -> None:
        """Hide a message from one user."""

    @abstractmethod
    def among(self, user_id: UserId, conversation_n: int, seqs: Collection[int]) -> set[int]:
        """Which of these the user has hidden."""

    @abstractmethod
    def found(self, places: Collection[tuple[UserId, int, int]]) -> set[tuple[UserId, int, int]]:
        """The same for many at once: which (user, conversation_n, seq) are hidden."""

    @abstractmethod
    def changed(
        self, user_id: UserId, rev: int, limit: int
    ) -> Sequence[tuple[int, ConversationId, int, str]]:
        """(me_rev, conversation, seq, nonce) of the first ``limit`` hidden after ``rev``."""
