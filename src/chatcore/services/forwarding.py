"""Forwarding: the same content again, in other conversations, as sends of their own."""

from __future__ import annotations

from typing import Any, cast

from chatcore import codec
from chatcore.errors import ChatError, Conflict, NotFound
from chatcore.ids import ConversationId, to_datetime
from chatcore.models import (
    Actor,
    Deferred,
    Forwarded,
    ForwardedFrom,
    ForwardedTo,
    MessageKind,
    Refusal,
)
from chatcore.operations import ForwardCopy, ForwardMessage
from chatcore.policy import require
from chatcore.ports.messages import MessageRecord
from chatcore.services import access, sending
from chatcore.services.work import ChatWork, Outcome, Request

_KINDS = ("text", "image", "video", "audio", "file", "link", "location", "contact")
_TAKEN = ("attachments", "location", "contact")


def forward(work: ChatWork, actor: Actor, operation: ForwardMessage) -> Forwarded:
    """Raises :class:`NotFound` and :class:`Conflict` for a source that can't be sent on.

    What was forwarded under this key before is answered even when the source has gone since.
    """
    # All at once, and by rising id: what is locked later could meet another's order.
    work.unit.conversations.lock({operation.conversation_id, *operation.conversation_ids})
    source, refusal = _source(work, actor, operation, lock=True)
    requests = [
        Request(actor, _copy(operation, target, source)) for target in operation.conversation_ids
    ]
    outcomes = sending.send(work, requests)
    if refusal is not None and all(isinstance(one, ChatError) for one in outcomes):
        raise refusal
    pairs = zip(operation.conversation_ids, outcomes, strict=True)
    return Forwarded(items=tuple(_answer(target, outcome) for target, outcome in pairs))


def unseen(
    work: ChatWork, actor: Actor, operation: ForwardMessage
) -> tuple[str | None, tuple[ConversationId, ...]]:
    """The text, and where it would be new: what a moderator is asked about."""
    source, _ = _source(work, actor, operation, lock=False)
    if source is None:
        return None, ()
    return source.body, tuple(
        target
        for target in operation.conversation_ids
        if _is_new(work, actor, _copy(operation, target, source))
    )


def _is_new(work: ChatWork, actor: Actor, copy: ForwardCopy) -> bool:
    try:
        return not sending.is_repeat(work, actor, copy)
    except ChatError:
        return False  # refused there in any case


def _source(
    work: ChatWork, actor: Actor, operation: ForwardMessage, *, lock: bool
) -> tuple[MessageRecord | None, ChatError | None]:
    """The message, or why there is none to forward."""
    access.active(work, actor)
    try:
        seat = access.seat(work, actor, operation.conversation_id, lock=lock)
        require(ForwardMessage, actor, seat.case())
        record = access.message(work, seat, operation.message_id)
    except NotFound as error:
        return None, error
    if record.deleted_at is not None:
        return None, Conflict("The message is deleted")
    if record.kind not in _KINDS:
        return None, Conflict("A message of this kind can't be forwarded")
    return record, None


def _copy(
    operation: ForwardMessage, target: ConversationId, source: MessageRecord | None
) -> ForwardCopy:
    copy = {"key": operation.key, "source_id": operation.message_id}
    if source is None:
        return ForwardCopy(target, **copy)  # type: ignore[arg-type]
    taken: dict[str, Any] = {
        name: source.details[name] for name in _TAKEN if name in source.details
    }
    first = ForwardedFrom(sender_id=source.sender_id, created_at=to_datetime(source.created_at))
    taken["forwarded_from"] = source.details.get("forwarded_from") or codec.plain(first)
    kind = cast(MessageKind, source.kind)
    return ForwardCopy(target, source.body, kind=kind, taken=taken, **copy)  # type: ignore[arg-type]


def _answer(target: ConversationId, outcome: Outcome) -> ForwardedTo:
    if isinstance(outcome, ChatError):
        refusal = Refusal(code=outcome.code, detail=str(outcome))
        return ForwardedTo(conversation_id=target, error=refusal)
    if isinstance(outcome, Deferred):
        return ForwardedTo(conversation_id=target, scheduled=outcome.scheduled)
    return ForwardedTo(conversation_id=target, message=outcome)
