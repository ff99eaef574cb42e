"""Erasing in storage: how far it has come, and where a user has left something."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from attrs import define, field, frozen

from chatcore.ids import ConversationId, Milliseconds, UserId
from chatcore.ports.uploads import UploadRecord


@define(kw_only=True)
class ErasureRecord:
    """One account's end: begun with its first step, finished with its last."""

    user_id: UserId
    depth: str
    begun_at: Milliseconds
    finished_at: Milliseconds | None = None
    touched: dict[str, int] = field(factory=dict)
    """By kind of thing, how many were taken away or changed."""


@frozen(kw_only=True)
class Trace:
    """A conversation in which a user is or once was a member."""

    conversation_n: int
    id: ConversationId
    kind: str
    ended: bool
    last_seq: int
    pruned_seq: int


class ErasureRepository(ABC):
    """What a user has left, and what was done about it."""

    @abstractmethod
    def get(self, user_id: UserId) -> ErasureRecord | None:
        """The account's end, where it has begun."""

    @abstractmethod
    def save(self, record: ErasureRecord) -> None:
        """Insert or replace."""

    @abstractmethod
    def unfinished(self, limit: int) -> Sequence[ErasureRecord]:
        """Those that were begun and not finished, the first begun first."""

    @abstractmethod
    def traces(self, user_id: UserId, after: int, limit: int) -> Sequence[Trace]:
        """Conversations, ended ones too, by rising ``conversation_n`` above ``after``."""

    @abstractmethod
    def sent(self, trace: Trace, user_id: UserId, after: int, up_to: int) -> Sequence[int]:
        """The seqs in (after, up_to] of what the user sent and what still says anything."""

    @abstractmethod
    def reacted(self, trace: Trace, user_id: UserId, after: int, up_to: int) -> Sequence[int]:
        """The seqs in (after, up_to] of messages with a reaction of the user's."""

    @abstractmethod
    def voted(self, trace: Trace, user_id: UserId, after: int, up_to: int) -> Sequence[int]:
        """The seqs in (after, up_to] of polls with a vote of the user's."""

    @abstractmethod
    def unvote(self, trace: Trace, user_id: UserId, seqs: Sequence[int]) -> int:
        """Delete the user's votes in these polls; how many."""

    @abstractmethod
    def blank(self, trace: Trace, user_id: UserId, seqs: Sequence[int]) -> int:
        """Take keys, digests and earlier versions from these messages; how many there are.

        Where the conversation has ended, everything but place, sender, kind and times: there is
        nobody to tell.
        """

    @abstractmethod
    def unkey(self, trace: Trace, user_id: UserId) -> None:
        """Take the client key with which the user made the conversation, if they did."""

    @abstractmethod
    def files(self, user_id: UserId, after: str, limit: int) -> Sequence[UploadRecord]:
        """The user's files by id, above ``after``."""

    @abstractmethod
    def forget(self, user_id: UserId, limit: int) -> dict[str, int]:
        """Delete up to ``limit`` rows a table of what is the user's alone; how many, by table."""
