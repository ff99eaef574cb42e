"""Members: joining, roles, leaving; a live group always has an owner."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import cast

from chatcore.errors import Conflict, Forbidden, Invalid, NotFound
from chatcore.events import Joining, MemberJoined, MemberLeft, MembershipChanged, MemberUpdated
from chatcore.ids import UserId
from chatcore.models import Actor, Done, Member, Page, Role
from chatcore.operations import (
    AddMembers,
    Leave,
    ListMembers,
    RemoveMember,
    TransferOwnership,
    UpdateMember,
)
from chatcore.policy import require
from chatcore.ports.actors import ActorRecord
from chatcore.ports.conversations import ConversationRecord
from chatcore.ports.members import MemberRecord
from chatcore.rules import membership
from chatcore.services import access, conversations, faces, paging
from chatcore.services.access import Seat
from chatcore.services.ties import welcomed
from chatcore.services.work import ChatWork


def list_all(work: ChatWork, actor: Actor, operation: ListMembers) -> Page[Member]:
    """The current members, by user id."""
    seat = access.enter(work, actor, operation)
    most = paging.size(work.limits, operation.limit)
    kind = f"members {seat.stream.id}"
    after = paging.after_text(kind, operation.cursor)
    rows = work.unit.members.page(seat.stream.n, after, most + 1)
    page, next = paging.cut(kind, rows, most, lambda row: (row.user_id,))
    return Page(items=faces.members(work, seat, page), next=next)


def add(work: ChatWork, actor: Actor, operation: AddMembers) -> Page[Member]:
    """The members that were added, and those that were there."""
    seat = access.enter(work, actor, operation)
    stream = seat.stream
    if not access.known(work, operation.user_ids):
        raise NotFound
    pairs = [(stream.n, user) for user in operation.user_ids]
    rows = dict(work.unit.members.get(pairs))
    new = [user for n, user in pairs if (n, user) not in rows or not rows[n, user].current]
    if new and not welcomed(work, actor.id, new):
        raise Forbidden
    if new and work.unit.bans.among(stream.n, new):
        raise Conflict("Banned: lift the ban first")
    for row in admit(work, stream, new, rows, share=operation.share_history):
        rows[stream.n, row.user_id] = row
    return Page(items=faces.members(work, seat, [rows[pair] for pair in pairs]))


def admit(
    work: ChatWork,
    stream: ConversationRecord,
    users: Sequence[UserId],
    earlier: Mapping[tuple[int, UserId], MemberRecord],
    *,
    role: str = "member",
    share: bool = False,
) -> list[MemberRecord]:
    """Make these members, who aren't; ``earlier`` holds what they left behind if they once were.

    Raises :class:`Conflict` where the group would be too large.
    """
    if not users:
        return []
    if stream.member_count + len(users) > work.limits.group_members:
        raise Conflict(f"A group has at most {work.limits.group_members} members")
    accounts = work.unit.actors.lock(users)
    rows = [
        _join(work, stream, accounts[user], earlier.get((stream.n, user)), role=role, share=share)
        for user in users
    ]
    stream.member_count += len(rows)
    conversations.changed(work, stream)
    return rows


def _join(
    work: ChatWork,
    stream: ConversationRecord,
    account: ActorRecord,
    earlier: MemberRecord | None,
    *,
    role: str,
    share: bool,
) -> MemberRecord:
    stream.rev += 1
    stream.members_rev = stream.rev
    account.rev += 1
    floor = membership.floor(stream.history, share, stream.last_seq)
    row = conversations.new_member(stream, account.user_id, role, floor, account.rev, work.now)
    if earlier is not None:
        row.epoch = earlier.epoch + 1
        marks = (earlier.joined_seq, earlier.delivered_seq, earlier.read_seq, earlier.rev)
        row.past = (*earlier.past, marks)
        # Pulls compare with this counter: it must not fall when the row begins anew.
        row.receipt_rev = earlier.receipt_rev
        # Going and coming back must not be a way around slow mode.
        row.last_sent_at = earlier.last_sent_at
    work.unit.members.save([row])
    joining = (Joining(user_id=row.user_id, floor_seq=floor),)
    work.announce(stream, MemberJoined(faces.member(row, stream)), joining=joining)
    work.note(account, MembershipChanged(stream.id, row.epoch))
    return row


def update(work: ChatWork, actor: Actor, operation: UpdateMember) -> Member:
    """Raises :class:`Conflict` where the last owner would lose the role."""
    seat, target = _target(work, actor, operation)
    facts = {"target": cast(Role, target.role), "new_role": operation.role}
    require(UpdateMember, actor, seat.case(**facts))
    if target.role == operation.role:
        return faces.members(work, seat, [target])[0]
    current = work.unit.members.of(seat.stream.n)
    if operation.role != "owner" and membership.last_owner(current, target.user_id):
        raise Conflict("A group always has an owner")
    _give(work, seat.stream, target, operation.role)
    return faces.members(work, seat, [target])[0]


def _target(
    work: ChatWork, actor: Actor, operation: UpdateMember | RemoveMember | TransferOwnership
) -> tuple[Seat, MemberRecord]:
    seat = access.seat(work, actor, operation.conversation_id, lock=True)
    place = (seat.stream.n, operation.user_id)
    target = work.unit.members.get([place]).get(place)
    if target is None or not target.current:
        # Whoever may not do this at all learns nothing of who is a member.
        require(type(operation), actor, seat.case(target="member", new_role="member"))
        raise NotFound
    return seat, target


def _give(work: ChatWork, stream: ConversationRecord, target: MemberRecord, role: str) -> None:
    stream.rev += 1
    stream.members_rev = target.rev = stream.rev
    before, target.role = target.role, role
    work.unit.members.save([target])
    work.announce(stream, MemberUpdated(faces.member(target, stream)))
    _take_back_invites(work, target, set(membership.invitable(before)), membership.invitable(role))


def remove(work: ChatWork, actor: Actor, operation: RemoveMember) -> Done:
    """Raises :class:`NotFound` for who is no member."""
    seat, target = _target(work, actor, operation)
    require(RemoveMember, actor, seat.case(target=cast(Role, target.role)))
    part(work, seat.stream, target)
    conversations.changed(work, seat.stream)
    return Done()


def transfer(work: ChatWork, actor: Actor, operation: TransferOwnership) -> Member:
    """The new owner. The old one is an admin from now on; whoever else owns the group stays one."""
    seat, target = _target(work, actor, operation)
    require(TransferOwnership, actor, seat.case())
    if target.user_id == seat.member.user_id:
        raise Invalid.field("user_id", "not yourself")
    # In this order the group has an owner at every revision.
    if target.role != "owner":
        _give(work, seat.stream, target, "owner")
    _give(work, seat.stream, seat.member, "admin")
    return faces.members(work, seat, [target])[0]


def leave(work: ChatWork, actor: Actor, operation: Leave) -> Done:
    """The last owner's role passes on; with its last member a group ends."""
    seat = access.enter(work, actor, operation)
    depart(work, seat.stream, seat.member)
    return Done()


def depart(work: ChatWork, stream: ConversationRecord, row: MemberRecord) -> None:
    """End a current membership of a locked group, which goes on with an owner or ends."""
    remaining = [one for one in work.unit.members.of(stream.n) if one.user_id != row.user_id]
    if not remaining:
        conversations.end(work, stream, [row])
        return
    pass_on(work, stream, remaining)
    part(work, stream, row)
    conversations.changed(work, stream)


def pass_on(work: ChatWork, stream: ConversationRecord, remaining: list[MemberRecord]) -> None:
    """Give the group's ownership to one of those who remain, where none of them has it.

    Whoever can still sign in comes first.
    """
    gone = work.unit.actors.inactive({one.user_id for one in remaining})
    heirs = [one for one in remaining if one.user_id not in gone] or remaining
    heir = membership.successor(heirs)
    if heir is not None:
        _give(work, stream, next(row for row in heirs if row.user_id == heir), "owner")


def part(work: ChatWork, stream: ConversationRecord, row: MemberRecord) -> None:
    """End a membership: the row stays as a tombstone. The caller stores the member count."""
    account = work.unit.actors.lock([row.user_id])[row.user_id]
    account.rev += 1
    stream.rev += 1
    stream.members_rev = stream.rev
    stream.member_count -= 1
    row.left_at, row.rev, row.me_rev = work.now, stream.rev, account.rev
    work.unit.members.save([row])
    work.announce(stream, MemberLeft(faces.member(row, stream)), leaving=(row.user_id,))
    work.note(account, MembershipChanged(stream.id, None))
    _take_back_invites(work, row, set(membership.invitable(row.role)), ())


def _take_back_invites(
    work: ChatWork, row: MemberRecord, before: set[str], after: Collection[str]
) -> None:
    """A link is worth what its creator may give: it goes with their right to make it."""
    lost = before.difference(after)
    if lost:
        work.unit.invites.forget_by(row.conversation_n, row.user_id, lost)
