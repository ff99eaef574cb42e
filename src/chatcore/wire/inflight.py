"""The operations of one realtime session that are on their way through the engine."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, suppress
from functools import partial
from typing import Any

from chatcore.delivery.connection import Connection
from chatcore.engine import ChatEngine, Request
from chatcore.errors import ChatError
from chatcore.models import Actor
from chatcore.operations import Login, Operation, RequestReset, WatchPresence
from chatcore.services.work import Outcome
from chatcore.wire.jsonrpc import Call
from chatcore.wire.logins import ATTEMPTS, NAMING, LoginFailures

_Done = Callable[[Outcome], None]


class InFlight:
    """Queues a frame's operations and hands them to the engine in one call.

    ``settle`` is told each call's outcome, a result or a :class:`ChatError`, on the event loop.
    """

    def __init__(
        self, engine: ChatEngine, logins: LoginFailures, settle: Callable[[Call, Outcome], None]
    ) -> None:
        self.running = 0
        """How many are queued or under way."""
        self._engine = engine
        self._logins = logins
        self._settle = settle
        self._queued: list[Request] = []

    def queue(
        self, actor: Actor, connection: Connection, call: Call, operation: Operation[Any]
    ) -> None:
        """Queue an operation. Raises :class:`RateLimited` after too many wrong passwords."""
        if isinstance(operation, NAMING):
            self.running += 1
            self._engine.spawn(self._naming, actor, call, operation)
            return
        done: _Done = partial(self._done, call)
        if isinstance(operation, WatchPresence):
            done = self._watching(connection, operation, done)
        if operation.spec.rate in ATTEMPTS:
            done = self._attempting(actor, operation, done)
        self.running += 1
        self._queued.append(Request(actor, operation, done))

    def submit(self) -> None:
        """Hand over what is queued."""
        if self._queued:
            queued, self._queued = self._queued, []
            self._engine.submit(queued)

    def _done(self, call: Call, outcome: Outcome) -> None:
        self.running -= 1
        self._settle(call, outcome)

    def _watching(self, connection: Connection, operation: WatchPresence, done: _Done) -> _Done:
        """Watch from before the engine looks, so that no change falls between."""
        hub, before = self._engine.hub, connection.watched
        wanted = frozenset(operation.user_ids)
        hub.watch(connection, before | wanted)

        def watched(outcome: Outcome) -> None:
            # A session that is over must not come back among the watchers.
            if connection.outbox.closing is None:
                hub.watch(connection, before if isinstance(outcome, ChatError) else wanted)
            done(outcome)

        return watched

    async def _naming(self, actor: Actor, call: Call, operation: Login | RequestReset) -> None:
        """Find out whose login name it is, then go on as ever."""
        outcome: Outcome
        try:
            named = await self._engine.account_of(operation.login)
            with self._logins.attempt(operation, actor, named):
                outcome = await self._engine.execute(actor, operation)
        except ChatError as error:
            outcome = error
        self._done(call, outcome)

    def _attempting(self, actor: Actor, operation: Operation[Any], done: _Done) -> _Done:
        """Count a password that turns out wrong."""
        attempt = ExitStack()
        attempt.enter_context(self._logins.attempt(operation, actor))

        def attempted(outcome: Outcome) -> None:
            with suppress(ChatError), attempt:
                if isinstance(outcome, ChatError):
                    raise outcome
            done(outcome)

        return attempted
