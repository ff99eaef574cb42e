"""The plain model's ways into groups and out of them for good: links, open doors, bans."""

from typing import Any, NoReturn

from chatcore.ids import ConversationId, UserId
from chatcore.operations import (
    BanMember,
    CreateInvite,
    JoinConversation,
    RedeemInvite,
    RevokeInvite,
    TransferOwnership,
    UnbanMember,
)
from tests.stateful.rooms import Link, Room, Seat

RANKS = ("member", "admin", "owner")


class Refused(Exception):
    """The model says no; the message is the error's code."""


def refuse(code: str) -> NoReturn:
    """Say no."""
    raise Refused(code)


def require_rank(room: Room, user: UserId, least: str = "admin") -> None:
    """Of a group, and of a role that is high enough."""
    ranks = RANKS.index(room.seats[user].role), RANKS.index(least)
    if room.kind != "group" or ranks[0] < ranks[1]:
        refuse("forbidden")


class Doors:
    """What a model does that has ``people`` and ``rooms``, and finds a ``room`` for its members."""

    people: list[UserId]
    rooms: list[Room]
    now: int

    def room(self, user: UserId, id: ConversationId) -> Room:
        """A conversation that the user is in."""
        raise NotImplementedError

    def close_doors(self) -> None:
        """Links whose creator may no longer make them are gone."""
        for room in self.rooms:
            for link in room.links:
                seat = room.seats.get(link.creator)
                least = max(RANKS.index(link.role), 1)
                link.gone |= seat is None or RANKS.index(seat.role) < least

    # Bans and ownership.

    def ban(self, user: UserId, operation: BanMember) -> tuple[UserId, UserId]:
        room = self.room(user, operation.conversation_id)
        require_rank(room, user)
        target = room.seats.get(operation.user_id)
        rank = RANKS.index(target.role) if target else 0
        if RANKS.index(room.seats[user].role) <= rank:
            refuse("forbidden")
        if operation.user_id not in self.people:
            refuse("not_found")
        room.seats.pop(operation.user_id, None)
        return operation.user_id, room.bans.setdefault(operation.user_id, user)

    def unban(self, user: UserId, operation: UnbanMember) -> None:
        room = self.room(user, operation.conversation_id)
        require_rank(room, user)
        if room.bans.pop(operation.user_id, None) is None:
            refuse("not_found")

    def transfer(self, user: UserId, operation: TransferOwnership) -> Seat:
        room = self.room(user, operation.conversation_id)
        require_rank(room, user, "owner")
        target = room.seats.get(operation.user_id) or refuse("not_found")
        if target.user == user:
            refuse("invalid")
        target.role, room.seats[user].role = "owner", "admin"
        return target

    # Links and open doors.

    def invite(self, user: UserId, operation: CreateInvite) -> Link:
        room = self.room(user, operation.conversation_id)
        require_rank(room, user, max("admin", operation.role, key=RANKS.index))
        link = Link(user, operation.role, operation.share_history, operation.max_uses)
        room.links.append(link)
        return link

    def revoke(self, user: UserId, operation: RevokeInvite) -> None:
        room = self.room(user, operation.conversation_id)
        require_rank(room, user)
        found = [one for one in room.links if one.id == operation.invite_id and one.works]
        if not found:
            refuse("not_found")
        found[0].gone = True

    def redeem(self, user: UserId, operation: RedeemInvite) -> Room:
        doors = [(room, link) for room in self.rooms for link in room.links if not room.gone]
        found = [
            (room, link) for room, link in doors if link.code == operation.code and not link.gone
        ]
        room, link = found[0] if found else refuse("not_found")
        if user not in room.seats:
            if user in room.bans or not link.works:
                refuse("not_found")
            link.uses += 1
            self.enter(room, user, link.role, everything=link.share)
        return room

    def join(self, user: UserId, operation: JoinConversation) -> Room:
        found = [one for one in self.rooms if one.id == operation.conversation_id and not one.gone]
        room = found[0] if found else refuse("not_found")
        if user in room.seats:
            return room if room.kind == "group" else refuse("forbidden")
        if not room.public or user in room.bans:
            refuse("not_found")
        self.enter(room, user, "member", everything=False)
        return room

    def enter(self, room: Room, user: UserId, role: str, *, everything: bool) -> None:
        """Become a member, with everything to read or what comes."""
        floor = 0 if everything or room.history == "shared" else room.last_seq
        room.join(user, role, self.now, floor)


HANDLERS: dict[type[Any], str] = {
    BanMember: "ban",
    UnbanMember: "unban",
    TransferOwnership: "transfer",
    CreateInvite: "invite",
    RevokeInvite: "revoke",
    RedeemInvite: "redeem",
    JoinConversation: "join",
}
