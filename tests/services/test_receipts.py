"""Receipts: how far members are, and what they haven't read."""

from typing import Any

import anyio
import pytest

from chatcore.config import Limits
from chatcore.engine import ChatEngine, Request
from chatcore.errors import Invalid, NotFound
from chatcore.events import ReceiptsMoved
from chatcore.ids import MessageId
from chatcore.models import Actor, Conversation, Marked, Receipt
from chatcore.operations import (
    AddMembers,
    AddReaction,
    DeleteMessage,
    EditMessage,
    GetConversation,
    GetMessageStatus,
    ImportMessage,
    Leave,
    ListReceipts,
    MarkReceipt,
    SendMessage,
)
from chatcore.testing.fakes import PlainHasher
from tests.people import People, RecordingBroker

pytestmark = pytest.mark.anyio


async def counts(engine: ChatEngine, actor: Actor, where: Conversation) -> tuple[int, int]:
    """Unread messages and mentions."""
    me = (await engine.execute(actor, GetConversation(where.id))).me
    assert me is not None
    assert not me.unread_more
    return me.unread, me.unread_mentions


async def test_marks_only_rise(engine: ChatEngine, people: People, broker: RecordingBroker) -> None:
    """Reading is receiving; what is behind changes nothing and says nothing."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    await people.say(ann, group, *"12345")
    broker.take()
    marked = await engine.execute(ben, MarkReceipt(group.id, delivered_seq=4))
    assert marked.receipt == Receipt(user_id=ben.id, delivered_seq=4, read_seq=0)
    assert (marked.unread, marked.as_of_rev) == (5, group.rev + 5)
    marked = await engine.execute(ben, MarkReceipt(group.id, read_seq=2))
    assert marked.receipt == Receipt(user_id=ben.id, delivered_seq=4, read_seq=2)
    assert marked.unread == 3
    said = broker.take()
    assert [one.event for one in said] == [
        ReceiptsMoved((Receipt(user_id=ben.id, delivered_seq=4, read_seq=0),)),
        ReceiptsMoved((Receipt(user_id=ben.id, delivered_seq=4, read_seq=2),)),
    ]
    assert [(one.prev, one.rev, one.only_focused) for one in said] == [(0, 1, False), (1, 2, False)]
    for behind in (
        MarkReceipt(group.id, read_seq=1, delivered_seq=3),
        MarkReceipt(group.id, read_seq=0),
    ):
        assert (await engine.execute(ben, behind)) == marked
    assert broker.take() == []
    marked = await engine.execute(ben, MarkReceipt(group.id, read_seq=5))
    assert marked.receipt == Receipt(user_id=ben.id, delivered_seq=5, read_seq=5)
    assert marked.unread == 0


async def test_a_list_of_messages_means_its_highest(engine: ChatEngine, people: People) -> None:
    """Whatever their order; one that isn't there for the reader refuses them all."""
    ann, ben = await people("ann", "ben")
    group, other = await people.group(ann, ben), await people.group(ann, ben)
    sent = await people.say(ann, group, *"123")
    (elsewhere,) = await people.say(ann, other, "x")
    ids = (sent[1].id, sent[0].id)
    marked = await engine.execute(ben, MarkReceipt(group.id, message_ids=ids))
    assert marked.receipt.read_seq == 2
    forged = MessageId(sent[0].id[:-1] + ("0" if sent[0].id[-1] != "0" else "1"))
    for wrong in (elsewhere.id, forged, MessageId("x")):
        with pytest.raises(NotFound):
            await engine.execute(ben, MarkReceipt(group.id, message_ids=(sent[2].id, wrong)))
    both = MarkReceipt(group.id, read_seq=1, message_ids=(sent[2].id,))
    assert (await engine.execute(ben, both)).receipt.read_seq == 3


@pytest.mark.parametrize(
    ("marks", "path"), [({"read_seq": 3}, "read_seq"), ({"delivered_seq": 3}, "delivered_seq")]
)
async def test_nobody_reads_what_is_not_written(
    engine: ChatEngine, people: People, marks: dict[str, int], path: str
) -> None:
    """Past the end is refused and changes nothing, and saying nothing is no receipt."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    await people.say(ann, group, "1", "2")
    with pytest.raises(Invalid) as caught:
        await engine.execute(ben, MarkReceipt(group.id, **marks))
    assert [problem.path for problem in caught.value.errors] == [path]
    with pytest.raises(Invalid):
        await engine.execute(ben, MarkReceipt(group.id))
    assert await counts(engine, ben, group) == (2, 0)


async def test_receipts_of_a_batch_are_one_event(
    engine: ChatEngine, people: People, broker: RecordingBroker
) -> None:
    """Many members at once take one step of the conversation's counter, the newest of each."""
    who = await people("ann", "ben", "cid")
    group, other = await people.group(*who), await people.group(*who)
    for where in (group, other):
        await people.say(who[0], where, *"123")
    broker.take()
    asked = [
        (who[1], MarkReceipt(group.id, delivered_seq=1)),
        (who[2], MarkReceipt(group.id, read_seq=2)),
        (who[1], MarkReceipt(other.id, read_seq=1)),
        (who[1], MarkReceipt(group.id, read_seq=3)),
        (who[1], MarkReceipt(group.id, read_seq=9)),
    ]
    outcomes: list[Any] = []
    finished = anyio.Event()

    def done(outcome: object) -> None:
        outcomes.append(outcome)
        if len(outcomes) == len(asked):
            finished.set()

    engine.submit([Request(actor, operation, done) for actor, operation in asked])
    await finished.wait()
    assert [type(one) for one in outcomes] == [Marked, Marked, Marked, Marked, Invalid]
    said = {one.stream: one for one in broker.take()}
    assert len(said) == 2
    event = said[group.id].event  # type: ignore[index]
    assert isinstance(event, ReceiptsMoved)
    assert {(one.user_id, one.read_seq) for one in event.receipts} == {
        (who[1].id, 3),
        (who[2].id, 2),
    }
    assert (said[group.id].prev, said[group.id].rev) == (0, 1)  # type: ignore[index]


async def test_receipts_of_large_groups_go_where_one_looks(database: str) -> None:
    """Past the limit only connections that focus the conversation hear them."""
    broker, limits = RecordingBroker(), Limits(receipts_everyone=2)
    async with ChatEngine(database, hasher=PlainHasher(), broker=broker, limits=limits) as engine:
        people = People(engine)
        ann, ben, cid = await people("ann", "ben", "cid")
        for group in (await people.group(ann, ben), await people.group(ann, ben, cid)):
            await people.say(ann, group, "hello")
            broker.take()
            await engine.execute(ben, MarkReceipt(group.id, read_seq=1))
            assert [one.only_focused for one in broker.take()] == [group.member_count > 2]


async def test_receipts_are_listed_by_member(engine: ChatEngine, people: People) -> None:
    """The marks of the current members, paged; a cursor is of one conversation."""
    who = await people("ann", "ben", "cid")
    group, other = await people.group(*who), await people.group(*who)
    await people.say(who[0], group, "1", "2")
    await engine.execute(who[1], MarkReceipt(group.id, delivered_seq=2, read_seq=1))
    await engine.execute(who[2], Leave(group.id))
    first = await engine.execute(who[0], ListReceipts(group.id, limit=1))
    with pytest.raises(Invalid):
        await engine.execute(who[0], ListReceipts(other.id, cursor=str(first.next)))
    rest = await engine.execute(who[0], ListReceipts(group.id, cursor=str(first.next)))
    assert rest.next is None
    found = {one.user_id: (one.delivered_seq, one.read_seq) for one in (*first.items, *rest.items)}
    assert found == {who[0].id: (0, 0), who[1].id: (2, 1)}
    assert {user.id for user in rest.users or ()} == {one.user_id for one in rest.items}


async def test_what_counts_as_unread(engine: ChatEngine, people: People) -> None:
    """Another's messages that one may see and hasn't read, but no system messages."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    trusted = Actor(ann.id, operator=True)
    sent = await people.say(ann, group, "1", "2", "3")
    assert await counts(engine, ben, group) == (3, 0)
    assert await counts(engine, ann, group) == (0, 0)
    await people.say(ben, group, "own")
    await engine.execute(trusted, ImportMessage(group.id, "joined", kind="system"))
    await engine.execute(ann, EditMessage(group.id, sent[0].id, "edited"))
    await engine.execute(ann, AddReaction(group.id, sent[0].id, "+"))
    assert await counts(engine, ben, group) == (3, 0)
    await engine.execute(ann, DeleteMessage(group.id, sent[0].id))
    assert await counts(engine, ben, group) == (2, 0)
    await engine.execute(ben, DeleteMessage(group.id, sent[1].id, for_="me"))
    assert await counts(engine, ben, group) == (1, 0)
    marked = await engine.execute(ben, MarkReceipt(group.id, read_seq=5))
    assert (marked.unread, marked.unread_mentions) == (0, 0)


async def test_mentions_are_counted_apart(engine: ChatEngine, people: People) -> None:
    """By name or all, once a message, as long as it is unread and lives; not one's own."""
    ann, ben, cid = await people("ann", "ben", "cid")
    group = await people.group(ann, ben, cid)
    both = SendMessage(group.id, "hey", mentions=(ben.id, "all"))
    sent = await engine.execute(ann, both)
    await engine.execute(ann, SendMessage(group.id, "all", mentions=("all",)))
    await engine.execute(ann, SendMessage(group.id, "cid", mentions=(cid.id,)))
    await engine.execute(ben, SendMessage(group.id, "me", mentions=("all",)))
    assert await counts(engine, ben, group) == (3, 2)
    assert await counts(engine, cid, group) == (4, 4)
    await engine.execute(ann, DeleteMessage(group.id, sent.id))
    assert await counts(engine, ben, group) == (2, 1)
    marked = await engine.execute(ben, MarkReceipt(group.id, read_seq=2))
    assert (marked.unread, marked.unread_mentions) == (1, 0)


async def test_counts_are_exact_up_to_a_bound(database: str) -> None:
    """Beyond it the answer says that there are more, and how many it counted."""
    limits = Limits(unread_exact=3)
    async with ChatEngine(database, hasher=PlainHasher(), limits=limits) as engine:
        people = People(engine)
        ann, ben = await people("ann", "ben")
        group = await people.group(ann, ben)
        for number in range(1, 6):
            await engine.execute(ann, SendMessage(group.id, "x", mentions=("all",)))
            me = (await engine.execute(ben, GetConversation(group.id))).me
            assert me is not None
            assert me.unread == min(number, 3)
            assert me.unread_mentions <= me.unread
            assert me.unread_more is (number > 3)
        marked = await engine.execute(ben, MarkReceipt(group.id, read_seq=1))
        assert (marked.unread, marked.unread_more) == (3, True)
        marked = await engine.execute(ben, MarkReceipt(group.id, read_seq=2))
        assert (marked.unread, marked.unread_more) == (3, False)


async def test_joining_begins_with_nothing_unread(engine: ChatEngine, people: People) -> None:
    """Also where what was before is shared."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann)
    await engine.execute(ann, SendMessage(group.id, "old", mentions=("all",)))
    await engine.execute(ann, AddMembers(group.id, (ben.id,), share_history=True))
    assert await counts(engine, ben, group) == (0, 0)
    await people.say(ann, group, "new")
    assert await counts(engine, ben, group) == (1, 0)


async def test_who_has_read_comes_in_pages(engine: ChatEngine, people: People) -> None:
    """By user id, whatever is read meanwhile; without the sender and those who came later."""
    who = await people("ann", "ben", "cid", "dot", "eve", "fay")
    group = await people.group(*who[:5])
    (sent,) = await people.say(who[0], group, "hello")
    await engine.execute(who[0], AddMembers(group.id, (who[5].id,)))
    await engine.execute(who[1], MarkReceipt(group.id, read_seq=1))
    await engine.execute(who[3], MarkReceipt(group.id, delivered_seq=1))
    found: list[tuple[str, str]] = []
    cursor = None
    while True:
        asked = GetMessageStatus(group.id, sent.id, cursor, 1)
        page = await engine.execute(who[2], asked)
        assert len(page.items) == 1
        assert page.status == "sent"
        assert page.users is not None
        assert [one.id for one in page.users] == [page.items[0].user_id]
        found += [(one.user_id, one.status) for one in page.items]
        cursor = page.next
        if cursor is None:
            break
        await people.say(who[0], group, "meanwhile")
    steps = ("read", "sent", "delivered", "sent")
    assert found == sorted((one.id, step) for one, step in zip(who[1:5], steps, strict=True))
    whole = await engine.execute(who[0], GetMessageStatus(group.id, sent.id))
    assert (len(whole.items), whole.next) == (4, None)
    (later,) = await people.say(who[0], group, "more")
    page = await engine.execute(who[2], GetMessageStatus(group.id, sent.id, limit=1))
    with pytest.raises(Invalid):
        await engine.execute(who[2], GetMessageStatus(group.id, later.id, page.next))
