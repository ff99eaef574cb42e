"""Conversations: opening, listing, changing, ending."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import cast

import msgspec
from attrs import evolve, fields

from chatcore import codec
from chatcore.errors import Forbidden, Invalid, KeyReused, NotFound
from chatcore.events import (
    ConversationCreated,
    ConversationDeleted,
    ConversationUpdated,
    Joining,
    MembershipChanged,
)
from chatcore.ids import ConversationId, UserId, new_id
from chatcore.models import Actor, Conversation, Done, Page
from chatcore.operations import (
    UNSET,
    CreateConversation,
    DeleteConversation,
    GetConversation,
    ListConversations,
    NewSettings,
    SetExpiry,
    Unset,
    UpdateConversation,
)
from chatcore.policy import require
from chatcore.ports.conversations import ConversationRecord
from chatcore.ports.members import Listed, MemberRecord
from chatcore.services import access, faces, paging
from chatcore.services.access import Seat
from chatcore.services.ties import welcomed
from chatcore.services.work import ChatWork

_SETTINGS = (
    "history",
    "announcement",
    "frozen",
    "public",
    "slow_mode_s",
    "expire_after_s",
    "expire_from",
    "retention_days",
)


def create(work: ChatWork, actor: Actor, operation: CreateConversation) -> Conversation:
    """The new conversation, or the one that is there already (``replayed``)."""
    user = access.active(work, actor)
    _fits(operation)
    if operation.key is not None:
        earlier = work.unit.conversations.created(user, operation.key)
        if earlier is not None:
            return _repeat(work, actor, earlier, operation)
    if operation.kind == "group":
        return _open(work, actor, operation, [user, *_others(work, user, operation)])
    other = user if operation.kind == "self" else _peer(user, operation)
    there = work.unit.conversations.direct(_direct_key(user, other))
    if there is not None:
        return evolve(_view(work, access.seat(work, actor, there, lock=True)), replayed=True)
    if other != user:
        _may_begin(work, user, other)
    return _open(work, actor, operation, list(dict.fromkeys([user, other])))


def _fits(operation: CreateConversation) -> None:
    """Raise :class:`Invalid` for fields that don't belong to the kind."""
    group_only = ("title", "description", "settings")
    if operation.kind == "group":
        if operation.title is None:
            raise Invalid.field("title", "required")
        if operation.user_id is not None:
            raise Invalid.field("user_id", "only for a direct conversation")
        if operation.settings is not None and operation.settings.expire_from == "read":
            raise Invalid.field("settings.expire_from", "only in direct conversations")
        return
    for name in group_only:
        if getattr(operation, name) is not None:
            raise Invalid.field(name, "only for a group")
    if operation.member_ids:
        raise Invalid.field("member_ids", "only for a group")
    if (operation.kind == "direct") != (operation.user_id is not None):
        raise Invalid.field("user_id", "required for a direct conversation, and only there")


def _peer(user: UserId, operation: CreateConversation) -> UserId:
    other = cast(UserId, operation.user_id)
    if other == user:
        raise Invalid.field("user_id", "use kind self to talk to yourself")
    return other


def _may_begin(work: ChatWork, user: UserId, other: UserId) -> None:
    """What is there already stays open to both, whatever has become of the other one."""
    if not access.known(work, [other]):
        raise NotFound
    if not welcomed(work, user, [other]):
        raise Forbidden


def _others(work: ChatWork, user: UserId, operation: CreateConversation) -> list[UserId]:
    if not access.known(work, operation.member_ids):
        raise NotFound
    others = [other for other in operation.member_ids if other != user]
    if not welcomed(work, user, others):
        raise Forbidden
    if len(others) >= work.limits.group_members:
        raise Invalid.field("member_ids", f"at most {work.limits.group_members} members")
    return others


def _direct_key(one: UserId, other: UserId) -> str:
    return one if one == other else " ".join(sorted((one, other)))


def _open(
    work: ChatWork, actor: Actor, operation: CreateConversation, members: Sequence[UserId]
) -> Conversation:
    stream = _new(work, actor.id, operation, members)
    work.unit.conversations.insert(stream)
    accounts = work.unit.actors.lock(members)
    rows = []
    for user in members:
        accounts[user].rev += 1
        # The two of a direct conversation are equals; a group belongs to who made it.
        role = "owner" if user == actor.id and stream.kind != "direct" else "member"
        rows.append(new_member(stream, user, role, 0, accounts[user].rev, work.now))
    work.unit.members.save(rows)
    joining = tuple(Joining(user_id=row.user_id, floor_seq=0) for row in rows)
    work.announce(stream, ConversationCreated(faces.conversation(stream)), joining=joining)
    for row in rows:
        work.note(accounts[row.user_id], MembershipChanged(stream.id, row.epoch))
    return _view(work, Seat(stream, rows[0]))


def _new(
    work: ChatWork, user: UserId, operation: CreateConversation, members: Sequence[UserId]
) -> ConversationRecord:
    now, settings = work.now, operation.settings or NewSettings()
    return ConversationRecord(
        n=0,
        id=ConversationId(new_id(now)),
        kind=operation.kind,
        title=operation.title,
        description=operation.description,
        avatar_url=None,
        direct_key=None if operation.kind == "group" else _direct_key(members[0], members[-1]),
        created_at=now,
        created_by=user,
        create_key=operation.key,
        create_digest=None if operation.key is None else _digest(operation),
        updated_at=now,
        rev=1,
        last_seq=0,
        receipt_rev=0,
        meta_rev=1,
        members_rev=1,
        pruned_seq=0,
        member_count=len(members),
        history=work.settings.history if settings.history is UNSET else settings.history,
        announcement=bool(settings.announcement),
        slow_mode_s=0 if settings.slow_mode_s is UNSET else settings.slow_mode_s,
        frozen=bool(settings.frozen),
        expire_after_s=_said(settings.expire_after_s),
        retention_days=_said(settings.retention_days),
        public=bool(settings.public),
        active_at=now,
        deleted_at=None,
    )


def _said(value: int | Unset | None) -> int | None:
    return None if value is UNSET else value


def new_member(
    stream: ConversationRecord, user: UserId, role: str, floor: int, me_rev: int, now: int
) -> MemberRecord:
    """A membership that begins at the stream's current rev and seq."""
    return MemberRecord(
        conversation_n=stream.n,
        user_id=user,
        role=role,
        joined_at=now,
        joined_seq=stream.last_seq,
        floor_seq=floor,
        epoch=1,
        rev=stream.rev,
        me_rev=me_rev,
        delivered_seq=stream.last_seq,
        read_seq=stream.last_seq,
    )


def _digest(operation: CreateConversation) -> str:
    canonical = msgspec.json.encode(codec.plain(evolve(operation, key=None)), order="sorted")
    return hashlib.sha256(canonical).hexdigest()


def _repeat(
    work: ChatWork, actor: Actor, earlier: ConversationId, operation: CreateConversation
) -> Conversation:
    found = access.seat(work, actor, earlier, lock=True)
    if found.stream.create_digest != _digest(operation):
        raise KeyReused
    return evolve(_view(work, found), replayed=True)


def _view(work: ChatWork, seat: Seat) -> Conversation:
    return faces.conversations(work, [seat])[0]


def list_all(work: ChatWork, actor: Actor, operation: ListConversations) -> Page[Conversation]:
    """The actor's conversations, last activity first."""
    user = access.active(work, actor)
    most = paging.size(work.limits, operation.limit)
    before = paging.before_pair("conversations", operation.cursor)
    only = Listed(
        now=work.now,
        archived=operation.archived,
        pinned=operation.pinned,
        label=operation.label,
        unread=operation.unread,
    )
    rows = work.unit.members.listed(user, before, most + 1, only)
    shown = faces.conversations(work, [Seat(*row) for row in rows[:most]])
    fitting = paging.fit(shown, work.limits)
    page, next = paging.cut(
        "conversations", rows, fitting, lambda row: (row[0].active_at, row[0].n)
    )
    return Page(items=shown[: len(page)], next=next)


def get(work: ChatWork, actor: Actor, operation: GetConversation) -> Conversation:
    """One conversation with its personal face."""
    return _view(work, access.enter(work, actor, operation))


def update(work: ChatWork, actor: Actor, operation: UpdateConversation) -> Conversation:
    """Change what was given; a change that changes nothing takes no rev."""
    seat = access.seat(work, actor, operation.conversation_id, lock=True)
    stream = seat.stream
    blocked = access.blocked(work, seat)
    require(_right(stream, operation), actor, seat.case(blocked=blocked))
    settings = operation.settings
    if settings is not UNSET and stream.kind != "direct" and settings.expire_from == "read":
        raise Invalid.field("settings.expire_from", "only in direct conversations")
    # The record is the whole transaction's: from here on nothing may be refused.
    before = evolve(stream)
    for name in ("title", "description", "avatar_url"):
        value = getattr(operation, name)
        if value is not UNSET:
            setattr(stream, name, value)
    if settings is not UNSET:
        for name in _SETTINGS:
            value = getattr(settings, name)
            if value is not UNSET:
                setattr(stream, name, value)
    if stream != before:
        changed(work, stream)
    return _view(work, seat)


def _right(stream: ConversationRecord, operation: UpdateConversation) -> type[UpdateConversation]:
    """What to ask the policy for: when messages disappear is a right of its own."""
    given = [one.name for one in fields(UpdateConversation) if _given(operation, one.name)]
    if stream.kind == "group" or given != ["settings"] or operation.settings is UNSET:
        return UpdateConversation
    inner = [one.name for one in fields(NewSettings) if _given(operation.settings, one.name)]
    return SetExpiry if set(inner) <= {"expire_after_s", "expire_from"} else UpdateConversation


def _given(value: object, name: str) -> bool:
    return name != "conversation_id" and getattr(value, name) is not UNSET


def changed(work: ChatWork, stream: ConversationRecord) -> None:
    """Store what changed of a conversation itself under a new rev, and announce it."""
    stream.rev += 1
    stream.meta_rev = stream.rev
    stream.updated_at = work.now
    work.unit.conversations.save(stream)
    work.announce(stream, ConversationUpdated(faces.conversation(stream)))


def delete(work: ChatWork, actor: Actor, operation: DeleteConversation) -> Done:
    """End a group for everybody."""
    seat = access.enter(work, actor, operation)
    end(work, seat.stream, work.unit.members.of(seat.stream.n))
    return Done()


def end(work: ChatWork, stream: ConversationRecord, members: Iterable[MemberRecord]) -> None:
    """Delete a conversation: its members hear it, and their access ends."""
    rows = list(members)
    stream.rev += 1
    stream.meta_rev = stream.rev
    stream.updated_at = stream.deleted_at = work.now
    work.announce(stream, ConversationDeleted(faces.conversation(stream)))
    accounts = work.unit.actors.lock([row.user_id for row in rows])
    for row in rows:
        account = accounts[row.user_id]
        account.rev += 1
        row.left_at, row.rev, row.me_rev = work.now, stream.rev, account.rev
        work.note(account, MembershipChanged(stream.id, None))
    work.unit.members.save(rows)
    work.unit.conversations.save(stream)
