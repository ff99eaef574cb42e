"""The realtime session, without a socket: frames in, frames out, and why it ends.

    async with RealtimeSession(engine, rates, logins, lines=True, address="192.0.2.1") as session:
        await pump(session, receive, send, close)

- The first request is ``session.start``, within ``limits.authenticate_s``; nothing else runs
  before it.
- The operations of a frame go to the engine in one call and in order; each line is answered by
  itself. At most ``limits.in_flight`` are under way, or answered and not yet taken by the client;
  :meth:`RealtimeSession.receive` waits until there is room.
- Answers and events wait in one bounded outbox. A client that doesn't take the last of them within
  ``limits.ping_timeout_s`` is given up.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import ExitStack, suppress
from functools import partial
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import anyio
from attrs import evolve

from chatcore.codec import structure
from chatcore.delivery.connection import Connection
from chatcore.delivery.outbox import Outbox, SessionClosed
from chatcore.engine import ChatEngine
from chatcore.errors import ChatError, Conflict, Invalid, RateLimited, Unauthenticated
from chatcore.ids import ConnectionId, new_id, stream_of
from chatcore.models import ANONYMOUS, Actor, Done
from chatcore.operations import Operation, Spec, spec_of
from chatcore.operations.checks import check
from chatcore.services.work import Outcome
from chatcore.wire.frames import messages
from chatcore.wire.inflight import InFlight
from chatcore.wire.jsonrpc import NULL, Call, ProtocolError, error_line, read_call, result_line
from chatcore.wire.limits import RateLimits, SocketRates
from chatcore.wire.logins import LoginFailures
from chatcore.wire.problems import INVALID_REQUEST, METHOD_NOT_FOUND
from chatcore.wire.session import METHODS, PROTOCOL, SILENT, Focus, Inactive, Start

Op = TypeVar("Op", bound=Operation[Any])

_REFUSED: Final = 1008
_UNAUTHENTICATED: Final = 4401
_TOO_LATE: Final = 4408


class RealtimeSession:
    """One client's session. Everything happens on the engine's event loop.

    ``lines``: whether the client chose the subprotocol ``chatcore.v1``. ``actor`` is who the
    opening request authenticated, if it did. ``rates`` and ``logins`` are shared with HTTP.
    """

    def __init__(
        self,
        engine: ChatEngine,
        rates: RateLimits,
        logins: LoginFailures,
        *,
        lines: bool,
        actor: Actor | None = None,
        address: str | None = None,
        user_agent: str | None = None,
    ) -> None:
        self.patience = anyio.CancelScope()
        """Ends when the session is over and the client has had its time to take what is left."""
        self._engine = engine
        self._limits = engine.limits
        self._rates = rates
        self._socket = SocketRates(engine.limits, engine.clock)
        self._lines = lines
        self._opened_by = actor
        self._actor = evolve(ANONYMOUS, address=address, user_agent=user_agent)
        self._connection: Connection | None = None
        self._outbox = Outbox(engine.limits, lines=lines, on_close=self._closing)
        self._in_flight = InFlight(engine, logins, self._settle)
        self._room = anyio.Event()
        self._before_start = ExitStack()
        self._until_exit = ExitStack()

    async def __aenter__(self) -> Self:
        if self._opened_by is None:
            try:
                place = self._rates.unauthenticated(self._actor.address)
                self._before_start.enter_context(place)
            except RateLimited:
                self._outbox.close(_REFUSED, "too many connections")
        late = partial(self._outbox.close, _TOO_LATE, "no session.start in time")
        timer = self._engine.hub.timers.after(self._limits.authenticate_s, late)
        self._before_start.callback(timer.cancel)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let go of everything, whatever ended it."""
        self._outbox.close(1000, "")
        self._before_start.close()
        self._until_exit.close()
        if self._connection is not None:
            # A closing engine is Unavailable, and lets go of its connections by itself.
            with anyio.CancelScope(shield=True), suppress(ChatError):
                await self._engine.disconnect(self._connection)

    @property
    def over(self) -> bool:
        """Whether nothing more is read; what waits may still go out."""
        return self._outbox.closing is not None

    async def outgoing(self) -> str:
        """The next text frame. Raises :class:`SessionClosed` when none follows."""
        frame = await self._outbox.next_frame()
        self._room.set()
        return frame

    async def receive(self, frame: str | bytes) -> None:
        """Take a frame in; ``bytes`` is a binary one. Raises nothing, whatever it holds.

        Returns when its requests are on their way. Their answers come out of :meth:`outgoing`.
        """
        if self.over:
            return
        try:
            lines = messages(frame, self._limits.frame_bytes, lines=self._lines)
        except SessionClosed as bad:
            self._outbox.close(bad.code, bad.reason)
            return
        for line in lines:
            if self._full():
                self._in_flight.submit()
                await self._until_room()
            if self.over:
                break
            await self._take(line)
        self._in_flight.submit()

    def _full(self) -> bool:
        return self._in_flight.running + self._outbox.answers >= self._limits.in_flight

    async def _until_room(self) -> None:
        while self._full() and not self.over:
            self._room = anyio.Event()
            await self._room.wait()

    def _closing(self) -> None:
        """Nobody waits for room any more, and nobody waits for the client for ever."""
        self._room.set()
        timer = self._engine.hub.timers.after(self._limits.ping_timeout_s, self.patience.cancel)
        self._until_exit.callback(timer.cancel)

    # Requests.

    async def _take(self, line: str) -> None:
        """Do what a line asks for, or queue it for the engine, or answer why not."""
        call = read_call(line, self._limits)
        spec = spec_of(call.method)
        try:
            self._count(spec)
            if call.fault is not None:
                raise call.fault
            if call.id is None and call.method not in SILENT:
                raise ProtocolError(INVALID_REQUEST, "This request needs an id")
            await self._dispatch(call, spec)
        except ChatError as error:
            self._settle(call, error)
            self._follow(call, spec, error)

    def _count(self, spec: Spec | None) -> None:
        self._socket.count("requests" if spec is None else spec.rate)
        if spec is not None and self._connection is not None:
            self._rates.count(spec, self._connection.user_id, self._actor.address)

    async def _dispatch(self, call: Call, spec: Spec | None) -> None:
        if call.method == "session.start":
            await self._start(call, self._params(call, Start))
        elif self._connection is None:
            raise Unauthenticated
        elif call.method in METHODS:
            self._adjust(self._connection, self._params(call, METHODS[call.method]))
            self._settle(call, Done())
        elif spec is None:
            raise ProtocolError(METHOD_NOT_FOUND, "No such method")
        else:
            operation = self._params(call, spec.cls)
            if spec.counts is not None:
                self._rates.count_rest(operation, self._connection.user_id)
            self._in_flight.queue(self._actor, self._connection, call, operation)

    def _params(self, call: Call, cls: type[Op]) -> Op:
        if not isinstance(call.params, dict):
            raise Invalid.field("params", "must be an object")
        operation = structure(call.params, cls)
        if call.method in METHODS:
            # The engine checks what it executes; these it never sees.
            check(operation, self._limits)
        return operation

    def _settle(self, call: Call, outcome: Outcome) -> None:
        """Answer, unless it came without an id and may."""
        self._room.set()
        if isinstance(outcome, ChatError):
            if call.id is not None or call.method not in SILENT:
                self._outbox.answer(error_line(call.id or NULL, outcome))
        elif call.id is not None:
            self._outbox.answer(result_line(call.id, outcome))

    def _follow(self, call: Call, spec: Spec | None, error: ChatError) -> None:
        """What a refusal leads to once it is answered. What is no operation counts as a write."""
        write = spec is None or (spec.writes and spec.rate != "state")
        if isinstance(error, Unauthenticated) and call.method == "session.start":
            self._outbox.close(_UNAUTHENTICATED, "unauthenticated")
        elif isinstance(error, RateLimited) and write and not self._socket.refuse_write():
            self._outbox.close(_REFUSED, "too many refused requests")

    # The session's own requests.

    async def _start(self, call: Call, start: Start) -> None:
        if self._connection is not None:
            raise Conflict("The session has started already")
        if start.protocol != PROTOCOL:
            raise Invalid.field("protocol", f"only {PROTOCOL} is spoken here")
        self._actor = await self._authenticate(start.token)
        name = ConnectionId(new_id(self._engine.clock.now()))
        session = self._actor.session_id
        self._connection = Connection(name, self._actor.id, session, self._outbox)
        try:
            started = await self._engine.connect(self._connection, start.since)
        except ChatError:
            self._connection = None
            raise
        self._before_start.close()
        self._settle(call, started)

    async def _authenticate(self, token: str | None) -> Actor:
        if token is not None:
            asked = self._actor
            return await self._engine.authenticate(
                token, address=asked.address, user_agent=asked.user_agent
            )
        if self._opened_by is None:
            raise Unauthenticated
        return self._opened_by

    def _adjust(self, connection: Connection, wish: Operation[Any]) -> None:
        match wish:
            case Focus():
                connection.focus = frozenset(map(stream_of, wish.conversation_ids))
            case Inactive():
                connection.rest(wish.inactive)


async def pump(
    session: RealtimeSession,
    receive: Callable[[], Awaitable[str | bytes | None]],
    send: Callable[[str], Awaitable[None]],
    close: Callable[[int, str], Awaitable[None]],
    *,
    gone: tuple[type[Exception], ...] = (OSError,),
) -> None:
    """Carry frames both ways between a session and a socket until one of them ends.

    ``receive`` gives a text frame, a binary one, or None once the client has left; any of the
    three may raise one of ``gone`` instead. ``close`` takes the close code and the reason.
    """
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_read, session, receive, gone, tasks.cancel_scope)
        with session.patience, suppress(*gone):
            try:
                while True:
                    await send(await session.outgoing())
            except SessionClosed as closed:
                await close(closed.code, closed.reason)
        tasks.cancel_scope.cancel()


async def _read(
    session: RealtimeSession,
    receive: Callable[[], Awaitable[str | bytes | None]],
    gone: tuple[type[Exception], ...],
    scope: anyio.CancelScope,
) -> None:
    with suppress(*gone):
        while not session.over:
            frame = await receive()
            if frame is None:
                break
            await session.receive(frame)
    if not session.over:
        scope.cancel()
