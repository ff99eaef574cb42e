"""Messages, once they are sent: reading, editing, deleting."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from attrs import frozen

from chatcore.config import Limits
from chatcore.errors import Conflict, Invalid, VersionConflict
from chatcore.events import MessageEdited, MessageHidden
from chatcore.ids import message_id, to_datetime, to_ms
from chatcore.models import Actor, Message, MessageStatus, Page, ReadBy
from chatcore.operations import (
    UNSET,
    DeleteMessage,
    EditMessage,
    GetMessage,
    GetMessageStatus,
    HideMessage,
    ListMessages,
)
from chatcore.policy import require
from chatcore.ports.members import MemberRecord
from chatcore.ports.messages import MessageRecord, Within
from chatcore.rules import receipts as rules
from chatcore.services import access, faces, paging, previews, revisions, shadow, tombstones
from chatcore.services.access import Seat
from chatcore.services.content import check_body
from chatcore.services.ties import secretive
from chatcore.services.work import ChatWork


def list_page(work: ChatWork, actor: Actor, operation: ListMessages) -> Page[Message]:
    """A page by rising seq; ``next`` is the seq to pass on in the same direction."""
    seat = access.enter(work, actor, operation)
    places = [operation.before, operation.after, operation.around, operation.at]
    if sum(place is not None for place in places) > 1:
        raise Invalid(detail="Give one of before, after, around and at")
    most = paging.size(work.limits, operation.limit)
    older, newer, next = _rows(_List(work, seat, _within(work, seat, operation), most), operation)
    shown = faces.messages(work, seat, [*older, *newer])
    items = _fitting(shown, len(older), work.limits)
    if len(items) < len(shown):
        next = items[0].seq if operation.after is None else items[-1].seq
    return Page(items=items, next=next, cursor=faces.cursor(work, seat).encode())


def _fitting(shown: tuple[Message, ...], split: int, limits: Limits) -> tuple[Message, ...]:
    """As many as one answer holds: first the newer ones from ``split`` on, then the older."""
    count = paging.fit([*shown[split:], *reversed(shown[:split])], limits)
    newer = min(count, len(shown) - split)
    return shown[split + newer - count : split + newer]


_Rows = tuple[Sequence[MessageRecord], Sequence[MessageRecord], int | None]
"""Those before and those from a place on, by rising seq; and where to go on."""


@frozen
class _List:
    """What is paged: a conversation, or a part of it."""

    work: ChatWork
    seat: Seat
    within: Within | None
    most: int

    def before(self, before: int | None, most: int) -> _Rows:
        rows = self._page(after=0, before=before, newest=True, limit=most + 1)
        return (rows[1:], (), rows[1].seq) if len(rows) > most else (rows, (), None)

    def after(self, after: int, most: int) -> _Rows:
        rows = self._page(after=after, before=None, newest=False, limit=most + 1)
        return ((), rows[:most], rows[most - 1].seq) if len(rows) > most else ((), rows, None)

    def around(self, seq: int) -> _Rows:
        """Half before, half from ``seq`` on; ``next`` goes on before."""
        _, newer, _ = self.after(seq - 1, (self.most + 1) // 2)
        if len(newer) == self.most:
            return (), newer, seq
        older, _, next = self.before(seq, self.most - len(newer))
        return older, newer, next

    def at(self, moment: datetime) -> int:
        """The seq of the first message of that time or later."""
        window = self.seat.window(self.work.now)
        first = self.work.unit.messages.first_at(window, to_ms(moment), self.within)
        return self.seat.stream.last_seq + 1 if first is None else first

    def _page(self, **where: Any) -> Sequence[MessageRecord]:
        window = self.seat.window(self.work.now)
        return self.work.unit.messages.page(window, within=self.within, **where)


def _within(work: ChatWork, seat: Seat, operation: ListMessages) -> Within | None:
    if operation.thread_id is None:
        return Within(pinned=True) if operation.pinned else None
    root = access.message(work, seat, operation.thread_id)
    return Within(thread_seq=root.seq, pinned=operation.pinned)


def _rows(listed: _List, operation: ListMessages) -> _Rows:
    if operation.at is not None:
        return listed.around(listed.at(operation.at))
    if operation.around is not None:
        return listed.around(operation.around)
    if operation.after is not None:
        return listed.after(operation.after, listed.most)
    return listed.before(operation.before, listed.most)


def get(work: ChatWork, actor: Actor, operation: GetMessage) -> Message:
    """One message that the actor sees, or its tombstone."""
    seat = access.enter(work, actor, operation)
    return faces.messages(work, seat, [access.message(work, seat, operation.message_id)])[0]


def edit(work: ChatWork, actor: Actor, operation: EditMessage) -> Message:
    """Raises :class:`VersionConflict` for an edit of an older version than the current one.

    A shadow-banned sender is refused: the others would hear what they say, and a change that only
    they see would leave them with another message than a fresh client's.
    """
    seat = access.seat(work, actor, operation.conversation_id, lock=True)
    record = access.message(work, seat, operation.message_id)
    own = record.sender_id == seat.member.user_id
    require(EditMessage, actor, seat.case(own=own, blocked=access.blocked(work, seat)))
    if record.deleted_at is not None:
        raise Conflict("The message is deleted")
    if record.kind in ("system", "encrypted"):
        raise Conflict("A message of this kind can't be edited")
    if operation.version is not None and operation.version != record.version:
        raise VersionConflict
    if operation.body is UNSET:
        raise Invalid.field("body", "required")
    check_body(record.kind, operation.body, files=bool(record.details.get("attachments")))
    if shadow.silenced(work, seat.member.user_id):
        raise Conflict("The message can't be edited any more")
    previews.drop_stale(record, operation.body, work.limits.url_chars)
    revisions.keep(work, record)
    record.body = operation.body
    record.version += 1
    record.edited_at = record.updated_at = work.now
    seat.stream.rev += 1
    record.rev = seat.stream.rev
    work.unit.messages.save(record)
    shared = faces.message(record, seat.stream)
    work.announce(seat.stream, MessageEdited(shared), min_seq=record.seq)
    return faces.messages(work, seat, [record])[0]


def delete(work: ChatWork, actor: Actor, operation: DeleteMessage) -> Message:
    """Deleting what is deleted already changes nothing and answers the tombstone."""
    seat = access.seat(work, actor, operation.conversation_id, lock=True)
    record = access.message(work, seat, operation.message_id)
    if operation.for_ == "me":
        return _hide(work, actor, seat, record)
    own = record.sender_id == seat.member.user_id
    require(DeleteMessage, actor, seat.case(own=own))
    if record.deleted_at is None:
        user = seat.member.user_id
        tombstones.bury(work, seat.stream, record, by=user, reason=operation.reason)
    return faces.messages(work, seat, [record])[0]


def _hide(work: ChatWork, actor: Actor, seat: Seat, record: MessageRecord) -> Message:
    require(HideMessage, actor, seat.case())
    user = seat.member.user_id
    account = work.unit.actors.lock([user])[user]
    account.rev += 1
    work.unit.hidden.add(user, record.conversation_n, record.seq, account.rev)
    id = message_id(seat.stream.id, record.seq, record.nonce)
    work.note(account, MessageHidden(seat.stream.id, id, True))
    return faces.messages(work, seat, [record], hidden={record.seq})[0]


def status(work: ChatWork, actor: Actor, operation: GetMessageStatus) -> MessageStatus:
    """How far each recipient has got whose receipts the actor may see, by user id."""
    seat = access.enter(work, actor, operation)
    viewer = seat.member.user_id
    record = access.message(work, seat, operation.message_id)
    n, sender, seq = seat.stream.n, record.sender_id, record.seq
    most = paging.size(work.limits, operation.limit)
    kind = f"status {seat.stream.id} {seq}"
    after = paging.after_text(kind, operation.cursor)
    rows = work.unit.members.recipients(n, sender, seq, after, most + 1)
    page, next = paging.cut(kind, rows, most, lambda row: (row.user_id,))
    hidden = secretive(work, viewer, [member.user_id for member in page])
    return MessageStatus(
        status=faces.statuses(work, seat.stream, sender, [seq], viewer)[seq],
        items=tuple(_read_by(member, seq) for member in page if member.user_id not in hidden),
        next=next,
    )


def _read_by(member: MemberRecord, seq: int) -> ReadBy:
    mark = rules.Watermark(member.delivered_seq, member.read_seq)
    return ReadBy(
        user_id=member.user_id,
        status=rules.reached(seq, mark),
        delivered_at=_when(member, seq, 0),
        read_at=_when(member, seq, 1),
    )


def _when(member: MemberRecord, seq: int, which: int) -> datetime | None:
    """When a watermark passed ``seq``: known for the last moves, None for what is older."""
    earlier = 0
    for step in member.trail:
        if step[which] >= seq:
            known = earlier > 0 or member.trail[0] is not step or len(member.trail) < 20
            return to_datetime(step[2]) if known else None
        earlier = step[which]
    return None
