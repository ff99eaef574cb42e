"""A member's own view of a conversation: settings, drafts, marks, and from where on it is seen."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import evolve

from chatcore.errors import Invalid
from chatcore.events import ConversationPersonal, FloorRaised, Joining
from chatcore.ids import stream_of, to_ms
from chatcore.models import Actor, Conversation
from chatcore.operations import UNSET, ClearConversation, PersonalizeConversation
from chatcore.services import access, faces
from chatcore.services.access import Seat
from chatcore.services.work import ChatWork


def personalize(work: ChatWork, actor: Actor, operation: PersonalizeConversation) -> Conversation:
    """Change what was given; a change that changes nothing takes no rev."""
    seat = access.enter(work, actor, operation)
    member = seat.member
    before = evolve(member)
    for name in ("archived", "pinned", "marked_unread"):
        value = getattr(operation, name)
        if value is not UNSET:
            setattr(member, name, value)
    if operation.muted_until is not UNSET:
        until = operation.muted_until
        member.muted_until = None if until is None else to_ms(until)
    if operation.labels is not UNSET:
        member.labels = operation.labels or ()
    if operation.draft is not UNSET:
        member.draft = operation.draft or None
    if member != before:
        changed(work, [seat])
    return faces.conversations(work, [seat])[0]


def clear(work: ChatWork, actor: Actor, operation: ClearConversation) -> Conversation:
    """Raise the member's floor; it never falls. Raises :class:`Invalid` past the last message."""
    seat = access.enter(work, actor, operation)
    stream, member, seq = seat.stream, seat.member, operation.up_to_seq
    if seq > stream.last_seq:
        raise Invalid.field("up_to_seq", f"from 0 to {stream.last_seq}")
    if seq > member.floor_seq:
        member.floor_seq = member.cleared_seq = seq
        # Where it stands in the stream's order, the hubs begin to leave out what is below.
        floor = Joining(user_id=member.user_id, floor_seq=seq)
        work.hint(FloorRaised(), stream=stream_of(stream.id), joining=(floor,))
        changed(work, [seat])
    return faces.conversations(work, [seat])[0]


def changed(work: ChatWork, seats: Sequence[Seat]) -> None:
    """Store what changed of members' own views, and tell each on their account stream."""
    accounts = work.unit.actors.lock([seat.member.user_id for seat in seats])
    for seat in seats:
        account = accounts[seat.member.user_id]
        account.rev += 1
        seat.member.personal_rev = account.rev
        work.note(account, ConversationPersonal(seat.stream.id, faces.own(work, seat)))
    work.unit.members.save([seat.member for seat in seats])
