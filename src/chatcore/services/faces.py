"""Records into models: shared faces, and what a viewer sees on top."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from attrs import evolve

from chatcore.ids import (
    Milliseconds,
    StreamCursor,
    UserId,
    account_stream,
    message_id,
    stream_of,
    to_datetime,
)
from chatcore.models import (
    Conversation,
    ConversationKind,
    ConversationSettings,
    Deletion,
    Me,
    Member,
    Message,
    MessageKind,
    Preview,
    Receipt,
    ReplyTo,
    Role,
    Status,
)
from chatcore.ports.actors import ActorRecord
from chatcore.ports.conversations import ConversationRecord
from chatcore.ports.erasure import Trace
from chatcore.ports.members import MemberRecord
from chatcore.ports.messages import MessageRecord, UnreadCount, UnreadQuery
from chatcore.rules import receipts as rules
from chatcore.services import content
from chatcore.services.access import Seat, peer
from chatcore.services.ties import circle, secretive
from chatcore.services.work import ChatWork


def _time(ms: Milliseconds | None) -> datetime | None:
    return None if ms is None else to_datetime(ms)


def message(record: MessageRecord, stream: ConversationRecord | Trace) -> Message:
    """The shared face. Of a deleted message only place, sender, kind and times are left."""
    created = to_datetime(record.created_at)
    details = record.details
    base = Message(
        id=message_id(stream.id, record.seq, record.nonce),
        conversation_id=stream.id,
        seq=record.seq,
        rev=record.rev,
        sender_id=record.sender_id,
        kind=cast(MessageKind, record.kind),
        body=record.body,
        reply_to=_reply(record, stream),
        thread_id=(
            None
            if record.thread_seq is None
            else message_id(stream.id, record.thread_seq, record.thread_nonce or "")
        ),
        key=record.key,
        created_at=created,
        updated_at=(
            created if record.updated_at == record.created_at else to_datetime(record.updated_at)
        ),
        edited_at=_time(record.edited_at),
        version=record.version,
        expires_at=_time(record.expires_at),
    )
    if record.deleted_at is not None:
        by = record.deleted_by or record.sender_id
        at = to_datetime(record.deleted_at)
        return evolve(
            base,
            body=None,
            reply_to=None,
            key=None,
            thread=content.shown(details).get("thread"),
            deleted=Deletion(at=at, by=by, reason=record.deleted_reason),
        )
    if not details:
        return base
    return evolve(base, **content.shown(details))


def expired(record: MessageRecord, now: Milliseconds) -> bool:
    """Whether its time is over: nobody may see it any more."""
    return record.expires_at is not None and record.expires_at <= now


def bare(record: MessageRecord) -> MessageRecord:
    """What may still be said of an expired message: that it was there, and until when."""
    return evolve(
        record, body=None, details={}, key=None, edited_at=None, reply_seq=None, reply_nonce=None
    )


def changed(record: MessageRecord, stream: ConversationRecord, now: Milliseconds) -> Message:
    """The shared face of a message that changed by itself, whoever may hear of it."""
    return message(bare(record) if expired(record, now) else record, stream)


def _reply(record: MessageRecord, stream: ConversationRecord | Trace) -> ReplyTo | None:
    if record.reply_seq is None:
        return None
    replied = message_id(stream.id, record.reply_seq, record.reply_nonce or "")
    return ReplyTo(message_id=replied, seq=record.reply_seq)


def messages(
    work: ChatWork,
    seat: Seat,
    records: Sequence[MessageRecord],
    *,
    hidden: Collection[int] = (),
    reached: Mapping[int, Status] | None = None,
) -> tuple[Message, ...]:
    """Personal faces: own reactions, status of own messages, quotes as far as visible.

    ``reached`` has the statuses by seq, where they are known already.
    """
    if not records:
        return ()
    viewer, n = seat.member.user_id, seat.stream.n
    reacted = [one.seq for one in records if "reactions" in one.details]
    mine = work.unit.reactions.mine(n, viewer, reacted) if reacted else {}
    quotes = _quotes(work, seat, records)
    polls = [one.seq for one in records if "poll" in one.details]
    votes = work.unit.polls.mine(n, viewer, polls) if polls else {}
    if reached is None:
        own = [one.seq for one in records if one.sender_id == viewer]
        reached = statuses(work, seat.stream, viewer, own)
    return tuple(
        evolve(
            shared,
            reactions=tuple(
                evolve(reaction, mine=reaction.key in mine.get(one.seq, ()))
                for reaction in shared.reactions
            ),
            status=reached.get(one.seq),
            hidden=True if one.seq in hidden else None,
            poll=shared.poll and evolve(shared.poll, mine=votes.get(one.seq, ())),
            reply_to=shared.reply_to
            and evolve(shared.reply_to, preview=quotes.get(shared.reply_to.seq)),
        )
        for one in records
        for shared in (message(one, seat.stream),)
    )


def _quotes(work: ChatWork, seat: Seat, records: Sequence[MessageRecord]) -> Mapping[int, Preview]:
    """By seq, what the viewer may see of the messages these answer."""
    window = seat.window(work.now)
    wanted = {
        one.reply_seq
        for one in records
        if one.reply_seq is not None and one.reply_seq > window.floor_seq
    }
    if not wanted:
        return {}
    found = work.unit.messages.get([(seat.stream.n, seq) for seq in wanted])
    gone = work.unit.hidden.among(seat.member.user_id, seat.stream.n, wanted)
    return {
        one.seq: Preview(
            sender_id=one.sender_id,
            kind=cast(MessageKind, one.kind),
            body=None if one.deleted_at is not None else one.body,
            deleted=one.deleted_at is not None,
        )
        for one in found.values()
        if one.seq not in gone and (one.expires_at is None or one.expires_at > work.now)
    }


def statuses(
    work: ChatWork,
    stream: ConversationRecord,
    sender: UserId,
    seqs: Sequence[int],
    viewer: UserId | None = None,
) -> Mapping[int, Status]:
    """By seq, how far all recipients have got with these messages of one sender.

    As far as ``viewer`` (by default the sender) may see: whose receipts are hidden from them has,
    to them, received nothing.
    """
    if not seqs:
        return {}
    watching = viewer or sender
    return _alike(work, stream, sender, seqs, watching) or _each(
        work, stream, sender, seqs, watching
    )


def _alike(
    work: ChatWork, stream: ConversationRecord, sender: UserId, seqs: Sequence[int], viewer: UserId
) -> Mapping[int, Status] | None:
    """The same without reading every member, where nobody may hide anything: nearly always."""
    if circle(work, viewer).settings.receipts != "everyone":
        return None
    ends = [(stream.n, min(seqs)), (stream.n, max(seqs))]
    marks = work.unit.members.slowest({(n, sender, seq) for n, seq in ends})
    if not all(end in marks for end in ends):
        return None
    return rules.between(seqs, *(rules.Watermark(*marks[end]) for end in ends))


def _each(
    work: ChatWork, stream: ConversationRecord, sender: UserId, seqs: Sequence[int], viewer: UserId
) -> Mapping[int, Status]:
    """Looking at every member, those who left too."""
    rows = work.unit.members.changed(stream.n, -1, -1)
    members = [*rows, *(left for row in rows for left in _former(row))]
    hidden = secretive(work, viewer, [row.user_id for row in rows])
    if hidden:
        members = [veiled(row) if row.user_id in hidden else row for row in members]
    return rules.statuses(members, sender, seqs)


def veiled(member: MemberRecord) -> MemberRecord:
    """A member whose receipts the viewer doesn't see: as if they had received nothing."""
    joined = member.joined_seq
    return evolve(member, delivered_seq=joined, read_seq=joined)


def _former(member: MemberRecord) -> Iterator[MemberRecord]:
    """A member's earlier memberships, as the tombstones that they left behind."""
    for joined, delivered, read, rev in member.past:
        yield evolve(
            member, joined_seq=joined, delivered_seq=delivered, read_seq=read, rev=rev, left_at=0
        )


def member(record: MemberRecord, stream: ConversationRecord) -> Member:
    """A membership as every member sees it: how far they have read isn't for all of them."""
    return _member(veiled(record), stream)


def members(work: ChatWork, seat: Seat, records: Sequence[MemberRecord]) -> tuple[Member, ...]:
    """The same with the receipts that the seat's holder may see."""
    hidden = secretive(work, seat.member.user_id, [row.user_id for row in records])
    return tuple(
        _member(veiled(row) if row.user_id in hidden else row, seat.stream) for row in records
    )


def _member(record: MemberRecord, stream: ConversationRecord) -> Member:
    return Member(
        conversation_id=stream.id,
        user_id=record.user_id,
        role=cast(Role, record.role),
        joined_at=to_datetime(record.joined_at),
        joined_seq=record.joined_seq,
        left_at=_time(record.left_at),
        delivered_seq=record.delivered_seq,
        read_seq=record.read_seq,
        rev=record.rev,
    )


def receipt(record: MemberRecord) -> Receipt:
    """A member's watermarks."""
    return Receipt(
        user_id=record.user_id,
        delivered_seq=record.delivered_seq,
        read_seq=record.read_seq,
    )


def conversation(stream: ConversationRecord) -> Conversation:
    """The shared face."""
    return Conversation(
        id=stream.id,
        kind=cast(ConversationKind, stream.kind),
        title=stream.title,
        description=stream.description,
        avatar_url=stream.avatar_url,
        created_at=to_datetime(stream.created_at),
        updated_at=to_datetime(stream.updated_at),
        rev=stream.rev,
        last_seq=stream.last_seq,
        pruned_seq=stream.pruned_seq,
        member_count=stream.member_count,
        settings=ConversationSettings(
            history=cast(Any, stream.history),
            announcement=stream.announcement,
            slow_mode_s=stream.slow_mode_s,
            frozen=stream.frozen,
            expire_after_s=stream.expire_after_s,
            expire_from=cast(Any, stream.expire_from),
            retention_days=stream.retention_days,
            public=stream.public,
        ),
    )


def conversations(work: ChatWork, seats: Sequence[Seat]) -> tuple[Conversation, ...]:
    """Personal faces, with last messages and counts."""
    newest = work.unit.messages.newest(
        [(seat.window(work.now), seat.stream.last_seq) for seat in seats]
    )
    counts = unread(work, seats)
    reached = _last_statuses(work, seats, newest)
    found = []
    for seat in seats:
        last = newest.get(seat.stream.n)
        known = reached.get(seat.stream.n, {})
        shown = messages(work, seat, [last], reached=known)[0] if last is not None else None
        found.append(
            evolve(
                conversation(seat.stream),
                last_message=shown,
                peer_id=peer(seat.stream, seat.member.user_id),
                cursor=cursor(work, seat).encode(),
                me=me(seat.member, counts[seat.stream.n], work.limits.unread_exact),
            )
        )
    return tuple(found)


def _last_statuses(
    work: ChatWork, seats: Sequence[Seat], newest: Mapping[int, MessageRecord]
) -> Mapping[int, Mapping[int, Status]]:
    """By conversation_n, the status of its last message where that is the viewer's own."""
    own = {
        (n, last.sender_id, last.seq): seat.stream
        for seat in seats
        if (last := newest.get(n := seat.stream.n)) and last.sender_id == seat.member.user_id
    }
    # Who keeps receipts to themselves doesn't see others' either.
    secret = bool(own) and circle(work, seats[0].member.user_id).settings.receipts != "everyone"
    marks = {} if secret else work.unit.members.slowest(own)
    found: dict[int, Mapping[int, Status]] = {}
    for (n, sender, seq), stream in own.items():
        if (n, seq) in marks:
            found[n] = {seq: rules.reached(seq, rules.Watermark(*marks[n, seq]))}
        else:
            # All recipients have left, or one of them may hide something: look at each.
            found[n] = _each(work, stream, sender, [seq], sender)
    return found


def unread(work: ChatWork, seats: Sequence[Seat]) -> Mapping[int, UnreadCount]:
    """By conversation_n, what the holder of all these seats hasn't read."""
    return {n: count for (n, _), count in unread_of(work, seats).items()}


def unread_of(work: ChatWork, seats: Sequence[Seat]) -> Mapping[tuple[int, UserId], UnreadCount]:
    """By (conversation_n, user), what each seat's holder hasn't read."""
    counts = {
        (seat.stream.n, seat.member.user_id): UnreadCount(unread=0, mentions=0) for seat in seats
    }
    queries = [
        UnreadQuery(
            conversation_n=seat.stream.n, viewer=seat.member.user_id, after_seq=unread_after(seat)
        )
        for seat in seats
        if unread_after(seat) < seat.stream.last_seq
    ]
    found = work.unit.unread.counts(queries, work.now, work.limits.unread_exact)
    return counts | dict(found)


def unread_after(seat: Seat) -> int:
    """Only messages above this seq can be unread."""
    member = seat.member
    return max(member.read_seq, member.joined_seq, member.floor_seq, seat.stream.pruned_seq)


def me(record: MemberRecord, count: UnreadCount, most: int) -> Me:
    """A member's own view; ``most`` is how far counts are exact."""
    return Me(
        role=cast(Role, record.role),
        joined_at=to_datetime(record.joined_at),
        joined_seq=record.joined_seq,
        delivered_seq=record.delivered_seq,
        read_seq=record.read_seq,
        unread=min(count.unread, most),
        unread_more=count.unread > most,
        unread_mentions=min(count.mentions, most),
        marked_unread=record.marked_unread,
        muted_until=_time(record.muted_until),
        archived=record.archived,
        pinned=record.pinned,
        labels=record.labels,
        draft=record.draft,
        cleared_seq=record.cleared_seq,
    )


def own(work: ChatWork, seat: Seat) -> Me:
    """The seat's holder's own view, as it is now."""
    return me(seat.member, unread(work, [seat])[seat.stream.n], work.limits.unread_exact)


def cursor(work: ChatWork, seat: Seat) -> StreamCursor:
    """Where the seat's holder stands when they have seen everything up to now."""
    return StreamCursor(
        stream_of(seat.stream.id),
        work.unit.epoch,
        seat.member.epoch,
        seat.stream.rev,
        seat.stream.receipt_rev,
    )


def me_cursor(work: ChatWork, actor: ActorRecord) -> StreamCursor:
    """The same for an account stream."""
    stream = account_stream(actor.user_id)
    return StreamCursor(stream, work.unit.epoch, actor.epoch, actor.rev, 0)
