"""Messages that wait for their time: scheduled, changed, cancelled, and fired exactly once."""

from datetime import timedelta
from typing import Any

import anyio
import pytest
from attrs import evolve

from chatcore.config import Limits
from chatcore.engine import ChatEngine
from chatcore.errors import ChatError, Conflict, Invalid, KeyReused, NotFound, Unauthenticated
from chatcore.events import ScheduledChanged
from chatcore.flows import scheduled as firing
from chatcore.ids import ScheduledId, to_datetime
from chatcore.models import ANONYMOUS, Actor, Conversation, Deferred, Message, Scheduled
from chatcore.operations import (
    CancelScheduled,
    CreateConversation,
    DeleteMessage,
    GetHeads,
    ImportMessage,
    ListMessages,
    ListScheduled,
    Operation,
    Pull,
    PullFrom,
    RemoveMember,
    SendMessage,
    UpdateScheduled,
)
from chatcore.services import sync
from chatcore.services.scheduled import fire
from chatcore.services.work import ChatWork
from chatcore.testing.clock import FakeClock
from chatcore.testing.fakes import PlainHasher
from tests.people import People, RecordingBroker

pytestmark = pytest.mark.anyio


@pytest.fixture
def limits() -> Limits:
    """Few may wait."""
    return Limits(scheduled_a_user=3, scheduled_ahead_s=3_600)


def later(clock: FakeClock, where: Conversation, seconds: float = 60, **fields: Any) -> SendMessage:
    """A send for then."""
    at = to_datetime(clock.now()) + timedelta(seconds=seconds)
    return SendMessage(where.id, **{"body": "later", "send_at": at, **fields})


async def plan(engine: ChatEngine, actor: Actor, operation: SendMessage) -> Scheduled:
    """Schedule it."""
    answer = await engine.execute(actor, operation)
    assert isinstance(answer, Deferred)
    return answer.scheduled


async def waiting(engine: ChatEngine, actor: Actor) -> list[Scheduled]:
    """What a user has waiting."""
    return list((await engine.execute(actor, ListScheduled())).items)


async def bodies(engine: ChatEngine, actor: Actor, where: Conversation) -> list[str | None]:
    """What stands in a conversation."""
    page = await engine.execute(actor, ListMessages(where.id))
    return [one.body for one in page.items]


async def test_it_is_sent_at_its_time(
    engine: ChatEngine, people: People, clock: FakeClock, broker: RecordingBroker
) -> None:
    """Nobody else hears of it before, and then it is a message like any other."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    broker.take()
    planned = await plan(engine, ann, later(clock, group, key="k"))
    assert (planned.state, planned.held, planned.body, planned.key) == (
        "waiting", False, "later", "k",
    )  # fmt: skip
    (announced,) = broker.take()
    assert announced.event == ScheduledChanged(planned)
    assert announced.stream == f"me:{ann.id}"
    clock.advance(59)
    await firing.fire(engine)
    assert await bodies(engine, ben, group) == []
    clock.advance(1)
    await firing.fire(engine)
    assert await bodies(engine, ben, group) == ["later"]
    sent, changed = broker.take()
    assert sent.event.name == "message.sent"
    assert isinstance(changed.event, ScheduledChanged)
    assert changed.event.scheduled.state == "sent"
    assert changed.event.scheduled.message_id == sent.event.message.id  # type: ignore[attr-defined]
    assert await waiting(engine, ann) == []
    assert not await firing.fire(engine)
    assert await bodies(engine, ben, group) == ["later"]


async def test_the_engine_looks_by_itself(
    engine: ChatEngine, people: People, clock: FakeClock
) -> None:
    """An open engine sends what is due, without being asked."""
    (ann,) = await people("ann")
    notes = await engine.execute(ann, CreateConversation(kind="self"))
    for seconds in (2, 90):
        await plan(engine, ann, later(clock, notes, seconds))
        before = len(await bodies(engine, ann, notes))
        for _ in range(100):
            await clock.elapse(seconds / 20)
            if len(await bodies(engine, ann, notes)) > before:
                break
        assert len(await bodies(engine, ann, notes)) == before + 1


async def test_a_key_covers_it(engine: ChatEngine, people: People, clock: FakeClock) -> None:
    """A repeat answers the same scheduled message, and once it was sent the message."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    operation = later(clock, group, key="k")
    first = await plan(engine, ann, operation)
    again = await engine.execute(ann, operation)
    assert again == Deferred(scheduled=first, replayed=True)
    for other in (evolve(operation, body="other"), SendMessage(group.id, "later", "k")):
        with pytest.raises(KeyReused):
            await engine.execute(ann, other)
    await engine.execute(ann, UpdateScheduled(first.id, body="changed"))
    repeated = await engine.execute(ann, operation)
    assert isinstance(repeated, Deferred)
    assert repeated.scheduled.body == "changed"
    clock.advance(60)
    await firing.fire(engine)
    message = await engine.execute(ann, operation)
    assert isinstance(message, Message)
    assert (message.body, message.replayed, message.key) == ("changed", True, "k")
    await engine.execute(ann, DeleteMessage(group.id, message.id))
    gone = await engine.execute(ann, operation)
    assert isinstance(gone, Message)
    assert gone.deleted is not None


async def test_a_cancelled_one_stays_cancelled(
    engine: ChatEngine, people: People, clock: FakeClock
) -> None:
    """It isn't sent, its key doesn't send it again, and cancelling twice is no error."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    operation = later(clock, group, key="k")
    planned = await plan(engine, ann, operation)
    for _ in range(2):
        cancelled = await engine.execute(ann, CancelScheduled(planned.id))
        assert (cancelled.state, cancelled.body) == ("cancelled", None)
    clock.advance(60)
    await firing.fire(engine)
    assert await bodies(engine, ben, group) == []
    again = await engine.execute(ann, operation)
    assert isinstance(again, Deferred)
    assert again.scheduled.state == "cancelled"
    with pytest.raises(Conflict):
        await engine.execute(ann, UpdateScheduled(planned.id, body="no"))


async def test_its_text_and_time_can_be_changed(
    engine: ChatEngine, people: People, clock: FakeClock
) -> None:
    """Until it is sent."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    planned = await plan(engine, ann, later(clock, group))
    at = to_datetime(clock.now() + 5_000)
    changed = await engine.execute(ann, UpdateScheduled(planned.id, "sooner", at))
    assert (changed.body, changed.send_at) == ("sooner", at)
    clock.advance(5)
    await firing.fire(engine)
    assert await bodies(engine, ben, group) == ["sooner"]
    for late in (UpdateScheduled(planned.id, "no"), CancelScheduled(planned.id)):
        with pytest.raises(Conflict):
            await engine.execute(ann, late)


async def test_the_right_is_asked_for_again(
    engine: ChatEngine, people: People, clock: FakeClock
) -> None:
    """Whoever may not send any more when the time comes keeps it, with the reason."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    planned = await plan(engine, ben, later(clock, group, key="k"))
    await engine.execute(ann, RemoveMember(group.id, ben.id))
    clock.advance(60)
    await firing.fire(engine)
    assert await bodies(engine, ann, group) == []
    (failed,) = await waiting(engine, ben)
    assert (failed.id, failed.state, failed.reason) == (planned.id, "failed", "not_found")
    assert not await firing.fire(engine)
    with pytest.raises(Invalid):
        await engine.execute(ben, UpdateScheduled(failed.id, body="again"))
    at = to_datetime(clock.now() + 1_000)
    anew = await engine.execute(ben, UpdateScheduled(failed.id, send_at=at))
    assert (anew.state, anew.reason, anew.body) == ("waiting", None, "later")


async def test_what_could_not_be_sent_now_is_refused_now(
    engine: ChatEngine, people: People, clock: FakeClock
) -> None:
    """Content, rights and time are checked when it is scheduled, and a refusal keeps nothing."""
    ann, ben, cem = await people("ann", "ben", "cem")
    group = await people.group(ann, ben)
    for bad in (
        later(clock, group, body=" "),
        later(clock, group, 0),
        later(clock, group, -1),
        later(clock, group, 3_601),
    ):
        with pytest.raises(Invalid):
            await engine.execute(ann, bad)
    await plan(engine, ann, later(clock, group, 3_600))
    with pytest.raises(NotFound):
        await engine.execute(cem, later(clock, group))
    imported = ImportMessage(group.id, "x", send_at=to_datetime(clock.now() + 1_000))
    with pytest.raises(Invalid):
        await engine.execute(evolve(ann, operator=True), imported)
    assert await waiting(engine, cem) == []


async def test_how_many_may_wait(engine: ChatEngine, people: People, clock: FakeClock) -> None:
    """The limit, and one past it; a cancelled one makes room."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    made = [await plan(engine, ann, later(clock, group)) for _ in range(3)]
    with pytest.raises(Conflict):
        await engine.execute(ann, later(clock, group))
    await plan(engine, ben, later(clock, group))
    await engine.execute(ann, CancelScheduled(made[0].id))
    await plan(engine, ann, later(clock, group))


async def test_nobody_elses(engine: ChatEngine, people: People, clock: FakeClock) -> None:
    """Another's is as one that never was."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    planned = await plan(engine, ann, later(clock, group))
    tries: list[Operation[Any]] = [UpdateScheduled(planned.id, "mine"), CancelScheduled(planned.id)]
    for one in tries:
        with pytest.raises(NotFound) as theirs:
            await engine.execute(ben, one)
        with pytest.raises(NotFound) as nobodys:
            await engine.execute(ben, evolve(one, id=ScheduledId("x")))  # type: ignore[type-var]
        assert str(theirs.value) == str(nobodys.value)
        with pytest.raises(Unauthenticated):
            await engine.execute(ANONYMOUS, one)
    assert await waiting(engine, ben) == []


async def test_pages(engine: ChatEngine, people: People, clock: FakeClock) -> None:
    """In the order of their making, a page at a time."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    for seconds in (30, 20, 10):
        await plan(engine, ann, later(clock, group, seconds))
    whole = await waiting(engine, ann)
    found: list[Scheduled] = []
    cursor = None
    while True:
        page = await engine.execute(ann, ListScheduled(limit=2, cursor=cursor))
        found += page.items
        if page.next is None:
            break
        cursor = str(page.next)
    assert found == whole
    assert len(found) == 3


async def test_a_pull_tells_what_became_of_them(
    engine: ChatEngine, people: People, clock: FakeClock
) -> None:
    """Each once, as it is now."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    started = await engine.chat_read(lambda work: _me_cursor(work, ann))
    one = await plan(engine, ann, later(clock, group, 10))
    two = await plan(engine, ann, later(clock, group, 20))
    three = await plan(engine, ann, later(clock, group, 20))
    await engine.execute(ann, CancelScheduled(two.id))
    clock.advance(10)
    await firing.fire(engine)
    pulled = await engine.execute(ann, Pull(streams=(PullFrom(stream="me", cursor=started),)))
    events = [change.event for change in pulled.changes]
    states = {one.scheduled.id: one.scheduled.state for one in events if _is_scheduled(one)}  # type: ignore[attr-defined]
    assert states == {one.id: "sent", two.id: "cancelled", three.id: "waiting"}


def _is_scheduled(event: object) -> bool:
    return isinstance(event, ScheduledChanged)


def _me_cursor(work: Any, actor: Actor) -> str:
    return sync.heads(work, actor, GetHeads()).heads[0].cursor


async def test_one_that_breaks_stands_in_nobodys_way(
    engine: ChatEngine, people: People, clock: FakeClock
) -> None:
    """A defect of ours fails that one; the others are sent."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    bad = await plan(engine, ann, later(clock, group, body="bad"))
    await plan(engine, ann, later(clock, group, body="good"))

    def spoil(work: Any) -> None:
        record = work.unit.scheduled.get([bad.id])[bad.id]
        record.content = {"body": 5}
        work.unit.scheduled.save(record)

    await engine.chat_write(spoil)
    clock.advance(60)
    await firing.fire(engine)
    assert await bodies(engine, ben, group) == ["good"]
    (failed,) = await waiting(engine, ann)
    assert (failed.state, failed.reason) == ("failed", "internal")


@pytest.mark.parametrize(
    "rounds", [5, pytest.param(1_000, marks=pytest.mark.slow)], ids=["few", "many"]
)
async def test_two_engines_fire_each_once(
    engine: ChatEngine, people: People, clock: FakeClock, database: str, rounds: int
) -> None:
    """Both find them due; every message is there once, also when one is changed meanwhile."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    async with ChatEngine(database, clock=clock, hasher=PlainHasher()) as other:
        for number in range(rounds):
            keys = [f"{number}-{one}" for one in range(3)]
            planned = [await plan(engine, ann, later(clock, group, key=key)) for key in keys]
            clock.advance(60)
            outcomes: list[Any] = []

            async def cancel(one: Scheduled, outcomes: list[Any] = outcomes) -> None:
                try:
                    outcomes.append(await other.execute(ann, CancelScheduled(one.id)))
                except ChatError as error:
                    outcomes.append(error)

            async with anyio.create_task_group() as tasks:
                for one in (engine, other, engine, other):
                    tasks.start_soon(firing.fire, one)
                tasks.start_soon(cancel, planned[2])
            page = await engine.execute(ben, ListMessages(group.id, limit=3))
            sent = [one.key for one in page.items if one.key in keys]
            cancelled = isinstance(outcomes[0], Scheduled)
            assert sorted(map(str, sent)) == (keys[:2] if cancelled else keys)
            assert await waiting(engine, ann) == []


async def test_a_crash_before_the_commit_leaves_it_waiting(
    engine: ChatEngine, people: People, clock: FakeClock
) -> None:
    """The message and the row's end are one transaction: both or neither."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    await plan(engine, ann, later(clock, group))
    clock.advance(60)
    with engine.chat_store.write() as unit:
        work = ChatWork(unit, engine.limits, engine.settings)
        assert fire(work, work.unit.scheduled.due(work.now, 10)) == 1
        # Not committed: the process is gone.
    assert await bodies(engine, ben, group) == []
    await firing.fire(engine)
    assert await bodies(engine, ben, group) == ["later"]
