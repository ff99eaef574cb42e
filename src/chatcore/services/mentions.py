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
    doubtful = [
        record
        for record in sent
        if record.details.get("mentions") and seats.standing(record.sender_id).has_blocks
    ]
    blocks = work.unit.blocks.against({one.sender_id for one in doubtful}) if doubtful else set()
    deaf: dict[UserId, set[str]] = {}
    for who, whom in blocks:
        deaf.setdefault(whom, set()).add(who)
    listening = _Listening(work)
    found = {}
    for record in doubtful:
        users = listening.to(record, deaf.get(record.sender_id, set()))
        if users is not None:
            found[record.conversation_n, record.seq] = users
    return found


class _Listening:
    """Those named but the deaf; a conversation's members are read once, where they are needed."""

    def __init__(self, work: ChatWork) -> None:
        self._work = work
        self._members: dict[int, set[str]] = {}

    def to(self, record: MessageRecord, deaf: set[str]) -> list[str] | None:
        """Everyone is spelled out: who comes later has nothing to count. None where all named
        listen."""
        users = set(record.details["mentions"])
        if not deaf or (EVERYONE not in users and not deaf & users):
            return None
        if EVERYONE in users:
            users.remove(EVERYONE)
            users |= self._all(record.conversation_n)
        return sorted(users - deaf)

    def _all(self, n: int) -> set[str]:
        if n not in self._members:
            self._members[n] = {member.user_id for member in self._work.unit.members.of(n)}
        return self._members[n]
