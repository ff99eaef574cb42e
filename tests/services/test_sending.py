"""Sending: exactly once a key, each kind with its content, whole batches at once."""

import sqlite3
from datetime import UTC, datetime
from typing import Any

import anyio
import pytest
from attrs import evolve
from sqlalchemy import Engine, event

from chatcore.engine import ChatEngine, Request
from chatcore.errors import ChatError, Conflict, Forbidden, Invalid, KeyReused, NotFound
from chatcore.events import MessageSent
from chatcore.ids import ConversationId, MessageId, UploadId, UserId, to_datetime
from chatcore.models import ANONYMOUS, Actor, Location, Message
from chatcore.operations import (
    AddBlock,
    AddMembers,
    DeleteMessage,
    EditMessage,
    GetConversation,
    GetMessage,
    ImportMessage,
    ListConversations,
    ListMessages,
    ListThreads,
    NewContact,
    NewLocation,
    NewPoll,
    NewSettings,
    RemoveBlock,
    SendMessage,
    UpdateConversation,
)
from chatcore.services import sending
from chatcore.services.work import Request as Asked
from tests.people import People, RecordingBroker
from tests.services.files import keep

pytestmark = pytest.mark.anyio


async def test_a_message_takes_its_place(
    engine: ChatEngine, people: People, broker: RecordingBroker
) -> None:
    """Each send takes the next seq and the next rev, and is announced with both."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    broker.take()
    first, second = await people.say(ann, group, "one", "two")
    assert [(one.seq, one.rev, one.version) for one in (first, second)] == [(1, 2, 1), (2, 3, 1)]
    said = broker.take()
    assert [(one.prev, one.rev, one.min_seq) for one in said] == [(1, 2, 1), (2, 3, 2)]
    assert said[0].event == MessageSent(first)
    got = await engine.execute(ben, GetMessage(group.id, first.id))
    assert (got.body, got.sender_id, got.conversation_id) == ("one", ann.id, group.id)
    assert (got.created_at, got.updated_at, got.edited_at) == (
        first.created_at,
        first.created_at,
        None,
    )


async def test_everything_a_message_may_hold_comes_back(engine: ChatEngine, people: People) -> None:
    """Whatever was sent is what is read, character by character."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    custom = {"n": 1.5, "list": [1, None, True, "é"], "nested": {"a": {}}}
    body = "7 'quoted' \"twice\" \\ \t\r\n 😀 \u2028 null true {}"
    sent = await engine.execute(
        ann, SendMessage(group.id, body, "k", mentions=(ben.id, "all"), custom=custom)
    )
    got = await engine.execute(ben, GetMessage(group.id, sent.id))
    assert (got.body, got.custom, got.mentions, got.key) == (body, custom, (ben.id, "all"), "k")


async def test_a_key_sends_once(
    engine: ChatEngine, people: People, broker: RecordingBroker
) -> None:
    """A repeat answers the same message and says so; nothing is sent again."""
    ann, ben = await people("ann", "ben")
    group, other = await people.group(ann, ben), await people.group(ann, ben)
    send = SendMessage(group.id, "hello", "k1")
    first = await engine.execute(ann, send)
    broker.take()
    again = await engine.execute(ann, evolve(send, read_seq=1))
    assert again == evolve(first, replayed=True)
    assert broker.take() == []
    theirs = await engine.execute(ben, send)
    elsewhere = await engine.execute(ann, evolve(send, conversation_id=other.id))
    assert len({first.id, theirs.id, elsewhere.id}) == 3


@pytest.mark.parametrize(
    "change",
    [
        {"body": "hello!"},
        {"kind": "link", "body": "https://a.example"},
        {"mentions": ("all",)},
        {"custom": {"a": 2}},
        {"custom": None},
    ],
    ids=str,
)
async def test_a_key_stands_for_one_content(
    engine: ChatEngine, people: People, broker: RecordingBroker, change: dict[str, Any]
) -> None:
    """Whatever differs, other content under the same key is refused."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    send = SendMessage(group.id, "hello", "k1", custom={"a": 1, "b": [{"c": 1, "d": 2}]})
    await engine.execute(ann, send)
    broker.take()
    with pytest.raises(KeyReused):
        await engine.execute(ann, evolve(send, **change))
    assert broker.take() == []
    turned = evolve(send, custom={"b": [{"d": 2, "c": 1}], "a": 1})
    assert (await engine.execute(ann, turned)).replayed


async def test_a_repeat_shows_the_message_as_it_is_now(engine: ChatEngine, people: People) -> None:
    """Edited, or deleted: a tombstone keeps its key, and the request is compared, not the body."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    send = SendMessage(group.id, "hello", "k1")
    first = await engine.execute(ann, send)
    await engine.execute(ann, EditMessage(group.id, first.id, "changed"))
    again = await engine.execute(ann, send)
    assert (again.id, again.body, again.version, again.replayed) == (first.id, "changed", 2, True)
    with pytest.raises(KeyReused):
        await engine.execute(ann, evolve(send, body="changed"))
    await engine.execute(ann, DeleteMessage(group.id, first.id))
    again = await engine.execute(ann, send)
    assert (again.id, again.body, again.replayed) == (first.id, None, True)
    assert again.deleted


async def test_a_repeat_is_answered_after_the_right_is_gone(
    engine: ChatEngine, people: People
) -> None:
    """What was sent was sent: a freeze in between doesn't turn it into a refusal."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    send = SendMessage(group.id, "hello", "k1")
    first = await engine.execute(ben, send)
    await engine.execute(ann, UpdateConversation(group.id, settings=NewSettings(frozen=True)))
    assert (await engine.execute(ben, send)).id == first.id
    with pytest.raises(Forbidden):
        await engine.execute(ben, evolve(send, key="k2"))


async def test_sends_at_once_share_transactions(
    engine: ChatEngine, people: People, database: str
) -> None:
    """A hundred at the same time: dense seqs, order kept for each sender, few commits."""
    who = await people("ann", "ben", "cid")
    group = await people.group(*who)
    before = _batches(database)
    sent: list[Message] = []
    finished = anyio.Event()

    def done(outcome: object) -> None:
        assert isinstance(outcome, Message)
        sent.append(outcome)
        if len(sent) == 120:
            finished.set()

    engine.submit(
        [
            Request(who[number % 3], SendMessage(group.id, str(number), f"k{number}"), done)
            for number in range(120)
        ]
    )
    await finished.wait()
    assert sorted(one.seq for one in sent) == list(range(1, 121))
    for actor in who:
        own = [one for one in sent if one.sender_id == actor.user_id]
        assert [int(one.body or "") for one in own] == sorted(int(one.body or "") for one in own)
    assert _batches(database) - before <= 2


def _batches(database: str) -> int:
    with sqlite3.connect(database.removeprefix("sqlite:///")) as connection:
        (count,) = connection.execute("SELECT count(*) FROM chat_batches").fetchone()
    connection.close()
    return int(count)


async def test_one_batch_decides_each_send_alone(
    engine: ChatEngine, people: People, broker: RecordingBroker
) -> None:
    """In one transaction some are sent, some repeat, some are refused, each for its own reason."""
    ann, ben, eve = await people("ann", "ben", "eve")
    group, direct = await people.group(ann), await people.direct(ann, ben)
    await engine.execute(ben, AddBlock(ann.id))
    broker.take()
    asked: list[tuple[Actor, SendMessage, Any]] = [
        (ann, SendMessage(group.id, "one", "k1"), Message),
        (ann, SendMessage(group.id, "one", "k1"), Message),
        (ann, SendMessage(group.id, "two", "k1"), KeyReused),
        (eve, SendMessage(group.id, "three"), NotFound),
        (ann, SendMessage(ConversationId("none"), "four"), NotFound),
        (ann, SendMessage(direct.id, "five"), Forbidden),
        (ann, SendMessage(group.id, " "), Invalid),
        (ann, SendMessage(group.id, "six", read_seq=9), Invalid),
        (ann, SendMessage(group.id, "seven"), Message),
    ]
    outcomes: list[Any] = []
    finished = anyio.Event()

    def done(outcome: object) -> None:
        outcomes.append(outcome)
        if len(outcomes) == len(asked):
            finished.set()

    engine.submit([Request(actor, operation, done) for actor, operation, _ in asked])
    await finished.wait()
    assert [type(one) for one in outcomes] == [kind for _, _, kind in asked]
    assert outcomes[1] == evolve(outcomes[0], replayed=True)
    assert [one.body for one in outcomes if isinstance(one, Message)] == ["one", "one", "seven"]
    assert outcomes[-1].seq == 2
    assert broker.take_names() == ["message.sent", "message.sent"]


async def test_nobody_sends_nothing(engine: ChatEngine) -> None:
    """Submitted by nobody, a send is told to sign in."""
    outcomes: list[object] = []
    engine.submit([Request(ANONYMOUS, SendMessage(ConversationId("x"), "hi"), outcomes.append)])
    assert [type(one).__name__ for one in outcomes] == ["Unauthenticated"]


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({}, "body"),
        ({"body": " \n\t"}, "body"),
        ({"kind": "link", "body": "a.example"}, "body"),
        ({"kind": "link", "body": "javascript:alert(1)"}, "body"),
        ({"kind": "image", "body": "x"}, "upload_ids"),
        ({"kind": "video", "body": "x"}, "upload_ids"),
        ({"kind": "audio", "body": "x"}, "upload_ids"),
        ({"kind": "file", "body": "x"}, "upload_ids"),
        ({"kind": "system", "body": "x"}, "kind"),
        ({"kind": "location", "body": "x"}, "location"),
        ({"kind": "contact", "body": "x"}, "contact"),
        ({"kind": "poll", "body": "x"}, "poll"),
        ({"body": "x", "location": NewLocation(latitude=1, longitude=2)}, "location"),
        ({"body": "x", "contact": NewContact(name="Bo")}, "contact"),
        ({"body": "x", "poll": NewPoll(question="?", options=("a", "b"))}, "poll"),
        ({"kind": "contact", "contact": NewContact()}, "contact"),
        ({"kind": "contact", "contact": NewContact(name="Bo"), "body": " "}, "body"),
        ({"kind": "contact", "contact": NewContact(name="Bo", user_id=UserId("u"))}, "contact"),
        (
            {"kind": "contact", "contact": NewContact(user_id=UserId("u"), phone="112")},
            "contact.user_id",
        ),
        ({"kind": "contact", "contact": NewContact(name="Bo", phone="call")}, "contact.phone"),
        ({"kind": "contact", "contact": NewContact(name="Bo", phone="+")}, "contact.phone"),
        ({"kind": "contact", "contact": NewContact(name="Bo", email="bo")}, "contact.email"),
        ({"kind": "contact", "contact": NewContact(name="Bo", email="a b@c")}, "contact.email"),
        ({"kind": "poll", "poll": NewPoll(question=" ", options=("a", "b"))}, "poll"),
        ({"kind": "poll", "poll": NewPoll(question="?", options=("a", " "))}, "poll"),
        (
            {
                "kind": "poll",
                "poll": NewPoll(question="?", options=("a", "b"), closes_at=to_datetime(0)),
            },
            "poll.closes_at",
        ),
        ({"kind": "encrypted", "body": "x"}, "encrypted"),
        ({"kind": "encrypted", "body": "x", "encrypted": {}}, "body"),
        ({"body": "x", "encrypted": {}}, "encrypted"),
        ({"body": "x", "read_seq": 1}, "read_seq"),
    ],
    ids=str,
)
async def test_kind_and_content_belong_together(
    engine: ChatEngine, people: People, fields: dict[str, Any], path: str
) -> None:
    """A message without what its kind needs, or with what it can't have, is refused."""
    (ann,) = await people("ann")
    group = await people.group(ann)
    with pytest.raises(Invalid) as caught:
        await engine.execute(ann, SendMessage(group.id, **fields))
    assert [problem.path for problem in caught.value.errors] == [path]
    assert (await engine.execute(ann, GetConversation(group.id))).last_seq == 0


async def test_encrypted_messages_are_carried_unread(engine: ChatEngine, people: People) -> None:
    """What the clients encrypted comes back as it was."""
    (ann,) = await people("ann")
    group = await people.group(ann)
    secret = {"v": 1, "text": "…"}
    send = SendMessage(group.id, kind="encrypted", encrypted=secret)
    sent = await engine.execute(ann, send)
    got = await engine.execute(ann, GetMessage(group.id, sent.id))
    assert (got.kind, got.encrypted, got.body) == ("encrypted", secret, None)


async def test_files_are_sent_by_their_owner(engine: ChatEngine, people: People) -> None:
    """One's own files go with a message, with or without words; another's don't exist."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    files = [await keep(engine, ann, f"{number}.txt") for number in range(2)]
    sent = await engine.execute(
        ann, SendMessage(group.id, kind="file", upload_ids=(files[1], files[0]))
    )
    got = await engine.execute(ben, GetMessage(group.id, sent.id))
    assert [one.name for one in got.attachments] == ["1.txt", "0.txt"]
    assert got.attachments[0].url == f"uploads/{files[1]}"
    captioned = await engine.execute(ann, SendMessage(group.id, "see", upload_ids=(files[0],)))
    assert len(captioned.attachments) == 1
    for owner, upload in ((ben, files[0]), (ann, UploadId("never"))):
        with pytest.raises(NotFound):
            await engine.execute(owner, SendMessage(group.id, "x", upload_ids=(upload,)))


async def test_replies_answer_what_their_sender_sees(engine: ChatEngine, people: People) -> None:
    """Of this conversation, above the floor, not deleted."""
    ann, ben = await people("ann", "ben")
    group, other = await people.group(ann), await people.group(ann, ben)
    (early,) = await people.say(ann, group, "early")
    await engine.execute(ann, AddMembers(group.id, (ben.id,)))
    (late,) = await people.say(ann, group, "late")
    (elsewhere,) = await people.say(ann, other, "elsewhere")
    forged = MessageId(late.id[:-1] + ("0" if late.id[-1] != "0" else "1"))
    ahead = MessageId(late.id.replace("0000000002", "0000000003"))
    for id in (early.id, elsewhere.id, forged, ahead, MessageId("x")):
        with pytest.raises(NotFound):
            await engine.execute(ben, SendMessage(group.id, "re", reply_to=id))
    reply = await engine.execute(ben, SendMessage(group.id, "re", reply_to=late.id))
    assert reply.reply_to is not None
    await engine.execute(ann, DeleteMessage(group.id, late.id))
    with pytest.raises(Conflict):
        await engine.execute(ben, SendMessage(group.id, "re", reply_to=late.id))


async def test_a_send_may_say_what_its_sender_has_read(
    engine: ChatEngine, people: People, broker: RecordingBroker
) -> None:
    """Posting alone moves no mark; ``read_seq`` moves it in the same transaction."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    await people.say(ann, group, "one", "two")
    await people.say(ben, group, "three")
    me = (await engine.execute(ben, GetConversation(group.id))).me
    assert me is not None
    assert (me.read_seq, me.unread) == (0, 2)
    broker.take()
    await engine.execute(ben, SendMessage(group.id, "four", read_seq=3))
    assert broker.take_names() == ["message.sent", "receipts.moved"]
    me = (await engine.execute(ben, GetConversation(group.id))).me
    assert me is not None
    assert (me.read_seq, me.delivered_seq, me.unread) == (3, 3, 0)


async def test_a_block_refuses_direct_messages(engine: ChatEngine, people: People) -> None:
    """Both ways, until it is taken back; in a group messages still flow."""
    ann, ben = await people("ann", "ben")
    direct, group = await people.direct(ann, ben), await people.group(ann, ben)
    await engine.execute(ben, AddBlock(ann.id))
    for actor in (ann, ben):
        with pytest.raises(Forbidden):
            await people.say(actor, direct, "hello")
        await people.say(actor, group, "hello")
    await engine.execute(ben, RemoveBlock(ann.id))
    await people.say(ann, direct, "hello")


async def test_announcements_come_from_above(engine: ChatEngine, people: People) -> None:
    """In an announcement group members read and react, and moderators write."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben, settings=NewSettings(announcement=True))
    await people.say(ann, group, "news")
    with pytest.raises(Forbidden):
        await people.say(ben, group, "me too")


async def test_importing_keeps_times(engine: ChatEngine, people: People) -> None:
    """Trusted code takes messages over with their own time, and system messages too."""
    (ann,) = await people("ann")
    trusted = evolve(ann, operator=True)
    group = await people.group(ann, settings=NewSettings(frozen=True))
    then = datetime(2016, 12, 19, 20, 1, 2, 345_678, tzinfo=UTC)
    old = ImportMessage(group.id, "ann joined", "k1", kind="system", created_at=then)
    sent = await engine.execute(trusted, old)
    assert sent.created_at == then.replace(microsecond=345_000)
    assert (await engine.execute(trusted, old)).replayed
    assert [one.kind for one in (await engine.execute(ann, ListMessages(group.id))).items] == [
        "system"
    ]
    with pytest.raises(ChatError):
        await engine.execute(ann, old)
    assert len((await engine.execute(ann, ListConversations())).items) == 1


async def test_importing_dates_a_conversation_by_its_newest_message(
    engine: ChatEngine, people: People
) -> None:
    """A conversation made for an import is as old as what it holds; older finds never age it."""
    (ann,) = await people("ann")
    trusted = evolve(ann, operator=True)
    notes = await people.group(ann, title="notes")
    old, other = await people.group(ann, title="old"), await people.group(ann, title="other")
    for day in (19, 17):
        then = datetime(2016, 12, day, tzinfo=UTC)
        await engine.execute(trusted, ImportMessage(old.id, f"day {day}", created_at=then))
    then = datetime(2016, 12, 18, tzinfo=UTC)
    await engine.execute(trusted, ImportMessage(other.id, "day 18", created_at=then))
    listed = [one.id for one in (await engine.execute(ann, ListConversations())).items]
    assert listed == [notes.id, old.id, other.id]


async def test_a_place_and_a_card_are_kept(engine: ChatEngine, people: People) -> None:
    """As they were sent; the body is a caption that may be missing."""
    (ann,) = await people("ann")
    group = await people.group(ann)
    place = NewLocation(latitude=-33.9, longitude=18, name="Cape Town", accuracy_m=25.5)
    sent = await engine.execute(ann, SendMessage(group.id, kind="location", location=place))
    assert sent.location == Location(
        latitude=-33.9, longitude=18, name="Cape Town", accuracy_m=25.5
    )
    cards = (
        NewContact(user_id=ann.id),
        NewContact(name="Bo", phone="+44 (0)20 7946-0000", email="bo@example.org"),
    )
    for card in cards:
        operation = SendMessage(group.id, "call her", kind="contact", contact=card)
        shown = (await engine.execute(ann, operation)).contact
        assert shown is not None
        assert (shown.user_id, shown.name, shown.phone) == (card.user_id, card.name, card.phone)


async def test_a_key_covers_what_is_structured(engine: ChatEngine, people: People) -> None:
    """The same key with another place, card or poll is another message."""
    (ann,) = await people("ann")
    group = await people.group(ann)
    contents: list[tuple[dict[str, Any], dict[str, Any]]] = [
        (
            {"kind": "location", "location": NewLocation(latitude=1, longitude=2)},
            {"kind": "location", "location": NewLocation(latitude=1, longitude=3)},
        ),
        (
            {"kind": "contact", "contact": NewContact(name="Bo")},
            {"kind": "contact", "contact": NewContact(name="Bo", phone="112")},
        ),
        (
            {"kind": "poll", "poll": NewPoll(question="?", options=("a", "b"))},
            {"kind": "poll", "poll": NewPoll(question="?", options=("a", "b"), anonymous=True)},
        ),
    ]
    for number, (first, other) in enumerate(contents):
        sent = await engine.execute(ann, SendMessage(group.id, key=f"k{number}", **first))
        again = await engine.execute(ann, SendMessage(group.id, key=f"k{number}", **first))
        assert (again.id, again.replayed) == (sent.id, True)
        with pytest.raises(KeyReused):
            await engine.execute(ann, SendMessage(group.id, key=f"k{number}", **other))


async def test_a_batch_of_answers_takes_as_many_statements_as_two(
    engine: ChatEngine, people: People
) -> None:
    """Replies, threads and mentions are read and written together, also of who is blocked."""
    ann, ben, cem = await people("ann", "ben", "cem")
    group = await people.group(ann, ben, cem)
    roots = await people.say(ann, group, *(f"root {number}" for number in range(50)))
    await engine.execute(cem, AddBlock(ann.id))
    requests = [
        Asked(
            one,
            SendMessage(
                group.id,
                "answer",
                f"k{number}",
                reply_to=root.id,
                thread_id=root.id,
                mentions=("all",) if number % 2 else (ben.id, cem.id),
            ),
        )
        for number, root in enumerate(roots)
        for one in (ann, ben)
    ]
    seen: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        seen.append(statement)

    async def count(some: list[Asked]) -> int:
        seen.clear()
        outcomes = await engine.chat_write(lambda work: sending.send(work, some))
        assert all(isinstance(one, Message) for one in outcomes)
        return len(seen)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        few, many = await count(requests[:4]), await count(requests[4:])
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert many == few, seen
    shown = await engine.execute(ben, ListThreads(group.id))
    assert {one.root.thread and one.root.thread.count for one in shown.items} == {2}
    counts = [(await engine.execute(one, GetConversation(group.id))).me for one in (ann, ben, cem)]
    assert [one and one.unread_mentions for one in counts] == [25, 50, 50]
