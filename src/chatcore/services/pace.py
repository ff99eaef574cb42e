"""Slow mode in a batch of sends. Where it is off nothing is read or written for it."""

from __future__ import annotations

from chatcore.errors import RateLimited
from chatcore.ports.members import MemberRecord
from chatcore.rules import pace
from chatcore.services.access import Seat
from chatcore.services.work import ChatWork


class Pace:
    """Who has to wait, and who has sent. The members' records change at once, so that later sends
    of the batch see them; the rows follow in :meth:`write`."""

    def __init__(self, work: ChatWork) -> None:
        self._work = work
        self._sent: dict[tuple[int, str], MemberRecord] = {}

    def require(self, seat: Seat) -> None:
        """Raise :class:`RateLimited`, with the seconds to wait, for a member who sent just now."""
        stream, member = seat.stream, seat.member
        if pace.paced(member.role, stream.slow_mode_s):
            wait = pace.wait_ms(stream.slow_mode_s, member.last_sent_at, self._work.now)
            if wait:
                raise RateLimited("Slow mode", retry_after=wait / 1_000)

    def sent(self, seat: Seat) -> None:
        """A member's message counts."""
        if pace.paced(seat.member.role, seat.stream.slow_mode_s):
            seat.member.last_sent_at = self._work.now
            self._sent[seat.stream.n, seat.member.user_id] = seat.member

    def write(self) -> None:
        """Store when they sent."""
        if self._sent:
            self._work.unit.members.stamp(list(self._sent.values()))
