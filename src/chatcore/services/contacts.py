"""Contacts: two users who agreed to know each other, each with a side and a stream of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from chatcore.errors import Conflict, Forbidden, Invalid, NotFound
from chatcore.events import ContactChanged
from chatcore.ids import UserId, to_datetime
from chatcore.models import Actor, Contact, ContactState, Page
from chatcore.operations import ListContacts, RemoveContact, RespondContact
from chatcore.ports.actors import ActorRecord
from chatcore.ports.contacts import ContactRecord
from chatcore.rules import contacts as rules
from chatcore.rules.contacts import Standing
from chatcore.rules.privacy import Tie
from chatcore.services import access, paging, presence
from chatcore.services.ties import circle
from chatcore.services.work import ChatWork

_ALIVE: Sequence[str] = ("requested", "accepted")


def list_all(work: ChatWork, actor: Actor, operation: ListContacts) -> Page[Contact]:
    """The actor's contacts and open requests, by their id."""
    user = access.active(work, actor)
    most = paging.size(work.limits, operation.limit)
    kind = f"contacts {operation.state or ''}"
    after = paging.after_text(kind, operation.cursor)
    states = _ALIVE if operation.state is None else (operation.state,)
    rows = work.unit.contacts.page(user, states, after, most + 1)
    page, next = paging.cut(kind, rows, most, lambda row: (row.other_id,))
    return Page(items=tuple(map(face, page)), next=next)


def request(work: ChatWork, actor: Actor, other: UserId, *, by_phone: bool = False) -> Contact:
    """Ask somebody whom the directory knows.

    Raises :class:`NotFound` for who isn't here any more, or isn't to be found by phone, and
    :class:`Forbidden` for who accepts no requests.
    """
    user = access.active(work, actor)
    if other == user:
        raise Invalid.field("phone" if by_phone else "user_id", "not yourself")
    # A block, a setting or the other one's request in this moment: what is read now holds.
    work.unit.actors.lock([user, other])
    asked = circle(work, other)
    if not asked.standing.active or (by_phone and asked.settings.phone == "nobody"):
        raise NotFound
    pair = _Pair(work, user, other)
    before = pair.standing
    takes = asked.settings.requests == "everyone" and user not in asked.blocked
    if rules.after(before, "request") == rules.ASKED and not takes:
        raise Forbidden
    most = work.limits.contacts
    if (before is None or not before.alive) and work.unit.contacts.count(user) >= most:
        raise Conflict(f"At most {most} contacts")
    return pair.take("request")


def respond(work: ChatWork, actor: Actor, operation: RespondContact) -> Contact:
    """Raises :class:`NotFound` where the other one doesn't wait for an answer."""
    pair = _Pair(work, access.active(work, actor), operation.user_id)
    return pair.take("accept" if operation.accept else "refuse")


def remove(work: ChatWork, actor: Actor, operation: RemoveContact) -> Contact:
    """Raises :class:`NotFound` where there is neither a contact nor a request."""
    return _Pair(work, access.active(work, actor), operation.user_id).take("remove")


def withdraw(work: ChatWork, user: UserId, other: UserId) -> None:
    """End what is still a request between two: a block lies between them now."""
    pair = _Pair(work, user, other)
    if pair.standing is not None and pair.standing.state == "requested":
        pair.take("remove")


def end(work: ChatWork, user: UserId, other: UserId) -> None:
    """End whatever is alive between two, and tell both."""
    pair = _Pair(work, user, other)
    if pair.standing is not None and pair.standing.alive:
        pair.take("remove")


class _Pair:
    """Both sides of what is between two users, seen from ``user``'s."""

    def __init__(self, work: ChatWork, user: UserId, other: UserId) -> None:
        self._work = work
        self._user, self._other = user, other
        self._read()

    def _read(self) -> None:
        sides = [(self._user, self._other), (self._other, self._user)]
        self._rows = self._work.unit.contacts.get(sides)

    @property
    def standing(self) -> Standing | None:
        """The user's, None where there was never anything."""
        row = self._rows.get((self._user, self._other))
        return None if row is None else Standing(cast(ContactState, row.state), row.incoming)

    def take(self, step: rules.Step) -> Contact:
        """Take a step, store both sides and tell both; the user's.

        What is so already changes nothing. What is refused here locks nothing; behind the lock it
        is decided again, for the other one may have been quicker.
        """
        if rules.after(self.standing, step) != self.standing:
            accounts = self._work.unit.actors.lock([self._user, self._other])
            self._read()
            self._write(accounts, rules.after(self.standing, step))
        return face(self._rows[self._user, self._other])

    def _write(self, accounts: Mapping[UserId, ActorRecord], after: Standing) -> None:
        before = self.standing
        if after == before:
            return
        sides = [
            self._side(accounts[self._user], self._other, after),
            self._side(accounts[self._other], self._user, after.mirrored()),
        ]
        self._work.unit.contacts.save(sides)
        for side in sides:
            self._work.note(accounts[side.user_id], ContactChanged(face(side)))
        self._rows = {(side.user_id, side.other_id): side for side in sides}
        self._reconsider(before, after)

    def _reconsider(self, before: Standing | None, after: Standing) -> None:
        """Contacts may know more of each other, unless there is a block."""
        known = [one is not None and one.state == "accepted" for one in (before, after)]
        if known[0] != known[1] and self._other not in circle(self._work, self._user).blocked:
            ties = [Tie(contact=one) for one in known]
            presence.reconsider_pair(self._work, self._user, self._other, *ties)

    def _side(self, account: ActorRecord, other: UserId, after: Standing) -> ContactRecord:
        account.rev += 1
        now = self._work.now
        row = self._rows.get((account.user_id, other))
        begins = row is None or after in (rules.ASKED, rules.ASKING)
        return ContactRecord(
            user_id=account.user_id,
            other_id=other,
            state=after.state,
            incoming=after.incoming,
            created_at=now if row is None or begins else row.created_at,
            updated_at=now,
            me_rev=account.rev,
        )


def face(record: ContactRecord) -> Contact:
    """A contact as the one whose side it is sees it."""
    return Contact(
        user_id=record.other_id,
        state=cast(ContactState, record.state),
        incoming=record.incoming,
        created_at=to_datetime(record.created_at),
        updated_at=to_datetime(record.updated_at),
    )
