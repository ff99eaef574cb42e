"""The realtime session: beginning, requests and answers, the end."""

import json
from typing import Any

import anyio
import pytest

from chatcore.config import Limits
from chatcore.delivery.outbox import SessionClosed
from chatcore.errors import Conflict, NotFound, Unauthenticated, Unavailable
from chatcore.events import Announcement, UserChanged
from chatcore.ids import UserId
from chatcore.models import Done, Page, User
from chatcore.operations import SendMessage, SetTyping
from chatcore.wire.problems import INVALID_REQUEST, METHOD_NOT_FOUND, PARSE_ERROR, RPC_CODE
from tests.delivery.build import ROOM, STREAM, THEN, sent, typing
from tests.wire.realtime_fakes import (
    FakeEngine,
    World,
    actor,
    notification,
    request,
    send,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
def world() -> World:
    """An engine that answers everything with an empty result."""
    return World(FakeEngine(respond=lambda operation: Done()))


def code(answer: dict[str, Any]) -> str:
    """The stable code of an error."""
    return str(answer["error"]["data"]["code"])


# Beginning.


async def test_it_starts_with_a_token(world: World) -> None:
    """session.start authenticates, connects, and answers what the engine said."""
    async with world.client(None, address="192.0.2.1", user_agent="test") as client:
        answer = await client.call("session.start", protocol=1, token="ann's", since="then")
        (connection,) = world.engine.connected
        assert answer["id"] == 1
        assert answer["result"]["session_id"] == connection.id
        assert answer["result"]["since"] == "then"
        assert answer["result"]["next"] is None
        assert (connection.user_id, connection.session_id) == ("ann", "ann's session")
        assert world.engine.seen == [("192.0.2.1", "test")]
    assert world.engine.gone == [connection]


async def test_it_starts_with_who_opened_it(world: World) -> None:
    """Where the opening request authenticated, no token is needed; one that is given wins."""
    async with world.client(None, actor=actor("ann")) as client:
        assert "result" in await client.call("session.start", protocol=1)
    async with world.client(None, actor=actor("ann")) as client:
        assert "result" in await client.call("session.start", protocol=1, token="ben's")
    assert [one.user_id for one in world.engine.connected] == ["ann", "ben"]


@pytest.mark.parametrize("params", [{"token": "nobody's"}, {}])
async def test_without_a_good_token_it_ends(world: World, params: dict[str, str]) -> None:
    """A bad token, or none at all, is told and closes with 4401."""
    async with world.client(None) as client:
        answer = await client.call("session.start", protocol=1, **params)
        assert code(answer) == "unauthenticated"
        assert await client.end() == 4401
    assert world.engine.gone == []


@pytest.mark.parametrize(
    ("params", "path"),
    [
        ({"protocol": 2}, "protocol"),
        ({"protocol": "1"}, "protocol"),
        ({"protocol": True}, "protocol"),
        ({}, "protocol"),
        ({"protocol": 1, "token": 7}, "token"),
        ({"protocol": 1, "more": 7}, "more"),
    ],
)
async def test_a_bad_start_may_be_tried_again(
    world: World, params: dict[str, Any], path: str
) -> None:
    """Wrong fields are named, and the session goes on waiting."""
    async with world.client(None) as client:
        answer = await client.call("session.start", **params)
        assert code(answer) == "invalid"
        assert answer["error"]["data"]["errors"][0]["path"] == path
        assert "result" in await client.call("session.start", protocol=1, token="ann's")


async def test_nothing_runs_before_the_start(world: World) -> None:
    """Any other request is refused, a silent one silently, and nothing reaches the engine."""
    async with world.client(None) as client:
        await client.say(
            send(1),
            request(2, "session.ping"),
            request(3, "no.such"),
            notification("typing.set", conversation_id=ROOM),
        )
        assert [(one["id"], code(one)) for one in await client.hear()] == [
            (1, "unauthenticated"),
            (2, "unauthenticated"),
            (3, "unauthenticated"),
        ]
        assert not client.session.over
    assert world.engine.operations == []


async def test_it_starts_once(world: World) -> None:
    """A second start conflicts and changes nothing."""
    async with world.client() as client:
        assert code(await client.call("session.start", protocol=1, token="ben's")) == "conflict"
        assert not client.session.over
    assert len(world.engine.connected) == 1


async def test_a_start_that_fails_may_be_tried_again(world: World) -> None:
    """What keeps the engine from connecting is told, and the next try may work."""
    world.engine.refuses = Unavailable(retry_after=2)
    async with world.client(None) as client:
        answer = await client.call("session.start", protocol=1, token="ann's")
        assert (code(answer), answer["error"]["data"]["retry_after"]) == ("unavailable", 2)
        assert code(await client.call("session.ping")) == "unauthenticated"
        world.engine.refuses = None
        assert "result" in await client.call("session.start", protocol=1, token="ann's")


async def test_start_and_requests_may_share_a_frame(world: World) -> None:
    """What follows the start in its frame runs after it."""
    async with world.client(None) as client:
        await client.say(request("s", "session.start", protocol=1, token="ann's"), send("m"))
        assert [one["id"] for one in await client.hear()] == ["s", "m"]


# Requests.


async def test_an_operation_is_asked_and_answered(world: World) -> None:
    """A method's params become its operation, run as the session's user; the result comes back."""
    async with world.client() as client:
        assert await client.call("messages.send", conversation_id=ROOM, body="hi", key="k") == {
            "jsonrpc": "2.0",
            "id": 1,
            "result": {},
        }
    ((asked,),) = world.engine.submitted
    assert asked.operation == SendMessage(ROOM, "hi", key="k")
    assert asked.actor == actor("ann")


async def test_a_refusal_of_the_engine_is_told(world: World) -> None:
    """What the engine refuses is an error with the code's integer, not the session's end."""
    world.engine.respond = lambda operation: NotFound()
    async with world.client() as client:
        answer = await client.call("messages.send", conversation_id=ROOM)
        assert answer["error"]["code"] == RPC_CODE["not_found"]
        assert not client.session.over


async def test_a_frame_goes_to_the_engine_in_one_call(world: World) -> None:
    """The requests of one frame are submitted together, in their order."""
    async with world.client() as client:
        await client.say(send(1, "a"), "", send(2, "b"), send("x", "c"))
        assert [one["id"] for one in await client.hear()] == [1, 2, "x"]
    (batch,) = world.engine.submitted
    assert [asked.operation.body for asked in batch] == ["a", "b", "c"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("bad", ["nonsense", '{"jsonrpc":"2.0","id":null,"method":"m"}'])
async def test_a_bad_line_has_its_own_error(world: World, bad: str) -> None:
    """The other lines of the frame still run, in order."""
    async with world.client() as client:
        await client.say(send(1), bad, send(2))
        answers = await client.hear()
    assert sorted(str(one["id"]) for one in answers) == ["1", "2", "None"]
    assert [asked.operation for asked in world.engine.submitted[0]] == [SendMessage(ROOM, "hi")] * 2


async def test_without_lines_a_frame_is_one_message(world: World) -> None:
    """A client without the subprotocol sends one message a frame and gets one a frame."""
    async with world.client(lines=False) as client:
        await client.session.receive(json.dumps(send(1), indent=2))
        assert json.loads(await client.session.outgoing())["id"] == 1
        await client.say(send(2), send(3))
        assert (await client.hear())[0]["error"]["code"] == PARSE_ERROR


@pytest.mark.parametrize(
    ("message", "number"),
    [
        ([send(1)], INVALID_REQUEST),
        (request(1, "no.such.method"), METHOD_NOT_FOUND),
        (request(1, "session.pong"), METHOD_NOT_FOUND),
        (request(1, ""), METHOD_NOT_FOUND),
        ({**send(1), "params": [ROOM]}, RPC_CODE["invalid"]),
        ({**send(1), "params": None}, RPC_CODE["invalid"]),
        (request(1, "messages.send", body="hi"), RPC_CODE["invalid"]),
        (request(1, "messages.send", conversation_id=ROOM, user_id="ben"), RPC_CODE["invalid"]),
        (request(1, "session.ping", why=1), RPC_CODE["invalid"]),
    ],
)
async def test_bad_requests_change_nothing(world: World, message: Any, number: int) -> None:
    """Each gets the error of the contract, and nothing reaches the engine."""
    async with world.client() as client:
        await client.say(message)
        (answer,) = await client.hear()
        assert answer["error"]["code"] == number
        assert answer["id"] == (None if isinstance(message, list) else 1)
        assert not client.session.over
    assert world.engine.operations == []


async def test_only_hints_may_come_without_an_id(world: World) -> None:
    """Any other request without an id is an error with a null id and changes nothing."""
    async with world.client() as client:
        await client.say(
            notification("messages.send", conversation_id=ROOM, body="hi"),
            notification("session.ping"),
            notification("session.start", protocol=1),
            notification("no.such"),
        )
        answers = await client.hear()
    assert [(one["id"], one["error"]["code"]) for one in answers] == [(None, INVALID_REQUEST)] * 4
    assert world.engine.operations == []


async def test_hints_without_an_id_are_not_answered(world: World) -> None:
    """typing.set, session.focus and session.inactive run silently, refused ones too."""
    async with world.client() as client:
        await client.say(
            notification("typing.set", conversation_id=ROOM, state="audio"),
            notification("typing.set", conversation_id=7),
            notification("session.focus", conversation_ids=[ROOM]),
            notification("session.inactive", inactive=True),
            notification("session.inactive", inactive="yes"),
        )
        assert await client.hear() == []
        world.engine.respond = lambda operation: Conflict()
        await client.say(notification("typing.set", conversation_id=ROOM))
        assert await client.hear() == []
    assert world.engine.operations == [SetTyping(ROOM, "audio"), SetTyping(7), SetTyping(ROOM)]  # type: ignore[arg-type]


async def test_ping(world: World) -> None:
    """A ping is answered with nothing in it."""
    async with world.client() as client:
        assert (await client.call("session.ping"))["result"] == {}


async def test_focus_chooses_what_is_heard_of_large_groups(world: World) -> None:
    """Typing that is only for the focused arrives while the conversation is in focus."""
    large = typing("ben", only_focused=True)
    async with world.client() as client:
        world.engine.hub.deliver([large])
        assert (await client.call("session.focus", conversation_ids=[ROOM]))["result"] == {}
        world.engine.hub.deliver([large])
        assert [one["method"] for one in await client.hear()] == ["typing.changed"]
        await client.call("session.focus", conversation_ids=[])
        world.engine.hub.deliver([large])
        assert await client.hear() == []
        limit = world.engine.limits.watched
        many = [f"c{number}" for number in range(limit + 1)]
        assert code(await client.call("session.focus", conversation_ids=many)) == "invalid"
        assert code(await client.call("session.focus", conversation_ids=[""])) == "not_found"


async def test_an_inactive_client_hears_no_typing(world: World) -> None:
    """Typing is held back while the client says that nobody looks."""
    async with world.client() as client:
        await client.call("session.inactive", inactive=True)
        world.engine.hub.deliver([typing("ben")])
        await client.call("session.inactive", inactive=False)
        world.engine.hub.deliver([typing("ben")])
        assert len(await client.hear()) == 1


def renamed(user: str) -> Announcement:
    """A user changed their card, which those hear who watch them."""
    card = User(id=UserId(user), display_name="New name", created_at=THEN)
    return Announcement(event=UserChanged(card), stream=None)


async def test_watching_begins_before_the_answer(world: World) -> None:
    """What changes while the engine looks is heard; the new list then replaces the old."""
    hub = world.engine.hub
    async with world.client() as client:
        await client.call("presence.watch", user_ids=["ben"])
        world.engine.respond = None
        await client.say(request(1, "presence.watch", user_ids=["eve"]))
        hub.deliver([renamed("ben"), renamed("eve")])
        assert len(await client.hear()) == 2
        world.engine.submitted[-1][0].done(Page(items=()))
        assert (await client.hear())[0]["result"] == {"items": [], "next": None}
        hub.deliver([renamed("ben"), renamed("eve")])
        assert [one["params"]["user"]["id"] for one in await client.hear()] == ["eve"]


async def test_a_refused_watch_changes_nothing(world: World) -> None:
    """Where the engine refuses, the old list stays."""
    async with world.client() as client:
        await client.call("presence.watch", user_ids=["ben"])
        world.engine.respond = lambda operation: Conflict()
        assert code(await client.call("presence.watch", user_ids=["eve"])) == "conflict"
        world.engine.hub.deliver([renamed("ben"), renamed("eve")])
        assert [one["params"]["user"]["id"] for one in await client.hear()] == ["ben"]


async def test_a_watch_answered_after_the_end_watches_nobody(world: World) -> None:
    """An answer that comes when the session is over doesn't bring it back."""
    async with world.client() as client:
        world.engine.respond = None
        await client.say(request(1, "presence.watch", user_ids=["ben"]))
    (connection,) = world.engine.connected
    world.engine.submitted[-1][0].done(Page(items=()))
    assert connection.watched == frozenset()


async def test_wrong_passwords_are_counted_here_too(world: World) -> None:
    """Guessing over an open session is stopped as it is over HTTP, before the engine is asked."""
    world.engine.respond = lambda operation: Unauthenticated()
    params = {"current": "guess", "new": "long enough"}
    async with world.client() as client:
        for _ in range(world.engine.limits.login_failures_an_account):
            answer = await client.call("accounts.change_password", **params)
            assert code(answer) == "unauthenticated"
        assert code(await client.call("accounts.change_password", **params)) == "rate_limited"
        assert not client.session.over
    assert len(world.engine.operations) == world.engine.limits.login_failures_an_account


async def test_a_right_password_is_not_counted(world: World) -> None:
    """Only what turned out wrong counts."""
    params = {"current": "right", "new": "long enough"}
    async with world.client() as client:
        for _ in range(world.engine.limits.login_failures_an_account + 1):
            assert (await client.call("accounts.change_password", **params))["result"] == {}


# Events and answers.


async def test_answers_leave_before_events_of_the_same_commit(world: World) -> None:
    """The engine answers first and delivers then, and so it arrives, in one frame."""
    world.engine.respond = None
    async with world.client() as client:
        await client.say(send(1))
        world.engine.submitted[-1][0].done(sent(1).event.message)  # type: ignore[attr-defined]
        world.engine.hub.deliver([sent(1)])
        frame = await client.session.outgoing()
        answer, event = map(json.loads, frame.split("\n"))
        assert answer["result"]["seq"] == 1
        assert event["method"] == "message.sent"
        assert event["params"]["stream"] == STREAM


async def test_a_session_that_ended_is_not_answered(world: World) -> None:
    """An outcome that comes after the end is dropped quietly."""
    world.engine.respond = None
    async with world.client() as client:
        await client.say(send(1))
    world.engine.submitted[-1][0].done(Done())
    with pytest.raises(SessionClosed):
        await client.session.outgoing()


async def test_a_closing_engine_lets_go_by_itself(world: World) -> None:
    """Where the engine can't be told of the end, the session ends all the same."""
    async with world.client() as client:
        world.engine.closing = True
    assert client.session.over
    assert world.engine.gone == []


# Backpressure.


async def test_only_so_many_are_in_flight() -> None:
    """Past the limit receiving waits until answers are there and the client has taken them."""
    world = World(FakeEngine(limits=Limits(in_flight=3)))
    async with world.client() as client, anyio.create_task_group() as tasks:
        tasks.start_soon(client.say, *(send(number, f"{number}") for number in range(5)))
        await anyio.wait_all_tasks_blocked()
        assert [len(batch) for batch in world.engine.submitted] == [3]
        for asked in world.engine.submitted[0]:
            asked.done(Done())
        await anyio.wait_all_tasks_blocked()
        assert len(world.engine.submitted) == 1
        assert len((await client.session.outgoing()).split("\n")) == 3
        await anyio.wait_all_tasks_blocked()
        assert [len(batch) for batch in world.engine.submitted] == [3, 2]


async def test_bad_lines_wait_for_room_too() -> None:
    """A flood of bad lines costs no more memory than the limit."""
    world = World(FakeEngine(limits=Limits(in_flight=4)))
    async with world.client() as client, anyio.create_task_group() as tasks:
        tasks.start_soon(client.say, *["bad"] * 10)
        await anyio.wait_all_tasks_blocked()
        sizes = []
        for _ in range(3):
            sizes.append(len((await client.session.outgoing()).split("\n")))
            await anyio.wait_all_tasks_blocked()
        assert sizes == [4, 4, 2]


async def test_silent_requests_hold_a_place_until_they_are_done() -> None:
    """Typing without an id frees its place when the engine is done with it."""
    world = World(FakeEngine(limits=Limits(in_flight=1)))
    typed = notification("typing.set", conversation_id=ROOM)
    async with world.client() as client, anyio.create_task_group() as tasks:
        tasks.start_soon(client.say, typed, typed)
        await anyio.wait_all_tasks_blocked()
        assert len(world.engine.operations) == 1
        world.engine.submitted[0][0].done(Done())
        await anyio.wait_all_tasks_blocked()
        assert len(world.engine.operations) == 2


async def test_waiting_for_room_ends_with_the_session() -> None:
    """Who waits for room when the session is closed goes no further."""
    world = World(FakeEngine(limits=Limits(in_flight=1)))
    async with world.client() as client, anyio.create_task_group() as tasks:
        tasks.start_soon(client.say, send(1), send(2))
        await anyio.wait_all_tasks_blocked()
        world.engine.hub.close_all(1012, "restarting")
        await anyio.wait_all_tasks_blocked()
        assert len(world.engine.operations) == 1
        await client.say(send(3))
        assert len(world.engine.operations) == 1
        assert await client.end() == 1012
