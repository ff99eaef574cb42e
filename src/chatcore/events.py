"""What the engine may announce: facts, in the past tense.

*Durable* events belong to a stream and take a ``rev``; *state* events (receipts, typing, presence,
profiles) take none; *session* events speak about one connection. An event's ``name`` is its method
on the wire, its fields are the ``params`` beside ``stream``, ``prev`` and ``rev``. Live events
carry only shared faces, so one encoding serves everybody; pulled ones may be personal.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar, Literal

from attrs import define, field, frozen

from chatcore.ids import ConversationId, MessageId, SessionId, StreamId, UserId
from chatcore.models import (
    Block,
    Bookmark,
    Contact,
    Conversation,
    Hearers,
    Me,
    Member,
    Message,
    Presence,
    Receipt,
    Scheduled,
    TypingState,
    User,
)

Scope = Literal["conversation", "me", "state", "session", "hub"]


class Event:
    """The root of all events."""

    name: ClassVar[str]
    scope: ClassVar[Scope]


@frozen(kw_only=True)
class ReactionChange:
    """Whose reaction it was, and whether it came or went."""

    user_id: UserId
    key: str
    added: bool


# Durable, on a conversation's stream.


@frozen
class MessageEvent(Event):
    """Any ``message.*`` carries the message as it is now, and is applied alike."""

    scope = "conversation"
    message: Message


@frozen
class MessageSent(MessageEvent):
    """A new message."""

    name = "message.sent"


@frozen
class MessageEdited(MessageEvent):
    """Its sender changed the body."""

    name = "message.edited"


@frozen
class MessageDeleted(MessageEvent):
    """It is a tombstone now."""

    name = "message.deleted"


@frozen
class MessageReacted(MessageEvent):
    """Somebody reacted, or took it back; the message carries the summary."""

    name = "message.reacted"
    change: ReactionChange


@frozen
class MessageVoted(MessageEvent):
    """Somebody voted, changed their vote or took it back; the message carries the counts."""

    name = "message.voted"


@frozen
class MessagePinned(MessageEvent):
    """It was pinned, or is no longer."""

    name = "message.pinned"


@frozen
class MessageUpdated(MessageEvent):
    """Something else about it changed, its thread or preview; pulled: whatever became of it."""

    name = "message.updated"


@frozen
class ConversationEvent(Event):
    """Any ``conversation.*`` carries the conversation as it is now."""

    scope = "conversation"
    conversation: Conversation


@frozen
class ConversationCreated(ConversationEvent):
    """The first event of a stream."""

    name = "conversation.created"


@frozen
class ConversationUpdated(ConversationEvent):
    """Title, description, picture, settings or the number of members changed."""

    name = "conversation.updated"


@frozen
class ConversationPruned(ConversationEvent):
    """Nothing is left up to its ``pruned_seq``: forget it."""

    name = "conversation.pruned"


@frozen
class ConversationDeleted(ConversationEvent):
    """The last event of a stream."""

    name = "conversation.deleted"


@frozen
class MemberEvent(Event):
    """Any ``member.*`` carries the membership as it is now."""

    scope = "conversation"
    member: Member


@frozen
class MemberJoined(MemberEvent):
    """Somebody became a member, or became one again."""

    name = "member.joined"
    user: User | None = None
    """The joining user's card, filled in on the way out."""


@frozen
class MemberUpdated(MemberEvent):
    """A member's role changed."""

    name = "member.updated"


@frozen
class MemberLeft(MemberEvent):
    """Somebody left or was removed."""

    name = "member.left"


@frozen
class StreamAdvanced(Event):
    """Moves the cursor and shows nothing: what happened is below the viewer's floor."""

    name = "stream.advanced"
    scope = "conversation"


# Durable, on a user's account stream.


@frozen
class MeUpdated(Event):
    """One's own profile changed."""

    name = "me.updated"
    scope = "me"
    user: User | None = None
    """Filled in on the way out."""


@frozen
class MembershipChanged(Event):
    """Joined (``epoch`` of the membership) or left, removed, deleted (None)."""

    name = "membership.changed"
    scope = "me"
    conversation_id: ConversationId
    epoch: int | None = field(default=None, metadata={"null": True})


@frozen
class ConversationPersonal(Event):
    """One's own view of a conversation changed."""

    name = "conversation.personal"
    scope = "me"
    conversation_id: ConversationId
    me: Me


@frozen
class MessageHidden(Event):
    """One hid a message from oneself, or shows it again."""

    name = "message.hidden"
    scope = "me"
    conversation_id: ConversationId
    message_id: MessageId
    hidden: bool


@frozen
class BookmarkChanged(Event):
    """One bookmarked a message, or took it back."""

    name = "bookmark.changed"
    scope = "me"
    bookmark: Bookmark


@frozen
class BlockChanged(Event):
    """One blocked somebody, or took it back."""

    name = "block.changed"
    scope = "me"
    block: Block


@frozen
class ContactChanged(Event):
    """A contact was asked for, answered or ended, by either of the two."""

    name = "contact.changed"
    scope = "me"
    contact: Contact


@frozen
class ThreadMarked(Event):
    """One has read a thread further, without the rest of the conversation."""

    name = "thread.marked"
    scope = "me"
    conversation_id: ConversationId
    thread_id: MessageId
    read_seq: int


@frozen
class ScheduledChanged(Event):
    """One scheduled a message, changed or cancelled it; or it was sent, held, released, refused."""

    name = "scheduled.changed"
    scope = "me"
    scheduled: Scheduled


@frozen
class VoteChanged(Event):
    """One's own vote in a poll is this now: places of options, none where it was taken back."""

    name = "vote.changed"
    scope = "me"
    conversation_id: ConversationId
    message_id: MessageId
    options: tuple[int, ...]


@frozen(kw_only=True)
class RevokedSession:
    """Which session ended, and when."""

    id: SessionId
    at: datetime


@frozen
class SessionRevoked(Event):
    """One of one's own sessions ended; its connections are closed."""

    name = "session.revoked"
    scope = "me"
    session: RevokedSession


@frozen
class AccountClosed(Event):
    """One's account has ended; all its connections are closed."""

    name = "account.closed"
    scope = "me"
    at: datetime


# State: no rev, nothing to pull.


@frozen
class ReceiptsMoved(Event):
    """``prev`` and ``receipt_rev`` are of the receipt counter, under the same three-way rule."""

    name = "receipts.moved"
    scope = "state"
    receipts: tuple[Receipt, ...]


@frozen
class TypingChanged(Event):
    """A member is writing or recording, or has stopped."""

    name = "typing.changed"
    scope = "state"
    user_id: UserId
    state: TypingState


@frozen
class PresenceChanged(Event):
    """A watched user came, went or chose another status."""

    name = "presence.changed"
    scope = "state"
    user_id: UserId
    presence: Presence


@frozen
class UserChanged(Event):
    """A watched user's public card changed."""

    name = "user.changed"
    scope = "state"
    user: User


# About the session itself.


@frozen
class SessionReset(Event):
    """Forget a stream and fetch it as one without a cursor."""

    name = "session.reset"
    scope = "session"
    stream: str


@frozen
class SessionClosing(Event):
    """The connection is about to be closed."""

    name = "session.closing"
    scope = "session"
    reason: Literal["slow", "restarting", "revoked"]


# To the hubs alone: never sent to a client.


@frozen
class FloorRaised(Event):
    """Members cleared a conversation for themselves: ``joining`` has their new floors."""

    name = "floor.raised"
    scope = "hub"


# How events travel.


@frozen(kw_only=True)
class Joining:
    """Tells the hubs who hears a stream from here on, and above which seq.

    Of one who hears it already: that the floor has risen.
    """

    user_id: UserId
    floor_seq: int


@define(kw_only=True)
class Announcement:
    """One event on its way from a commit to the connections that may see it.

    Nobody changes one; it isn't frozen because one is made for each message.

    ``stream`` is a conversation, an account stream, or None where only ``watchers`` of the
    event's user hear it. ``prev`` and ``rev`` count the stream's revisions (of receipts for
    ``receipts.moved``) and are None for other state.
    """

    event: Event
    stream: StreamId | None
    prev: int | None = None
    rev: int | None = None
    min_seq: int | None = None
    """The seq of the message it carries: members whose floor isn't below see only the advance."""
    joining: tuple[Joining, ...] = ()
    """Who hears the stream from this event on."""
    leaving: tuple[UserId, ...] = ()
    """Who hears nothing of the stream from this event on."""
    not_to: frozenset[UserId] = frozenset()
    """Who must not hear this state event: blocks and privacy, and typing's own author."""
    only_to: frozenset[UserId] | None = None
    """Where given, nobody else hears this state event."""
    instead: Event | None = None
    """What ``instead_to`` hear in its place."""
    instead_to: frozenset[UserId] = frozenset()
    receipts_to: Mapping[UserId, Hearers] = field(factory=dict)
    """By user whose receipt it carries, who may see that one; everybody where none is given."""
    at_once: bool = False
    """Not to be held back, and what was held back until now isn't for who hears this."""
    only_focused: bool = False
    """Sent only to connections that look at the conversation (large groups)."""

    def heard_by(self, user: UserId) -> Event | None:
        """What this user may hear of this state event."""
        if not self.may_hear(user):
            return None
        return self.instead if user in self.instead_to else self.event

    def may_hear(self, user: UserId) -> bool:
        """Whether this user may hear this state event."""
        return user not in self.not_to and (self.only_to is None or user in self.only_to)


@frozen(kw_only=True)
class Change:
    """One pulled change: the object as it is now."""

    stream: str
    rev: int
    event: Event


@frozen(kw_only=True)
class PulledMe:
    """The viewer's counts in one pulled conversation."""

    read_seq: int
    unread: int
    unread_more: bool = False
    unread_mentions: int


@frozen(kw_only=True)
class PulledStream:
    """Where a pull has brought one stream; ``more`` asks for another pull."""

    stream: str
    cursor: str
    rev: int
    receipt_rev: int
    more: bool
    me: PulledMe | None = None
    """The counts of a conversation, as of ``rev``."""


@frozen(kw_only=True)
class Skipped:
    """Messages that changed and are not sent: forget them and list them when they are shown."""

    stream: str
    from_seq: int
    to_seq: int


@frozen(kw_only=True)
class Pulled:
    """The answer to a pull."""

    changes: tuple[Change, ...]
    """By rising rev within a stream. On the wire each is ``{method, params}``."""
    streams: tuple[PulledStream, ...]
    reset: tuple[str, ...]
    skipped: tuple[Skipped, ...]


def event_types() -> dict[str, type[Event]]:
    """Every event a client may hear, by name, sorted: what AsyncAPI and the reference list."""
    found: dict[str, type[Event]] = {}
    waiting: list[type[Event]] = [Event]
    while waiting:
        kind = waiting.pop()
        waiting.extend(kind.__subclasses__())
        # attrs' slotted classes leave their unslotted originals among the subclasses.
        named = "name" in vars(kind) and "__attrs_attrs__" in vars(kind)
        if named and kind.scope != "hub":
            found[kind.name] = kind
    return dict(sorted(found.items()))
