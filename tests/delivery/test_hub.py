"""The hub: who hears what of conversations and account streams."""

import pytest
from attrs import evolve

from chatcore.config import Limits
from chatcore.delivery.hub import Hub
from chatcore.events import (
    Announcement,
    BlockChanged,
    ConversationDeleted,
    ConversationUpdated,
    RevokedSession,
    SessionRevoked,
)
from chatcore.ids import SessionId, StreamId, UserId
from chatcore.models import Block
from chatcore.testing.clock import FakeClock
from tests.delivery.build import (
    ROOM,
    THEN,
    connect,
    connection,
    heard,
    names,
    raised,
    retitled,
    sent,
    typing,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
def hub() -> Hub:
    """A hub that nobody is connected to."""
    return Hub(Limits(), FakeClock())


def blocked(user: str, rev: int) -> Announcement:
    """Something on a user's account stream."""
    block = Block(user_id=UserId("other"), blocked=True, created_at=THEN)
    return Announcement(
        event=BlockChanged(block), stream=StreamId(f"me:{user}"), prev=rev - 1, rev=rev
    )


async def test_members_hear_their_conversation(hub: Hub) -> None:
    """Every connection of every member hears an event once; others hear nothing."""
    ann, phone, ben = connect(hub, "ann"), connect(hub, "ann"), connect(hub, "ben")
    outsider = connect(hub, "eve", {"elsewhere": 0})
    hub.deliver([sent(1)])
    for one in (ann, phone, ben):
        (line,) = await heard(one)
        assert line["jsonrpc"] == "2.0"
        assert line["method"] == "message.sent"
        assert (line["params"]["stream"], line["params"]["prev"], line["params"]["rev"]) == (
            ROOM,
            0,
            1,
        )
        assert line["params"]["message"]["body"] == "hi"
    assert await names(outsider) == []


async def test_a_batch_is_one_shared_chunk(hub: Hub) -> None:
    """Events of one conversation in one batch are encoded once, for all, in order."""
    ann, ben = connect(hub, "ann"), connect(hub, "ben")
    hub.deliver([sent(1), sent(1, conversation="elsewhere"), sent(2), retitled(3)])
    frames = [await one.outbox.next_frame() for one in (ann, ben)]
    assert frames[0] is frames[1]
    assert frames[0].count("\n") == 2
    assert ann.outbox.events == ann.outbox.size == 0


async def test_nobody_here_costs_nothing(hub: Hub) -> None:
    """Events of conversations and users without a connection here are passed over."""
    hub.deliver([sent(1), blocked("ann", 1), retitled(2, joining={"ann": 0}), typing()])
    assert hub.statistics().conversations == 0


async def test_a_floor_hides_what_lies_below(hub: Hub) -> None:
    """Whose floor isn't below a message gets only the advance; others get the message."""
    old, new = connect(hub, "old"), connect(hub, "new", {ROOM: 2})
    hub.deliver([sent(2), sent(3), retitled(4)])
    assert await names(old) == ["message.sent 2", "message.sent 3", "conversation.updated 4"]
    first, *_ = await heard(new)
    assert first["params"] == {"stream": ROOM, "prev": 1, "rev": 2}
    hub.deliver([sent(2), sent(3), retitled(4)])
    assert await names(new) == ["stream.advanced 2", "message.sent 3", "conversation.updated 4"]


async def test_a_floor_rises_for_all_connections_of_one_user(hub: Hub) -> None:
    """Where it stands in the order, for them alone; and nobody hears of it."""
    phone, desk, ben = connect(hub, "ann"), connect(hub, "ann"), connect(hub, "ben")
    late = connection("ann")
    hub.attach(late)
    hub.deliver([sent(1), raised(ann=1), retitled(2), evolve(sent(3), min_seq=1)])
    # It read its floor before it rose.
    hub.subscribe(late.user_id, {ROOM: 0})
    hub.deliver([sent(4), evolve(sent(5), min_seq=1)])
    plain = ["message.sent 1", "conversation.updated 2", "message.sent 3"]
    assert await names(ben) == [*plain, "message.sent 4", "message.sent 5"]
    for one in (phone, desk, late):
        found = await names(one)
        assert found[-4:] == [
            "conversation.updated 2",
            "stream.advanced 3",
            "message.sent 4",
            "stream.advanced 5",
        ]


async def test_equal_floors_share(hub: Hub) -> None:
    """Members who see alike get the very same text, even where others see less."""
    floors = {"a": 0, "b": 1, "c": 5, "d": 7}
    members = [connect(hub, name, {ROOM: floor}) for name, floor in floors.items()]
    hub.deliver([sent(3), sent(9)])
    a, b, c, d = [await one.outbox.next_frame() for one in members]
    assert a is b
    assert c is d
    assert a != c


async def test_joining_begins_with_its_own_event(hub: Hub) -> None:
    """Who joins hears the joining and what follows, above the new floor, in one batch too."""
    old, new = connect(hub, "old"), connect(hub, "new", {})
    hub.deliver([sent(1), retitled(2, joining={"new": 1, "away": 1}), sent(1), sent(3)])
    assert len(await names(old)) == 4
    assert await names(new) == ["conversation.updated 2", "stream.advanced 1", "message.sent 3"]


async def test_leaving_ends_before_its_own_event(hub: Hub) -> None:
    """Who leaves hears nothing from the leaving on, on any connection, in one batch too."""
    old = connect(hub, "old")
    gone, phone = connect(hub, "gone"), connect(hub, "gone")
    hub.deliver([sent(1), retitled(2, leaving=["gone", "away"]), sent(3), typing(user="old")])
    assert len(await names(old)) == 4
    assert await names(gone) == await names(phone) == ["message.sent 1"]
    hub.deliver([retitled(4, leaving=["gone"])])
    assert await names(gone) == []


async def test_the_last_to_leave_ends_the_audience(hub: Hub) -> None:
    """A conversation that nobody here hears is forgotten."""
    connect(hub, "ann")
    hub.deliver([retitled(1, leaving=["ann"])])
    assert hub.statistics().conversations == 0


async def test_a_deleted_conversation_is_heard_and_then_no_more(hub: Hub) -> None:
    """Members hear of the deletion as the last thing; where nobody is here nothing happens."""
    ann = connect(hub, "ann")
    updated = retitled(2)
    assert isinstance(updated.event, ConversationUpdated)
    gone = evolve(updated, event=ConversationDeleted(updated.event.conversation))
    hub.deliver([sent(1), gone])
    hub.deliver([sent(3), gone])
    assert await names(ann) == ["message.sent 1", "conversation.deleted 2"]
    assert hub.statistics().conversations == 0


async def test_the_account_stream_is_called_me(hub: Hub) -> None:
    """A user's own events reach all of their connections, from the attaching on, and no one."""
    ann, ben = connect(hub, "ann"), connect(hub, "ben")
    phone = connection("ann")
    hub.attach(phone)
    hub.deliver([blocked("ann", 1), blocked("ann", 2)])
    for one in (ann, phone):
        lines = await heard(one)
        assert [(line["params"]["stream"], line["params"]["rev"]) for line in lines] == [
            ("me", 1),
            ("me", 2),
        ]
    assert await heard(ben) == []


async def test_a_revoked_session_hears_it_and_is_closed(hub: Hub) -> None:
    """Revoking closes the connections of that session only, after it was told."""
    lost = connect(hub, "ann", session="lost")
    kept = connect(hub, "ann", session="kept")
    event = SessionRevoked(RevokedSession(id=SessionId("lost"), at=THEN))
    hub.deliver([Announcement(event=event, stream=StreamId("me:ann"), prev=0, rev=1)])
    assert await names(lost) == ["session.revoked 1", "session.closing"]
    assert lost.outbox.closing is not None
    assert lost.outbox.closing.code == 4401
    assert kept.outbox.closing is None
    assert await names(kept) == ["session.revoked 1"]


async def test_a_new_connection_of_a_known_user_hears_at_once(hub: Hub) -> None:
    """Memberships are the user's: a second connection doesn't wait for its own snapshot."""
    connect(hub, "ann")
    phone = connection("ann")
    hub.attach(phone)
    hub.deliver([sent(1)])
    assert await names(phone) == ["message.sent 1"]


async def test_what_changed_since_attaching_wins_over_the_snapshot(hub: Hub) -> None:
    """A snapshot read before a join or leave was announced doesn't undo either."""
    ann = connection("ann")
    hub.attach(ann)
    hub.deliver([retitled(1, joining={"ann": 0})])
    hub.deliver([retitled(2, leaving=["ann"])])
    other = retitled(1, joining={"ann": 3})
    hub.deliver(
        [
            Announcement(
                event=other.event,
                stream=StreamId("other"),
                prev=0,
                rev=1,
                joining=other.joining,
            )
        ]
    )
    await heard(ann)
    hub.subscribe(ann.user_id, {ROOM: 0})
    hub.deliver([sent(3), sent(3, conversation="other"), sent(4, conversation="other")])
    assert await names(ann) == ["stream.advanced 3", "message.sent 4"]


async def test_a_newer_snapshot_heals(hub: Hub) -> None:
    """A later connection's snapshot corrects what an announcement never told."""
    ann = connect(hub, "ann", {ROOM: 0, "gone": 0})
    connect(hub, "ann", {ROOM: 2, "new": 0})
    hub.deliver([sent(2), sent(1, conversation="gone"), sent(1, conversation="new")])
    assert await names(ann) == ["stream.advanced 2", "message.sent 1"]
    assert hub.statistics().conversations == 2


async def test_changes_are_kept_until_every_snapshot_has_come(hub: Hub) -> None:
    """With two connections starting at once, neither's snapshot undoes what came between."""
    first, second = connection("ann"), connection("ann")
    hub.attach(first)
    hub.attach(second)
    hub.subscribe(first.user_id, {ROOM: 0})
    hub.deliver([retitled(1, leaving=["ann"])])
    hub.subscribe(second.user_id, {ROOM: 0})
    hub.deliver([sent(2)])
    assert await names(first) == await names(second) == []


async def test_a_connection_that_never_settles_undoes_nothing(hub: Hub) -> None:
    """After a connection went before its snapshot came, later snapshots still fit in."""
    ann = connect(hub, "ann")
    gone = connection("ann")
    hub.attach(gone)
    hub.detach(gone)
    hub.deliver([retitled(1, leaving=["ann"])])
    connect(hub, "ann", {"other": 0})
    hub.deliver([sent(2), sent(2, conversation="other")])
    assert await names(ann) == ["message.sent 2"]


async def test_a_snapshot_after_everyone_went_is_ignored(hub: Hub) -> None:
    """Memberships of a user without a connection are not kept."""
    hub.subscribe(UserId("ann"), {ROOM: 0})
    assert hub.statistics().conversations == 0


async def test_detaching_forgets(hub: Hub) -> None:
    """A detached connection hears nothing; the user's others go on; twice is once."""
    ann, phone = connect(hub, "ann"), connect(hub, "ann")
    hub.detach(phone)
    hub.detach(phone)
    hub.deliver([sent(1)])
    assert await names(phone) == []
    assert await names(ann) == ["message.sent 1"]
    assert hub.connections_of(UserId("ann")) == (ann,)
    hub.detach(ann)
    hub.detach(ann)
    assert hub.connections_of(UserId("ann")) == ()
    assert hub.online_users() == frozenset()
    assert hub.statistics().conversations == 0


async def test_statistics_count_what_is_held(hub: Hub) -> None:
    """Connections, users, conversations and what waits in all outboxes."""
    connect(hub, "ann"), connect(hub, "ann"), connect(hub, "ben", {ROOM: 0, "other": 0})
    hub.deliver([sent(1)])
    found = hub.statistics()
    assert (found.connections, found.users, found.conversations) == (3, 2, 2)
    assert found.waiting_events == 3
    assert found.waiting_bytes == 3 * len(
        await hub.connections_of(UserId("ben"))[0].outbox.next_frame()
    )
    assert hub.online_users() == {"ann", "ben"}


async def test_one_connection_too_many_closes_the_oldest() -> None:
    """At the limit all stay; one past it the user's oldest open one is closed with 1008."""
    limits = Limits(sockets_a_user=2)
    hub = Hub(limits, FakeClock())
    first, second, other = connect(hub, "ann"), connect(hub, "ann"), connect(hub, "ben")
    assert first.outbox.closing is None
    third, fourth = connect(hub, "ann"), connect(hub, "ann")
    for closed in (first, second):
        assert closed.outbox.closing is not None
        assert closed.outbox.closing.code == 1008
    assert not any(one.outbox.closing for one in (third, fourth, other))


async def test_sessions_and_all_are_closed(hub: Hub) -> None:
    """One session's connections can be closed, or everybody's, who then hear why."""
    lost, kept = connect(hub, "ann", session="lost"), connect(hub, "ben", session="kept")
    hub.close_session(SessionId("lost"), 4401, "revoked")
    assert lost.outbox.closing is not None
    assert kept.outbox.closing is None
    hub.close_all(1012, "restarting")
    assert kept.outbox.closing is not None
    assert kept.outbox.closing.code == 1012
    assert [line["params"] for line in await heard(kept)] == [{"reason": "restarting"}]


async def test_a_client_that_never_reads_is_closed_and_others_go_on() -> None:
    """Whoever lets events pile up is closed with 1013; the rest lose nothing."""
    limits = Limits(outbox_events=10)
    hub = Hub(limits, FakeClock())
    slow, quick = [connect(hub, name, limits=limits) for name in ("slow", "quick")]
    got = 0
    for seq in range(1, 31):
        hub.deliver([sent(seq)])
        got += len(await heard(quick))
    assert got == 30
    assert slow.outbox.closing is not None
    assert slow.outbox.closing.code == 1013
    assert await names(slow) == ["session.closing"]


async def test_large_batches_come_in_frames_of_bounded_size() -> None:
    """A batch too large for one frame is split between events, and nothing is missing."""
    limits = Limits(answer_bytes=2_000)
    hub = Hub(limits, FakeClock())
    ann = connect(hub, "ann", limits=limits)
    hub.deliver([sent(seq, "é" * 200) for seq in range(1, 21)])
    seen = 0
    while ann.outbox.events:
        frame = await ann.outbox.next_frame()
        assert len(frame.encode()) <= 2_000
        seen += frame.count("\n") + 1
    assert seen == 20
