"""The hub: typing, presence, profiles and receipts."""

from collections.abc import AsyncIterator
from typing import Any

import anyio
import pytest

from chatcore.config import Limits
from chatcore.delivery.connection import Connection
from chatcore.delivery.hub import Hub
from chatcore.delivery.receipts import MOST_RECEIPTS
from chatcore.events import Announcement, MeUpdated, PresenceChanged, UserChanged
from chatcore.ids import ConversationId, UserId, account_stream
from chatcore.models import Hearers, Presence, User, UserSettings
from chatcore.testing.clock import FakeClock
from tests.delivery.build import (
    ROOM,
    STREAM,
    THEN,
    connect,
    connection,
    heard,
    moved,
    names,
    sent,
    typing,
)

pytestmark = pytest.mark.anyio

Given = tuple[Hub, FakeClock]


@pytest.fixture
async def running() -> AsyncIterator[Given]:
    """A hub whose timers run, and its clock."""
    clock = FakeClock()
    hub = Hub(Limits(), clock)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(hub.run)
        await anyio.wait_all_tasks_blocked()
        yield hub, clock
        tasks.cancel_scope.cancel()


@pytest.fixture
def hub() -> Hub:
    """A hub whose timers stand still."""
    return Hub(Limits(), FakeClock())


def presence(user: str, **more: Any) -> Announcement:
    """A user came online."""
    event = PresenceChanged(UserId(user), Presence(status="online"))
    return Announcement(event=event, stream=None, **more)


def renamed(user: str) -> Announcement:
    """A user changed their card."""
    card = User(id=UserId(user), display_name="New name", created_at=THEN)
    return Announcement(event=UserChanged(card), stream=None)


async def test_typing_is_told_to_members(hub: Hub) -> None:
    """Members hear who writes, without revisions."""
    ben = connect(hub, "ben")
    hub.deliver([typing("ann")])
    (line,) = await heard(ben)
    assert line["method"] == "typing.changed"
    assert line["params"] == {"stream": STREAM, "user_id": "ann", "state": "text"}


async def test_typing_leaves_out_whom_it_is_not_for(hub: Hub) -> None:
    """Its author and those blocked hear nothing, on any connection."""
    members = [connect(hub, name) for name in ("ann", "ann", "ben", "eve")]
    hub.deliver([typing("ann", not_to=frozenset({UserId("ann"), UserId("eve")}))])
    assert [await names(one) for one in members] == [[], [], ["typing.changed"], []]


async def test_in_large_groups_only_those_who_look_hear_it(hub: Hub) -> None:
    """What is only for the focused reaches connections that focus the conversation."""
    looking, elsewhere = connect(hub, "ann"), connect(hub, "ann")
    looking.focus = frozenset({STREAM})
    hub.deliver([typing("ben", only_focused=True)])
    hub.deliver([moved(0, 1, {"ben": 4}, only_focused=True)])
    assert await names(looking) == ["typing.changed", "receipts.moved"]
    assert await names(elsewhere) == []


async def test_a_client_in_the_background_is_left_in_peace(hub: Hub) -> None:
    """An inactive connection hears no typing and no presence, but all that lasts."""
    ben = connect(hub, "ben")
    hub.watch(ben, [UserId("ann")])
    ben.inactive = True
    hub.deliver([typing("ann"), sent(1), presence("ann"), renamed("ann"), moved(0, 1, {"ann": 1})])
    assert sorted(await names(ben)) == ["message.sent 1", "receipts.moved", "user.changed"]


async def test_typing_is_the_first_to_go() -> None:
    """A full outbox loses typing and presence before it is given up."""
    hub = Hub(Limits(outbox_events=2), FakeClock())
    ben = connect(hub, "ben", limits=Limits(outbox_events=2))
    hub.watch(ben, [UserId("ann")])
    hub.deliver([typing("ann")])
    hub.deliver([presence("ann")])
    hub.deliver([sent(1)])
    hub.deliver([sent(2)])
    assert await names(ben) == ["message.sent 1", "message.sent 2"]


async def test_events_keep_their_order_around_state(hub: Hub) -> None:
    """State within a batch stands between the events it stood between."""
    ben = connect(hub, "ben")
    hub.deliver([sent(1), typing("ann"), sent(2)])
    assert await names(ben) == ["message.sent 1", "typing.changed", "message.sent 2"]


async def test_watchers_hear_of_presence_and_profiles(hub: Hub) -> None:
    """Only connections that watch a user hear of them; a new list replaces the last."""
    ben, phone = connect(hub, "ben"), connect(hub, "ben")
    hub.watch(ben, [UserId("ann"), UserId("eve")])
    hub.deliver([presence("ann"), renamed("ann"), presence("eve"), presence("joe")])
    (first, *rest) = await heard(ben)
    assert first["params"] == {"user_id": "ann", "presence": {"status": "online"}}
    assert [line["method"] for line in rest] == ["user.changed", "presence.changed"]
    assert await names(phone) == []
    hub.watch(ben, [UserId("eve")])
    hub.watch(phone, [UserId("eve")])
    hub.deliver([presence("ann"), renamed("eve")])
    assert await names(ben) == await names(phone) == ["user.changed"]
    hub.watch(ben, [])
    hub.deliver([renamed("eve")])
    assert (await names(ben), await names(phone)) == ([], ["user.changed"])


async def test_presence_is_not_told_to_everybody_who_watches(hub: Hub) -> None:
    """Watchers from whom a user's presence is hidden hear nothing."""
    ben = connect(hub, "ben")
    hub.watch(ben, [UserId("ann")])
    hub.deliver([presence("ann", not_to=frozenset({UserId("ben")}))])
    assert await names(ben) == []


async def test_presence_may_be_meant_for_one_watcher(hub: Hub) -> None:
    """What is only for some watchers reaches nobody else."""
    ben, eve = connect(hub, "ben"), connect(hub, "eve")
    for one in (ben, eve):
        hub.watch(one, [UserId("ann")])
    hub.deliver([presence("ann", only_to=frozenset({UserId("eve")}))])
    assert (await names(ben), await names(eve)) == ([], ["presence.changed"])


async def test_without_stream_or_subject_nobody_is_told(hub: Hub) -> None:
    """State that belongs to no stream and speaks of no watched user reaches nobody."""
    ben = connect(hub, "ben")
    hub.deliver([Announcement(event=typing("ann").event, stream=None)])
    assert await names(ben) == []


async def test_detaching_ends_watching(hub: Hub) -> None:
    """A connection that went watches nobody."""
    ben = connect(hub, "ben")
    hub.watch(ben, [UserId("ann")])
    hub.detach(ben)
    hub.deliver([presence("ann")])
    assert await names(ben) == []
    assert ben.watched == frozenset()


async def test_the_first_receipt_goes_out_at_once(running: Given) -> None:
    """Receipts carry their own counter under its own name."""
    hub, _ = running
    ben = connect(hub, "ben")
    hub.deliver([moved(6, 7, {"ann": 3})])
    (line,) = await heard(ben)
    assert line["params"] == {
        "stream": STREAM,
        "prev": 6,
        "receipt_rev": 7,
        "receipts": [{"user_id": "ann", "delivered_seq": 3, "read_seq": 3}],
    }


async def test_receipts_within_the_interval_are_merged(running: Given) -> None:
    """What follows within a second is one announcement: the newest per member, no gap."""
    hub, clock = running
    ben = connect(hub, "ben")
    hub.deliver([moved(0, 1, {"ann": 1})])
    await heard(ben)
    hub.deliver([moved(1, 2, {"ann": 2, "joe": 1})])
    await clock.elapse(0.5)
    hub.deliver([moved(2, 3, {"ann": 4})])
    hub.deliver([moved(3, 4, {"joe": 2}), sent(1)])
    assert await names(ben) == ["message.sent 1"]
    await clock.elapse(0.5)
    (line,) = await heard(ben)
    assert (line["params"]["prev"], line["params"]["receipt_rev"]) == (1, 4)
    assert {one["user_id"]: one["read_seq"] for one in line["params"]["receipts"]} == {
        "ann": 4,
        "joe": 2,
    }


async def test_at_most_one_announcement_an_interval(running: Given) -> None:
    """A steady stream of receipts is told once a second, and the last of it isn't lost."""
    hub, clock = running
    ben = connect(hub, "ben")
    times = []
    for step in range(24):
        hub.deliver([moved(step, step + 1, {"ann": step})])
        if await heard(ben):
            times.append(clock.monotonic())
        await clock.elapse(0.125)
        if lines := await heard(ben):
            times.append(clock.monotonic())
            assert lines[-1]["params"]["receipt_rev"] == step + 1
    await clock.elapse(5)
    assert times == [0, 1, 2, 3]
    assert await heard(ben) == []
    hub.deliver([moved(24, 25, {"ann": 25})])
    assert await names(ben) == ["receipts.moved"]


async def test_conversations_have_intervals_of_their_own(running: Given) -> None:
    """One conversation's receipts never wait for another's."""
    hub, _ = running
    ben = connect(hub, "ben", {STREAM: 0, "other": 0})
    first = moved(0, 1, {"ann": 1})
    other = Announcement(event=first.event, stream=type(STREAM)("other"), prev=0, rev=1)
    hub.deliver([first, other])
    assert await names(ben) == ["receipts.moved", "receipts.moved"]


async def test_a_gap_is_never_merged_over(running: Given) -> None:
    """Where an announcement between was lost, what goes out still shows the gap."""
    hub, clock = running
    ben = connect(hub, "ben")
    hub.deliver([moved(0, 1, {"ann": 1})])
    await heard(ben)
    hub.deliver([moved(1, 2, {"ann": 2}), moved(5, 6, {"ann": 6}), moved(3, 4, {"ann": 4})])
    await clock.elapse(1)
    (line,) = await heard(ben)
    assert (line["params"]["prev"], line["params"]["receipt_rev"]) == (5, 6)
    assert line["params"]["receipts"][0]["read_seq"] == 6


async def test_merging_is_early_where_a_frame_would_grow_too_large(running: Given) -> None:
    """In a huge group what waits goes out when it is large, with its counters in line."""
    hub, _ = running
    ben = connect(hub, "ben")
    hub.deliver([moved(0, 1, {"ann": 1})])
    await heard(ben)
    half = MOST_RECEIPTS // 2
    hub.deliver([moved(1, 2, {f"a{n}": 1 for n in range(half)})])
    assert await heard(ben) == []
    hub.deliver([moved(2, 3, {f"b{n}": 1 for n in range(half)})])
    (line,) = await heard(ben)
    assert len(line["params"]["receipts"]) == MOST_RECEIPTS
    assert (line["params"]["prev"], line["params"]["receipt_rev"]) == (1, 3)


async def test_hidden_receipts_are_left_out_but_the_counter_moves(running: Given) -> None:
    """From whom a batch's receipts are hidden, they still learn that the counter moved."""
    hub, clock = running
    ben, eve = connect(hub, "ben"), connect(hub, "eve")
    hidden = {UserId("ann"): Hearers(not_to=frozenset({UserId("eve")}))}
    hub.deliver([moved(0, 1, {"ann": 1}, receipts_to=hidden)])
    assert [len((await heard(one))[0]["params"]["receipts"]) for one in (ben, eve)] == [1, 0]
    hub.deliver([moved(1, 2, {"joe": 2})])
    hub.deliver([moved(2, 3, {"ann": 2}, receipts_to=hidden)])
    await clock.elapse(1)
    seen = [(await heard(one))[0]["params"] for one in (ben, eve)]
    assert [[one["user_id"] for one in params["receipts"]] for params in seen] == [
        ["joe", "ann"],
        ["joe"],
    ]
    assert [params["receipt_rev"] for params in seen] == [3, 3]


async def test_receipts_of_an_empty_room_vanish(running: Given) -> None:
    """Receipts that wait are nobody's once everybody went; newcomers get their own."""
    hub, clock = running
    ben = connect(hub, "ben")
    hub.deliver([moved(0, 1, {"ann": 1}), moved(1, 2, {"ann": 2})])
    hub.detach(ben)
    await clock.elapse(3)
    back = connect(hub, "ben")
    hub.deliver([moved(2, 3, {"ann": 3})])
    assert [line["params"]["prev"] for line in await heard(back)] == [2]


async def test_presence_changes_at_most_once_an_interval(running: tuple[Hub, FakeClock]) -> None:
    """The first change is told at once, of those that follow within five seconds the last."""
    hub, clock = running
    ben = connect(hub, "ben")
    hub.watch(ben, [UserId("ann")])
    hub.deliver([presence("ann")])
    assert await names(ben) == ["presence.changed"]
    hub.deliver([presence("ann"), presence("ann")])
    await clock.elapse(4.9)
    assert await names(ben) == []
    await clock.elapse(0.2)
    assert await names(ben) == ["presence.changed"]
    await clock.elapse(10)
    hub.deliver([presence("ann")])
    assert await names(ben) == ["presence.changed"]


async def test_a_block_stops_presence_that_waits(running: tuple[Hub, FakeClock]) -> None:
    """Who was told apart, because of a block, doesn't get what was meant for all before."""
    hub, clock = running
    ben, eve = connect(hub, "ben"), connect(hub, "eve")
    for one in (ben, eve):
        hub.watch(one, [UserId("ann")])
    hub.deliver([presence("ann"), presence("ann")])
    hub.deliver([presence("ann", only_to=frozenset({UserId("ben")}), at_once=True)])
    assert await names(ben) == ["presence.changed"] * 2
    await clock.elapse(6)
    assert (await names(ben), await names(eve)) == ([], ["presence.changed"] * 2)


async def test_contacts_hear_something_else(running: Given) -> None:
    """What waits keeps both, whichever of them changes; a setting told at once ends the waiting."""
    hub, clock = running
    ben, eve = connect(hub, "ben"), connect(hub, "eve")
    contacts = frozenset({UserId("ben")})
    for one in (ben, eve):
        hub.watch(one, [UserId("ann")])

    def shown(status: str, **more: Any) -> Announcement:
        event = PresenceChanged(UserId("ann"), Presence(status=status))  # type: ignore[arg-type]
        return Announcement(event=event, stream=None, **more)

    async def statuses(one: Connection) -> list[str]:
        return [line["params"]["presence"]["status"] for line in await heard(one)]

    away = shown("away").event
    hub.deliver([shown("offline", instead=away, instead_to=contacts)])
    assert (await statuses(ben), await statuses(eve)) == (["away"], ["offline"])
    hub.deliver([shown("online"), shown("dnd", only_to=contacts)])
    await clock.elapse(5)
    assert (await statuses(ben), await statuses(eve)) == (["dnd"], ["online"])
    hub.deliver([shown("away", only_to=contacts), shown("online", only_to=contacts)])
    await clock.elapse(5)
    assert (await statuses(ben), await statuses(eve)) == (["online"], [])
    hub.deliver([shown("away"), shown("offline", at_once=True)])
    assert (await statuses(ben), await statuses(eve)) == (["offline"], ["offline"])
    await clock.elapse(10)
    assert (await statuses(ben), await statuses(eve)) == ([], [])


async def test_who_comes_back_hears_what_they_missed(hub: Hub) -> None:
    """The last presence of each of those they still watch; typing is over by then."""
    ben = connect(hub, "ben")
    hub.watch(ben, [UserId("ann"), UserId("joe")])
    ben.rest(inactive=True)
    hub.deliver([presence("ann"), presence("joe"), typing("ann")])
    assert await heard(ben) == []
    hub.watch(ben, [UserId("ann")])
    ben.rest(inactive=False)
    (line,) = await heard(ben)
    assert (line["method"], line["params"]["user_id"]) == ("presence.changed", "ann")
    ben.rest(inactive=False)
    assert await heard(ben) == []


async def test_who_keeps_receipts_off_sees_their_own(hub: Hub) -> None:
    """As read when they connect, and as announced since, whichever came later."""
    off, on = UserSettings(receipts="nobody"), UserSettings()
    ben = connection("ben")
    hub.attach(ben)
    hub.subscribe(ben.user_id, {ConversationId(ROOM): 0}, off)
    hub.deliver([moved(0, 1, {"ann": 1, "ben": 1})])
    assert await read_by(ben) == ["ben"]
    hub.deliver([chosen("ben", on)])
    hub.deliver([moved(1, 2, {f"x{n}": 1 for n in range(MOST_RECEIPTS)})])
    assert len(await read_by(ben)) == MOST_RECEIPTS
    later = connection("ben")
    hub.attach(later)
    hub.deliver([chosen("ben", off)])
    hub.subscribe(ben.user_id, {ConversationId(ROOM): 0}, on)
    hub.deliver([moved(2, 3, {f"x{n}": 2 for n in range(MOST_RECEIPTS)})])
    assert await read_by(ben) == []


def chosen(user: str, settings: UserSettings) -> Announcement:
    """A user chose these settings."""
    profile = User(id=UserId(user), display_name=user, created_at=THEN, settings=settings)
    event = MeUpdated(profile)
    return Announcement(event=event, stream=account_stream(profile.id), prev=0, rev=1)


async def read_by(one: Connection) -> list[str]:
    """Whose receipts a connection has just heard of."""
    return [
        receipt["user_id"]
        for line in await heard(one)
        if line["method"] == "receipts.moved"
        for receipt in line["params"]["receipts"]
    ]
