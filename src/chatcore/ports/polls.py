"""Votes in storage."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence

from chatcore.ids import ConversationId, Milliseconds, UserId

Options = tuple[int, ...]
"""The places of the options that somebody chose, from 0."""


class PollRepository(ABC):
    """Who voted how."""

    @abstractmethod
    def of(self, conversation_n: int, seq: int) -> Sequence[tuple[UserId, Options]]:
        """The votes that stand in a poll, in the order in which they were cast."""

    @abstractmethod
    def cast(
        self,
        conversation_n: int,
        seq: int,
        user_id: UserId,
        options: Options,
        at: Milliseconds,
        me_rev: int,
    ) -> None:
        """A user's vote is this from now on; empty takes it back."""

    @abstractmethod
    def mine(
        self, conversation_n: int, user_id: UserId, seqs: Collection[int]
    ) -> Mapping[int, Options]:
        """The user's own votes in these polls."""

    @abstractmethod
    def clear(self, conversation_n: int, seq: int) -> None:
        """Forget all votes in a poll."""

    @abstractmethod
    def changed(
        self, user_id: UserId, rev: int, limit: int
    ) -> Sequence[tuple[int, ConversationId, int, str, Options]]:
        """(me_rev, conversation, seq, nonce, options) of the first ``limit`` own votes cast after
        ``rev``, by rev."""
