"""Receipts: two watermarks a member, moved in batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from attrs import frozen

from chatcore.errors import ChatError, Invalid
from chatcore.events import Announcement, ReceiptsMoved
from chatcore.ids import MessageId, UserId, stream_of
from chatcore.models import Actor, Hearers, Marked, Page, Receipt
from chatcore.operations import ListReceipts, MarkReceipt
from chatcore.policy import require
from chatcore.ports.conversations import ConversationRecord
from chatcore.ports.members import MemberRecord
from chatcore.ports.messages import MessageRecord, UnreadCount
from chatcore.rules import receipts as rules
from chatcore.services import expiry, faces, paging, personal, threads
from chatcore.services.access import Seat, Seats, enter, messages
from chatcore.services.ties import Circle, secretive
from chatcore.services.work import ChatWork, Outcome, Request

_TRAIL = 20
_TRAIL_MS = 1_000


class Moves:
    """The receipts that a batch moves: one ``receipt_rev`` a conversation, whoever moves.

    Claims change the members' records at once, so that later operations see them; rows and the
    announcement follow in :meth:`write`.
    """

    def __init__(self, work: ChatWork, seats: Seats) -> None:
        self._work = work
        self._seats = seats
        self._moved: dict[tuple[int, str], tuple[ConversationRecord, MemberRecord]] = {}
        self._streams: dict[int, tuple[ConversationRecord, int]] = {}
        self._unmarked: dict[tuple[int, str], Seat] = {}

    def claim(self, seat: Seat, delivered: int | None = None, read: int | None = None) -> None:
        """Move a member's watermarks. Raises :class:`Invalid` for more than there is."""
        stream, member = seat.stream, seat.member
        before = rules.Watermark(member.delivered_seq, member.read_seq)
        after = rules.claim(before, stream.last_seq, delivered, read)
        if member.marked_unread and read is not None:
            member.marked_unread = False
            self._unmarked[stream.n, member.user_id] = seat
        if after == before:
            return
        if stream.n not in self._streams:
            self._streams[stream.n] = stream, stream.receipt_rev
            stream.receipt_rev += 1
        member.delivered_seq, member.read_seq = after.delivered, after.read
        member.receipt_rev = stream.receipt_rev
        member.trail = _trail(member, self._work.now)
        self._moved[stream.n, member.user_id] = stream, member

    @property
    def accounts(self) -> set[UserId]:
        """Whose account streams :meth:`write` writes to."""
        return {seat.member.user_id for seat in self._unmarked.values()}

    def write(self) -> None:
        """Store the watermarks, and announce each conversation's once.

        That reading took a mark back is the member's own affair: it goes out on ``me``.
        """
        self._work.unit.members.mark([member for _, member in self._moved.values()])
        for stream, member in self._moved.values():
            if stream.expire_from == "read" and stream.kind == "direct":
                expiry.begin(self._work, stream, member.user_id)
        for n, (stream, before) in self._streams.items():
            moved = [member for (at, _), (_, member) in self._moved.items() if at == n]
            large = stream.member_count > self._work.limits.receipts_everyone
            self._work.announcements.append(
                Announcement(
                    event=ReceiptsMoved(tuple(map(faces.receipt, moved))),
                    stream=stream_of(stream.id),
                    prev=before,
                    rev=stream.receipt_rev,
                    receipts_to=self._hearers(moved),
                    only_focused=large,
                )
            )
        if self._unmarked:
            personal.changed(self._work, list(self._unmarked.values()))

    def _hearers(self, moved: Sequence[MemberRecord]) -> dict[UserId, Hearers]:
        """By whose receipt it is, who may see it, where that isn't everybody."""
        found = {}
        for member in moved:
            standing = self._seats.standing(member.user_id)
            if standing.has_blocks or standing.settings.receipts != "everyone":
                around = Circle(self._work, member.user_id, standing)
                found[member.user_id] = around.hearers(standing.settings.receipts)
        return found


def _trail(member: MemberRecord, now: int) -> tuple[tuple[int, int, int], ...]:
    """The last moves; those within a second count as one, at the earlier time."""
    step = (member.delivered_seq, member.read_seq, now)
    if member.trail and now - member.trail[-1][2] < _TRAIL_MS:
        return (*member.trail[:-1], (*step[:2], member.trail[-1][2]))
    return (*member.trail[-_TRAIL + 1 :], step)


def mark(work: ChatWork, requests: Sequence[Request]) -> list[Outcome]:
    """A batch of receipts; an outcome each, in order."""
    seats = Seats(work, requests)
    moves = Moves(work, seats)
    outcomes: list[Outcome] = []
    for request in requests:
        try:
            outcomes.append(_claim(work, request, seats.of(request), moves))
        except ChatError as error:
            outcomes.append(error)
    claims = [one for one in outcomes if isinstance(one, _Claim)]
    _lock(work, moves, claims)
    moves.write()
    for one in claims:
        if one.root is not None:
            threads.mark(work, one.seat, one.root, one.read)
    counts = faces.unread_of(work, [one.seat for one in claims])
    return [_answer(work, one, counts) if isinstance(one, _Claim) else one for one in outcomes]


@frozen
class _Claim:
    """What is to be answered once everything is written."""

    seat: Seat
    root: MessageRecord | None = None
    read: int = 0
    """In the thread of ``root``."""


def _lock(work: ChatWork, moves: Moves, claims: Sequence[_Claim]) -> None:
    """All users of the batch at once: one by one they could meet another batch's order."""
    in_threads = {one.seat.member.user_id for one in claims if one.root is not None}
    users = moves.accounts | in_threads
    if users:
        work.unit.actors.lock(users)


def _claim(work: ChatWork, request: Request, found: Seat, moves: Moves) -> _Claim:
    operation: MarkReceipt = request.operation  # type: ignore[assignment]
    require(type(operation), request.actor, found.case())
    read = operation.read_seq
    if operation.message_ids:
        read = max(read or 0, _highest(work, found, operation))
    elif read is None and operation.delivered_seq is None:
        raise Invalid(detail="Give delivered_seq, read_seq or message_ids")
    if operation.thread_id is not None:
        return _in_thread(work, found, operation, read)
    moves.claim(found, operation.delivered_seq, read)
    return _Claim(found)


def _in_thread(work: ChatWork, found: Seat, operation: MarkReceipt, read: int | None) -> _Claim:
    if read is None or operation.delivered_seq is not None:
        raise Invalid.field("delivered_seq", "a thread is marked read, and nothing else")
    (root,) = messages(work, found, [cast(MessageId, operation.thread_id)])
    if read > found.stream.last_seq:
        raise Invalid.field("read_seq", "there is no such message yet")
    return _Claim(found, root, read)


def _highest(work: ChatWork, found: Seat, operation: MarkReceipt) -> int:
    """The highest seq of a list of messages, which the member must see every one of."""
    return max(record.seq for record in messages(work, found, operation.message_ids))


def _answer(
    work: ChatWork, claim: _Claim, counts: Mapping[tuple[int, UserId], UnreadCount]
) -> Marked:
    found, root = claim.seat, claim.root
    count = counts[found.stream.n, found.member.user_id]
    most = work.limits.unread_exact
    return Marked(
        receipt=faces.receipt(found.member),
        unread=min(count.unread, most),
        unread_more=count.unread > most,
        unread_mentions=min(count.mentions, most),
        as_of_rev=found.stream.rev,
        thread=None if root is None else threads.state(work, found, root),
    )


def list_all(work: ChatWork, actor: Actor, operation: ListReceipts) -> Page[Receipt]:
    """The watermarks of the current members, by user id, as far as one may see them."""
    found = enter(work, actor, operation)
    most = paging.size(work.limits, operation.limit)
    kind = f"receipts {found.stream.id}"
    after = paging.after_text(kind, operation.cursor)
    rows = work.unit.members.page(found.stream.n, after, most + 1)
    page, next = paging.cut(kind, rows, most, lambda row: (row.user_id,))
    hidden = secretive(work, found.member.user_id, [row.user_id for row in page])
    shown = (row for row in page if row.user_id not in hidden)
    return Page(items=tuple(map(faces.receipt, shown)), next=next)
