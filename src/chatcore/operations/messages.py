"""Messages."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from attrs import frozen

from chatcore.ids import ConversationId, MessageId, UploadId, UserId
from chatcore.models import Actor, Deferred, Message, MessageKind, MessageStatus, Page
from chatcore.operations.base import UNSET, Operation, Unset, operation
from chatcore.operations.checks import ID_CHARS, Json, Key, Many, Number, Text, Whole
from chatcore.operations.polls import NewPoll

Body = Text("body_chars", most_bytes="body_bytes")


@frozen(kw_only=True)
class NewLocation:
    """A place on earth, as it is sent: degrees (WGS 84), and how exact that is, in metres."""

    latitude: Annotated[float, Number(-90, 90)]
    longitude: Annotated[float, Number(-180, 180)]
    name: Annotated[str | None, Text("text_chars")] = None
    accuracy_m: Annotated[float | None, Number(0, 50_000_000)] = None


@frozen(kw_only=True)
class NewContact:
    """Somebody to get in touch with: a user's id, or a name with a number or an address."""

    user_id: UserId | None = None
    name: Annotated[str | None, Text("name_chars")] = None
    phone: Annotated[str | None, Text(32)] = None
    email: Annotated[str | None, Text(254)] = None


@operation(
    "messages.send",
    Message,
    deferred=Deferred,
    writes=True,
    rate="sends",
    stream="conversation_id",
    key=True,
)
@frozen
class SendMessage(Operation[Message | Deferred]):
    """Send a message, exactly once a key.

    With ``send_at``, or where a moderator holds it, the answer is :class:`Deferred`.
    """

    conversation_id: ConversationId
    body: Annotated[str | None, Body] = None
    key: Annotated[str | None, Key()] = None
    kind: MessageKind = "text"
    upload_ids: Annotated[tuple[UploadId, ...], Many("attachments")] = ()
    reply_to: MessageId | None = None
    thread_id: MessageId | None = None
    """The message whose thread it belongs to; that one stands in no thread itself."""
    mentions: Annotated[tuple[Annotated[str, Text(ID_CHARS)], ...], Many("mentions")] = ()
    """User ids, and ``all``."""
    encrypted: Annotated[dict[str, Any] | None, Json("body_bytes")] = None
    location: NewLocation | None = None
    contact: NewContact | None = None
    poll: NewPoll | None = None
    custom: Annotated[dict[str, Any] | None, Json("custom_bytes")] = None
    read_seq: Annotated[int | None, Whole()] = None
    """What the sender has on screen: marks it read in the same transaction."""
    send_at: datetime | None = None
    """When to send it, instead of now."""


@operation("messages.import", Message, writes=True, stream="conversation_id")
@frozen
class ImportMessage(SendMessage):
    """Take over a message from elsewhere, with its own time and kind: for operators only."""

    created_at: datetime | None = None


@operation("messages.list", Page[Message], stream="conversation_id")
@frozen
class ListMessages(Operation[Page[Message]]):
    """A page of messages by rising seq; without a position the newest page."""

    conversation_id: ConversationId
    before: Annotated[int | None, Whole()] = None
    after: Annotated[int | None, Whole()] = None
    around: Annotated[int | None, Whole()] = None
    at: datetime | None = None
    thread_id: MessageId | None = None
    """Only the replies in this message's thread."""
    pinned: bool = False
    """Only pinned ones."""
    limit: Annotated[int | None, Whole(1, "page_max")] = None


@operation("messages.get", Message, stream="conversation_id")
@frozen
class GetMessage(Operation[Message]):
    """One message, or its tombstone."""

    conversation_id: ConversationId
    message_id: MessageId


@operation("messages.edit", Message, writes=True, rate="sends", stream="conversation_id")
@frozen
class EditMessage(Operation[Message]):
    """Change the body of one's own message; ``version`` refuses to overwrite a newer edit."""

    conversation_id: ConversationId
    message_id: MessageId
    body: Annotated[str | Unset, Body] = UNSET
    version: Annotated[int | None, Whole(1)] = None


def _by_a_moderator(actor: Actor, operation: DeleteMessage, result: Message) -> bool:
    return operation.for_ == "everyone" and result.sender_id != actor.user_id


@operation("messages.delete", Message, writes=True, stream="conversation_id", audit=_by_a_moderator)
@frozen
class DeleteMessage(Operation[Message]):
    """Delete for everyone (own, or as a moderator) or hide for oneself."""

    conversation_id: ConversationId
    message_id: MessageId
    for_: Literal["everyone", "me"] = "everyone"
    reason: Annotated[str | None, Text("text_chars")] = None


@frozen
class HideMessage(DeleteMessage):
    """Deleting for oneself, as the policy sees it: a right of its own."""


@operation("messages.status", MessageStatus, stream="conversation_id")
@frozen
class GetMessageStatus(Operation[MessageStatus]):
    """Who has received and read a message, and when, by user id."""

    conversation_id: ConversationId
    message_id: MessageId
    cursor: Annotated[str | None, Text("text_chars")] = None
    limit: Annotated[int | None, Whole(1, "page_max")] = None
