"""Who hears what: from announcements to the outboxes of the connections that may know.

Everything here happens on the event loop and at once; only :meth:`Hub.run` waits. A conversation's
audience changes only by what is announced on its own stream, in order, and by the snapshot that
every new connection brings: nothing that follows a removal reaches the removed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final, NoReturn

from attrs import evolve, frozen

from chatcore.config import Limits
from chatcore.delivery.audience import Audiences, Listener
from chatcore.delivery.chunks import Chunk, Run, event_chunk
from chatcore.delivery.connection import Connection
from chatcore.delivery.receipts import Moved
from chatcore.delivery.throttle import Throttle
from chatcore.delivery.timers import Timers
from chatcore.events import (
    AccountClosed,
    Announcement,
    ConversationDeleted,
    MeUpdated,
    PresenceChanged,
    ReceiptsMoved,
    ScheduledChanged,
    SessionRevoked,
    TypingChanged,
    UserChanged,
)
from chatcore.ids import Clock, ConversationId, SessionId, StreamId, UserId
from chatcore.models import Scheduled, UserSettings

REVOKED: Final = 4401
TOO_MANY: Final = 1008
"""Too many connections of one user. Not 1012 or 1013: coming back at once would close another."""

_ACCOUNT: Final = "me:"
_FLEETING: Final = (TypingChanged, PresenceChanged)
"""Dropped first where an outbox is full, and not told to clients in the background."""


@frozen(kw_only=True)
class Statistics:
    """What the hub holds at this moment."""

    connections: int
    users: int
    conversations: int
    """With at least one member connected here."""
    waiting_events: int
    waiting_bytes: int


class Hub:
    """The connections of one engine. All methods but :meth:`run` return at once."""

    def __init__(self, limits: Limits, clock: Clock) -> None:
        self.timers = Timers(clock)
        """Calls that are due later, while :meth:`run` runs."""
        self.on_scheduled: Callable[[Scheduled], None] | None = None
        """Told of every scheduled message that changes."""
        self._limits = limits
        self._listeners: dict[UserId, Listener] = {}
        self._audiences = Audiences()
        self._watchers: dict[UserId, set[Connection]] = {}
        self._receipts: Throttle[StreamId, Moved] = Throttle(
            self.timers,
            limits.receipts_interval_s,
            self._send_receipts,
            Moved.merge,
            Moved.full,
        )
        self._presence: Throttle[UserId, Announcement] = Throttle(
            self.timers, limits.presence_interval_s, self._send_presence, _later
        )

    async def run(self) -> NoReturn:
        """Keep the timers going, until cancelled."""
        await self.timers.run()

    # Connections come and go.

    def attach(self, connection: Connection) -> None:
        """From now on it hears its user's account stream, and joins and leaves are recorded.

        Read the user's memberships after this, then :meth:`subscribe`, and only then read the
        heads that the client is told: what happens in between is delivered. Over
        ``limits.sockets_a_user`` the user's oldest connection is closed with 1008.
        """
        listener = self._listeners.setdefault(connection.user_id, Listener(connection.user_id))
        open_ones = [one for one in listener.connections if one.outbox.closing is None]
        for oldest in open_ones[: len(open_ones) + 1 - self._limits.sockets_a_user]:
            oldest.outbox.close(TOO_MANY, "too many connections")
        listener.connections.append(connection)
        listener.unsettled += 1

    def subscribe(
        self,
        user_id: UserId,
        floors: Mapping[ConversationId, int],
        settings: UserSettings | None = None,
    ) -> None:
        """The user's memberships, read after a connection was attached, each with its floor.

        With them the user's settings. What was announced since the attaching wins over both. Once
        for each attached connection.
        """
        if listener := self._listeners.get(user_id):
            if settings is not None and not listener.chosen:
                listener.receipts = settings.receipts != "nobody"
            self._audiences.settle(listener, floors)

    def detach(self, connection: Connection) -> None:
        """Forget it. Harmless where it isn't attached."""
        self.watch(connection, ())
        listener = self._listeners.get(connection.user_id)
        if listener is None or connection not in listener.connections:
            return
        listener.connections.remove(connection)
        if not listener.connections:
            self._audiences.drop(listener)
            del self._listeners[connection.user_id]

    def watch(self, connection: Connection, user_ids: Collection[UserId]) -> None:
        """From now on it hears of the presence and profiles of these users, and no others."""
        wanted = frozenset(user_ids)
        for user in connection.watched - wanted:
            self._watchers[user].remove(connection)
            if not self._watchers[user]:
                del self._watchers[user]
        for user in wanted - connection.watched:
            self._watchers.setdefault(user, set()).add(connection)
        connection.watched = wanted

    def close_session(self, session_id: SessionId, code: int, reason: str) -> None:
        """Close every connection of an account session."""
        _close((one for one in self._connections() if one.session_id == session_id), code, reason)

    def close_all(self, code: int, reason: str) -> None:
        """Close every connection, as before a restart."""
        _close(self._connections(), code, reason)

    def online_users(self) -> frozenset[UserId]:
        """The users with a connection here."""
        return frozenset(self._listeners)

    def sessions(self) -> frozenset[SessionId]:
        """The account sessions behind connections that are open."""
        open_ones = (one for one in self._connections() if one.outbox.closing is None)
        return frozenset(one.session_id for one in open_ones if one.session_id is not None)

    def connections_of(self, user_id: UserId) -> tuple[Connection, ...]:
        """A user's connections here, the oldest first."""
        listener = self._listeners.get(user_id)
        return tuple(listener.connections) if listener else ()

    def statistics(self) -> Statistics:
        """What is held at this moment."""
        connections = tuple(self._connections())
        return Statistics(
            connections=len(connections),
            users=len(self._listeners),
            conversations=len(self._audiences),
            waiting_events=sum(one.outbox.events for one in connections),
            waiting_bytes=sum(one.outbox.size for one in connections),
        )

    # Events go out.

    def deliver(self, announcements: Sequence[Announcement]) -> None:
        """Give each connection what it may hear, in the order of each stream."""
        streams: dict[StreamId | None, list[Announcement]] = {}
        for announcement in announcements:
            streams.setdefault(announcement.stream, []).append(announcement)
        for stream, of_stream in streams.items():
            if stream is None:
                for announcement in of_stream:
                    self._tell_watchers(announcement)
            elif stream.startswith(_ACCOUNT):
                self._tell_account(UserId(stream[len(_ACCOUNT) :]), of_stream)
            else:
                self._tell_conversation(stream, of_stream)

    def _tell_conversation(self, stream: StreamId, announcements: Sequence[Announcement]) -> None:
        """Durable events that follow each other without a change of audience go as one."""
        run: list[Announcement] = []
        for announcement in announcements:
            durable = announcement.event.scope not in ("state", "hub")
            if announcement.joining or announcement.leaving or not durable:
                self._send_run(stream, run)
                run = []
            self._change_audience(stream, announcement)
            if durable:
                run.append(announcement)
            elif announcement.event.scope == "state":
                self._tell_state(stream, announcement)
        self._send_run(stream, run)
        if run and isinstance(run[-1].event, ConversationDeleted):
            self._audiences.end(stream)

    def _change_audience(self, stream: StreamId, announcement: Announcement) -> None:
        for joining in announcement.joining:
            if listener := self._listeners.get(joining.user_id):
                self._audiences.join(listener, stream, joining.floor_seq)
        for user in announcement.leaving:
            if listener := self._listeners.get(user):
                self._audiences.leave(listener, stream)

    def _send_run(self, stream: StreamId, announcements: Sequence[Announcement]) -> None:
        audience = self._audiences.of(stream)
        if not announcements or audience is None:
            return
        run = Run(stream, announcements, self._limits.answer_bytes)
        if run.lowest_seq is None or run.lowest_seq > audience.highest_floor:
            chunks = run.above(audience.highest_floor)
            for listener in audience.floors:
                _put(listener.connections, chunks)
            return
        for listener, floor in audience.floors.items():
            _put(listener.connections, run.above(floor))

    def _tell_account(self, user: UserId, announcements: Sequence[Announcement]) -> None:
        for announcement in announcements:
            if isinstance(announcement.event, ScheduledChanged) and self.on_scheduled:
                self.on_scheduled(announcement.event.scheduled)
        listener = self._listeners.get(user)
        if listener is None:
            return
        run = Run("me", announcements, self._limits.answer_bytes)
        _put(listener.connections, run.above(0))
        for announcement in announcements:
            event = announcement.event
            if isinstance(event, SessionRevoked):
                ended = (one for one in listener.connections if one.session_id == event.session.id)
                _close(ended, REVOKED, "revoked")
            if isinstance(event, MeUpdated) and event.user is not None and event.user.settings:
                listener.receipts = event.user.settings.receipts != "nobody"
                listener.chosen = listener.unsettled > 0
            elif isinstance(event, AccountClosed):
                _close(listener.connections, REVOKED, "revoked")

    def _tell_state(self, stream: StreamId, announcement: Announcement) -> None:
        audience = self._audiences.of(stream)
        if audience is None:
            return
        if isinstance(announcement.event, ReceiptsMoved):
            self._receipts.offer(stream, Moved.of(announcement, announcement.event))
            return
        hearers = audience.connections()
        if announcement.only_focused:
            hearers = (one for one in hearers if stream in one.focus)
        _tell(hearers, announcement)

    def _send_receipts(self, stream: StreamId, moved: Moved) -> None:
        """Viewers from whom something is hidden get the same event without it."""
        if (audience := self._audiences.of(stream)) is None:
            return
        shared = event_chunk(moved.event(), stream, moved.prev, moved.rev)
        for listener in audience.floors:
            chunk = shared
            if moved.hearers or not listener.receipts:
                event = moved.event(listener.user_id, own_only=not listener.receipts)
                chunk = event_chunk(event, stream, moved.prev, moved.rev)
            for connection in listener.connections:
                if not moved.only_focused or stream in connection.focus:
                    connection.outbox.put(chunk)

    def _tell_watchers(self, announcement: Announcement) -> None:
        event = announcement.event
        if isinstance(event, PresenceChanged):
            if announcement.at_once:
                # A block, contact or setting changed: what waits was meant for those before it.
                told = announcement.only_to
                self._presence.amend(
                    event.user_id,
                    lambda held: None if told is None else _without(held, told),
                )
                self._send_presence(event.user_id, announcement)
            elif event.user_id in self._watchers:
                self._presence.offer(event.user_id, announcement)
        elif isinstance(event, UserChanged):
            _tell(self._watchers.get(event.user.id, ()), announcement)

    def _send_presence(self, user: UserId, announcement: Announcement) -> None:
        _tell(self._watchers.get(user, ()), announcement)

    def _connections(self) -> Iterator[Connection]:
        for listener in self._listeners.values():
            yield from listener.connections


def _without(held: Announcement, told: frozenset[UserId]) -> Announcement:
    return evolve(held, not_to=held.not_to | told)


def _later(held: Announcement, later: Announcement) -> Announcement:
    """The later one; where it is for contacts alone, others still hear what waits."""
    if later.only_to is None or held.only_to is not None:
        return later
    return evolve(held, instead=later.event, instead_to=later.only_to)


def _tell(hearers: Iterable[Connection], announcement: Announcement) -> None:
    """Give a state event to those of ``hearers`` who may and want to hear it."""
    chunks: dict[int, Chunk] = {}
    for connection in hearers:
        event = announcement.heard_by(connection.user_id)
        if event is None:
            continue
        fleeting = isinstance(event, _FLEETING)
        if id(event) not in chunks:
            chunks[id(event)] = event_chunk(event, announcement.stream, droppable=fleeting)
        if not fleeting or not connection.inactive:
            connection.outbox.put(chunks[id(event)])
        elif isinstance(event, PresenceChanged):
            connection.missed[event.user_id] = chunks[id(event)]


def _put(connections: Iterable[Connection], chunks: Iterable[Chunk]) -> None:
    for chunk in chunks:
        for connection in connections:
            connection.outbox.put(chunk)


def _close(connections: Iterable[Connection], code: int, reason: str) -> None:
    for connection in connections:
        connection.outbox.close(code, reason)
