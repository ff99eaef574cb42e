"""Reports: taken from those who see what they complain of, resolved by operators."""

from __future__ import annotations

import json
from typing import Any, cast

from chatcore import codec
from chatcore.errors import Conflict, Invalid, NotFound
from chatcore.ids import (
    MessageId,
    ReportId,
    UserId,
    new_id,
    split_message_id,
    to_datetime,
)
from chatcore.models import Actor, Page, Report, ReportReason, ReportState
from chatcore.operations import CreateReport, ListReports, ResolveReport
from chatcore.ports.reports import ReportRecord
from chatcore.services import access, erasure, faces, paging, tombstones
from chatcore.services.work import ChatWork

_KIND = "reports"


def create(work: ChatWork, actor: Actor, operation: CreateReport) -> Report:
    """The new report, or the one of the same object that is still open (``replayed``).

    Raises :class:`NotFound` for what the reporter can't see, and :class:`Conflict` for a message
    that is deleted and where too many of theirs are open.
    """
    reporter = access.active(work, actor)
    if (operation.message_id is None) == (operation.user_id is None):
        raise Invalid(detail="Give one of message_id and user_id")
    record = _of_message(work, actor, operation) or _of_user(work, reporter, operation)
    if record.user_id == reporter:
        raise Invalid(detail="This is your own")
    # Two at once must not both find nothing open.
    work.unit.actors.lock([reporter])
    there = work.unit.reports.open(reporter, record.user_id, record.message_id)
    if there is not None:
        return face(there, replayed=True)
    if work.unit.reports.count_open(reporter) >= work.limits.open_reports:
        raise Conflict(f"At most {work.limits.open_reports} of your reports may be open")
    work.unit.reports.insert(record)
    return face(record)


def _of_message(work: ChatWork, actor: Actor, operation: CreateReport) -> ReportRecord | None:
    if operation.message_id is None:
        return None
    parts = split_message_id(operation.message_id)
    if parts is None:
        raise NotFound
    seat = access.seat(work, actor, parts[0], lock=False)
    found = access.message(work, seat, operation.message_id)
    if found.deleted_at is not None:
        raise Conflict("The message is deleted")
    record = _record(work, actor.id, found.sender_id, operation)
    record.conversation_id, record.message_id = parts[0], operation.message_id
    record.snapshot = _plain(faces.message(found, seat.stream))
    return record


def _of_user(work: ChatWork, reporter: UserId, operation: CreateReport) -> ReportRecord:
    user = cast(UserId, operation.user_id)
    if not access.known(work, [user]):
        raise NotFound
    record = _record(work, reporter, user, operation)
    record.snapshot = _plain(work.known[user])
    return record


def _record(
    work: ChatWork, reporter: UserId, user: UserId, operation: CreateReport
) -> ReportRecord:
    return ReportRecord(
        id=ReportId(new_id(work.now)),
        reporter_id=reporter,
        user_id=user,
        reason=operation.reason,
        note=operation.note,
        created_at=work.now,
    )


def _plain(value: Any) -> dict[str, Any]:
    return cast(dict[str, Any], json.loads(codec.encode(value)))


def list_all(work: ChatWork, actor: Actor, operation: ListReports) -> Page[Report]:
    """A page of the queue, the oldest first."""
    most = paging.size(work.limits, operation.limit)
    kind = f"{_KIND} {operation.state or ''}"
    after = paging.after_text(kind, operation.cursor)
    rows = work.unit.reports.page(operation.state, after, most + 1)
    shown = tuple(face(row, operator=True) for row in rows[:most])
    fitting = paging.fit(shown, work.limits)
    page, next = paging.cut(kind, rows, fitting, lambda row: (row.id,))
    return Page(items=shown[: len(page)], next=next)


def resolve(work: ChatWork, actor: Actor, operation: ResolveReport) -> Report:
    """Close a report. Raises :class:`Conflict` for one that is resolved already."""
    record = work.unit.reports.get(operation.id)
    if record is None:
        raise NotFound
    if record.state != "open":
        raise Conflict("The report is resolved")
    if operation.action == "removed":
        if record.message_id is None:
            raise Invalid.field("action", "only of a message")
        _remove(work, actor, record.message_id)
    record.state, record.resolution = operation.action, operation.note
    record.resolved_at, record.resolved_by = work.now, actor.user_id
    # It was kept for the operator's eyes, who has seen it now.
    if erasure.wordless(work, record.user_id):
        record.snapshot = None
    if erasure.wordless(work, record.reporter_id):
        record.note = None
    if not work.unit.reports.resolve(record):
        raise Conflict("The report is resolved")
    return face(record, operator=True)


def _remove(work: ChatWork, actor: Actor, id: MessageId) -> None:
    """Delete the message, unless it has gone already. The operator need be no member."""
    parts = split_message_id(id)
    if parts is None:
        return
    stream = work.unit.conversations.lock([parts[0]]).get(parts[0])
    ended = work.unit.retention.ended(parts[0]) if stream is None else None
    if stream is not None:
        n = stream.n
    elif ended is not None:
        n = ended.conversation_n
    else:
        return
    found = work.unit.messages.get([(n, parts[1])])
    if not found:
        return
    (record,) = found.values()
    if record.nonce != parts[2] or record.deleted_at is not None:
        return
    if ended is not None:
        # Nobody is left to tell.
        work.unit.erasures.blank(ended, record.sender_id, [record.seq])
    elif stream is not None:
        # A host's own code has no user id: then the tombstone names nobody but the sender.
        by = actor.user_id or record.sender_id
        tombstones.bury(work, stream, record, by=by, reason="removed")


def face(record: ReportRecord, *, operator: bool = False, replayed: bool | None = None) -> Report:
    """A report as its reporter sees it; ``operator``: with what only operators see."""
    return Report(
        id=record.id,
        reporter_id=record.reporter_id,
        user_id=record.user_id,
        conversation_id=record.conversation_id,
        message_id=record.message_id,
        reason=cast(ReportReason, record.reason),
        note=record.note,
        state=cast(ReportState, record.state),
        created_at=to_datetime(record.created_at),
        resolved_at=None if record.resolved_at is None else to_datetime(record.resolved_at),
        resolved_by=record.resolved_by if operator else None,
        resolution=record.resolution if operator else None,
        snapshot=record.snapshot if operator else None,
        replayed=replayed,
    )
