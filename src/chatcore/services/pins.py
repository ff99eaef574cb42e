"""Pins: what a conversation keeps in view for all its members."""

from __future__ import annotations

from chatcore import codec
from chatcore.errors import Conflict
from chatcore.events import MessagePinned
from chatcore.ids import to_datetime
from chatcore.models import Actor, Message, Pin
from chatcore.operations import PinMessage, UnpinMessage
from chatcore.policy import require
from chatcore.ports.messages import MessageRecord
from chatcore.services import access, faces
from chatcore.services.access import Seat
from chatcore.services.work import ChatWork


def pin(work: ChatWork, actor: Actor, operation: PinMessage) -> Message:
    """Raises :class:`Conflict` past the number of pins a conversation may have."""
    seat, record = _find(work, actor, operation)
    if "pinned" not in record.details:
        if work.unit.pins.count(record.conversation_n) >= work.limits.pins:
            raise Conflict(f"A conversation has at most {work.limits.pins} pinned messages")
        work.unit.pins.add(record.conversation_n, record.seq, work.now)
        made = Pin(at=to_datetime(work.now), by=seat.member.user_id)
        record.details = {**record.details, "pinned": codec.plain(made)}
        _change(work, seat, record)
    return faces.messages(work, seat, [record])[0]


def unpin(work: ChatWork, actor: Actor, operation: UnpinMessage) -> Message:
    """Taking away what isn't there changes nothing."""
    seat, record = _find(work, actor, operation)
    if "pinned" in record.details:
        work.unit.pins.remove(record.conversation_n, record.seq)
        record.details = {**record.details}
        del record.details["pinned"]
        _change(work, seat, record)
    return faces.messages(work, seat, [record])[0]


def _find(
    work: ChatWork, actor: Actor, operation: PinMessage | UnpinMessage
) -> tuple[Seat, MessageRecord]:
    seat = access.seat(work, actor, operation.conversation_id, lock=True)
    record = access.message(work, seat, operation.message_id)
    require(type(operation), actor, seat.case(blocked=access.blocked(work, seat)))
    if record.deleted_at is not None:
        raise Conflict("The message is deleted")
    return seat, record


def _change(work: ChatWork, seat: Seat, record: MessageRecord) -> None:
    seat.stream.rev += 1
    record.rev = seat.stream.rev
    record.updated_at = work.now
    work.unit.messages.save(record)
    shared = faces.message(record, seat.stream)
    work.announce(seat.stream, MessagePinned(shared), min_seq=record.seq)
