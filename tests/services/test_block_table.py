"""What a block means: each cell of the table in the guide, by its row and its column."""

import re
from collections.abc import Awaitable, Callable

import pytest
from attrs import define

from chatcore import codec
from chatcore.delivery.receipts import Moved
from chatcore.engine import ChatEngine
from chatcore.errors import Forbidden
from chatcore.events import Announcement, MessageReacted, MessageSent, ReceiptsMoved, TypingChanged
from chatcore.ids import ConversationId, UserId
from chatcore.models import Actor, Conversation, Message, Presence
from chatcore.operations import (
    AddBlock,
    AddMembers,
    AddReaction,
    CreateConversation,
    EditMessage,
    GetConversation,
    GetMessage,
    GetMessageStatus,
    GetPresence,
    GetUser,
    ListContacts,
    ListMembers,
    ListMessages,
    ListReceipts,
    ListUsers,
    MarkReceipt,
    NewUserSettings,
    Operation,
    RemoveBlock,
    RequestContact,
    RespondContact,
    SearchUsers,
    SendMessage,
    SetPresence,
    SetTyping,
    UpdateAccount,
)
from chatcore.wire.problems import problem
from tests.people import People, RecordingBroker
from tests.test_docs import DOCS

pytestmark = pytest.mark.anyio

OFFLINE = Presence(status="offline")


@define(eq=False)
class Scene:
    """Ann blocks Ben, with whom she has talked before; Cid is beside them."""

    engine: ChatEngine
    broker: RecordingBroker
    people: People
    ann: Actor
    ben: Actor
    cid: Actor
    group: Conversation
    talk: Conversation
    before: Message

    async def refused(self, actor: Actor, operation: Operation[object]) -> bytes:
        """The bytes of a refusal."""
        with pytest.raises(Forbidden) as caught:
            await self.engine.execute(actor, operation)
        return codec.encode(problem(caught.value))

    async def said(self, kind: type) -> Announcement:
        """The only announcement of a kind since the last look."""
        (found,) = [one for one in self.broker.take() if isinstance(one.event, kind)]
        return found

    async def send(self, actor: Actor, body: str, **fields: object) -> Message:
        """Say something in the group."""
        operation = SendMessage(self.group.id, body, **fields)  # type: ignore[arg-type]
        return await self.engine.execute(actor, operation)

    async def counts(self, actor: Actor) -> tuple[int, int]:
        """Unread messages and mentions in the group."""
        me = (await self.engine.execute(actor, GetConversation(self.group.id))).me
        assert me is not None
        return me.unread, me.unread_mentions


@pytest.fixture
async def scene(engine: ChatEngine, people: People, broker: RecordingBroker) -> Scene:
    """All is there, and nothing has been heard of it yet."""
    ann, ben, cid = await people("ann", "ben", "cid")
    group, talk = await people.group(cid, ann, ben), await people.direct(ann, ben)
    (before,) = await people.say(ben, talk, "hello")
    await engine.execute(ann, AddBlock(ben.id))
    broker.take()
    return Scene(engine, broker, people, ann, ben, cid, group, talk, before)


Cell = Callable[[Scene, Actor, Actor], Awaitable[None]]


async def direct_messages(scene: Scene, me: Actor, other: Actor) -> None:
    """One may read, and neither write, edit nor react."""
    sent = SendMessage(scene.talk.id, "hello?")
    refusals = {
        await scene.refused(me, operation)
        for operation in (sent, AddReaction(scene.talk.id, scene.before.id, "like"))
    }
    if me == scene.ben:
        refusals.add(await scene.refused(me, EditMessage(scene.talk.id, scene.before.id, "x")))
    assert len(refusals) == 1
    page = await scene.engine.execute(me, ListMessages(scene.talk.id))
    assert [one.body for one in page.items] == ["hello"]


async def same_answer(scene: Scene, me: Actor, other: Actor) -> None:
    """Who takes no messages from anybody answers the same, byte for byte."""
    (dan,) = await scene.people("dan")
    closed = NewUserSettings(messages="nobody", requests="nobody")
    talk = await scene.people.direct(me, dan)
    await scene.engine.execute(dan, UpdateAccount(settings=closed))
    mine = SendMessage(scene.talk.id, "x"), RequestContact(other.id)
    theirs = SendMessage(talk.id, "x"), RequestContact(dan.id)
    answers = {await scene.refused(me, one) for one in (*mine, *theirs)}
    for one in (dan, other):
        answers.add(await scene.refused(me, AddMembers(await own_group(scene, me), (one.id,))))
    assert len(answers) == 1


async def own_group(scene: Scene, me: Actor) -> ConversationId:
    """A group that one owns alone."""
    return (await scene.people.group(me)).id


async def new_direct_conversations(scene: Scene, me: Actor, other: Actor) -> None:
    """None can be begun; the one that is there is found."""
    (dan,) = await scene.people("dan")
    blocker, blocked = (me, dan) if me == scene.ann else (dan, me)
    await scene.engine.execute(blocker, AddBlock(blocked.id))
    await scene.refused(me, CreateConversation(kind="direct", user_id=dan.id))
    found = await scene.people.direct(me, other)
    assert found.id == scene.talk.id


async def groups(scene: Scene, me: Actor, other: Actor) -> None:
    """What either says reaches the other, live and later."""
    message = await scene.send(me, "to all")
    said = await scene.said(MessageSent)
    assert said.not_to == frozenset()
    assert said.only_to is None
    assert await scene.engine.execute(other, GetMessage(scene.group.id, message.id))


async def typing(scene: Scene, me: Actor, other: Actor) -> None:
    """One doesn't see the other write; everybody else does."""
    await scene.engine.execute(other, SetTyping(scene.group.id))
    said = await scene.said(TypingChanged)
    assert said.heard_by(me.id) is None
    assert said.heard_by(scene.cid.id) == said.event


async def presence(scene: Scene, me: Actor, other: Actor) -> None:
    """One sees nobody there, without a text or a time, and hears of no change."""
    await scene.engine.execute(other, SetPresence("online", "a text"))
    assert await seen(scene, me, other) == OFFLINE
    assert (await seen(scene, scene.cid, other)).text == "a text"
    (said,) = scene.broker.take()
    assert said.heard_by(me.id) is None
    assert said.heard_by(scene.cid.id) == said.event


async def seen(scene: Scene, viewer: Actor, user: Actor) -> Presence:
    """What one may see of another."""
    (one,) = (await scene.engine.execute(viewer, GetPresence((user.id,)))).items
    return one.presence


async def receipts(scene: Scene, me: Actor, other: Actor) -> None:
    """One doesn't see how far the other has read: live, listed, in statuses, or among members."""
    message = await scene.send(me, "read this")
    for reader in (other, scene.cid):
        await scene.engine.execute(reader, MarkReceipt(scene.group.id, read_seq=message.seq))
    heard: dict[str, set[UserId]] = {}
    for one in scene.broker.take():
        if isinstance(one.event, ReceiptsMoved):
            for viewer in (me, scene.cid):
                event = Moved.of(one, one.event).event(viewer.id)
                heard.setdefault(viewer.id, set()).update(moved.user_id for moved in event.receipts)
    assert heard == {me.id: {scene.cid.id}, scene.cid.id: {scene.cid.id, other.id}}
    listed = (await scene.engine.execute(me, ListReceipts(scene.group.id))).items
    assert {one.user_id for one in listed} == {me.id, scene.cid.id}
    status = await scene.engine.execute(me, GetMessageStatus(scene.group.id, message.id))
    assert (status.status, [one.user_id for one in status.items]) == ("sent", [scene.cid.id])
    shown = await scene.engine.execute(me, GetMessage(scene.group.id, message.id))
    assert shown.status == "sent"
    members = (await scene.engine.execute(me, ListMembers(scene.group.id))).items
    read = {one.user_id: one.read_seq for one in members}
    assert (read[other.id], read[scene.cid.id]) == (0, message.seq)


async def reactions(scene: Scene, me: Actor, other: Actor) -> None:
    """In a group the other's are shown like anybody's, and call on nobody."""
    message = await scene.send(me, "like this")
    await scene.engine.execute(other, AddReaction(scene.group.id, message.id, "like"))
    assert isinstance((await scene.said(MessageReacted)).event, MessageReacted)
    shown = await scene.engine.execute(me, GetMessage(scene.group.id, message.id))
    assert [one.user_ids for one in shown.reactions] == [(other.id,)]
    assert await scene.counts(me) == (0, 0)


async def mentions(scene: Scene, me: Actor, other: Actor) -> None:
    """Those by the blocked don't count for who blocks them, by name or as one of all."""
    for named in ((me.id,), ("all",), ("all", me.id, scene.cid.id)):
        message = await scene.send(other, "you!", mentions=named)
        assert message.mentions == named
    counted = 0 if me == scene.ann else 3
    assert await scene.counts(me) == (3, counted)
    assert await scene.counts(scene.cid) == (3, 2)


async def quotes(scene: Scene, me: Actor, other: Actor) -> None:
    """One is quoted, sees it, and isn't called on."""
    message = await scene.send(me, "my words")
    answer = await scene.send(other, "no", reply_to=message.id)
    shown = await scene.engine.execute(me, GetMessage(scene.group.id, answer.id))
    assert shown.reply_to
    assert shown.reply_to.preview
    assert shown.reply_to.preview.body == "my words"
    assert await scene.counts(me) == (1, 0)


async def notifications(scene: Scene, me: Actor, other: Actor) -> None:
    """Nothing that calls on somebody comes from the blocked; from who blocks, mentions do."""
    mine = await scene.send(me, "hello")
    await scene.engine.execute(me, MarkReceipt(scene.group.id, read_seq=mine.seq))
    await scene.send(other, "you", mentions=(me.id,), reply_to=mine.id)
    await scene.engine.execute(other, AddReaction(scene.group.id, mine.id, "like"))
    assert (await scene.counts(me))[1] == (0 if me == scene.ann else 1)


async def unread(scene: Scene, me: Actor, other: Actor) -> None:
    """What the other says in a group counts like anybody's; what is old stays counted."""
    await scene.send(other, "one")
    await scene.send(other, "two")
    assert (await scene.counts(me))[0] == 2
    talk = await scene.engine.execute(me, GetConversation(scene.talk.id))
    assert talk.me
    assert talk.me.unread == (1 if me == scene.ann else 0)


async def adding_to_groups(scene: Scene, me: Actor, other: Actor) -> None:
    """Neither brings the other into a group; who is in one with the other stays."""
    group = await own_group(scene, me)
    (dan,) = await scene.people("dan")
    for ids in ((other.id,), (dan.id, other.id)):
        await scene.refused(me, AddMembers(group, ids))
        await scene.refused(me, CreateConversation(kind="group", title="x", member_ids=ids))
    await scene.engine.execute(me, AddMembers(group, (dan.id,)))
    await scene.engine.execute(dan, ListMembers(group))


async def contact_requests(scene: Scene, me: Actor, other: Actor) -> None:
    """None go through, and those that wait end as if they had been withdrawn."""
    await scene.refused(me, RequestContact(other.id))
    (dan,) = await scene.people("dan")
    blocker, blocked = (me, dan) if me == scene.ann else (dan, me)
    await scene.engine.execute(me, RequestContact(dan.id))
    await scene.engine.execute(blocker, AddBlock(blocked.id))
    assert (await scene.engine.execute(me, ListContacts())).items == ()


async def contacts(scene: Scene, me: Actor, other: Actor) -> None:
    """Who had agreed to know each other still does, and sees no more than others for that."""
    (dan,) = await scene.people("dan")
    await scene.engine.execute(me, RequestContact(dan.id))
    await scene.engine.execute(dan, RespondContact(me.id, True))
    await scene.engine.execute(dan, SetPresence("online", "a text"))
    contacts_only = NewUserSettings(presence="contacts")
    await scene.engine.execute(dan, UpdateAccount(settings=contacts_only))
    assert (await seen(scene, me, dan)).text == "a text"
    blocker, blocked = (me, dan) if me == scene.ann else (dan, me)
    await scene.engine.execute(blocker, AddBlock(blocked.id))
    assert [one.user_id for one in (await scene.engine.execute(me, ListContacts())).items] == [
        dan.id
    ]
    assert await seen(scene, me, dan) == OFFLINE


async def profiles(scene: Scene, me: Actor, other: Actor) -> None:
    """Cards are public: blocks don't hide them, nor from lists and search."""
    card = await scene.engine.execute(me, GetUser(other.id))
    assert card in (await scene.engine.execute(me, ListUsers())).items
    assert card in (await scene.engine.execute(me, SearchUsers(card.username or ""))).items


ROWS: list[Cell] = [
    direct_messages,
    same_answer,
    new_direct_conversations,
    groups,
    typing,
    presence,
    receipts,
    reactions,
    mentions,
    quotes,
    notifications,
    unread,
    adding_to_groups,
    contact_requests,
    contacts,
    profiles,
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.__name__)
async def test_for_who_blocks(row: Cell, scene: Scene) -> None:
    """The first column."""
    await row(scene, scene.ann, scene.ben)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.__name__)
async def test_for_who_is_blocked(row: Cell, scene: Scene) -> None:
    """The second column."""
    await row(scene, scene.ben, scene.ann)


def test_the_guide_has_these_rows() -> None:
    """A row without a test fails, and so does a test without a row."""
    page = (DOCS / "guide" / "contacts-and-blocks.md").read_text()
    named = re.findall(r"^\| \*\*(.+?)\*\* \|", page, re.MULTILINE)
    assert [name.lower().replace(" ", "_") for name in named] == [one.__name__ for one in ROWS]


async def test_taking_it_back_restores_everything(scene: Scene) -> None:
    """Nothing is left of a block but the mentions that it silenced."""
    await scene.send(scene.ben, "you!", mentions=(scene.ann.id,))
    await scene.engine.execute(scene.ann, RemoveBlock(scene.ben.id))
    await scene.engine.execute(scene.ben, SendMessage(scene.talk.id, "hello again"))
    message = await scene.send(scene.ann, "read this")
    await scene.engine.execute(scene.ben, MarkReceipt(scene.group.id, read_seq=message.seq))
    await scene.engine.execute(scene.cid, MarkReceipt(scene.group.id, read_seq=message.seq))
    shown = await scene.engine.execute(scene.ann, GetMessage(scene.group.id, message.id))
    assert shown.status == "read"
    assert await scene.counts(scene.ann) == (1, 0)
    await scene.send(scene.ben, "you!", mentions=(scene.ann.id,))
    assert await scene.counts(scene.ann) == (2, 1)
