"""The engine for synchronous hosts."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from chatcore.blocking import BlockingEngine
from chatcore.errors import (
    Misconfigured,
    NotFound,
    Unavailable,
)
from chatcore.ids import ConversationId
from chatcore.models import ANONYMOUS
from chatcore.operations import (
    CreateConversation,
    GetConversation,
    GetMe,
    Register,
    SendMessage,
)
from chatcore.testing.fakes import PlainHasher
from tests.people import PASSWORD


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_synchronous_hosts_use_the_same_engine(database: str, backend: str) -> None:
    """One method, from any thread; errors come out as they are."""
    with BlockingEngine(database, backend=backend, hasher=PlainHasher()) as engine:
        ann = engine.execute(ANONYMOUS, Register("ann", PASSWORD)).actor
        notes = engine.execute(ann, CreateConversation(kind="self"))
        with ThreadPoolExecutor(4) as threads:
            sent = list(
                threads.map(
                    lambda number: engine.execute(ann, SendMessage(notes.id, str(number))),
                    range(20),
                )
            )
        assert sorted(one.seq for one in sent) == list(range(1, 21))
        with pytest.raises(NotFound):
            engine.execute(ann, GetConversation(ConversationId("x")))
    with pytest.raises(Unavailable):
        engine.execute(ann, GetMe())


def test_a_synchronous_engine_is_closed_on_an_error(database: str) -> None:
    """Its threads end, and the error goes on."""
    before = set(threading.enumerate())
    with (
        pytest.raises(ZeroDivisionError),
        BlockingEngine(database, hasher=PlainHasher()) as engine,
    ):
        raise ZeroDivisionError
    with pytest.raises(Unavailable):
        engine.execute(ANONYMOUS, GetMe())
    for thread in set(threading.enumerate()) - before:
        thread.join(timeout=10)
        assert not thread.is_alive()


def test_a_synchronous_engine_that_cannot_open_raises(tmp_path: Path) -> None:
    """And leaves nothing running."""
    with (
        pytest.raises(Misconfigured),
        BlockingEngine(f"sqlite:///{tmp_path}/missing/chat.db"),
    ):
        raise AssertionError("opened")
