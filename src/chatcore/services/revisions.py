"""What messages said before they were edited."""

from __future__ import annotations

from chatcore.errors import Invalid
from chatcore.ids import decode_cursor, to_datetime
from chatcore.models import Actor, Page, Revision
from chatcore.operations import ListRevisions
from chatcore.policy import require
from chatcore.ports.messages import MessageRecord
from chatcore.ports.revisions import RevisionRecord
from chatcore.services import access, paging
from chatcore.services.work import ChatWork


def keep(work: ChatWork, record: MessageRecord) -> None:
    """Keep what a message says, before it says something else."""
    work.unit.revisions.add(
        record.conversation_n, record.seq, _current(record), work.limits.revisions
    )


def _current(record: MessageRecord) -> RevisionRecord:
    since = record.created_at if record.edited_at is None else record.edited_at
    return RevisionRecord(version=record.version, body=record.body, at=since)


def list_page(work: ChatWork, actor: Actor, operation: ListRevisions) -> Page[Revision]:
    """By rising version, the current one last; nothing of a message that was deleted."""
    seat = access.seat(work, actor, operation.conversation_id, lock=False)
    record = access.message(work, seat, operation.message_id)
    own = record.sender_id == seat.member.user_id
    require(ListRevisions, actor, seat.case(own=own, history=work.settings.edit_history))
    most = paging.size(work.limits, operation.limit)
    kind = f"history {operation.message_id}"
    after = _after(kind, operation.cursor)
    if record.deleted_at is not None:
        return Page(items=())
    rows = list(work.unit.revisions.of(record.conversation_n, record.seq, after, most + 1))
    if record.version > after:
        rows.append(_current(record))
    shown = tuple(
        Revision(version=row.version, body=row.body, created_at=to_datetime(row.at))
        for row in rows[:most]
    )
    page, next = paging.cut(kind, rows, paging.fit(shown, work.limits), lambda row: (row.version,))
    return Page(items=shown[: len(page)], next=next)


def _after(kind: str, cursor: str | None) -> int:
    if cursor is None:
        return 0
    match decode_cursor(kind, cursor):
        case [int(version)]:
            return version
    raise Invalid.field("cursor", "not a cursor of this list")
