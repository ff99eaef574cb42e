"""Bans: who is kept out, whichever way they would come, and who is told of it."""

import pytest

from chatcore.engine import ChatEngine
from chatcore.errors import Conflict, NotFound
from chatcore.ids import UserId
from chatcore.models import Actor, Ban, Conversation
from chatcore.operations import (
    AddMembers,
    BanMember,
    GetConversation,
    Leave,
    ListBans,
    ListMembers,
    UnbanMember,
    UpdateMember,
)
from tests.people import People, RecordingBroker

pytestmark = pytest.mark.anyio


async def bans(engine: ChatEngine, actor: Actor, group: Conversation) -> list[UserId]:
    """Who is banned."""
    return [one.user_id for one in (await engine.execute(actor, ListBans(group.id))).items]


async def test_a_ban_removes(engine: ChatEngine, people: People, broker: RecordingBroker) -> None:
    """To the others it is a removal like any other; the reason is for admins."""
    ann, ben, cid = await people("ann", "ben", "cid")
    group = await people.group(ann, ben, cid)
    broker.take()
    ban = await engine.execute(ann, BanMember(group.id, ben.id, "spam"))
    assert (ban.user_id, ban.created_by, ban.reason) == (ben.id, ann.id, "spam")
    announced = broker.take()
    assert [one.event.name for one in announced] == [
        "member.left",
        "membership.changed",
        "conversation.updated",
    ]
    assert announced[0].leaving == (ben.id,)
    assert all("spam" not in repr(one) for one in announced)
    with pytest.raises(NotFound):
        await engine.execute(ben, GetConversation(group.id))
    page = await engine.execute(ann, ListBans(group.id))
    assert page.items == (ban,)
    assert {user.id for user in page.users or ()} == {ann.id, ben.id}


async def test_who_is_banned_is_not_added(
    engine: ChatEngine, people: People, broker: RecordingBroker
) -> None:
    """Nor are those named with them, until the ban is lifted."""
    ann, ben, cid = await people("ann", "ben", "cid")
    group = await people.group(ann, ben)
    await engine.execute(ann, BanMember(group.id, ben.id))
    broker.take()
    with pytest.raises(Conflict):
        await engine.execute(ann, AddMembers(group.id, (cid.id, ben.id)))
    assert broker.take() == []
    await engine.execute(ann, UnbanMember(group.id, ben.id))
    assert await bans(engine, ann, group) == []
    await engine.execute(ann, AddMembers(group.id, (cid.id, ben.id)))
    members = await engine.execute(ann, ListMembers(group.id))
    assert {one.user_id for one in members.items} == {ann.id, ben.id, cid.id}


async def test_a_ban_is_ahead_of_its_user(
    engine: ChatEngine, people: People, broker: RecordingBroker
) -> None:
    """Who isn't in the group can be banned, too; nobody hears of it."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann)
    broker.take()
    await engine.execute(ann, BanMember(group.id, ben.id))
    assert broker.take() == []
    with pytest.raises(Conflict):
        await engine.execute(ann, AddMembers(group.id, (ben.id,)))
    with pytest.raises(NotFound):
        await engine.execute(ann, BanMember(group.id, UserId("nobody")))


async def test_a_ban_again_is_the_same_ban(engine: ChatEngine, people: People) -> None:
    """A new reason takes the place of the old one; time and author stay."""
    ann, ben, cid = await people("ann", "ben", "cid")
    group = await people.group(ann, ben, cid)
    await engine.execute(ann, UpdateMember(group.id, cid.id, "admin"))
    first = await engine.execute(ann, BanMember(group.id, ben.id, "spam"))
    assert await engine.execute(cid, BanMember(group.id, ben.id)) == first
    other = await engine.execute(cid, BanMember(group.id, ben.id, "abuse"))
    assert other == Ban(
        user_id=ben.id, created_at=first.created_at, created_by=ann.id, reason="abuse"
    )
    assert await bans(engine, ann, group) == [ben.id]


async def test_who_left_can_be_banned(engine: ChatEngine, people: People) -> None:
    """Leaving in time is no way out."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    await engine.execute(ben, Leave(group.id))
    await engine.execute(ann, BanMember(group.id, ben.id))
    assert await bans(engine, ann, group) == [ben.id]


async def test_lifting_what_is_not_there(engine: ChatEngine, people: People) -> None:
    """A member isn't banned."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    with pytest.raises(NotFound):
        await engine.execute(ann, UnbanMember(group.id, ben.id))


@pytest.mark.parametrize("size", [1, 2, 3])
async def test_pages_of_bans(engine: ChatEngine, people: People, size: int) -> None:
    """Every ban of this group once, by user id."""
    ann, *others = await people("ann", "ben", "cid", "dan")
    group, elsewhere = await people.group(ann, *others), await people.group(ann, *others)
    for one in others:
        await engine.execute(ann, BanMember(group.id, one.id))
    await engine.execute(ann, BanMember(elsewhere.id, others[0].id))
    found: list[str] = []
    cursor: str | None = None
    while True:
        page = await engine.execute(ann, ListBans(group.id, cursor=cursor, limit=size))
        found += [one.user_id for one in page.items]
        if page.next is None:
            break
        cursor = str(page.next)
    assert found == sorted(one.id for one in others)
