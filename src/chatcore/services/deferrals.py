"""Sends that don't become messages yet, or for others never: rows on their sender's stream alone.

:mod:`chatcore.services.sending` decides that a send waits, and writes here.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final, cast

from attrs import asdict, evolve

from chatcore import codec
from chatcore.errors import Conflict, Invalid, KeyReused
from chatcore.events import Event, MessageSent, MessageUpdated, ScheduledChanged
from chatcore.ids import (
    MessageId,
    Milliseconds,
    ScheduledId,
    UserId,
    message_id,
    new_id,
    to_datetime,
    to_ms,
)
from chatcore.models import Deferred, Message, MessageKind, Scheduled, ScheduledState
from chatcore.operations import ImportMessage, SendMessage
from chatcore.ports.actors import ActorRecord
from chatcore.ports.conversations import ConversationRecord
from chatcore.ports.messages import MessageRecord
from chatcore.ports.scheduled import ScheduledRecord
from chatcore.services import faces
from chatcore.services.work import ChatWork, Request

UNHEARD: Final = "unheard"
_LEFT_OUT: Final = ("conversation_id", "key", "send_at", "read_seq")


def face(record: ScheduledRecord) -> Scheduled:
    """A message that waits, as its sender and moderators see it."""
    return Scheduled(
        id=ScheduledId(record.id),
        conversation_id=record.conversation_id,
        sender_id=record.user_id,
        send_at=None if record.send_at is None else to_datetime(record.send_at),
        held=record.state == "held",
        body=record.content.get("body"),
        key=record.key,
        kind=cast(MessageKind, record.content.get("kind", "text")),
        state=cast(ScheduledState, record.state),
        reason=record.reason,
        message_id=record.message_id,
        created_at=to_datetime(record.created_at),
        updated_at=to_datetime(record.updated_at),
    )


def operation(record: ScheduledRecord) -> SendMessage:
    """The send that a row stands for."""
    fields = record.content | {"conversation_id": record.conversation_id}
    return codec.structure(fields, SendMessage)


def check_time(work: ChatWork, send_at: Milliseconds) -> None:
    """Raise :class:`Invalid` for a time that is past, or too far ahead."""
    if send_at <= work.now:
        raise Invalid.field("send_at", "must lie in the future")
    if send_at > work.now + work.limits.scheduled_ahead_s * 1_000:
        raise Invalid.field("send_at", f"at most {work.limits.scheduled_ahead_s} seconds ahead")


def check_room(work: ChatWork, already: int) -> None:
    """Raise :class:`Conflict` for more than one user may have waiting."""
    if already >= work.limits.scheduled_a_user:
        raise Conflict(f"At most {work.limits.scheduled_a_user} messages may wait")


def waits(request: Request) -> bool:
    """Whether a send has to wait, for its time or for a verdict."""
    sent: SendMessage = request.operation  # type: ignore[assignment]
    if request.due is not None:
        return False
    if isinstance(sent, ImportMessage):
        if sent.send_at is not None:
            raise Invalid.field("send_at", "what is imported was sent already")
        return False
    return _held(request) or sent.send_at is not None


def _held(request: Request) -> bool:
    return request.verdict is not None and request.verdict.held


class Deferrals:
    """What a batch of sends defers: decided one by one, written at the end."""

    def __init__(self, work: ChatWork, keys: Collection[tuple[str, UserId, int]]) -> None:
        self._work = work
        self._keyed = dict(work.unit.scheduled.by_key(keys))
        self._counts: dict[UserId, int] = {}
        self._made: list[tuple[ScheduledRecord, Message | None]] = []

    def repeated(
        self, key: tuple[str, UserId, int], digest: str | None, stream: ConversationRecord
    ) -> Message | Deferred | None:
        """What a key stands for, if for anything here. Raises :class:`KeyReused`."""
        record = self._keyed.get(key)
        if record is None:
            return None
        if record.digest != digest:
            raise KeyReused
        if record.state == UNHEARD:
            return evolve(_unheard(record, stream), replayed=True)
        return Deferred(scheduled=face(record), replayed=True)

    def defer(
        self, request: Request, message: MessageRecord, stream: ConversationRecord
    ) -> Deferred:
        """Let a send wait that would have become ``message``."""
        work, user = self._work, message.sender_id
        sent: SendMessage = request.operation  # type: ignore[assignment]
        send_at = None if sent.send_at is None else to_ms(sent.send_at)
        if send_at is not None:
            check_time(work, send_at)
        if user not in self._counts:
            self._counts[user] = work.unit.scheduled.count(user)
        check_room(work, self._counts[user])
        self._counts[user] += 1
        fields = codec.plain(sent)
        record = _record(work, message, stream, "held" if _held(request) else "waiting")
        record.send_at = send_at
        record.reason = request.verdict.reason if request.verdict and _held(request) else None
        record.content = {name: fields[name] for name in fields if name not in _LEFT_OUT}
        self._keep(record, None)
        return Deferred(scheduled=face(record))

    def unheard(self, message: MessageRecord, stream: ConversationRecord) -> Message:
        """Keep what a shadow-banned user sent: an ordinary message, which only they hear of."""
        kept = evolve(message, seq=stream.last_seq, rev=stream.rev, sent_rev=stream.rev)
        record = _record(self._work, message, stream, UNHEARD)
        record.content = asdict(kept)
        record.message_id = message_id(stream.id, kept.seq, kept.nonce)
        shown = faces.message(kept, stream)
        self._keep(record, shown)
        return shown

    def _keep(self, record: ScheduledRecord, shown: Message | None) -> None:
        self._made.append((record, shown))
        if record.key is not None:
            self._keyed[record.key, record.user_id, record.conversation_n] = record

    @property
    def accounts(self) -> set[UserId]:
        """Whose account streams :meth:`write` writes to."""
        return {record.user_id for record, _ in self._made}

    def write(self) -> None:
        """Store what was deferred, and tell each sender."""
        if not self._made:
            return
        accounts = self._work.unit.actors.lock(self.accounts)
        for record, shown in self._made:
            account = accounts[record.user_id]
            account.defers = True
            save(self._work, account, record, None if shown is None else MessageSent(shown))


def _record(
    work: ChatWork, message: MessageRecord, stream: ConversationRecord, state: str
) -> ScheduledRecord:
    return ScheduledRecord(
        id=new_id(work.now),
        user_id=message.sender_id,
        conversation_n=stream.n,
        conversation_id=stream.id,
        state=state,
        key=message.key,
        digest=message.digest,
        created_at=work.now,
        updated_at=work.now,
        me_rev=0,
    )


def save(
    work: ChatWork, account: ActorRecord, record: ScheduledRecord, event: Event | None = None
) -> Scheduled:
    """Store a changed row under a new rev of its user's stream, and tell them."""
    account.rev += 1
    record.me_rev = account.rev
    work.unit.scheduled.save(record)
    shown = face(record)
    work.note(account, event or ScheduledChanged(shown))
    return shown


def _unheard(record: ScheduledRecord, stream: ConversationRecord) -> Message:
    return faces.message(MessageRecord(**record.content), stream)


def changes(
    work: ChatWork, account: ActorRecord, rev: int, most: int
) -> Sequence[tuple[int, Event | None]]:
    """(rev, event) of the first ``most`` of a user's rows changed after ``rev``, by rev.

    None for what there is nothing to say of any more.
    """
    if not account.defers:
        return ()
    rows = work.unit.scheduled.changed(account.user_id, rev, most)
    ids = {row.conversation_id for row in rows if row.state == UNHEARD}
    streams = work.unit.conversations.get(ids) if ids else {}
    found: list[tuple[int, Event | None]] = []
    for row in rows:
        event: Event | None = None
        if row.state != UNHEARD:
            event = ScheduledChanged(face(row))
        elif row.conversation_id in streams:
            event = MessageUpdated(_unheard(row, streams[row.conversation_id]))
        found.append((row.me_rev, event))
    return found


def end(
    record: ScheduledRecord,
    now: Milliseconds,
    state: str,
    *,
    reason: str | None = None,
    message_id: MessageId | None = None,
) -> None:
    """Bring a row to a state in which it waits no more; what is done with keeps no content."""
    record.state, record.updated_at = state, now
    record.reason, record.message_id = reason, message_id
    if state in ("sent", "cancelled"):
        record.content = {}
