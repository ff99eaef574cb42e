"""The reference client, line by line: what it applies, what it ignores, and when it asks."""

from collections.abc import Iterator
from typing import Any

import pytest

from chatcore.ids import ConversationId
from chatcore.models import Actor
from chatcore.operations import (
    CreateConversation,
    DeleteMessage,
    EditMessage,
    ImportMessage,
    ListMessages,
    MarkReceipt,
    Operation,
    SendMessage,
)
from chatcore.testing.client import ME, Client
from tests.stateful.world import Json, World, decoded

EDITED = "edited"


class Device:
    """Ben's, up to date in a conversation with Ann that has three messages."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.ann, self.ben = world.people(2)
        members = (self.ben.id,)
        group = CreateConversation(kind="group", title="All", member_ids=members)
        self.room: ConversationId = world.run(self.ann, group).id
        for body in ("one", "two", "three"):
            world.run(self.ann, SendMessage(self.room, body))
        self.client = Client(self.ben.id, window=2)
        self.connection, started = world.connect(self.ben, None)
        self.client.start(started)
        self.answer_all()

    def answer_all(self) -> list[str]:
        """Answer what the client asks until it wants nothing more; what it asked."""
        asked = []
        while request := self.client.next_request():
            answer, code = self.world.call(self.ben, request.method, request.params)
            asked.append(request.method)
            if answer is None:
                request.refuse(code)
            else:
                request.take(answer)
        return asked

    def lines(self, operation: Operation[Any], actor: Actor | None = None) -> list[Json]:
        """What is sent to the device when somebody (else: Ann) does something."""
        self.world.run(actor or self.ann, operation)
        self.world.tick(2_000)
        return [decoded(line) for line in self.world.drain(self.connection)]

    def hear(self, operation: Operation[Any], actor: Actor | None = None) -> list[Json]:
        """The same, and the device hears it."""
        lines = self.lines(operation, actor)
        for line in lines:
            self.client.receive(line)
        return lines

    def message(self, seq: int) -> Any:
        """The id of a message."""
        return self.world.run(self.ann, ListMessages(self.room, around=seq)).items[seq - 1].id

    @property
    def bodies(self) -> list[str | None]:
        """What the device shows, by seq."""
        messages = self.client.conversations[self.room].messages
        return [messages[seq].get("body") for seq in sorted(messages)]

    @property
    def counts(self) -> tuple[int, bool, int]:
        """Unread messages, whether there are more, and mentions."""
        held = self.client.conversations[self.room]
        return held.unread, held.unread_more, held.unread_mentions


@pytest.fixture
def device(world: World) -> Iterator[Device]:
    """A device that is up to date."""
    made = Device(world)
    yield made
    world.disconnect(made.connection)


def test_it_fetches_what_it_does_not_hold(device: Device) -> None:
    """The newest page, the counts, and then it wants nothing more."""
    assert device.bodies == ["two", "three"]
    assert device.counts == (3, False, 0)
    assert device.client.next_request() is None


def test_an_event_that_follows_is_applied(device: Device) -> None:
    """Held, counted, and nothing is asked; a second time it is old."""
    lines = device.hear(SendMessage(device.room, "four", mentions=(device.ben.id,)))
    for line in lines:
        device.client.receive(line)
    assert device.bodies == ["two", "three", "four"]
    assert device.counts == (4, False, 1)
    assert device.client.next_request() is None


def test_an_early_event_asks_for_a_pull(device: Device) -> None:
    """It is left for the pull, which brings it with what was missed."""
    device.lines(SendMessage(device.room, "four"))
    device.hear(SendMessage(device.room, "five"))
    assert device.bodies == ["two", "three"]
    assert device.answer_all() == ["sync.pull"]
    assert device.bodies == ["two", "three", "four", "five"]
    assert device.counts == (5, False, 0)


def test_events_wait_while_it_asks(device: Device) -> None:
    """What comes before the answer is applied after it."""
    device.lines(SendMessage(device.room, "four"))
    device.hear(SendMessage(device.room, "five"))
    request = device.client.next_request()
    assert request is not None
    answer, _ = device.world.call(device.ben, request.method, request.params)
    assert answer is not None
    device.hear(SendMessage(device.room, "six"))
    assert device.bodies == ["two", "three"]
    request.take(answer)
    assert device.bodies == ["two", "three", "four", "five", "six"]
    assert device.counts == (6, False, 0)
    assert device.client.next_request() is None


def test_what_it_does_not_hold_it_ignores(device: Device) -> None:
    """A durable event of a stream without a cursor, and state that it doesn't keep."""
    elsewhere = {"stream": "elsewhere", "prev": 0, "rev": 1}
    device.client.receive({"method": "message.sent", "params": elsewhere})
    device.client.receive({"method": "typing.changed", "params": {"stream": device.room}})
    assert list(device.client.conversations) == [device.room]
    assert device.client.next_request() is None


def test_deleting_takes_back_what_was_counted(device: Device) -> None:
    """Only a message that was unread; an edit changes no count."""
    device.hear(MarkReceipt(device.room, read_seq=2), device.ben)
    device.answer_all()
    device.hear(EditMessage(device.room, device.message(3), EDITED))
    assert (device.bodies, device.counts) == (["two", EDITED], (1, False, 0))
    device.hear(DeleteMessage(device.room, device.message(2)))
    assert device.counts == (1, False, 0)
    device.hear(DeleteMessage(device.room, device.message(3)))
    assert (device.bodies, device.counts) == ([None, None], (0, False, 0))
    assert device.client.next_request() is None


def test_what_it_cannot_count_it_asks(device: Device) -> None:
    """A message outside its window may have been hidden, and then it never counted."""
    device.hear(DeleteMessage(device.room, device.message(1)))
    assert device.answer_all() == ["sync.pull"]
    assert device.counts == (2, False, 0)


def test_some_messages_never_count(device: Device) -> None:
    """Notices, and one's own."""
    operator = Actor(device.ann.id, operator=True)
    device.hear(ImportMessage(device.room, "renamed", kind="system"), operator)
    device.hear(SendMessage(device.room, "mine"), device.ben)
    assert device.bodies == ["two", "three", "renamed", "mine"]
    assert device.counts == (3, False, 0)


def test_hiding_is_asked_about(device: Device) -> None:
    """Two streams have no common order: only the server knows what its counts included."""
    device.hear(DeleteMessage(device.room, device.message(3), "me"), device.ben)
    assert device.answer_all() == ["sync.pull"]
    assert device.counts == (2, False, 0)
    last = device.client.conversations[device.room].last_message()
    assert last is not None
    assert last["body"] == "two"


def test_another_device_reads(device: Device) -> None:
    """How much is left then, only the server knows."""
    device.hear(MarkReceipt(device.room, read_seq=2), device.ben)
    assert device.answer_all() == ["sync.pull"]
    assert device.counts == (1, False, 0)


def test_the_answer_to_an_own_receipt_counts(device: Device) -> None:
    """As of the revision that the client stands at; otherwise it asks."""
    for seq, left, asked in ((1, 2, []), (2, 2, ["sync.pull"])):
        mark = {"conversation_id": device.room, "read_seq": seq}
        answer, _ = device.world.call(device.ben, "receipts.mark", mark)
        assert answer is not None
        device.client.marked(device.room, answer)
        assert device.answer_all() == asked
        assert device.counts == (left, False, 0)
        device.lines(SendMessage(device.room, "unheard"))


def test_a_forgotten_last_message_is_listed(device: Device) -> None:
    """What changed unseen is fetched again where it is the last message."""
    device.client.conversations[device.room].forget(2, 3)
    device.hear(EditMessage(device.room, device.message(1), EDITED))
    assert device.answer_all() == ["messages.list", "sync.pull"]
    assert device.bodies == ["two", "three"]


def test_a_reset_begins_anew(device: Device) -> None:
    """One stream, or all of them with the account stream."""
    device.client.receive({"method": "session.reset", "params": {"stream": device.room}})
    assert device.client.conversations[device.room].messages == {}
    device.answer_all()
    assert device.bodies == ["two", "three"]
    device.client.receive({"method": "session.reset", "params": {"stream": ME}})
    assert device.client.conversations == {}
    assert device.answer_all()[0] == "sync.heads"
    assert device.bodies == ["two", "three"]


def test_it_knows_why_it_is_closed(device: Device) -> None:
    """Until the next session starts."""
    device.client.receive({"method": "session.closing", "params": {"reason": "slow"}})
    assert device.client.closing == "slow"
    connection, started = device.world.connect(device.ben, device.client.since)
    device.client.start(started)
    assert device.client.closing is None
    device.world.disconnect(connection)
