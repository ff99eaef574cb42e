"""Two engines on one file, as two processes would be, and calls that are made at the same moment.

    @ROUNDS
    def test_one_wins(engines: Engines, rounds: int) -> None:
        for _ in range(rounds):
            first, second = race(engines[0].ask(ann, …), engines[1].ask(ben, …))

Each engine has its own connections, lanes and event loop, in a thread of its own. Whatever comes
first, the outcomes and what is then stored have to be those of one order or the other.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

import pytest
from attrs import frozen

from chatcore.blocking import BlockingEngine
from chatcore.config import Limits, Settings
from chatcore.errors import ChatError
from chatcore.ids import ConversationId, UserId
from chatcore.models import ANONYMOUS, Actor
from chatcore.operations import Operation, Register
from chatcore.ports.conversations import ConversationRecord
from chatcore.ports.members import MemberRecord
from chatcore.services.work import ChatWork
from chatcore.testing.fakes import PlainHasher
from tests.people import PASSWORD

R = TypeVar("R")
Call = Callable[[], Any]
Engines = tuple[BlockingEngine, BlockingEngine]

ROUNDS = pytest.mark.parametrize("rounds", [3, pytest.param(1_000, marks=pytest.mark.slow)])
"""A few rounds among the quick tests, a thousand among the slow ones."""


@contextmanager
def two_engines(
    database: str, *, limits: Limits | None = None, settings: Settings | None = None
) -> Iterator[Engines]:
    """Two that share a file and nothing else."""
    options: dict[str, Any] = {"limits": limits, "settings": settings}
    with (
        BlockingEngine(database, hasher=PlainHasher(), **options) as one,
        BlockingEngine(database, hasher=PlainHasher(), **options) as other,
    ):
        yield one, other


def register(engine: BlockingEngine, *names: str) -> tuple[Actor, ...]:
    """New users."""
    return tuple(engine.execute(ANONYMOUS, Register(name, PASSWORD)).actor for name in names)


def ask(engine: BlockingEngine, actor: Actor, operation: Operation[R]) -> Callable[[], R]:
    """A call to race with."""
    return partial(engine.execute, actor, operation)


def race(*calls: Call) -> list[Any]:
    """Make these calls at the same moment; what each gives, or the ChatError it raises.

    Any other exception is raised here.
    """
    start = threading.Barrier(len(calls))
    outcomes: list[Any] = [None] * len(calls)
    failed: list[Exception] = []

    def run(index: int, call: Call) -> None:
        start.wait(30)
        try:
            outcomes[index] = call()
        except ChatError as error:
            outcomes[index] = error
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=run, args=one) for one in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    return outcomes


def codes(outcomes: Sequence[Any]) -> list[str]:
    """What became of each: "ok", or the error's code."""
    return [one.code if isinstance(one, ChatError) else "ok" for one in outcomes]


def tally(outcomes: Sequence[Any]) -> Counter[str]:
    """How often each became."""
    return Counter(codes(outcomes))


@frozen
class Stored:
    """A conversation as it lies in the database."""

    stream: ConversationRecord
    members: dict[UserId, MemberRecord]
    """The current ones."""
    banned: set[UserId]

    @property
    def roles(self) -> dict[UserId, str]:
        """By member."""
        return {user: row.role for user, row in self.members.items()}


def stored(engine: BlockingEngine, conversation: ConversationId) -> Stored | None:
    """How a conversation stands, None where there is none; fails where that breaks a law.

    A living group has an owner, its count is right, nobody banned is in it, and no revision is
    higher than its own.
    """

    def read(work: ChatWork) -> Stored | None:
        stream = work.unit.conversations.get([conversation]).get(conversation)
        if stream is None:
            return None
        rows = work.unit.members.of(stream.n)
        bans = work.unit.bans.page(stream.n, "", -1)
        return Stored(stream, {row.user_id: row for row in rows}, {one.user_id for one in bans})

    found: Stored | None = in_transaction(engine, read)
    if found is not None:
        assert found.stream.member_count == len(found.members)
        assert not found.banned & found.members.keys()
        assert all(row.rev <= found.stream.rev for row in found.members.values())
        if found.stream.kind == "group":
            assert "owner" in found.roles.values()
    return found


def in_transaction(engine: BlockingEngine, read: Callable[[ChatWork], R]) -> R:
    """What ``read`` finds in one snapshot of the chat store."""
    with engine.engine.chat_store.read() as unit:
        return read(ChatWork(unit, engine.engine.limits, engine.engine.settings))
