"""The realtime session on the real engine: two people talking."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from attrs import define, field

from chatcore.delivery.outbox import SessionClosed
from chatcore.engine import ChatEngine
from chatcore.models import ANONYMOUS, Authenticated
from chatcore.operations import CreateConversation, Logout, Register, RemoveMember, SendMessage
from chatcore.testing.fakes import PlainHasher
from chatcore.wire.limits import RateLimits
from chatcore.wire.logins import LoginFailures
from chatcore.wire.realtime import RealtimeSession
from chatcore.wire.session import SILENT
from tests.wire.realtime_fakes import notification, request

pytestmark = pytest.mark.anyio

Message = dict[str, Any]


@define
class Person:
    """Someone with an open session."""

    session: RealtimeSession
    account: Authenticated
    heard: list[Message] = field(factory=list)

    async def say(self, *messages: Message) -> None:
        """Send one frame."""
        await self.session.receive("\n".join(map(json.dumps, messages)))

    async def hear(self, wanted: Callable[[Message], bool]) -> Message:
        """The first message that is wanted; what came before it is passed over."""
        with anyio.fail_after(10):
            while True:
                while self.heard:
                    message = self.heard.pop(0)
                    if wanted(message):
                        return message
                frame = await self.session.outgoing()
                self.heard.extend(json.loads(line) for line in frame.split("\n"))

    async def ask(self, method: str, **params: Any) -> Any:
        """The result of a request."""
        await self.say(request(method, method, **params))
        return (await self.hear(lambda message: message.get("id") == method))["result"]

    async def event(self, method: str) -> Message:
        """The params of the next event of that name."""
        found: Message = (await self.hear(lambda message: message.get("method") == method))[
            "params"
        ]
        return found


@define
class Place:
    """An engine, and what its transports share."""

    engine: ChatEngine
    rates: RateLimits
    logins: LoginFailures

    async def register(self, name: str) -> Authenticated:
        """A new account with a session."""
        return await self.engine.execute(ANONYMOUS, Register(name, "a long password"))

    @asynccontextmanager
    async def enter(
        self, account: Authenticated, *, since: str | None = None
    ) -> AsyncIterator[Person]:
        """Someone's started session."""
        session = RealtimeSession(self.engine, self.rates, self.logins, lines=True)
        async with session:
            person = Person(session, account)
            params = {"since": since} if since else {}
            await person.ask("session.start", protocol=1, token=account.session.token, **params)
            yield person


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    """An engine on a fresh SQLite file."""
    url = f"sqlite:///{tmp_path / 'chat.db'}"
    async with ChatEngine(url, hasher=PlainHasher()) as engine:
        yield Place(
            engine,
            RateLimits(engine.limits, engine.clock),
            LoginFailures(engine.limits, engine.clock),
        )


async def direct(place: Place, one: Authenticated, other: Authenticated) -> str:
    """Their conversation."""
    made = await place.engine.execute(
        one.actor, CreateConversation(kind="direct", user_id=other.user.id)
    )
    return made.id


async def test_two_people_talk(place: Place) -> None:
    """A message is answered to its sender and announced to both, once, in the same words."""
    ann, ben = await place.register("ann"), await place.register("ben")
    room = await direct(place, ann, ben)
    async with place.enter(ann) as at_ann, place.enter(ben) as at_ben:
        sent = await at_ann.ask("messages.send", conversation_id=room, body="hi", key="k1")
        seen = await at_ben.event("message.sent")
        own = await at_ann.event("message.sent")
        assert seen == own
        assert seen["message"]["body"] == "hi"
        assert (seen["message"]["id"], seen["message"]["seq"]) == (sent["id"], sent["seq"])
        again = await at_ann.ask("messages.send", conversation_id=room, body="hi", key="k1")
        assert again["replayed"] is True
        await at_ben.ask("receipts.mark", conversation_id=room, read_seq=1)
        moved = await at_ann.event("receipts.moved")
        assert moved["receipts"] == [{"user_id": ben.user.id, "delivered_seq": 1, "read_seq": 1}]


async def test_a_burst_arrives_in_order_and_whole(place: Place) -> None:
    """Many sends in one frame are many messages, answered and announced in their order."""
    ann, ben = await place.register("ann"), await place.register("ben")
    room = await direct(place, ann, ben)
    async with place.enter(ann) as at_ann, place.enter(ben) as at_ben:
        params = {"conversation_id": room}
        await at_ann.say(
            *(request(n, "messages.send", body=f"{n}", **params) for n in range(1, 21))
        )
        for number in range(1, 21):
            answer = await at_ann.hear(lambda message: "id" in message)
            assert (answer["id"], answer["result"]["seq"]) == (number, number)
            seen = await at_ben.event("message.sent")
            assert (seen["prev"] + 1, seen["message"]["body"]) == (seen["rev"], f"{number}")


async def test_typing_and_presence(place: Place) -> None:
    """Typing reaches the other one, never oneself; a watcher learns that one came online."""
    ann, ben = await place.register("ann"), await place.register("ben")
    room = await direct(place, ann, ben)
    async with place.enter(ann) as at_ann:
        (told,) = (await at_ann.ask("presence.watch", user_ids=[ben.user.id]))["items"]
        assert told["presence"]["status"] == "offline"
        async with place.enter(ben) as at_ben:
            shown = await at_ann.event("presence.changed")
            assert (shown["user_id"], shown["presence"]["status"]) == (ben.user.id, "online")
            await at_ben.say(notification("typing.set", conversation_id=room))
            written = await at_ann.event("typing.changed")
            assert written == {"stream": room, "user_id": ben.user.id, "state": "text"}
            assert not any(one.get("method") == "typing.changed" for one in at_ben.heard)


async def test_what_is_made_meanwhile_is_heard(place: Place) -> None:
    """A conversation that is made while a session is open is heard from then on."""
    ann, ben = await place.register("ann"), await place.register("ben")
    async with place.enter(ben) as at_ben:
        room = await direct(place, ann, ben)
        assert (await at_ben.event("membership.changed"))["conversation_id"] == room
        await place.engine.execute(ann.actor, SendMessage(room, "hi"))
        assert (await at_ben.event("message.sent"))["message"]["body"] == "hi"


async def test_who_is_removed_hears_no_more(place: Place) -> None:
    """After a removal nothing of the conversation arrives, in the session that stayed open."""
    ann, ben = await place.register("ann"), await place.register("ben")
    made = await place.engine.execute(
        ann.actor, CreateConversation(kind="group", title="Us", member_ids=(ben.user.id,))
    )
    async with place.enter(ben) as at_ben:
        await place.engine.execute(ann.actor, RemoveMember(made.id, ben.user.id))
        await place.engine.execute(ann.actor, SendMessage(made.id, "secret"))
        gone = await at_ben.event("membership.changed")
        assert (gone["conversation_id"], gone["epoch"]) == (made.id, None)
        await at_ben.ask("session.ping")
        await place.engine.execute(ann.actor, SendMessage(made.id, "more"))
        await at_ben.ask("session.ping")
        assert at_ben.heard == []


async def test_signing_out_closes_the_session(place: Place) -> None:
    """A revoked session is told and closed with 4401, wherever it was ended."""
    ann = await place.register("ann")
    async with place.enter(ann) as at_ann:
        await place.engine.execute(ann.actor, Logout())
        await at_ann.event("session.closing")
        with pytest.raises(SessionClosed) as closed, anyio.fail_after(10):
            await at_ann.session.outgoing()
        assert closed.value.code == 4401


async def test_every_silent_method_is_known(place: Place) -> None:
    """What may come without an id is asked for with one as well."""
    ann, ben = await place.register("ann"), await place.register("ben")
    room = await direct(place, ann, ben)
    params: dict[str, Message] = {
        "typing.set": {"conversation_id": room, "state": "off"},
        "session.focus": {"conversation_ids": [room]},
        "session.inactive": {"inactive": False},
    }
    assert params.keys() == SILENT
    async with place.enter(ann) as at_ann:
        for method, fields in params.items():
            assert await at_ann.ask(method, **fields) == {}


async def test_guesses_in_a_session_are_counted_by_account(place: Place) -> None:
    """From within one's own session, too, another's password is guessed at a few times only."""
    ann, ben = await place.register("ann"), await place.register("ben")
    most = place.engine.limits.login_failures_an_account
    async with place.enter(ben) as person:
        for number in range(most + 1):
            name = ("ann", "ANN", "Ann")[number % 3]
            await person.say(request(number, "accounts.login", login=name, password="wrong"))
            answer = await person.hear(lambda message: "error" in message)
            code = answer["error"]["data"]["code"]
            assert code == ("unauthenticated" if number < most else "rate_limited")
        opened = await person.ask("accounts.login", login="ben", password="a long password")
        assert opened["user"]["id"] == ben.user.id != ann.user.id
