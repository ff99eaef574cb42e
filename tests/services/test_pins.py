"""Pins: a few messages in view, for all, by those who moderate."""

import pytest

from chatcore.config import Limits
from chatcore.engine import ChatEngine
from chatcore.errors import Conflict
from chatcore.operations import (
    AddMembers,
    DeleteMessage,
    GetMessage,
    ListMessages,
    PinMessage,
    SendMessage,
    UnpinMessage,
)
from tests.people import People, RecordingBroker

pytestmark = pytest.mark.anyio


@pytest.fixture
def limits() -> Limits:
    """Two pins a conversation."""
    return Limits(pins=2)


async def test_a_pin_is_shown_announced_and_listed(
    engine: ChatEngine, people: People, broker: RecordingBroker
) -> None:
    """It says by whom; once is enough, and so it is for taking it away."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    first, second = await people.say(ben, group, "first", "second")
    broker.take()
    pinned = await engine.execute(ann, PinMessage(group.id, first.id))
    assert pinned.pinned is not None
    assert pinned.pinned.by == ann.id
    again = await engine.execute(ann, PinMessage(group.id, first.id))
    assert again == pinned
    assert broker.take_names() == ["message.pinned"]
    page = await engine.execute(ben, ListMessages(group.id, pinned=True))
    assert [one.id for one in page.items] == [first.id]
    gone = await engine.execute(ann, UnpinMessage(group.id, first.id))
    assert gone.pinned is None
    await engine.execute(ann, UnpinMessage(group.id, second.id))
    assert broker.take_names() == ["message.pinned"]
    assert (await engine.execute(ben, ListMessages(group.id, pinned=True))).items == ()


async def test_pins_are_few(engine: ChatEngine, people: People) -> None:
    """At the limit, not one past it; deleting a pinned message makes room."""
    ann, ben = await people("ann", "ben")
    talk = await people.direct(ann, ben)
    sent = await people.say(ann, talk, "1", "2", "3")
    for message in sent[:2]:
        await engine.execute(ben, PinMessage(talk.id, message.id))
    with pytest.raises(Conflict, match="at most 2"):
        await engine.execute(ann, PinMessage(talk.id, sent[2].id))
    buried = await engine.execute(ann, DeleteMessage(talk.id, sent[0].id))
    assert buried.pinned is None
    await engine.execute(ann, PinMessage(talk.id, sent[2].id))
    with pytest.raises(Conflict, match="deleted"):
        await engine.execute(ann, PinMessage(talk.id, sent[0].id))


async def test_pins_below_the_floor_stay_unseen(engine: ChatEngine, people: People) -> None:
    """A list of pins shows what the other lists show."""
    ann, ben, cem = await people("ann", "ben", "cem")
    group = await people.group(ann, ben)
    (early,) = await people.say(ann, group, "early")
    await engine.execute(ann, PinMessage(group.id, early.id))
    await engine.execute(ann, AddMembers(group.id, (cem.id,)))
    assert (await engine.execute(cem, ListMessages(group.id, pinned=True))).items == ()
    await engine.execute(ben, DeleteMessage(group.id, early.id, "me"))
    assert (await engine.execute(ben, ListMessages(group.id, pinned=True))).items == ()
    assert (await engine.execute(ann, GetMessage(group.id, early.id))).pinned is not None


async def test_a_thread_has_pins_too(engine: ChatEngine, people: People) -> None:
    """Both filters together leave what fits both."""
    (ann,) = await people("ann")
    notes = await people.group(ann)
    root, other = await people.say(ann, notes, "root", "other")
    reply = await engine.execute(ann, SendMessage(notes.id, "reply", thread_id=root.id))
    for message in (reply, other):
        await engine.execute(ann, PinMessage(notes.id, message.id))
    page = await engine.execute(ann, ListMessages(notes.id, thread_id=root.id, pinned=True))
    assert [one.id for one in page.items] == [reply.id]
