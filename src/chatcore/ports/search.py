"""Searching messages in storage."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from attrs import frozen

from chatcore.ids import ConversationId, UserId
from chatcore.ports.messages import MessageRecord


@frozen(kw_only=True)
class Search:
    """What to look for, and for whom."""

    terms: Sequence[tuple[str, bool]]
    """At least one, all to be matched: words that stand one after the other, and whether the last
    one is only a word's beginning."""
    viewer: UserId
    conversation_n: int | None = None
    sender_id: UserId | None = None


@frozen
class Hit:
    """A message that was found. ``n`` is its place in the order of all messages."""

    n: int
    conversation_id: ConversationId
    record: MessageRecord


@frozen
class Hits:
    """Newest first. ``next`` is what to look below for more, None where there is nothing more.

    There may be more although few were found, or none: one call looks at so much and no more.
    """

    items: Sequence[Hit]
    next: int | None


@frozen
class Backlog:
    """What the index doesn't hold yet."""

    waiting: int
    """About how many messages."""
    newest: int
    """The ``n`` of the newest message."""


class SearchRepository(ABC):
    """Messages by the words in them. The index may lag behind; what is found never does."""

    @abstractmethod
    def find(self, search: Search, *, before: int | None, limit: int) -> Hits:
        """The newest messages below ``before`` that match and that the viewer may see.

        That is: in conversations of which they are a member, above their floor, neither hidden,
        deleted nor expired, whatever the index knows of any of it.
        """

    @abstractmethod
    def backlog(self) -> Backlog:
        """What waits to be indexed."""

    @abstractmethod
    def index(self, most: int) -> None:
        """Index up to ``most`` messages that wait."""
