"""Searching: what a list would show, found by its words, whatever the index knows of it."""

import shutil
import sqlite3
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from attrs import define, field
from hypothesis import given, settings
from hypothesis import strategies as st

from chatcore.blocking import BlockingEngine
from chatcore.config import Limits, Settings
from chatcore.engine import ChatEngine
from chatcore.errors import ChatError, Invalid, NotFound
from chatcore.flows.search import Indexing
from chatcore.models import ANONYMOUS, Actor, Conversation, Message
from chatcore.operations import (
    AddMembers,
    CreateConversation,
    DeleteMessage,
    EditMessage,
    Leave,
    ListMessages,
    Register,
    SearchMessages,
    SendMessage,
)
from chatcore.rules.search import parse
from chatcore.services import search
from chatcore.storage.sql import SqlChatStore
from chatcore.storage.sql import search as storage
from chatcore.storage.sql.database import open_database
from chatcore.storage.sql.fts5 import expression, matching
from chatcore.testing.clock import FakeClock
from chatcore.testing.fakes import PlainHasher
from tests.people import PASSWORD, People


async def bodies(engine: ChatEngine, actor: Actor, q: str, **fields: Any) -> list[str | None]:
    """What is found, all pages one after the other."""
    found: list[str | None] = []
    cursor = None
    while True:
        page = await engine.execute(actor, SearchMessages(q, cursor=cursor, **fields))
        found += [one.body for one in page.items]
        if page.next is None:
            return found
        cursor = str(page.next)


async def index(engine: ChatEngine, most: int = 1_000) -> None:
    """Let the index take some of what waits."""
    await engine.chat_write(lambda work: search.index(work, most))


@pytest.fixture(params=["waiting", "indexed"])
def settle(request: pytest.FixtureRequest, engine: ChatEngine) -> Callable[[], Any]:
    """Both states that messages may be in: the answer must be the same."""

    async def done() -> None:
        if request.param == "indexed":
            await index(engine)

    return done


ANSWERS: dict[str, list[str]] = {
    "cafe": ["Le CAFÉ du coin", "cafe\u0301 noir"],
    "CAFÉ": ["Le CAFÉ du coin", "cafe\u0301 noir"],
    '"du coin"': ["Le CAFÉ du coin"],
    '"coin du"': [],
    "coin du": ["Le CAFÉ du coin"],
    "ca*": ["Le CAFÉ du coin", "cafe\u0301 noir"],
    "caf": [],
    "noir 😀": ["cafe\u0301 noir"],
    "😀": [],
    "会議": ["明日の会議は東京で"],
    "議は東": ["明日の会議は東京で"],
    "東会": [],
    "東京 会議": ["明日の会議は東京で"],
    "don't": ["don't, it said: NOT (a) b*"],
    "not": ["don't, it said: NOT (a) b*"],
    "NOT cafe": [],
    "cafe OR noir": [],
    "body:cafe": [],
    "place:c1": [],
    "c1": [],
    "said:not": ["don't, it said: NOT (a) b*"],
}


@pytest.mark.anyio
async def test_words(engine: ChatEngine, people: People, settle: Callable[[], Any]) -> None:
    """All words, in any order and case, with or without accents; phrases as they stand."""
    (ann,) = await people("ann")
    group = await people.group(ann)
    said = ["don't, it said: NOT (a) b*", "明日の会議は東京で", "cafe\u0301 noir"]
    await people.say(ann, group, *said, "Le CAFÉ du coin")
    await settle()
    for q, found in ANSWERS.items():
        assert await bodies(engine, ann, q) == found, q
        assert await bodies(engine, ann, q, conversation_id=group.id) == found, q


@pytest.mark.anyio
async def test_an_edit_and_a_deletion_count_at_once(
    engine: ChatEngine, people: People, settle: Callable[[], Any]
) -> None:
    """The old text isn't found any more, the new one is, before the index knows of either."""
    (ann,) = await people("ann")
    group = await people.group(ann)
    one, two = await people.say(ann, group, "apples", "apples too")
    await settle()
    await engine.execute(ann, EditMessage(group.id, one.id, "pears"))
    await engine.execute(ann, DeleteMessage(group.id, two.id))
    for _ in range(2):
        assert await bodies(engine, ann, "apples") == []
        assert await bodies(engine, ann, "pears") == ["pears"]
        await settle()
    await engine.execute(ann, EditMessage(group.id, one.id, "plums"))
    assert await bodies(engine, ann, "pears") == []
    assert await bodies(engine, ann, "plums") == ["plums"]


@pytest.mark.anyio
async def test_what_is_hidden_or_out_of_reach_isnt_found(
    engine: ChatEngine, people: People, settle: Callable[[], Any]
) -> None:
    """Neither what one hid, nor what was before one's joining, nor anything after leaving."""
    ann, ben, cem = await people("ann", "ben", "cem")
    group = await people.group(ann, ben)
    first, _ = await people.say(ann, group, "tea one", "tea two")
    await engine.execute(ann, AddMembers(group.id, (cem.id,)))
    await people.say(ben, group, "tea three")
    await settle()
    await engine.execute(ben, DeleteMessage(group.id, first.id, for_="me"))
    assert await bodies(engine, ann, "tea") == ["tea three", "tea two", "tea one"]
    assert await bodies(engine, ben, "tea") == ["tea three", "tea two"]
    assert await bodies(engine, cem, "tea") == ["tea three"]
    assert await bodies(engine, ann, "tea", sender_id=ben.id) == ["tea three"]
    assert await bodies(engine, ann, "tea", sender_id="nobody") == []
    await engine.execute(ben, Leave(group.id))
    assert await bodies(engine, ben, "tea") == []
    with pytest.raises(NotFound):
        await bodies(engine, ben, "tea", conversation_id=group.id)


@pytest.mark.anyio
async def test_what_has_expired_isnt_found(
    engine: ChatEngine, people: People, clock: FakeClock, database: str, settle: Callable[[], Any]
) -> None:
    """From the moment on, not from the next sweep on."""
    (ann,) = await people("ann")
    group = await people.group(ann)
    await people.say(ann, group, "soon gone")
    await settle()
    with sqlite3.connect(database.removeprefix("sqlite:///")) as connection:
        at = clock.now() + 1_000
        connection.execute("UPDATE chat_messages SET expires_at = ?", (at,))
    connection.close()
    assert await bodies(engine, ann, "gone") == ["soon gone"]
    clock.advance(1)
    assert await bodies(engine, ann, "gone") == []


@pytest.mark.anyio
async def test_a_row_number_that_is_given_again_is_indexed_again(
    engine: ChatEngine, people: People, database: str
) -> None:
    """Where the last messages are removed for good, the next ones take their places."""
    (ann,) = await people("ann")
    group = await people.group(ann)
    await people.say(ann, group, "one", "two", "three")
    await index(engine)
    with sqlite3.connect(database.removeprefix("sqlite:///")) as connection:
        for body in ("two", "three"):
            connection.execute("DELETE FROM chat_messages WHERE body = ?", (body,))
    connection.close()
    await people.say(ann, group, "four", "five")
    assert await bodies(engine, ann, "five") == ["five"]
    await index(engine)
    assert await bodies(engine, ann, "five") == ["five"]
    assert await bodies(engine, ann, "four") == ["four"]
    assert await bodies(engine, ann, "three") == []


@pytest.mark.anyio
async def test_pages_end_exactly(
    engine: ChatEngine, people: People, settle: Callable[[], Any]
) -> None:
    """Of any size, with messages that come in between left to whoever asks anew."""
    (ann,) = await people("ann")
    group = await people.group(ann)
    await people.say(ann, group, *(f"word {number}" for number in range(7)))
    await settle()
    for limit in (1, 3, 7, 8):
        assert await bodies(engine, ann, "word", limit=limit) == [
            f"word {number}" for number in reversed(range(7))
        ]
    page = await engine.execute(ann, SearchMessages("word", limit=2))
    await people.say(ann, group, "word 7")
    page = await engine.execute(ann, SearchMessages("word", limit=2, cursor=str(page.next)))
    assert [one.body for one in page.items] == ["word 4", "word 3"]
    assert page.users is not None
    assert [one.id for one in page.users] == [ann.id]


@pytest.mark.anyio
async def test_one_call_looks_at_a_bounded_number_of_messages(
    engine: ChatEngine,
    people: People,
    settle: Callable[[], Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A page may end early with a place to go on; all pages together hold everything."""
    ann, ben = await people("ann", "ben")
    mine, theirs = await people.group(ann), await people.group(ben)
    for number in range(4):
        await people.say(ben, theirs, *["word"] * 5)
        await people.say(ann, mine, f"word {number}")
    await settle()
    whole = [f"word {number}" for number in (3, 2, 1, 0)]
    assert await bodies(engine, ann, "word") == whole
    small = storage.SCAN
    try:
        storage.SCAN = 3  # type: ignore[misc]
        schema = engine.chat_store.schema  # type: ignore[attr-defined]
        engine.chat_store._prototypes.search = storage.SqlSearch(schema)  # type: ignore[attr-defined]
        monkeypatch.setattr(storage, "PLACES", 0)
        assert await bodies(engine, ann, "word") == whole
    finally:
        storage.SCAN = small  # type: ignore[misc]


@pytest.mark.anyio
@pytest.mark.parametrize("cursor", ["", "x", "WyJzIiwiNDIiXQ"])
async def test_a_cursor_of_another_list_is_refused(
    engine: ChatEngine, people: People, cursor: str
) -> None:
    """As everywhere."""
    (ann,) = await people("ann")
    with pytest.raises(Invalid):
        await engine.execute(ann, SearchMessages("word", cursor=cursor))


@pytest.mark.anyio
async def test_a_query_has_bounds(engine: ChatEngine, people: People) -> None:
    """At the limit it is answered, one past it refused: characters and words."""
    (ann,) = await people("ann")
    limits = Limits()
    words = [f"w{number}" for number in range(limits.search_words + 1)]
    assert await bodies(engine, ann, "x" * limits.search_chars) == []
    assert await bodies(engine, ann, " ".join(words[:-1])) == []
    for q in ("x" * (limits.search_chars + 1), " ".join(words), "", "\0"):
        with pytest.raises(Invalid) as refused:
            await bodies(engine, ann, q)
        assert refused.value.errors[0].path == "q"


@pytest.mark.anyio
async def test_the_index_catches_up(engine: ChatEngine, people: People) -> None:
    """In steps, once a second while messages keep coming; what is indexed needs no other look."""
    (ann,) = await people("ann")
    group = await people.group(ann)
    await people.say(ann, group, "one", "two")
    indexing = Indexing(engine)
    assert await indexing.step() == 1.0
    backlog = await engine.chat_read(lambda work: work.unit.search.backlog())
    assert not backlog.waiting
    assert await indexing.step() is None
    assert await bodies(engine, ann, "two") == ["two"]


# Against brute force.

WORDS = ("tea", "Teà", "teapot", "te", "cup", "茶", "茶会", "x-ray", "_", "😀", "tea,cup")
QUERIES = (
    "tea",
    '"tea cup"',
    "te*",
    "cup tea",
    "茶",
    "茶会",
    '"cup',
    "x-ray",
    "ray*",
    "会茶",
    "tea te",
)
STEPS = (
    "send",
    "send",
    "send",
    "edit",
    "delete",
    "hide",
    "leave",
    "add",
    "expire",
    "clear",
    "index",
)


def tokens(text: str) -> list[str]:
    """The words of a text, by a rule of the test's own."""
    plain = "".join(
        letter
        for letter in unicodedata.normalize("NFD", text).lower()
        if not unicodedata.combining(letter)
    )
    found, run = [], ""
    for letter in plain:
        if letter in "茶会":
            found += [run, letter]
            run = ""
        elif letter.isalnum():
            run += letter
        else:
            found.append(run)
            run = ""
    return [word for word in [*found, run] if word]


def holds(text: str, q: str) -> bool:
    """Whether a text answers a query."""
    held = tokens(text)
    if q.startswith('"') and q.endswith('"'):
        terms = [(tokens(q), False)]
    else:
        terms = [(tokens(part), part.endswith("*")) for part in q.split()]
    return all(
        any(_at(held[start:], words, prefix) for start in range(len(held)))
        for words, prefix in terms
        if words
    )


def _at(held: list[str], words: list[str], prefix: bool) -> bool:
    here = held[: len(words)]
    if prefix and len(here) == len(words):
        return here[:-1] == words[:-1] and here[-1].startswith(words[-1])
    return here == words


@define
class History:
    """Two groups of three people, and what they do."""

    engine: BlockingEngine
    store: SqlChatStore
    path: Path
    people: list[Actor]
    groups: list[Conversation]
    sent: list[Message] = field(factory=list)

    def do(self, step: str, who: int, which: int, body: str) -> None:
        """One step; what is refused changes nothing."""
        actor, group = self.people[who % 3], self.groups[which % 2]
        message = self.sent[which % len(self.sent)] if self.sent else None
        try:
            match step:
                case "send":
                    self.sent.append(self.engine.execute(actor, SendMessage(group.id, body)))
                case "leave":
                    self.engine.execute(actor, Leave(group.id))
                case "add":
                    self.engine.execute(self.people[0], AddMembers(group.id, (actor.id,)))
                case "index":
                    with self.store.write() as unit:
                        unit.search.index(who + 1)
                        unit.commit()
                case "clear":
                    self.sql(
                        "UPDATE chat_members SET floor_seq = floor_seq + 1 WHERE user_id = ?",
                        actor.id,
                    )
                case "expire":
                    self.sql("UPDATE chat_messages SET expires_at = 1 WHERE seq = ?", which)
                case _ if message is not None:
                    self.change(step, actor, message, body)
        except ChatError:
            pass

    def change(self, step: str, actor: Actor, message: Message, body: str) -> None:
        where, id = message.conversation_id, message.id
        if step == "edit":
            self.engine.execute(actor, EditMessage(where, id, body))
        else:
            for_: Any = "me" if step == "hide" else "everyone"
            self.engine.execute(actor, DeleteMessage(where, id, for_=for_))

    def sql(self, statement: str, *values: Any) -> None:
        with sqlite3.connect(self.path) as connection:
            connection.execute(statement, values)
        connection.close()

    def visible(self, actor: Actor) -> Iterator[Message]:
        """All that lists show to one."""
        for group in self.groups:
            try:
                yield from self.engine.execute(actor, ListMessages(group.id, limit=100)).items
            except NotFound:
                continue

    def expected(self, actor: Actor, q: str) -> list[str]:
        """By brute force: ids, newest first."""
        order = [one.id for one in self.sent]
        found = [one.id for one in self.visible(actor) if one.body and holds(one.body, q)]
        return sorted(found, key=order.index, reverse=True)

    def found(self, actor: Actor, q: str) -> list[str]:
        """By searching, in pages of two."""
        ids: list[str] = []
        cursor = None
        while True:
            page = self.engine.execute(actor, SearchMessages(q, limit=2, cursor=cursor))
            ids += [one.id for one in page.items]
            if page.next is None:
                return ids
            cursor = str(page.next)


@contextmanager
def history(template: Path) -> Iterator[History]:
    """A fresh one."""
    with TemporaryDirectory() as folder:
        path = Path(shutil.copy(template, folder))
        url, clock = f"sqlite:///{path}", FakeClock()
        opened = open_database(url, readers=1)
        with BlockingEngine(url, clock=clock, hasher=PlainHasher()) as engine:
            people = [
                engine.execute(ANONYMOUS, Register(name, PASSWORD)).actor
                for name in ("ann", "ben", "cem")
            ]
            others = tuple(one.id for one in people[1:])
            groups = [
                engine.execute(
                    people[0], CreateConversation(kind="group", title="g", member_ids=others)
                )
                for _ in range(2)
            ]
            yield History(engine, SqlChatStore(opened, Settings(), clock), path, people, groups)
        opened.close()


STEP = st.tuples(
    st.sampled_from(STEPS),
    st.integers(0, 5),
    st.integers(0, 20),
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join),
)


@settings(max_examples=10)
@given(
    steps=st.lists(STEP, min_size=6, max_size=25),
    queries=st.lists(st.sampled_from(QUERIES), min_size=2, max_size=3, unique=True),
)
def test_a_search_finds_what_brute_force_finds(
    template: Path, steps: list[Any], queries: list[str]
) -> None:
    """For every viewer and query, after any history and in any state of the index."""
    with history(template) as done:
        for step in steps:
            done.do(*step)
        for actor in done.people:
            for q in queries:
                assert done.found(actor, q) == done.expected(actor, q), q


@given(
    q=st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    sign=st.sampled_from(["", '"', "*", " OR ", "NEAR(", ")", "-", "^", ":"]),
)
def test_no_text_is_a_syntax_error(q: str, sign: str) -> None:
    """Whatever is typed is answered; what it says in the index's own language means nothing."""
    terms = parse(q + sign + q)
    if terms:
        assert matching('[[1,"tea"]]', expression(terms, (1, 2)).partition(" AND ")[2]) == []
