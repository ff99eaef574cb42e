"""Privacy: who may see what of a user, and who may come up to them.

One predicate for queries and events alike. A *tie* is what lies between two users, the same seen
from either; an *audience* is whom one of them has chosen. A block closes everything, both ways.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from attrs import frozen

from chatcore.ids import UserId
from chatcore.models import Audience, Hearers, UserSettings


@frozen
class Tie:
    """What lies between two users."""

    blocked: bool = False
    """Either of them blocks the other."""
    contact: bool = False
    """Both agreed to know each other."""


NONE = Tie()


def open_to(audience: Audience, tie: Tie) -> bool:
    """Whether who chose this audience is open to someone with whom they have this tie."""
    if tie.blocked:
        return False
    return audience == "everyone" or (audience == "contacts" and tie.contact)


def shows_receipts(owner: UserSettings, viewer: UserSettings, tie: Tie) -> bool:
    """Whether a viewer sees how far the owner has read: who keeps theirs off sees nobody's."""
    return open_to(owner.receipts, tie) and viewer.receipts != "nobody"


def hearers(
    user: UserId, audience: Audience, blocked: AbstractSet[UserId], contacts: AbstractSet[UserId]
) -> Hearers:
    """To whom ``user`` is open. To oneself one always is.

    ``contacts`` matters only where the audience is the contacts.
    """
    if audience == "everyone":
        return Hearers(not_to=frozenset(blocked - {user}))
    known = contacts - blocked if audience == "contacts" else frozenset[UserId]()
    return Hearers(only_to=frozenset({user, *known}))
