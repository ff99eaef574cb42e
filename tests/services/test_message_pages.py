"""Pages of messages: by position, in either direction, within bounds."""

from datetime import timedelta
from typing import Any

import pytest

from chatcore import codec
from chatcore.config import Limits
from chatcore.engine import ChatEngine
from chatcore.errors import Invalid
from chatcore.ids import to_ms
from chatcore.models import Actor, Conversation, Message, Page
from chatcore.operations import (
    AddMembers,
    AddReaction,
    DeleteMessage,
    GetConversation,
    ListMessages,
    UpdateMe,
)
from chatcore.ports.messages import Window
from chatcore.services.work import ChatWork
from chatcore.testing.clock import FakeClock
from chatcore.testing.fakes import PlainHasher
from tests.people import People

pytestmark = pytest.mark.anyio
LAST = 10


class Room:
    """A group with ten messages, a minute apart."""

    def __init__(self, engine: ChatEngine, people: People, clock: FakeClock) -> None:
        self.engine, self.people, self._clock = engine, people, clock
        self.sent: list[Message] = []
        self.ann: Actor
        self.ben: Actor
        self.group: Conversation

    async def fill(self) -> None:
        self.ann, self.ben = await self.people("ann", "ben")
        self.group = await self.people.group(self.ann, self.ben)
        for number in range(1, LAST + 1):
            self._clock.advance(60)
            self.sent += await self.people.say(self.ann, self.group, str(number))

    async def page(self, actor: Actor | None = None, **where: Any) -> Page[Message]:
        """A page."""
        return await self.engine.execute(actor or self.ann, ListMessages(self.group.id, **where))

    async def seqs(self, actor: Actor | None = None, **where: Any) -> tuple[list[int], Any]:
        """The seqs of a page, and its next."""
        found = await self.page(actor, **where)
        return [one.seq for one in found.items], found.next


@pytest.fixture
async def room(engine: ChatEngine, people: People, clock: FakeClock) -> Room:
    """Where the pages are of."""
    made = Room(engine, people, clock)
    await made.fill()
    return made


@pytest.mark.parametrize(
    ("where", "seqs", "next"),
    [
        ({}, range(1, 11), None),
        ({"limit": 3}, [8, 9, 10], 8),
        ({"limit": 10}, range(1, 11), None),
        ({"before": 4}, [1, 2, 3], None),
        ({"before": 4, "limit": 2}, [2, 3], 2),
        ({"before": 4, "limit": 3}, [1, 2, 3], None),
        ({"before": 1}, [], None),
        ({"before": 0}, [], None),
        ({"before": 2**53 - 1, "limit": 1}, [10], 10),
        ({"after": 7}, [8, 9, 10], None),
        ({"after": 0, "limit": 2}, [1, 2], 2),
        ({"after": 8, "limit": 2}, [9, 10], None),
        ({"after": 10}, [], None),
        ({"after": 2**53 - 1}, [], None),
        ({"around": 5, "limit": 4}, [3, 4, 5, 6], 3),
        ({"around": 5, "limit": 5}, [3, 4, 5, 6, 7], 3),
        ({"around": 5, "limit": 1}, [5], 5),
        ({"around": 1, "limit": 4}, [1, 2], None),
        ({"around": 2, "limit": 3}, [1, 2, 3], None),
        ({"around": 10, "limit": 4}, [7, 8, 9, 10], 7),
        ({"around": 99, "limit": 3}, [8, 9, 10], 8),
        ({"around": 0, "limit": 4}, [1, 2], None),
    ],
)
async def test_pages_by_seq(room: Room, where: dict[str, int], seqs: Any, next: int | None) -> None:
    """``before`` and ``after`` exclude their seq; always by rising seq; ``next`` goes on."""
    assert await room.seqs(**where) == (list(seqs), next)


@pytest.mark.parametrize(
    ("minutes", "seqs"), [(0, [1, 2]), (3, [1, 2, 3, 4]), (2.5, [1, 2, 3, 4]), (60, [7, 8, 9, 10])]
)
async def test_pages_by_time(room: Room, minutes: float, seqs: list[int]) -> None:
    """Around the first message at or after a moment; past the last, the newest."""
    moment = room.sent[0].created_at + timedelta(minutes=minutes - 1)
    assert (await room.seqs(at=moment, limit=4))[0] == seqs


@pytest.mark.parametrize("size", [1, 2, 3, 7, 10, 11])
@pytest.mark.parametrize("direction", ["before", "after"])
async def test_pages_make_the_whole_list(room: Room, size: int, direction: str) -> None:
    """Each message once, while others are appended."""
    found: list[int] = []
    where = {} if direction == "before" else {"after": 0}
    for step in range(40):
        seqs, next = await room.seqs(limit=size, **where)
        found = seqs + found if direction == "before" else found + seqs
        if next is None:
            break
        if step == 0:
            await room.people.say(room.ann, room.group, "meanwhile")
        where = {direction: next}
    late = step >= 1 and direction == "after"
    assert found == list(range(1, LAST + 1 + late))


async def test_one_position_a_page(room: Room) -> None:
    """Two are refused."""
    with pytest.raises(Invalid):
        await room.page(before=5, after=1)
    with pytest.raises(Invalid):
        await room.page(around=5, at=room.sent[0].created_at)


async def test_pages_leave_out_what_is_hidden_and_below_the_floor(room: Room) -> None:
    """A page is full of what its reader sees."""
    await room.engine.execute(room.ben, DeleteMessage(room.group.id, room.sent[8].id, for_="me"))
    assert await room.seqs(room.ben, limit=3) == ([7, 8, 10], 7)
    assert await room.seqs(room.ben, around=9, limit=2) == ([8, 10], 8)
    (cid,) = await room.people("cid")
    await room.engine.execute(room.ann, AddMembers(room.group.id, (cid.id,)))
    await room.people.say(room.ann, room.group, "welcome")
    for where in ({}, {"before": 99}, {"after": 0}, {"around": 1}):
        assert await room.seqs(cid, **where) == ([11], None)
    assert await room.seqs(cid, at=room.sent[0].created_at) == ([11], None)


async def test_a_page_names_people_and_a_cursor(room: Room) -> None:
    """The cards of senders and reactors, one's own reactions, and where to pull from."""
    await room.engine.execute(room.ben, AddReaction(room.group.id, room.sent[-1].id, "+"))
    page = await room.page(room.ben, limit=1)
    assert {user.username for user in page.users or ()} == {"ann", "ben"}
    assert page.items[0].mine == ("+",)
    got = await room.engine.execute(room.ben, GetConversation(room.group.id))
    assert page.cursor == got.cursor


async def test_a_moment_is_found_by_a_few_rows(
    engine: ChatEngine, people: People, clock: FakeClock
) -> None:
    """The first visible message of that time or later, though many have the same time."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    start = clock.now()
    for number in range(40):
        await people.say(ann, group, *"abcdefgh"[: number % 9])
        clock.advance(1)
    sent = (await engine.execute(ben, ListMessages(group.id, limit=1))).items[0].seq
    rows = (await engine.execute(ben, ListMessages(group.id, after=0, limit=100))).items
    await engine.execute(ben, DeleteMessage(group.id, rows[9].id, "me"))
    left = [one for one in rows if one.id != rows[9].id]

    def find(work: ChatWork, moment: int, steps: list[int]) -> int | None:
        window = Window(conversation_n=1, viewer=ben.id, floor_seq=0, now=work.now)
        messages: Any = work.unit.messages
        driver = messages._session.connection.connection.dbapi_connection
        driver.set_progress_handler(lambda: steps.append(1), 10)
        try:
            return work.unit.messages.first_at(window, moment)
        finally:
            driver.set_progress_handler(None, 0)

    for second in range(-1, 42):
        moment = start + second * 1_000
        steps: list[int] = []
        found = await engine.chat_read(lambda work: find(work, moment, steps))  # noqa: B023
        assert len(steps) * 10 < 800
        expected = [one.seq for one in left if to_ms(one.created_at) >= moment]
        if expected:
            assert found == expected[0]
        elif second > 39:
            assert found is None
        else:
            assert found is not None
            assert 100 < found <= sent


async def test_a_large_page_ends_early(database: str) -> None:
    """An answer stays within its bytes: it begins where the reader looks, and says where to go on.

    Each message here has 4,000 bytes, and an answer has room for three.
    """
    limits = Limits(answer_bytes=64 * 1024 + 14_000)
    async with ChatEngine(
        database, hasher=PlainHasher(), limits=limits, clock=FakeClock()
    ) as engine:
        people = People(engine)
        (ann,) = await people("ann")
        group = await people.group(ann)
        await people.say(ann, group, *["x" * 4_000] * 9)

        async def seqs(**where: Any) -> tuple[list[int], Any]:
            page = await engine.execute(ann, ListMessages(group.id, **where))
            assert len(codec.encode(page)) <= limits.answer_bytes
            return [one.seq for one in page.items], page.next

        assert await seqs() == ([7, 8, 9], 7)
        assert await seqs(before=7) == ([4, 5, 6], 4)
        assert await seqs(after=0) == ([1, 2, 3], 3)
        assert await seqs(after=6) == ([7, 8, 9], None)
        assert await seqs(around=8, limit=8) == ([7, 8, 9], 7)
        assert await seqs(around=5, limit=8) == ([5, 6, 7], 5)
        assert await seqs(around=5, limit=2) == ([4, 5], 4)


async def test_one_message_is_a_page_however_large(database: str) -> None:
    """A page is never empty for lack of room."""
    async with ChatEngine(
        database, hasher=PlainHasher(), limits=Limits(answer_bytes=100)
    ) as engine:
        people = People(engine)
        (ann,) = await people("ann")
        group = await people.group(ann)
        await people.say(ann, group, "one", "two")
        page = await engine.execute(ann, ListMessages(group.id))
        assert ([one.body for one in page.items], page.next) == (["two"], 2)


async def test_cards_have_bounds_of_their_own(engine: ChatEngine, people: People) -> None:
    """However much people say of themselves, an answer stays within its bytes."""
    who = await people(*(f"user{number:02}" for number in range(20)))
    group = await people.group(*who)
    for actor in who:
        await engine.execute(actor, UpdateMe(bio="x" * 500, custom={"x": "y" * 4_000}))
        await people.say(actor, group, "hello")
    page = await engine.execute(who[0], ListMessages(group.id))
    assert len(page.items) == len(who)
    assert 1 < len(page.users or ()) < len(who)
    assert len(codec.encode(page)) <= engine.limits.answer_bytes - 64 * 1024
