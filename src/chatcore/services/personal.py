"""A member's own view of a conversation: settings, drafts, and that it is marked unread."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import evolve

from chatcore.events import ConversationPersonal
from chatcore.ids import to_ms
from chatcore.models import Actor, Conversation
from chatcore.operations import UNSET, PersonalizeConversation
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


def changed(work: ChatWork, seats: Sequence[Seat]) -> None:
    """Store what changed of members' own views, and tell each on their account stream."""
    accounts = work.unit.actors.lock([seat.member.user_id for seat in seats])
    for seat in seats:
        account = accounts[seat.member.user_id]
        account.rev += 1
        seat.member.personal_rev = account.rev
        work.note(account, ConversationPersonal(seat.stream.id, faces.own(work, seat)))
    work.unit.members.save([seat.member for seat in seats])
