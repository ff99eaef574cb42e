"""Roles, and who takes over: a live group always has an owner."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final, Protocol

from chatcore.ids import UserId

RANKS: Final = {"member": 0, "admin": 1, "owner": 2}


def rank(role: str) -> int:
    """Higher may act on lower."""
    return RANKS[role]


def may_change_role(actor_role: str, target_role: str, new_role: str) -> bool:
    """Owners give any role to anyone; admins act on lower ranks and give none above their own.

    That the last owner keeps the role is a matter of state: see :func:`last_owner`.
    """
    if actor_role == "owner":
        return True
    return rank(target_role) < rank(actor_role) >= rank(new_role)


def may_remove(actor_role: str, target_role: str) -> bool:
    """Only who ranks lower. Taking oneself out is leaving, which everyone may."""
    return rank(actor_role) > rank(target_role)


def invitable(actor_role: str) -> tuple[str, ...]:
    """The roles that a link made by this one may give; none for mere members."""
    return tuple(role for role in RANKS if may_change_role(actor_role, "member", role))


class Membership(Protocol):
    """What has to be known of a current member."""

    @property
    def user_id(self) -> UserId: ...
    @property
    def role(self) -> str: ...
    @property
    def joined_at(self) -> Any:
        """Any kind of time, as long as it is the same kind for all."""


def last_owner(members: Collection[Membership], user: UserId) -> bool:
    """Whether ``user`` is an owner and the only one."""
    return [member.user_id for member in members if member.role == "owner"] == [user]


def successor(members: Collection[Membership]) -> UserId | None:
    """Who becomes the owner when one has gone and ``members`` remain.

    The longest-standing admin, else the longest-standing member; ties by user id. None where an
    owner is left, or nobody.
    """
    highest = max((rank(member.role) for member in members), default=rank("owner"))
    if highest == rank("owner"):
        return None
    heirs = [member for member in members if rank(member.role) == highest]
    return min(heirs, key=lambda member: (member.joined_at, member.user_id)).user_id


def floor(history: str, share_history: bool, joined_seq: int) -> int:
    """The seq above which a new member sees messages; 0 is everything.

    ``history`` is the group's setting, ``share_history`` the wish of whoever adds the member.
    """
    return 0 if share_history or history == "shared" else joined_seq


def may_post(role: str, announcement: bool, frozen: bool) -> bool:
    """Whether a member may send now: nobody in a frozen group, only moderators in announcements."""
    return not frozen and (not announcement or rank(role) >= rank("admin"))
