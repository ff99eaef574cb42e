"""Carrying frames between a session and a socket, whatever becomes of the socket."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import pytest
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from attrs import define, field

from chatcore.config import Limits
from chatcore.models import Done
from chatcore.wire.realtime import RealtimeSession, pump
from tests.delivery.build import sent
from tests.wire.realtime_fakes import FakeEngine, World, timers

pytestmark = pytest.mark.anyio

START = '{"jsonrpc":"2.0","id":0,"method":"session.start","params":{"protocol":1,"token":"ann\'s"}}'


class HungUp(Exception):
    """What a framework raises when the client is gone."""


@define
class Socket:
    """A client's end: what it says, what it got, and whether it reads."""

    says: MemoryObjectSendStream[str | bytes | None]
    hears: MemoryObjectReceiveStream[str | bytes | None]
    got: list[str] = field(factory=list)
    closed: list[tuple[int, str]] = field(factory=list)
    reads: bool = True
    lost: bool = False

    async def receive(self) -> str | bytes | None:
        """The next frame, None at the end; raises once the line is dead."""
        frame = await self.hears.receive()
        if self.lost:
            raise HungUp
        return frame

    async def send(self, frame: str) -> None:
        """Take a frame, unless the client has stopped reading."""
        if self.lost:
            raise HungUp
        if not self.reads:
            await anyio.sleep_forever()
        self.got.append(frame)

    async def close(self, code: int, reason: str) -> None:
        """Close from the server's side."""
        if self.lost:
            raise HungUp
        self.closed.append((code, reason))


async def run(session: RealtimeSession, socket: Socket, ended: anyio.Event) -> None:
    """What an adapter does."""
    async with session:
        await pump(session, socket.receive, socket.send, socket.close, gone=(HungUp,))
    ended.set()


@asynccontextmanager
async def connected(world: World) -> AsyncIterator[tuple[Socket, anyio.Event]]:
    """A started session behind a socket; the event says when the adapter is through."""
    says, hears = anyio.create_memory_object_stream[str | bytes | None](10)
    socket, ended = Socket(says, hears), anyio.Event()
    with says, hears:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(run, world.session(lines=True), socket, ended)
            await says.send(START)
            await anyio.wait_all_tasks_blocked()
            yield socket, ended
            await anyio.wait_all_tasks_blocked()
            assert ended.is_set()


@pytest.fixture
def world() -> World:
    """An engine that answers everything with an empty result."""
    return World(FakeEngine(respond=lambda operation: Done()))


async def test_frames_go_both_ways(world: World) -> None:
    """Requests go in, answers and events come out, until the client leaves."""
    async with connected(world) as (socket, _):
        await socket.says.send('{"jsonrpc":"2.0","id":1,"method":"session.ping"}')
        await anyio.wait_all_tasks_blocked()
        world.engine.hub.deliver([sent(1), sent(2)])
        await anyio.wait_all_tasks_blocked()
        assert len(socket.got) == 3
        assert socket.got[1] == '{"jsonrpc":"2.0","id":1,"result":{}}'
        assert socket.got[2].count("\n") == 1
        await socket.says.send(None)
    assert socket.closed == []
    assert len(world.engine.gone) == 1


async def test_the_session_closes_the_socket(world: World) -> None:
    """What waits goes out first, then the socket is closed with code and reason."""
    async with connected(world) as (socket, _):
        world.engine.hub.deliver([sent(1)])
        world.engine.hub.close_all(1012, "restarting")
    assert len(socket.got) == 2
    assert "session.closing" in socket.got[1]
    assert socket.closed == [(1012, "restarting")]


async def test_a_bad_frame_closes_the_socket(world: World) -> None:
    """After a bad frame nothing is read any more."""
    async with connected(world) as (socket, _):
        await socket.says.send(b"binary")
        await socket.says.send('{"jsonrpc":"2.0","id":1,"method":"session.ping"}')
    assert [code for code, _ in socket.closed] == [1003]
    assert len(socket.got) == 1


async def test_a_client_that_hangs_up_while_listening(world: World) -> None:
    """The transport's own exception out of receive is the end, not an error."""
    async with connected(world) as (socket, _):
        socket.lost = True
        await socket.says.send("anything")
    assert len(world.engine.gone) == 1


async def test_a_client_that_hangs_up_while_being_told(world: World) -> None:
    """The transport's own exception out of send is the end, not an error."""
    async with connected(world) as (socket, _):
        socket.lost = True
        world.engine.hub.deliver([sent(1)])
    assert len(world.engine.gone) == 1


async def test_a_client_that_hangs_up_while_being_closed(world: World) -> None:
    """The transport's own exception out of close is the end, not an error."""
    async with connected(world) as (socket, _):
        socket.lost = True
        world.engine.hub.close_session(world.engine.connected[0].session_id, 1008, "enough")  # type: ignore[arg-type]
    assert socket.closed == []
    assert len(world.engine.gone) == 1


async def test_a_client_that_never_reads_is_given_up() -> None:
    """Sending to it may block for ever: in the end the session goes without it."""
    world = World(FakeEngine(limits=Limits(outbox_events=3), respond=lambda operation: Done()))
    async with timers(world) as clock, connected(world) as (socket, ended):
        socket.reads = False
        for seq in range(1, 10):
            world.engine.hub.deliver([sent(seq)])
            await anyio.wait_all_tasks_blocked()
        await clock.elapse(world.engine.limits.ping_timeout_s - 1)
        assert not ended.is_set()
        assert world.engine.hub.statistics().waiting_events <= 3
        await clock.elapse(1)
    assert socket.closed == []
    assert len(world.engine.gone) == 1


async def test_a_client_that_writes_and_never_reads_stops_being_read() -> None:
    """Its requests wait in its own socket once its answers do."""
    world = World(FakeEngine(limits=Limits(in_flight=4), respond=lambda operation: Done()))
    async with timers(world) as clock, connected(world) as (socket, _):
        socket.reads = False
        frame = "\n".join(f'{{"jsonrpc":"2.0","id":{n},"method":"users.me"}}' for n in range(3))
        for _ in range(8):
            await socket.says.send(frame)
        await anyio.wait_all_tasks_blocked()
        # One frame of answers is on its way into the socket; the limit's worth waits behind it.
        assert len(world.engine.operations) <= 2 * 4
        assert socket.says.statistics().current_buffer_used > 0
        world.engine.hub.close_all(1012, "restarting")
        await clock.elapse(world.engine.limits.ping_timeout_s)
    assert len(world.engine.gone) == 1
