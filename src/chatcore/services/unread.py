"""What a user hasn't read in all, and how one count comes about."""

from __future__ import annotations

from chatcore.errors import NotFound
from chatcore.ids import to_datetime
from chatcore.models import (
    Actor,
    Badge,
    ExplainedMessage,
    Message,
    UnreadExplanation,
)
from chatcore.operations import ExplainUnread, GetBadge
from chatcore.rules import unread as rules
from chatcore.services import faces, paging
from chatcore.services.access import Seat, active
from chatcore.services.work import ChatWork


def badge(work: ChatWork, actor: Actor, operation: GetBadge) -> Badge:
    """One statement, whose cost ends with what is counted exactly."""
    user, most = active(work, actor), work.limits.unread_exact
    total = work.unit.unread.total(
        user, work.now, most, muted=operation.muted, archived=operation.archived
    )
    return Badge(
        unread=min(total.unread, most),
        unread_more=total.unread > most,
        mentions=min(total.mentions, most),
        conversations=min(total.conversations, most),
    )


def explain(work: ChatWork, actor: Actor, operation: ExplainUnread) -> UnreadExplanation:
    """Raises :class:`NotFound` where the user is no member."""
    seat = _seat(work, operation)
    stream, member = seat.stream, seat.member
    me = faces.own(work, seat)
    lowest = faces.unread_after(seat)
    after = lowest if operation.after is None else operation.after
    last = min(stream.last_seq, after + paging.size(work.limits, operation.limit))
    return UnreadExplanation(
        user_id=member.user_id,
        conversation_id=stream.id,
        as_of_rev=stream.rev,
        last_seq=stream.last_seq,
        pruned_seq=stream.pruned_seq,
        joined_seq=member.joined_seq,
        floor_seq=member.floor_seq,
        cleared_seq=member.cleared_seq,
        read_seq=member.read_seq,
        after_seq=lowest,
        unread=me.unread,
        unread_more=me.unread_more,
        unread_mentions=me.unread_mentions,
        marked_unread=member.marked_unread,
        items=_items(work, seat, range(after + 1, last + 1)),
        next=last if last < stream.last_seq else None,
    )


def _seat(work: ChatWork, operation: ExplainUnread) -> Seat:
    stream = work.unit.conversations.get([operation.conversation_id]).get(operation.conversation_id)
    if stream is None:
        raise NotFound
    place = (stream.n, operation.user_id)
    member = work.unit.members.get([place]).get(place)
    if member is None or not member.current:
        raise NotFound
    return Seat(stream, member)


def _items(work: ChatWork, seat: Seat, seqs: range) -> tuple[ExplainedMessage, ...]:
    n, user = seat.stream.n, seat.member.user_id
    rows = work.unit.messages.get([(n, seq) for seq in seqs])
    hidden = work.unit.hidden.among(user, n, seqs)
    named = work.unit.unread.mentioned(n, user, seqs)
    viewer = rules.Viewer(
        user_id=user,
        read_seq=seat.member.read_seq,
        joined_seq=seat.member.joined_seq,
        floor_seq=seat.member.floor_seq,
    )
    found = []
    for seq in seqs:
        row = rows.get((n, seq))
        if row is None or seq <= seat.stream.pruned_seq:
            found.append(ExplainedMessage(seq=seq, reason="pruned"))
            continue
        message = faces.message(row, seat.stream)
        reason = rules.reason(message, viewer, to_datetime(work.now), hidden=seq in hidden)
        counted = reason == "counted" and seq in named
        found.append(_explained(message, reason, mention=counted))
    return tuple(found)


def _explained(message: Message, reason: rules.Reason, *, mention: bool) -> ExplainedMessage:
    return ExplainedMessage(
        seq=message.seq,
        reason=reason,
        mention=mention,
        message_id=message.id,
        sender_id=message.sender_id,
        kind=message.kind,
        created_at=message.created_at,
    )
