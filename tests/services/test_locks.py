"""The order of locks: users all at once, and before what depends on them is read."""

from typing import Any

import anyio
import pytest

from chatcore.engine import ChatEngine, Request
from chatcore.errors import NotFound
from chatcore.ids import UserId
from chatcore.models import Actor
from chatcore.operations import (
    AddBlock,
    MarkReceipt,
    Operation,
    PersonalizeConversation,
    RemoveBlock,
    RequestContact,
    SendMessage,
    ShadowBan,
)
from chatcore.storage.sql.actors import SqlActors, SqlBlocks
from chatcore.storage.sql.contacts import SqlContacts
from tests.people import People

pytestmark = pytest.mark.anyio


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is newly locked, by its users, and reads of blocks and contacts, in order."""
    seen: list[str] = []
    lock, block, contacts = SqlActors.lock, SqlBlocks.get, SqlContacts.get

    def locked(self: SqlActors, ids: Any) -> Any:
        if set(ids) - self._locked.keys():
            seen.append("lock")
        return lock(self, ids)

    def read(self: SqlBlocks, *pair: UserId) -> Any:
        seen.append("block")
        return block(self, *pair)

    def looked(self: SqlContacts, pairs: Any) -> Any:
        seen.append("contact")
        return contacts(self, pairs)

    monkeypatch.setattr(SqlActors, "lock", locked)
    monkeypatch.setattr(SqlBlocks, "get", read)
    monkeypatch.setattr(SqlContacts, "get", looked)
    return seen


async def batch(engine: ChatEngine, *asked: tuple[Actor, Operation[Any]]) -> list[Any]:
    """The outcomes of operations that come in one moment."""
    found: list[Any] = []
    done = anyio.Event()

    def take(outcome: Any) -> None:
        found.append(outcome)
        if len(found) == len(asked):
            done.set()

    engine.submit([Request(actor, operation, take) for actor, operation in asked])
    with anyio.fail_after(10):
        await done.wait()
    return found


async def test_a_batch_locks_its_users_once(
    engine: ChatEngine, people: People, calls: list[str]
) -> None:
    """Whoever reads, in a conversation or in a thread, and whatever is sent with it."""
    ann, ben, cem = await people("ann", "ben", "cem")
    group = await people.group(ann, ben, cem)
    root, _ = await people.say(ann, group, "root", "next")
    await engine.execute(ann, SendMessage(group.id, "reply", thread_id=root.id))
    await engine.execute(cem, PersonalizeConversation(group.id, marked_unread=True))
    calls.clear()
    thread = MarkReceipt(group.id, thread_id=root.id, read_seq=3)
    await batch(engine, (ben, thread), (cem, MarkReceipt(group.id, read_seq=1)), (ann, thread))
    assert calls == ["lock"]
    await engine.execute(Actor(None, operator=True), ShadowBan(ann.id))
    await engine.execute(cem, PersonalizeConversation(group.id, marked_unread=True))
    calls.clear()
    await batch(
        engine,
        (cem, SendMessage(group.id, "heard", read_seq=2)),
        (ann, SendMessage(group.id, "unheard")),
    )
    assert calls == ["lock"]


async def test_what_lies_between_two_is_read_behind_the_lock(
    engine: ChatEngine, people: People, calls: list[str]
) -> None:
    """Blocks and requests; and nobody is locked for a block that never was."""
    ann, ben, cem = await people("ann", "ben", "cem")
    calls.clear()
    await engine.execute(ann, RequestContact(ben.id))
    assert calls[:2] == ["lock", "contact"]
    calls.clear()
    await engine.execute(ann, AddBlock(cem.id))
    assert calls[:2] == ["lock", "block"]
    calls.clear()
    await engine.execute(ann, RemoveBlock(cem.id))
    assert calls[:3] == ["block", "lock", "block"]
    calls.clear()
    with pytest.raises(NotFound):
        await engine.execute(ann, RemoveBlock(UserId("nobody")))
    assert calls == ["block"]
