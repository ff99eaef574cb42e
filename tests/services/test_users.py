"""Profiles, and the directory of people."""

from typing import Any

import pytest

from chatcore.config import Limits, Settings
from chatcore.engine import ChatEngine
from chatcore.errors import Forbidden, Invalid, NotFound, Unauthenticated
from chatcore.events import MeUpdated, UserChanged
from chatcore.ids import SessionId, UserId
from chatcore.models import Actor, Page, User
from chatcore.operations import (
    GetMe,
    GetUser,
    ListUsers,
    Operation,
    Resume,
    SearchUsers,
    UpdateMe,
)
from chatcore.services.work import AccountsWork
from chatcore.testing.fakes import PlainHasher
from tests.people import People, RecordingBroker

pytestmark = pytest.mark.anyio


async def found(engine: ChatEngine, actor: Actor, q: str, **more: Any) -> list[str | None]:
    """The usernames that a search gives."""
    page = await engine.execute(actor, SearchUsers(q, **more))
    return [user.username for user in page.items]


async def test_a_card_shows_what_all_may_see(engine: ChatEngine, people: People) -> None:
    """Everyone's card is there for everyone signed in; unknown users aren't."""
    ann, ben = await people("ann", "ben")
    await engine.execute(ben, UpdateMe(bio="hello", custom={"team": "red"}))
    card = await engine.execute(ann, GetUser(ben.id))
    assert (card.username, card.bio, card.custom, card.kind) == (
        "ben",
        "hello",
        {"team": "red"},
        "person",
    )
    with pytest.raises(NotFound):
        await engine.execute(ann, GetUser(UserId("nobody")))


async def test_a_profile_changes_field_by_field(engine: ChatEngine, people: People) -> None:
    """What isn't given stays, null clears, and each change is a version."""
    (ann,) = await people("ann")
    first = await engine.execute(ann, GetMe())
    changed = await engine.execute(ann, UpdateMe(display_name="Ann B.", bio="hi", avatar_url="/a"))
    assert changed.version == first.version + 1
    changed = await engine.execute(ann, UpdateMe(bio=None))
    assert (changed.display_name, changed.bio, changed.avatar_url) == ("Ann B.", None, "/a")
    assert changed.version == first.version + 2
    assert await engine.execute(ann, GetMe()) == changed


async def test_a_changed_profile_is_announced(
    engine: ChatEngine, people: People, broker: RecordingBroker
) -> None:
    """Oneself hears of it durably, who watches as it is; no change says nothing."""
    (ann,) = await people("ann")
    broker.take()
    await engine.execute(ann, UpdateMe(bio="hi"))
    mine, card = broker.take()
    assert isinstance(mine.event, MeUpdated)
    assert (mine.stream, mine.prev, mine.rev) == (f"me:{ann.id}", 0, 1)
    assert isinstance(card.event, UserChanged)
    assert (card.event.user.bio, card.stream, card.rev) == ("hi", None, None)
    await engine.execute(ann, UpdateMe(bio="hi"))
    await engine.execute(ann, UpdateMe())
    assert broker.take() == []
    assert (await engine.execute(ann, GetMe())).version == 2


async def test_an_actor_without_an_account_is_nobody(engine: ChatEngine) -> None:
    """Whose user is gone has to sign in."""
    ghost = Actor(UserId("ghost"), SessionId("s"))
    operations: tuple[Operation[Any], ...] = (GetMe(), Resume(), UpdateMe(bio="boo"))
    for operation in operations:
        with pytest.raises(Unauthenticated):
            await engine.execute(ghost, operation)


async def test_searching_by_the_beginning_of_a_name(engine: ChatEngine, people: People) -> None:
    """Usernames and display names, however they are written."""
    ann, _, _ = await people("ann", "anton", "ben")
    await people.register("zoe", "Ｚoë  Straße")
    assert await found(engine, ann, "AN") == ["ann", "anton"]
    assert await found(engine, ann, "ben") == ["ben"]
    for q in ("zoë", "ＺOË", "Zoe\u0308", "zoë  stras", "ZOË STRASSE"):
        assert await found(engine, ann, q) == ["zoe"], q
    assert await found(engine, ann, "nn") == []
    assert await found(engine, ann, " ") == []


async def test_a_search_reads_an_index(engine: ChatEngine, people: People) -> None:
    """Only those whose names begin so are looked at, even where nobody's does; their pages join."""
    ann, *_ = await people(*(f"anna{number}" for number in range(4)), "ben")
    await engine.execute(ann, UpdateMe(display_name="Benita"))

    def plans(work: AccountsWork) -> list[str]:
        users: Any = work.unit.users
        run = users._session.connection
        keys = users._table.c.username_key, users._table.c.display_key
        chosen = [users._beginning(key, "xy", "", 10) for key in keys]
        texts = [one.compile(run, compile_kwargs={"literal_binds": True}) for one in chosen]
        rows = [run.exec_driver_sql(f"EXPLAIN QUERY PLAN {one}").first() for one in texts]
        return [row[-1] for row in rows]

    one, other = await engine.accounts_read(plans)
    assert one.endswith("(username_key>? AND username_key<?)")
    assert other.endswith("(display_key>? AND display_key<?)")
    assert await found(engine, ann, "xy") == []
    assert await found(engine, ann, "ben") == ["anna0", "ben"]
    assert await found(engine, ann, "ann", limit=3) == ["anna0", "anna1", "anna2"]


async def test_a_search_has_no_wildcards(engine: ChatEngine, people: People) -> None:
    """What matches anything in a database stands for itself here."""
    ann, _ = await people("ann", "a_b")
    await people.register("percent", "100% sure")
    assert await found(engine, ann, "%") == []
    assert await found(engine, ann, "a_") == ["a_b"]
    assert await found(engine, ann, "100%") == ["percent"]
    assert await found(engine, ann, "a\\") == []


@pytest.mark.parametrize("size", [1, 2, 3, 7])
async def test_pages_make_the_whole_list(engine: ChatEngine, people: People, size: int) -> None:
    """Everybody once, by name, for any size of page."""
    ann, *_ = await people("ann", "cid", "ben", "dan", "eva", "fay")
    names: list[str | None] = []
    page: Page[User] = Page(items=(), next=None)
    while True:
        cursor = None if page.next is None else str(page.next)
        page = await engine.execute(ann, ListUsers(cursor=cursor, limit=size))
        assert len(page.items) <= size
        names += [user.username for user in page.items]
        if page.next is None:
            break
    assert names == ["ann", "ben", "cid", "dan", "eva", "fay"]


async def test_a_page_of_large_cards_ends_early(database: str) -> None:
    """An answer stays within its bytes: what doesn't fit is on the next page."""
    limits = Limits(answer_bytes=64 * 1024 + 3_000)
    async with ChatEngine(database, hasher=PlainHasher(), limits=limits) as engine:
        people = People(engine)
        who = await people("ann", "ben", "cid", "dan")
        for actor in who:
            await engine.execute(actor, UpdateMe(bio="x" * 500, custom={"x": "y" * 500}))
        first = await engine.execute(who[0], ListUsers())
        assert [user.username for user in first.items] == ["ann", "ben"]
        rest = await engine.execute(who[0], ListUsers(cursor=str(first.next)))
        assert [user.username for user in rest.items] == ["cid", "dan"]
        assert rest.next is None


async def test_a_cursor_belongs_to_its_list(engine: ChatEngine, people: People) -> None:
    """The cursor of the list is none of a search, and neither takes what isn't one."""
    ann, *_ = await people("ann", "anton", "antonia")
    listed = str((await engine.execute(ann, ListUsers(limit=1))).next)
    assert await found(engine, ann, "ant", limit=1) == ["anton"]
    for cursor in (listed, "x", "AAAA", "é", listed[:-3]):
        with pytest.raises(Invalid) as caught:
            await engine.execute(ann, SearchUsers("ant", cursor=cursor))
        assert [problem.path for problem in caught.value.errors] == ["cursor"]


async def test_a_host_may_keep_the_list_to_itself(database: str) -> None:
    """Without the list, people are still found by name and by id."""
    settings = Settings(list_users=False)
    async with ChatEngine(database, hasher=PlainHasher(), settings=settings) as engine:
        (ann,) = await People(engine)("ann")
        with pytest.raises(Forbidden):
            await engine.execute(ann, ListUsers())
        assert await found(engine, ann, "ann") == ["ann"]
        assert (await engine.execute(ann, GetUser(ann.id))).username == "ann"
