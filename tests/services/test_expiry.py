"""Disappearing messages: hidden by time at once, on both sides, and tombstones after."""

from typing import Any

import pytest

from chatcore.config import Settings
from chatcore.engine import ChatEngine
from chatcore.errors import Forbidden, Invalid, NotFound
from chatcore.events import MessageDeleted, MessageUpdated
from chatcore.flows import retention
from chatcore.ids import to_datetime
from chatcore.models import Actor, Conversation, Message
from chatcore.operations import (
    AddBlock,
    AddReaction,
    DeleteAccount,
    DeleteMessage,
    GetConversation,
    GetHeads,
    GetMessage,
    GetUpload,
    ListMessages,
    MarkReceipt,
    NewPoll,
    NewSettings,
    Pull,
    PullFrom,
    SendMessage,
    UpdateConversation,
    Vote,
)
from chatcore.services.work import ChatWork
from chatcore.testing.clock import FakeClock
from tests.people import PASSWORD, People, RecordingBroker
from tests.services.files import keep

pytestmark = pytest.mark.anyio


@pytest.fixture
def host_settings() -> Settings:
    """What the background does by itself would come between."""
    return Settings(chores_interval_s=1e9)


async def let_expire(
    engine: ChatEngine, actor: Actor, where: Conversation, seconds: int | None, **more: Any
) -> Conversation:
    """Set when messages disappear."""
    settings = NewSettings(expire_after_s=seconds, **more)
    return await engine.execute(actor, UpdateConversation(where.id, settings=settings))


async def bodies(engine: ChatEngine, actor: Actor, where: Conversation) -> list[str | None]:
    """What stands in a conversation."""
    return [one.body for one in (await engine.execute(actor, ListMessages(where.id))).items]


async def unread(engine: ChatEngine, actor: Actor, where: Conversation) -> tuple[int, int]:
    """How much of it one hasn't read, and how much of that names them."""
    me = (await engine.execute(actor, GetConversation(where.id))).me
    assert me is not None
    return me.unread, me.unread_mentions


async def test_they_disappear_for_everybody_at_once(
    engine: ChatEngine, people: People, clock: FakeClock
) -> None:
    """Lists, counts, last message, quotes, single messages and files: none shows them any more."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    upload = await keep(engine, ann)
    (stays,) = await people.say(ann, group, "stays")
    changed = await let_expire(engine, ann, group, 10)
    assert (changed.settings.expire_after_s, changed.settings.expire_from) == (10, "sent")
    sent = await engine.execute(
        ann, SendMessage(group.id, "goes", mentions=(ben.id,), upload_ids=(upload,))
    )
    assert isinstance(sent, Message)
    assert sent.expires_at == to_datetime(clock.now() + 10_000)
    await let_expire(engine, ann, group, None)
    await engine.execute(ben, SendMessage(group.id, "answer", reply_to=sent.id))
    assert await unread(engine, ben, group) == (2, 1)
    clock.advance(9.999)
    assert await bodies(engine, ben, group) == ["stays", "goes", "answer"]
    clock.advance(0.001)
    for actor in (ann, ben):
        assert await bodies(engine, actor, group) == ["stays", "answer"]
        with pytest.raises(NotFound):
            await engine.execute(actor, GetMessage(group.id, sent.id))
    assert await unread(engine, ben, group) == (1, 0)
    page = await engine.execute(ben, ListMessages(group.id))
    assert page.items[1].reply_to is not None
    assert page.items[1].reply_to.preview is None
    with pytest.raises(NotFound):
        await engine.execute(ben, AddReaction(group.id, sent.id, "+"))
    with pytest.raises(NotFound):
        await engine.execute(ben, SendMessage(group.id, "late", reply_to=sent.id))
    with pytest.raises(NotFound):
        await engine.execute(ben, GetUpload(upload))
    assert stays.expires_at is None


async def test_tombstones_follow(
    engine: ChatEngine, people: People, clock: FakeClock, broker: RecordingBroker
) -> None:
    """In the background, each once; nobody sees them, and a client that has it drops it."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    await let_expire(engine, ann, group, 10)
    await people.say(ann, group, "one", "two")
    clock.advance(10)
    broker.take()
    assert not await retention.expire(engine)
    events = [one.event for one in broker.take()]
    assert [type(one) for one in events] == [MessageDeleted, MessageDeleted]
    for event in events:
        assert isinstance(event, MessageDeleted)
        assert (event.message.body, event.message.deleted and event.message.deleted.reason) == (
            None,
            "expired",
        )
    await retention.expire(engine)
    assert broker.take() == []
    assert await bodies(engine, ben, group) == []
    seen = await engine.execute(ben, GetConversation(group.id))
    assert (seen.last_message, seen.last_seq) == (None, 2)


async def test_a_pull_tells_nothing_of_what_has_expired(
    engine: ChatEngine, people: People, clock: FakeClock
) -> None:
    """But that it was there, and until when: whoever holds it drops it."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    await let_expire(engine, ann, group, 10)
    cursor = (await engine.execute(ben, GetConversation(group.id))).cursor or ""
    await people.say(ann, group, "secret")
    clock.advance(10)
    pulled = await engine.execute(ben, Pull(streams=(PullFrom(stream=group.id, cursor=cursor),)))
    (event,) = [one.event for one in pulled.changes if isinstance(one.event, MessageUpdated)]
    assert event.message.body is None
    assert event.message.expires_at is not None
    assert pulled.streams[0].me is not None
    assert pulled.streams[0].me.unread == 0
    assert (await engine.execute(ben, GetHeads())).heads


async def test_from_reading(
    engine: ChatEngine, people: People, clock: FakeClock, broker: RecordingBroker
) -> None:
    """In a direct conversation a message's time may begin when the other one has read it."""
    ann, ben = await people("ann", "ben")
    talk = await people.direct(ann, ben)
    await let_expire(engine, ben, talk, 10, expire_from="read")
    first, second = await people.say(ann, talk, "one", "two")
    (own,) = await people.say(ben, talk, "mine")
    assert first.expires_at is None
    clock.advance(1_000)
    assert await bodies(engine, ben, talk) == ["one", "two", "mine"]
    broker.take()
    await engine.execute(ben, MarkReceipt(talk.id, read_seq=first.seq))
    begun = [one for one in broker.take() if isinstance(one.event, MessageUpdated)]
    assert [one.event.message.seq for one in begun] == [1]  # type: ignore[attr-defined]
    clock.advance(10)
    assert await bodies(engine, ann, talk) == ["two", "mine"]
    await engine.execute(ann, SendMessage(talk.id, "read yours", read_seq=own.seq))
    clock.advance(10)
    assert await bodies(engine, ann, talk) == ["two", "read yours"]
    # What a change of the setting has left is begun in the background.
    await let_expire(engine, ann, talk, None, expire_from="sent")
    await engine.execute(ben, MarkReceipt(talk.id, read_seq=second.seq))
    assert await retention.expire(engine) is False
    clock.advance(10)
    assert await bodies(engine, ben, talk) == ["read yours"]


async def test_who_may_set_it(engine: ChatEngine, people: People) -> None:
    """Admins in a group, either of the two in a direct one, unless one blocks the other."""
    ann, ben = await people("ann", "ben")
    group, talk = await people.group(ann, ben), await people.direct(ann, ben)
    with pytest.raises(Forbidden):
        await let_expire(engine, ben, group, 10)
    with pytest.raises(Invalid):
        await let_expire(engine, ann, group, 10, expire_from="read")
    for actor in (ann, ben):
        assert (await let_expire(engine, actor, talk, 10)).settings.expire_after_s == 10
    both = UpdateConversation(talk.id, title="x", settings=NewSettings(expire_after_s=5))
    other = UpdateConversation(talk.id, settings=NewSettings(frozen=True))
    for refused in (both, other):
        with pytest.raises(Forbidden):
            await engine.execute(ann, refused)
    await engine.execute(ben, AddBlock(ann.id))
    with pytest.raises(Forbidden):
        await let_expire(engine, ann, talk, 20)


async def test_a_repeat_of_what_has_gone(
    engine: ChatEngine, people: People, clock: FakeClock
) -> None:
    """A key stands for the tombstone, as for any message that was deleted."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    await let_expire(engine, ann, group, 10)
    await engine.execute(ann, SendMessage(group.id, "x", "k"))
    clock.advance(10)
    await retention.expire(engine)
    again = await engine.execute(ann, SendMessage(group.id, "x", "k"))
    assert isinstance(again, Message)
    assert again.deleted is not None


async def test_a_thread_counts_right_when_reply_and_root_go_together(
    engine: ChatEngine, people: People, clock: FakeClock, broker: RecordingBroker
) -> None:
    """Whichever of the two expired first."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    await let_expire(engine, ann, group, 20)
    (root,) = await people.say(ann, group, "root")
    await let_expire(engine, ann, group, 10)
    await engine.execute(ben, SendMessage(group.id, "goes", thread_id=root.id))
    await let_expire(engine, ann, group, None)
    await engine.execute(ann, SendMessage(group.id, "stays", thread_id=root.id))
    clock.advance(20)
    await retention.expire(engine)
    n, seq = await engine.chat_read(lambda work: _place(work, root))
    kept = await engine.chat_read(lambda work: work.unit.messages.get([(n, seq)])[n, seq])
    assert kept.deleted_at is not None
    assert kept.details == {"thread": {"count": 1, "participants": [ann.id]}}


def _place(work: ChatWork, message: Message) -> tuple[int, int]:
    streams = work.unit.conversations.get([message.conversation_id])
    return streams[message.conversation_id].n, message.seq


async def test_what_changes_after_it_expired_says_nothing_of_it(
    engine: ChatEngine, people: People, clock: FakeClock, broker: RecordingBroker
) -> None:
    """A reply, a reaction or a vote may go before the tombstone is made: no text goes out again."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    await let_expire(engine, ann, group, 10)
    (root,) = await people.say(ann, group, "secret")
    poll = NewPoll(question="secret?", options=("secret", "no"))
    asked = await engine.execute(ann, SendMessage(group.id, kind="poll", poll=poll))
    await engine.execute(ben, AddReaction(group.id, root.id, "+"))
    await engine.execute(ben, Vote(group.id, asked.id, (0,)))
    await let_expire(engine, ann, group, None)
    reply = await engine.execute(ann, SendMessage(group.id, "reply", thread_id=root.id))
    clock.advance(10)
    broker.take()
    await engine.execute(ann, DeleteMessage(group.id, reply.id))
    (_, told) = [one.event for one in broker.take()]
    assert isinstance(told, MessageUpdated)
    assert (told.message.id, told.message.body, told.message.thread) == (root.id, None, None)
    assert told.message.expires_at == root.expires_at
    await engine.execute(ben, DeleteAccount(depth="erase", password=PASSWORD))
    said = [one.event for one in broker.take()]
    updated = [one.message for one in said if isinstance(one, MessageUpdated)]
    assert {one.id for one in updated} == {root.id, asked.id}
    assert all(one.body is None and one.poll is None and not one.reactions for one in updated)
    assert "secret" not in repr(said)
