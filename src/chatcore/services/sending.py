"""Sending: a whole batch of messages in a handful of statements, each exactly once a key.

Read everything for the batch, decide each operation in Python, then take numbers and insert. Once
the inserts begin, nothing can fail for one operation alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import define, evolve, field, frozen

from chatcore.errors import ChatError, Conflict, KeyReused, NotFound
from chatcore.events import MessageSent
from chatcore.ids import (
    MessageId,
    Milliseconds,
    UploadId,
    UserId,
    new_nonce,
    split_message_id,
    to_ms,
)
from chatcore.models import Actor, Deferred, Message
from chatcore.operations import ImportMessage, SendMessage
from chatcore.policy import require
from chatcore.ports.conversations import ConversationRecord
from chatcore.ports.messages import MessageRecord
from chatcore.ports.uploads import UploadRecord
from chatcore.services import access, content, faces
from chatcore.services.access import Seat, Seats, peer
from chatcore.services.deferrals import Deferrals, waits
from chatcore.services.mentions import heeded
from chatcore.services.pace import Pace
from chatcore.services.receipts import Moves
from chatcore.services.threads import Growth, require_root
from chatcore.services.ties import welcomed
from chatcore.services.work import ChatWork, Outcome, Request


@define
class _Facts:
    """What was read for the whole batch."""

    seats: Seats
    keyed: dict[tuple[str, UserId, int], MessageRecord]
    named: Mapping[tuple[int, int], MessageRecord]
    """The messages that these answer, in the conversation or in a thread."""
    hidden: set[tuple[UserId, int, int]]
    closed: set[tuple[UserId, UserId]]
    """(who, whom): they may not write to them directly."""
    uploads: Mapping[UploadId, UploadRecord]
    deferrals: Deferrals
    mention_all: str
    """The least role that may mention everybody."""
    permitted: set[tuple[object, ...]] = field(factory=set)


@frozen
class _Beside:
    """What a batch of sends changes beside its messages."""

    moves: Moves
    growth: Growth
    pace: Pace
    deferrals: Deferrals

    def write(self, work: ChatWork) -> None:
        """Store it. Users are locked all at once: apart they could meet another batch's order."""
        users = self.moves.accounts | self.deferrals.accounts
        if users:
            work.unit.actors.lock(users)
        self.growth.write()
        self.moves.write()
        self.pace.write()
        self.deferrals.write()


def send(work: ChatWork, requests: Sequence[Request]) -> list[Outcome]:
    """Decide and write a batch of sends; an outcome each, in order."""
    facts = _read(work, requests)
    outcomes: list[Outcome] = []
    sent: list[MessageRecord] = []
    beside = _Beside(Moves(work, facts.seats), Growth(work), Pace(work), facts.deferrals)
    for request in requests:
        try:
            answer, record = _decide(work, facts, request, beside)
        except ChatError as error:
            outcomes.append(error)
            continue
        outcomes.append(answer)
        if record is not None:
            sent.append(record)
    if sent:
        work.unit.messages.insert(sent, heeded(work, facts.seats, sent))
        for record in sent:
            held = [one["upload_id"] for one in record.details.get("attachments", ())]
            if held:
                work.unit.uploads.attach(record.conversation_n, record.seq, held)
    beside.write(work)
    return outcomes


def _read(work: ChatWork, requests: Sequence[Request]) -> _Facts:
    unit = work.unit
    seats = Seats(work, requests)
    here: list[tuple[UserId, SendMessage, ConversationRecord]] = [
        (user, request.operation, stream)  # type: ignore[misc]
        for request in requests
        for user, stream in seats.places(request)
    ]
    keys = {(op.key, user, stream.n) for user, op, stream in here if op.key is not None}
    named = {
        (stream.n, parts[1], user)
        for user, op, stream in here
        for id in (op.reply_to, op.thread_id)
        if id is not None and (parts := split_message_id(id)) is not None and parts[0] == stream.id
    }
    return _Facts(
        seats=seats,
        keyed=dict(unit.messages.by_key(keys)),
        named=unit.messages.get({(n, seq) for n, seq, _ in named}),
        hidden=unit.hidden.found({(user, n, seq) for n, seq, user in named}),
        closed=_closed(work, seats, here),
        uploads=unit.uploads.get({id for _, op, _ in here for id in op.upload_ids}),
        deferrals=Deferrals(work, [one for one in keys if seats.standing(one[1]).defers]),
        mention_all=work.settings.mention_all,
    )


def _closed(
    work: ChatWork,
    seats: Seats,
    here: Sequence[tuple[UserId, SendMessage, ConversationRecord]],
) -> set[tuple[UserId, UserId]]:
    """Which of those who write directly may not. Most pairs are plainly open to each other."""
    pairs = {(user, other) for user, _, at in here if (other := peer(at, user)) is not None}
    doubtful = {
        (user, other)
        for user, other in pairs
        if seats.standing(user).has_blocks or seats.standing(other).settings.messages != "everyone"
    }
    return {(user, other) for user, other in doubtful if not welcomed(work, user, [other])}


def _decide(
    work: ChatWork, facts: _Facts, request: Request, beside: _Beside
) -> tuple[Message | Deferred, MessageRecord | None]:
    """The answer to one send, and the row to insert unless its key was used before, or it waits."""
    operation: SendMessage = request.operation  # type: ignore[assignment]
    seat = facts.seats.of(request)
    stream, digest = seat.stream, _digest_of(request)
    repeated = _repeated(facts, operation.key, seat, digest)
    if repeated is not None:
        return repeated, None
    _permit(facts, request, operation, seat)
    root = _named(work, facts, seat, operation.thread_id)
    if root is not None:
        require_root(root)
    record = _record(work, facts, seat, operation, digest, root)
    if waits(request):
        return beside.deferrals.defer(request, record, stream), None
    slow = seat.stream.slow_mode_s > 0 and not isinstance(operation, ImportMessage)
    if slow:
        beside.pace.require(seat)
    if operation.read_seq is not None:
        beside.moves.claim(seat, read=operation.read_seq)
    if slow:
        beside.pace.sent(seat)
    if (facts.seats.standing(record.sender_id).shadowed_until or 0) > work.now:
        return beside.deferrals.unheard(record, stream), None
    # What is imported may be older than what is there, and a conversation than its import.
    active = stream.active_at if stream.last_seq else 0
    stream.active_at = max(active, record.created_at)
    stream.rev, stream.last_seq = record.rev, record.seq
    if root is not None:
        beside.growth.add(stream, root, record)
    if operation.key is not None:
        facts.keyed[operation.key, record.sender_id, stream.n] = record
    shared = faces.message(record, stream)
    work.announce(stream, MessageSent(shared), min_seq=record.seq)
    return shared, record


def _record(
    work: ChatWork,
    facts: _Facts,
    seat: Seat,
    operation: SendMessage,
    digest: str | None,
    root: MessageRecord | None,
) -> MessageRecord:
    """The row of a new message, at the next seq. Raises for whatever doesn't fit."""
    stream, sender = seat.stream, seat.member.user_id
    body = content.body_of(operation)
    content.check_structure(operation, work.now)
    reply = _named(work, facts, seat, operation.reply_to)
    if reply is not None and reply.deleted_at is not None:
        raise Conflict("The message is deleted")
    attached = content.attachments(facts.uploads, sender, operation)
    created = work.now
    if isinstance(operation, ImportMessage) and operation.created_at is not None:
        created = to_ms(operation.created_at)
    return MessageRecord(
        conversation_n=stream.n,
        seq=stream.last_seq + 1,
        rev=stream.rev + 1,
        sent_rev=stream.rev + 1,
        nonce=new_nonce(),
        sender_id=sender,
        kind=operation.kind,
        body=body,
        key=operation.key,
        digest=digest,
        reply_seq=None if reply is None else reply.seq,
        reply_nonce=None if reply is None else reply.nonce,
        created_at=created,
        updated_at=created,
        expires_at=_expiry(stream, created),
        expire_after_s=stream.expire_after_s if stream.expire_from == "read" else None,
        details=content.details(operation, attached),
        thread_seq=None if root is None else root.seq,
        thread_nonce=None if root is None else root.nonce,
    )


def _expiry(stream: ConversationRecord, sent: Milliseconds) -> Milliseconds | None:
    """When a message sent then disappears, as far as that is known when it is sent."""
    if stream.expire_after_s is None or stream.expire_from != "sent":
        return None
    return sent + stream.expire_after_s * 1_000


def _permit(facts: _Facts, request: Request, operation: SendMessage, seat: Seat) -> None:
    """Ask the policy, once a batch for each member, conversation and kind of operation."""
    user = seat.member.user_id
    to_all = "all" in operation.mentions and facts.mention_all == "admin"
    asked = (seat.stream.n, user, type(operation), request.actor.operator, to_all)
    if asked in facts.permitted:
        return
    other = peer(seat.stream, user)
    require(
        type(operation),
        request.actor,
        seat.case(to_all=to_all, blocked=(user, other) in facts.closed),
    )
    facts.permitted.add(asked)


def _named(work: ChatWork, facts: _Facts, seat: Seat, id: MessageId | None) -> MessageRecord | None:
    """The message it answers. Raises :class:`NotFound` for what the sender doesn't see."""
    if id is None:
        return None
    parts = split_message_id(id)
    found = facts.named.get((seat.stream.n, parts[1])) if parts else None
    window = seat.window(work.now)
    if (
        found is None
        or parts is None
        or (seat.stream.id, found.nonce) != (parts[0], parts[2])
        or found.seq <= window.floor_seq
        or (found.expires_at is not None and found.expires_at <= work.now)
        or (window.viewer, found.conversation_n, found.seq) in facts.hidden
    ):
        raise NotFound
    return found


def is_repeat(work: ChatWork, actor: Actor, operation: SendMessage) -> bool:
    """Whether its key is taken already. Raises the errors of whoever may not send there.

    A repeat needs to be a member's, and no right: what it asks for was done.
    """
    seat = access.seat(work, actor, operation.conversation_id, lock=False)
    if operation.key is not None:
        place = [(operation.key, seat.member.user_id, seat.stream.n)]
        if work.unit.messages.by_key(place) or work.unit.scheduled.by_key(place):
            return True
    require(type(operation), actor, seat.case(blocked=access.blocked(work, seat)))
    return False


def _digest_of(request: Request) -> str | None:
    """The digest of the request as it was first asked; None without a key."""
    operation: SendMessage = request.operation  # type: ignore[assignment]
    if request.due is not None:
        return request.due.digest
    if operation.key is None:
        return None
    return content.digest(operation if request.verdict is None else request.verdict.original)


def _repeated(
    facts: _Facts, key: str | None, seat: Seat, digest: str | None
) -> Message | Deferred | None:
    """What a key stands for already, if for anything. Raises :class:`KeyReused`."""
    if key is None:
        return None
    place = key, seat.member.user_id, seat.stream.n
    earlier = facts.keyed.get(place)
    if earlier is not None:
        if earlier.digest != digest:
            raise KeyReused
        return evolve(faces.message(earlier, seat.stream), replayed=True)
    return facts.deferrals.repeated(place, digest, seat.stream)
