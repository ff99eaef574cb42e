"""What the engine keeps and returns: frozen values.

Every class has a *shared face*, the same for all who may see it, and some have a *personal face*:
fields that speak to one viewer, None wherever the shared face is sent (live events). They are
marked ``personal`` below. Times are aware UTC datetimes, exact to the millisecond. None means
absent and is left out on the wire.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Generic, Literal, TypeVar

from attrs import field, frozen

from chatcore.errors import Unauthenticated
from chatcore.ids import (
    AuditId,
    ConversationId,
    InviteId,
    MessageId,
    ReportId,
    ScheduledId,
    SessionId,
    UploadId,
    UserId,
)

T = TypeVar("T")

UserKind = Literal["person", "bot", "guest"]
ConversationKind = Literal["direct", "group", "self"]
Role = Literal["owner", "admin", "member"]
MessageKind = Literal[
    "text",
    "image",
    "video",
    "audio",
    "file",
    "link",
    "location",
    "contact",
    "poll",
    "system",
    "encrypted",
]
Status = Literal["sent", "delivered", "read"]
PresenceStatus = Literal["online", "away", "dnd", "offline"]
Audience = Literal["everyone", "contacts", "nobody"]
ContactState = Literal["requested", "accepted", "refused", "removed"]
TypingState = Literal["text", "audio", "video", "off"]
ScheduledState = Literal["waiting", "held", "failed", "rejected", "sent", "cancelled"]
Category = Literal["image", "video", "audio", "document"]
ErasureDepth = Literal["deactivate", "anonymise", "erase"]
ReportReason = Literal[
    "spam",
    "harassment",
    "hate",
    "violence",
    "sexual",
    "self_harm",
    "illegal",
    "impersonation",
    "other",
]
ReportState = Literal["open", "dismissed", "removed", "warned", "banned"]


def personal(default: Any = None) -> Any:
    """A field of the personal face: None in the shared one."""
    return field(default=default, metadata={"personal": True})


@frozen
class Actor:
    """Who asks. Always the session's, never a field of a request."""

    user_id: UserId | None
    session_id: SessionId | None = None
    operator: bool = False
    """Trusted code of the host: may do what only operators may."""
    address: str | None = None
    user_agent: str | None = None
    kind: UserKind = "person"
    by_access_token: bool = False
    """Shown a short-lived token, which isn't renewed by itself."""

    @property
    def id(self) -> UserId:
        """The user's id. Raises :class:`Unauthenticated` where nobody is signed in."""
        if self.user_id is None:
            raise Unauthenticated
        return self.user_id


ANONYMOUS = Actor(None)


@frozen(kw_only=True)
class Presence:
    """What one user may know of another's being there."""

    status: PresenceStatus
    last_seen: datetime | None = None
    text: str | None = None


@frozen(kw_only=True)
class UserSettings:
    """What a user shows and to whom, and who may come up to them. A block closes all of it."""

    presence: Audience = "everyone"
    """Who may see whether one is there, with which status and text."""
    last_seen: Audience = "everyone"
    typing: Audience = "everyone"
    receipts: Audience = "everyone"
    """Who may see how far one has received and read; who shows nobody sees nobody's."""
    messages: Audience = "everyone"
    """Who may write to one directly, or bring one into a group."""
    requests: Literal["everyone", "nobody"] = "everyone"
    """Who may ask to become a contact."""
    phone: Literal["everyone", "nobody"] = "everyone"
    """Who may find one by phone number."""


@frozen(kw_only=True)
class Hearers:
    """Everybody to whom one user is open in one respect."""

    not_to: frozenset[UserId] = frozenset()
    only_to: frozenset[UserId] | None = None
    """Where given, nobody else."""

    def __contains__(self, user: UserId) -> bool:
        return user not in self.not_to and (self.only_to is None or user in self.only_to)


@frozen(kw_only=True)
class User:
    """A person, bot or guest. The shared face is the public card."""

    id: UserId
    username: str | None = None
    display_name: str
    avatar_url: str | None = None
    bio: str | None = None
    kind: UserKind = "person"
    version: int = 1
    created_at: datetime
    custom: dict[str, Any] | None = None
    deleted: bool | None = None
    """True once the account is gone: what remains is an id for what it left."""
    email: str | None = personal()
    phone: str | None = personal()
    information: dict[str, Any] | None = personal()
    """Personal information, and where one lives: what the host asks for, shown to oneself alone."""
    location: dict[str, Any] | None = personal()
    settings: UserSettings | None = personal()
    presence: Presence | None = personal()


@frozen(kw_only=True)
class Session:
    """One place where a user is signed in."""

    id: SessionId
    token: str | None = None
    """Only in the answer that opens the session; kept nowhere but as a hash."""
    access_token: str | None = None
    """A short-lived JSON Web Token, where the host wants them; ends with the session at once."""
    access_expires_at: datetime | None = None
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    user_agent: str | None = None
    address: str | None = None
    current: bool = False


@frozen(kw_only=True)
class Authenticated:
    """The answer to registering, logging in and resuming."""

    user: User
    session: Session

    @property
    def actor(self) -> Actor:
        """Who this is, for the next :meth:`ChatEngine.execute`."""
        return Actor(self.user.id, self.session.id, kind=self.user.kind)


@frozen(kw_only=True)
class BotToken:
    """A bot with a token of its own, which is shown this once."""

    user: User
    session: Session


@frozen(kw_only=True)
class ConversationSettings:
    """How a conversation behaves, for all its members."""

    history: Literal["joined", "shared"] = "joined"
    announcement: bool = False
    slow_mode_s: int = 0
    frozen: bool = False
    expire_after_s: int | None = None
    expire_from: Literal["sent", "read"] = "sent"
    retention_days: int | None = None
    public: bool = False


@frozen(kw_only=True)
class Attachment:
    """A file as messages show it; ``size`` in bytes.

    Addresses are relative to the API's root (``uploads/…`` under ``/v1/``), so that they hold
    wherever it is mounted.
    """

    upload_id: UploadId
    name: str
    size: int
    media_type: str
    category: Category
    url: str
    thumbnail_url: str | None = None
    placeholder: str | None = None
    width: int | None = None
    height: int | None = None
    duration_s: float | None = None
    sha256: str


@frozen(kw_only=True)
class ReplyTo:
    """Which message this one answers."""

    message_id: MessageId
    seq: int
    preview: Preview | None = personal()


@frozen(kw_only=True)
class Preview:
    """The quoted message as the viewer may see it now; resolved on reading, never stored."""

    sender_id: UserId
    kind: MessageKind
    body: str | None = None
    deleted: bool = False


@frozen(kw_only=True)
class Reaction:
    """One kind of reaction to a message, and who chose it."""

    key: str
    count: int
    user_ids: tuple[UserId, ...]
    """The first ten who chose it."""
    mine: bool | None = personal()
    """Whether the viewer chose it."""


@frozen(kw_only=True)
class LinkPreview:
    """What the page behind a message's first link says of itself, when it was looked up."""

    url: str
    """The link, as the message has it."""
    title: str
    description: str | None = None
    site_name: str | None = None
    image_url: str | None = None
    """Somewhere else: whoever loads it is seen there."""


@frozen(kw_only=True)
class Deletion:
    """When and by whom a message was deleted."""

    at: datetime
    by: UserId
    reason: str | None = None


@frozen(kw_only=True)
class Location:
    """A place on earth: degrees north and east (WGS 84), and how exact that is, in metres."""

    latitude: float
    longitude: float
    name: str | None = None
    accuracy_m: float | None = None


@frozen(kw_only=True)
class ContactCard:
    """Somebody to get in touch with: a user of this place, or anybody by name."""

    user_id: UserId | None = None
    name: str | None = None
    phone: str | None = None
    email: str | None = None


@frozen(kw_only=True)
class PollOption:
    """One answer to a poll's question."""

    text: str
    count: int = 0
    user_ids: tuple[UserId, ...] | None = None
    """The first ten who chose it; None where votes are anonymous."""


@frozen(kw_only=True)
class Poll:
    """A question to vote on. It is closed from ``closes_at`` on, or since ``closed_at``."""

    question: str
    options: tuple[PollOption, ...]
    multiple: bool = False
    """Whether one may choose several."""
    anonymous: bool = False
    voters: int = 0
    closes_at: datetime | None = None
    closed_at: datetime | None = None
    """When its author closed it by hand."""
    mine: tuple[int, ...] | None = personal()
    """The places of the options that the viewer chose, from 0."""


@frozen(kw_only=True)
class Pin:
    """When a message was pinned, and by whom."""

    at: datetime
    by: UserId


@frozen(kw_only=True)
class ForwardedFrom:
    """Who wrote a forwarded message first, and when. Where is nobody's to know."""

    sender_id: UserId
    created_at: datetime


@frozen(kw_only=True)
class ThreadSummary:
    """What the first message of a thread shows of it."""

    count: int
    """Replies that aren't deleted."""
    participants: tuple[UserId, ...]
    """The first ten who wrote one."""


@frozen(kw_only=True)
class Message:
    """A message; a tombstone keeps place, thread, sender, kind and times only."""

    id: MessageId
    conversation_id: ConversationId
    seq: int
    rev: int
    sender_id: UserId
    kind: MessageKind
    body: str | None = None
    attachments: tuple[Attachment, ...] = ()
    reply_to: ReplyTo | None = None
    thread_id: MessageId | None = None
    """The message whose thread it stands in."""
    thread: ThreadSummary | None = None
    """Of the first message of a thread."""
    forwarded_from: ForwardedFrom | None = None
    mentions: tuple[str, ...] = ()
    """User ids, and ``all``."""
    reactions: tuple[Reaction, ...] = ()
    encrypted: dict[str, Any] | None = None
    location: Location | None = None
    contact: ContactCard | None = None
    poll: Poll | None = None
    custom: dict[str, Any] | None = None
    link_preview: LinkPreview | None = None
    """Comes a moment after the message, where the host looks links up."""
    key: str | None = None
    created_at: datetime
    updated_at: datetime
    edited_at: datetime | None = None
    version: int = 1
    deleted: Deletion | None = None
    expires_at: datetime | None = None
    pinned: Pin | None = None
    status: Status | None = personal()
    """Of an own message."""
    hidden: bool | None = personal()
    replayed: bool | None = personal()
    """Set in the answer to a repeated key."""

    @property
    def mine(self) -> tuple[str, ...]:
        """The viewer's own reactions; none in the shared face."""
        return tuple(reaction.key for reaction in self.reactions if reaction.mine)


@frozen(kw_only=True)
class Scheduled:
    """A message that isn't sent yet, as its sender alone sees it."""

    id: ScheduledId
    conversation_id: ConversationId
    sender_id: UserId
    send_at: datetime | None = None
    """When it is sent; None where it waits for a verdict alone."""
    held: bool = False
    """Whether it waits for a moderator's verdict."""
    body: str | None = None
    key: str | None = None
    kind: MessageKind = "text"
    state: ScheduledState
    """``sent`` and ``cancelled`` end it; a ``failed`` one may be scheduled anew."""
    reason: str | None = None
    """Why it is held, was rejected or failed: for the last an error's code."""
    message_id: MessageId | None = None
    """The message that it became."""
    reply_to: MessageId | None = None
    """This and the rest of what it holds is in operators' lists of what is held alone."""
    thread_id: MessageId | None = None
    attachments: tuple[Attachment, ...] = ()
    mentions: tuple[str, ...] = ()
    encrypted: dict[str, Any] | None = None
    location: Location | None = None
    contact: ContactCard | None = None
    poll: Poll | None = None
    custom: dict[str, Any] | None = None
    created_at: datetime
    updated_at: datetime


@frozen(kw_only=True)
class Deferred:
    """The answer to a send that waits: for its time, or for a verdict."""

    scheduled: Scheduled
    replayed: bool | None = None
    """Set in the answer to a repeated key."""


@frozen(kw_only=True)
class Me:
    """A member's own view of a conversation."""

    role: Role
    joined_at: datetime
    joined_seq: int
    delivered_seq: int
    read_seq: int
    unread: int
    unread_more: bool = False
    """Set where there are more than ``unread`` says."""
    unread_mentions: int
    marked_unread: bool = False
    muted_until: datetime | None = None
    archived: bool = False
    pinned: bool = False
    labels: tuple[str, ...] = ()
    draft: str | None = None
    cleared_seq: int = 0


@frozen(kw_only=True)
class Conversation:
    """A conversation as it is now."""

    id: ConversationId
    kind: ConversationKind
    title: str | None = None
    description: str | None = None
    avatar_url: str | None = None
    created_at: datetime
    updated_at: datetime
    rev: int
    last_seq: int
    pruned_seq: int = 0
    member_count: int
    settings: ConversationSettings
    last_message: Message | None = personal()
    peer_id: UserId | None = personal()
    """The other one of a direct conversation."""
    cursor: str | None = personal()
    me: Me | None = personal()
    replayed: bool | None = personal()
    """Set where creating found it there already."""


@frozen(kw_only=True)
class Member:
    """One user's membership of a conversation; ``left_at`` is set once it is over."""

    conversation_id: ConversationId
    user_id: UserId
    role: Role
    joined_at: datetime
    joined_seq: int
    left_at: datetime | None = None
    delivered_seq: int
    read_seq: int
    rev: int


@frozen(kw_only=True)
class Ban:
    """That a user may not be in a group. Only its admins and owners are told."""

    user_id: UserId
    created_at: datetime
    created_by: UserId
    reason: str | None = None


@frozen(kw_only=True)
class Invite:
    """A link into a group, as its admins see it. It works until it expires or is used up."""

    id: InviteId
    conversation_id: ConversationId
    code: str | None = None
    """What the link holds. The database keeps a digest: where the host has set no secret, only
    the answer that makes it can tell."""
    role: Role
    share_history: bool = False
    created_at: datetime
    created_by: UserId
    expires_at: datetime | None = None
    max_uses: int | None = None
    uses: int = 0
    """How many have joined by it."""


@frozen(kw_only=True)
class GroupCard:
    """What anybody may know of a public group."""

    id: ConversationId
    title: str | None = None
    description: str | None = None
    avatar_url: str | None = None
    created_at: datetime
    member_count: int
    joined: bool
    """Whether the viewer is a member."""


@frozen(kw_only=True)
class Receipt:
    """Up to which seq a member has received and read."""

    user_id: UserId
    delivered_seq: int
    read_seq: int


@frozen(kw_only=True)
class Page(Generic[T]):
    """Part of a list. ``next`` is what to pass on for more, None at the end."""

    items: tuple[T, ...]
    next: str | int | None = field(default=None, metadata={"null": True})
    users: tuple[User, ...] | None = None
    cursor: str | None = None


@frozen(kw_only=True)
class Revision:
    """What a message said in one of its versions, and since when."""

    version: int
    body: str | None = None
    created_at: datetime


@frozen(kw_only=True)
class Refusal:
    """Why one part of a request was refused, as an error's code and detail."""

    code: str
    detail: str


@frozen(kw_only=True)
class ForwardedTo:
    """What became of a message in one of the conversations it was forwarded to."""

    conversation_id: ConversationId
    message: Message | None = None
    scheduled: Scheduled | None = None
    """Where it waits for a moderator."""
    error: Refusal | None = None


@frozen(kw_only=True)
class Forwarded:
    """The answer to forwarding: one for each conversation, in the order given."""

    items: tuple[ForwardedTo, ...]


@frozen(kw_only=True)
class ThreadMark:
    """How far one has read a thread, and what one hasn't."""

    thread_id: MessageId
    read_seq: int
    """The higher of one's marks in the thread and in the conversation."""
    unread: int
    unread_more: bool = False
    unread_mentions: int


@frozen(kw_only=True)
class Thread:
    """A thread, as one of its readers sees it."""

    root: Message
    last_seq: int
    """The seq of its last reply, deleted ones included."""
    read_seq: int
    unread: int
    unread_more: bool = False
    unread_mentions: int


@frozen(kw_only=True)
class Marked:
    """The answer to a receipt. ``as_of_rev`` is the conversation's rev that the counts are of."""

    receipt: Receipt
    unread: int
    unread_more: bool = False
    unread_mentions: int
    as_of_rev: int
    thread: ThreadMark | None = None
    """Where only a thread was marked."""


@frozen(kw_only=True)
class Bookmark:
    """A message that one keeps at hand."""

    message_id: MessageId
    conversation_id: ConversationId
    bookmarked: bool
    """False once it is taken back."""
    created_at: datetime
    message: Message | None = personal()
    """In lists: the message as one may see it now, absent where one no longer does."""


@frozen(kw_only=True)
class Badge:
    """What one hasn't read, over all conversations that one hears of: the number on an icon."""

    unread: int
    unread_more: bool = False
    """Set where there are more than ``unread`` says."""
    mentions: int
    conversations: int
    """Those with something unread, or marked so."""


UnreadReason = Literal[
    "counted",
    "pruned",
    "joined",
    "cleared",
    "read",
    "own",
    "system",
    "deleted",
    "hidden",
    "expired",
]
"""That a message counts as unread, or the first of the other rules that holds and leaves it out.

``pruned`` is stored no longer, ``joined`` was there before the member came, ``cleared`` and
``read`` lie at or below what the member has cleared and read.
"""


@frozen(kw_only=True)
class ExplainedMessage:
    """One message, and the rule that counted it or left it out. Never what it says."""

    seq: int
    reason: UnreadReason
    mention: bool = False
    """It is counted as a mention, too."""
    message_id: MessageId | None = None
    sender_id: UserId | None = None
    kind: MessageKind | None = None
    created_at: datetime | None = None


@frozen(kw_only=True)
class UnreadExplanation:
    """How one member's unread count comes about, for support."""

    user_id: UserId
    conversation_id: ConversationId
    as_of_rev: int
    last_seq: int
    pruned_seq: int
    joined_seq: int
    floor_seq: int
    cleared_seq: int
    read_seq: int
    after_seq: int
    """Only messages above this seq can be unread: the highest of the five before."""
    unread: int
    unread_more: bool
    unread_mentions: int
    marked_unread: bool
    items: tuple[ExplainedMessage, ...]
    """By rising seq."""
    next: int | None = field(default=None, metadata={"null": True})
    """The ``after`` to go on with."""


@frozen(kw_only=True)
class ReadBy:
    """How far one member has got with one message, and since when (within a second)."""

    user_id: UserId
    status: Status
    delivered_at: datetime | None = None
    read_at: datetime | None = None


@frozen(kw_only=True)
class MessageStatus:
    """How far all recipients have got with a message, and a page of each of them."""

    status: Status
    items: tuple[ReadBy, ...]
    next: str | None = field(default=None, metadata={"null": True})
    users: tuple[User, ...] | None = None


@frozen(kw_only=True)
class Block:
    """One user whom one wants nothing from."""

    user_id: UserId
    blocked: bool
    """False once it is taken back."""
    created_at: datetime


@frozen(kw_only=True)
class Contact:
    """One user whom one knows, has asked or is asked by: one's own side of what two agree on."""

    user_id: UserId
    state: ContactState
    incoming: bool
    """Whether it was the other one who asked."""
    created_at: datetime
    """When it was asked for."""
    updated_at: datetime


@frozen(kw_only=True)
class Report:
    """What somebody complained of, and what came of it."""

    id: ReportId
    reporter_id: UserId
    user_id: UserId
    """Who is reported, or whose message is."""
    conversation_id: ConversationId | None = None
    message_id: MessageId | None = None
    reason: ReportReason
    note: str | None = None
    state: ReportState
    created_at: datetime
    resolved_at: datetime | None = None
    resolved_by: UserId | None = personal()
    resolution: str | None = personal()
    """What the operator noted."""
    snapshot: dict[str, Any] | None = personal()
    """The message or the public card as it was when it was reported: for operators."""
    replayed: bool | None = personal()
    """Set where the same report was open already."""


@frozen(kw_only=True)
class Erasure:
    """What was taken away when an account ended."""

    user_id: UserId
    depth: ErasureDepth
    begun_at: datetime
    finished_at: datetime | None = None
    touched: dict[str, int]
    """By kind of thing (``messages``, ``uploads``, ``memberships`` …), how many."""


@frozen(kw_only=True)
class AuditEntry:
    """Who did what to whom, and when. Holds no text that anybody wrote."""

    id: AuditId
    at: datetime
    actor_id: UserId | None = None
    """Who did it; absent where the host's own code did."""
    operator: bool = False
    method: str
    conversation_id: ConversationId | None = None
    user_id: UserId | None = None
    object_id: str | None = None
    details: dict[str, Any] | None = None
    """Choices and numbers of the request; of its texts only which were given (``given``)."""


@frozen(kw_only=True)
class UserPresence:
    """A user, and what one may know of their presence."""

    user_id: UserId
    presence: Presence


@frozen(kw_only=True)
class Head:
    """Where a stream stands. ``cursor`` is of that moment."""

    stream: str
    cursor: str
    rev: int
    receipt_rev: int


@frozen(kw_only=True)
class Heads:
    """Where a user's streams stand; ``since`` is what to ask with next time."""

    heads: tuple[Head, ...]
    next: str | None = field(default=None, metadata={"null": True})
    since: str


@frozen(kw_only=True)
class Started:
    """The answer to ``session.start``."""

    session_id: str
    user: User
    heads: tuple[Head, ...]
    next: str | None = field(default=None, metadata={"null": True})
    since: str
    limits: dict[str, Any]


@frozen(kw_only=True)
class Pruned:
    """What one round of pruning has let go of."""

    expired: int
    """Messages whose time was over, and of which a tombstone is left."""
    conversations: int
    messages: int
    """Messages past retention, of which nothing is left."""


@frozen(kw_only=True)
class Done:
    """Nothing to say but that it is done."""
