"""The law of the engine: events applied to old state, in any weather, equal a fresh fetch."""

import json
import re
from typing import Any, Literal

import pytest
from attrs import define, evolve, field
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from chatcore.config import Limits
from chatcore.delivery.connection import Connection
from chatcore.errors import ChatError
from chatcore.ids import UserId
from chatcore.models import Actor, Message
from chatcore.operations import (
    AddBlock,
    AddMembers,
    CreateConversation,
    MarkReceipt,
    NewSettings,
    Operation,
    RemoveMember,
    UpdateConversation,
)
from chatcore.testing.client import ME, Ask, Client
from tests.stateful import views
from tests.stateful.intents import Intent, Known, intents, pick
from tests.stateful.machines import LONG, run_machine
from tests.stateful.world import Json, World, decoded, wire

_PATIENCE = 200
_BODY = re.compile(r"<\d+>")
# Small, so that skipping, paging and early ends happen within a few steps.
LIMITS = Limits(pull_window=5, heads=2, outbox_events=25)


@define(eq=False)
class Device:
    """A client, its connection, and what the network still holds of what was sent to it."""

    actor: Actor
    client: Client
    connection: Connection | None = None
    lines: list[Json] = field(factory=list)
    """On their way."""
    fates: list[str] = field(factory=list)
    """What becomes of each line, over and over; without, lines wait until they are delivered."""
    heard: int = 0
    """How many lines it has been sent."""
    asleep: bool = False
    """Whether it takes nothing from its connection."""
    lossy: bool = False
    """Whether it lost an event since it last started a session."""
    answer: tuple[Ask, Json | None, str] | None = None
    """An answer on its way."""


devices = st.integers(0, 3)
fates = st.sampled_from(("deliver", "deliver", "drop", "double", "double"))
lots = st.sampled_from(("deliver", "deliver", "deliver", "drop", "double", "late"))


class Law(RuleBasedStateMachine):
    """Three people, one with two devices, on a network that drops, doubles, reorders and delays."""

    world: World

    @initialize(
        windows=st.lists(st.integers(1, 6), min_size=4, max_size=4),
        pulls=st.lists(st.integers(1, 5), min_size=4, max_size=4),
        fates=st.lists(st.lists(lots, max_size=6), min_size=4, max_size=4),
        shared=st.booleans(),
    )
    def begin(
        self, windows: list[int], pulls: list[int], fates: list[list[str]], shared: bool
    ) -> None:
        """Make the people, connect their devices, and open a group for all of them."""
        people = self.world.people(3)
        self.known = Known(people)
        self.apart: set[tuple[UserId, UserId]] = set()
        self.allowed: dict[UserId, set[str]] = {actor.id: set() for actor in people}
        self.floors: dict[tuple[UserId, str], int] = {}
        self.places: set[tuple[UserId, str]] = set()
        self.devices = [
            Device(actor, Client(actor.id, window, pull_limit, now=self.world.now), fates=lots)
            for actor, window, pull_limit, lots in zip(
                [*people, people[0]], windows, pulls, fates, strict=True
            )
        ]
        for device in self.devices:
            self._connect(device)
        group = CreateConversation(
            kind="group",
            title=self.known.text("title {}"),
            member_ids=tuple(actor.id for actor in people[1:]),
            settings=NewSettings(history="shared" if shared else "joined"),
        )
        self._run([(people[0], group)])

    def teardown(self) -> None:
        """In the end every device catches up."""
        if hasattr(self, "devices"):
            for device in self.devices:
                self._settle(device)
                self._disconnect(device)

    # What people do.

    @rule(wishes=st.lists(intents(), min_size=1, max_size=10))
    def act(self, wishes: list[Intent]) -> None:
        """People do things one after the other; a device hears the answer to its own receipts."""
        for intent in wishes:
            asked = self.known.operation(intent)
            if asked is not None:
                (outcome,) = self._run([asked])
                if isinstance(asked[1], MarkReceipt) and not isinstance(outcome, ChatError):
                    self._marked(*asked, wire(outcome), intent.third)

    @rule(wishes=st.lists(intents(), min_size=2, max_size=6))
    def act_together(self, wishes: list[Intent]) -> None:
        """Several things are done at once, and become one batch."""
        self._run([asked for one in wishes if (asked := self.known.operation(one)) is not None])

    @rule(
        where=st.integers(0, 3),
        whom=st.integers(1, 2),
        meanwhile=st.lists(intents(), max_size=3),
        share=st.booleans(),
        after=st.lists(intents(), max_size=2),
    )
    def come_back(
        self, where: int, whom: int, meanwhile: list[Intent], share: bool, after: list[Intent]
    ) -> None:
        """Somebody is removed from a group, things happen there, and they are added again."""
        rooms = [room for room in self.known.rooms if len(self.known.members.get(room, ())) > 1]
        groups = [room for room in rooms if room in self.known.groups]
        if not groups:
            return
        room = pick(groups, where)
        owner, *others = self.known.members[room]
        user = pick(others, whom)
        there = self.known.rooms.index(room)
        self._run([(self.known.person(owner), RemoveMember(room, user))])
        self.act([evolve(intent, where=there) for intent in meanwhile])
        self._run([(self.known.person(owner), AddMembers(room, (user,), share_history=share))])
        self.act([evolve(intent, where=there) for intent in after])

    @rule(index=devices, wishes=st.lists(intents(), min_size=5, max_size=10))
    def fall_behind(self, index: int, wishes: list[Intent]) -> None:
        """A device reads nothing for a while; where that is too much, its connection is closed."""
        device = self.devices[index]
        device.asleep = True
        self.act(wishes)
        device.asleep = False
        self._drain()

    @rule(milliseconds=st.sampled_from((1, 500, 1_500, 30_000)))
    def wait(self, milliseconds: int) -> None:
        """Time passes: receipts that were held back go out."""
        self.world.tick(milliseconds)
        self._drain()

    # What the network does.

    @rule(index=devices, plan=st.lists(st.tuples(st.integers(0, 20), fates), max_size=8))
    def deliver(self, index: int, plan: list[tuple[int, str]]) -> None:
        """Some of what was sent to a device arrives, in any order, more than once, or never."""
        device = self.devices[index]
        for place, fate in plan:
            if device.lines:
                place %= len(device.lines)
                line = device.lines[place] if fate == "double" else device.lines.pop(place)
                self._meet(device, line, fate)

    @rule(index=devices, times=st.integers(1, 8), late=st.booleans())
    def ask(self, index: int, times: int, late: bool) -> None:
        """A device asks for what it wants; the last answer may take its time."""
        device = self.devices[index]
        for _ in range(times):
            if device.answer is not None:
                self._take(device)
            elif device.connection is not None and (ask := device.client.next_request()):
                device.answer = (ask, *self._call(device, ask))
        if not late:
            self._take(device)

    @rule(index=devices, back=st.booleans())
    def switch(self, index: int, back: bool) -> None:
        """A connection breaks, and what was on its way is lost; or a new session starts."""
        device = self.devices[index]
        was_connected = device.connection is not None
        self._disconnect(device)
        if back or not was_connected:
            self._connect(device)

    @rule(who=st.integers(0, 2), where=st.integers(0, 9), after=st.none() | st.integers(1, 4))
    def let_expire(self, who: int, where: int, after: int | None) -> None:
        """Somebody sets how long what is said from now on is there, or tries to."""
        for read in (True, False):
            if self.known.rooms:
                room = pick(self.known.rooms, where)
                expire_from: Literal["sent", "read"] = "read" if read else "sent"
                settings = NewSettings(expire_after_s=after, expire_from=expire_from)
                change = UpdateConversation(room, settings=settings)
                self._run([(self.known.people[who], change)])

    @rule(index=devices)
    def settle(self, index: int) -> None:
        """The network calms down for one device, which then has to be up to date."""
        self._settle(self.devices[index])

    # How.

    def _run(self, asked: list[tuple[Actor, Operation[Any]]]) -> list[Any]:
        outcomes = self.world.run_all(asked)
        for (actor, operation), outcome in zip(asked, outcomes, strict=True):
            self.known.learn(operation, outcome)
            if isinstance(operation, AddBlock):
                self.apart |= {(actor.id, operation.user_id), (operation.user_id, actor.id)}
        before, self.floors = self.floors, self._read_floors()
        if not any(device.asleep for device in self.devices):
            # Nothing waits for anybody: what was cleared or left is never told again.
            self.allowed = {user: set() for user in self.allowed}
        self._allow(outcomes, before, self.floors)
        self._drain()
        if not any(device.asleep for device in self.devices):
            self.places = set(self.floors)
        self.world.tick()
        return outcomes

    def _read_floors(self) -> dict[tuple[UserId, str], int]:
        """By member and conversation, the seq above which they see messages."""
        seats = self.world.seats(self.known.rooms)
        self.known.members = {room: [one.user_id for one in of] for room, of in seats.items()}
        return {(one.user_id, room): one.floor_seq for room, of in seats.items() for one in of}

    def _allow(self, outcomes: list[Any], *floors: dict[tuple[UserId, str], int]) -> None:
        """Members, before or after, may see what is sent, and what is above their floor."""
        self.places.update(*floors)
        sent = [one for one in outcomes if isinstance(one, Message)]
        for (user, room), floor in [place for one in floors for place in one.items()]:
            there = [one for one in sent if one.conversation_id == room]
            for one in [*there, *self.known.messages.get(room, {}).values()]:
                if one.seq > floor and one.body is not None:
                    self.allowed[user].add(one.body)

    def _marked(self, actor: Actor, asked: MarkReceipt, answer: Json, number: int) -> None:
        own = [device for device in self.devices if device.actor is actor]
        device = own[number % len(own)]
        if device.connection is not None and number > 1:
            device.client.marked(asked.conversation_id, answer)

    def _see(self, device: Device, text: str) -> Json:
        """Nobody is ever told what they may not see."""
        told = set(_BODY.findall(text))
        assert told <= self.allowed[device.actor.id], told - self.allowed[device.actor.id]
        return decoded(text)

    def _hear(self, device: Device, text: str) -> None:
        """Nobody ever hears of a conversation that they aren't in."""
        line = self._see(device, text)
        stream = line["params"].get("stream", ME)
        assert stream == ME or (device.actor.id, stream) in self.places, line
        fate = pick(device.fates, device.heard) if device.fates else "late"
        device.heard += 1
        if fate in ("late", "double"):
            device.lines.append(line)
        self._meet(device, line, fate)

    def _meet(self, device: Device, line: Json, fate: str) -> None:
        """A line arrives, unless it is lost or late."""
        if fate == "drop":
            device.lossy = True
        elif fate != "late":
            device.client.receive(line)

    def _drain(self) -> None:
        for device in self.devices:
            if device.connection is not None and not device.asleep:
                for line in self.world.drain(device.connection):
                    self._hear(device, line)
                if device.connection.outbox.closing is not None:
                    assert (device.connection.outbox.closing.code) == 1013
                    self._disconnect(device)
                elif device.fates:
                    self._rest(device)

    def _connect(self, device: Device) -> None:
        device.connection, started = self.world.connect(device.actor, device.client.since)
        device.client.start(started)
        device.lossy = False
        self._drain()

    def _disconnect(self, device: Device) -> None:
        if device.connection is not None:
            self.world.disconnect(device.connection)
            device.connection, device.answer, device.lines = None, None, []

    def _call(self, device: Device, ask: Ask) -> tuple[Json | None, str]:
        answer, code = self.world.call(device.actor, ask.method, ask.params)
        return (None if answer is None else self._see(device, json.dumps(answer))), code

    def _take(self, device: Device) -> None:
        if device.answer is not None:
            ask, answer, code = device.answer
            device.answer = None
            if answer is None:
                ask.refuse(code)
            else:
                ask.take(answer)

    def _settle(self, device: Device) -> None:
        """Deliver the rest, give it a new session if it lost something, and compare."""
        self.world.expire()
        self._drain()
        # From here on nothing of it is lost: what is, a session of its own has to make up for.
        device.fates = []
        if device.connection is None or device.lossy:
            self._disconnect(device)
            self._connect(device)
        self.world.tick(1_500)
        self._drain()
        while device.lines:
            device.client.receive(device.lines.pop(0))
        device.client.tick()
        self._rest(device)
        apart = {other for user, other in self.apart if user == device.actor.id}
        views.equal(device.client, self._fresh(device), apart)
        for id, held in device.client.conversations.items():
            page = self._answer(device, "threads.list", {"conversation_id": id, "limit": 100})
            for thread in page["items"]:
                alone = device.client.threads.get(thread["root"]["id"], 0)
                assert thread["read_seq"] == max(alone, held.read_seq)

    def _rest(self, device: Device) -> None:
        """Answer a device until it wants nothing more."""
        for _ in range(_PATIENCE):
            self._take(device)
            ask = device.client.next_request()
            if ask is None:
                return
            device.answer = (ask, *self._call(device, ask))
        raise AssertionError("the client never comes to rest")

    def _fresh(self, device: Device) -> Client:
        """A client that fetches everything now, checked against the lists."""
        client = Client(device.actor.id, 100, 100, now=self.world.now)
        client.start(self._answer(device, "sync.heads", {}))
        while ask := client.next_request():
            answer, code = self._call(device, ask)
            assert answer is not None, code
            ask.take(answer)
        for id, held in client.conversations.items():
            while held.first > 1:
                older = {"conversation_id": id, "before": held.first, "limit": 100}
                page = self._answer(device, "messages.list", older)
                held.take_older(page["items"], complete=page["next"] is None)
        self._check(device, client)
        return client

    def _answer(self, device: Device, method: str, params: Json) -> Json:
        answer, code = self.world.call(device.actor, method, params)
        assert answer is not None, code
        return answer

    def _check(self, device: Device, fresh: Client) -> None:
        """What a fresh client derives is what the server says of itself."""
        listed, page = [], self._answer(device, "conversations.list", {})
        listed += page["items"]
        while page["next"] is not None:
            page = self._answer(device, "conversations.list", {"cursor": page["next"]})
            listed += page["items"]
        assert {one["id"] for one in listed} == set(fresh.conversations)
        for one in listed:
            held, me = fresh.conversations[one["id"]], one["me"]
            assert (held.unread, held.unread_mentions) == (me["unread"], me["unread_mentions"])
            assert held.marks[fresh.user_id] == (me["delivered_seq"], me["read_seq"])
            assert held.members[fresh.user_id]["role"] == me["role"]
            last = held.last_message()
            assert (last and last["id"]) == one.get("last_message", {}).get("id")
            for message in held.messages.values():
                said = {name: message[name] for name in ("status", "reply_to") if name in message}
                shown = held.shown(message)
                assert said == {name: shown[name] for name in said}


def test_the_law(world: World) -> None:
    """A client that applied every event and pull equals one that fetched afresh."""
    run_machine(Law, world, examples=15, steps=40)


@pytest.mark.slow
def test_the_law_at_length(world: World) -> None:
    """The same, for a long time."""
    run_machine(Law, world, examples=LONG, steps=60)
