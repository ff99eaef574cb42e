"""Public groups: who finds them, what of them, and who joins."""

import attrs
import pytest

from chatcore.config import Limits
from chatcore.engine import ChatEngine
from chatcore.errors import Conflict, Invalid, NotFound
from chatcore.models import Actor, Conversation, GroupCard
from chatcore.operations import (
    BanMember,
    DeleteConversation,
    DiscoverConversations,
    GetConversation,
    JoinConversation,
    Leave,
    ListMembers,
    ListMessages,
    NewSettings,
    UpdateConversation,
)
from tests.people import People, RecordingBroker

pytestmark = pytest.mark.anyio

PUBLIC = NewSettings(public=True)


@pytest.fixture
def limits() -> Limits:
    """Groups that are soon full."""
    return Limits(group_members=3)


async def found(engine: ChatEngine, who: Actor, q: str | None = None) -> list[str | None]:
    """The titles of what somebody finds."""
    return [one.title for one in (await engine.execute(who, DiscoverConversations(q=q))).items]


async def public(people: People, owner: Actor, *titles: str) -> list[Conversation]:
    """Public groups."""
    return [await people.group(owner, title=title, settings=PUBLIC) for title in titles]


async def test_public_groups_are_found(engine: ChatEngine, people: People) -> None:
    """The newest first; private, closed and ended ones aren't, not even by those inside."""
    ann, ben = await people("ann", "ben")
    one, two, three = await public(people, ann, "one", "two", "three")
    private = await people.group(ann, title="private")
    assert await found(engine, ben) == ["three", "two", "one"]
    await engine.execute(ann, UpdateConversation(two.id, settings=NewSettings(public=False)))
    await engine.execute(ann, DeleteConversation(three.id))
    opened = await engine.execute(ann, UpdateConversation(private.id, settings=PUBLIC))
    assert opened.settings.public
    for who in (ann, ben):
        assert await found(engine, who) == ["private", "one"]
    assert one.settings.public


async def test_a_card_says_little(engine: ChatEngine, people: People) -> None:
    """What a visitor may know, and nothing that was said or who is there."""
    ann, ben, cid = await people("ann", "ben", "cid")
    group = await people.group(ann, cid, description="About it", settings=PUBLIC)
    await people.say(ann, group, "hello")
    page = await engine.execute(ben, DiscoverConversations())
    assert page.items == (
        GroupCard(
            id=group.id,
            title="group",
            description="About it",
            created_at=group.created_at,
            member_count=2,
            joined=False,
        ),
    )
    assert page.users is None
    for operation in (GetConversation(group.id), ListMembers(group.id), ListMessages(group.id)):
        with pytest.raises(NotFound):
            await engine.execute(ben, operation)
    assert (await engine.execute(cid, DiscoverConversations())).items[0].joined
    names = {one.name for one in attrs.fields(GroupCard)}
    assert not names & {"last_message", "last_seq", "rev", "me", "settings"}


@pytest.mark.parametrize(
    ("q", "titles"),
    [
        ("CAFÉ", ["Straße café", "Café ring"]),
        ("strasse", ["Straße café"]),
        ("  café   ring ", ["Café ring"]),
        ("%", ["100% wool"]),
        ("_", []),
        ("nothing", []),
        (" ", ["Straße café", "100% wool", "Café ring"]),
    ],
)
async def test_searching_titles(
    engine: ChatEngine, people: People, q: str, titles: list[str]
) -> None:
    """Part of the title, whatever its case or width; wildcards are letters like others."""
    ann, ben = await people("ann", "ben")
    await public(people, ann, "Café ring", "100% wool", "Straße café")
    assert await found(engine, ben, q) == titles


async def test_a_new_title_is_found(engine: ChatEngine, people: People) -> None:
    """And the old one isn't any more."""
    (ann,) = await people("ann")
    (group,) = await public(people, ann, "knitting")
    await engine.execute(ann, UpdateConversation(group.id, title="chess"))
    assert await found(engine, ann, "chess") == ["chess"]
    assert await found(engine, ann, "knit") == []


@pytest.mark.parametrize("size", [1, 2, 3])
async def test_pages_of_cards(engine: ChatEngine, people: People, size: int) -> None:
    """Each once, though groups are made meanwhile; a cursor is of this search alone."""
    ann, ben = await people("ann", "ben")
    await public(people, ann, "a1", "a2", "b", "a3", "a4")
    titles: list[str | None] = []
    cursor: str | None = None
    while True:
        asked = DiscoverConversations(q="a", cursor=cursor, limit=size)
        page = await engine.execute(ben, asked)
        titles += [one.title for one in page.items]
        if page.next is None:
            break
        cursor = str(page.next)
        await public(people, ann, "a5")
        with pytest.raises(Invalid):
            await engine.execute(ben, DiscoverConversations(q="b", cursor=cursor))
    assert titles == ["a4", "a3", "a2", "a1"]


async def test_joining(engine: ChatEngine, people: People, broker: RecordingBroker) -> None:
    """As a member, told like any joining; again changes nothing."""
    ann, ben = await people("ann", "ben")
    (group,) = await public(people, ann, "open")
    await people.say(ann, group, "before")
    broker.take()
    joined = await engine.execute(ben, JoinConversation(group.id))
    assert joined.me is not None
    assert (joined.me.role, joined.me.joined_seq, joined.member_count) == ("member", 1, 2)
    assert broker.take_names() == ["member.joined", "membership.changed", "conversation.updated"]
    assert await engine.execute(ben, JoinConversation(group.id)) == joined
    assert broker.take() == []
    assert (await engine.execute(ben, ListMessages(group.id))).items == ()
    await engine.execute(ben, Leave(group.id))
    await engine.execute(ann, UpdateConversation(group.id, settings=NewSettings(history="shared")))
    await engine.execute(ben, JoinConversation(group.id))
    assert len((await engine.execute(ben, ListMessages(group.id))).items) == 1


async def test_to_the_banned_there_is_no_such_group(engine: ChatEngine, people: People) -> None:
    """It isn't found, and can't be joined: the answer is that about private and unknown ones."""
    ann, ben, cid = await people("ann", "ben", "cid")
    (group,) = await public(people, ann, "open")
    private = await people.group(ann)
    await engine.execute(ann, BanMember(group.id, ben.id))
    assert await found(engine, ben) == []
    assert await found(engine, cid) == ["open"]
    answers = set()
    for id in (group.id, private.id, "x"):
        with pytest.raises(NotFound) as caught:
            await engine.execute(ben, JoinConversation(id))  # type: ignore[arg-type]
        answers.add(str(caught.value))
    assert len(answers) == 1


async def test_a_full_group_stays_as_it_is(engine: ChatEngine, people: People) -> None:
    """Full means full, through the open door, too."""
    ann, *others, dan = await people("ann", "ben", "cid", "dan")
    (group,) = await public(people, ann, "open")
    for one in others:
        await engine.execute(one, JoinConversation(group.id))
    with pytest.raises(Conflict):
        await engine.execute(dan, JoinConversation(group.id))
