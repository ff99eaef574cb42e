"""The realtime session: deadlines, rates, and what closes it."""

import pytest

from chatcore.config import Limits
from chatcore.models import Done
from chatcore.wire.limits import REFUSED_WRITES, STATE_RESERVE
from tests.delivery.build import ROOM, sent
from tests.wire.realtime_fakes import (
    Client,
    FakeEngine,
    World,
    actor,
    notification,
    request,
    send,
    timers,
)

pytestmark = pytest.mark.anyio


def a_world(**limits: float) -> World:
    """An engine with these limits that answers everything with an empty result."""
    engine = FakeEngine(limits=Limits(**limits), respond=lambda operation: Done())  # type: ignore[arg-type]
    return World(engine)


async def codes(client: Client, count: int, method: str, **params: object) -> list[str]:
    """How each of ``count`` requests was answered: ok, or the error's code."""
    found = []
    for _ in range(count):
        answer = await client.call(method, **params)
        found.append("ok" if "result" in answer else str(answer["error"]["data"]["code"]))
    return found


async def test_who_never_starts_is_closed() -> None:
    """Without session.start in time the session closes with 4408, whatever else was said."""
    world = a_world()
    async with timers(world) as clock, world.client(None) as client:
        await clock.elapse(4.9)
        await client.call("session.start", protocol=2)
        assert not client.session.over
        await clock.elapse(0.1)
        assert await client.end() == 4408


async def test_who_started_in_time_stays() -> None:
    """Once it has started the deadline is gone."""
    world = a_world()
    async with timers(world) as clock, world.client() as client:
        await clock.elapse(60)
        assert not client.session.over


async def test_an_ended_session_leaves_no_deadline() -> None:
    """Neither deadline of a session that ended does anything any more."""
    world = a_world()
    async with timers(world) as clock:
        async with world.client(None) as client:
            pass
        await clock.elapse(60)
        assert not client.session.patience.cancel_called


async def test_unauthenticated_sockets_an_address() -> None:
    """One past the limit is closed at once; authenticating or leaving frees the place."""
    world = a_world(unauthenticated_sockets_an_address=1)
    here = {"address": "192.0.2.1"}
    async with world.client(None, **here) as first:
        async with world.client(None, **here) as second:
            assert await second.end() == 1008
        async with world.client(None, address="192.0.2.2") as elsewhere:
            assert not elsewhere.session.over
        async with world.client(None, actor=actor("ben"), **here) as known:
            assert not known.session.over
        await first.call("session.start", protocol=1, token="ann's")
        async with world.client(None, **here) as third:
            assert not third.session.over


async def test_sends_are_limited_a_user() -> None:
    """Thirty in ten seconds pass, over however many sockets; the next is told how long to wait."""
    world = a_world()
    params = {"conversation_id": ROOM, "body": "hi"}
    async with world.client() as one, world.client() as two, world.client("ben's") as other:
        assert await codes(one, 20, "messages.send", **params) == ["ok"] * 20
        assert await codes(two, 10, "messages.send", **params) == ["ok"] * 10
        answer = await two.call("messages.send", **params)
        assert answer["error"]["data"]["code"] == "rate_limited"
        wait = answer["error"]["data"]["retry_after"]
        assert wait == pytest.approx(1 / 3, abs=0.002)
        assert await codes(one, 1, "users.me") == ["ok"]
        assert await codes(other, 1, "messages.send", **params) == ["ok"]
        world.engine.clock.advance(wait)
        assert await codes(one, 1, "messages.send", **params) == ["ok"]


async def test_a_forward_counts_for_each_conversation() -> None:
    """And not at all where it is refused."""
    world = a_world(sends=3)
    to = {"conversation_id": ROOM, "message_id": "m1", "conversation_ids": ["a", "b"], "key": "k"}
    params = {"conversation_id": ROOM, "body": "hi"}
    async with world.client() as client:
        assert await codes(client, 2, "messages.forward", **to) == ["ok", "rate_limited"]
        assert await codes(client, 2, "messages.send", **params) == ["ok", "rate_limited"]


async def test_state_is_refused_first() -> None:
    """Under pressure typing goes silently and receipts with an error; the rest still passes."""
    world = a_world(requests_burst=8)
    reserve = 8 // STATE_RESERVE
    async with world.client() as client:
        for _ in range(8 - 1 - reserve):
            await client.say(notification("typing.set", conversation_id=ROOM))
        typed = len(world.engine.operations)
        assert typed == 8 - 1 - reserve
        await client.say(notification("typing.set", conversation_id=ROOM))
        assert await client.hear() == []
        mark = {"conversation_id": ROOM, "read_seq": 1}
        assert await codes(client, 1, "receipts.mark", **mark) == ["rate_limited"]
        assert len(world.engine.operations) == typed
        assert await codes(client, reserve, "users.me") == ["ok"] * reserve
        assert await codes(client, 1, "users.me") == ["rate_limited"]
        world.engine.clock.advance(0.1)
        assert await codes(client, 1, "users.me") == ["ok"]


async def test_a_steady_client_is_never_refused() -> None:
    """Ten requests a second, all mixed, pass for as long as one likes."""
    world = a_world()
    async with world.client() as client:
        for _ in range(300):
            world.engine.clock.advance(0.2)
            assert await codes(client, 1, "users.me") == ["ok"]
            await client.say(notification("typing.set", conversation_id=ROOM))
        assert len(world.engine.operations) == 600


async def test_refused_reads_never_close() -> None:
    """However often reads are refused, the session stays."""
    world = a_world(requests_burst=1)
    async with world.client() as client:
        assert set(await codes(client, 2 * REFUSED_WRITES.burst, "users.me")) == {"rate_limited"}
        assert not client.session.over


@pytest.mark.parametrize("line", [send(1), request(1, "session.ping"), "nonsense"])
async def test_refused_writes_close_in_the_end(line: object) -> None:
    """Whoever goes on writing, or sending what is no request, is answered and then closed."""
    world = a_world(requests_burst=1)
    async with world.client() as client:
        for _ in range(REFUSED_WRITES.burst):
            await client.say(line)
            (answer,) = await client.hear()
            assert answer["error"]["data"]["code"] == "rate_limited"
        assert not client.session.over
        await client.say(line, send(2))
        assert len(await client.hear()) == 1
        assert await client.end() == 1008
    assert world.engine.operations == []


@pytest.mark.parametrize(("frame", "code"), [(b"{}", 1003), ("\ud800", 1007), ("x" * 65_537, 1009)])
async def test_bad_frames_close(frame: str | bytes, code: int) -> None:
    """Frames that no client of ours sends end the session with the code of RFC 6455."""
    world = a_world()
    async with world.client() as client:
        await client.session.receive(frame)
        await client.say(send(1))
        assert await client.end() == code
    assert world.engine.operations == []
    assert len(world.engine.gone) == 1


async def test_a_client_that_never_reads_is_told_and_closed() -> None:
    """Its events are gone, it hears that it was too slow, and others lose nothing."""
    world = a_world(outbox_events=4)
    async with world.client() as slow, world.client("ben's") as quick:
        for seq in range(1, 7):
            world.engine.hub.deliver([sent(seq)])
            assert len(await quick.hear()) == 1
        (last,) = await slow.hear()
        assert last["method"] == "session.closing"
        assert last["params"] == {"reason": "slow"}
        assert await slow.end() == 1013


async def test_one_socket_too_many_closes_the_oldest() -> None:
    """A user's connections are limited; the newest always gets in."""
    world = a_world(sockets_a_user=1)
    async with world.client() as old, world.client() as new:
        assert await old.end() == 1008
        assert not new.session.over


async def test_patience_ends_some_time_after_the_closing() -> None:
    """Who doesn't take what is left is waited for as long as for a pong, and no longer."""
    world = a_world()
    async with timers(world) as clock, world.client() as client:
        world.engine.hub.close_all(1012, "restarting")
        await clock.elapse(world.engine.limits.ping_timeout_s - 0.1)
        assert not client.session.patience.cancel_called
        await clock.elapse(0.1)
        assert client.session.patience.cancel_called
