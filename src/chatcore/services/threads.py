"""Threads: one level of replies below a message, whose face says how many and by whom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chatcore.errors import Conflict, Invalid
from chatcore.events import MessageUpdated, ThreadMarked
from chatcore.ids import UserId, message_id
from chatcore.models import Actor, Page, Thread, ThreadMark
from chatcore.operations import ListThreads
from chatcore.ports.conversations import ConversationRecord
from chatcore.ports.messages import MessageRecord, UnreadCount, UnreadQuery
from chatcore.ports.threads import ThreadRecord
from chatcore.services import access, faces, paging
from chatcore.services.access import Seat
from chatcore.services.work import ChatWork

_SHOWN = 10


def require_root(root: MessageRecord) -> None:
    """Raise where a message that the sender sees can't be answered in a thread."""
    if root.thread_seq is not None:
        raise Invalid.field("thread_id", "a reply in a thread begins no thread")
    if root.deleted_at is not None:
        raise Conflict("The message is deleted")


class Growth:
    """The threads that a batch adds to: a root changes once, however many replies it gets."""

    def __init__(self, work: ChatWork) -> None:
        self._work = work
        self._roots: dict[tuple[int, int], tuple[ConversationRecord, MessageRecord, int]] = {}

    def add(self, stream: ConversationRecord, root: MessageRecord, reply: MessageRecord) -> None:
        """Count a reply at once, so that the next one of the batch sees it."""
        found = root.details.get("thread", {"count": 0, "participants": []})
        users: list[UserId] = found["participants"]
        if reply.sender_id not in users and len(users) < _SHOWN:
            users = [*users, reply.sender_id]
        root.details = {
            **root.details,
            "thread": {"count": found["count"] + 1, "participants": users},
        }
        self._roots[stream.n, root.seq] = stream, root, reply.seq

    def write(self) -> None:
        """Store the roots, and announce them."""
        grown = self._roots.values()
        if grown:
            self._work.unit.threads.touch([(at.n, root.seq, last) for at, root, last in grown])
            _change(self._work, [(stream, root) for stream, root, _ in grown])


def recount(work: ChatWork, stream: ConversationRecord, seq: int) -> None:
    """A reply is no more: the root says so, a tombstone's as well; one that was pruned doesn't."""
    if seq <= stream.pruned_seq:
        return
    root = work.unit.messages.get([(stream.n, seq)]).get((stream.n, seq))
    if root is None:
        return
    count, users = work.unit.threads.summary(stream.n, seq, _SHOWN)
    root.details = {**root.details, "thread": {"count": count, "participants": list(users)}}
    _change(work, [(stream, root)])


def _change(work: ChatWork, roots: Sequence[tuple[ConversationRecord, MessageRecord]]) -> None:
    for stream, root in roots:
        stream.rev += 1
        root.rev = stream.rev
        root.updated_at = work.now
        shown = faces.changed(root, stream, work.now)
        work.announce(stream, MessageUpdated(shown), min_seq=root.seq)
    work.unit.messages.save(*(root for _, root in roots))


def list_page(work: ChatWork, actor: Actor, operation: ListThreads) -> Page[Thread]:
    """Threads whose first message the actor sees, last reply first."""
    seat = access.enter(work, actor, operation)
    most = paging.size(work.limits, operation.limit)
    kind = f"threads {seat.stream.id}"
    below = paging.before_pair(kind, operation.cursor)
    rows = work.unit.threads.page(
        seat.window(work.now),
        before=None if below is None else below[0],
        unread_after=faces.unread_after(seat) if operation.unread else None,
        limit=most + 1,
    )
    shown = _threads(work, seat, rows[:most])
    fitting = paging.fit(shown, work.limits)
    page, next = paging.cut(kind, rows, fitting, lambda row: (row.last_seq, row.root.seq))
    return Page(items=shown[: len(page)], next=next)


def _threads(work: ChatWork, seat: Seat, rows: Sequence[ThreadRecord]) -> tuple[Thread, ...]:
    roots = faces.messages(work, seat, [row.root for row in rows])
    found = []
    for row, root in zip(rows, roots, strict=True):
        counts = _counts(work, seat, row.root.seq, row.mark)
        found.append(Thread(root=root, last_seq=row.last_seq, **counts))
    return tuple(found)


def _counts(work: ChatWork, seat: Seat, root: int, mark: int) -> dict[str, Any]:
    """What one member hasn't read in a thread; the predicate is that of a conversation's."""
    member, most = seat.member, work.limits.unread_exact
    after, count = max(mark, faces.unread_after(seat)), UnreadCount(unread=0, mentions=0)
    if after < seat.stream.last_seq:
        query = UnreadQuery(conversation_n=seat.stream.n, viewer=member.user_id, after_seq=after)
        count = work.unit.threads.unread(query, root, work.now, most)
    return {
        "read_seq": max(mark, member.read_seq),
        "unread": min(count.unread, most),
        "unread_more": count.unread > most,
        "unread_mentions": min(count.mentions, most),
    }


def mark(work: ChatWork, seat: Seat, root: MessageRecord, read: int) -> None:
    """Move the member's mark in a thread, for themselves alone; back it never goes."""
    user, n = seat.member.user_id, seat.stream.n
    before = work.unit.threads.marks(user, n, [root.seq]).get(root.seq, 0)
    if read <= max(before, seat.member.read_seq):
        return
    account = work.unit.actors.lock([user])[user]
    account.rev += 1
    work.unit.threads.mark(user, n, root.seq, read, account.rev)
    id = message_id(seat.stream.id, root.seq, root.nonce)
    work.note(account, ThreadMarked(seat.stream.id, id, read))


def state(work: ChatWork, seat: Seat, root: MessageRecord) -> ThreadMark:
    """How far the member has read a thread."""
    marks = work.unit.threads.marks(seat.member.user_id, seat.stream.n, [root.seq])
    id = message_id(seat.stream.id, root.seq, root.nonce)
    return ThreadMark(thread_id=id, **_counts(work, seat, root.seq, marks.get(root.seq, 0)))
