"""What lies between users: blocks, contacts, and what each keeps to themselves."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import cached_property

from chatcore.ids import UserId
from chatcore.models import Audience, Hearers, UserSettings
from chatcore.ports.actors import Standing
from chatcore.rules import privacy
from chatcore.rules.privacy import Tie
from chatcore.services.work import ChatWork

ORDINARY = Standing()
Standings = Mapping[UserId, Standing]


class Circle:
    """One user and everybody else. What it takes is read when it is first asked for.

    Most people have no blocks and keep nothing to themselves: then their row, which is read
    anyway, has said so, and nothing else is read at all.
    """

    def __init__(self, work: ChatWork, user: UserId, standing: Standing) -> None:
        self._work = work
        self.user = user
        self.standing = standing

    @property
    def settings(self) -> UserSettings:
        """What the user has chosen."""
        return self.standing.settings

    @cached_property
    def blocked(self) -> set[UserId]:
        """Everyone with a block between them and the user, either way."""
        if not self.standing.has_blocks:
            return set()
        return self._work.unit.blocks.around(self.user) - {self.user}

    @cached_property
    def contacts(self) -> set[UserId]:
        """The user's accepted contacts."""
        return self._work.unit.contacts.of(self.user)

    def tie(self, other: UserId) -> Tie:
        """What lies between the two."""
        return Tie(blocked=other in self.blocked, contact=other in self.contacts)

    def hearers(self, audience: Audience) -> Hearers:
        """To whom the user is open."""
        known = self.contacts if audience == "contacts" else frozenset[UserId]()
        return privacy.hearers(self.user, audience, self.blocked, known)

    def admitted(self, other: UserId, audience: Audience) -> bool:
        """Whether ``other``, who has chosen this audience, is open to the user."""
        if other == self.user:
            return True
        contact = audience == "contacts" and other in self.contacts
        return privacy.open_to(audience, Tie(blocked=other in self.blocked, contact=contact))


def circle(work: ChatWork, user: UserId) -> Circle:
    """The circle of one user."""
    return Circle(work, user, work.unit.actors.standings([user]).get(user, ORDINARY))


def welcomed(work: ChatWork, user: UserId, others: Collection[UserId]) -> bool:
    """Whether all of these take messages and invitations from a user."""
    standings = work.unit.actors.standings([user, *others])
    around = Circle(work, user, standings.get(user, ORDINARY))
    return all(
        around.admitted(other, standings.get(other, ORDINARY).settings.messages) for other in others
    )


def secretive(work: ChatWork, viewer: UserId, users: Iterable[UserId]) -> set[UserId]:
    """Those of ``users`` whose receipts a viewer doesn't see."""
    others = set(users) - {viewer}
    if not others:
        return set()
    standings = work.unit.actors.standings([viewer, *others])
    around = Circle(work, viewer, standings.get(viewer, ORDINARY))
    if around.settings.receipts == "nobody":
        return others
    return {
        other
        for other in others
        if not around.admitted(other, standings.get(other, ORDINARY).settings.receipts)
    }
