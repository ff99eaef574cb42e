"""The one gate: an object is only ever loaded together with the caller's right to it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, cast

from attrs import define

from chatcore.errors import NotFound, Unauthenticated
from chatcore.ids import ConversationId, MessageId, UserId, split_message_id
from chatcore.models import Actor, ConversationKind, Role
from chatcore.operations import Operation
from chatcore.policy import Case, require
from chatcore.ports.actors import Standing
from chatcore.ports.conversations import ConversationRecord
from chatcore.ports.members import MemberRecord
from chatcore.ports.messages import MessageRecord, Window
from chatcore.services.ties import ORDINARY, welcomed
from chatcore.services.work import ChatWork, Request


@define
class Seat:
    """A conversation, and the caller's current membership of it. One is made for each message."""

    stream: ConversationRecord
    member: MemberRecord

    def case(self, **facts: Any) -> Case:
        """The policy's view of this seat."""
        return Case(
            role=cast(Role, self.member.role),
            kind=cast(ConversationKind, self.stream.kind),
            announcement=self.stream.announcement,
            frozen=self.stream.frozen,
            **facts,
        )

    def window(self, now: int) -> Window:
        """Which messages the caller may see."""
        return Window(
            conversation_n=self.stream.n,
            viewer=self.member.user_id,
            floor_seq=max(self.member.floor_seq, self.stream.pruned_seq),
            now=now,
        )


def peer(stream: ConversationRecord, user: UserId) -> UserId | None:
    """The other one of a direct conversation."""
    if stream.kind != "direct" or stream.direct_key is None:
        return None
    one, other = stream.direct_key.split(" ")
    return UserId(other if one == user else one)


def active(work: ChatWork, actor: Actor) -> UserId:
    """The actor's id. Raises :class:`Unauthenticated` for nobody and for the deactivated."""
    user = actor.id
    if work.unit.actors.inactive([user]):
        raise Unauthenticated
    return user


def known(work: ChatWork, users: Collection[UserId]) -> bool:
    """Whether all these exist and are active."""
    return all(user in work.known for user in users) and not work.unit.actors.inactive(users)


def seat(work: ChatWork, actor: Actor, conversation: ConversationId, *, lock: bool) -> Seat:
    """The caller's seat. Raises :class:`NotFound` for whoever has none."""
    user = active(work, actor)
    found = (work.unit.conversations.lock if lock else work.unit.conversations.get)([conversation])
    stream = found.get(conversation)
    if stream is None:
        raise NotFound
    place = (stream.n, user)
    member = work.unit.members.get([place]).get(place)
    if member is None or not member.current:
        raise NotFound
    return Seat(stream, member)


def enter(work: ChatWork, actor: Actor, operation: Operation[Any], **facts: Any) -> Seat:
    """The caller's seat in ``operation.conversation_id``, if the policy allows the operation.

    Locks the conversation where the operation writes. ``facts`` are the policy's :class:`Case`.
    """
    conversation: ConversationId = operation.conversation_id  # type: ignore[attr-defined]
    found = seat(work, actor, conversation, lock=operation.spec.writes)
    require(type(operation), actor, found.case(**facts))
    return found


class Seats:
    """The seats of a whole batch, read together."""

    def __init__(self, work: ChatWork, requests: Sequence[Request]) -> None:
        unit = work.unit
        wanted = [
            (request.actor.user_id, request.operation.conversation_id)  # type: ignore[attr-defined]
            for request in requests
            if request.actor.user_id is not None
        ]
        self._streams = unit.conversations.lock({id for _, id in wanted})
        self._members = unit.members.get(
            {(self._streams[id].n, user) for user, id in wanted if id in self._streams}
        )
        users = {user for user, _ in wanted}
        peers = {
            other
            for user, id in wanted
            if id in self._streams and (other := peer(self._streams[id], user)) is not None
        }
        self._standings = unit.actors.standings(users | peers)

    def places(self, request: Request) -> list[tuple[UserId, ConversationRecord]]:
        """Who asks, and of which conversation, where both are there: what else to read."""
        user = request.actor.user_id
        stream = self._streams.get(request.operation.conversation_id)  # type: ignore[attr-defined]
        return [] if user is None or stream is None else [(user, stream)]

    def standing(self, user: UserId) -> Standing:
        """What is out of the ordinary about who asks, or about the other of the two who talk."""
        return self._standings.get(user, ORDINARY)

    def of(self, request: Request) -> Seat:
        """The same as :func:`seat`, for one of the batch."""
        user = request.actor.id
        if not self.standing(user).active:
            raise Unauthenticated
        stream = self._streams.get(request.operation.conversation_id)  # type: ignore[attr-defined]
        member = self._members.get((stream.n, user)) if stream is not None else None
        if stream is None or member is None or not member.current:
            raise NotFound
        return Seat(stream, member)


def message(work: ChatWork, found: Seat, message_id: MessageId) -> MessageRecord:
    """A message that the seat's holder may see, tombstones included.

    Raises :class:`NotFound` for ids of other conversations, below the floor, hidden, expired or
    made up.
    """
    return messages(work, found, [message_id])[0]


def messages(work: ChatWork, found: Seat, ids: Sequence[MessageId]) -> list[MessageRecord]:
    """The same for several at once: all of them, or :class:`NotFound`."""
    records = visible(work, found, ids)
    if len(records) < len(ids):
        raise NotFound
    return records


def visible(work: ChatWork, found: Seat, ids: Sequence[MessageId]) -> list[MessageRecord]:
    """Those of several that the seat's holder may see."""
    window = found.window(work.now)
    parts = [one for id in ids if (one := split_message_id(id)) and one[0] == found.stream.id]
    rows = work.unit.messages.get({(window.conversation_n, seq) for _, seq, _ in parts})
    records = [
        record
        for _, seq, nonce in parts
        if (record := rows.get((window.conversation_n, seq))) is not None
        and record.nonce == nonce
        and record.seq > window.floor_seq
        and (record.expires_at is None or record.expires_at > work.now)
    ]
    seqs = [record.seq for record in records]
    hidden = work.unit.hidden.among(window.viewer, found.stream.n, seqs) if seqs else ()
    return [record for record in records if record.seq not in hidden]


def blocked(work: ChatWork, found: Seat) -> bool:
    """Whether one of a direct conversation may not come up to the other.

    A block lies between them, or the other one takes no messages from the user: it can't be told
    which.
    """
    user = found.member.user_id
    other = peer(found.stream, user)
    return other is not None and not welcomed(work, user, [other])
