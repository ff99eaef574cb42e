"""Shadow bans: somebody goes on writing, and nobody else hears it."""

from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

from chatcore.engine import ChatEngine
from chatcore.errors import Conflict, Forbidden, Invalid, KeyReused, NotFound
from chatcore.events import MessageSent
from chatcore.ids import UserId, to_datetime
from chatcore.models import Actor, Conversation, Message
from chatcore.operations import (
    EditMessage,
    GetConversation,
    GetHeads,
    LiftShadowBan,
    ListMessages,
    ListScheduled,
    Pull,
    PullFrom,
    SendMessage,
    ShadowBan,
)
from chatcore.testing.clock import FakeClock
from tests.people import People, RecordingBroker

pytestmark = pytest.mark.anyio
OPERATOR = Actor(None, operator=True)


async def send(engine: ChatEngine, actor: Actor, where: Conversation, **fields: Any) -> Message:
    """A message."""
    answer = await engine.execute(actor, SendMessage(where.id, **fields))
    assert isinstance(answer, Message)
    return answer


async def test_nobody_else_hears_it(
    engine: ChatEngine, people: People, broker: RecordingBroker
) -> None:
    """The sender gets an ordinary message, which only their own stream carries."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    await people.say(ann, group, "one", "two")
    await engine.execute(OPERATOR, ShadowBan(ben.id))
    broker.take()
    sent = await send(engine, ben, group, body="buy this", key="k")
    assert (sent.seq, sent.body, sent.sender_id, sent.key) == (2, "buy this", ben.id, "k")
    (told,) = broker.take()
    assert (told.stream, told.event) == (f"me:{ben.id}", MessageSent(sent))
    for actor in (ann, ben):
        page = await engine.execute(actor, ListMessages(group.id))
        assert [one.body for one in page.items] == ["one", "two"]
        seen = await engine.execute(actor, GetConversation(group.id))
        assert (seen.last_seq, seen.rev) == (2, 3)
        assert seen.last_message is not None
        assert seen.last_message.body == "two"
    unread = (await engine.execute(ann, GetConversation(group.id))).me
    assert unread is not None
    assert unread.unread == 0
    assert (await engine.execute(ben, ListScheduled())).items == ()


async def test_its_key_stands_for_it(engine: ChatEngine, people: People) -> None:
    """Also when the ban has been lifted since: what was said meanwhile stays unheard."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    await engine.execute(OPERATOR, ShadowBan(ben.id))
    sent = await send(engine, ben, group, body="x", key="k")
    again = await send(engine, ben, group, body="x", key="k")
    assert again == evolve(sent, replayed=True)
    with pytest.raises(KeyReused):
        await send(engine, ben, group, body="y", key="k")
    await engine.execute(OPERATOR, LiftShadowBan(ben.id))
    assert await send(engine, ben, group, body="x", key="k") == again
    heard = await send(engine, ben, group, body="z", key="k2")
    page = await engine.execute(ann, ListMessages(group.id))
    assert list(page.items) == [evolve(heard, status=None)] or [one.id for one in page.items] == [
        heard.id
    ]


async def test_it_ends_by_itself(engine: ChatEngine, people: People, clock: FakeClock) -> None:
    """At the time that was given."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    until = to_datetime(clock.now()) + timedelta(seconds=10)
    await engine.execute(OPERATOR, ShadowBan(ben.id, until))
    await send(engine, ben, group, body="unheard")
    clock.advance(10)
    await send(engine, ben, group, body="heard")
    page = await engine.execute(ann, ListMessages(group.id))
    assert [one.body for one in page.items] == ["heard"]
    with pytest.raises(Invalid):
        await engine.execute(OPERATOR, ShadowBan(ben.id, until))


async def test_pulled_by_the_senders_other_devices(engine: ChatEngine, people: People) -> None:
    """As it is for any message: another device of theirs finds nothing missing."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    head = (await engine.execute(ben, GetHeads())).heads[0]
    await engine.execute(OPERATOR, ShadowBan(ben.id))
    sent = await send(engine, ben, group, body="x")
    pulled = await engine.execute(ben, Pull(streams=(PullFrom(stream="me", cursor=head.cursor),)))
    assert [one.event.message for one in pulled.changes] == [sent]  # type: ignore[attr-defined]
    with pytest.raises(Forbidden):
        await engine.execute(ann, ShadowBan(ben.id))
    with pytest.raises(NotFound):
        await engine.execute(OPERATOR, ShadowBan(UserId("nobody")))


async def test_an_edit_would_be_heard(engine: ChatEngine, people: People) -> None:
    """So it is refused, and changes nothing; bad input is told as ever, and deleting works."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    (sent,) = await people.say(ben, group, "one")
    await engine.execute(OPERATOR, ShadowBan(ben.id))
    with pytest.raises(Conflict, match="any more"):
        await engine.execute(ben, EditMessage(group.id, sent.id, "buy this"))
    with pytest.raises(Invalid):
        await engine.execute(ben, EditMessage(group.id, sent.id))
    (seen,) = (await engine.execute(ann, ListMessages(group.id))).items
    assert (seen.body, seen.version, seen.rev) == ("one", 1, sent.rev)
    await engine.execute(OPERATOR, LiftShadowBan(ben.id))
    assert (await engine.execute(ben, EditMessage(group.id, sent.id, "two"))).body == "two"
