"""The engine: opening and closing, order, and what becomes of an operation on its way."""

import threading
from typing import Any

import anyio
import pytest

from chatcore.config import Settings
from chatcore.engine import ChatEngine, Request
from chatcore.errors import (
    ChatError,
    Forbidden,
    Internal,
    NotFound,
    Unauthenticated,
    Unavailable,
)
from chatcore.ids import ConversationId, UserId
from chatcore.models import ANONYMOUS, Actor, Message
from chatcore.operations import (
    AddMembers,
    GetConversation,
    GetMe,
    HideMessage,
    ListMembers,
    Operation,
    Register,
    SendMessage,
)
from chatcore.services import ChatWork
from chatcore.testing.clock import FakeClock
from chatcore.testing.fakes import PlainHasher
from tests.people import PASSWORD, People, RecordingBroker, dump

pytestmark = pytest.mark.anyio
CLOSED: tuple[Operation[Any], ...] = (
    GetMe(),
    Register("ann", PASSWORD),
    SendMessage(ConversationId("c"), "hi"),
)


async def test_an_engine_that_is_not_open_says_so(database: str) -> None:
    """Before and after, whatever is asked and however."""
    engine = ChatEngine(database, hasher=PlainHasher())
    actor = Actor(UserId("u"))
    for step in ("before", "after"):
        for operation in CLOSED:
            with pytest.raises(Unavailable):
                await engine.execute(actor, operation)
            told: list[object] = []
            engine.submit([Request(actor, operation, told.append)])
            assert [type(one) for one in told] == [Unavailable]
        if step == "before":
            async with engine:
                assert await engine.ready()


async def test_an_engine_may_be_opened_again(database: str) -> None:
    """What it kept is there."""
    engine = ChatEngine(database, hasher=PlainHasher())
    async with engine:
        ann = await People(engine).register("ann")
    async with engine:
        assert (await engine.execute(ann, GetMe())).username == "ann"


async def test_closing_finishes_what_was_asked(database: str, broker: RecordingBroker) -> None:
    """Every send that was taken is answered, kept and announced."""
    outcomes: list[object] = []
    async with ChatEngine(database, hasher=PlainHasher(), broker=broker) as engine:
        people = People(engine)
        (ann,) = await people("ann")
        group = await people.group(ann)
        broker.take()
        engine.submit(
            [Request(ann, SendMessage(group.id, str(n)), outcomes.append) for n in range(50)]
        )
    assert [one.seq for one in outcomes if isinstance(one, Message)] == list(range(1, 51))
    assert len(broker.take()) == 50
    assert len(dump(database)["chat_messages"]) == 50


async def test_an_error_inside_closes_the_engine(database: str) -> None:
    """It goes on to the host, and nothing stays open."""
    with pytest.raises(ZeroDivisionError):
        async with ChatEngine(database, hasher=PlainHasher()) as engine:
            raise ZeroDivisionError
    with pytest.raises(Unavailable):
        await engine.execute(Actor(UserId("u")), GetMe())


async def test_readiness(engine: ChatEngine, database: str) -> None:
    """Both databases answer, or not."""
    assert await engine.ready()
    await engine.__aexit__(None, None, None)
    assert not await engine.ready()
    await engine.__aenter__()


async def test_a_cancelled_caller_takes_back_what_is_not_begun(
    engine: ChatEngine, people: People, broker: RecordingBroker
) -> None:
    """What the lane has taken is finished and announced; what waits behind it never happens."""
    (ann,) = await people("ann")
    group = await people.group(ann)
    broker.take()
    gate = threading.Event()

    async def hold() -> None:
        await engine.chat_write(lambda work: gate.wait(10))

    async with anyio.create_task_group() as outer:
        outer.start_soon(hold)
        await anyio.wait_all_tasks_blocked()
        async with anyio.create_task_group() as inner:
            inner.start_soon(engine.execute, ann, SendMessage(group.id, "never"))
            await anyio.wait_all_tasks_blocked()
            inner.cancel_scope.cancel()
        outer.cancel_scope.cancel()
        gate.set()
    await people.say(ann, group, "later")
    assert [one.event.message.body for one in broker.take()] == ["later"]  # type: ignore[attr-defined]


async def test_writes_of_one_actor_keep_their_order(engine: ChatEngine, people: People) -> None:
    """Also behind one that has to look users up first; others don't wait for it."""
    ann, ben, cid = await people("ann", "ben", "cid")
    group, other = await people.group(ann), await people.group(cid)
    heard: list[str] = []
    finished = anyio.Event()

    def tell(name: str) -> Any:
        def done(outcome: object) -> None:
            assert not isinstance(outcome, ChatError), outcome
            heard.append(name)
            if len(heard) == 6:
                finished.set()

        return done

    engine.submit(
        [
            Request(ann, SendMessage(group.id, "before"), tell("before")),
            Request(ann, AddMembers(group.id, (ben.id,)), tell("add")),
            Request(ann, SendMessage(group.id, "after"), tell("after")),
            Request(ann, AddMembers(group.id, (cid.id,)), tell("add again")),
            Request(ann, SendMessage(group.id, "last"), tell("last")),
            Request(cid, SendMessage(other.id, "elsewhere"), tell("elsewhere")),
        ]
    )
    await finished.wait()
    assert [name for name in heard if name != "elsewhere"] == [
        "before",
        "add",
        "after",
        "add again",
        "last",
    ]
    joined = {
        one.user_id: one.joined_seq
        for one in (await engine.execute(ann, ListMembers(group.id))).items
    }
    assert joined == {ann.id: 0, ben.id: 1, cid.id: 2}


async def test_submitting_answers_every_kind_of_failure(
    engine: ChatEngine, people: People, caplog: pytest.LogCaptureFixture
) -> None:
    """Refused at once, refused in the lane, refused in a flow, or a defect."""
    (ann,) = await people("ann")
    told: list[Any] = []
    finished = anyio.Event()

    def done(outcome: object) -> None:
        told.append(outcome)
        if len(told) == 5:
            finished.set()

    class Broken(PlainHasher):
        """Has a defect."""

        def hash(self, password: str) -> str:
            raise ZeroDivisionError

    engine.hasher = Broken()
    engine.submit(
        [
            Request(ANONYMOUS, GetMe(), done),
            Request(ann, SendMessage(ConversationId(""), "x"), done),
            Request(ann, GetConversation(ConversationId("x")), done),
            Request(ann, AddMembers(ConversationId("x"), (ann.id,)), done),
            Request(ANONYMOUS, Register("ben", PASSWORD), done),
        ]
    )
    await finished.wait()
    assert sorted(type(one).__name__ for one in told) == [
        "Internal",
        "NotFound",
        "NotFound",
        "NotFound",
        "Unauthenticated",
    ]
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [
        ZeroDivisionError
    ]
    assert {type(one) for one in told} == {Internal, NotFound, Unauthenticated}


async def test_a_right_is_no_request(engine: ChatEngine, people: People) -> None:
    """What the policy knows by a class of its own can't be asked for by it."""
    (ann,) = await people("ann")
    with pytest.raises(Forbidden):
        await engine.execute(ann, HideMessage(ConversationId("c"), "m"))  # type: ignore[arg-type]


class SlowClock(FakeClock):
    """Seconds pass inside a transaction, and nobody's sleep ends by it."""

    late = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.late


async def test_a_transaction_that_took_too_long_is_not_kept(database: str) -> None:
    """At ten seconds it is, one moment later nothing of it is."""
    clock, broker = SlowClock(), RecordingBroker()
    async with ChatEngine(database, hasher=PlainHasher(), clock=clock, broker=broker) as engine:
        people = People(engine)
        (ann,) = await people("ann")
        group = await people.group(ann)

        def slowly(seconds: float) -> Any:
            def run(work: ChatWork) -> None:
                clock.late += seconds
                work.unit.actors.lock([UserId(f"u{seconds}")])

            return run

        await engine.chat_write(slowly(10))
        before = dump(database)
        broker.take()
        with pytest.raises(Unavailable, match="took too long"):
            await engine.chat_write(slowly(10.001))
        assert dump(database) == before
        assert broker.take() == []
        await people.say(ann, group, "on we go")


async def test_rows_of_batches_live_an_hour(database: str) -> None:
    """Each write leaves one with the heads it moved; heartbeats sweep the old ones."""
    clock, hourly = FakeClock(), Settings(heartbeat_s=3_600.0, chores_interval_s=3_600.0)

    def rows() -> dict[str, str]:
        return {id: streams for id, _, streams in dump(database)["chat_batches"]}

    async with ChatEngine(database, hasher=PlainHasher(), clock=clock, settings=hourly) as engine:
        people = People(engine)
        (ann,) = await people("ann")
        before = rows()
        group = await people.group(ann)
        made = rows().items() - before.items()
        assert [streams for _, streams in made] == [f'{{"{group.id}":1,"me:{ann.id}":1}}']
        await people.say(ann, group, "hello")
        sent = rows().items() - before.items() - made
        assert [streams for _, streams in sent] == [f'{{"{group.id}":2}}']
        for left in (made | sent, set()):
            clock.advance(3_600)
            await anyio.wait_all_tasks_blocked()
            await engine.chat_write(lambda work: None)
            assert rows().items() & (made | sent) == left
