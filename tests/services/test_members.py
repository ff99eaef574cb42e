"""Members: who joins and leaves, what they may see, and that a group always has an owner."""

from typing import Any

import pytest

from chatcore.config import Limits
from chatcore.engine import ChatEngine
from chatcore.errors import Conflict, Forbidden, Invalid, NotFound
from chatcore.events import Joining, MemberJoined, MembershipChanged, MemberUpdated
from chatcore.ids import UserId
from chatcore.models import Actor, Conversation, Role
from chatcore.operations import (
    AddMembers,
    CreateConversation,
    GetConversation,
    GetMessage,
    Leave,
    ListMembers,
    ListMessages,
    NewSettings,
    RemoveMember,
    TransferOwnership,
    UpdateConversation,
    UpdateMember,
)
from chatcore.testing.clock import FakeClock
from chatcore.testing.fakes import PlainHasher
from tests.people import People, RecordingBroker

pytestmark = pytest.mark.anyio


async def roles(engine: ChatEngine, actor: Actor, group: Conversation) -> dict[str, Role]:
    """The role of each member."""
    page = await engine.execute(actor, ListMembers(group.id))
    return {one.user_id: one.role for one in page.items}


async def add(engine: ChatEngine, by: Actor, to: Conversation, *who: Actor, **more: Any) -> None:
    """Add these."""
    await engine.execute(by, AddMembers(to.id, tuple(one.id for one in who), **more))


async def bodies(engine: ChatEngine, actor: Actor, group: Conversation) -> list[str | None]:
    """What an actor sees of a conversation."""
    return [one.body for one in (await engine.execute(actor, ListMessages(group.id))).items]


async def test_members_join(engine: ChatEngine, people: People, broker: RecordingBroker) -> None:
    """Each joining is one revision, told with a card; the count is another's."""
    ann, ben, cid = await people("ann", "ben", "cid")
    group = await people.group(ann)
    await people.say(ann, group, "before")
    broker.take()
    page = await engine.execute(ann, AddMembers(group.id, (ben.id, cid.id)))
    assert [(one.user_id, one.role, one.joined_seq) for one in page.items] == [
        (ben.id, "member", 1),
        (cid.id, "member", 1),
    ]
    assert {user.id for user in page.users or ()} == {ben.id, cid.id}
    said = broker.take()
    here = [one for one in said if one.stream == group.id]
    assert [one.event.name for one in here] == [*["member.joined"] * 2, "conversation.updated"]
    assert [(one.prev, one.rev) for one in here] == [(2, 3), (3, 4), (4, 5)]
    event = here[0].event
    assert isinstance(event, MemberJoined)
    assert event.user is not None
    assert event.user.username == "ben"
    assert here[0].joining == (Joining(user_id=ben.id, floor_seq=1),)
    mine = [one for one in said if one.stream == f"me:{ben.id}"]
    assert [one.event for one in mine] == [MembershipChanged(group.id, 1)]


async def test_adding_who_is_there_changes_nothing(
    engine: ChatEngine, people: People, broker: RecordingBroker
) -> None:
    """They stay as they are, and the answer shows them."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    broker.take()
    page = await engine.execute(ann, AddMembers(group.id, (ben.id, ann.id)))
    assert [(one.user_id, one.role) for one in page.items] == [
        (ben.id, "member"),
        (ann.id, "owner"),
    ]
    assert broker.take() == []


@pytest.mark.parametrize(
    ("history", "share", "seen"),
    [
        ("joined", False, ["after"]),
        ("joined", True, ["before", "after"]),
        ("shared", False, ["before", "after"]),
    ],
)
async def test_what_a_new_member_sees(
    engine: ChatEngine, people: People, history: Any, share: bool, seen: list[str]
) -> None:
    """From the joining on, or everything where the group or who adds them shares it."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, settings=NewSettings(history=history))
    before = (await people.say(ann, group, "before"))[0]
    await add(engine, ann, group, ben, share_history=share)
    await people.say(ann, group, "after")
    assert await bodies(engine, ben, group) == seen
    got = await engine.execute(ben, GetConversation(group.id))
    assert got.me is not None
    assert (got.me.unread, got.me.read_seq, got.me.joined_seq) == (1, 1, 1)
    if seen == ["after"]:
        with pytest.raises(NotFound):
            await engine.execute(ben, GetMessage(group.id, before.id))


async def test_changing_history_concerns_who_joins_later(
    engine: ChatEngine, people: People
) -> None:
    """What a member sees was settled when they joined."""
    ann, ben, cid = await people("ann", "ben", "cid")
    group = await people.group(ann)
    await people.say(ann, group, "before")
    await add(engine, ann, group, ben)
    await engine.execute(ann, UpdateConversation(group.id, settings=NewSettings(history="shared")))
    await add(engine, ann, group, cid)
    assert await bodies(engine, ben, group) == []
    assert await bodies(engine, cid, group) == ["before"]


async def test_unknown_users_do_not_join(engine: ChatEngine, people: People) -> None:
    """One that isn't there stops them all."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann)
    with pytest.raises(NotFound):
        await engine.execute(ann, AddMembers(group.id, (ben.id, UserId("nobody"))))
    assert set(await roles(engine, ann, group)) == {ann.id}


async def test_a_group_is_bounded(database: str) -> None:
    """Full means full, whether by making or by adding; who is there doesn't count again."""
    limits = Limits(group_members=3)
    async with ChatEngine(database, hasher=PlainHasher(), limits=limits) as engine:
        people = People(engine)
        ann, ben, cid, dan = await people("ann", "ben", "cid", "dan")
        with pytest.raises(Invalid) as caught:
            await people.group(ann, ben, cid, dan)
        assert [problem.path for problem in caught.value.errors] == ["member_ids"]
        group = await people.group(ann, ben)
        with pytest.raises(Conflict):
            await add(engine, ann, group, cid, dan)
        await add(engine, ann, group, ben, cid)
        with pytest.raises(Conflict):
            await add(engine, ann, group, dan)
        assert len(await roles(engine, ann, group)) == 3


async def test_roles_change(engine: ChatEngine, people: People, broker: RecordingBroker) -> None:
    """Each change is one revision; the same role again is none."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    broker.take()
    changed = await engine.execute(ann, UpdateMember(group.id, ben.id, "admin"))
    assert (changed.role, changed.rev) == ("admin", group.rev + 1)
    same = await engine.execute(ann, UpdateMember(group.id, ben.id, "admin"))
    assert same == changed
    assert broker.take_names() == ["member.updated"]


async def test_admins_rule_below_themselves(engine: ChatEngine, people: People) -> None:
    """An admin promotes members to their own rank, touches no equal, and makes no owner."""
    ann, ben, cid, dan = await people("ann", "ben", "cid", "dan")
    group = await people.group(ann, ben, cid, dan)
    await engine.execute(ann, UpdateMember(group.id, ben.id, "admin"))
    await engine.execute(ben, UpdateMember(group.id, cid.id, "admin"))
    for operation in (
        UpdateMember(group.id, cid.id, "member"),
        UpdateMember(group.id, ben.id, "member"),
        UpdateMember(group.id, dan.id, "owner"),
        UpdateMember(group.id, ann.id, "member"),
        RemoveMember(group.id, cid.id),
        RemoveMember(group.id, ann.id),
        RemoveMember(group.id, ben.id),
    ):
        with pytest.raises(Forbidden):
            await engine.execute(ben, operation)
    await engine.execute(ben, RemoveMember(group.id, dan.id))


async def test_the_last_owner_stays_one(engine: ChatEngine, people: People) -> None:
    """Who alone owns a group can't give it up; of two owners one can."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    with pytest.raises(Conflict):
        await engine.execute(ann, UpdateMember(group.id, ann.id, "member"))
    await engine.execute(ann, UpdateMember(group.id, ben.id, "owner"))
    await engine.execute(ann, UpdateMember(group.id, ann.id, "member"))
    assert await roles(engine, ann, group) == {ann.id: "member", ben.id: "owner"}


async def test_ownership_is_handed_over(
    engine: ChatEngine, people: People, broker: RecordingBroker
) -> None:
    """The new owner first, so that at no revision there is none; the old one is an admin."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    broker.take()
    made = await engine.execute(ann, TransferOwnership(group.id, ben.id))
    assert (made.user_id, made.role) == (ben.id, "owner")
    told = [one.event for one in broker.take() if isinstance(one.event, MemberUpdated)]
    assert [(one.member.user_id, one.member.role) for one in told] == [
        (ben.id, "owner"),
        (ann.id, "admin"),
    ]
    with pytest.raises(Forbidden):
        await engine.execute(ann, TransferOwnership(group.id, ben.id))
    await engine.execute(ben, TransferOwnership(group.id, ann.id))
    assert await roles(engine, ann, group) == {ann.id: "owner", ben.id: "admin"}


async def test_handing_over_among_owners(engine: ChatEngine, people: People) -> None:
    """To another owner it is stepping down; others who own the group stay; to oneself it isn't."""
    ann, ben, cid = await people("ann", "ben", "cid")
    group = await people.group(ann, ben, cid)
    await engine.execute(ann, UpdateMember(group.id, ben.id, "owner"))
    await engine.execute(ann, TransferOwnership(group.id, ben.id))
    assert await roles(engine, ann, group) == {ann.id: "admin", ben.id: "owner", cid.id: "member"}
    await engine.execute(ben, UpdateMember(group.id, ann.id, "owner"))
    await engine.execute(ben, TransferOwnership(group.id, cid.id))
    assert await roles(engine, ann, group) == {ann.id: "owner", ben.id: "admin", cid.id: "owner"}
    with pytest.raises(Invalid) as caught:
        await engine.execute(ann, TransferOwnership(group.id, ann.id))
    assert [problem.path for problem in caught.value.errors] == ["user_id"]


async def test_a_leaving_owner_has_a_successor(
    engine: ChatEngine, people: People, clock: FakeClock, broker: RecordingBroker
) -> None:
    """The longest-standing admin, or member where there is no admin."""
    ann, ben, cid, dan = await people("ann", "ben", "cid", "dan")
    group = await people.group(ann, ben)
    clock.advance(1)
    await add(engine, ann, group, cid, dan)
    await engine.execute(ann, UpdateMember(group.id, dan.id, "admin"))
    broker.take()
    await engine.execute(ann, Leave(group.id))
    assert broker.take_names() == [
        "member.updated",
        "member.left",
        "membership.changed",
        "conversation.updated",
    ]
    assert (await roles(engine, ben, group))[dan.id] == "owner"
    await engine.execute(dan, Leave(group.id))
    assert await roles(engine, ben, group) == {ben.id: "owner", cid.id: "member"}
    assert (await engine.execute(ben, GetConversation(group.id))).member_count == 2


async def test_the_last_to_leave_ends_the_group(
    engine: ChatEngine, people: People, broker: RecordingBroker
) -> None:
    """An empty group is gone."""
    (ann,) = await people("ann")
    group = await people.group(ann)
    broker.take()
    await engine.execute(ann, Leave(group.id))
    assert broker.take_names() == ["conversation.deleted", "membership.changed"]
    with pytest.raises(NotFound):
        await engine.execute(ann, GetConversation(group.id))


async def test_direct_conversations_are_not_left(engine: ChatEngine, people: People) -> None:
    """Nor are saved messages, and nobody joins or is removed."""
    ann, ben, cid = await people("ann", "ben", "cid")
    direct = await people.direct(ann, ben)
    saved = await engine.execute(ann, CreateConversation(kind="self"))
    for operation in (
        Leave(direct.id),
        Leave(saved.id),
        AddMembers(direct.id, (cid.id,)),
        RemoveMember(direct.id, ben.id),
        UpdateMember(direct.id, ben.id, "owner"),
        UpdateConversation(saved.id, title="mine"),
    ):
        with pytest.raises(Forbidden):
            await engine.execute(ann, operation)


@pytest.mark.parametrize("how", ["removed", "left"])
async def test_leaving_ends_access(
    engine: ChatEngine, people: People, broker: RecordingBroker, how: str
) -> None:
    """Whoever has gone hears it on their own stream and finds nothing any more."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    (message,) = await people.say(ben, group, "hello")
    broker.take()
    if how == "left":
        await engine.execute(ben, Leave(group.id))
    else:
        await engine.execute(ann, RemoveMember(group.id, ben.id))
    left, mine, _ = broker.take()
    assert (left.event.name, left.leaving) == ("member.left", (ben.id,))
    assert (mine.event, mine.stream) == (MembershipChanged(group.id, None), f"me:{ben.id}")
    for operation in (GetConversation(group.id), GetMessage(group.id, message.id)):
        with pytest.raises(NotFound):
            await engine.execute(ben, operation)
    assert set(await roles(engine, ann, group)) == {ann.id}


async def test_coming_back_begins_anew(engine: ChatEngine, people: People) -> None:
    """A new membership with its own joining, marks, floor and epoch; and the old role is gone."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    await engine.execute(ann, UpdateMember(group.id, ben.id, "admin"))
    await people.say(ann, group, "one", "two")
    await engine.execute(ben, Leave(group.id))
    await people.say(ann, group, "three")
    await add(engine, ann, group, ben)
    await people.say(ann, group, "four")
    got = await engine.execute(ben, GetConversation(group.id))
    assert got.me is not None
    assert (got.me.role, got.me.joined_seq, got.me.read_seq, got.me.unread) == ("member", 3, 3, 1)
    assert await bodies(engine, ben, group) == ["four"]


@pytest.mark.parametrize("size", [1, 2, 3, 4])
async def test_pages_make_the_whole_list(engine: ChatEngine, people: People, size: int) -> None:
    """Every member once, by id; the cursor is of this group alone."""
    who = await people("ann", "ben", "cid", "dan")
    group, other = await people.group(*who), await people.group(*who)
    found: list[str] = []
    cursor: str | None = None
    while True:
        page = await engine.execute(who[0], ListMembers(group.id, cursor=cursor, limit=size))
        found += [one.user_id for one in page.items]
        if page.next is None:
            break
        cursor = str(page.next)
        with pytest.raises(Invalid):
            await engine.execute(who[0], ListMembers(other.id, cursor=cursor))
    assert found == sorted(one.id for one in who)
