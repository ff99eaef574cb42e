"""The reference client, as messages wait, disappear and are pruned."""

from chatcore.ids import to_datetime
from chatcore.operations import (
    CancelScheduled,
    NewSettings,
    SendMessage,
    UpdateConversation,
)
from chatcore.services import retention as steps
from chatcore.services.work import ChatWork
from chatcore.testing.client import Client
from tests.stateful.test_client import Device
from tests.stateful.world import World


def test_it_drops_what_has_expired_by_its_own_clock(world: World) -> None:
    """Before the server says a word; the tombstone that follows changes nothing more."""
    device = Device(world)
    device.client.now = world.now
    held = device.client.conversations[device.room]
    held.now = world.now
    device.hear(UpdateConversation(device.room, settings=NewSettings(expire_after_s=5)))
    before = held.unread
    device.hear(SendMessage(device.room, "goes"))
    assert (held.unread, held.messages[4]["body"]) == (before + 1, "goes")
    world.tick(5_000)
    device.client.tick()
    device.answer_all()
    assert 4 not in held.messages
    assert held.unread == before
    last = held.last_message()
    assert last is not None
    assert last["seq"] == 3
    world.expire()
    for line in device.lines(SendMessage(device.room, "stays")):
        device.client.receive(line)
    device.answer_all()
    assert 4 not in held.messages
    assert held.unread == before + 1


def test_it_drops_what_is_pruned(world: World) -> None:
    """Up to where the conversation says that nothing is left; then the counts are asked for."""
    device = Device(world)
    held = device.client.conversations[device.room]
    device.hear(UpdateConversation(device.room, settings=NewSettings(retention_days=1)))
    world.tick(86_401_000)
    device.hear(SendMessage(device.room, "young"))

    def prune(work: ChatWork) -> None:
        steps.prune(work, device.room)

    world._portal.call(world.engine.chat_write, prune)
    for line in device.lines(SendMessage(device.room, "younger")):
        device.client.receive(line)
    device.answer_all()
    assert held.conversation["pruned_seq"] == 3
    assert sorted(held.messages) == [4, 5]
    assert held.unread == 2


def test_it_holds_what_waits(world: World) -> None:
    """Those of its user that are neither sent nor cancelled, as a fresh device finds them."""
    device = Device(world)
    at = to_datetime(world.clock.now() + 3_600_000)
    first = world.run(device.ben, SendMessage(device.room, "one", send_at=at)).scheduled
    device.hear(SendMessage(device.room, "two", send_at=at), device.ben)
    assert sorted(one["body"] for one in device.client.scheduled.values()) == ["one", "two"]
    device.hear(CancelScheduled(first.id), device.ben)
    assert [one["body"] for one in device.client.scheduled.values()] == ["two"]
    fresh = Client(device.ben.id)
    fresh.start(world.connect(device.ben, None)[1])
    while request := fresh.next_request():
        answer, code = world.call(device.ben, request.method, request.params)
        assert answer is not None, code
        request.take(answer)
    assert fresh.scheduled == device.client.scheduled
