"""Unread counts: in lists, in all, and explained, each as looking at every message has it."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import anyio
import pytest
from attrs import evolve, frozen
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event

from chatcore.config import Limits, Settings
from chatcore.engine import ChatEngine, Request
from chatcore.errors import Forbidden, NotFound
from chatcore.ids import ConversationId, UserId, new_nonce, to_ms
from chatcore.models import Actor, Badge, Message
from chatcore.operations import (
    ClearConversation,
    CreateConversation,
    DeleteMessage,
    ExplainUnread,
    GetBadge,
    ImportMessage,
    ListConversations,
    ListMessages,
    MarkReceipt,
    NewUserSettings,
    PersonalizeConversation,
    SendMessage,
    UpdateAccount,
)
from chatcore.ports.members import Listed
from chatcore.ports.messages import MessageRecord
from chatcore.rules.unread import Counts, Viewer, brute
from chatcore.services import conversations, faces, unread
from chatcore.services.access import Seat
from chatcore.services.work import ChatWork
from chatcore.storage.sql import SqlChatStore
from chatcore.storage.sql.database import open_database
from chatcore.testing.clock import FakeClock
from chatcore.testing.fakes import PlainHasher
from chatcore.testing.strategies import EPOCH, histories, seqs
from tests.people import People

OPERATOR = Actor(None, operator=True)
VIEWER = UserId("u0")
LIMITS = Limits(unread_exact=4)


@frozen
class Drawn:
    """One conversation of the viewer's."""

    history: list[Message]
    read_seq: int
    joined_seq: int
    floor_seq: int
    muted_s: int | None
    archived: bool
    marked: bool

    @property
    def viewer(self) -> Viewer:
        """Marks as the engine keeps them: none above the last message."""
        last = len(self.history)
        joined = min(self.joined_seq, last)
        return Viewer(
            user_id=VIEWER,
            read_seq=max(joined, min(self.read_seq, last)),
            joined_seq=joined,
            floor_seq=min(self.floor_seq, last),
        )


drawn = st.builds(
    Drawn,
    histories(),
    seqs,
    seqs,
    seqs,
    st.none() | st.integers(0, 10),
    st.booleans(),
    st.booleans(),
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqlChatStore]:
    """A store that every example leaves as it found it."""
    opened = open_database(f"sqlite:///{tmp_path_factory.mktemp('unread')}/chat.db", readers=1)
    made = SqlChatStore(opened, Settings(), FakeClock(to_ms(EPOCH + timedelta(seconds=5))))
    made.open()
    yield made
    opened.close()


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """Every statement that runs, on any connection."""
    seen: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    yield seen
    event.remove(Engine, "before_cursor_execute", note)


def fill(work: ChatWork, one: Drawn) -> Seat:
    """Write a drawn conversation's rows."""
    unit = work.unit
    made = conversations.create(work, Actor(VIEWER), CreateConversation(kind="group", title="t"))
    stream = unit.conversations.lock([made.id])[made.id]
    stream.last_seq = len(one.history)
    unit.conversations.flush()  # type: ignore[attr-defined]
    member = evolve_member(unit.members.get([(stream.n, VIEWER)])[stream.n, VIEWER], one)
    unit.members.save([member])
    if one.history:
        unit.messages.insert([row(stream.n, message) for message in one.history])
    for message in one.history:
        if message.hidden:
            unit.hidden.add(VIEWER, stream.n, message.seq, 1)
    return Seat(stream, member)


def evolve_member(member: Any, one: Drawn) -> Any:
    """A membership with what was drawn for it."""
    viewer = one.viewer
    until = None if one.muted_s is None else to_ms(EPOCH + timedelta(seconds=one.muted_s))
    return evolve(
        member,
        joined_seq=viewer.joined_seq,
        floor_seq=viewer.floor_seq,
        read_seq=viewer.read_seq,
        delivered_seq=viewer.read_seq,
        muted_until=until,
        archived=one.archived,
        marked_unread=one.marked,
    )


def row(n: int, message: Message) -> MessageRecord:
    """A drawn message as it is stored."""
    return MessageRecord(
        conversation_n=n,
        seq=message.seq,
        rev=message.seq + 1,
        sent_rev=message.seq + 1,
        nonce=new_nonce(),
        sender_id=message.sender_id,
        kind=message.kind,
        body="x",
        created_at=to_ms(message.created_at),
        updated_at=to_ms(message.updated_at),
        deleted_at=message.deleted and to_ms(message.deleted.at),
        expires_at=message.expires_at and to_ms(message.expires_at),
        details={"mentions": list(message.mentions)} if message.mentions else {},
    )


@settings(max_examples=20)
@given(rooms=st.lists(drawn, max_size=3), muted=st.booleans(), archived=st.booleans())
def test_every_way_to_count_agrees(
    store: SqlChatStore, rooms: list[Drawn], muted: bool, archived: bool
) -> None:
    """The list, the badge, the filter and the explanation say what every message says."""
    now = EPOCH + timedelta(seconds=5)
    most = LIMITS.unread_exact
    with store.write() as unit:
        work = ChatWork(unit, LIMITS, Settings())
        seats = [fill(work, one) for one in rooms]
        found = faces.unread(work, seats)
        expected = [brute(one.history, one.viewer, now, most) for one in rooms]
        for seat, count in zip(seats, expected, strict=True):
            me = faces.me(seat.member, found[seat.stream.n], most)
            assert Counts(me.unread, me.unread_more, me.unread_mentions) == count
        exact = [brute(one.history, one.viewer, now, 1_000) for one in rooms]
        heard = [
            (count, one.marked)
            for one, count in zip(rooms, exact, strict=True)
            if (archived or not one.archived) and (muted or one.muted_s is None or one.muted_s <= 5)
        ]
        told = unread.badge(work, Actor(VIEWER), GetBadge(muted=muted, archived=archived))
        total = sum(count.unread for count, _ in heard)
        assert told == Badge(
            unread=min(total, most),
            unread_more=total > most,
            mentions=min(sum(count.mentions for count, _ in heard), most),
            conversations=sum(count.unread > 0 or marked for count, marked in heard),
        )
        for wanted in (True, False):
            only = Listed(now=unit.now, unread=wanted)
            listed = {s.id for s, _ in unit.members.listed(VIEWER, None, 10, only)}
            assert listed == {
                seat.stream.id
                for seat, count in zip(seats, exact, strict=True)
                if (count.unread > 0 or seat.member.marked_unread) == wanted
            }
        for one, seat, count in zip(rooms, seats, exact, strict=True):
            check_explained(work, one, seat, count)


def check_explained(work: ChatWork, one: Drawn, seat: Seat, count: Counts) -> None:
    """Everything from the first message on is explained, and what counts is the count."""
    items: list[Any] = []
    after: int | None = 0
    while after is not None:
        asked = ExplainUnread(VIEWER, seat.stream.id, after, 5)
        told = unread.explain(work, OPERATOR, asked)
        items += told.items
        after = told.next
    assert [item.seq for item in items] == [message.seq for message in one.history]
    counted = [item for item in items if item.reason == "counted"]
    assert len(counted) == count.unread
    assert sum(item.mention for item in items) == count.mentions
    assert all(item.seq > told.after_seq for item in counted)
    assert (told.unread, told.unread_more) == (
        min(count.unread, LIMITS.unread_exact),
        count.unread > LIMITS.unread_exact,
    )


@pytest.mark.anyio
async def test_the_badge_leaves_out_what_is_muted_or_archived(
    engine: ChatEngine, people: People, clock: FakeClock
) -> None:
    """Unless it is asked for; a mute that has ended mutes nothing."""
    ann, ben = await people("ann", "ben")
    rooms = [await people.group(ann, ben) for _ in range(3)]
    for room in rooms:
        await people.say(ann, room, "1", "2")
    await engine.execute(ann, SendMessage(rooms[0].id, "@ben", mentions=(ben.id,)))
    assert await engine.execute(ben, GetBadge()) == Badge(unread=7, mentions=1, conversations=3)
    until = EPOCH.fromtimestamp(clock.now() / 1_000 + 60, EPOCH.tzinfo)
    await engine.execute(ben, PersonalizeConversation(rooms[0].id, muted_until=until))
    await engine.execute(ben, PersonalizeConversation(rooms[1].id, archived=True))
    await engine.execute(ben, MarkReceipt(rooms[2].id, read_seq=2))
    assert await engine.execute(ben, GetBadge()) == Badge(unread=0, mentions=0, conversations=0)
    await engine.execute(ben, PersonalizeConversation(rooms[2].id, marked_unread=True))
    assert (await engine.execute(ben, GetBadge())).conversations == 1
    assert (await engine.execute(ben, GetBadge(muted=True))).unread == 3
    assert (await engine.execute(ben, GetBadge(muted=True, archived=True))).unread == 5
    clock.advance(61)
    assert (await engine.execute(ben, GetBadge())).mentions == 1


@pytest.mark.anyio
async def test_the_badge_ends_where_counts_do(database: str) -> None:
    """At the limit it is exact, one past it is flagged."""
    async with ChatEngine(database, hasher=PlainHasher(), limits=LIMITS) as engine:
        people = People(engine)
        ann, ben = await people("ann", "ben")
        one, other = await people.group(ann, ben), await people.group(ann, ben)
        await people.say(ann, one, *"12")
        await people.say(ann, other, *"12")
        found = await engine.execute(ben, GetBadge())
        assert (found.unread, found.unread_more) == (4, False)
        await people.say(ann, one, "3")
        found = await engine.execute(ben, GetBadge())
        assert (found.unread, found.unread_more) == (4, True)


@pytest.mark.anyio
async def test_support_reads_why(engine: ChatEngine, people: People) -> None:
    """Each message with the rule that counted it or left it out; nobody but an operator asks."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    sent = await people.say(ann, group, *"12345")
    await people.say(ben, group, "6")
    trusted = evolve(ann, operator=True)
    await engine.execute(trusted, ImportMessage(group.id, "7", kind="system"))
    await engine.execute(ann, SendMessage(group.id, "@ben", mentions=(ben.id,)))
    await engine.execute(ben, ClearConversation(group.id, 1))
    await engine.execute(ben, MarkReceipt(group.id, read_seq=2))
    await engine.execute(ann, DeleteMessage(group.id, sent[2].id))
    await engine.execute(ben, DeleteMessage(group.id, sent[3].id, "me"))
    told = await engine.execute(OPERATOR, ExplainUnread(ben.id, group.id, 0))
    assert [(item.seq, item.reason, item.mention) for item in told.items] == [
        (1, "cleared", False),
        (2, "read", False),
        (3, "deleted", False),
        (4, "hidden", False),
        (5, "counted", False),
        (6, "own", False),
        (7, "system", False),
        (8, "counted", True),
    ]
    assert (told.unread, told.unread_mentions, told.after_seq, told.next) == (2, 1, 2, None)
    told = await engine.execute(OPERATOR, ExplainUnread(ben.id, group.id, limit=2))
    assert ([item.seq for item in told.items], told.next) == ([3, 4], 4)
    with pytest.raises(Forbidden):
        await engine.execute(ben, ExplainUnread(ben.id, group.id))
    for user, room in ((UserId("nobody"), group.id), (ben.id, ConversationId("nowhere"))):
        with pytest.raises(NotFound):
            await engine.execute(OPERATOR, ExplainUnread(user, room))


@pytest.mark.anyio
async def test_a_list_of_some_conversations(engine: ChatEngine, people: People) -> None:
    """Archived, pinned, labelled or unread ones, in pages, each by last activity."""
    ann, ben = await people("ann", "ben")
    rooms = [await people.group(ann, ben, title=str(number)) for number in range(4)]
    for room, own in (
        (rooms[0], {"archived": True, "labels": ("work",)}),
        (rooms[1], {"pinned": True, "labels": ("home", "work")}),
        (rooms[2], {"marked_unread": True}),
    ):
        await engine.execute(ben, PersonalizeConversation(room.id, **own))  # type: ignore[arg-type]
    await people.say(ann, rooms[3], "news")

    async def titles(**only: Any) -> str:
        found, cursor = "", None
        while True:
            asked = ListConversations(limit=1, cursor=cursor, **only)
            page = await engine.execute(ben, asked)
            found += "".join(one.title or "" for one in page.items)
            cursor = page.next
            if cursor is None:
                return found

    assert await titles() == "3210"
    assert await titles(archived=True) == "0"
    assert await titles(archived=False) == "321"
    assert await titles(pinned=True) == "1"
    assert await titles(pinned=False) == "320"
    assert await titles(label="work") == "10"
    assert await titles(label="home") == "1"
    assert await titles(label="wor") == ""
    assert await titles(unread=True) == "32"
    assert await titles(unread=False) == "10"
    assert await titles(unread=False, label="work", archived=False) == "1"


@pytest.mark.anyio
async def test_a_list_takes_as_many_statements_for_many(
    engine: ChatEngine, people: People, statements: list[str]
) -> None:
    """Counts, last messages and their statuses are asked for all conversations at once."""
    ann, ben, cem = await people("ann", "ben", "cem")

    async def asked() -> int:
        statements.clear()
        await engine.execute(ann, ListConversations())
        return len(statements)

    await people.say(ann, await people.group(ann, ben, cem), "mine")
    few = await asked()
    for _ in range(5):
        await people.say(ann, await people.group(ann, ben, cem), "mine")
        await people.say(ben, await people.group(ann, ben, cem), "yours")
    assert await asked() == few


@pytest.mark.anyio
async def test_a_page_reads_no_list_of_members(
    engine: ChatEngine, people: People, statements: list[str]
) -> None:
    """However large the group: how far all are is one number, unless somebody may hide theirs."""
    ann, ben, cem = await people("ann", "ben", "cem")
    group = await people.group(ann, ben, cem)
    await people.say(ann, group, "1", "2", "3")

    async def asked() -> tuple[list[str | None], bool]:
        statements.clear()
        page = await engine.execute(ann, ListMessages(group.id))
        every = any("receipt_rev >" in one for one in statements)
        return [one.status for one in page.items], every

    for reader in (ben, cem):
        await engine.execute(reader, MarkReceipt(group.id, read_seq=3))
    assert await asked() == (["read"] * 3, False)
    await people.say(ann, group, "4")
    assert await asked() == (["read"] * 3 + ["sent"], False)
    await engine.execute(cem, UpdateAccount(settings=NewUserSettings(receipts="nobody")))
    assert await asked() == (["sent"] * 4, True)


@pytest.mark.anyio
async def test_receipts_of_a_batch_are_counted_at_once(
    engine: ChatEngine, people: People, statements: list[str]
) -> None:
    """Many members who read at the same moment take as many statements as one."""
    ann, *others = await people("ann", "ben", "cem", "dot")
    group = await people.group(ann, *others)
    await people.say(ann, group, "1", "2", "3")

    async def asked(readers: list[Actor], seq: int) -> int:
        outcomes: list[Any] = []
        finished = anyio.Event()

        def done(outcome: object) -> None:
            outcomes.append(outcome)
            if len(outcomes) == len(readers):
                finished.set()

        statements.clear()
        mark = MarkReceipt(group.id, read_seq=seq)
        engine.submit([Request(one, mark, done) for one in readers])
        await finished.wait()
        assert {one.unread for one in outcomes} == {3 - seq}
        return len(statements)

    assert await asked(others[:1], 1) == await asked(others, 2)
