"""Messages that wait: what their senders do with them, what moderators do, and firing them.

A row is changed only while its user's actor row is locked. Firing inserts the message and ends the
row in one transaction, so that whoever else tries finds it done.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import evolve

from chatcore import codec
from chatcore.errors import ChatError, Conflict, Invalid, NotFound, RateLimited
from chatcore.ids import ScheduledId, UserId, to_ms
from chatcore.models import Actor, Message, Page, Scheduled
from chatcore.operations import (
    UNSET,
    CancelScheduled,
    ListHeld,
    ListScheduled,
    RejectHeld,
    ReleaseHeld,
    UpdateScheduled,
)
from chatcore.ports.actors import ActorRecord
from chatcore.ports.scheduled import ScheduledRecord
from chatcore.services import content, deferrals, files, paging, sending
from chatcore.services.access import active
from chatcore.services.work import ChatWork, Outcome, Request

_DONE = ("sent", "cancelled", deferrals.UNHEARD)


def list_mine(work: ChatWork, actor: Actor, operation: ListScheduled) -> Page[Scheduled]:
    """One's own that wait, failed or were rejected, in the order of their making."""
    user, most = active(work, actor), paging.size(work.limits, operation.limit)
    after = paging.after_text("scheduled", operation.cursor)
    rows = work.unit.scheduled.page(user, after, most + 1)
    page, next = paging.cut("scheduled", rows, most, lambda row: (row.id,))
    return Page(items=tuple(map(deferrals.face, page)), next=next)


def list_held(work: ChatWork, actor: Actor, operation: ListHeld) -> Page[Scheduled]:
    """Everybody's that wait for a verdict, the oldest first, with all that they hold."""
    most = paging.size(work.limits, operation.limit)
    after = paging.after_text("held", operation.cursor)
    rows = work.unit.scheduled.held(after, most + 1)
    page, next = paging.cut("held", rows, most, lambda row: (row.id,))
    return Page(items=_whole(work, page), next=next)


def _whole(work: ChatWork, records: Sequence[ScheduledRecord]) -> tuple[Scheduled, ...]:
    """What a verdict is about: more than text."""
    sends = [deferrals.operation(record) for record in records]
    uploads = work.unit.uploads.get({id for sent in sends for id in sent.upload_ids})
    found = []
    for record, sent in zip(records, sends, strict=True):
        there = [uploads[id] for id in sent.upload_ids if id in uploads]
        details = content.details(sent, [codec.plain(files.attachment(one)) for one in there])
        places: dict[str, Any] = {"reply_to": sent.reply_to, "thread_id": sent.thread_id}
        found.append(evolve(deferrals.face(record), **places, **content.shown(details)))
    return tuple(found)


def own(work: ChatWork, actor: Actor, id: ScheduledId) -> ScheduledRecord:
    """One of the actor's own rows. Raises :class:`NotFound` for everything else."""
    user = active(work, actor)
    record = work.unit.scheduled.get([id]).get(id)
    if record is None or record.user_id != user or record.state == deferrals.UNHEARD:
        raise NotFound
    return record


def _locked(work: ChatWork, found: ScheduledRecord) -> tuple[ActorRecord, ScheduledRecord]:
    """The row as it is once nobody else may change it."""
    account = work.unit.actors.lock([found.user_id])[found.user_id]
    return account, work.unit.scheduled.get([found.id])[found.id]


def update(work: ChatWork, actor: Actor, operation: UpdateScheduled) -> Scheduled:
    """Raises :class:`Conflict` for what is sent, cancelled or rejected, and for the text of what is
    held: it is sent as the moderator saw it."""
    account, record = _locked(work, own(work, actor, operation.id))
    _check(work, record, operation)
    if operation.body is not UNSET:
        record.content = record.content | {"body": operation.body}
    if operation.send_at is not UNSET:
        record.send_at = to_ms(operation.send_at)
    if record.state == "failed":
        record.state, record.reason = "waiting", None
    record.updated_at = work.now
    return deferrals.save(work, account, record)


def _check(work: ChatWork, record: ScheduledRecord, operation: UpdateScheduled) -> None:
    if record.state in (*_DONE, "rejected"):
        raise Conflict(f"The message is {record.state}")
    if operation.body is not UNSET:
        if record.state == "held":
            raise Conflict("The message is held")
        files = bool(record.content.get("upload_ids"))
        content.check_body(record.content.get("kind", "text"), operation.body, files=files)
    if operation.send_at is not UNSET:
        deferrals.check_time(work, to_ms(operation.send_at))
    elif record.state == "failed":
        raise Invalid.field("send_at", "a message that failed needs a new time")


def cancel(work: ChatWork, actor: Actor, operation: CancelScheduled) -> Scheduled:
    """Cancelling twice changes nothing. Raises :class:`Conflict` for what was sent already."""
    account, record = _locked(work, own(work, actor, operation.id))
    if record.state == "cancelled":
        return deferrals.face(record)
    if record.state in _DONE:
        raise Conflict("The message is sent")
    deferrals.end(record, work.now, "cancelled")
    return deferrals.save(work, account, record)


def release(work: ChatWork, actor: Actor, operation: ReleaseHeld) -> Scheduled:
    """Send a held message, or let it wait for its time. Raises :class:`Conflict` once decided."""
    found = _held(work, operation.id)
    work.unit.conversations.lock([found.conversation_id])
    account, record = _locked(work, found)
    _undecided(record)
    if record.send_at is not None and record.send_at > work.now:
        record.state, record.reason, record.updated_at = "waiting", None, work.now
        return deferrals.save(work, account, record)
    return _fire(work, [record])[0]


def reject(work: ChatWork, actor: Actor, operation: RejectHeld) -> Scheduled:
    """Refuse a held message. Raises :class:`Conflict` once decided."""
    account, record = _locked(work, _held(work, operation.id))
    _undecided(record)
    deferrals.end(record, work.now, "rejected", reason=operation.reason)
    return deferrals.save(work, account, record)


def _held(work: ChatWork, id: ScheduledId) -> ScheduledRecord:
    record = work.unit.scheduled.get([id]).get(id)
    if record is None or record.state == deferrals.UNHEARD:
        raise NotFound
    _undecided(record)
    return record


def _undecided(record: ScheduledRecord) -> None:
    if record.state != "held":
        raise Conflict(f"The message is {record.state}")


def fire(work: ChatWork, found: Sequence[ScheduledRecord]) -> int:
    """Send those of ``found`` that are still due, in one transaction; how many there were."""
    work.unit.conversations.lock({one.conversation_id for one in found})
    work.unit.actors.lock({one.user_id for one in found})
    now = work.unit.scheduled.get([one.id for one in found])
    due = [
        record
        for one in found
        if (record := now.get(one.id)) is not None
        and record.state == "waiting"
        and record.send_at is not None
        and record.send_at <= work.now
    ]
    _fire(work, due)
    return len(due)


def _fire(work: ChatWork, records: Sequence[ScheduledRecord]) -> list[Scheduled]:
    """Send these as if their senders did now: what they may not any more, fails."""
    requests = [_request(record) for record in records]
    for record in records:
        if record.key is not None:  # a key stands for one thing: now for the message
            work.unit.scheduled.save(evolve(record, key=None))
    outcomes = sending.send(work, requests)
    accounts = work.unit.actors.lock({record.user_id for record in records})
    shown = []
    for record, outcome in zip(records, outcomes, strict=True):
        _settle(work, record, outcome)
        shown.append(deferrals.save(work, accounts[record.user_id], record))
    return shown


def _request(record: ScheduledRecord) -> Request:
    sent = evolve(deferrals.operation(record), key=record.key)
    return Request(Actor(record.user_id), sent, due=record)


def _settle(work: ChatWork, record: ScheduledRecord, outcome: Outcome) -> None:
    if isinstance(outcome, RateLimited):  # slow mode: it waits a little longer
        record.send_at = work.now + int(1_000 * (outcome.retry_after or 1))
        record.state = "waiting"
    elif isinstance(outcome, ChatError):
        deferrals.end(record, work.now, "failed", reason=outcome.code)
    elif isinstance(outcome, Message):
        deferrals.end(record, work.now, "sent", message_id=outcome.id)
        record.key = record.digest = None


def fail(work: ChatWork, id: str, user: UserId, reason: str) -> None:
    """End a row that can't be sent for a defect of ours, so that it doesn't stand in the way."""
    account = work.unit.actors.lock([user])[user]
    record = work.unit.scheduled.get([id]).get(id)
    if record is not None and record.state == "waiting":
        deferrals.end(record, work.now, "failed", reason=reason)
        deferrals.save(work, account, record)
