"""What a handler works with: one transaction, and what is to be announced once it has committed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from attrs import define, field, frozen

from chatcore.config import Limits, Settings
from chatcore.errors import ChatError
from chatcore.events import Announcement, Event, Joining
from chatcore.ids import Milliseconds, UserId, account_stream, stream_of
from chatcore.models import Actor, User
from chatcore.operations import Operation, SendMessage
from chatcore.ports.actors import ActorRecord
from chatcore.ports.conversations import ConversationRecord
from chatcore.ports.scheduled import ScheduledRecord
from chatcore.ports.storage import AccountsUnit, ChatUnit

Outcome: TypeAlias = Any
"""An operation's result, or the :class:`ChatError` that refused it."""


@define
class Request:
    """One operation of a batch."""

    actor: Actor
    operation: Operation[Any]
    known: Mapping[UserId, User] = field(factory=dict)
    """The users it names who exist, looked up before the transaction began."""
    verdict: Reviewed | None = None
    """What a moderator said about it, where one was asked."""
    due: ScheduledRecord | None = None
    """The scheduled message that this send fires."""


@frozen
class Reviewed:
    """What a moderator said about a send that was let through, or held."""

    original: SendMessage
    """As it was asked: what a repeat is compared with."""
    held: bool = False
    reason: str | None = None


@define
class ChatWork:
    """A transaction on the chat store."""

    unit: ChatUnit
    limits: Limits
    settings: Settings
    known: Mapping[UserId, User] = field(factory=dict)
    announcements: list[Announcement] = field(factory=list)

    @property
    def now(self) -> Milliseconds:
        """The database's time: what is created now, and what expired before."""
        return self.unit.now

    def announce(
        self,
        stream: ConversationRecord,
        event: Event,
        *,
        min_seq: int | None = None,
        joining: tuple[Joining, ...] = (),
        leaving: tuple[UserId, ...] = (),
    ) -> None:
        """A durable event of the rev that ``stream`` has just taken."""
        self.announcements.append(
            Announcement(
                event=event,
                stream=stream_of(stream.id),
                prev=stream.rev - 1,
                rev=stream.rev,
                min_seq=min_seq,
                joining=joining,
                leaving=leaving,
            )
        )

    def note(self, actor: ActorRecord, event: Event) -> None:
        """A durable event of the rev that an account stream has just taken."""
        stream = account_stream(actor.user_id)
        self.announcements.append(
            Announcement(event=event, stream=stream, prev=actor.rev - 1, rev=actor.rev)
        )

    def hint(self, event: Event, **how: Any) -> None:
        """A state event: no rev, nothing stored."""
        self.announcements.append(Announcement(event=event, **how))


@define
class AccountsWork:
    """A transaction on the accounts store."""

    unit: AccountsUnit
    limits: Limits
    settings: Settings

    @property
    def now(self) -> Milliseconds:
        return self.unit.now


def refused(outcome: Outcome) -> bool:
    """Whether an outcome is an error."""
    return isinstance(outcome, ChatError)
