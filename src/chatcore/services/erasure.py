"""Ending an account in the chat store, in steps that are a transaction each and may be repeated.

``flows.erasure`` puts them in order. Each step adds what it touched to the erasure's row, in its
own transaction, so that the report is exact whatever crashes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from attrs import evolve

from chatcore.errors import Conflict
from chatcore.events import AccountClosed, Announcement, UserChanged
from chatcore.ids import UserId, to_datetime
from chatcore.models import Erasure, ErasureDepth, User
from chatcore.ports.conversations import ConversationRecord
from chatcore.ports.erasure import ErasureRecord, Trace
from chatcore.ports.members import MemberRecord
from chatcore.ports.messages import MessageRecord
from chatcore.services import contacts, conversations, members, polls, reactions, tombstones
from chatcore.services.work import ChatWork

DEPTHS: Sequence[str] = ("deactivate", "anonymise", "erase")
STEP = 100
"""How many messages, rows or conversations one transaction takes."""


def begin(work: ChatWork, user: UserId, depth: ErasureDepth) -> ErasureRecord:
    """Close the account for this store: from here on the user is refused everywhere.

    A repeat goes on with what was begun, or goes deeper. Raises :class:`Conflict` for less than
    what was done already.
    """
    account = work.unit.actors.lock([user])[user]
    earlier = work.unit.erasures.get(user)
    if earlier is not None and DEPTHS.index(depth) < DEPTHS.index(earlier.depth):
        raise Conflict("More was taken away already")
    if earlier is not None and earlier.depth == depth:
        return earlier
    record = ErasureRecord(user_id=user, depth=depth, begun_at=work.now)
    if earlier is not None:
        record.touched = earlier.touched
    work.unit.erasures.save(record)
    account.active = False
    account.rev += 1
    if depth != "deactivate":
        account.settings = type(account.settings)()
    work.note(account, AccountClosed(to_datetime(work.now)))
    return record


def finish(work: ChatWork, user: UserId, card: User | None) -> Erasure:
    """Note that all is done, and tell who watches the user what their card says now."""
    record = _record(work, user)
    if record.finished_at is None:
        record.finished_at = work.now
        work.unit.erasures.save(record)
        if card is not None:
            work.announcements.append(Announcement(event=UserChanged(card), stream=None))
    return face(record)


def face(record: ErasureRecord) -> Erasure:
    """What was done, as whoever asked for it is told."""
    return Erasure(
        user_id=record.user_id,
        depth=cast(ErasureDepth, record.depth),
        begun_at=to_datetime(record.begun_at),
        finished_at=None if record.finished_at is None else to_datetime(record.finished_at),
        touched=dict(sorted(record.touched.items())),
    )


def _record(work: ChatWork, user: UserId) -> ErasureRecord:
    record = work.unit.erasures.get(user)
    assert record is not None  # noqa: S101 (every step follows begin)
    return record


def wordless(work: ChatWork, user: UserId) -> bool:
    """Whether nothing that a user wrote may be kept: their account has ended."""
    record = work.unit.erasures.get(user)
    return record is not None and record.depth != "deactivate"


def count(work: ChatWork, user: UserId, **touched: int) -> None:
    """Add to the report."""
    if any(touched.values()):
        record = _record(work, user)
        for kind, number in touched.items():
            if not number:
                continue
            record.touched[kind] = record.touched.get(kind, 0) + number
        work.unit.erasures.save(record)


def hand_on(work: ChatWork, user: UserId, trace: Trace) -> None:
    """Give a group that only the user owned another owner, who can sign in."""
    stream, row = _seat(work, user, trace)
    if stream is None or row is None or stream.kind != "group" or row.role != "owner":
        return
    others = [one for one in work.unit.members.of(stream.n) if one.user_id != user]
    if others:
        rev = stream.rev
        members.pass_on(work, stream, others)
        count(work, user, ownerships=int(stream.rev != rev))


def withdraw(work: ChatWork, user: UserId, trace: Trace) -> None:
    """Leave a conversation, and blank what only its member saw of it."""
    stream, row = _seat(work, user, trace)
    if stream is not None and row is not None:
        if stream.kind == "group":
            members.depart(work, stream, row)
        elif stream.kind == "self":
            conversations.end(work, stream, [row])
        else:
            members.part(work, stream, row)
            conversations.changed(work, stream)
        count(work, user, memberships=1)
    place = (trace.conversation_n, user)
    left = row or work.unit.members.get([place]).get(place)
    if left is not None:
        _blank(work, left)
    # After the record was saved, which holds the key as it was read.
    work.unit.erasures.unkey(trace, user)


def _blank(work: ChatWork, row: MemberRecord) -> None:
    row.draft, row.labels, row.muted_until, row.trail = None, (), None, ()
    row.archived = row.pinned = row.marked_unread = False
    work.unit.members.save([row])


def _seat(
    work: ChatWork, user: UserId, trace: Trace
) -> tuple[ConversationRecord | None, MemberRecord | None]:
    """The locked conversation and the user's current membership, where there are both."""
    stream = work.unit.conversations.lock([trace.id]).get(trace.id)
    if stream is None:
        return None, None
    row = work.unit.members.get([(stream.n, user)]).get((stream.n, user))
    return stream, row if row is not None and row.current else None


def take_back(work: ChatWork, user: UserId, trace: Trace, seqs: Sequence[int]) -> None:
    """Take the user's reactions from these messages."""
    stream = work.unit.conversations.lock([trace.id]).get(trace.id)
    taken = 0
    for record in _messages(work, trace, seqs):
        mine = work.unit.reactions.mine(trace.conversation_n, user, [record.seq])
        for key in mine.get(record.seq, ()):
            taken += 1
            if stream is None:
                work.unit.reactions.remove(trace.conversation_n, record.seq, user, key)
            else:
                reactions.withdraw(work, stream, record, user, key)
    count(work, user, reactions=taken)


def unvote(work: ChatWork, user: UserId, trace: Trace, seqs: Sequence[int]) -> None:
    """Take the user's votes out of these polls."""
    stream = work.unit.conversations.lock([trace.id]).get(trace.id)
    if stream is not None:
        for record in _messages(work, trace, seqs):
            if record.deleted_at is None:
                polls.withdraw(work, stream, record, user)
    count(work, user, votes=work.unit.erasures.unvote(trace, user, seqs))


def bury(work: ChatWork, user: UserId, trace: Trace, seqs: Sequence[int]) -> None:
    """Make tombstones of these messages of the user's, which keep neither key nor reason."""
    stream = work.unit.conversations.lock([trace.id]).get(trace.id)
    buried = 0
    for record in _messages(work, trace, seqs):
        live = record.deleted_at is None
        buried += live
        if stream is not None and live:
            tombstones.bury(work, stream, record, by=user)
        elif stream is not None and record.deleted_by == user and record.deleted_reason:
            tombstones.silence(work, stream, record)
    work.unit.erasures.blank(evolve(trace, ended=stream is None), user, seqs)
    count(work, user, messages=buried)


def _messages(work: ChatWork, trace: Trace, seqs: Sequence[int]) -> Sequence[MessageRecord]:
    found = work.unit.messages.get([(trace.conversation_n, seq) for seq in seqs])
    return [found[place] for place in sorted(found)]


def forget(work: ChatWork, user: UserId) -> bool:
    """End contacts, and delete what was the user's alone; whether there may be more."""
    alive = work.unit.contacts.page(user, ("requested", "accepted"), "", STEP)
    # All at once: what is locked later could meet another's order.
    work.unit.actors.lock([user, *(one.other_id for one in alive)])
    for one in alive:
        contacts.end(work, user, one.other_id)
    gone = {} if alive else work.unit.erasures.forget(user, STEP)
    count(work, user, **gone)
    return bool(alive or gone)
