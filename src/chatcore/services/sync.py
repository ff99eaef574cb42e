"""Catching up: where streams stand, and what changed in them, each object once, as it is now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from attrs import define, evolve, field, frozen

from chatcore import codec
from chatcore.errors import Invalid
from chatcore.events import (
    Change,
    ConversationUpdated,
    Event,
    MemberLeft,
    MemberUpdated,
    MessageUpdated,
    Pulled,
    PulledMe,
    PulledStream,
    ReceiptsMoved,
    Skipped,
)
from chatcore.ids import (
    ConversationId,
    Milliseconds,
    StreamCursor,
    UserId,
    decode_cursor,
    encode_cursor,
)
from chatcore.models import Actor, Head, Heads
from chatcore.operations import GetHeads, Pull, PullFrom
from chatcore.ports.actors import ActorRecord
from chatcore.services import faces, own_changes, paging
from chatcore.services.access import Seat, active
from chatcore.services.ties import secretive
from chatcore.services.work import ChatWork

ME = "me"
_STREAM_BYTES = 512
"""What an answer needs for each stream beside its changes."""


def heads(work: ChatWork, actor: Actor, operation: GetHeads) -> Heads:
    """A page of heads, most recently touched first; the account stream leads the first page."""
    user = active(work, actor)
    # A transaction may commit later than it took its time: look back longer than any may last.
    overlap = int(work.settings.transaction_s * 2_000)
    since = max(0, _moment("since", operation.since) - overlap)
    before = paging.before_pair("heads", operation.cursor)
    rows = work.unit.members.touched(user, since, before, work.limits.heads + 1)
    page, next = paging.cut("heads", rows, work.limits.heads, lambda row: (row[2], row[0].n))
    first = [] if before else [_me_head(work, user)]
    streams = [_head(work, Seat(stream, member)) for stream, member, _ in page]
    return Heads(heads=(*first, *streams), next=next, since=encode_cursor("since", work.now))


def _moment(path: str, token: str | None) -> Milliseconds:
    if token is None:
        return 0
    match decode_cursor("since", token):
        case [int(moment)]:
            return moment
    raise Invalid.field(path, "not a token of this server")


def _head(work: ChatWork, seat: Seat) -> Head:
    stream = seat.stream
    return Head(
        stream=stream.id,
        cursor=faces.cursor(work, seat).encode(),
        rev=stream.rev,
        receipt_rev=stream.receipt_rev,
    )


def _account(work: ChatWork, user: UserId) -> ActorRecord:
    return work.unit.actors.get(user) or ActorRecord(user_id=user, touched_at=work.now)


def _me_head(work: ChatWork, user: UserId) -> Head:
    account = _account(work, user)
    cursor = faces.me_cursor(work, account).encode()
    return Head(stream=ME, cursor=cursor, rev=account.rev, receipt_rev=0)


@define
class _Answer:
    """What a pull has gathered, within its bounds."""

    limit: int
    room: int
    """Bytes left for changes."""
    changes: list[Change] = field(factory=list)
    streams: list[PulledStream] = field(factory=list)
    reset: list[str] = field(factory=list)
    skipped: list[Skipped] = field(factory=list)

    def take(self, changes: Sequence[Change], rev: int, head: int) -> tuple[int, bool]:
        """Keep as many as fit of those from ``rev`` to ``head``; how far, and if there are more.

        The first change of an answer is always taken: a pull gets on however large it is.
        """
        for index, change in enumerate(changes):
            self.room -= len(codec.encode(change))
            if index == self.limit or (self.room < 0 and self.changes):
                return rev, True
            self.changes.append(change)
            rev = change.rev
        return head, False


def pull(work: ChatWork, actor: Actor, operation: Pull) -> Pulled:
    """Changes of up to 100 streams, in bounded bytes."""
    user = active(work, actor)
    room = work.limits.answer_bytes - _STREAM_BYTES * (len(operation.streams) + 1)
    answer = _Answer(paging.size(work.limits, operation.limit), room)
    seats = _seats(work, user, operation.streams)
    for wanted in operation.streams:
        if wanted.stream == ME:
            _pull_me(work, user, wanted, answer)
        else:
            _pull_conversation(work, seats.get(wanted.stream), wanted, answer)
    return Pulled(
        changes=tuple(answer.changes),
        streams=tuple(answer.streams),
        reset=tuple(answer.reset),
        skipped=tuple(answer.skipped),
    )


def _seats(work: ChatWork, user: UserId, wanted: Sequence[PullFrom]) -> dict[str, Seat]:
    found = work.unit.conversations.get([ConversationId(one.stream) for one in wanted])
    members = work.unit.members.get([(stream.n, user) for stream in found.values()])
    return {
        stream.id: Seat(stream, member)
        for stream in found.values()
        if (member := members.get((stream.n, user))) is not None and member.current
    }


@frozen
class _Place:
    """How far the client has come."""

    rev: int
    receipt_rev: int


def _place(wanted: PullFrom, head: StreamCursor) -> _Place | None:
    """Where to go on from, or None where the client has to start afresh.

    That is: no cursor of this stream, another store or membership, or ahead of the head, which
    is the cursor of whoever has seen everything.
    """
    cursor = StreamCursor.decode(wanted.cursor)
    if cursor is None or evolve(cursor, rev=head.rev, receipt_rev=head.receipt_rev) != head:
        return None
    place = _Place(
        max(cursor.rev, wanted.rev or 0), max(cursor.receipt_rev, wanted.receipt_rev or 0)
    )
    return None if place.rev > head.rev or place.receipt_rev > head.receipt_rev else place


def _pull_conversation(
    work: ChatWork, seat: Seat | None, wanted: PullFrom, answer: _Answer
) -> None:
    if seat is None:
        answer.reset.append(wanted.stream)
        return
    stream, head = seat.stream, faces.cursor(work, seat)
    place = _place(wanted, head)
    if place is None:
        answer.reset.append(wanted.stream)
        return
    changes = sorted(_changes(work, seat, place, answer), key=lambda change: change.rev)
    rev, more = answer.take(changes, place.rev, stream.rev)
    reached = place.receipt_rev
    if not more:
        reached, more = answer.take(_receipts(work, seat, place), reached, stream.receipt_rev)
    cursor = evolve(head, rev=rev, receipt_rev=reached)
    answer.streams.append(
        PulledStream(
            stream=stream.id,
            cursor=cursor.encode(),
            rev=rev,
            receipt_rev=reached,
            more=more,
            me=None if more else _me(work, seat),
        )
    )


def _changes(work: ChatWork, seat: Seat, place: _Place, answer: _Answer) -> Iterator[Change]:
    stream = seat.stream
    if stream.meta_rev > place.rev:
        yield Change(
            stream=stream.id,
            rev=stream.meta_rev,
            event=ConversationUpdated(faces.conversation(stream)),
        )
    if stream.members_rev > place.rev:
        moved = work.unit.members.changed(stream.n, place.rev, stream.receipt_rev)
        for row, member in zip(moved, faces.members(work, seat, moved), strict=True):
            kind = MemberUpdated if row.current else MemberLeft
            yield Change(stream=stream.id, rev=row.rev, event=kind(member))
    rev = _skip(work, seat, place, answer)
    window = seat.window(work.now)
    rows = work.unit.messages.changed(
        window, rev=rev, head_rev=stream.rev, last_seq=stream.last_seq, limit=answer.limit + 1
    )
    rows = [faces.bare(row) if faces.expired(row, work.now) else row for row in rows]
    hidden = work.unit.hidden.among(seat.member.user_id, stream.n, [row.seq for row in rows])
    for message in faces.messages(work, seat, rows, hidden=hidden):
        yield Change(stream=stream.id, rev=message.rev, event=MessageUpdated(message))


def _skip(work: ChatWork, seat: Seat, place: _Place, answer: _Answer) -> int:
    """The rev to send messages from: of a long absence only the latest changes are sent."""
    stream = seat.stream
    first = stream.rev - work.limits.pull_window
    if first <= place.rev:
        return place.rev
    span = work.unit.messages.span(
        seat.window(work.now),
        after_rev=place.rev,
        up_to_rev=first,
        head_rev=stream.rev,
        last_seq=stream.last_seq,
    )
    if span is not None:
        answer.skipped.append(Skipped(stream=stream.id, from_seq=span[0], to_seq=span[1]))
    return first


def _receipts(work: ChatWork, seat: Seat, place: _Place) -> list[Change]:
    """Every receipt moved since, as one event."""
    stream = seat.stream
    if stream.receipt_rev <= place.receipt_rev:
        return []
    rows = [
        row
        for row in work.unit.members.changed(stream.n, stream.rev, place.receipt_rev)
        if row.current
    ]
    hidden = secretive(work, seat.member.user_id, [row.user_id for row in rows])
    event: Event = ReceiptsMoved(
        tuple(faces.receipt(row) for row in rows if row.user_id not in hidden)
    )
    return [Change(stream=stream.id, rev=stream.receipt_rev, event=event)]


def _me(work: ChatWork, seat: Seat) -> PulledMe:
    me = faces.own(work, seat)
    return PulledMe(
        read_seq=me.read_seq,
        unread=me.unread,
        unread_more=me.unread_more,
        unread_mentions=me.unread_mentions,
    )


def _pull_me(work: ChatWork, user: UserId, wanted: PullFrom, answer: _Answer) -> None:
    account = _account(work, user)
    head = faces.me_cursor(work, account)
    place = _place(wanted, head)
    if place is None:
        answer.reset.append(ME)
        return
    changes, complete = own_changes.after(work, account, place.rev, answer.limit + 1)
    rev, more = answer.take(changes, place.rev, complete)
    more = more or complete < account.rev
    cursor = evolve(head, rev=rev)
    answer.streams.append(
        PulledStream(stream=ME, cursor=cursor.encode(), rev=rev, receipt_rev=0, more=more)
    )
