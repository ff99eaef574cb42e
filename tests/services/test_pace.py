"""Slow mode: one message in so many seconds a member, whoever else sends; a key is for ever."""

import pytest
from attrs import evolve

from chatcore.engine import ChatEngine, Request
from chatcore.errors import Invalid, RateLimited
from chatcore.models import Actor, Conversation, Message
from chatcore.operations import (
    AddMembers,
    EditMessage,
    GetConversation,
    ImportMessage,
    Leave,
    NewSettings,
    SendMessage,
    UpdateConversation,
    UpdateMember,
)
from chatcore.testing.clock import FakeClock
from tests.people import People, RecordingBroker, dump

pytestmark = pytest.mark.anyio

SLOW = NewSettings(slow_mode_s=10)


async def say(engine: ChatEngine, who: Actor, where: Conversation, **fields: object) -> Message:
    """Send something."""
    return await engine.execute(who, SendMessage(where.id, "hello", **fields))  # type: ignore[arg-type]


async def test_a_member_waits(
    engine: ChatEngine, people: People, clock: FakeClock, broker: RecordingBroker, database: str
) -> None:
    """As long as they are told and no longer; a refusal changes nothing and prolongs nothing."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben, settings=SLOW)
    assert group.settings.slow_mode_s == 10
    await say(engine, ben, group)
    clock.advance(4)
    broker.take()
    before = dump(database)
    with pytest.raises(RateLimited) as caught:
        await say(engine, ben, group, read_seq=1)
    assert caught.value.retry_after == 6
    assert broker.take() == []
    assert dump(database) == before
    clock.advance(5.999)
    with pytest.raises(RateLimited) as caught:
        await say(engine, ben, group)
    assert caught.value.retry_after == pytest.approx(0.001)
    clock.advance(0.001)
    await say(engine, ben, group)
    with pytest.raises(RateLimited):
        await say(engine, ben, group)


async def test_others_do_not_wait(engine: ChatEngine, people: People) -> None:
    """Each has a time of their own, in each group; admins and owners have none."""
    ann, ben, cid, dan = await people("ann", "ben", "cid", "dan")
    group = await people.group(ann, ben, cid, dan, settings=SLOW)
    other = await people.group(ann, cid, settings=SLOW)
    await engine.execute(ann, UpdateMember(group.id, ben.id, "admin"))
    for who in (ann, ann, ben, ben, cid, dan):
        await say(engine, who, group)
    await say(engine, cid, other)
    with pytest.raises(RateLimited):
        await say(engine, cid, group)


async def test_a_repeat_is_no_new_message(engine: ChatEngine, people: People) -> None:
    """The same key is answered with the message, however soon it comes."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben, settings=SLOW)
    first = await say(engine, ben, group, key="k")
    again = await say(engine, ben, group, key="k")
    assert evolve(again, replayed=None) == first
    with pytest.raises(RateLimited):
        await say(engine, ben, group, key="other")


async def test_what_is_refused_does_not_count(engine: ChatEngine, people: People) -> None:
    """Something wrong is told as such, and a correct message may follow at once."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben, settings=SLOW)
    with pytest.raises(Invalid):
        await engine.execute(ben, SendMessage(group.id, " "))
    with pytest.raises(Invalid):
        await say(engine, ben, group, read_seq=5)
    await say(engine, ben, group)
    with pytest.raises(Invalid):
        await engine.execute(ben, SendMessage(group.id, " "))


async def test_one_a_batch(engine: ChatEngine, people: People, clock: FakeClock) -> None:
    """Of several that are decided together one is sent; a repeat of its key is answered, too."""
    ann, ben, cid = await people("ann", "ben", "cid")
    group = await people.group(ann, ben, cid, settings=SLOW)
    asked = [
        (ben, SendMessage(group.id, "one", key="one")),
        (ben, SendMessage(group.id, "two", key="two")),
        (cid, SendMessage(group.id, "three")),
        (ben, SendMessage(group.id, "one", key="one")),
        (ann, SendMessage(group.id, "four")),
        (cid, SendMessage(group.id, "five")),
        (ann, SendMessage(group.id, "six")),
    ]
    outcomes: list[object] = []
    engine.submit([Request(who, operation, outcomes.append) for who, operation in asked])
    await engine.execute(ann, GetConversation(group.id))
    while len(outcomes) < len(asked):
        await engine.chat_write(lambda work: None)
    sent = [one.body if isinstance(one, Message) else type(one).__name__ for one in outcomes]
    assert sent == ["one", "RateLimited", "three", "one", "four", "RateLimited", "six"]
    found = await engine.execute(ann, GetConversation(group.id))
    assert found.last_seq == 4
    clock.advance(10)
    await say(engine, ben, group)


async def test_coming_back_is_no_way_around(
    engine: ChatEngine, people: People, clock: FakeClock
) -> None:
    """The time goes on while one is away."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben, settings=SLOW)
    await say(engine, ben, group)
    await engine.execute(ben, Leave(group.id))
    await engine.execute(ann, AddMembers(group.id, (ben.id,)))
    with pytest.raises(RateLimited):
        await say(engine, ben, group)
    clock.advance(10)
    await say(engine, ben, group)


async def test_slow_mode_comes_and_goes(engine: ChatEngine, people: People) -> None:
    """At once, both ways; what was sent while it was off doesn't count."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    await people.say(ben, group, "one", "two")
    await engine.execute(ann, UpdateConversation(group.id, settings=SLOW))
    await say(engine, ben, group)
    with pytest.raises(RateLimited):
        await say(engine, ben, group)
    changed = await engine.execute(
        ann, UpdateConversation(group.id, settings=NewSettings(slow_mode_s=0))
    )
    assert changed.settings.slow_mode_s == 0
    await people.say(ben, group, "three", "four")


async def test_only_new_messages_are_slow(engine: ChatEngine, people: People) -> None:
    """Edits and what is taken over from elsewhere are not."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben, settings=SLOW)
    sent = await say(engine, ben, group)
    await engine.execute(ben, EditMessage(group.id, sent.id, "better"))
    trusted = evolve(ben, operator=True)
    for body in ("one", "two"):
        await engine.execute(trusted, ImportMessage(group.id, body))
