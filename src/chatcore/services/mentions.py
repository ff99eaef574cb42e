"""Mentions: whom a message calls on, as fixed when it is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chatcore.ids import UserId
from chatcore.ports.messages import MessageRecord
from chatcore.services.access import Seats
from chatcore.services.work import ChatWork

EVERYONE = "all"


def heeded(
    work: ChatWork, seats: Seats, sent: Sequence[MessageRecord]
) -> Mapping[tuple[int, int], Sequence[str]]:
    """By (conversation_n, seq), for whom the mentions count, where that isn't all they name.

    Who blocks the sender isn't called on by them. What the message says it mentions stays as it
    is: it would tell the sender. A sender without any blocks, and that is nearly everybody, costs
    nothing here.
    """
    found = {}
    for record in sent:
        named = record.details.get("mentions", ())
        if named and seats.standing(record.sender_id).has_blocks:
            deaf = _deaf(work, record, named)
            if deaf:
                found[record.conversation_n, record.seq] = _listening(work, record, named, deaf)
    return found


def _deaf(work: ChatWork, record: MessageRecord, named: Sequence[str]) -> set[UserId]:
    """Who blocks the sender, of those whom the message may call on."""
    sender = record.sender_id
    others = work.unit.blocks.around(sender)
    if EVERYONE not in named:
        others &= {UserId(user) for user in named}
    return {who for who, _ in work.unit.blocks.among([(other, sender) for other in others])}


def _listening(
    work: ChatWork, record: MessageRecord, named: Sequence[str], deaf: set[UserId]
) -> list[str]:
    """Those named but the deaf. Everyone is spelled out: who comes later has nothing to count."""
    users = set(named)
    if EVERYONE in users:
        users.remove(EVERYONE)
        users |= {member.user_id for member in work.unit.members.of(record.conversation_n)}
    return sorted(users - deaf)
