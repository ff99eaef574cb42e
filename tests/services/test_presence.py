"""Presence: leases, what others may see, and who is told."""

from datetime import timedelta

import pytest

from chatcore.config import Limits, Settings
from chatcore.delivery.connection import Connection
from chatcore.delivery.outbox import Outbox
from chatcore.engine import ChatEngine
from chatcore.errors import Invalid, Unauthenticated
from chatcore.events import PresenceChanged
from chatcore.ids import ConnectionId, NodeId, UserId, to_datetime
from chatcore.models import Actor, Presence
from chatcore.operations import (
    AddBlock,
    GetPresence,
    RemoveBlock,
    RevokeSession,
    SetPresence,
    WatchPresence,
)
from chatcore.services import presence
from chatcore.testing.clock import FakeClock
from tests.people import People, RecordingBroker

pytestmark = pytest.mark.anyio

OTHER = NodeId("other")
LEASE_S = Limits().presence_lease_s
OFFLINE = Presence(status="offline")


@pytest.fixture
def host_settings() -> Settings:
    """No heartbeat of its own comes between the steps of a test."""
    return Settings(heartbeat_s=1e9)


class Elsewhere:
    """Connections of another node of the same host."""

    def __init__(self, engine: ChatEngine) -> None:
        self._engine = engine

    async def beat(self, node: NodeId = OTHER) -> None:
        """One heartbeat."""
        await self._engine.chat_write(lambda work: presence.renew(work, node, int(LEASE_S * 1_000)))

    async def come(self, user: Actor, name: str = "c1") -> None:
        """A connection opens."""
        await self._engine.chat_write(
            lambda work: presence.connected(work, OTHER, ConnectionId(name), user.id)
        )

    async def go(self, user: Actor, name: str = "c1", *, ago_ms: int = 0) -> None:
        """A connection has closed, and the grace has passed."""
        await self._engine.chat_write(
            lambda work: presence.disconnected(work, ConnectionId(name), user.id, work.now - ago_ms)
        )


@pytest.fixture
async def elsewhere(engine: ChatEngine) -> Elsewhere:
    """Another node, alive."""
    made = Elsewhere(engine)
    await made.beat()
    return made


async def seen(engine: ChatEngine, viewer: Actor, user: Actor) -> Presence:
    """What one may see of another."""
    (one,) = (await engine.execute(viewer, GetPresence((user.id,)))).items
    assert one.user_id == user.id
    return one.presence


async def test_who_is_connected_is_online(
    engine: ChatEngine, people: People, elsewhere: Elsewhere, broker: RecordingBroker
) -> None:
    """The first connection is told, a second isn't; the last to go is told with the time."""
    ann, ben = await people("ann", "ben")
    assert await seen(engine, ben, ann) == OFFLINE
    broker.take()
    await elsewhere.come(ann, "c1")
    await elsewhere.come(ann, "c2")
    online = Presence(status="online")
    assert await seen(engine, ben, ann) == online
    assert [one.event for one in broker.take()] == [PresenceChanged(ann.id, online)]
    await elsewhere.go(ann, "c1")
    assert (await seen(engine, ben, ann), broker.take()) == (online, [])
    await elsewhere.go(ann, "c2", ago_ms=15_000)
    left = Presence(status="offline", last_seen=to_datetime(engine.clock.now() - 15_000))
    assert await seen(engine, ben, ann) == left
    assert [one.event for one in broker.take()] == [PresenceChanged(ann.id, left)]


async def test_a_silent_node_loses_its_users(
    engine: ChatEngine,
    people: People,
    elsewhere: Elsewhere,
    clock: FakeClock,
    broker: RecordingBroker,
) -> None:
    """Without a heartbeat its lease ends, and whoever beats next tells it."""
    ann, ben = await people("ann", "ben")
    await elsewhere.come(ann)
    clock.advance(LEASE_S - 0.001)
    assert (await seen(engine, ben, ann)).status == "online"
    clock.advance(0.001)
    assert (await seen(engine, ben, ann)).status == "offline"
    broker.take()
    await elsewhere.beat(NodeId("third"))
    (said,) = broker.take()
    assert isinstance(said.event, PresenceChanged)
    assert (said.event.user_id, said.event.presence.status) == (ann.id, "offline")
    await elsewhere.beat()
    assert (await seen(engine, ben, ann)).status == "offline"


async def test_a_node_that_paused_keeps_its_users(
    engine: ChatEngine, people: People, elsewhere: Elsewhere, clock: FakeClock
) -> None:
    """Its own late heartbeat buries nobody but others."""
    ann, ben = await people("ann", "ben")
    await elsewhere.come(ann)
    clock.advance(3_600)
    await elsewhere.beat()
    assert (await seen(engine, ben, ann)).status == "online"


async def test_choosing_a_status(
    engine: ChatEngine,
    people: People,
    elsewhere: Elsewhere,
    clock: FakeClock,
    broker: RecordingBroker,
) -> None:
    """It is shown while one is there, for as long as one said, and told at once."""
    ann, ben = await people("ann", "ben")
    until = to_datetime(clock.now()) + timedelta(minutes=5)
    await engine.execute(ann, SetPresence("dnd", "in a meeting", until))
    assert (await seen(engine, ben, ann)).status == "offline"
    await elsewhere.come(ann)
    busy = Presence(status="dnd", text="in a meeting")
    assert await seen(engine, ben, ann) == busy
    broker.take()
    chosen = await engine.execute(ann, SetPresence("away"))
    assert chosen == Presence(status="away")
    assert [one.event for one in broker.take()] == [PresenceChanged(ann.id, chosen)]
    await engine.execute(ann, SetPresence("dnd", "in a meeting", until))
    clock.advance(300)
    await elsewhere.beat()
    assert await seen(engine, ben, ann) == Presence(status="online")
    with pytest.raises(Invalid) as caught:
        await engine.execute(ann, SetPresence("dnd", until=until))
    assert [problem.path for problem in caught.value.errors] == ["until"]


async def test_the_end_of_a_status_is_told(
    engine: ChatEngine,
    people: People,
    elsewhere: Elsewhere,
    clock: FakeClock,
    broker: RecordingBroker,
) -> None:
    """By whoever beats next, once; a status that was chosen anew meanwhile stays."""
    ann, ben = await people("ann", "ben")
    until = to_datetime(clock.now()) + timedelta(seconds=10)
    for actor in (ann, ben):
        await elsewhere.come(actor, f"c{actor.id}")
        await engine.execute(actor, SetPresence("dnd", "in a meeting", until))
    await engine.execute(ben, SetPresence("away"))
    broker.take()
    clock.advance(9.999)
    await elsewhere.beat()
    assert broker.take() == []
    clock.advance(0.001)
    await elsewhere.beat()
    online = Presence(status="online")
    assert [one.event for one in broker.take()] == [PresenceChanged(ann.id, online)]
    await elsewhere.beat()
    assert broker.take() == []
    assert (await seen(engine, ann, ben)).status == "away"


async def test_the_end_of_invisibility_is_told(
    engine: ChatEngine,
    people: People,
    elsewhere: Elsewhere,
    clock: FakeClock,
    broker: RecordingBroker,
) -> None:
    """Nobody hears of the coming and going of who is invisible, until they are seen again."""
    (ann,) = await people("ann")
    until = to_datetime(clock.now()) + timedelta(seconds=10)
    await engine.execute(ann, SetPresence("invisible", until=until))
    broker.take()
    await elsewhere.come(ann)
    await elsewhere.go(ann)
    await elsewhere.come(ann)
    assert broker.take() == []
    clock.advance(10)
    await elsewhere.beat()
    assert [one.event for one in broker.take()] == [
        PresenceChanged(ann.id, Presence(status="online"))
    ]


async def test_the_invisible_look_as_if_they_had_left(
    engine: ChatEngine, people: People, elsewhere: Elsewhere, clock: FakeClock
) -> None:
    """They were last seen when they hid, whatever they do until they show themselves."""
    ann, ben = await people("ann", "ben")
    await elsewhere.come(ann)
    hid = to_datetime(clock.now())
    await engine.execute(ann, SetPresence("invisible"))
    clock.advance(10)
    gone = Presence(status="offline", last_seen=hid)
    assert await seen(engine, ben, ann) == gone
    await elsewhere.go(ann)
    clock.advance(10)
    await elsewhere.come(ann)
    assert await seen(engine, ben, ann) == gone
    await engine.execute(ann, SetPresence("online"))
    assert (await seen(engine, ben, ann)).status == "online"


async def test_invisible_for_a_while(
    engine: ChatEngine, people: People, elsewhere: Elsewhere, clock: FakeClock
) -> None:
    """When that is over one is seen again, and seen leaving."""
    ann, ben = await people("ann", "ben")
    await elsewhere.come(ann)
    until = to_datetime(clock.now()) + timedelta(seconds=20)
    await engine.execute(ann, SetPresence("invisible", until=until))
    clock.advance(30)
    assert (await seen(engine, ben, ann)).status == "online"
    await elsewhere.go(ann)
    assert (await seen(engine, ben, ann)).last_seen == to_datetime(clock.now())


async def test_last_seen_never_goes_back(
    engine: ChatEngine, people: People, elsewhere: Elsewhere
) -> None:
    """A late report of an earlier leaving changes nothing, nor does a clock that is ahead."""
    ann, ben = await people("ann", "ben")
    await elsewhere.go(ann)
    last = (await seen(engine, ben, ann)).last_seen
    for ago_ms in (5_000, -5_000):
        await elsewhere.go(ann, ago_ms=ago_ms)
        assert (await seen(engine, ben, ann)).last_seen == last


async def test_blocks_hide_both_ways(
    engine: ChatEngine, people: People, elsewhere: Elsewhere, broker: RecordingBroker
) -> None:
    """Each is offline for the other and hears so; everybody else hears as before."""
    ann, ben, cid = await people("ann", "ben", "cid")
    for actor in (ann, ben):
        await elsewhere.come(actor, f"c{actor.id}")
    broker.take()
    await engine.execute(ben, AddBlock(ann.id))
    told = [one for one in broker.take() if isinstance(one.event, PresenceChanged)]
    assert {(one.event.user_id, one.only_to) for one in told} == {  # type: ignore[attr-defined]
        (ben.id, frozenset([ann.id])),
        (ann.id, frozenset([ben.id])),
    }
    assert {one.event.presence for one in told} == {OFFLINE}  # type: ignore[attr-defined]
    assert await seen(engine, ann, ben) == await seen(engine, ben, ann) == OFFLINE
    assert (await seen(engine, cid, ann)).status == (await seen(engine, ann, ann)).status
    await engine.execute(ann, SetPresence("away"))
    (said,) = broker.take()
    assert said.not_to == {ben.id}
    await engine.execute(ben, RemoveBlock(ann.id))
    told = [one for one in broker.take() if isinstance(one.event, PresenceChanged)]
    assert {one.event.presence.status for one in told} == {"away", "online"}  # type: ignore[attr-defined]
    assert (await seen(engine, ben, ann)).status == "away"


async def test_unknown_users_are_offline(engine: ChatEngine, people: People) -> None:
    """Like everybody who hides; the answer keeps the order that was asked."""
    ann, ben = await people("ann", "ben")
    ids = (UserId("nobody"), ben.id)
    for operation in (GetPresence(ids), WatchPresence(ids)):
        page = await engine.execute(ann, operation)
        assert [(one.user_id, one.presence) for one in page.items] == [(id, OFFLINE) for id in ids]
    assert (await engine.execute(ann, WatchPresence(()))).items == ()


def connection(actor: Actor, name: str = "here") -> Connection:
    """A connection to this node."""
    outbox = Outbox(Limits(), lines=True)
    return Connection(ConnectionId(name), actor.id, actor.session_id, outbox)


async def test_a_connection_here_is_a_lease(
    engine: ChatEngine, people: People, clock: FakeClock, broker: RecordingBroker
) -> None:
    """Coming is told at once, going after the grace; coming back within it isn't seen."""
    ann, ben = await people("ann", "ben")
    broker.take()

    async def settled() -> list[str]:
        await engine.chat_write(lambda work: None)
        return broker.take_names()

    one = connection(ann)
    started = await engine.connect(one)
    assert started.user.id == ann.id
    assert await settled() == ["presence.changed"]
    await engine.disconnect(one)
    await clock.elapse(10)
    two = connection(ann, "again")
    await engine.connect(two)
    await clock.elapse(10)
    assert await settled() == []
    await engine.disconnect(two)
    await clock.elapse(14)
    assert (await seen(engine, ben, ann)).status == "online"
    left = clock.now() - 14_000
    await clock.elapse(1)
    assert await settled() == ["presence.changed"]
    assert (await seen(engine, ben, ann)).last_seen == to_datetime(left)


async def test_only_live_sessions_connect(engine: ChatEngine, people: People) -> None:
    """A session that ended before the connection was heard of gets none."""
    ann, ben = await people("ann", "ben")
    ghost = Actor(UserId("ghost"))
    await engine.execute(ann, RevokeSession(ann.id and ann.session_id))  # type: ignore[arg-type]
    for actor in (ann, ghost):
        with pytest.raises(Unauthenticated):
            await engine.connect(connection(actor))
    assert engine.hub.online_users() == frozenset()
    trusted = Actor(ben.id)
    assert (await engine.connect(connection(trusted))).user.id == ben.id


class TestTimers:
    """An engine whose heart beats."""

    @pytest.fixture
    def host_settings(self) -> Settings:
        return Settings(heartbeat_s=15.0)

    async def test_a_status_ends_on_time(
        self, engine: ChatEngine, people: People, clock: FakeClock, broker: RecordingBroker
    ) -> None:
        """Between two heartbeats the engine wakes for it; of two, for each."""
        ann, ben = await people("ann", "ben")
        for actor, seconds in ((ann, 20), (ben, 25)):
            until = to_datetime(clock.now()) + timedelta(seconds=seconds)
            await engine.connect(connection(actor, actor.id))
            await engine.execute(actor, SetPresence("dnd", until=until))
        broker.take()

        async def told() -> list[str]:
            await engine.chat_write(lambda work: None)
            return [one.event.user_id for one in broker.take()]  # type: ignore[attr-defined]

        await clock.elapse(19.5)
        assert await told() == []
        await clock.elapse(1)
        assert await told() == [ann.id]
        await clock.elapse(5)
        assert await told() == [ben.id]
