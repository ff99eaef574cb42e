"""Threads: one level of replies, counted on the message that they are about."""

import pytest

from chatcore.config import Limits
from chatcore.engine import ChatEngine
from chatcore.errors import Conflict, Invalid, KeyReused, NotFound
from chatcore.events import MessageEvent, ThreadMarked
from chatcore.ids import MessageId
from chatcore.models import Actor, Conversation, Message, Page
from chatcore.operations import (
    AddMembers,
    DeleteMessage,
    GetHeads,
    GetMessage,
    ListMessages,
    ListThreads,
    MarkReceipt,
    Pull,
    PullFrom,
    SendMessage,
)
from tests.people import People, RecordingBroker

pytestmark = pytest.mark.anyio


async def reply(engine: ChatEngine, actor: Actor, root: Message, body: str, **more: str) -> Message:
    """Send a reply into a thread."""
    operation = SendMessage(root.conversation_id, body, thread_id=root.id, **more)  # type: ignore[arg-type]
    return await engine.execute(actor, operation)


async def begin(people: People) -> tuple[Actor, Actor, Conversation, Message]:
    """Two people, their group, and a message in it."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    (root,) = await people.say(ann, group, "root")
    return ann, ben, group, root


async def test_a_reply_counts_on_its_root(
    engine: ChatEngine, people: People, broker: RecordingBroker
) -> None:
    """The reply, then the root under a rev of its own, in one batch."""
    ann, ben, group, root = await begin(people)
    broker.take()
    sent = await reply(engine, ben, root, "reply")
    assert sent.thread_id == root.id
    events = [one.event for one in broker.take()]
    assert [one.name for one in events] == ["message.sent", "message.updated"]
    updated = events[1]
    assert isinstance(updated, MessageEvent)
    assert updated.message.id == root.id
    assert updated.message.rev == sent.rev + 1
    assert updated.message.thread is not None
    assert updated.message.thread.count == 1
    assert updated.message.thread.participants == (ben.id,)
    shown = await engine.execute(ann, GetMessage(group.id, root.id))
    assert shown.thread == updated.message.thread


async def test_no_reply_begins_a_thread(engine: ChatEngine, people: People) -> None:
    """One level, in the same conversation, below what is there and what one sees."""
    ann, ben, group, root = await begin(people)
    other = await people.direct(ann, ben)
    sent = await reply(engine, ben, root, "reply")
    with pytest.raises(Invalid):
        await reply(engine, ann, sent, "below a reply")
    for wrong in (MessageId(f"{root.id[:-3]}zzz"), MessageId("x")):
        with pytest.raises(NotFound):
            await engine.execute(ann, SendMessage(group.id, "x", thread_id=wrong))
    with pytest.raises(NotFound):
        await engine.execute(ann, SendMessage(other.id, "x", thread_id=root.id))
    await engine.execute(ben, DeleteMessage(group.id, root.id, "me"))
    with pytest.raises(NotFound):
        await reply(engine, ben, root, "to what one hid")
    await engine.execute(ann, DeleteMessage(group.id, root.id))
    with pytest.raises(Conflict):
        await reply(engine, ann, root, "to a tombstone")


async def test_a_thread_outlives_its_root(engine: ChatEngine, people: People) -> None:
    """The tombstone keeps the count, and the replies can be read."""
    ann, ben, group, root = await begin(people)
    first = await reply(engine, ben, root, "first")
    await reply(engine, ann, root, "second")
    buried = await engine.execute(ann, DeleteMessage(group.id, root.id))
    assert buried.thread is not None
    assert buried.thread.count == 2
    gone = await engine.execute(ben, DeleteMessage(group.id, first.id))
    assert gone.thread_id == root.id
    shown = await engine.execute(ben, GetMessage(group.id, root.id))
    assert shown.thread is not None
    assert (shown.thread.count, shown.thread.participants) == (1, (ann.id,))
    page = await engine.execute(ben, ListMessages(group.id, thread_id=root.id))
    assert [(one.body, one.deleted is None) for one in page.items] == [
        (None, False),
        ("second", True),
    ]


async def test_a_thread_is_paged_by_itself(engine: ChatEngine, people: People) -> None:
    """Both ways, around a place and by time, as a conversation is."""
    ann, ben, group, root = await begin(people)
    seqs = []
    for number in range(5):
        await people.say(ann, group, f"between {number}")
        seqs.append((await reply(engine, ben, root, f"{number}")).seq)

    async def page(**where: int) -> Page[Message]:
        return await engine.execute(ann, ListMessages(group.id, thread_id=root.id, **where))

    newest = await page(limit=2)
    assert [one.seq for one in newest.items] == seqs[3:]
    older = await page(limit=2, before=newest.next)  # type: ignore[arg-type]
    assert [one.seq for one in older.items] == seqs[1:3]
    later = await page(limit=2, after=seqs[0])
    assert [one.seq for one in later.items] == seqs[1:3]
    around = await page(limit=3, around=seqs[2])
    assert [one.seq for one in around.items] == seqs[1:4]


async def test_participants_are_the_first_ten(engine: ChatEngine, people: People) -> None:
    """In the order in which they came; who has nothing left in it makes room."""
    users = await people(*(f"user{number}" for number in range(12)))
    group = await people.group(*users)
    (root,) = await people.say(users[0], group, "root")
    sent = [await reply(engine, user, root, "me") for user in users]
    shown = await engine.execute(users[0], GetMessage(group.id, root.id))
    assert shown.thread is not None
    assert shown.thread.count == 12
    assert shown.thread.participants == tuple(user.id for user in users[:10])
    await engine.execute(users[0], DeleteMessage(group.id, sent[0].id))
    shown = await engine.execute(users[0], GetMessage(group.id, root.id))
    assert shown.thread is not None
    assert shown.thread.participants == tuple(user.id for user in users[1:11])


async def test_a_thread_is_read_alone(
    engine: ChatEngine, people: People, broker: RecordingBroker
) -> None:
    """The mark is private, moves forward only, and leaves the conversation as it was."""
    ann, ben, group, root = await begin(people)
    last = [await reply(engine, ben, root, f"{number}") for number in range(3)][-1]
    broker.take()
    mark = MarkReceipt(group.id, read_seq=last.seq - 1, thread_id=root.id)
    marked = await engine.execute(ann, mark)
    assert marked.unread == 3
    assert marked.thread is not None
    assert (marked.thread.read_seq, marked.thread.unread) == (last.seq - 1, 1)
    (said,) = broker.take()
    assert said.event == ThreadMarked(group.id, root.id, last.seq - 1)
    assert said.stream == f"me:{ann.id}"
    again = await engine.execute(ann, MarkReceipt(group.id, read_seq=2, thread_id=root.id))
    assert again.thread == marked.thread
    assert broker.take() == []
    (thread,) = (await engine.execute(ann, ListThreads(group.id, unread=True))).items
    assert (thread.unread, thread.read_seq, thread.last_seq) == (1, last.seq - 1, last.seq)
    by_id = MarkReceipt(group.id, message_ids=(last.id,), thread_id=root.id)
    marked = await engine.execute(ann, by_id)
    assert marked.thread is not None
    assert marked.thread.unread == 0
    assert (await engine.execute(ann, ListThreads(group.id, unread=True))).items == ()
    assert len((await engine.execute(ann, ListThreads(group.id))).items) == 1


async def test_reading_a_conversation_reads_its_threads(engine: ChatEngine, people: People) -> None:
    """A mark covers everything up to it, wherever it stands."""
    ann, ben, group, root = await begin(people)
    last = await reply(engine, ben, root, "reply")
    await engine.execute(ann, MarkReceipt(group.id, read_seq=last.seq))
    (thread,) = (await engine.execute(ann, ListThreads(group.id))).items
    assert (thread.unread, thread.read_seq) == (0, last.seq)


async def test_a_thread_takes_read_marks_only(engine: ChatEngine, people: People) -> None:
    """Delivered is the conversation's, and nobody reads what isn't there."""
    ann, ben, group, root = await begin(people)
    last = await reply(engine, ben, root, "reply")
    for wrong in (
        MarkReceipt(group.id, delivered_seq=1, thread_id=root.id),
        MarkReceipt(group.id, delivered_seq=1, read_seq=1, thread_id=root.id),
        MarkReceipt(group.id, read_seq=last.seq + 1, thread_id=root.id),
        MarkReceipt(group.id, thread_id=root.id),
    ):
        with pytest.raises(Invalid):
            await engine.execute(ann, wrong)
    unknown = MessageId(f"{root.id[:-3]}zzz")
    with pytest.raises(NotFound):
        await engine.execute(ann, MarkReceipt(group.id, read_seq=1, thread_id=unknown))


async def test_threads_below_the_floor_dont_exist(engine: ChatEngine, people: People) -> None:
    """Who joined later sees neither the root nor that it has a thread; replies alone they do."""
    ann, ben, group, root = await begin(people)
    await reply(engine, ben, root, "early")
    (cem,) = await people("cem")
    await engine.execute(ann, AddMembers(group.id, (cem.id,)))
    late = await reply(engine, ben, root, "late")
    assert (await engine.execute(cem, ListThreads(group.id))).items == ()
    with pytest.raises(NotFound):
        await engine.execute(cem, ListMessages(group.id, thread_id=root.id))
    page = await engine.execute(cem, ListMessages(group.id))
    assert [one.id for one in page.items] == [late.id]


async def test_a_key_covers_the_thread(engine: ChatEngine, people: People) -> None:
    """The same key with another thread is another message."""
    _, ben, group, root = await begin(people)
    sent = await reply(engine, ben, root, "once", key="k")
    again = await reply(engine, ben, root, "once", key="k")
    assert (again.id, again.replayed) == (sent.id, True)
    with pytest.raises(KeyReused):
        await engine.execute(ben, SendMessage(group.id, "once", key="k"))
    shown = await engine.execute(ben, GetMessage(group.id, root.id))
    assert shown.thread is not None
    assert shown.thread.count == 1


async def test_marks_are_pulled(engine: ChatEngine, people: People) -> None:
    """Another device learns of a thread that was read."""
    ann, ben, group, root = await begin(people)
    last = await reply(engine, ben, root, "reply")
    head = (await engine.execute(ann, GetHeads())).heads[0]
    await engine.execute(ann, MarkReceipt(group.id, read_seq=last.seq, thread_id=root.id))
    pulled = await engine.execute(ann, Pull((PullFrom(stream="me", cursor=head.cursor),)))
    assert [one.event for one in pulled.changes] == [ThreadMarked(group.id, root.id, last.seq)]


class TestCounts:
    """Counts end where a conversation's do."""

    @pytest.fixture
    def limits(self) -> Limits:
        """Exact up to two."""
        return Limits(unread_exact=2)

    @pytest.mark.parametrize(("replies", "said"), [(2, (2, False)), (3, (2, True))])
    async def test_counts_are_bounded(
        self, engine: ChatEngine, people: People, replies: int, said: tuple[int, bool]
    ) -> None:
        """Exact to the limit, flagged one past it."""
        ann, ben, group, root = await begin(people)
        for number in range(replies):
            await reply(engine, ben, root, f"{number}")
        (thread,) = (await engine.execute(ann, ListThreads(group.id))).items
        assert (thread.unread, thread.unread_more) == said
