"""Attendance: this node's lease, and the connections that belong to it."""

from __future__ import annotations

import logging

from attrs import evolve

from chatcore.delivery.connection import Connection
from chatcore.delivery.hub import REVOKED, Hub
from chatcore.delivery.timers import Timer
from chatcore.errors import ChatError
from chatcore.flows import hosts, sessions
from chatcore.flows.parts import Parts
from chatcore.ids import Milliseconds, NodeId, new_id
from chatcore.models import Actor, Started, User
from chatcore.operations import GetHeads, Resume
from chatcore.services import accounts, presence, settings, sync
from chatcore.services.work import ChatWork

logger = logging.getLogger("chatcore.presence")


class Attendance:
    """Brings connections in and out. One heartbeat write a node keeps all its users online."""

    def __init__(self, parts: Parts, hub: Hub) -> None:
        self._parts = parts
        self._hub = hub
        self.node = NodeId(new_id(parts.clock.now()))
        self._lapsing: Timer | None = None

    async def run(self) -> None:
        """Renew the lease for ever, and close what has had its time."""
        while True:
            await self._parts.clock.sleep(self._parts.settings.heartbeat_s)
            for step in (self.renew, self.recheck):
                try:
                    await step()
                except ChatError:
                    logger.exception("a heartbeat failed: %s", step.__name__)

    async def renew(self) -> None:
        """One heartbeat."""
        lease_ms = int(self._parts.limits.presence_lease_s * 1_000)
        kept_ms = int(self._parts.settings.batch_rows_s * 1_000)

        def beat(work: ChatWork) -> Milliseconds | None:
            work.unit.forget_batches(work.now - kept_ms)
            return presence.renew(work, self.node, lease_ms)

        self._await(await self._parts.chat_write(beat))

    async def recheck(self) -> None:
        """Close the connections of sessions that have run out, or whose end wasn't heard of.

        Whom the host signs in, it signs out.
        """
        if self._parts.hosted:
            return
        for id in await sessions.over(self._parts, self._hub.sessions()):
            self._hub.close_session(id, REVOKED, "revoked")

    def _await(self, lapse: Milliseconds | None) -> None:
        """A status ends before the next heartbeat does: be there in time."""
        if self._lapsing is not None:
            self._lapsing.cancel()
        if lapse is None:
            return
        wait_s = (lapse - self._parts.clock.now()) / 1_000
        if wait_s < self._parts.settings.heartbeat_s:
            self._lapsing = self._hub.timers.after(
                max(wait_s, 0.0), lambda: self._parts.spawn(self._lapse)
            )

    async def _lapse(self) -> None:
        self._await(await self._parts.chat_write(presence.lapse))

    async def connect(self, connection: Connection, since: str | None) -> Started:
        """Let a connection hear its streams, then say where they stand.

        The hub records what happens from :meth:`Hub.attach` on, and the heads are read last: no
        event falls between what the client is told and what it hears.
        """
        parts, actor = self._parts, Actor(connection.user_id, connection.session_id)
        self._hub.attach(connection)
        try:
            user = await _user(parts, actor)
            seats, chosen = await parts.chat_read(
                lambda work: (work.unit.members.seats(user.id), settings.get(work, user.id))
            )
            floors = {seat.conversation_id: seat.floor_seq for seat in seats}
            self._hub.subscribe(user.id, floors, chosen)
            heads = await parts.chat_read(
                lambda work: sync.heads(work, actor, GetHeads(since=since))
            )
            await parts.chat_write(
                lambda work: presence.connected(work, self.node, connection.id, user.id)
            )
        except BaseException:
            self._hub.detach(connection)
            raise
        return Started(
            session_id=connection.id,
            user=evolve(user, settings=chosen),
            heads=heads.heads,
            next=heads.next,
            since=heads.since,
            limits=_limits(parts),
        )

    async def disconnect(self, connection: Connection) -> None:
        """A connection has ended. Its user stays online for the grace: a reconnect goes unseen."""
        self._hub.detach(connection)
        at = self._parts.clock.now()
        self._hub.timers.after(
            self._parts.limits.presence_grace_s,
            lambda: self._parts.spawn(self._gone, connection, at),
        )

    async def _gone(self, connection: Connection, at: Milliseconds) -> None:
        id, user = connection.id, connection.user_id
        await self._parts.chat_write(lambda work: presence.disconnected(work, id, user, at))


async def _user(parts: Parts, actor: Actor) -> User:
    """The actor, whose session may have ended just before the hub began to listen.

    Whom the host has authenticated itself has none of ours, and is known to the directory.
    """
    if parts.hosted or actor.session_id is None:
        return await hosts.own(parts, actor)
    return (await parts.accounts_read(lambda work: accounts.resume(work, actor, Resume()))).user


def _limits(parts: Parts) -> dict[str, object]:
    """What a client has to know to stay within bounds."""
    names = ("frame_bytes", "body_chars", "body_bytes", "in_flight", "page_max", "upload_bytes")
    more = ("pull_streams", "watched", "typing_s", "reactions", "reaction_chars", "name_chars")
    return {name: getattr(parts.limits, name) for name in (*names, *more)}
