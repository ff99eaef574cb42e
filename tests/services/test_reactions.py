"""Reactions: who chose what, and the summary that the message carries."""

import pytest

from chatcore.config import Limits
from chatcore.engine import ChatEngine
from chatcore.errors import Conflict
from chatcore.events import MessageReacted, ReactionChange
from chatcore.models import Message
from chatcore.operations import (
    AddReaction,
    DeleteMessage,
    GetMessage,
    RemoveReaction,
)
from chatcore.testing.clock import FakeClock
from chatcore.testing.fakes import PlainHasher
from tests.people import People, RecordingBroker

pytestmark = pytest.mark.anyio


def summary(message: Message) -> list[tuple[str, int, tuple[str, ...]]]:
    """Key, count and users of each reaction."""
    return [(one.key, one.count, one.user_ids) for one in message.reactions]


async def test_reacting(
    engine: ChatEngine, people: People, clock: FakeClock, broker: RecordingBroker
) -> None:
    """One revision each; the message carries who and how many, its reader's own apart."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    (sent,) = await people.say(ann, group, "hello")
    clock.advance(1)
    broker.take()
    await engine.execute(ben, AddReaction(group.id, sent.id, "👍"))
    clock.advance(1)
    reacted = await engine.execute(ann, AddReaction(group.id, sent.id, "👍"))
    clock.advance(1)
    await engine.execute(ann, AddReaction(group.id, sent.id, "🎉"))
    assert summary(reacted) == [("👍", 2, (ben.id, ann.id))]
    assert (reacted.mine, reacted.version, reacted.edited_at) == (("👍",), 1, None)
    got = await engine.execute(ann, GetMessage(group.id, sent.id))
    assert got.mine == ("👍", "🎉")
    first, *_ = broker.take()
    assert isinstance(first.event, MessageReacted)
    assert first.event.change == ReactionChange(user_id=ben.id, key="👍", added=True)
    assert (first.prev, first.rev, first.min_seq) == (sent.rev, sent.rev + 1, 1)
    assert first.event.message.reactions[0].mine is None


async def test_reacting_again_is_the_same(
    engine: ChatEngine, people: People, broker: RecordingBroker
) -> None:
    """A second time changes nothing, adding as well as taking back."""
    ann, _ = await people("ann", "ben")
    group = await people.group(ann)
    (sent,) = await people.say(ann, group, "hello")
    first = await engine.execute(ann, AddReaction(group.id, sent.id, "+"))
    broker.take()
    again = await engine.execute(ann, AddReaction(group.id, sent.id, "+"))
    assert again == first
    assert broker.take() == []
    gone = await engine.execute(ann, RemoveReaction(group.id, sent.id, "+"))
    assert (summary(gone), gone.mine) == ([], ())
    (said,) = broker.take()
    assert isinstance(said.event, MessageReacted)
    assert not said.event.change.added
    again = await engine.execute(ann, RemoveReaction(group.id, sent.id, "+"))
    assert again == gone
    assert broker.take() == []


async def test_taking_back_leaves_the_others(engine: ChatEngine, people: People) -> None:
    """Only one's own reaction of that kind goes."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    (sent,) = await people.say(ann, group, "hello")
    for actor in (ann, ben):
        await engine.execute(actor, AddReaction(group.id, sent.id, "+"))
        await engine.execute(actor, AddReaction(group.id, sent.id, "-"))
    left = await engine.execute(ann, RemoveReaction(group.id, sent.id, "+"))
    assert ("+", 1, (ben.id,)) in summary(left)
    assert left.mine == ("-",)


async def test_a_summary_names_the_first_ten(engine: ChatEngine, people: People) -> None:
    """All are counted."""
    who = await people(*(f"user{number:02}" for number in range(12)))
    group = await people.group(*who)
    (sent,) = await people.say(who[0], group, "hello")
    for actor in who:
        reacted = await engine.execute(actor, AddReaction(group.id, sent.id, "+"))
    ((_, count, users),) = summary(reacted)
    assert (count, len(users)) == (12, 10)


async def test_kinds_are_bounded(database: str) -> None:
    """A message takes so many different reactions, each as often as one likes."""
    async with ChatEngine(database, hasher=PlainHasher(), limits=Limits(reactions=2)) as engine:
        people = People(engine)
        ann, ben = await people("ann", "ben")
        group = await people.group(ann, ben)
        (sent,) = await people.say(ann, group, "hello")
        for key in "ab":
            await engine.execute(ann, AddReaction(group.id, sent.id, key))
        with pytest.raises(Conflict):
            await engine.execute(ben, AddReaction(group.id, sent.id, "c"))
        await engine.execute(ben, AddReaction(group.id, sent.id, "a"))
        await engine.execute(ann, RemoveReaction(group.id, sent.id, "b"))
        await engine.execute(ben, AddReaction(group.id, sent.id, "c"))


async def test_nobody_reacts_to_a_tombstone(engine: ChatEngine, people: People) -> None:
    """Nor takes anything back from it."""
    (ann,) = await people("ann")
    group = await people.group(ann)
    (sent,) = await people.say(ann, group, "hello")
    await engine.execute(ann, AddReaction(group.id, sent.id, "+"))
    await engine.execute(ann, DeleteMessage(group.id, sent.id))
    for operation in (
        AddReaction(group.id, sent.id, "-"),
        RemoveReaction(group.id, sent.id, "+"),
    ):
        with pytest.raises(Conflict):
            await engine.execute(ann, operation)
