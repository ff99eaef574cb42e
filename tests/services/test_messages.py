"""Messages, once they are sent: reading, editing, deleting."""

import pytest

from chatcore.engine import ChatEngine
from chatcore.errors import Conflict, Forbidden, Invalid, NotFound, VersionConflict
from chatcore.events import MessageDeleted, MessageEdited, MessageHidden
from chatcore.models import Message
from chatcore.operations import (
    AddMembers,
    AddReaction,
    DeleteMessage,
    EditMessage,
    GetMessage,
    GetMessageStatus,
    ListMessages,
    MarkReceipt,
    NewSettings,
    SendMessage,
    UpdateConversation,
)
from chatcore.testing.clock import FakeClock
from tests.people import People, RecordingBroker

pytestmark = pytest.mark.anyio


async def test_an_edit_is_a_new_version(
    engine: ChatEngine, people: People, clock: FakeClock, broker: RecordingBroker
) -> None:
    """Body, version, rev and times change; place, sender and sending time don't."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    (sent,) = await people.say(ann, group, "helo")
    clock.advance(2)
    broker.take()
    edited = await engine.execute(ann, EditMessage(group.id, sent.id, "hello", version=1))
    assert (edited.body, edited.version, edited.rev) == ("hello", 2, sent.rev + 1)
    assert (edited.id, edited.seq, edited.created_at) == (sent.id, sent.seq, sent.created_at)
    assert edited.edited_at == edited.updated_at
    assert (edited.updated_at - edited.created_at).total_seconds() == 2
    (said,) = broker.take()
    assert isinstance(said.event, MessageEdited)
    assert (said.prev, said.rev, said.min_seq) == (sent.rev, edited.rev, sent.seq)
    assert said.event.message.body == "hello"
    assert (said.event.message.mine, said.event.message.status) == ((), None)


async def test_an_edit_of_an_old_version_is_refused(engine: ChatEngine, people: People) -> None:
    """Who has not seen the newest version overwrites nothing; without a version they may."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    (sent,) = await people.say(ann, group, "one")
    await engine.execute(ann, EditMessage(group.id, sent.id, "two", version=1))
    for version in (1, 3):
        with pytest.raises(VersionConflict):
            await engine.execute(ann, EditMessage(group.id, sent.id, "three", version=version))
    assert (await engine.execute(ann, GetMessage(group.id, sent.id))).body == "two"
    edited = await engine.execute(ann, EditMessage(group.id, sent.id, "four"))
    assert edited.version == 3


async def test_what_cannot_be_edited(engine: ChatEngine, people: People) -> None:
    """Neither deleted nor encrypted messages; nor into nothing, or into no address."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    text, gone = await people.say(ann, group, "text", "gone")
    await engine.execute(ann, DeleteMessage(group.id, gone.id))
    secret = await engine.execute(ann, SendMessage(group.id, kind="encrypted", encrypted={"v": 1}))
    link = await engine.execute(ann, SendMessage(group.id, "https://a.example", kind="link"))
    for message in (gone, secret):
        with pytest.raises(Conflict):
            await engine.execute(ann, EditMessage(group.id, message.id, "changed"))
    for operation in (
        EditMessage(group.id, text.id, " \n"),
        EditMessage(group.id, text.id),
        EditMessage(group.id, link.id, "javascript:x"),
    ):
        with pytest.raises(Invalid) as caught:
            await engine.execute(ann, operation)
        assert [problem.path for problem in caught.value.errors] == ["body"]


async def test_in_a_frozen_group_nothing_is_edited(engine: ChatEngine, people: People) -> None:
    """Own messages may still be deleted there."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    (sent,) = await people.say(ben, group, "hello")
    await engine.execute(ann, UpdateConversation(group.id, settings=NewSettings(frozen=True)))
    for operation in (
        EditMessage(group.id, sent.id, "changed"),
        SendMessage(group.id, "more"),
        AddReaction(group.id, sent.id, "+"),
    ):
        with pytest.raises(Forbidden):
            await engine.execute(ben, operation)
    assert (await engine.execute(ben, DeleteMessage(group.id, sent.id))).deleted


async def test_of_a_deleted_message_a_tombstone_stays(
    engine: ChatEngine, people: People, clock: FakeClock, broker: RecordingBroker
) -> None:
    """Place, sender, kind and times, and who deleted it when and why; nothing else."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    (first,) = await people.say(ann, group, "first")
    sent = await engine.execute(
        ben,
        SendMessage(
            group.id, "secret", "k1", reply_to=first.id, mentions=("all",), custom={"a": 1}
        ),
    )
    await engine.execute(ann, AddReaction(group.id, sent.id, "+"))
    await engine.execute(ben, EditMessage(group.id, sent.id, "secret!"))
    clock.advance(5)
    broker.take()
    deleted = await engine.execute(ann, DeleteMessage(group.id, sent.id, reason="rude"))
    (said,) = broker.take()
    assert isinstance(said.event, MessageDeleted)
    for tombstone in (
        deleted,
        said.event.message,
        await engine.execute(ben, GetMessage(group.id, sent.id)),
        (await engine.execute(ben, ListMessages(group.id))).items[-1],
    ):
        assert tombstone.deleted is not None
        assert (tombstone.deleted.by, tombstone.deleted.reason) == (ann.id, "rude")
        assert (tombstone.id, tombstone.seq, tombstone.kind) == (sent.id, sent.seq, "text")
        assert (tombstone.sender_id, tombstone.created_at) == (ben.id, sent.created_at)
        assert (tombstone.deleted.at - tombstone.created_at).total_seconds() == 5
        left = (
            tombstone.body,
            tombstone.key,
            tombstone.reply_to,
            tombstone.custom,
            tombstone.edited_at,
        )
        assert left == (None, None, None, None, None)
        assert (tombstone.reactions, tombstone.mentions, tombstone.attachments) == ((), (), ())


async def test_deletion_is_for_ever(
    engine: ChatEngine, people: People, broker: RecordingBroker
) -> None:
    """Deleting again changes nothing and answers the tombstone."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    (sent,) = await people.say(ben, group, "hello")
    first = await engine.execute(ben, DeleteMessage(group.id, sent.id))
    broker.take()
    again = await engine.execute(ann, DeleteMessage(group.id, sent.id, reason="late"))
    assert (again.deleted, again.rev) == (first.deleted, first.rev)
    assert broker.take() == []


async def test_deleting_for_oneself(
    engine: ChatEngine, people: People, broker: RecordingBroker
) -> None:
    """It is gone for one, there for the others, and only one's own stream says so."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    (sent,) = await people.say(ann, group, "hello")
    broker.take()
    answer = await engine.execute(ben, DeleteMessage(group.id, sent.id, for_="me"))
    assert (answer.hidden, answer.body) == (True, "hello")
    (said,) = broker.take()
    assert (said.event, said.stream) == (MessageHidden(group.id, sent.id, True), f"me:{ben.id}")
    assert (await engine.execute(ben, ListMessages(group.id))).items == ()
    for operation in (
        GetMessage(group.id, sent.id),
        DeleteMessage(group.id, sent.id, for_="me"),
        AddReaction(group.id, sent.id, "+"),
        SendMessage(group.id, "what?", reply_to=sent.id),
        MarkReceipt(group.id, message_ids=(sent.id,)),
    ):
        with pytest.raises(NotFound):
            await engine.execute(ben, operation)
    assert (await engine.execute(ann, GetMessage(group.id, sent.id))).body == "hello"


async def test_a_quote_shows_what_its_reader_may_see(engine: ChatEngine, people: People) -> None:
    """The shared face names the message; its text is there for who sees it, as it is now."""
    ann, ben, cid = await people("ann", "ben", "cid")
    group = await people.group(ann, ben)
    (first,) = await people.say(ann, group, "question")
    await engine.execute(ann, AddMembers(group.id, (cid.id,)))
    reply = await engine.execute(ben, SendMessage(group.id, "answer", reply_to=first.id))
    assert reply.reply_to is not None
    assert (reply.reply_to.message_id, reply.reply_to.seq) == (first.id, 1)

    async def quoted(actor: object) -> object:
        got = await engine.execute(actor, GetMessage(group.id, reply.id))  # type: ignore[arg-type]
        assert got.reply_to is not None
        preview = got.reply_to.preview
        return preview and (preview.sender_id, preview.kind, preview.body, preview.deleted)

    assert await quoted(ann) == (ann.id, "text", "question", False)
    assert await quoted(cid) is None
    await engine.execute(ann, EditMessage(group.id, first.id, "a question"))
    assert await quoted(ben) == (ann.id, "text", "a question", False)
    await engine.execute(ben, DeleteMessage(group.id, first.id, for_="me"))
    assert await quoted(ben) is None
    await engine.execute(ann, DeleteMessage(group.id, first.id))
    assert await quoted(ann) == (ann.id, "text", None, True)


async def test_own_messages_have_a_status(engine: ChatEngine, people: People) -> None:
    """Sent, delivered, read: the least that all have reached; others' messages have none."""
    ann, ben, cid = await people("ann", "ben", "cid")
    group = await people.group(ann, ben, cid)
    (sent,) = await people.say(ann, group, "hello")

    async def status() -> str | None:
        return (await engine.execute(ann, GetMessage(group.id, sent.id))).status

    assert await status() == "sent"
    await engine.execute(ben, MarkReceipt(group.id, read_seq=1))
    assert await status() == "sent"
    await engine.execute(cid, MarkReceipt(group.id, delivered_seq=1))
    assert await status() == "delivered"
    await engine.execute(cid, MarkReceipt(group.id, read_seq=1))
    assert await status() == "read"
    assert (await engine.execute(ben, GetMessage(group.id, sent.id))).status is None


async def test_who_read_it_and_when(engine: ChatEngine, people: People, clock: FakeClock) -> None:
    """Each recipient with the times at which their marks passed it."""
    ann, ben, cid, dan = await people("ann", "ben", "cid", "dan")
    group = await people.group(ann, ben, cid)
    (sent,) = await people.say(ann, group, "hello")
    await engine.execute(ann, AddMembers(group.id, (dan.id,), share_history=True))
    clock.advance(10)
    await engine.execute(ben, MarkReceipt(group.id, delivered_seq=1))
    clock.advance(10)
    await engine.execute(ben, MarkReceipt(group.id, read_seq=1))
    await people.say(ann, group, "more")
    clock.advance(10)
    await engine.execute(ben, MarkReceipt(group.id, read_seq=2))
    found = await engine.execute(cid, GetMessageStatus(group.id, sent.id))
    assert found.status == "sent"
    assert {user.username for user in found.users or ()} == {"ben", "cid"}
    by_user = {one.user_id: one for one in found.items}
    assert set(by_user) == {ben.id, cid.id}
    read = by_user[ben.id]
    assert read.status == "read"
    assert read.delivered_at is not None
    assert read.read_at is not None
    assert (read.delivered_at - sent.created_at).total_seconds() == 10
    assert (read.read_at - sent.created_at).total_seconds() == 20
    waiting = by_user[cid.id]
    assert (waiting.status, waiting.delivered_at, waiting.read_at) == ("sent", None, None)


async def test_old_times_are_forgotten(
    engine: ChatEngine, people: People, clock: FakeClock
) -> None:
    """Only the last moves are dated: of what is older it is known that it was read, not when."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    sent: list[Message] = []
    for _ in range(22):
        sent += await people.say(ann, group, "hello")
        clock.advance(2)
        await engine.execute(ben, MarkReceipt(group.id, read_seq=sent[-1].seq))
    dated = []
    for message in (sent[0], sent[1], sent[2], sent[-1]):
        (one,) = (await engine.execute(ann, GetMessageStatus(group.id, message.id))).items
        assert one.status == "read"
        dated.append(one.read_at and (one.read_at - message.created_at).total_seconds())
    assert dated == [None, None, None, 2]
