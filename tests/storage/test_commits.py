"""A commit whose answer is lost: the batch's own row tells what became of it."""

import sqlite3
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from chatcore.engine import ChatEngine
from chatcore.errors import Internal, UnknownOutcome
from chatcore.models import Actor, Conversation
from chatcore.operations import GetConversation, ListMessages, Logout, SendMessage
from chatcore.services import ChatWork
from tests.people import People, RecordingBroker

pytestmark = pytest.mark.anyio
TORN = "disk I/O error"


class Torn:
    """A connection that breaks at COMMIT, before or after it was done."""

    def __init__(self, connection: Any, *, done: bool, words: str) -> None:
        self._connection, self._done, self._words = connection, done, words

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def commit(self) -> None:
        if self._done:
            self._connection.commit()
        raise OperationalError("COMMIT", {}, sqlite3.OperationalError(self._words))


def tear(work: ChatWork, *, done: bool, words: str = TORN) -> None:
    """Break the commit of this transaction."""
    session = work.unit._session  # type: ignore[attr-defined]
    session.connection = Torn(session.connection, done=done, words=words)


class Room:
    """A conversation, and one write in it whose commit breaks as often as is said."""

    def __init__(self, engine: ChatEngine, ann: Actor, notes: Conversation) -> None:
        self.engine, self.ann, self.notes = engine, ann, notes
        self.runs = 0

    async def write(self, *, breaks: int = 99, **how: Any) -> None:
        """Take a rev."""

        def run(work: ChatWork) -> None:
            self.runs += 1
            stream = work.unit.conversations.lock([self.notes.id])[self.notes.id]
            stream.rev += 1
            work.unit.conversations.save(stream)
            if self.runs <= breaks:
                tear(work, **how)

        await self.engine.chat_write(run)

    async def rev(self) -> int:
        """Where the conversation stands."""
        return (await self.engine.execute(self.ann, GetConversation(self.notes.id))).rev


@pytest.fixture
async def room(engine: ChatEngine, people: People) -> Room:
    """Where it happens."""
    (ann,) = await people("ann")
    return Room(engine, ann, await people.group(ann))


async def test_what_was_committed_counts(room: Room, broker: RecordingBroker) -> None:
    """It isn't done a second time, and the engine goes on."""
    await room.write(done=True)
    assert (room.runs, await room.rev()) == (1, 2)
    await room.engine.execute(room.ann, SendMessage(room.notes.id, "on we go"))
    assert await room.rev() == 3


async def test_what_was_not_committed_is_a_failure(room: Room) -> None:
    """Nothing of it is there; the connection isn't used again."""
    with pytest.raises(Internal):
        await room.write(done=False)
    assert await room.rev() == 1
    assert (await room.engine.execute(room.ann, ListMessages(room.notes.id))).items == ()
    await room.engine.execute(room.ann, SendMessage(room.notes.id, "on we go"))


async def test_a_busy_commit_is_tried_again(room: Room) -> None:
    """Once more, and done once."""
    await room.write(done=False, words="database is locked", breaks=2)
    assert (room.runs, await room.rev()) == (3, 2)


async def test_where_nobody_can_tell_the_outcome_is_unknown(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The caller is told so, and asks again with the same key."""
    readers = room.engine.chat_store._database.reader  # type: ignore[attr-defined]

    def broken() -> None:
        raise OperationalError("connect", {}, sqlite3.OperationalError(TORN))

    with monkeypatch.context() as patched:
        patched.setattr(readers, "connect", broken)
        with pytest.raises(UnknownOutcome):
            await room.write(done=True)
    assert await room.rev() == 2


async def test_the_accounts_store_keeps_no_rows_of_batches(
    engine: ChatEngine, people: People
) -> None:
    """There a commit that failed is a failure, done or not."""
    (ann,) = await people("ann")

    def run(work: Any) -> None:
        work.unit.sessions.delete([ann.session_id])
        tear(work, done=False)

    with pytest.raises(Internal):
        await engine.accounts_write(run)
    await engine.execute(ann, Logout())
