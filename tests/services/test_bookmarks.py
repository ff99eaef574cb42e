"""Bookmarks: one's own, on every device, and never more than one may see."""

from collections.abc import Awaitable, Callable

import pytest

from chatcore.config import Limits
from chatcore.engine import ChatEngine
from chatcore.errors import Conflict, NotFound
from chatcore.events import BookmarkChanged
from chatcore.ids import MessageId
from chatcore.models import Actor, Bookmark, Conversation, Message
from chatcore.operations import (
    AddBookmark,
    AddMembers,
    ClearConversation,
    DeleteConversation,
    DeleteMessage,
    EditMessage,
    GetHeads,
    Leave,
    ListBookmarks,
    Pull,
    PullFrom,
    RemoveBookmark,
)
from tests.people import People, RecordingBroker

pytestmark = pytest.mark.anyio


@pytest.fixture
def limits() -> Limits:
    """Few, so that they run out."""
    return Limits(bookmarks=3)


async def listed(engine: ChatEngine, actor: Actor, limit: int = 50) -> list[Bookmark]:
    """All bookmarks, by pages of this size."""
    found: list[Bookmark] = []
    cursor = None
    while True:
        page = await engine.execute(actor, ListBookmarks(limit=limit, cursor=cursor))
        found += page.items
        cursor = page.next
        if cursor is None:
            return found


async def test_a_bookmark_is_kept_and_taken_back(
    engine: ChatEngine, people: People, broker: RecordingBroker
) -> None:
    """The same twice is once; nobody else hears of it; what isn't there can't be taken back."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    (sent,) = await people.say(ben, group, "keep this")
    broker.take()
    made = await engine.execute(ann, AddBookmark(sent.id))
    assert (made.message_id, made.conversation_id, made.bookmarked) == (sent.id, group.id, True)
    (said,) = broker.take()
    assert (said.stream, said.event) == (f"me:{ann.id}", BookmarkChanged(made))
    assert await engine.execute(ann, AddBookmark(sent.id)) == made
    (shown,) = await listed(engine, ann)
    assert shown.message is not None
    assert shown.message.body == "keep this"
    assert await listed(engine, ben) == []
    gone = await engine.execute(ann, RemoveBookmark(sent.id))
    assert not gone.bookmarked
    assert await listed(engine, ann) == []
    for wrong in (sent.id, MessageId("x"), MessageId(sent.id[:-1] + "z")):
        with pytest.raises(NotFound):
            await engine.execute(ann, RemoveBookmark(wrong))


async def test_bookmarks_come_in_pages_the_latest_first(engine: ChatEngine, people: People) -> None:
    """Over all conversations, with the cards of whom they name; one set again is the latest."""
    ann, ben = await people("ann", "ben")
    group, talk = await people.group(ann, ben), await people.direct(ann, ben)
    sent = [*await people.say(ben, group, "1", "2"), *await people.say(ben, talk, "3")]
    for message in sent:
        await engine.execute(ann, AddBookmark(message.id))
    for size in (1, 2, 3):
        found = await listed(engine, ann, size)
        assert [one.message and one.message.body for one in found] == ["3", "2", "1"]
    page = await engine.execute(ann, ListBookmarks())
    assert [one.id for one in page.users or ()] == [ben.id]
    await engine.execute(ann, RemoveBookmark(sent[0].id))
    await engine.execute(ann, AddBookmark(sent[0].id))
    assert [one.message_id for one in await listed(engine, ann)] == [
        one.id for one in (sent[0], sent[2], sent[1])
    ]


async def test_there_are_only_so_many(engine: ChatEngine, people: People) -> None:
    """At the limit all is well, one past it is refused; taking one back makes room."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    sent = await people.say(ben, group, *"1234")
    for message in sent[:3]:
        await engine.execute(ann, AddBookmark(message.id))
    with pytest.raises(Conflict):
        await engine.execute(ann, AddBookmark(sent[3].id))
    assert (await engine.execute(ann, AddBookmark(sent[0].id))).bookmarked
    await engine.execute(ann, RemoveBookmark(sent[0].id))
    await engine.execute(ann, AddBookmark(sent[3].id))


Undo = Callable[[ChatEngine, Actor, Actor, Conversation, Message], Awaitable[object]]

GONE: dict[str, Undo] = {
    "hidden": lambda e, ann, ben, room, one: e.execute(ann, DeleteMessage(room.id, one.id, "me")),
    "cleared": lambda e, ann, ben, room, one: e.execute(ann, ClearConversation(room.id, one.seq)),
    "left": lambda e, ann, ben, room, one: e.execute(ann, Leave(room.id)),
    "ended": lambda e, ann, ben, room, one: e.execute(ben, DeleteConversation(room.id)),
}


@pytest.mark.parametrize("how", GONE)
async def test_what_one_no_longer_sees_is_not_shown(
    engine: ChatEngine, people: People, how: str
) -> None:
    """The bookmark stays, empty, and can be taken back; a new one can't be made."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ben, ann)
    sent = await people.say(ben, group, "1", "2")
    await engine.execute(ann, AddBookmark(sent[0].id))
    await GONE[how](engine, ann, ben, group, sent[0])
    (shown,) = await listed(engine, ann)
    assert (shown.message_id, shown.message) == (sent[0].id, None)
    assert not (await engine.execute(ann, RemoveBookmark(sent[0].id))).bookmarked
    with pytest.raises(NotFound):
        await engine.execute(ann, AddBookmark(sent[0].id))


async def test_who_comes_back_sees_no_more_than_anybody_who_joins(
    engine: ChatEngine, people: People
) -> None:
    """What was bookmarked in an earlier membership lies below the new one's floor."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ben, ann)
    (sent,) = await people.say(ben, group, "1")
    await engine.execute(ann, AddBookmark(sent.id))
    await engine.execute(ann, Leave(group.id))
    await engine.execute(ben, AddMembers(group.id, (ann.id,)))
    (shown,) = await listed(engine, ann)
    assert shown.message is None


async def test_a_tombstone_stays_one(engine: ChatEngine, people: People) -> None:
    """A bookmark shows the message as it is: edited, or deleted; a tombstone can't be kept."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    sent = await people.say(ben, group, "1", "2")
    await engine.execute(ann, AddBookmark(sent[0].id))
    await engine.execute(ben, EditMessage(group.id, sent[0].id, "1, but"))
    (shown,) = await listed(engine, ann)
    assert shown.message is not None
    assert shown.message.body == "1, but"
    for message in sent:
        await engine.execute(ben, DeleteMessage(group.id, message.id))
    (shown,) = await listed(engine, ann)
    assert shown.message is not None
    assert (shown.message.body, shown.message.deleted is None) == (None, False)
    with pytest.raises(Conflict):
        await engine.execute(ann, AddBookmark(sent[1].id))


async def test_a_device_that_was_away_pulls_them(engine: ChatEngine, people: People) -> None:
    """Each as it is now, without its message: that is for lists."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    sent = await people.say(ben, group, "1", "2")
    cursor = (await engine.execute(ann, GetHeads())).heads[0].cursor
    gone = await engine.execute(ann, AddBookmark(sent[0].id))
    kept = await engine.execute(ann, AddBookmark(sent[1].id))
    gone = await engine.execute(ann, RemoveBookmark(sent[0].id))
    pulled = await engine.execute(ann, Pull((PullFrom(stream="me", cursor=cursor),)))
    assert [one.event for one in pulled.changes] == [BookmarkChanged(kept), BookmarkChanged(gone)]
