"""SQLite: settings that keep what was acknowledged, and what happens when the file is busy."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, text
from sqlalchemy.exc import OperationalError

from chatcore.config import Settings
from chatcore.engine import ChatEngine
from chatcore.errors import Misconfigured, Unavailable
from chatcore.ids import SystemClock, UserId
from chatcore.models import Actor
from chatcore.operations import CreateConversation, ListMessages, SetPresence
from chatcore.storage.sql import SqlChatStore, sqlite
from chatcore.storage.sql.database import open_database
from chatcore.testing.fakes import PlainHasher
from tests.people import People


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits five seconds for a busy file."""
    monkeypatch.setattr(sqlite, "BUSY_S", 0.02)


@contextmanager
def held(database: str) -> Iterator[None]:
    """Another process writes, and doesn't come to an end."""
    other = sqlite3.connect(database.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


def test_connections_are_safe(database: str) -> None:
    """Write-ahead log, full durability, foreign keys; readers refuse to write."""
    opened = open_database(database, readers=1)

    def pragma(connection: object, name: str) -> object:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar()  # type: ignore[attr-defined]

    with opened.writer.connect() as writer:
        names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        assert [pragma(writer, name) for name in names] == ["wal", 2, 1, 5_000]
    with opened.reader.connect() as reader:
        assert pragma(reader, "query_only") == 1
        with pytest.raises(OperationalError, match="readonly"):
            reader.execute(text("DELETE FROM chat_batches"))
    opened.close()


def test_a_writer_holds_the_file_from_its_beginning(database: str) -> None:
    """A transaction that will write locks at once, not at its first write."""
    store = SqlChatStore(open_database(database, readers=1), Settings(), SystemClock())
    store.open()
    other = sqlite3.connect(database.removeprefix("sqlite:///"), timeout=0, isolation_level=None)
    with store.write(), pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("BEGIN IMMEDIATE")
    with store.read():
        other.execute("BEGIN IMMEDIATE")
    other.close()
    store.close()


def test_what_is_not_committed_is_undone(database: str) -> None:
    """Whether it ended by an error or not."""
    store = SqlChatStore(open_database(database, readers=1), Settings(), SystemClock())
    store.open()
    user = UserId("u")
    with store.write() as unit:
        unit.actors.lock([user])

    def fail() -> None:
        with store.write() as unit:
            unit.actors.lock([user])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with store.read() as unit:
        assert unit.actors.get(user) is None
    with store.write() as unit:
        unit.actors.lock([user])
        unit.commit()
    with store.read() as unit:
        assert unit.actors.get(user) is not None
    store.close()


def test_a_reader_sees_one_moment(database: str) -> None:
    """What is committed meanwhile isn't there before the next snapshot."""
    store = SqlChatStore(open_database(database, readers=1), Settings(), SystemClock())
    store.open()
    user = UserId("u")
    with store.read() as before:
        assert before.actors.get(user) is None
        with store.write() as unit:
            unit.actors.lock([user])
            unit.commit()
        assert before.actors.get(user) is None
    with store.read() as after:
        assert after.actors.get(user) is not None
    store.close()


@pytest.mark.anyio
@pytest.mark.usefixtures("brief")
async def test_a_busy_file_is_unavailable(database: str) -> None:
    """After some tries; reads go on meanwhile, and writes when it is free again."""
    actor = Actor(UserId("u"))
    async with ChatEngine(database, hasher=PlainHasher()) as engine:
        with held(database):
            for operation in (SetPresence("away"), CreateConversation(kind="self")):
                with pytest.raises(Unavailable):
                    await engine.execute(actor, operation)
            assert await engine.ready()
        assert (await engine.execute(actor, CreateConversation(kind="self"))).last_seq == 0


@pytest.mark.anyio
@pytest.mark.usefixtures("brief")
async def test_a_busy_file_cannot_be_opened(tmp_path: Path) -> None:
    """Where its tables have to be made first."""
    database = f"sqlite:///{tmp_path}/chat.db"
    with sqlite3.connect(tmp_path / "chat.db") as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    with held(database), pytest.raises(Unavailable):
        async with ChatEngine(database):
            raise AssertionError("opened")


def test_many_open_a_fresh_file_at_once(tmp_path: Path) -> None:
    """One makes the tables, the others find them; all agree on the epoch."""
    epochs: list[str] = []
    errors: list[BaseException] = []
    start = threading.Barrier(6)

    def open_one() -> None:
        try:
            opened = open_database(f"sqlite:///{tmp_path}/chat.db", readers=1)
            store = SqlChatStore(opened, Settings(), SystemClock())
            start.wait(10)
            store.open()
            with store.read() as unit:
                epochs.append(unit.epoch)
            store.close()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=open_one) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert (len(epochs), len(set(epochs))) == (6, 1)


def test_an_old_sqlite_is_refused(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without built-in JSON nothing would work."""
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 37, 9))
    opened = open_database(database, readers=1)
    with pytest.raises(Misconfigured, match="too old"):
        opened.writer.connect()
    opened.close()


@pytest.mark.anyio
async def test_a_full_disk_is_unavailable(engine: ChatEngine, people: People) -> None:
    """Nothing is changed, one is told to come back, and when there is room again all goes on."""
    (ann,) = await people("ann")
    group = await people.group(ann)
    await people.say(ann, group, "first")
    store = engine.chat_store
    with store._database.writer.connect() as connection:  # type: ignore[attr-defined]
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()

    def room(most: int) -> None:
        @event.listens_for(store._database.writer, "begin")  # type: ignore[attr-defined]
        def begin(connection: Connection) -> None:
            connection.exec_driver_sql(f"PRAGMA max_page_count = {most}")

    room(pages)
    with pytest.raises(Unavailable, match="no room"):
        await people.say(ann, group, *["x" * 4_000] * 50)
    held = await engine.execute(ann, ListMessages(group.id))
    room(1_000_000)
    (sent,) = await people.say(ann, group, "on we go")
    assert sent.seq == held.items[-1].seq + 1
