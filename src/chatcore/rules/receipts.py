"""How far members have received and read: two watermarks each, merged by maximum.

Merging is a join, so receipts may repeat, cross and arrive late without harm. What is known of a
single message (sent, delivered, read) is derived from the watermarks and never stored.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable
from itertools import accumulate
from typing import Protocol, TypeVar

from attrs import frozen

from chatcore.errors import Invalid, Problem
from chatcore.ids import UserId
from chatcore.models import Status


@frozen
class Watermark:
    """Everything up to and including these seqs; ``0 <= read <= delivered`` once joined."""

    delivered: int = 0
    read: int = 0


NOTHING = Watermark()


def join(one: Watermark, other: Watermark) -> Watermark:
    """Both together: the higher of each, and what is read is delivered."""
    read = max(one.read, other.read)
    return Watermark(max(one.delivered, other.delivered, read), read)


def claim(
    current: Watermark, last_seq: int, delivered: int | None = None, read: int | None = None
) -> Watermark:
    """The watermark after a member says how far they are; it never falls.

    Raises :class:`Invalid` for ``delivered_seq`` or ``read_seq`` outside ``0..last_seq``: nobody
    has read what isn't written yet.
    """
    problems = [
        Problem(path, f"from 0 to {last_seq}")
        for path, value in (("delivered_seq", delivered), ("read_seq", read))
        if value is not None and not 0 <= value <= last_seq
    ]
    if problems:
        raise Invalid(errors=problems)
    return join(current, Watermark(delivered or 0, read or 0))


def starting(joined_seq: int) -> Watermark:
    """Where a member begins who joins, or joins again, after ``joined_seq`` messages."""
    return Watermark(joined_seq, joined_seq)


def reached(seq: int, mark: Watermark) -> Status:
    """How far one member has got with the message at ``seq``."""
    if mark.read >= seq:
        return "read"
    return "delivered" if mark.delivered >= seq else "sent"


def status(seq: int, marks: Iterable[Watermark]) -> Status:
    """The least that all recipients have reached; "sent" where there are none."""
    return reached(seq, lowest(marks))


def lowest(marks: Iterable[Watermark]) -> Watermark:
    """Up to where everyone is: the status of any message is read off it. (0, 0) for nobody."""
    delivered: int | None = None
    read = 0
    for mark in marks:
        if delivered is None:
            delivered, read = mark.delivered, mark.read
        else:
            delivered, read = min(delivered, mark.delivered), min(read, mark.read)
    return Watermark(delivered or 0, read)


class Membership(Protocol):
    """What has to be known of a member, current or former."""

    @property
    def user_id(self) -> UserId: ...
    @property
    def joined_seq(self) -> int: ...
    @property
    def left_at(self) -> object | None: ...
    @property
    def rev(self) -> int: ...


M = TypeVar("M", bound=Membership)


def recipients(members: Iterable[M], sender: UserId, seq: int) -> list[M]:
    """Those whose receipts make the status of the message at ``seq``.

    They are the current members who were there when it was sent, without its sender. Where the
    last of them has left, that one still stands for all, so that the status stays what it was:
    for this, give the former members too.
    """
    present = [m for m in members if m.joined_seq < seq and m.user_id != sender]
    current = [m for m in present if m.left_at is None]
    if current or not present:
        return current
    return [max(present, key=lambda member: member.rev)]


class Marked(Membership, Protocol):
    """A membership with its watermarks."""

    @property
    def delivered_seq(self) -> int: ...
    @property
    def read_seq(self) -> int: ...


def _mark(member: Marked) -> Watermark:
    return Watermark(member.delivered_seq, member.read_seq)


def statuses(members: Collection[Marked], sender: UserId, seqs: Iterable[int]) -> dict[int, Status]:
    """By seq, the status of each of these messages of one sender.

    The same as :func:`status` of its :func:`recipients`, in one pass over the members: sorted by
    joining, the recipients of a message are the first of them, and how far they all are is known.
    """
    others = sorted(
        (one for one in members if one.left_at is None and one.user_id != sender),
        key=lambda member: member.joined_seq,
    )
    joined = [one.joined_seq for one in others]
    slowest = list(accumulate(map(_mark, others), lambda one, other: lowest((one, other))))
    found = {}
    for seq in seqs:
        count = bisect_left(joined, seq)
        if count:
            found[seq] = reached(seq, slowest[count - 1])
        else:
            found[seq] = status(seq, map(_mark, recipients(members, sender, seq)))
    return found


def between(seqs: Collection[int], first: Watermark, last: Watermark) -> dict[int, Status] | None:
    """The same where it is known up to where the recipients of the first and the last one are.

    The recipients of a message are also those of every later one, so what all of them have reached
    only falls from the first to the last. None where the two don't say it.
    """
    found = {seq: reached(seq, first) for seq in seqs}
    return found if all(reached(seq, last) == found[seq] for seq in seqs) else None
