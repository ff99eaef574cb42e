"""Coming into groups by oneself: those that are public, and by a link those that aren't."""

from __future__ import annotations

from typing import Any, cast

from chatcore.errors import NotFound
from chatcore.ids import to_datetime
from chatcore.models import Actor, Conversation, ConversationKind, GroupCard, Page, Role
from chatcore.operations import DiscoverConversations, JoinConversation, Operation
from chatcore.policy import Case, require
from chatcore.ports.conversations import ConversationRecord
from chatcore.ports.invites import InviteRecord
from chatcore.ports.members import MemberRecord
from chatcore.rules.text import search_prefix
from chatcore.services import access, faces, members, paging
from chatcore.services.access import Seat
from chatcore.services.work import ChatWork


def discover(work: ChatWork, actor: Actor, operation: DiscoverConversations) -> Page[GroupCard]:
    """Public groups but those from which the actor is banned, the newest first."""
    user = access.active(work, actor)
    wanted = search_prefix(operation.q or "")
    most = paging.size(work.limits, operation.limit)
    kind = f"discover {wanted}"
    before = paging.before_number(kind, operation.cursor)
    rows = work.unit.conversations.public(user, wanted, before, most + 1)
    page, next = paging.cut(kind, rows, most, lambda row: (row.n,))
    seats = work.unit.members.get([(row.n, user) for row in page])
    return Page(items=tuple(card(row, seats.get((row.n, user))) for row in page), next=next)


def card(stream: ConversationRecord, member: MemberRecord | None) -> GroupCard:
    """What anybody may know of it: nothing that was said, and nobody who is in it."""
    return GroupCard(
        id=stream.id,
        title=stream.title,
        description=stream.description,
        avatar_url=stream.avatar_url,
        created_at=to_datetime(stream.created_at),
        member_count=stream.member_count,
        joined=member is not None and member.current,
    )


def join(work: ChatWork, actor: Actor, operation: JoinConversation) -> Conversation:
    """The group, joined now or before."""
    access.active(work, actor)
    id = operation.conversation_id
    stream = work.unit.conversations.lock([id]).get(id)
    if stream is None:
        raise NotFound
    return come_in(work, actor, JoinConversation, stream)


def come_in(
    work: ChatWork,
    actor: Actor,
    operation: type[Operation[Any]],
    stream: ConversationRecord,
    invite: InviteRecord | None = None,
) -> Conversation:
    """Join a locked conversation, if the policy lets the actor in; members use up nothing."""
    place = (stream.n, actor.id)
    rows = work.unit.members.get([place])
    member = rows.get(place)
    case = _case(work, actor, stream, member, invite)
    require(operation, actor, case)
    if member is None or case.role is None:
        role, share = ("member", False) if invite is None else (invite.role, invite.share_history)
        (member,) = members.admit(work, stream, [actor.id], rows, role=role, share=share)
        if invite is not None:
            invite.uses += 1
            work.unit.invites.save(invite)
    return faces.conversations(work, [Seat(stream, member)])[0]


def _case(
    work: ChatWork,
    actor: Actor,
    stream: ConversationRecord,
    member: MemberRecord | None,
    invite: InviteRecord | None,
) -> Case:
    """What the policy has to know of who stands at the door."""
    inside = member is not None and member.current
    return Case(
        role=cast(Role, member.role) if member is not None and inside else None,
        kind=cast(ConversationKind, stream.kind),
        public=stream.public,
        invited=invite is not None and invite.works(work.now),
        banned=not inside and bool(work.unit.bans.among(stream.n, [actor.id])),
    )
