"""Bans: who is kept out of a group, whichever way they would come.

Bans are told to admins who ask, and announced to nobody: a removal is, as any other.
"""

from __future__ import annotations

from typing import cast

from chatcore.errors import NotFound
from chatcore.ids import to_datetime
from chatcore.models import Actor, Ban, Done, Page, Role
from chatcore.operations import BanMember, ListBans, UnbanMember
from chatcore.policy import require
from chatcore.ports.bans import BanRecord
from chatcore.services import access, conversations, members, paging
from chatcore.services.work import ChatWork


def list_all(work: ChatWork, actor: Actor, operation: ListBans) -> Page[Ban]:
    """Who is banned, by user id."""
    stream = access.enter(work, actor, operation).stream
    most = paging.size(work.limits, operation.limit)
    kind = f"bans {stream.id}"
    after = paging.after_text(kind, operation.cursor)
    rows = work.unit.bans.page(stream.n, after, most + 1)
    page, next = paging.cut(kind, rows, most, lambda row: (row.user_id,))
    return Page(items=tuple(map(face, page)), next=next)


def add(work: ChatWork, actor: Actor, operation: BanMember) -> Ban:
    """The ban; one that is there stays, with the new reason if there is one.

    Raises :class:`NotFound` for an unknown user.
    """
    seat = access.seat(work, actor, operation.conversation_id, lock=True)
    stream, user = seat.stream, operation.user_id
    row = work.unit.members.get([(stream.n, user)]).get((stream.n, user))
    member = row if row is not None and row.current else None
    # Whoever isn't in it may be banned by whoever may ban a member.
    role = "member" if member is None else member.role
    require(BanMember, actor, seat.case(target=cast(Role, role)))
    if row is None and user not in work.known:
        raise NotFound
    ban = work.unit.bans.get(stream.n, user)
    if ban is not None and operation.reason in (None, ban.reason):
        return face(ban)
    if ban is None:
        ban = BanRecord(
            conversation_n=stream.n,
            user_id=user,
            created_at=work.now,
            created_by=actor.id,
            reason=None,
        )
    ban.reason = operation.reason
    work.unit.bans.save(ban)
    if member is not None:
        members.part(work, stream, member)
        conversations.changed(work, stream)
    return face(ban)


def lift(work: ChatWork, actor: Actor, operation: UnbanMember) -> Done:
    """Raises :class:`NotFound` where there is no ban."""
    stream = access.enter(work, actor, operation).stream
    if work.unit.bans.get(stream.n, operation.user_id) is None:
        raise NotFound
    work.unit.bans.delete(stream.n, operation.user_id)
    return Done()


def face(record: BanRecord) -> Ban:
    """A ban as admins see it."""
    return Ban(
        user_id=record.user_id,
        created_at=to_datetime(record.created_at),
        created_by=record.created_by,
        reason=record.reason,
    )
