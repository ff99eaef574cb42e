"""What a host may give the engine: databases, people, a place for files."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from chatcore.config import Limits
from chatcore.delivery.connection import Connection
from chatcore.delivery.outbox import Outbox
from chatcore.engine import ChatEngine
from chatcore.errors import (
    Misconfigured,
    NotFound,
)
from chatcore.ids import ConnectionId, UserId
from chatcore.models import Actor, User
from chatcore.operations import (
    AddMembers,
    ListMessages,
)
from chatcore.ports.identity import Directory
from chatcore.testing.fakes import PlainHasher
from tests.people import People, dump


@pytest.mark.parametrize(
    "database",
    [
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file:x?mode=memory&uri=true",
        "oracle://host/db",
        "nonsense",
        "",
    ],
)
def test_what_the_engine_cannot_run_on(database: str) -> None:
    """A database that forgets, that isn't supported, or that is none."""
    with pytest.raises(Misconfigured):
        ChatEngine(database)


@pytest.mark.anyio
@pytest.mark.parametrize("content", [None, "no database at all " * 99])
async def test_a_file_that_is_no_database(tmp_path: Path, content: str | None) -> None:
    """A folder that isn't there, or a file of something else."""
    path = tmp_path / "missing" / "chat.db"
    if content is not None:
        path = tmp_path / "notes.txt"
        path.write_text(content)
    with pytest.raises(Misconfigured):
        async with ChatEngine(f"sqlite:///{path}"):
            raise AssertionError("opened")


@pytest.mark.anyio
async def test_a_host_gives_its_own_engine(database: str) -> None:
    """An SQLAlchemy Engine says where; the settings are ours."""
    own = create_engine(database)
    async with ChatEngine(own, hasher=PlainHasher()) as engine:
        assert (await People(engine).register("ann")).user_id
    own.dispose()
    assert len(dump(database)["chat_users"]) == 1


@pytest.mark.anyio
async def test_accounts_may_lie_elsewhere(tmp_path: Path) -> None:
    """Two databases share nothing but users' ids."""
    chat, accounts = (f"sqlite:///{tmp_path / name}.db" for name in ("chat", "accounts"))
    async with ChatEngine(chat, accounts=accounts, hasher=PlainHasher()) as engine:
        people = People(engine)
        ann, ben = await people("ann", "ben")
        group = await people.group(ann, ben)
        await people.say(ann, group, "hello")
        page = await engine.execute(ben, ListMessages(group.id))
        assert [user.username for user in page.users or ()] == ["ann"]
    assert "chat_users" not in dump(chat)
    assert "chat_messages" not in dump(accounts)
    assert len(dump(accounts)["chat_users"]) == 2


class Staff(Directory):
    """A host's own people."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def cards(self, user_ids: Collection[UserId]) -> Mapping[UserId, User]:
        self.asked += user_ids
        then = datetime(2026, 1, 1, tzinfo=UTC)
        return {
            id: User(id=id, display_name=id.title(), created_at=then)
            for id in user_ids
            if id.startswith("staff-")
        }


@pytest.mark.anyio
async def test_a_host_brings_its_own_people(database: str) -> None:
    """Its ids and cards are used everywhere, and none of our accounts."""
    ann, ben = (Actor(UserId(f"staff-{name}")) for name in ("ann", "ben"))
    async with ChatEngine(database, directory=Staff(), hasher=PlainHasher()) as engine:
        people = People(engine)
        group = await people.group(ann, ben)
        await people.say(ann, group, "hello")
        page = await engine.execute(ben, ListMessages(group.id))
        assert [user.display_name for user in page.users or ()] == ["Staff-Ann"]
        with pytest.raises(NotFound):
            await engine.execute(ann, AddMembers(group.id, (UserId("stranger"),)))
        outbox = Outbox(Limits(), lines=True)
        here = Connection(ConnectionId("c"), ben.id, None, outbox)
        started = await engine.connect(here)
        assert started.user.display_name == "Staff-Ben"
        assert {head.stream for head in started.heads} == {"me", group.id}
    assert dump(database)["chat_users"] == []


@pytest.mark.anyio
async def test_without_a_place_for_files_there_are_none(engine: ChatEngine) -> None:
    """The engine says what to give it."""
    with pytest.raises(Misconfigured, match="files"):
        _ = engine.blobs
