"""Invitations: links by which whoever has one may join a group.

The database keeps a digest of each code. Where the host has set a secret, codes follow from it, so
that admins can be shown them again and a copy of the database still opens no door.
"""

from __future__ import annotations

import hashlib
from typing import cast

from chatcore.errors import Conflict, Invalid, NotFound
from chatcore.ids import (
    ConversationId,
    InviteId,
    Milliseconds,
    derived_code,
    new_code,
    new_id,
    to_datetime,
    to_ms,
)
from chatcore.models import Actor, Conversation, Done, Invite, Page, Role
from chatcore.operations import CreateInvite, ListInvites, RedeemInvite, RevokeInvite
from chatcore.ports.invites import InviteRecord
from chatcore.services import access, discovery, paging
from chatcore.services.work import ChatWork


def list_all(work: ChatWork, actor: Actor, operation: ListInvites) -> Page[Invite]:
    """Those that work, the oldest first."""
    stream = access.enter(work, actor, operation).stream
    most = paging.size(work.limits, operation.limit)
    kind = f"invites {stream.id}"
    after = paging.after_text(kind, operation.cursor)
    rows = work.unit.invites.working(stream.n, after, most + 1, work.now)
    page, next = paging.cut(kind, rows, most, lambda row: (row.id,))
    items = (face(row, stream.id, _known_code(work, row)) for row in page)
    return Page(items=tuple(items), next=next)


def create(work: ChatWork, actor: Actor, operation: CreateInvite) -> Invite:
    """The invitation with its code. Raises :class:`Conflict` where a group has too many."""
    seat = access.enter(work, actor, operation, new_role=operation.role)
    n, most = seat.stream.n, work.limits.invites
    expires_at = _expiry(work, operation)
    if len(work.unit.invites.working(n, "", most, work.now)) == most:
        raise Conflict(f"A group has at most {most} invitations")
    id, secret = InviteId(new_id(work.now)), work.settings.secret
    code = new_code() if secret is None else derived_code(secret, f"invite {id}")
    record = InviteRecord(
        id=id,
        conversation_n=n,
        code_digest=_digest(code),
        role=operation.role,
        share_history=operation.share_history,
        created_at=work.now,
        created_by=actor.id,
        expires_at=expires_at,
        max_uses=operation.max_uses,
    )
    work.unit.invites.forget_dead(n, work.now)
    work.unit.invites.save(record)
    return face(record, seat.stream.id, code)


def _expiry(work: ChatWork, operation: CreateInvite) -> Milliseconds | None:
    """When it ends. Raises :class:`Invalid` for the past, and for what is too far ahead."""
    if operation.expires_in is not None:
        if operation.expires_at is not None:
            raise Invalid.field("expires_at", "not together with expires_in")
        return work.now + operation.expires_in * 1_000
    if operation.expires_at is None:
        return None
    moment, most = to_ms(operation.expires_at), work.limits.invite_s
    if not work.now < moment <= work.now + most * 1_000:
        raise Invalid.field("expires_at", f"in the future, at most {most} seconds ahead")
    return moment


def revoke(work: ChatWork, actor: Actor, operation: RevokeInvite) -> Done:
    """Raises :class:`NotFound` for one of another group, and for one that works no more."""
    stream = access.enter(work, actor, operation).stream
    record = work.unit.invites.get(stream.n, operation.invite_id)
    if record is None or not record.works(work.now):
        raise NotFound
    work.unit.invites.delete(record.id)
    return Done()


def redeem(work: ChatWork, actor: Actor, operation: RedeemInvite) -> Conversation:
    """The group, joined now or before.

    Raises :class:`NotFound` for a code that is unknown, revoked, expired or used up, and for
    whoever is banned: which of them it is nobody is told.
    """
    access.active(work, actor)
    digest = _digest(operation.code)
    id = work.unit.invites.conversation(digest)
    stream = None if id is None else work.unit.conversations.lock([id]).get(id)
    # Uses are counted under the conversation's lock: what was read before may be outdated.
    invite = None if stream is None else work.unit.invites.by_code(digest)
    if stream is None or invite is None:
        raise NotFound
    return discovery.come_in(work, actor, RedeemInvite, stream, invite)


def _digest(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()


def _known_code(work: ChatWork, record: InviteRecord) -> str | None:
    """The code again, where it follows from the secret that the host has now."""
    secret = work.settings.secret
    code = None if secret is None else derived_code(secret, f"invite {record.id}")
    return code if code is not None and _digest(code) == record.code_digest else None


def face(record: InviteRecord, conversation: ConversationId, code: str | None) -> Invite:
    """An invitation as admins see it."""
    ends = record.expires_at
    return Invite(
        id=record.id,
        conversation_id=conversation,
        code=code,
        role=cast(Role, record.role),
        share_history=record.share_history,
        created_at=to_datetime(record.created_at),
        created_by=record.created_by,
        expires_at=None if ends is None else to_datetime(ends),
        max_uses=record.max_uses,
        uses=record.uses,
    )
