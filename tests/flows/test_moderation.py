"""The host's moderator: asked before a message is taken, and what its verdicts do."""

import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import anyio
import pytest
from attrs import evolve

from chatcore.config import Settings
from chatcore.engine import ChatEngine, Request
from chatcore.errors import ChatError, Conflict, Forbidden, NotFound, Unavailable
from chatcore.events import ScheduledChanged
from chatcore.flows import scheduled as firing
from chatcore.ids import ScheduledId, to_datetime
from chatcore.models import Actor, Conversation, Deferred, Message
from chatcore.operations import (
    CancelScheduled,
    EditMessage,
    ForwardMessage,
    ImportMessage,
    ListHeld,
    ListMessages,
    ListScheduled,
    NewContact,
    NewLocation,
    NewPoll,
    NewSettings,
    RejectHeld,
    ReleaseHeld,
    RemoveMember,
    SendMessage,
    UpdateConversation,
    UpdateScheduled,
)
from chatcore.ports.moderation import Allow, Draft, Hold, Moderator, Refuse, Replace, Verdict
from chatcore.testing.clock import FakeClock
from chatcore.testing.fakes import PlainHasher
from tests.people import People, RecordingBroker
from tests.services.files import keep

pytestmark = pytest.mark.anyio
OPERATOR = Actor(None, operator=True)


def judge(body: str | None) -> Verdict:
    """By the word."""
    match body:
        case "bad":
            return Refuse("no such words")
        case "odd":
            return Hold("looks odd")
        case "damn":
            return Replace("d***")
        case "boom":
            raise RuntimeError("the moderator breaks")
    return Allow()


class Sync(Moderator):
    """Judges in a thread."""

    def __init__(self) -> None:
        self.asked: list[Draft] = []
        self.threads: set[int] = set()

    def review(self, draft: Draft) -> Verdict:
        self.asked.append(draft)
        self.threads.add(threading.get_ident())
        return judge(draft.body)


class Async(Moderator):
    """Judges on the loop; what is slow never answers."""

    async def review(self, draft: Draft) -> Verdict:
        if draft.body == "slow":
            await anyio.sleep_forever()
        await anyio.lowlevel.checkpoint()
        return judge(draft.body)


Opening = Callable[..., Awaitable[ChatEngine]]


@pytest.fixture
async def opening(
    database: str, clock: FakeClock, broker: RecordingBroker
) -> AsyncIterator[Opening]:
    """Opens engines with a moderator."""
    async with anyio.create_task_group() as tasks:
        done = anyio.Event()

        async def hold(engine: ChatEngine, ready: anyio.Event) -> None:
            async with engine:
                ready.set()
                await done.wait()

        async def make(moderator: Moderator, **settings: Any) -> ChatEngine:
            engine = ChatEngine(
                database,
                clock=clock,
                broker=broker,
                hasher=PlainHasher(),
                moderator=moderator,
                settings=Settings(**settings),
            )
            ready = anyio.Event()
            tasks.start_soon(hold, engine, ready)
            await ready.wait()
            return engine

        yield make
        done.set()


async def room(engine: ChatEngine) -> tuple[Actor, Actor, Conversation]:
    """Two people in a group."""
    people = People(engine)
    ann, ben = await people("ann", "ben")
    return ann, ben, await people.group(ann, ben)


async def bodies(engine: ChatEngine, actor: Actor, where: Conversation) -> list[str | None]:
    """What stands in a conversation."""
    return [one.body for one in (await engine.execute(actor, ListMessages(where.id))).items]


@pytest.mark.parametrize("kind", [Sync, Async])
async def test_its_verdicts(opening: Opening, kind: Callable[[], Moderator]) -> None:
    """Let through, refused with the reason, replaced, or held."""
    engine = await opening(kind())
    ann, ben, group = await room(engine)
    await engine.execute(ann, SendMessage(group.id, "fine"))
    with pytest.raises(Forbidden, match="no such words"):
        await engine.execute(ann, SendMessage(group.id, "bad"))
    replaced = await engine.execute(ann, SendMessage(group.id, "damn", "k"))
    assert isinstance(replaced, Message)
    assert replaced.body == "d***"
    again = await engine.execute(ann, SendMessage(group.id, "damn", "k"))
    assert isinstance(again, Message)
    assert (again.id, again.replayed) == (replaced.id, True)
    held = await engine.execute(ann, SendMessage(group.id, "odd", "k2"))
    assert isinstance(held, Deferred)
    assert (held.scheduled.held, held.scheduled.state) == (True, "held")
    assert held.scheduled.reason == "looks odd"
    assert await bodies(engine, ben, group) == ["fine", "d***"]


async def test_it_is_asked_in_a_thread_and_once_a_key(opening: Opening) -> None:
    """A repeat is answered without it; whoever may not send there doesn't reach it."""
    moderator = Sync()
    engine = await opening(moderator)
    ann, _, group = await room(engine)
    (cem,) = await People(engine)("cem")
    for _ in range(2):
        await engine.execute(ann, SendMessage(group.id, "odd", "k"))
    assert len(moderator.asked) == 1
    assert moderator.asked[0].conversation_id == group.id
    assert threading.get_ident() not in moderator.threads
    with pytest.raises(NotFound):
        await engine.execute(cem, SendMessage(group.id, "bad"))
    assert len(moderator.asked) == 1


async def test_operators_release_and_reject(opening: Opening, broker: RecordingBroker) -> None:
    """Released, it is sent then; rejected, its sender is told why; either is for good."""
    engine = await opening(Async())
    ann, ben, group = await room(engine)
    for key in ("one", "two"):
        await engine.execute(ann, SendMessage(group.id, "odd", key))
    one, two = (await engine.execute(OPERATOR, ListHeld())).items
    assert [item.sender_id for item in (one, two)] == [ann.id, ann.id]
    broker.take()
    sent = await engine.execute(OPERATOR, ReleaseHeld(one.id))
    assert sent.state == "sent"
    assert broker.take_names() == ["message.sent", "scheduled.changed"]
    assert await bodies(engine, ben, group) == ["odd"]
    repeated = await engine.execute(ann, SendMessage(group.id, "odd", one.key))
    assert isinstance(repeated, Message)
    assert repeated.id == sent.message_id
    await engine.execute(OPERATOR, RejectHeld(two.id, "spam"))
    (told,) = broker.take()
    assert isinstance(told.event, ScheduledChanged)
    assert (told.event.scheduled.state, told.event.scheduled.reason) == ("rejected", "spam")
    for late in (ReleaseHeld(two.id), RejectHeld(one.id)):
        with pytest.raises(Conflict):
            await engine.execute(OPERATOR, late)
    with pytest.raises(NotFound):
        await engine.execute(OPERATOR, ReleaseHeld(ScheduledId("nothing")))
    assert (await engine.execute(OPERATOR, ListHeld())).items == ()


async def test_operators_see_all_that_a_held_message_holds(opening: Opening) -> None:
    """Files, polls, places, mentions and what it answers; its sender knows it already."""
    engine = await opening(Async())
    ann, ben, group = await room(engine)
    upload = await keep(engine, ann)
    root = await engine.execute(ben, SendMessage(group.id, "fine"))
    assert isinstance(root, Message)
    poll = NewPoll(question="secret?", options=("yes", "no"))
    place = NewLocation(latitude=1.0, longitude=2.0)
    sends = (
        SendMessage(group.id, "odd", upload_ids=(upload,), custom={"a": 1}),
        SendMessage(group.id, "odd", kind="poll", poll=poll, mentions=(ben.id,)),
        SendMessage(group.id, "odd", kind="location", location=place, reply_to=root.id),
        SendMessage(group.id, "odd", kind="contact", contact=NewContact(name="Eve")),
        SendMessage(group.id, "odd", thread_id=root.id),
    )
    for number, send in enumerate(sends):
        await engine.execute(ann, evolve(send, key=str(number)))
    page = await engine.execute(OPERATOR, ListHeld())
    items = sorted(page.items, key=lambda one: str(one.key))
    files, asked, there, card, reply = items
    assert [one.upload_id for one in files.attachments] == [upload]
    assert files.custom == {"a": 1}
    assert asked.poll is not None
    assert [one.text for one in asked.poll.options] == ["yes", "no"]
    assert asked.mentions == (ben.id,)
    assert there.location is not None
    assert (there.location.latitude, there.reply_to) == (1.0, root.id)
    assert card.contact is not None
    assert (card.contact.name, reply.thread_id) == ("Eve", root.id)
    released = [await engine.execute(OPERATOR, ReleaseHeld(one.id)) for one in items]
    assert {one.state for one in released} == {"sent"}


async def test_held_and_scheduled(opening: Opening, clock: FakeClock) -> None:
    """Not sent while it is held; released before its time, it waits for that."""
    engine = await opening(Async())
    ann, ben, group = await room(engine)
    at = to_datetime(clock.now()) + timedelta(seconds=10)
    held = await engine.execute(ann, SendMessage(group.id, "odd", send_at=at))
    assert isinstance(held, Deferred)
    clock.advance(5)
    waits = await engine.execute(OPERATOR, ReleaseHeld(held.scheduled.id))
    assert (waits.state, waits.held) == ("waiting", False)
    clock.advance(5)
    await firing.fire(engine)
    assert await bodies(engine, ben, group) == ["odd"]
    late = await engine.execute(
        ann, SendMessage(group.id, "odd", send_at=to_datetime(clock.now() + 1_000))
    )
    assert isinstance(late, Deferred)
    clock.advance(5)
    assert not await firing.fire(engine)
    await engine.execute(OPERATOR, ReleaseHeld(late.scheduled.id))
    assert await bodies(engine, ben, group) == ["odd", "odd"]


async def test_edits_and_changes_are_looked_at_too(opening: Opening, clock: FakeClock) -> None:
    """They can't be held: what would be is refused."""
    engine = await opening(Async())
    ann, _, group = await room(engine)
    sent = await engine.execute(ann, SendMessage(group.id, "fine"))
    assert isinstance(sent, Message)
    at = to_datetime(clock.now() + 10_000)
    planned = await engine.execute(ann, SendMessage(group.id, "fine", send_at=at))
    assert isinstance(planned, Deferred)
    for body in ("bad", "odd"):
        with pytest.raises(Forbidden):
            await engine.execute(ann, EditMessage(group.id, sent.id, body))
        with pytest.raises(Forbidden):
            await engine.execute(ann, UpdateScheduled(planned.scheduled.id, body))
    assert (await engine.execute(ann, EditMessage(group.id, sent.id, "damn"))).body == "d***"
    changed = await engine.execute(ann, UpdateScheduled(planned.scheduled.id, "damn"))
    assert changed.body == "d***"
    await engine.execute(ann, UpdateScheduled(planned.scheduled.id, send_at=at))
    assert len((await engine.execute(ann, ListScheduled())).items) == 1


async def test_what_is_held_is_sent_as_it_was_seen(opening: Opening) -> None:
    """Its sender can't change the text after the operator looked; they can take it back."""
    engine = await opening(Async())
    ann, ben, group = await room(engine)
    first, second = [
        (await engine.execute(ann, SendMessage(group.id, "odd", key))).scheduled  # type: ignore[union-attr]
        for key in ("one", "two")
    ]
    with pytest.raises(Conflict):
        await engine.execute(ann, UpdateScheduled(first.id, "fine"))
    await engine.execute(OPERATOR, ReleaseHeld(first.id))
    assert await bodies(engine, ben, group) == ["odd"]
    assert (await engine.execute(ann, CancelScheduled(second.id))).state == "cancelled"


async def test_a_repeat_needs_no_right(opening: Opening) -> None:
    """Its key was used while there was one: the answer is the same with a moderator as without."""
    moderator = Sync()
    engine = await opening(moderator)
    ann, ben, group = await room(engine)
    sent = await engine.execute(ben, SendMessage(group.id, "fine", "k"))
    held = await engine.execute(ben, SendMessage(group.id, "odd", "k2"))
    silent = UpdateConversation(group.id, settings=NewSettings(announcement=True))
    await engine.execute(ann, silent)
    again = await engine.execute(ben, SendMessage(group.id, "fine", "k"))
    assert again == evolve(sent, replayed=True, rev=again.rev)  # type: ignore[type-var, union-attr]
    assert await engine.execute(ben, SendMessage(group.id, "odd", "k2")) == evolve(
        held,  # type: ignore[type-var]
        replayed=True,
    )
    with pytest.raises(Forbidden):
        await engine.execute(ben, SendMessage(group.id, "fine", "k3"))
    await engine.execute(ann, RemoveMember(group.id, ben.id))
    with pytest.raises(NotFound):
        await engine.execute(ben, SendMessage(group.id, "fine", "k"))
    assert len(moderator.asked) == 2


@pytest.mark.parametrize("body", ["boom", "slow"])
async def test_where_it_fails(opening: Opening, body: str) -> None:
    """Open lets the message through, closed refuses it for now, as the host has chosen."""
    opened = await opening(Async(), moderator_s=0.02)
    ann, ben, group = await room(opened)
    await opened.execute(ann, SendMessage(group.id, body))
    assert await bodies(opened, ben, group) == [body]
    closed = await opening(Async(), moderator_s=0.02, moderator_fails="closed")
    with pytest.raises(Unavailable):
        await closed.execute(ann, SendMessage(group.id, body))
    assert await bodies(closed, ben, group) == [body]


async def test_each_ones_order_is_kept(opening: Opening) -> None:
    """However long the moderator takes over each of them."""

    class Uneven(Moderator):
        async def review(self, draft: Draft) -> Verdict:
            for _ in range(10 - int(draft.body or 0)):
                await anyio.lowlevel.checkpoint()
            return Allow()

    engine = await opening(Uneven())
    ann, ben, group = await room(engine)
    outcomes: list[Any] = []
    wanted = [str(number) for number in range(10)]
    done = anyio.Event()

    def take(outcome: Any) -> None:
        outcomes.append(outcome)
        if len(outcomes) == len(wanted):
            done.set()

    engine.submit([Request(ann, SendMessage(group.id, body), take) for body in wanted])
    with anyio.fail_after(10):
        await done.wait()
    assert not any(isinstance(one, ChatError) for one in outcomes)
    assert await bodies(engine, ben, group) == wanted


@pytest.mark.parametrize("body", ["bad", "odd", "damn"])
async def test_a_forward_is_looked_at_where_it_is_new(opening: Opening, body: str) -> None:
    """It goes on as it is or not at all; a repeat, and what can't be sent anyway, aren't asked."""
    moderator = Sync()
    engine = await opening(moderator)
    ann, ben, group = await room(engine)
    talk, elsewhere = await People(engine).direct(ann, ben), await People(engine).group(ben)
    trusted = evolve(ann, operator=True)
    taken = await engine.execute(trusted, ImportMessage(group.id, body))
    fine = await engine.execute(trusted, ImportMessage(group.id, "fine"))
    moderator.asked.clear()
    with pytest.raises(Forbidden):
        await engine.execute(ann, ForwardMessage(group.id, taken.id, (talk.id,), "k"))
    forward = ForwardMessage(group.id, fine.id, (talk.id, elsewhere.id), "k")
    done = await engine.execute(ann, forward)
    assert done.items[0].message is not None
    again = await engine.execute(ann, forward)
    assert again.items[0].message is not None
    assert again.items[0].message.replayed
    assert [(one.conversation_id, one.body) for one in moderator.asked] == [
        (talk.id, body),
        (talk.id, "fine"),
    ]


async def test_a_forward_to_many_waits_no_longer_than_one(opening: Opening) -> None:
    """The moderator is asked about all places at once, within the time it has for one message."""

    class Meeting(Moderator):
        """Answers once it has been asked three times."""

        def __init__(self) -> None:
            self.asked = 0
            self.all = anyio.Event()

        async def review(self, draft: Draft) -> Verdict:
            self.asked += 1
            if self.asked == 3:
                self.all.set()
            await self.all.wait()
            return Allow()

    engine = await opening(Meeting())
    ann, _, group = await room(engine)
    trusted = evolve(ann, operator=True)
    there = await engine.execute(trusted, ImportMessage(group.id, "fine"))
    places = [await People(engine).group(ann) for _ in range(3)]
    forward = ForwardMessage(group.id, there.id, tuple(one.id for one in places), "k")
    done = await engine.execute(ann, forward)
    assert [one.message is not None for one in done.items] == [True] * 3
