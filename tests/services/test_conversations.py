"""Conversations: opening, finding, listing, changing and ending them."""

from typing import Any

import anyio
import pytest

from chatcore.config import Limits, Settings
from chatcore.engine import ChatEngine
from chatcore.errors import Forbidden, Invalid, KeyReused, NotFound
from chatcore.ids import UserId
from chatcore.models import Actor, Conversation
from chatcore.operations import (
    AddBlock,
    CreateConversation,
    DeleteConversation,
    DeleteMessage,
    GetConversation,
    GetMessage,
    Leave,
    ListConversations,
    NewSettings,
    Operation,
    UpdateConversation,
)
from chatcore.testing.clock import FakeClock
from chatcore.testing.fakes import PlainHasher
from tests.people import People, RecordingBroker

pytestmark = pytest.mark.anyio


async def listed(engine: ChatEngine, actor: Actor) -> list[str]:
    """The ids of an actor's conversations."""
    return [one.id for one in (await engine.execute(actor, ListConversations())).items]


def asked(kind: str, **fields: Any) -> CreateConversation:
    """A request for a conversation of any kind."""
    return CreateConversation(kind=kind, **fields)  # type: ignore[arg-type]


async def test_a_direct_conversation_is_one_for_two(
    engine: ChatEngine, people: People, broker: RecordingBroker
) -> None:
    """Whoever asks and however often, both get the same, each seeing the other as peer."""
    ann, ben, cid = await people("ann", "ben", "cid")
    broker.take()
    first = await people.direct(ann, ben)
    assert first.replayed is None
    assert broker.take_names() == ["conversation.created", *["membership.changed"] * 2]
    again, others = await people.direct(ann, ben), await people.direct(ben, ann)
    assert {first.id, again.id, others.id} == {first.id}
    assert (again.replayed, others.replayed) == (True, True)
    assert (first.peer_id, others.peer_id) == (ben.id, ann.id)
    assert (first.kind, first.member_count, first.last_seq, first.rev) == ("direct", 2, 0, 1)
    assert (await people.direct(ann, cid)).id != first.id
    assert "conversation.created" in broker.take_names()


async def test_two_who_begin_at_once_meet(engine: ChatEngine, people: People) -> None:
    """Ten requests at the same time from both sides make one conversation."""
    ann, ben = await people("ann", "ben")
    made: list[Conversation] = []

    async def ask(one: Actor, other: Actor) -> None:
        made.append(await people.direct(one, other))

    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(ask, ann, ben)
            tasks.start_soon(ask, ben, ann)
    assert len({one.id for one in made}) == 1
    assert [one.replayed for one in made].count(None) == 1


async def test_saved_messages_are_a_conversation_with_oneself(
    engine: ChatEngine, people: People
) -> None:
    """One a user, with nobody else in it, and its owner is its user."""
    ann, ben = await people("ann", "ben")
    mine = await engine.execute(ann, asked("self"))
    again = await engine.execute(ann, asked("self"))
    theirs = await engine.execute(ben, asked("self"))
    assert again.id == mine.id != theirs.id
    assert (mine.member_count, mine.peer_id, again.replayed) == (1, None, True)
    assert mine.me is not None
    assert mine.me.role == "owner"


async def test_a_group_has_what_it_was_made_with(engine: ChatEngine, people: People) -> None:
    """Title, settings and members; whoever makes it owns it, and is in it once."""
    ann, ben = await people("ann", "ben")
    made = await people.group(
        ann,
        ben,
        ann,
        title="Team",
        description="of two",
        settings=NewSettings(history="shared", announcement=True),
    )
    assert (made.title, made.description, made.member_count) == ("Team", "of two", 2)
    assert (made.settings.history, made.settings.announcement) == ("shared", True)
    assert not made.settings.frozen
    assert made.me is not None
    assert made.me.role == "owner"
    seen = await engine.execute(ben, GetConversation(made.id))
    assert seen.me is not None
    assert seen.me.role == "member"


async def test_the_host_chooses_what_history_new_groups_share(database: str) -> None:
    """Without a word on it a group is as the engine's settings say."""
    settings = Settings(history="shared")
    async with ChatEngine(database, hasher=PlainHasher(), settings=settings) as engine:
        people = People(engine)
        (ann,) = await people("ann")
        assert (await people.group(ann)).settings.history == "shared"
        given = await people.group(ann, settings=NewSettings(history="joined"))
        assert given.settings.history == "joined"


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"kind": "group"}, "title"),
        ({"kind": "group", "title": "x", "user_id": UserId("u")}, "user_id"),
        ({"kind": "direct"}, "user_id"),
        ({"kind": "direct", "user_id": UserId("u"), "title": "x"}, "title"),
        ({"kind": "direct", "user_id": UserId("u"), "description": "x"}, "description"),
        ({"kind": "direct", "user_id": UserId("u"), "settings": NewSettings()}, "settings"),
        ({"kind": "direct", "user_id": UserId("u"), "member_ids": (UserId("v"),)}, "member_ids"),
        ({"kind": "self", "user_id": UserId("u")}, "user_id"),
        ({"kind": "self", "member_ids": (UserId("u"),)}, "member_ids"),
    ],
)
async def test_each_kind_takes_its_own_fields(
    engine: ChatEngine, people: People, fields: dict[str, Any], path: str
) -> None:
    """A field that doesn't belong to the kind is refused, as is one that is missing."""
    (ann,) = await people("ann")
    with pytest.raises(Invalid) as caught:
        await engine.execute(ann, asked(**fields))
    assert [problem.path for problem in caught.value.errors] == [path]


async def test_whom_one_cannot_talk_to(engine: ChatEngine, people: People) -> None:
    """Not to oneself this way, not to unknown users, and to nobody across a block."""
    ann, ben, cid = await people("ann", "ben", "cid")
    with pytest.raises(Invalid):
        await people.direct(ann, ann)
    unknown = UserId("u")
    for operation in (
        asked("direct", user_id=unknown),
        asked("group", title="x", member_ids=(ben.id, unknown)),
    ):
        with pytest.raises(NotFound):
            await engine.execute(ann, operation)
    await engine.execute(ben, AddBlock(ann.id))
    await engine.execute(ann, AddBlock(cid.id))
    for other in (ben, cid):
        with pytest.raises(Forbidden):
            await people.direct(ann, other)


async def test_what_was_begun_before_a_block_is_still_found(
    engine: ChatEngine, people: People
) -> None:
    """A block refuses new messages, not the old conversation."""
    ann, ben = await people("ann", "ben")
    before = await people.direct(ann, ben)
    await engine.execute(ben, AddBlock(ann.id))
    assert (await people.direct(ann, ben)).id == before.id


async def test_a_key_makes_one_group(engine: ChatEngine, people: People) -> None:
    """A repeat answers the same group, also changed; other content under the key is refused."""
    ann, ben = await people("ann", "ben")
    first = await people.group(ann, ben, key="k1")
    await engine.execute(ann, UpdateConversation(first.id, title="changed"))
    again = await people.group(ann, ben, key="k1")
    assert (again.id, again.title, again.replayed) == (first.id, "changed", True)
    with pytest.raises(KeyReused):
        await people.group(ann, key="k1")
    with pytest.raises(KeyReused):
        await engine.execute(ann, asked("self", key="k1"))
    assert (await people.group(ben, ann, key="k1")).id != first.id
    assert (await people.group(ann, ben, key="k2")).id != first.id


@pytest.mark.parametrize("gone", ["deleted", "left"])
async def test_a_key_outlives_its_group(engine: ChatEngine, people: People, gone: str) -> None:
    """A repeat makes no second one where the first isn't there for its maker any more."""
    ann, ben = await people("ann", "ben")
    made = await people.group(ann, ben, key="k1")
    ended: dict[str, Operation[Any]] = {
        "deleted": DeleteConversation(made.id),
        "left": Leave(made.id),
    }
    await engine.execute(ann, ended[gone])
    with pytest.raises(NotFound):
        await people.group(ann, ben, key="k1")
    assert await listed(engine, ann) == []


async def test_lists_are_sorted_by_activity(
    engine: ChatEngine, people: People, clock: FakeClock
) -> None:
    """The last message counts; a new title or a receipt doesn't."""
    ann, ben = await people("ann", "ben")
    made = []
    for number in range(3):
        clock.advance(1)
        made.append(await people.group(ann, ben, title=f"{number}"))
    assert await listed(engine, ann) == [made[2].id, made[1].id, made[0].id]
    clock.advance(1)
    await people.say(ben, made[0], "hello")
    clock.advance(1)
    await engine.execute(ann, UpdateConversation(made[1].id, title="changed"))
    assert await listed(engine, ann) == [made[0].id, made[2].id, made[1].id]


async def test_a_list_shows_last_messages_and_counts(engine: ChatEngine, people: People) -> None:
    """Each with its last visible message, unread counts, a cursor, and whom it names."""
    ann, ben = await people("ann", "ben")
    empty = await people.direct(ann, ben)
    group = await people.group(ann, ben)
    hello, _ = await people.say(ben, group, "hello", "bye")
    page = await engine.execute(ann, ListConversations())
    shown = {one.id: one for one in page.items}
    last = shown[group.id].last_message
    assert last is not None
    assert last.body == "bye"
    me = shown[group.id].me
    assert me is not None
    assert (me.unread, me.unread_mentions, me.read_seq) == (2, 0, 0)
    assert shown[empty.id].last_message is None
    assert {user.id for user in page.users or ()} == {ben.id}
    assert all(one.cursor for one in page.items)
    await engine.execute(ann, DeleteMessage(group.id, last.id, for_="me"))
    seen = await engine.execute(ann, GetConversation(group.id))
    assert seen.last_message is not None
    assert seen.last_message.id == hello.id


@pytest.mark.parametrize("size", [1, 2, 5, 6])
async def test_pages_make_the_whole_list(engine: ChatEngine, people: People, size: int) -> None:
    """Every conversation once, also where many were active in the same moment."""
    (ann,) = await people("ann")
    made = [(await people.group(ann, title=str(number))).id for number in range(5)]
    found: list[str] = []
    cursor: str | None = None
    while True:
        page = await engine.execute(ann, ListConversations(cursor=cursor, limit=size))
        found += [one.id for one in page.items]
        if page.next is None:
            break
        cursor = str(page.next)
    assert found == made[::-1]


async def test_a_page_of_large_conversations_ends_early(database: str) -> None:
    """An answer stays within its bytes, with at least one conversation."""
    limits = Limits(answer_bytes=64 * 1024 + 6_000)
    async with ChatEngine(database, hasher=PlainHasher(), limits=limits) as engine:
        people = People(engine)
        (ann,) = await people("ann")
        for number in range(3):
            made = await people.group(ann, title=str(number))
            await people.say(ann, made, "x" * 4_000)
        page = await engine.execute(ann, ListConversations())
        assert [one.title for one in page.items] == ["2"]
        page = await engine.execute(ann, ListConversations(cursor=str(page.next)))
        assert [one.title for one in page.items] == ["1"]


async def test_a_group_is_changed_field_by_field(
    engine: ChatEngine, people: People, broker: RecordingBroker
) -> None:
    """What isn't given stays, null clears; a change takes one rev, no change none."""
    ann, ben = await people("ann", "ben")
    made = await people.group(ann, ben, description="old")
    broker.take()
    changed = await engine.execute(
        ann, UpdateConversation(made.id, avatar_url="/a", settings=NewSettings(frozen=True))
    )
    assert (changed.title, changed.description, changed.avatar_url) == ("group", "old", "/a")
    assert (changed.settings.frozen, changed.rev) == (True, made.rev + 1)
    assert broker.take_names() == ["conversation.updated"]
    cleared = await engine.execute(ann, UpdateConversation(made.id, description=None))
    assert (cleared.description, cleared.settings.frozen) == (None, True)
    same = await engine.execute(ann, UpdateConversation(made.id, title="group"))
    assert same.rev == cleared.rev
    assert broker.take_names() == ["conversation.updated"]


async def test_a_deleted_group_is_gone_for_all(
    engine: ChatEngine, people: People, broker: RecordingBroker
) -> None:
    """Its members hear it on its stream and their own, and find nothing of it any more."""
    ann, ben = await people("ann", "ben")
    made = await people.group(ann, ben)
    (message,) = await people.say(ann, made, "hello")
    broker.take()
    await engine.execute(ann, DeleteConversation(made.id))
    assert broker.take_names() == ["conversation.deleted", *["membership.changed"] * 2]
    operations: tuple[Operation[Any], ...] = (
        GetConversation(made.id),
        GetMessage(made.id, message.id),
        DeleteConversation(made.id),
        Leave(made.id),
    )
    for actor in (ann, ben):
        assert await listed(engine, actor) == []
        for operation in operations:
            with pytest.raises(NotFound):
                await engine.execute(actor, operation)


async def test_a_refused_change_leaves_no_trace(engine: ChatEngine, people: People) -> None:
    """Nor does a change that is stored right after it, in the same transaction, take it along."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    never = UpdateConversation(group.id, title="no", settings=NewSettings(expire_from="read"))
    plain = UpdateConversation(group.id, description="yes")

    async def refused() -> None:
        with pytest.raises(Invalid):
            await engine.execute(ann, never)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(refused)
        tasks.start_soon(engine.execute, ann, plain)
    seen = await engine.execute(ben, GetConversation(group.id))
    assert (seen.title, seen.description) == ("group", "yes")
