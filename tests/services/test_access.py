"""The gate: who was let in, who has gone, and what they still stand for."""

from typing import Any

import pytest
from attrs import evolve

from chatcore.engine import ChatEngine
from chatcore.errors import Conflict, NotFound, Unauthenticated
from chatcore.events import MeUpdated
from chatcore.models import Actor
from chatcore.operations import (
    AddBlock,
    AddMembers,
    CreateConversation,
    GetConversation,
    GetHeads,
    GetMessage,
    ImportUser,
    Leave,
    ListMessages,
    MarkReceipt,
    Operation,
    Pull,
    PullFrom,
    SendMessage,
    SetPresence,
)
from chatcore.services import ChatWork
from tests.people import People

pytestmark = pytest.mark.anyio


async def deactivate(engine: ChatEngine, user: Actor) -> None:
    """The chat store's own word that this user may do nothing."""

    def run(work: ChatWork) -> None:
        record = work.unit.actors.lock([user.id])[user.id]
        record.active = False
        record.rev += 1
        work.note(record, MeUpdated())

    await engine.chat_write(run)


async def test_the_deactivated_may_do_nothing(engine: ChatEngine, people: People) -> None:
    """Alone or in a batch, reading or writing; their messages stay."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    await people.say(ann, group, "hello")
    await deactivate(engine, ann)
    operations: tuple[Operation[Any], ...] = (
        SendMessage(group.id, "hi"),
        MarkReceipt(group.id, read_seq=1),
        ListMessages(group.id),
        GetConversation(group.id),
        CreateConversation(kind="self"),
        AddBlock(ben.id),
        SetPresence("away"),
        GetHeads(),
        Pull((PullFrom(stream="me", cursor="x"),)),
    )
    for operation in operations:
        with pytest.raises(Unauthenticated):
            await engine.execute(ann, operation)
    (message,) = (await engine.execute(ben, ListMessages(group.id))).items
    assert message.sender_id == ann.id


async def test_the_deactivated_are_not_joined(engine: ChatEngine, people: People) -> None:
    """Nobody opens a conversation with them, or adds them to one."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann)
    await deactivate(engine, ben)
    for operation in (
        AddMembers(group.id, (ben.id,)),
        CreateConversation(kind="direct", user_id=ben.id),
        CreateConversation(kind="group", title="x", member_ids=(ben.id,)),
    ):
        with pytest.raises(NotFound):
            await engine.execute(ann, operation)


async def test_who_came_back_still_stands_for_what_they_read(
    engine: ChatEngine, people: People
) -> None:
    """The status of a message doesn't fall because its only reader left and joined again."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    (read,) = await people.say(ann, group, "read")
    await engine.execute(ben, MarkReceipt(group.id, read_seq=1))
    (received,) = await people.say(ann, group, "received")
    await engine.execute(ben, MarkReceipt(group.id, delivered_seq=2))

    async def statuses() -> list[str | None]:
        return [
            (await engine.execute(ann, GetMessage(group.id, one.id))).status
            for one in (read, received)
        ]

    assert await statuses() == ["read", "delivered"]
    await engine.execute(ben, Leave(group.id))
    assert await statuses() == ["read", "delivered"]
    await engine.execute(ann, AddMembers(group.id, (ben.id,)))
    assert await statuses() == ["read", "delivered"]
    await engine.execute(ben, MarkReceipt(group.id, read_seq=2))
    assert await statuses() == ["read", "delivered"]


async def test_importing_users(engine: ChatEngine, people: People) -> None:
    """One a key, whatever comes with it the second time; a taken name is refused."""
    (ann,) = await people("ann")
    trusted = evolve(ann, operator=True)
    first = await engine.execute(trusted, ImportUser("irc/kim", "kim", "Kim", "bot"))
    assert (first.username, first.display_name, first.kind) == ("kim", "Kim", "bot")
    again = await engine.execute(trusted, ImportUser("irc/kim", "other"))
    assert again == first
    with pytest.raises(Conflict):
        await engine.execute(trusted, ImportUser("irc/ann", "ann"))
    assert (await engine.execute(trusted, ImportUser("irc/bo", "bo"))).display_name == "bo"
