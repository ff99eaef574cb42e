"""Typing: told to those who may know, never stored."""

import pytest

from chatcore.config import Limits
from chatcore.engine import ChatEngine
from chatcore.errors import Forbidden, NotFound
from chatcore.events import TypingChanged
from chatcore.operations import AddBlock, NewSettings, SetTyping, UpdateConversation
from chatcore.testing.fakes import PlainHasher
from tests.people import People, RecordingBroker, dump

pytestmark = pytest.mark.anyio


async def test_typing_is_told_and_not_stored(
    engine: ChatEngine, people: People, broker: RecordingBroker, database: str
) -> None:
    """The other members hear it, except across a block; no row is written."""
    ann, ben, cid = await people("ann", "ben", "cid")
    group = await people.group(ann, ben, cid)
    await engine.execute(cid, AddBlock(ann.id))
    broker.take()
    before = dump(database)
    for state in ("text", "audio", "video", "off"):
        await engine.execute(ann, SetTyping(group.id, state))  # type: ignore[arg-type]
        (said,) = broker.take()
        assert said.event == TypingChanged(ann.id, state)  # type: ignore[arg-type]
        assert (said.stream, said.rev, said.not_to) == (group.id, None, {ann.id, cid.id})
    assert dump(database) == before


async def test_only_who_may_write_is_seen_writing(engine: ChatEngine, people: People) -> None:
    """Not in a frozen group, not in announcements, not across a block, not as a stranger."""
    ann, ben, eve = await people("ann", "ben", "eve")
    group, direct = await people.group(ann, ben), await people.direct(ann, ben)
    news = await people.group(ann, ben, settings=NewSettings(announcement=True))
    await engine.execute(ann, SetTyping(news.id))
    await engine.execute(ann, UpdateConversation(group.id, settings=NewSettings(frozen=True)))
    await engine.execute(ann, AddBlock(ben.id))
    for place in (group, news, direct):
        with pytest.raises(Forbidden):
            await engine.execute(ben, SetTyping(place.id))
        with pytest.raises(NotFound):
            await engine.execute(eve, SetTyping(place.id))


async def test_typing_in_large_groups_goes_where_one_looks(database: str) -> None:
    """Past the limit only connections that focus the conversation hear it."""
    broker, limits = RecordingBroker(), Limits(typing_everyone=2)
    async with ChatEngine(database, hasher=PlainHasher(), broker=broker, limits=limits) as engine:
        people = People(engine)
        ann, ben, cid = await people("ann", "ben", "cid")
        for group in (await people.group(ann, ben), await people.group(ann, ben, cid)):
            broker.take()
            await engine.execute(ann, SetTyping(group.id))
            assert [one.only_focused for one in broker.take()] == [group.member_count > 2]
