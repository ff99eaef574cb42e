"""What has had its time, in storage: messages that expire, and those past retention."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from attrs import frozen

from chatcore.ids import ConversationId, Milliseconds, UserId
from chatcore.ports.erasure import Trace
from chatcore.ports.messages import MessageRecord


@frozen
class Aged:
    """A conversation that holds more than it may, or rows that were pruned already."""

    n: int
    id: ConversationId


@frozen
class Looked:
    """What was found among so many conversations."""

    aged: Sequence[Aged]
    """By rising n."""
    next: int | None
    """After which to look on; None where there are no more."""


class RetentionRepository(ABC):
    """Every call gives so many rows and no more."""

    @abstractmethod
    def expired(self, now: Milliseconds, limit: int) -> Sequence[tuple[ConversationId, int]]:
        """(conversation, seq) of expired messages that are no tombstones, the longest expired
        first."""

    @abstractmethod
    def unstarted(self, limit: int) -> Sequence[tuple[ConversationId, UserId]]:
        """Direct conversations, and who has read messages there whose time has not begun."""

    @abstractmethod
    def begin(self, conversation_n: int, reader: UserId, limit: int) -> Sequence[MessageRecord]:
        """Others' messages there that ``reader`` has read and whose time has not begun."""

    @abstractmethod
    def aged(self, after_n: int, now: Milliseconds, days: int | None, limit: int) -> Looked:
        """Those with something to prune among the ``limit`` conversations after ``after_n``.

        ``days`` is how long the engine keeps messages; a conversation may keep them for less, and
        one that has ended keeps none.
        """

    @abstractmethod
    def ended(self, id: ConversationId) -> Trace | None:
        """The conversation, if it has ended."""

    @abstractmethod
    def oldest(self, conversation_n: int, after_seq: int, before: Milliseconds, limit: int) -> int:
        """The highest seq up to which every message after ``after_seq`` was created ``before``
        then, looking at ``limit`` of them; ``after_seq`` where there is none."""

    @abstractmethod
    def forget(self, conversation_n: int, up_to_seq: int, limit: int) -> int:
        """Delete up to ``limit`` of the oldest messages up to there, and all that hangs on them;
        how many there were."""
