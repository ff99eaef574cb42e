"""Polls: votes, and the summary that the message carries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chatcore import codec
from chatcore.errors import Conflict, Invalid
from chatcore.events import MessageUpdated, MessageVoted, VoteChanged
from chatcore.ids import UserId, message_id, to_datetime
from chatcore.models import Actor, Message, Poll
from chatcore.operations import ClosePoll, Vote
from chatcore.policy import require
from chatcore.ports.conversations import ConversationRecord
from chatcore.ports.messages import MessageRecord
from chatcore.ports.polls import Options
from chatcore.services import access, content, faces
from chatcore.services.access import Seat
from chatcore.services.work import ChatWork

_SHOWN = 10


def vote(work: ChatWork, actor: Actor, operation: Vote) -> Message:
    """The same vote again changes nothing. Raises :class:`Conflict` once the poll is closed."""
    seat = access.seat(work, actor, operation.conversation_id, lock=True)
    record = access.message(work, seat, operation.message_id)
    require(Vote, actor, seat.case(blocked=access.blocked(work, seat)))
    poll = _poll(record)
    if poll.closed_at is not None or _over(poll, work):
        raise Conflict("The poll is closed")
    options = _chosen(poll, operation.options)
    user = seat.member.user_id
    before = work.unit.polls.mine(record.conversation_n, user, [record.seq])
    if options != before.get(record.seq, ()):
        _cast(work, seat, record, options)
    return faces.messages(work, seat, [record])[0]


def _over(poll: Poll, work: ChatWork) -> bool:
    return poll.closes_at is not None and poll.closes_at <= to_datetime(work.now)


def _poll(record: MessageRecord) -> Poll:
    poll = content.shown(record.details).get("poll")
    if record.deleted_at is not None:
        raise Conflict("The message is deleted")
    if not isinstance(poll, Poll):
        raise Conflict("The message is no poll")
    return poll


def _chosen(poll: Poll, options: Sequence[int]) -> Options:
    """The options by rising place. Raises :class:`Invalid` for what the poll doesn't offer."""
    for index, option in enumerate(options):
        if option >= len(poll.options):
            raise Invalid.field(f"options.{index}", "there is no such option")
    if len(options) > 1 and not poll.multiple:
        raise Invalid.field("options", "one at most")
    return tuple(sorted(options))


def _cast(work: ChatWork, seat: Seat, record: MessageRecord, options: Options) -> None:
    user, n = seat.member.user_id, record.conversation_n
    account = work.unit.actors.lock([user])[user]
    account.rev += 1
    work.unit.polls.cast(n, record.seq, user, options, work.now, account.rev)
    _summarize(record, work.unit.polls.of(n, record.seq))
    _change(work, seat.stream, record, MessageVoted)
    id = message_id(seat.stream.id, record.seq, record.nonce)
    work.note(account, VoteChanged(seat.stream.id, id, options))


def withdraw(
    work: ChatWork, stream: ConversationRecord, record: MessageRecord, user: UserId
) -> None:
    """Count a poll without a user whose account has ended."""
    votes = work.unit.polls.of(record.conversation_n, record.seq)
    _summarize(record, [one for one in votes if one[0] != user])
    _change(work, stream, record, MessageVoted)


def _summarize(record: MessageRecord, votes: Sequence[tuple[UserId, Options]]) -> None:
    """Count every vote anew: under the conversation's lock there is no other."""
    poll = record.details["poll"]
    options: list[dict[str, Any]] = []
    for place, option in enumerate(poll["options"]):
        users = [user for user, chosen in votes if place in chosen]
        shown = {} if poll.get("anonymous") else {"user_ids": users[:_SHOWN]}
        options.append({"text": option["text"], "count": len(users), **shown})
    record.details = {
        **record.details,
        "poll": {**poll, "options": options, "voters": len(votes)},
    }


def close(work: ChatWork, actor: Actor, operation: ClosePoll) -> Message:
    """Its author's right, and a group's moderators'."""
    seat = access.seat(work, actor, operation.conversation_id, lock=True)
    record = access.message(work, seat, operation.message_id)
    require(ClosePoll, actor, seat.case(own=record.sender_id == seat.member.user_id))
    if _poll(record).closed_at is None:
        closed = {"closed_at": codec.rfc3339(to_datetime(work.now))}
        record.details = {**record.details, "poll": {**record.details["poll"], **closed}}
        _change(work, seat.stream, record, MessageUpdated)
    return faces.messages(work, seat, [record])[0]


def _change(
    work: ChatWork,
    stream: ConversationRecord,
    record: MessageRecord,
    event: type[MessageVoted] | type[MessageUpdated],
) -> None:
    if record.seq <= stream.pruned_seq:  # nobody may hear of it any more
        work.unit.messages.save(record)
        return
    stream.rev += 1
    record.rev = stream.rev
    record.updated_at = work.now
    work.unit.messages.save(record)
    if faces.expired(record, work.now):
        event = MessageUpdated
    shown = faces.changed(record, stream, work.now)
    work.announce(stream, event(shown), min_seq=record.seq)
