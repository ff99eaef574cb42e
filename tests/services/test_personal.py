"""A member's own view of a conversation: nobody else sees it, and all their devices do."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from chatcore.config import Limits
from chatcore.delivery.connection import Connection
from chatcore.delivery.outbox import Outbox
from chatcore.engine import ChatEngine
from chatcore.errors import Invalid, NotFound
from chatcore.events import ConversationPersonal, MessageUpdated, ReceiptsMoved
from chatcore.ids import ConnectionId
from chatcore.models import Actor, Conversation, Me
from chatcore.operations import (
    AddBookmark,
    AddMembers,
    AddReaction,
    ClearConversation,
    CreateConversation,
    EditMessage,
    GetBadge,
    GetConversation,
    GetHeads,
    GetMessage,
    GetMessageStatus,
    Leave,
    ListBookmarks,
    ListConversations,
    ListMessages,
    MarkReceipt,
    PersonalizeConversation,
    Pull,
    PullFrom,
    SearchMessages,
    SendMessage,
)
from tests.people import People, RecordingBroker

pytestmark = pytest.mark.anyio

LATER = datetime(2030, 1, 2, 3, 4, 5, 678_000, UTC)


async def own(engine: ChatEngine, actor: Actor, where: Conversation) -> Me:
    """The actor's own view, fetched."""
    me = (await engine.execute(actor, GetConversation(where.id))).me
    assert me is not None
    return me


@pytest.mark.parametrize(
    ("name", "value", "empty", "cleared"),
    [
        ("muted_until", LATER, None, None),
        ("archived", True, False, False),
        ("pinned", True, False, False),
        ("labels", ("work", "home"), None, ()),
        ("labels", ("work",), (), ()),
        ("draft", "see you at", None, None),
        ("draft", "see you at", "", None),
        ("marked_unread", True, False, False),
    ],
)
async def test_each_setting_is_set_and_cleared(
    engine: ChatEngine,
    people: People,
    broker: RecordingBroker,
    name: str,
    value: Any,
    empty: Any,
    cleared: Any,
) -> None:
    """On every device of the member, and on nobody else's; the rest stays as it was."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    theirs, before = await own(engine, ben, group), await own(engine, ann, group)
    for given, kept in ((value, value), (empty, cleared)):
        broker.take()
        change = PersonalizeConversation(group.id, **{name: given})
        answer = await engine.execute(ann, change)
        assert answer.rev == group.rev
        assert answer.me is not None
        assert getattr(answer.me, name) == kept
        (said,) = broker.take()
        assert (said.stream, said.prev) == (f"me:{ann.id}", (said.rev or 0) - 1)
        assert said.event == ConversationPersonal(group.id, answer.me)
        assert await own(engine, ann, group) == answer.me
        # The same again changes nothing, and says nothing.
        assert (await engine.execute(ann, change)).me == answer.me
        assert broker.take() == []
    assert await own(engine, ann, group) == before
    assert await own(engine, ben, group) == theirs


async def test_what_is_not_given_stays(engine: ChatEngine, people: People) -> None:
    """Several settings at once are one change, and leave the others alone."""
    ann, ben = await people("ann", "ben")
    talk = await people.direct(ann, ben)
    await engine.execute(ann, PersonalizeConversation(talk.id, draft="hm", pinned=True))
    await engine.execute(ann, PersonalizeConversation(talk.id, archived=True))
    me = await own(engine, ann, talk)
    assert (me.draft, me.pinned, me.archived, me.labels) == ("hm", True, True, ())


async def test_a_device_that_was_away_pulls_it_once(engine: ChatEngine, people: People) -> None:
    """Whatever has changed since, the view comes as it is now."""
    ann, ben = await people("ann", "ben")
    group, talk = await people.group(ann, ben), await people.direct(ann, ben)
    cursor = (await engine.execute(ann, GetHeads())).heads[0].cursor
    for draft in ("a", "ab", "abc"):
        await engine.execute(ann, PersonalizeConversation(group.id, draft=draft))
    await engine.execute(ann, PersonalizeConversation(talk.id, archived=True))
    pulled = await engine.execute(ann, Pull((PullFrom(stream="me", cursor=cursor),)))
    events = [one.event for one in pulled.changes]
    assert events == [
        ConversationPersonal(group.id, await own(engine, ann, group)),
        ConversationPersonal(talk.id, await own(engine, ann, talk)),
    ]
    assert await own(engine, ann, group) == events[0].me  # type: ignore[attr-defined]


async def test_sending_leaves_the_draft_to_the_client(engine: ChatEngine, people: People) -> None:
    """It may be of another device, and about something else."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    await engine.execute(ann, PersonalizeConversation(group.id, draft="so far"))
    await people.say(ann, group, "something else")
    assert (await own(engine, ann, group)).draft == "so far"


async def test_reading_takes_the_mark_back(
    engine: ChatEngine, people: People, broker: RecordingBroker
) -> None:
    """By a receipt, even one that moves nothing, or with a message; on all devices."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    await people.say(ben, group, "1")
    mark = PersonalizeConversation(group.id, marked_unread=True)
    for reading, moves in (
        (MarkReceipt(group.id, read_seq=1), True),
        (MarkReceipt(group.id, read_seq=0), False),
        (SendMessage(group.id, "2", read_seq=1), False),
    ):
        await engine.execute(ann, mark)
        await engine.execute(ann, MarkReceipt(group.id, delivered_seq=1))
        assert (await own(engine, ann, group)).marked_unread
        broker.take()
        await engine.execute(ann, reading)
        me = await own(engine, ann, group)
        assert not me.marked_unread
        said = [one.event for one in broker.take()]
        assert ConversationPersonal(group.id, me) in said
        assert any(isinstance(event, ReceiptsMoved) for event in said) == moves
    assert (await own(engine, ben, group)).read_seq == 0


async def test_a_new_membership_begins_afresh(engine: ChatEngine, people: People) -> None:
    """Who leaves sees nothing of it any more, and who comes back finds nothing of before."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    fresh = await own(engine, ben, group)
    change = PersonalizeConversation(group.id, draft="bye", labels=("work",), pinned=True)
    await engine.execute(ben, change)
    await engine.execute(ben, Leave(group.id))
    with pytest.raises(NotFound):
        await engine.execute(ben, change)
    await engine.execute(ann, AddMembers(group.id, (ben.id,)))
    me = await own(engine, ben, group)
    assert (me.draft, me.labels, me.pinned) == (fresh.draft, fresh.labels, fresh.pinned)


async def test_clearing_removes_what_is_below_for_one_member(
    engine: ChatEngine, people: People
) -> None:
    """From lists, gets, search, quotes, counts and previews; for everybody else it stays."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    sent = await people.say(ann, group, "one apple", "two apples", "three apples")
    await engine.execute(ann, SendMessage(group.id, "@ben", mentions=(ben.id,)))
    answer = SendMessage(group.id, "indeed", reply_to=sent[1].id)
    await engine.execute(ann, answer)
    cleared = await engine.execute(ben, ClearConversation(group.id, 4))
    assert cleared.me is not None
    assert cleared.me.cleared_seq == 4
    assert (cleared.me.unread, cleared.me.unread_mentions) == (1, 0)
    page = await engine.execute(ben, ListMessages(group.id))
    assert page.next is None
    (left,) = page.items
    assert left.reply_to is not None
    assert (left.seq, left.reply_to.seq, left.reply_to.preview) == (5, 2, None)
    assert (await engine.execute(ben, SearchMessages("apples"))).items == ()
    for operation in (
        GetMessage(group.id, sent[2].id),
        GetMessageStatus(group.id, sent[2].id),
        AddReaction(group.id, sent[2].id, "like"),
        MarkReceipt(group.id, message_ids=(sent[2].id,)),
        SendMessage(group.id, "what?", reply_to=sent[2].id),
    ):
        with pytest.raises(NotFound):
            await engine.execute(ben, operation)
    cleared = await engine.execute(ben, ClearConversation(group.id, 5))
    assert cleared.last_message is None
    (listed,) = (await engine.execute(ben, ListConversations())).items
    assert listed == cleared
    assert len((await engine.execute(ann, ListMessages(group.id))).items) == 5
    assert (await own(engine, ann, group)).cleared_seq == 0


async def test_clearing_never_goes_back(
    engine: ChatEngine, people: People, broker: RecordingBroker
) -> None:
    """The last message may go, the next can't yet; below what is cleared nothing happens."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    await people.say(ann, group, *"123")
    with pytest.raises(Invalid) as caught:
        await engine.execute(ben, ClearConversation(group.id, 4))
    assert [problem.path for problem in caught.value.errors] == ["up_to_seq"]
    cleared = await engine.execute(ben, ClearConversation(group.id, 3))
    broker.take()
    for seq in (3, 2, 0):
        assert await engine.execute(ben, ClearConversation(group.id, seq)) == cleared
    assert broker.take() == []


async def test_clearing_what_was_never_seen_changes_nothing(
    engine: ChatEngine, people: People
) -> None:
    """Who joined later has nothing below their joining to clear."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann)
    await people.say(ann, group, *"123")
    await engine.execute(ann, AddMembers(group.id, (ben.id,)))
    for seq in (2, 3):
        me = (await engine.execute(ben, ClearConversation(group.id, seq))).me
        assert me is not None
        assert me.cleared_seq == 0


async def test_a_pull_after_clearing_shows_nothing_below(
    engine: ChatEngine, people: People
) -> None:
    """The stream's cursor stays good; the account stream tells from where on things are seen."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    heads = (await engine.execute(ben, GetHeads())).heads
    sent = await people.say(ann, group, *"123")
    await engine.execute(ben, ClearConversation(group.id, 2))
    await engine.execute(ann, EditMessage(group.id, sent[0].id, "1, but"))
    await engine.execute(ann, EditMessage(group.id, sent[2].id, "3, but"))
    places = tuple(PullFrom(stream=one.stream, cursor=one.cursor) for one in heads)
    pulled = await engine.execute(ben, Pull(places))
    assert pulled.reset == ()
    bodies = [
        one.event.message.body for one in pulled.changes if isinstance(one.event, MessageUpdated)
    ]
    assert bodies == ["3, but"]
    (personal,) = [
        one.event for one in pulled.changes if isinstance(one.event, ConversationPersonal)
    ]
    assert personal.me.cleared_seq == 2


async def test_live_events_below_are_only_an_advance(engine: ChatEngine, people: People) -> None:
    """At once, on every connection of the one who cleared."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    sent = await people.say(ann, group, *"12")
    connections = []
    for name, actor in (("desk", ben), ("phone", ben), ("hers", ann)):
        outbox = Outbox(Limits(), lines=True)
        made = Connection(ConnectionId(name), actor.id, actor.session_id, outbox)
        await engine.connect(made)
        connections.append(made)
    await engine.execute(ben, ClearConversation(group.id, 1))
    for message in sent:
        await engine.execute(ann, EditMessage(group.id, message.id, "changed"))
    told = []
    for one in connections:
        lines = (await one.outbox.next_frame()).split("\n")
        told.append([line["method"] for line in map(json.loads, lines)])
    assert told == [
        ["conversation.personal", "stream.advanced", "message.edited"],
        ["conversation.personal", "stream.advanced", "message.edited"],
        ["message.edited", "message.edited"],
    ]


async def test_saved_messages_are_a_conversation_like_any_other(
    engine: ChatEngine, people: People
) -> None:
    """With oneself: sent, found, reacted to, kept, drafted and cleared, and never unread."""
    (ann,) = await people("ann")
    notes = await engine.execute(ann, CreateConversation(kind="self"))
    sent = await people.say(ann, notes, "soup recipe", "soup again")
    reply = SendMessage(notes.id, "all of it", reply_to=sent[0].id, mentions=("all",))
    last = await engine.execute(ann, reply)
    me = await own(engine, ann, notes)
    assert (me.unread, me.unread_mentions) == (0, 0)
    assert (await engine.execute(ann, GetBadge())).conversations == 0
    marked = await engine.execute(ann, MarkReceipt(notes.id, read_seq=3))
    assert (marked.receipt.read_seq, marked.unread) == (3, 0)
    status = await engine.execute(ann, GetMessageStatus(notes.id, last.id))
    assert (status.status, status.items) == ("sent", ())
    reacted = await engine.execute(ann, AddReaction(notes.id, sent[0].id, "like"))
    assert reacted.mine == ("like",)
    found = await engine.execute(ann, SearchMessages("soup"))
    assert {one.seq for one in found.items} == {1, 2}
    await engine.execute(ann, AddBookmark(sent[1].id))
    (kept,) = (await engine.execute(ann, ListBookmarks())).items
    assert kept.message is not None
    await engine.execute(ann, PersonalizeConversation(notes.id, draft="and", marked_unread=True))
    assert (await engine.execute(ann, GetBadge())).conversations == 1
    cleared = await engine.execute(ann, ClearConversation(notes.id, 3))
    assert (cleared.last_message, cleared.peer_id) == (None, None)
    assert (await engine.execute(ann, SearchMessages("soup"))).items == ()
