"""Small events and connections to deliver them to."""

import json
from datetime import UTC, datetime
from itertools import count
from typing import Any

from chatcore.config import Limits
from chatcore.delivery.connection import Connection
from chatcore.delivery.hub import Hub
from chatcore.delivery.outbox import Outbox
from chatcore.events import (
    Announcement,
    ConversationUpdated,
    FloorRaised,
    Joining,
    MessageSent,
    ReceiptsMoved,
    TypingChanged,
)
from chatcore.ids import ConnectionId, ConversationId, MessageId, SessionId, StreamId, UserId
from chatcore.models import Conversation, ConversationSettings, Message, Receipt, TypingState

THEN = datetime(2024, 5, 1, 12, 0, tzinfo=UTC)
ROOM = ConversationId("room")
STREAM = StreamId(ROOM)
_numbers = count()


def message(seq: int, body: str = "hi", conversation: str = ROOM) -> Message:
    """A message by ann."""
    return Message(
        id=MessageId(f"{conversation}-{seq}"),
        conversation_id=ConversationId(conversation),
        seq=seq,
        rev=seq,
        sender_id=UserId("ann"),
        kind="text",
        body=body,
        created_at=THEN,
        updated_at=THEN,
    )


def sent(seq: int, body: str = "hi", conversation: str = ROOM, **more: Any) -> Announcement:
    """A message was sent; its revision is its seq."""
    return Announcement(
        event=MessageSent(message(seq, body, conversation)),
        stream=StreamId(conversation),
        prev=seq - 1,
        rev=seq,
        min_seq=seq,
        **more,
    )


def retitled(rev: int, **more: Any) -> Announcement:
    """Something that isn't about a message happened; ``joining`` and ``leaving`` take users."""
    joining = tuple(
        Joining(user_id=UserId(user), floor_seq=floor)
        for user, floor in more.pop("joining", {}).items()
    )
    leaving = tuple(map(UserId, more.pop("leaving", ())))
    conversation = Conversation(
        id=ROOM,
        kind="group",
        created_at=THEN,
        updated_at=THEN,
        rev=rev,
        last_seq=0,
        member_count=1,
        settings=ConversationSettings(),
    )
    return Announcement(
        event=ConversationUpdated(conversation),
        stream=STREAM,
        prev=rev - 1,
        rev=rev,
        joining=joining,
        leaving=leaving,
        **more,
    )


def raised(**floors: int) -> Announcement:
    """Members cleared the conversation for themselves."""
    joining = tuple(Joining(user_id=UserId(user), floor_seq=seq) for user, seq in floors.items())
    return Announcement(event=FloorRaised(), stream=STREAM, joining=joining)


def typing(user: str = "ann", state: TypingState = "text", **more: Any) -> Announcement:
    """Someone writes."""
    return Announcement(event=TypingChanged(UserId(user), state), stream=STREAM, **more)


def moved(prev: int, rev: int, reads: dict[str, int], **more: Any) -> Announcement:
    """Members have read so far."""
    receipts = tuple(
        Receipt(user_id=UserId(user), delivered_seq=seq, read_seq=seq)
        for user, seq in reads.items()
    )
    return Announcement(event=ReceiptsMoved(receipts), stream=STREAM, prev=prev, rev=rev, **more)


def connection(user: str, session: str = "s", limits: Limits | None = None) -> Connection:
    """A connection that nobody has attached yet."""
    outbox = Outbox(limits or Limits(), lines=True)
    name = ConnectionId(f"{user}-{next(_numbers)}")
    return Connection(name, UserId(user), SessionId(session), outbox)


def connect(hub: Hub, user: str, floors: dict[str, int] | None = None, **more: Any) -> Connection:
    """A connection of ``user``, who is a member of the room with floor 0 unless said otherwise."""
    made = connection(user, **more)
    hub.attach(made)
    held = {ROOM: 0} if floors is None else floors
    hub.subscribe(made.user_id, {ConversationId(name): floor for name, floor in held.items()})
    return made


async def heard(connection: Connection) -> list[dict[str, Any]]:
    """What waits for it, decoded, taken out."""
    found: list[dict[str, Any]] = []
    while connection.outbox.events or connection.outbox.answers:
        frame = await connection.outbox.next_frame()
        found.extend(json.loads(line) for line in frame.split("\n"))
    return found


async def names(connection: Connection) -> list[str]:
    """The names of the events that wait for it, with their revisions, taken out."""
    return [
        f"{line['method']} {line['params'].get('rev', '')}".strip()
        for line in await heard(connection)
    ]
