"""Presence: who is there, as far as each viewer may know."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import cast

from chatcore.errors import Invalid
from chatcore.events import Announcement, PresenceChanged
from chatcore.ids import ConnectionId, Milliseconds, NodeId, UserId, to_ms
from chatcore.models import Actor, Page, Presence, UserPresence
from chatcore.operations import GetPresence, SetPresence, WatchPresence
from chatcore.ports.presence import PresenceRecord
from chatcore.rules import presence as rules
from chatcore.services.access import active
from chatcore.services.work import ChatWork


def set_status(work: ChatWork, actor: Actor, operation: SetPresence) -> Presence:
    """Store what the user chose, and tell who watches."""
    user = active(work, actor)
    until = None if operation.until is None else to_ms(operation.until)
    if until is not None and until <= work.now:
        raise Invalid.field("until", "must be in the future")
    record = _records(work, [user])[user]
    if not _hides(record, work.now) and user in work.unit.presence.online([user], work.now):
        record.last_seen = rules.seen(record.last_seen, work.now, work.now)
    record.status, record.text, record.until = operation.status, operation.text, until
    work.unit.presence.save(record)
    tell(work, user)
    return _seen(work, user, [user])[user]


def get(work: ChatWork, actor: Actor, operation: GetPresence | WatchPresence) -> Page[UserPresence]:
    """Unknown users are offline, like everyone whom the caller may not see."""
    user = active(work, actor)
    seen = _seen(work, user, operation.user_ids)
    return Page(
        items=tuple(UserPresence(user_id=one, presence=seen[one]) for one in operation.user_ids)
    )


def tell(work: ChatWork, user: UserId, to: Collection[UserId] | None = None) -> None:
    """Announce a user's presence to those who watch (or only to some of them).

    Those with a block between them and the user hear of nobody, or that nobody is there.
    """
    if to is not None:
        for viewer in to:
            shown = _seen(work, viewer, [user])[user]
            work.announcements.append(
                Announcement(
                    event=PresenceChanged(user, shown), stream=None, only_to=frozenset([viewer])
                )
            )
        return
    shown = _shown(work, [user])[user]
    work.announcements.append(
        Announcement(
            event=PresenceChanged(user, shown),
            stream=None,
            not_to=frozenset(work.unit.blocks.around(user)),
        )
    )


def renew(work: ChatWork, node: NodeId, lease_ms: int) -> None:
    """A node's heartbeat; it also buries nodes that have stopped theirs.

    Its own lease first: after a long pause it is still there, and so are its connections.
    """
    work.unit.presence.renew(node, work.now + lease_ms)
    for user in work.unit.presence.expire(work.now):
        _left(work, user, work.now)


def connected(work: ChatWork, node: NodeId, connection: ConnectionId, user: UserId) -> None:
    """A connection has come."""
    before = work.unit.presence.online([user], work.now)
    work.unit.presence.connect(connection, node, user)
    if not before:
        tell(work, user)


def disconnected(work: ChatWork, connection: ConnectionId, user: UserId, at: Milliseconds) -> None:
    """A connection went ``at`` that time, and the grace has passed since."""
    work.unit.presence.disconnect([connection])
    _left(work, user, at)


def _left(work: ChatWork, user: UserId, at: Milliseconds) -> None:
    """Note when a user was last there, and tell it, unless another connection keeps them."""
    if work.unit.presence.online([user], work.now):
        return
    record = _records(work, [user])[user]
    if not _hides(record, work.now):
        record.last_seen = rules.seen(record.last_seen, at, work.now)
        work.unit.presence.save(record)
    tell(work, user)


def _hides(record: PresenceRecord, now: Milliseconds) -> bool:
    """Whether the user is invisible, for as long as they chose to be."""
    return record.status == "invisible" and (record.until is None or record.until > now)


def _records(work: ChatWork, users: Collection[UserId]) -> Mapping[UserId, PresenceRecord]:
    found = work.unit.presence.get(users)
    return {user: found.get(user) or PresenceRecord(user_id=user) for user in users}


def _shown(
    work: ChatWork, users: Collection[UserId], hidden: Collection[UserId] = ()
) -> Mapping[UserId, Presence]:
    online = work.unit.presence.online(users, work.now)
    return {
        user: rules.visible(
            rules.State(
                online=user in online,
                status=cast(rules.Chosen, record.status),
                text=record.text,
                until=record.until,
                last_seen=record.last_seen,
            ),
            work.now,
            blocked=user in hidden,
        )
        for user, record in _records(work, users).items()
    }


def _seen(work: ChatWork, viewer: UserId, users: Collection[UserId]) -> Mapping[UserId, Presence]:
    return _shown(work, users, work.unit.blocks.around(viewer, users) - {viewer})
