"""Catching up: what a pull brings, in parts, and from where."""

from typing import Any

import pytest

from chatcore import codec
from chatcore.config import Limits
from chatcore.engine import ChatEngine
from chatcore.events import Pulled
from chatcore.ids import StreamCursor, StreamId
from chatcore.models import Actor, Head, Heads
from chatcore.operations import (
    AddBlock,
    AddBookmark,
    AddMembers,
    AddReaction,
    DeleteConversation,
    DeleteMessage,
    EditMessage,
    GetHeads,
    Leave,
    MarkReceipt,
    PersonalizeConversation,
    Pull,
    PullFrom,
    RemoveBlock,
    SendMessage,
    UpdateConversation,
    UpdateMember,
)
from chatcore.storage.sql.repository import Session
from chatcore.testing.clock import FakeClock
from chatcore.testing.fakes import PlainHasher
from tests.people import People

pytestmark = pytest.mark.anyio


async def heads(engine: ChatEngine, actor: Actor, **more: Any) -> Heads:
    """A page of heads."""
    return await engine.execute(actor, GetHeads(**more))


async def head(engine: ChatEngine, actor: Actor, stream: str) -> Head:
    """Where one stream stands."""
    found = (await heads(engine, actor)).heads
    return next(one for one in found if one.stream == stream)


def since(where: Head, **more: int) -> PullFrom:
    """What to pull from there."""
    return PullFrom(stream=where.stream, cursor=where.cursor, **more)


async def pull(engine: ChatEngine, actor: Actor, *wanted: PullFrom, **more: Any) -> Pulled:
    """Pull these streams."""
    return await engine.execute(actor, Pull(wanted, **more))


def names(pulled: Pulled) -> list[str]:
    """The changes' names and revs."""
    return [f"{one.event.name} {one.rev}" for one in pulled.changes]


async def test_a_pull_brings_what_changed_as_it_is_now(engine: ChatEngine, people: People) -> None:
    """Each object once, by rising rev, with personal faces; then there is nothing more."""
    ann, ben, cid = await people("ann", "ben", "cid")
    group = await people.group(ann, ben)
    one, two = await people.say(ann, group, "one", "two")
    at = await head(engine, ben, group.id)
    three = await engine.execute(ben, SendMessage(group.id, "three", reply_to=one.id))
    await engine.execute(ann, EditMessage(group.id, one.id, "ONE"))
    await engine.execute(ben, AddReaction(group.id, one.id, "+"))
    await engine.execute(ann, DeleteMessage(group.id, two.id))
    await engine.execute(ann, AddMembers(group.id, (cid.id,)))
    await engine.execute(ann, UpdateMember(group.id, ben.id, "admin"))
    await engine.execute(ann, UpdateConversation(group.id, title="new"))
    await engine.execute(ann, MarkReceipt(group.id, read_seq=3))
    pulled = await pull(engine, ben, since(at))
    assert names(pulled) == [
        "message.updated 4",
        "message.updated 6",
        "message.updated 7",
        "member.updated 8",
        "member.updated 10",
        "conversation.updated 11",
        "receipts.moved 1",
    ]
    messages = [one.event.message for one in pulled.changes[:3]]  # type: ignore[attr-defined]
    assert [(one.id, one.body, one.mine, one.status) for one in messages] == [
        (three.id, "three", (), "read"),
        (one.id, "ONE", ("+",), None),
        (two.id, None, (), None),
    ]
    assert messages[0].reply_to.preview.body == "ONE"
    (stream,) = pulled.streams
    assert (stream.rev, stream.receipt_rev, stream.more) == (11, 1, False)
    assert stream.me is not None
    assert (stream.me.read_seq, stream.me.unread) == (0, 1)
    assert pulled.reset == pulled.skipped == ()
    again = await pull(engine, ben, PullFrom(stream=group.id, cursor=stream.cursor))
    assert (again.changes, again.streams) == ((), (stream,))


async def test_a_pull_goes_on_from_the_higher_of_cursor_and_revs(
    engine: ChatEngine, people: People
) -> None:
    """What came live since the cursor isn't sent again; an older rev lowers nothing."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    at = await head(engine, ben, group.id)
    await people.say(ann, group, "one", "two")
    await engine.execute(ann, MarkReceipt(group.id, read_seq=2))
    assert names(await pull(engine, ben, since(at, rev=2))) == [
        "message.updated 3",
        "receipts.moved 1",
    ]
    assert names(await pull(engine, ben, since(at, rev=3, receipt_rev=1))) == []
    now = await head(engine, ben, group.id)
    assert names(await pull(engine, ben, since(now, rev=0, receipt_rev=0))) == []


async def test_a_cursor_that_cannot_be_served_is_reset(engine: ChatEngine, people: People) -> None:
    """Malformed, of another stream, store or membership, or ahead of the head."""
    ann, ben, eve = await people("ann", "ben", "eve")
    group, other = await people.group(ann, ben), await people.group(ann, ben)
    at, elsewhere = await head(engine, ben, group.id), await head(engine, ben, other.id)
    made = StreamCursor.decode(at.cursor)
    assert made is not None

    def cursor(**change: Any) -> str:
        fields = {name: getattr(made, name) for name in made.__slots__ if name[0] != "_"}
        return StreamCursor(**(fields | change)).encode()

    assert cursor() == at.cursor
    for wrong in (
        "x",
        elsewhere.cursor,
        (await head(engine, ben, "me")).cursor,
        cursor(store="restored"),
        cursor(membership=2),
        cursor(rev=2),
        cursor(receipt_rev=1),
        cursor(rev=1 << 62),
        at.cursor[:-4],
    ):
        pulled = await pull(engine, ben, PullFrom(stream=group.id, cursor=wrong))
        assert (pulled.reset, pulled.changes, pulled.streams) == ((group.id,), (), ())
    for more in ({"rev": 2}, {"receipt_rev": 1}):
        assert (await pull(engine, ben, since(at, **more))).reset == (group.id,)
    for stream in (group.id, "never-issued", "me:" + ben.id, "../x"):
        asked = PullFrom(stream=stream, cursor=at.cursor)
        pulled = await pull(engine, eve, asked)
        assert codec.plain(pulled) == {
            "changes": [],
            "streams": [],
            "reset": [stream],
            "skipped": [],
        }
    assert StreamId(group.id) == made.stream


@pytest.mark.parametrize("how", ["left", "deleted", "rejoined"])
async def test_access_that_ended_is_reset(engine: ChatEngine, people: People, how: str) -> None:
    """The cursor of a membership that is over brings nothing, also after coming back."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    at, mine = await head(engine, ben, group.id), await head(engine, ben, "me")
    if how == "deleted":
        await engine.execute(ann, DeleteConversation(group.id))
    else:
        await engine.execute(ben, Leave(group.id))
    if how == "rejoined":
        await engine.execute(ann, AddMembers(group.id, (ben.id,)))
    pulled = await pull(engine, ben, since(at), since(mine))
    assert pulled.reset == (group.id,)
    epoch = 2 if how == "rejoined" else None
    (change,) = codec.plain(pulled)["changes"]
    assert change["method"] == "membership.changed"
    assert change["params"]["conversation_id"] == group.id
    assert change["params"]["epoch"] == epoch


async def test_a_long_pull_comes_in_parts(engine: ChatEngine, people: People) -> None:
    """No change is lost or sent twice, whatever the size of the parts."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    at, mine = await head(engine, ben, group.id), await head(engine, ben, "me")
    await people.say(ann, group, *"12345")
    await engine.execute(ann, UpdateConversation(group.id, title="new"))
    await engine.execute(ann, MarkReceipt(group.id, read_seq=2))
    await engine.execute(ben, AddBlock(ann.id))
    for size in (1, 2, 3, 7):
        found: list[str] = []
        wanted = [since(at), since(mine)]
        for _ in range(20):
            pulled = await pull(engine, ben, *wanted, limit=size)
            found += [f"{one.stream[:2]} {one.event.name} {one.rev}" for one in pulled.changes]
            wanted = [
                PullFrom(stream=one.stream, cursor=one.cursor) for one in pulled.streams if one.more
            ]
            assert all(
                (one.me is None) == (one.more or one.stream == "me") for one in pulled.streams
            )
            if not wanted:
                break
        name = group.id[:2]
        assert sorted(found) == sorted(
            [f"{name} message.updated {rev}" for rev in range(2, 7)]
            + [f"{name} conversation.updated 7", f"{name} receipts.moved 1"]
            + ["me block.changed 2"]
        )


async def test_the_pages_of_ones_own_stream_are_the_whole(
    engine: ChatEngine, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever their size, with rows of which nothing is left to say; none reads much more."""
    ann, *others = await people("ann", "ben", "cem", "dan", "eve")
    at = await head(engine, ann, "me")
    groups = [await people.group(others[0], ann) for _ in range(4)]
    for number, group in enumerate(groups):
        said = (await people.say(others[0], group, "hm"))[0]
        await engine.execute(ann, AddBookmark(said.id))
        await engine.execute(ann, DeleteMessage(group.id, said.id, "me"))
        await engine.execute(ann, AddBlock(others[number].id))
    for group in groups:
        await engine.execute(ann, PersonalizeConversation(group.id, draft="half"))
    for group in groups[1:]:
        await engine.execute(ann, Leave(group.id))
    whole = (await pull(engine, ann, since(at))).changes
    assert len(whole) == 3 * 4 + 4 + 1
    read: list[int] = []
    rows = Session.rows

    def counted(self: Session, *statement: Any) -> Any:
        found = rows(self, *statement)
        read.append(len(found))
        return found

    monkeypatch.setattr(Session, "rows", counted)
    for size in range(1, len(whole) + 2):
        found: list[Any] = []
        wanted, more = since(at), True
        while more:
            pulled = await pull(engine, ann, wanted, limit=size)
            (stream,) = pulled.streams
            found += pulled.changes
            wanted, more = PullFrom(stream="me", cursor=stream.cursor), stream.more
        assert tuple(found) == whole
        assert max(read) <= size + 1
        read.clear()


async def test_a_pull_is_bounded_in_bytes(database: str) -> None:
    """Streams that don't fit any more say that there is more of them."""
    limits = Limits(answer_bytes=16_000)
    async with ChatEngine(
        database, hasher=PlainHasher(), limits=limits, clock=FakeClock()
    ) as engine:
        people = People(engine)
        ann, ben = await people("ann", "ben")
        groups = [await people.group(ann, ben) for _ in range(3)]
        wanted = [since(await head(engine, ben, one.id)) for one in groups]
        for group in groups:
            await people.say(ann, group, *["x" * 4_000] * 3)
            await engine.execute(ann, MarkReceipt(group.id, read_seq=3))
        found: list[Any] = []
        for _ in range(20):
            pulled = await pull(engine, ben, *wanted)
            assert 0 < len(codec.encode(pulled)) <= limits.answer_bytes
            assert pulled.changes
            found += [(one.stream, one.event.name, one.rev) for one in pulled.changes]
            wanted = [
                PullFrom(stream=one.stream, cursor=one.cursor) for one in pulled.streams if one.more
            ]
            if not wanted:
                break
        assert len(found) == len(set(found)) == 3 * 4


async def test_after_a_long_absence_old_changes_are_skipped(database: str) -> None:
    """Only the latest are sent; of the rest one learns where they lie."""
    limits = Limits(pull_window=5)
    async with ChatEngine(
        database, hasher=PlainHasher(), limits=limits, clock=FakeClock()
    ) as engine:
        people = People(engine)
        ann, ben = await people("ann", "ben")
        group = await people.group(ann, ben)
        (old,) = await people.say(ann, group, "old")
        at = await head(engine, ben, group.id)
        await people.say(ann, group, *"1234567")
        await engine.execute(ann, EditMessage(group.id, old.id, "edited"))
        await people.say(ann, group, *"89")
        pulled = await pull(engine, ben, since(at))
        assert [codec.plain(one) for one in pulled.skipped] == [
            {"stream": group.id, "from_seq": 2, "to_seq": 6}
        ]
        assert names(pulled) == [f"message.updated {rev}" for rev in range(8, 13)]
        (stream,) = pulled.streams
        assert (stream.rev, stream.more) == (12, False)
        recent = await pull(engine, ben, since(at, rev=7))
        assert (recent.skipped, names(recent)) == ((), names(pulled))


async def test_a_pull_respects_the_floor(engine: ChatEngine, people: People) -> None:
    """Changes of messages from before one's joining aren't shown, nor skipped over aloud."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann)
    (old,) = await people.say(ann, group, "old")
    await engine.execute(ann, AddMembers(group.id, (ben.id,)))
    at = await head(engine, ben, group.id)
    await engine.execute(ann, EditMessage(group.id, old.id, "changed"))
    pulled = await pull(engine, ben, since(at))
    assert pulled.changes == ()
    assert [one.rev for one in pulled.streams] == [at.rev + 1]


async def test_hidden_messages_are_marked(engine: ChatEngine, people: People) -> None:
    """On one's own stream, and on the message where it changed since."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    at, mine = await head(engine, ben, group.id), await head(engine, ben, "me")
    one, two = await people.say(ann, group, "one", "two")
    await engine.execute(ben, DeleteMessage(group.id, one.id, for_="me"))
    pulled = await pull(engine, ben, since(at), since(mine))
    shown = {one.event.message.id: one.event.message.hidden for one in pulled.changes[:2]}  # type: ignore[attr-defined]
    assert shown == {one.id: True, two.id: None}
    assert codec.plain(pulled)["changes"][2] == {
        "method": "message.hidden",
        "params": {
            "stream": "me",
            "rev": 2,
            "conversation_id": group.id,
            "message_id": one.id,
            "hidden": True,
        },
    }


async def test_the_account_stream_is_pulled(engine: ChatEngine, people: People) -> None:
    """Joins, leaves and blocks, each as it is now."""
    ann, ben = await people("ann", "ben")
    nothing = await head(engine, ann, "me")
    assert nothing.rev == 0
    group, gone = await people.group(ann, ben), await people.group(ann, ben)
    await engine.execute(ann, Leave(gone.id))
    await engine.execute(ann, AddBlock(ben.id))
    await engine.execute(ann, RemoveBlock(ben.id))
    pulled = await pull(engine, ann, since(nothing))
    found = [(one["method"], one["params"]) for one in codec.plain(pulled)["changes"]]
    assert [(name, params["rev"]) for name, params in found] == [
        ("membership.changed", 1),
        ("membership.changed", 3),
        ("block.changed", 5),
    ]
    assert (found[0][1]["conversation_id"], found[0][1]["epoch"]) == (group.id, 1)
    assert (found[1][1]["conversation_id"], found[1][1]["epoch"]) == (gone.id, None)
    assert not found[2][1]["block"]["blocked"]
    (stream,) = pulled.streams
    assert (stream.rev, stream.me) == (5, None)
    other = await head(engine, ben, "me")
    assert (await pull(engine, ann, since(other))).reset == ("me",)
