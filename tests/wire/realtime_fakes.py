"""An engine that does as the test says, and a client that talks to a session of it."""

import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, cast

import anyio
import anyio.lowlevel
from attrs import define, field

from chatcore.config import Limits
from chatcore.delivery.connection import Connection
from chatcore.delivery.hub import Hub
from chatcore.delivery.outbox import SessionClosed
from chatcore.engine import ChatEngine, Request
from chatcore.errors import ChatError, Unauthenticated, Unavailable
from chatcore.ids import ConversationId, SessionId, UserId
from chatcore.models import Actor, Started, User
from chatcore.operations import Operation
from chatcore.testing.clock import FakeClock
from chatcore.wire.limits import RateLimits
from chatcore.wire.logins import LoginFailures
from chatcore.wire.realtime import RealtimeSession
from tests.delivery.build import ROOM, THEN

TOKENS = {"ann's": "ann", "ben's": "ben"}


@define
class FakeEngine:
    """Knows ann and ben, who are members of one room. Answers what ``respond`` makes."""

    limits: Limits = field(factory=Limits)
    clock: FakeClock = field(factory=FakeClock)
    respond: Callable[[Operation[Any]], Any] | None = None
    """None: the requests wait in ``submitted`` for the test to settle them."""
    refuses: ChatError | None = None
    """What connecting raises."""
    closing: bool = False
    submitted: list[list[Request]] = field(factory=list)
    connected: list[Connection] = field(factory=list)
    gone: list[Connection] = field(factory=list)
    seen: list[tuple[str | None, str | None]] = field(factory=list)
    """The address and user agent of who authenticated by a token."""
    hub: Hub = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.hub = Hub(self.limits, self.clock)

    @property
    def operations(self) -> list[Operation[Any]]:
        """All that was submitted, in order."""
        return [request.operation for batch in self.submitted for request in batch]

    def submit(self, requests: Sequence[Request]) -> None:
        self.submitted.append(list(requests))
        if self.respond is not None:
            for request in requests:
                request.done(self.respond(request.operation))

    async def authenticate(
        self, token: str, *, address: str | None = None, user_agent: str | None = None
    ) -> Actor:
        await anyio.lowlevel.checkpoint()
        self.seen.append((address, user_agent))
        if token not in TOKENS:
            raise Unauthenticated
        return actor(TOKENS[token])

    async def connect(self, connection: Connection, since: str | None = None) -> Started:
        await anyio.lowlevel.checkpoint()
        if self.refuses is not None:
            raise self.refuses
        self.hub.attach(connection)
        self.hub.subscribe(connection.user_id, {ConversationId(ROOM): 0})
        self.connected.append(connection)
        user = User(id=connection.user_id, display_name="Someone", created_at=THEN)
        return Started(
            session_id=connection.id, user=user, heads=(), since=since or "begin", limits={}
        )

    async def disconnect(self, connection: Connection) -> None:
        await anyio.lowlevel.checkpoint()
        if self.closing:
            raise Unavailable
        self.hub.detach(connection)
        self.gone.append(connection)


def actor(user: str) -> Actor:
    """A signed-in user."""
    return Actor(UserId(user), SessionId(f"{user}'s session"))


@define
class World:
    """An engine and what its transports share."""

    engine: FakeEngine = field(factory=FakeEngine)
    rates: RateLimits = field(init=False)
    logins: LoginFailures = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.rates = RateLimits(self.engine.limits, self.engine.clock)
        self.logins = LoginFailures(self.engine.limits, self.engine.clock)

    def session(self, *, lines: bool = True, **more: Any) -> RealtimeSession:
        """A session that nobody has entered yet."""
        engine = cast(ChatEngine, self.engine)
        return RealtimeSession(engine, self.rates, self.logins, lines=lines, **more)

    @asynccontextmanager
    async def client(self, token: str | None = "ann's", **more: Any) -> AsyncIterator["Client"]:
        """A client; with a token its session has started, and that answer is taken."""
        async with self.session(**more) as session:
            client = Client(session)
            if token is not None:
                answer = await client.call("session.start", protocol=1, token=token)
                assert "result" in answer
            yield client


@define
class Client:
    """Says things and hears what comes back."""

    session: RealtimeSession

    async def say(self, *messages: Any) -> None:
        """Send one frame: JSON messages, or text as it is, a line each."""
        lines = (one if isinstance(one, str) else json.dumps(one) for one in messages)
        await self.session.receive("\n".join(lines))

    async def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a request and take the one message that waits after it."""
        await self.say(request(1, method, **params))
        (answer,) = await self.hear()
        return answer

    async def hear(self) -> list[dict[str, Any]]:
        """Every message that waits, taken; it is the end of the session that is waited for."""
        found: list[dict[str, Any]] = []
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._read, found)
                await anyio.wait_all_tasks_blocked()
                scope.cancel()
        return found

    async def _read(self, found: list[dict[str, Any]]) -> None:
        try:
            while True:
                frame = await self.session.outgoing()
                found.extend(json.loads(line) for line in frame.split("\n"))
        except SessionClosed:
            return

    async def end(self) -> int:
        """The code that the session closes with, once all that waits is taken."""
        assert self.session.over
        while True:
            try:
                await self.session.outgoing()
            except SessionClosed as closed:
                return closed.code


def request(id: Any, method: str, **params: Any) -> dict[str, Any]:
    """A JSON-RPC request."""
    return {"jsonrpc": "2.0", "id": id, "method": method, "params": params}


def notification(method: str, **params: Any) -> dict[str, Any]:
    """A JSON-RPC request without an id."""
    return {"jsonrpc": "2.0", "method": method, "params": params}


def send(id: Any, body: str = "hi") -> dict[str, Any]:
    """A request to send a message."""
    return request(id, "messages.send", conversation_id=ROOM, body=body)


@asynccontextmanager
async def timers(world: World) -> AsyncIterator[FakeClock]:
    """The engine's timers run; time passes by the clock."""
    async with AsyncExitStack() as stack:
        tasks = await stack.enter_async_context(anyio.create_task_group())
        tasks.start_soon(world.engine.hub.run)
        await anyio.wait_all_tasks_blocked()
        yield world.engine.clock
        tasks.cancel_scope.cancel()
