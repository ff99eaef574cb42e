"""An engine on an event loop in a thread of its own, driven from synchronous tests.

Hypothesis runs examples synchronously, and opening a database costs more than an example: a world
serves all the examples of a test, which keep apart by making users of their own.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import anyio
from anyio.from_thread import BlockingPortal, start_blocking_portal
from anyio.lowlevel import checkpoint

from chatcore import codec
from chatcore.codec import rfc3339
from chatcore.config import Limits
from chatcore.delivery.connection import Connection
from chatcore.delivery.outbox import Outbox
from chatcore.engine import ChatEngine, Request
from chatcore.errors import ChatError
from chatcore.flows import retention
from chatcore.ids import ConnectionId, ConversationId, UserId, new_id, to_datetime
from chatcore.models import ANONYMOUS, Actor
from chatcore.operations import Operation, Register, spec_of
from chatcore.ports.members import MemberRecord
from chatcore.rules.membership import rank
from chatcore.services.work import ChatWork, Outcome
from chatcore.testing.clock import FakeClock
from chatcore.testing.fakes import PlainHasher
from tests.people import PASSWORD, RecordingBroker

# In memory where the system has such a place: durability isn't what is tested here.
_FAST = Path("/dev/shm")

Json = dict[str, Any]
Asked = tuple[Actor, Operation[Any]]


class World:
    """One engine, its clock and its broker. Every method may be called from any thread."""

    def __init__(self, portal: BlockingPortal, path: Path, limits: Limits) -> None:
        self.clock = FakeClock()
        self.broker = RecordingBroker()
        self.limits = limits
        self.engine = ChatEngine(
            f"sqlite:///{path}",
            hasher=PlainHasher(),
            clock=self.clock,
            broker=self.broker,
            limits=limits,
        )
        self._portal = portal
        self._names = count()

    def tick(self, milliseconds: int = 1) -> None:
        """Let time pass, and whatever was waiting for it run."""
        self._portal.call(self._tick, milliseconds / 1_000)

    async def _tick(self, seconds: float) -> None:
        # Waiting until all tasks are blocked takes 0.1 s on asyncio: too long for every step.
        self.clock.advance(seconds)
        for _ in range(20):
            await checkpoint()
        # What woke and writes has to be done before time goes on: transactions have an age limit.
        await self.engine.chat_write(lambda work: None)

    def now(self) -> str:
        """The time, as it is written on the wire."""
        return rfc3339(to_datetime(self.clock.now()))

    def expire(self) -> None:
        """What the engine does by itself every now and then: tombstones of what has expired."""
        self._portal.call(retention.expire, self.engine)

    def people(self, number: int) -> list[Actor]:
        """New users, whose ids sort in this order."""
        found = []
        for _ in range(number):
            self.tick()
            operation = Register(f"user{next(self._names)}", PASSWORD)
            found.append(self._portal.call(self.engine.execute, ANONYMOUS, operation).actor)
        return found

    def run(self, actor: Actor, operation: Operation[Any]) -> Outcome:
        """One operation's result, or the error that refused it."""
        return self.run_all([(actor, operation)])[0]

    def run_all(self, asked: Sequence[Asked]) -> list[Outcome]:
        """Operations that are submitted at once: what came of each, in order."""
        return self._portal.call(self._submit, asked)

    async def _submit(self, asked: Sequence[Asked]) -> list[Outcome]:
        outcomes: dict[int, Outcome] = {}
        finished = anyio.Event()

        def done(index: int, outcome: Outcome) -> None:
            assert index not in outcomes, "told twice"
            outcomes[index] = outcome
            if len(outcomes) == len(asked):
                finished.set()

        if not asked:
            return []
        self.engine.submit(
            [
                Request(actor, operation, lambda outcome, index=index: done(index, outcome))
                for index, (actor, operation) in enumerate(asked)
            ]
        )
        with anyio.fail_after(30):
            await finished.wait()
        return [outcomes[index] for index in range(len(asked))]

    def call(self, actor: Actor, method: str, params: Json) -> tuple[Json | None, str]:
        """A method as a client calls it: its JSON answer, or None and the error's code."""
        spec = spec_of(method)
        assert spec is not None, method
        outcome = self.run(actor, codec.structure(params, spec.cls))
        if isinstance(outcome, ChatError):
            return None, outcome.code
        return wire(outcome), ""

    def connect(self, actor: Actor, since: str | None) -> tuple[Connection, Json]:
        """Open a connection: itself, and the answer of ``session.start``."""
        name = ConnectionId(new_id(self.clock.now()))
        outbox = Outbox(self.limits, lines=True)
        made = Connection(name, UserId(actor.id), actor.session_id, outbox)
        return made, wire(self._portal.call(self.engine.connect, made, since))

    def disconnect(self, connection: Connection) -> None:
        """Close a connection."""
        self._portal.call(self.engine.disconnect, connection)

    def drain(self, connection: Connection) -> list[str]:
        """The lines that wait for a connection, taken out."""
        return self._portal.call(_drain, connection)

    def write(self, run: Callable[[ChatWork], Any]) -> Any:
        """Run something inside a transaction of the chat store."""
        return self._portal.call(self.engine.chat_write, run)

    def seats(self, rooms: Sequence[ConversationId]) -> dict[ConversationId, list[MemberRecord]]:
        """Who is a member of which of these that live, highest ranks first."""

        def read(work: ChatWork) -> dict[ConversationId, list[MemberRecord]]:
            found = work.unit.conversations.get(rooms)
            return {id: list(work.unit.members.of(one.n)) for id, one in found.items()}

        found = self._portal.call(self.engine.chat_read, read)
        ranked = {
            id: sorted(members, key=lambda one: rank(one.role), reverse=True)
            for id, members in found.items()
        }
        return {id: ranked.get(id, []) for id in rooms}


async def _drain(connection: Connection) -> list[str]:
    lines: list[str] = []
    while connection.outbox.events or connection.outbox.answers:
        lines.extend((await connection.outbox.next_frame()).split("\n"))
    return lines


def wire(value: Any) -> Json:
    """A result as a client gets it."""
    return decoded(codec.encode(value))


def decoded(text: str | bytes) -> Json:
    """A line or an answer, as a client reads it."""
    found: Json = json.loads(text)
    return found


@contextmanager
def open_world(backend: str, limits: Limits | None = None) -> Iterator[World]:
    """A world on this event loop, with a database that nobody else has."""
    fast = _FAST if _FAST.is_dir() else None
    with TemporaryDirectory(dir=fast) as folder, start_blocking_portal(backend) as portal:
        world = World(portal, Path(folder) / "chat.db", limits or Limits())
        with portal.wrap_async_context_manager(world.engine):
            yield world
