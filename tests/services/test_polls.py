"""Polls: votes are counted exactly, shown as far as they are public, and end when they end."""

from datetime import timedelta

import pytest

from chatcore.config import Limits
from chatcore.engine import ChatEngine
from chatcore.errors import Conflict, Invalid
from chatcore.events import MessageEvent, VoteChanged
from chatcore.ids import to_datetime
from chatcore.models import Actor, Message, Poll
from chatcore.operations import (
    ClosePoll,
    DeleteMessage,
    EditMessage,
    GetHeads,
    GetMessage,
    Leave,
    ListMessages,
    NewPoll,
    Pull,
    PullFrom,
    SendMessage,
    Vote,
)
from chatcore.testing.clock import FakeClock
from tests.people import People, RecordingBroker

pytestmark = pytest.mark.anyio


def poll_of(message: Message) -> Poll:
    """The poll of a message that has one."""
    assert message.poll is not None
    return message.poll


def counts(message: Message) -> list[int]:
    """How many chose each option."""
    return [option.count for option in poll_of(message).options]


class Room:
    """A group, and a poll in it."""

    def __init__(self, engine: ChatEngine, actors: list[Actor], message: Message) -> None:
        self.engine = engine
        self.actors = actors
        self.message = message
        self.id = message.conversation_id

    async def vote(self, actor: Actor, *options: int) -> Message:
        """Choose these."""
        return await self.engine.execute(actor, Vote(self.id, self.message.id, options))

    async def get(self, actor: Actor) -> Message:
        """The poll as somebody sees it."""
        return await self.engine.execute(actor, GetMessage(self.id, self.message.id))


async def begin(engine: ChatEngine, people: People, number: int = 3, **fields: object) -> Room:
    """So many people and a poll of the first one's."""
    actors = list(await people(*(f"user{index}" for index in range(number))))
    group = await people.group(*actors)
    asked = {"question": "When?", "options": ("now", "later", "never")} | fields
    poll = NewPoll(**asked)  # type: ignore[arg-type]
    sent = await engine.execute(actors[0], SendMessage(group.id, kind="poll", poll=poll))
    return Room(engine, actors, sent)


async def test_a_vote_is_counted_and_announced(
    engine: ChatEngine, people: People, broker: RecordingBroker
) -> None:
    """The shared face has counts and voters, the personal one one's own vote."""
    room = await begin(engine, people)
    ann, ben, _ = room.actors
    assert counts(room.message) == [0, 0, 0]
    broker.take()
    voted = await room.vote(ben, 1)
    assert counts(voted) == [0, 1, 0]
    assert poll_of(voted).mine == (1,)
    assert poll_of(voted).options[1].user_ids == (ben.id,)
    shared, own = broker.take()
    assert shared.event.name == "message.voted"
    assert isinstance(shared.event, MessageEvent)
    assert poll_of(shared.event.message).mine is None
    assert own.event == VoteChanged(room.id, room.message.id, (1,))
    assert own.stream == f"me:{ben.id}"
    assert poll_of(await room.get(ann)).mine == ()
    (listed,) = (await engine.execute(ben, ListMessages(room.id))).items
    assert poll_of(listed).mine == (1,)


async def test_votes_are_changed_and_taken_back(
    engine: ChatEngine, people: People, broker: RecordingBroker
) -> None:
    """The last one counts; the same again changes nothing."""
    room = await begin(engine, people)
    _, ben, cem = room.actors
    await room.vote(ben, 0)
    await room.vote(cem, 0)
    assert counts(await room.vote(ben, 2)) == [1, 0, 1]
    broker.take()
    assert counts(await room.vote(ben, 2)) == [1, 0, 1]
    assert broker.take() == []
    gone = await room.vote(ben)
    assert counts(gone) == [1, 0, 0]
    assert (poll_of(gone).voters, poll_of(gone).mine) == (1, ())
    await room.vote(ben)
    assert broker.take_names() == ["message.voted", "vote.changed"]


async def test_one_option_or_several(engine: ChatEngine, people: People) -> None:
    """As the poll says, and never one that it doesn't offer."""
    one = await begin(engine, people)
    for wrong in ((0, 1), (3,), (0, 3)):
        with pytest.raises(Invalid):
            await one.vote(one.actors[0], *wrong)
    group = await people.group(one.actors[0])
    several = NewPoll(question="Which?", options=("a", "b"), multiple=True)
    sent = await engine.execute(one.actors[0], SendMessage(group.id, kind="poll", poll=several))
    many = Room(engine, one.actors, sent)
    voted = await many.vote(one.actors[0], 1, 0)
    assert (counts(voted), poll_of(voted).voters) == ([1, 1], 1)
    assert poll_of(voted).mine == (0, 1)


async def test_anonymous_votes_name_nobody(
    engine: ChatEngine, people: People, broker: RecordingBroker
) -> None:
    """Neither in the message nor in what the others hear."""
    room = await begin(engine, people, anonymous=True)
    _, ben, _ = room.actors
    broker.take()
    voted = await room.vote(ben, 0)
    assert counts(voted) == [1, 0, 0]
    assert poll_of(voted).options[0].user_ids is None
    shared = broker.take()[0]
    assert ben.id not in repr(shared.event)


async def test_the_first_ten_are_shown(
    engine: ChatEngine, people: People, clock: FakeClock
) -> None:
    """In the order of their votes; who goes makes room for the next."""
    room = await begin(engine, people, 12)
    for actor in room.actors:
        clock.advance(0.001)
        await room.vote(actor, 0)
    shown = poll_of(await room.get(room.actors[0])).options[0]
    users = [actor.id for actor in room.actors]
    assert (shown.count, shown.user_ids) == (12, tuple(users[:10]))
    shown = poll_of(await room.vote(room.actors[3])).options[0]
    assert (shown.count, shown.user_ids) == (11, tuple(users[:3] + users[4:11]))


async def test_an_author_closes_a_poll(
    engine: ChatEngine, people: People, broker: RecordingBroker
) -> None:
    """Nobody votes any more; what was voted stays."""
    room = await begin(engine, people)
    ann, ben, _ = room.actors
    await room.vote(ben, 0)
    closed = await engine.execute(ann, ClosePoll(room.id, room.message.id))
    assert poll_of(closed).closed_at is not None
    broker.take()
    again = await engine.execute(ann, ClosePoll(room.id, room.message.id))
    assert again == closed
    assert broker.take() == []
    for options in ((1,), (), (0,)):
        with pytest.raises(Conflict, match="closed"):
            await room.vote(ben, *options)
    assert counts(await room.get(ben)) == [1, 0, 0]


async def test_time_closes_a_poll(engine: ChatEngine, people: People, clock: FakeClock) -> None:
    """At that moment and not before it, without anybody doing anything."""
    ends = to_datetime(clock.now()) + timedelta(seconds=60)
    room = await begin(engine, people, closes_at=ends)
    assert poll_of(room.message).closes_at == ends
    clock.advance(59.9)
    await room.vote(room.actors[1], 0)
    clock.advance(0.1)
    with pytest.raises(Conflict):
        await room.vote(room.actors[1], 1)


async def test_votes_of_leavers_stay(engine: ChatEngine, people: People) -> None:
    """They were cast by a member."""
    room = await begin(engine, people)
    await room.vote(room.actors[1], 0)
    await engine.execute(room.actors[1], Leave(room.id))
    assert counts(await room.vote(room.actors[2], 0)) == [2, 0, 0]


async def test_only_polls_take_votes(engine: ChatEngine, people: People) -> None:
    """Neither other messages nor tombstones."""
    room = await begin(engine, people)
    ann = room.actors[0]
    text = await engine.execute(ann, SendMessage(room.id, "text"))
    for operation in (Vote(room.id, text.id, (0,)), ClosePoll(room.id, text.id)):
        with pytest.raises(Conflict):
            await engine.execute(ann, operation)  # type: ignore[arg-type]
    await room.vote(ann, 0)
    buried = await engine.execute(ann, DeleteMessage(room.id, room.message.id))
    assert buried.poll is None
    with pytest.raises(Conflict, match="deleted"):
        await room.vote(ann, 0)


async def test_a_polls_caption_can_be_edited(engine: ChatEngine, people: People) -> None:
    """Question and options never change: people voted for these."""
    room = await begin(engine, people)
    edited = await engine.execute(
        room.actors[0], EditMessage(room.id, room.message.id, "please vote")
    )
    assert edited.body == "please vote"
    assert poll_of(edited).question == "When?"


async def test_own_votes_are_pulled(engine: ChatEngine, people: People) -> None:
    """Another device learns how one voted, as it stands now."""
    room = await begin(engine, people)
    ben = room.actors[1]
    head = (await engine.execute(ben, GetHeads())).heads[0]
    await room.vote(ben, 0)
    await room.vote(ben, 2)
    pulled = await engine.execute(ben, Pull((PullFrom(stream="me", cursor=head.cursor),)))
    assert [one.event for one in pulled.changes] == [VoteChanged(room.id, room.message.id, (2,))]


class TestLimits:
    """A poll's options are few."""

    @pytest.fixture
    def limits(self) -> Limits:
        """Three at most."""
        return Limits(poll_options=3)

    async def test_options_are_bounded(self, engine: ChatEngine, people: People) -> None:
        """At the limit, not one past it; and two at least."""
        room = await begin(engine, people)
        for options in (("a", "b", "c", "d"), ("a",)):
            poll = NewPoll(question="?", options=options)
            with pytest.raises(Invalid):
                await engine.execute(room.actors[0], SendMessage(room.id, kind="poll", poll=poll))
