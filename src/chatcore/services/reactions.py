"""Reactions: who chose what, and the summary that the message carries."""

from __future__ import annotations

from chatcore.errors import Conflict
from chatcore.events import MessageReacted, MessageUpdated, ReactionChange
from chatcore.ids import UserId
from chatcore.models import Actor, Message
from chatcore.operations import AddReaction, RemoveReaction
from chatcore.policy import require
from chatcore.ports.conversations import ConversationRecord
from chatcore.ports.messages import MessageRecord
from chatcore.services import access, faces
from chatcore.services.access import Seat
from chatcore.services.work import ChatWork

_SHOWN = 10


def add(work: ChatWork, actor: Actor, operation: AddReaction) -> Message:
    """Raises :class:`Conflict` past the number of different reactions a message may have."""
    seat, record = _find(work, actor, operation)
    user, key = seat.member.user_id, operation.key
    made = work.unit.reactions.of(record.conversation_n, record.seq)
    if (key, user) in made:
        return faces.messages(work, seat, [record])[0]
    kinds = {one for one, _ in made} | {key}
    if len(kinds) > work.limits.reactions:
        raise Conflict(f"A message has at most {work.limits.reactions} different reactions")
    work.unit.reactions.add(record.conversation_n, record.seq, user, key, work.now)
    return _change(work, seat, record, ReactionChange(user_id=user, key=key, added=True))


def remove(work: ChatWork, actor: Actor, operation: RemoveReaction) -> Message:
    """Taking back what isn't there changes nothing."""
    seat, record = _find(work, actor, operation)
    user, key = seat.member.user_id, operation.key
    if (key, user) not in work.unit.reactions.of(record.conversation_n, record.seq):
        return faces.messages(work, seat, [record])[0]
    work.unit.reactions.remove(record.conversation_n, record.seq, user, key)
    return _change(work, seat, record, ReactionChange(user_id=user, key=key, added=False))


def _find(
    work: ChatWork, actor: Actor, operation: AddReaction | RemoveReaction
) -> tuple[Seat, MessageRecord]:
    seat = access.seat(work, actor, operation.conversation_id, lock=True)
    record = access.message(work, seat, operation.message_id)
    require(type(operation), actor, seat.case(blocked=access.blocked(work, seat)))
    if record.deleted_at is not None:
        raise Conflict("The message is deleted")
    return seat, record


def withdraw(
    work: ChatWork, stream: ConversationRecord, record: MessageRecord, user: UserId, key: str
) -> None:
    """Take a reaction back for a user who is no member any more."""
    work.unit.reactions.remove(record.conversation_n, record.seq, user, key)
    _announce(work, stream, record, ReactionChange(user_id=user, key=key, added=False))


def _change(work: ChatWork, seat: Seat, record: MessageRecord, change: ReactionChange) -> Message:
    _announce(work, seat.stream, record, change)
    return faces.messages(work, seat, [record])[0]


def _announce(
    work: ChatWork, stream: ConversationRecord, record: MessageRecord, change: ReactionChange
) -> None:
    made = work.unit.reactions.of(record.conversation_n, record.seq)
    users: dict[str, list[str]] = {}
    for key, user in made:
        users.setdefault(key, []).append(user)
    summary = [
        {"key": key, "count": len(them), "user_ids": them[:_SHOWN]} for key, them in users.items()
    ]
    record.details = {**record.details, "reactions": summary}
    if not summary:
        del record.details["reactions"]
    if record.seq <= stream.pruned_seq:  # nobody may hear of it any more
        work.unit.messages.save(record)
        return
    stream.rev += 1
    record.rev = stream.rev
    record.updated_at = work.now
    work.unit.messages.save(record)
    shared = faces.changed(record, stream, work.now)
    gone = faces.expired(record, work.now)
    event = MessageUpdated(shared) if gone else MessageReacted(shared, change)
    work.announce(stream, event, min_seq=record.seq)
