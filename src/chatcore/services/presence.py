"""Presence: who is there, as far as each viewer may know."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import cast

from attrs import evolve

from chatcore.errors import Invalid
from chatcore.events import PresenceChanged
from chatcore.ids import ConnectionId, Milliseconds, NodeId, UserId, to_ms
from chatcore.models import Actor, Page, Presence, UserPresence, UserSettings
from chatcore.operations import GetPresence, SetPresence, WatchPresence
from chatcore.ports.presence import PresenceRecord
from chatcore.rules import presence as rules
from chatcore.rules.presence import Looks
from chatcore.rules.privacy import Tie
from chatcore.services.access import active
from chatcore.services.ties import ORDINARY, Circle, circle
from chatcore.services.work import ChatWork


def set_status(work: ChatWork, actor: Actor, operation: SetPresence) -> Presence:
    """Store what the user chose, and tell who watches."""
    user = active(work, actor)
    until = None if operation.until is None else to_ms(operation.until)
    if until is not None and until <= work.now:
        raise Invalid.field("until", "must be in the future")
    around = circle(work, user)
    record = _records(work, [user])[user]
    online = user in work.unit.presence.online([user], work.now)
    before = _looks(around, record, work.now, online=online)
    if not _hides(record, work.now) and online:
        record.last_seen = rules.seen(record.last_seen, work.now, work.now)
    record.status, record.text, record.until = operation.status, operation.text, until
    work.unit.presence.save(record)
    after = _looks(around, record, work.now, online=online)
    _tell(work, around, before, after)
    return after.contacts


def get(work: ChatWork, actor: Actor, operation: GetPresence | WatchPresence) -> Page[UserPresence]:
    """Unknown users are offline, like everyone whom the caller may not see."""
    user = active(work, actor)
    seen = _seen(work, user, operation.user_ids)
    return Page(
        items=tuple(UserPresence(user_id=one, presence=seen[one]) for one in operation.user_ids)
    )


# Who comes and goes.


def renew(work: ChatWork, node: NodeId, lease_ms: int) -> Milliseconds | None:
    """A node's heartbeat; it also buries nodes that have stopped theirs, and ends what is over.

    Its own lease first: after a long pause it is still there, and so are its connections. Answers
    when the next chosen status ends.
    """
    work.unit.presence.renew(node, work.now + lease_ms)
    for user in work.unit.presence.expire(work.now):
        _left(work, user, work.now)
    return lapse(work)


def lapse(work: ChatWork) -> Milliseconds | None:
    """End the statuses whose time has come, and tell; when the next one ends.

    Any node may do it, and the first one does: the row says afterwards that it is done.
    """
    for record in work.unit.presence.lapsed(work.now):
        around = circle(work, record.user_id)
        online = record.user_id in work.unit.presence.online([record.user_id], work.now)
        before = _looks(around, record, (record.until or work.now) - 1, online=online)
        record.status, record.text, record.until = "online", None, None
        work.unit.presence.save(record)
        _tell(work, around, before, _looks(around, record, work.now, online=online))
    return work.unit.presence.next_lapse()


def connected(work: ChatWork, node: NodeId, connection: ConnectionId, user: UserId) -> None:
    """A connection has come."""
    before = work.unit.presence.online([user], work.now)
    work.unit.presence.connect(connection, node, user)
    if not before:
        around, record = circle(work, user), _records(work, [user])[user]
        gone, there = (_looks(around, record, work.now, online=one) for one in (False, True))
        _tell(work, around, gone, there)


def disconnected(work: ChatWork, connection: ConnectionId, user: UserId, at: Milliseconds) -> None:
    """A connection went ``at`` that time, and the grace has passed since."""
    before = work.unit.presence.online([user], work.now)
    work.unit.presence.disconnect([connection])
    _left(work, user, at, online=bool(before))


def _left(work: ChatWork, user: UserId, at: Milliseconds, *, online: bool = True) -> None:
    """Note when a user was last there, and tell it, unless another connection keeps them.

    ``online``: whether they still were until now.
    """
    if work.unit.presence.online([user], work.now):
        return
    around, record = circle(work, user), _records(work, [user])[user]
    before = _looks(around, record, work.now, online=online)
    # Of an account that has ended nothing is noted any more.
    if not _hides(record, work.now) and around.standing.active:
        record.last_seen = rules.seen(record.last_seen, at, work.now)
        work.unit.presence.save(record)
    _tell(work, around, before, _looks(around, record, work.now, online=False))


# Who may see something else from now on.


def reconsider(work: ChatWork, user: UserId, before: UserSettings, after: UserSettings) -> None:
    """A user chose other settings: whoever watches is told at once what they may still see."""
    around, record = circle(work, user), _records(work, [user])[user]
    online = user in work.unit.presence.online([user], work.now)
    earlier, now = (
        rules.looks(_state(record, online=online), work.now, chosen) for chosen in (before, after)
    )
    around.standing = evolve(around.standing, settings=after)
    _tell(work, around, earlier, now, at_once=True)


def reconsider_pair(work: ChatWork, one: UserId, other: UserId, before: Tie, after: Tie) -> None:
    """What lies between two has changed: each is told at once what they may see of the other."""
    users = [one, other]
    standings = work.unit.actors.standings(users)
    online = work.unit.presence.online(users, work.now)
    for user, record in _records(work, users).items():
        viewer = other if user == one else one
        settings = standings.get(user, ORDINARY).settings
        state = _state(record, online=user in online)
        seen, shown = (rules.visible(state, work.now, settings, tie) for tie in (before, after))
        if seen != shown:
            work.hint(
                PresenceChanged(user, shown), stream=None, only_to=frozenset([viewer]), at_once=True
            )


# What is shown.


def _tell(
    work: ChatWork, around: Circle, before: Looks, after: Looks, *, at_once: bool = False
) -> None:
    """Announce how a user looks now, to those for whom that is something else.

    Those with a block in between hear nothing, and so does everybody for whom nothing changed: an
    event would say that something did.
    """
    user, blocked = around.user, frozenset(around.blocked)
    if before == after:
        return
    event, theirs = (PresenceChanged(user, one) for one in (after.others, after.contacts))
    if not rules.splits(around.settings) and before.others != after.others:
        work.hint(event, stream=None, not_to=blocked, at_once=at_once)
        return
    known = frozenset({user, *around.contacts} - blocked)
    if before.others == after.others:
        work.hint(theirs, stream=None, only_to=known, at_once=at_once)
        return
    work.hint(event, stream=None, not_to=blocked, instead=theirs, instead_to=known, at_once=at_once)


def _hides(record: PresenceRecord, now: Milliseconds) -> bool:
    """Whether the user is invisible, for as long as they chose to be."""
    return record.status == "invisible" and (record.until is None or record.until > now)


def _records(work: ChatWork, users: Collection[UserId]) -> Mapping[UserId, PresenceRecord]:
    found = work.unit.presence.get(users)
    return {user: found.get(user) or PresenceRecord(user_id=user) for user in users}


def _state(record: PresenceRecord, *, online: bool) -> rules.State:
    return rules.State(
        online=online,
        status=cast(rules.Chosen, record.status),
        text=record.text,
        until=record.until,
        last_seen=record.last_seen,
    )


def _looks(around: Circle, record: PresenceRecord, now: Milliseconds, *, online: bool) -> Looks:
    return rules.looks(_state(record, online=online), now, around.settings)


def _seen(work: ChatWork, viewer: UserId, users: Collection[UserId]) -> Mapping[UserId, Presence]:
    """Each of ``users`` as the viewer sees them; oneself, as one's contacts do."""
    standings = work.unit.actors.standings([viewer, *users])
    around = Circle(work, viewer, standings.get(viewer, ORDINARY))
    online = work.unit.presence.online(users, work.now)
    found = {}
    for user, record in _records(work, users).items():
        settings = standings.get(user, ORDINARY).settings
        contact = user == viewer or (rules.splits(settings) and user in around.contacts)
        tie = Tie(blocked=user in around.blocked, contact=contact)
        found[user] = rules.visible(_state(record, online=user in online), work.now, settings, tie)
    return found
