"""Bookmarks in storage."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from attrs import define

from chatcore.ids import ConversationId, Milliseconds, UserId


@define(kw_only=True)
class BookmarkRecord:
    """A bookmark, or one that was taken back (``active``)."""

    user_id: UserId
    conversation_n: int
    seq: int
    nonce: str
    """With the conversation and the seq the message's id, whatever becomes of the message."""
    created_at: Milliseconds
    active: bool
    me_rev: int


Placed = tuple[ConversationId, BookmarkRecord]


class BookmarkRepository(ABC):
    """Bookmarks, each with the id of its conversation, which may be deleted since."""

    @abstractmethod
    def get(self, user_id: UserId, conversation: ConversationId, seq: int) -> Placed | None:
        """A user's bookmark of one message, taken back or not."""

    @abstractmethod
    def count(self, user_id: UserId) -> int:
        """How many bookmarks a user has."""

    @abstractmethod
    def save(self, record: BookmarkRecord) -> None:
        """Insert or replace."""

    @abstractmethod
    def page(self, user_id: UserId, before: int | None, limit: int) -> Sequence[Placed]:
        """A user's bookmarks by falling ``me_rev``, below ``before``."""

    @abstractmethod
    def changed(self, user_id: UserId, rev: int, limit: int) -> Sequence[Placed]:
        """The first ``limit`` set or taken back after ``rev``, by rev."""
