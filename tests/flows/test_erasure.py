"""The end of an account: who may, what goes, what stays, and what a crash in between leaves."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from anyio import wait_all_tasks_blocked

from chatcore.config import Limits, Settings
from chatcore.delivery.connection import Connection
from chatcore.delivery.outbox import Outbox
from chatcore.engine import ChatEngine
from chatcore.errors import ChatError, Conflict, Forbidden, Unauthenticated, Unavailable
from chatcore.flows import erasure as flow
from chatcore.ids import ConnectionId
from chatcore.models import ANONYMOUS, Actor, ErasureDepth
from chatcore.operations import (
    AddBlock,
    AddReaction,
    CreateConversation,
    CreateReport,
    DeleteAccount,
    DeleteMessage,
    EditMessage,
    GetConversation,
    GetMe,
    GetUser,
    ListAudit,
    ListConversations,
    ListMembers,
    ListMessages,
    ListReports,
    ListUsers,
    Login,
    PersonalizeConversation,
    Register,
    RequestContact,
    ResolveReport,
    RespondContact,
    SendMessage,
    SetPresence,
    UpdateMe,
)
from chatcore.testing.clock import FakeClock
from chatcore.testing.fakes import PlainHasher
from tests.people import PASSWORD, People, RecordingBroker, dump

pytestmark = pytest.mark.anyio

OPERATOR = Actor(None, operator=True)
SECRET = "xyzzyplugh"


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    """A file's bytes."""
    for part in parts:
        yield part


@pytest.fixture
async def filing(
    database: str, clock: FakeClock, broker: RecordingBroker, tmp_path: Path
) -> AsyncIterator[ChatEngine]:
    """An engine that keeps files, too."""
    async with ChatEngine(
        database, clock=clock, broker=broker, hasher=PlainHasher(), files=tmp_path / "files"
    ) as opened:
        yield opened


async def erase(engine: ChatEngine, user: Actor, depth: ErasureDepth = "erase") -> dict[str, int]:
    """An operator's doing; what was touched."""
    done = await engine.execute(OPERATOR, DeleteAccount(user_id=user.id, depth=depth))
    assert done.finished_at is not None
    return done.touched


# Who may.


async def test_ones_own_account_in_a_fresh_session_or_with_the_password(
    engine: ChatEngine, people: People, clock: FakeClock
) -> None:
    """A session left open somewhere isn't enough; one that the host vouches for is."""
    ann, ben, cem, dan = await people("ann", "ben", "cem", "dan")
    clock.advance(Limits().session_fresh_s)
    assert (await engine.execute(dan, DeleteAccount())).user_id == dan.id
    clock.advance(0.001)
    for refused in (DeleteAccount(), DeleteAccount(password="wrong horse")):
        with pytest.raises(Forbidden):
            await engine.execute(ann, refused)
    assert (await engine.execute(ann, GetMe())).username == "ann"
    assert (await engine.execute(ann, DeleteAccount(password=PASSWORD))).user_id == ann.id
    assert (await engine.execute(Actor(ben.id), DeleteAccount())).user_id == ben.id
    with pytest.raises(Forbidden):
        await engine.execute(cem, DeleteAccount(user_id=ben.id))


async def test_operators_end_any_account_that_there_is(engine: ChatEngine, people: People) -> None:
    """And the log says that they did."""
    (ann,) = await people("ann")
    await erase(engine, ann)
    with pytest.raises(ChatError) as caught:
        await engine.execute(OPERATOR, DeleteAccount(user_id="nobody"))  # type: ignore[arg-type]
    assert caught.value.code == "not_found"
    (entry,) = (await engine.execute(OPERATOR, ListAudit())).items
    assert (entry.method, entry.user_id, entry.operator) == ("accounts.delete", ann.id, True)
    assert entry.details == {"depth": "erase"}


# What goes and what stays.


@pytest.mark.parametrize("depth", ["deactivate", "anonymise", "erase"])
async def test_it_ends_everything_for_its_user(
    engine: ChatEngine, people: People, broker: RecordingBroker, depth: ErasureDepth
) -> None:
    """Sessions, signing in, and whatever an actor that was authenticated before may ask."""
    session = (await engine.execute(ANONYMOUS, Register("ann", PASSWORD))).session
    assert session.token is not None
    ann = await engine.authenticate(session.token)
    (ben,) = await people("ben")
    group = await people.group(ben, ann)
    broker.take()
    await erase(engine, ann, depth)
    assert "account.closed" in broker.take_names()
    for ask in (ListConversations(), SendMessage(group.id, "hm"), GetMe()):
        with pytest.raises(Unauthenticated):
            await engine.execute(ann, ask)  # type: ignore[arg-type]
    with pytest.raises(Unauthenticated):
        await engine.authenticate(session.token)
    with pytest.raises(Unauthenticated):
        await engine.execute(ANONYMOUS, Login("ann", PASSWORD))
    assert [one.username for one in (await engine.execute(ben, ListUsers())).items] == ["ben"]


async def test_its_connections_are_closed(
    engine: ChatEngine, people: People, clock: FakeClock
) -> None:
    """Whatever session they belong to; and nothing is noted of their last presence."""
    ann, ben = await people("ann", "ben")
    made = [
        Connection(ConnectionId(str(number)), ann.id, None, Outbox(engine.limits, lines=True))
        for number in range(2)
    ]
    other = Connection(ConnectionId("other"), ben.id, None, Outbox(engine.limits, lines=True))
    for one in (*made, other):
        await engine.connect(one)
    await erase(engine, ann)
    assert [one.outbox.closing and one.outbox.closing.code for one in made] == [4401, 4401]
    assert other.outbox.closing is None
    for one in made:
        await engine.disconnect(one)
    clock.advance(60)
    await wait_all_tasks_blocked()
    assert await engine.chat_read(lambda work: work.unit.presence.get([ann.id])) == {}
    with pytest.raises(Unauthenticated):
        await engine.connect(made[0])


async def test_a_deactivated_account_keeps_what_it_had(engine: ChatEngine, people: People) -> None:
    """Its card, its messages, its memberships and its name; but no group is left to it alone."""
    ann, ben, cem = await people("ann", "ben", "cem")
    group = await people.group(ann, ben, cem)
    await people.say(ann, group, "hello")
    assert await erase(engine, ann, "deactivate") == {"ownerships": 1, "sessions": 1}
    page = await engine.execute(ben, ListMessages(group.id))
    assert [one.body for one in page.items] == ["hello"]
    assert [user.username for user in page.users or ()] == ["ann"]
    members = (await engine.execute(ben, ListMembers(group.id))).items
    assert sorted(one.role for one in members) == ["member", "owner", "owner"]
    with pytest.raises(Conflict):
        await engine.execute(ANONYMOUS, Register("ann", PASSWORD))


async def test_an_anonymised_accounts_messages_stay(engine: ChatEngine, people: People) -> None:
    """Under a name that says so. Notes to oneself go, and the username is free again."""
    ann, ben = await people("ann", "ben")
    group, talk = await people.group(ann, ben), await people.direct(ann, ben)
    notes = await engine.execute(ann, CreateConversation(kind="self"))
    await engine.execute(ann, UpdateMe(bio=SECRET, display_name=SECRET))
    await people.say(ann, notes, SECRET)
    await people.say(ann, group, "hello")
    await people.say(ann, talk, "hi")
    touched = await erase(engine, ann, "anonymise")
    assert touched == {"memberships": 3, "messages": 1, "profiles": 1, "sessions": 1}
    for where, body in ((group, "hello"), (talk, "hi")):
        page = await engine.execute(ben, ListMessages(where.id))
        assert [one.body for one in page.items if one.kind == "text"] == [body]
        assert [(user.display_name, user.deleted) for user in page.users or ()] == [
            (Settings().deleted_name, True)
        ]
    card = await engine.execute(ben, GetUser(ann.id))
    assert (card.username, card.bio, card.deleted) == (None, None, True)
    again = await engine.execute(ANONYMOUS, Register("ann", PASSWORD))
    assert again.user.id != ann.id


async def fill(engine: ChatEngine, people: People, user: Actor, others: list[Actor]) -> list[Any]:
    """Put the secret wherever a user may put anything; the conversations."""
    ben = others[0]
    group, talk = await people.group(user, *others), await people.direct(user, ben)
    over, notes = (
        await people.group(ben, user),
        await engine.execute(user, CreateConversation(kind="self", key=SECRET)),
    )
    for where in (group, talk, over, notes):
        said = await engine.execute(user, SendMessage(where.id, SECRET, key=SECRET))
        await engine.execute(user, EditMessage(where.id, said.id, f"{SECRET} again"))
        gone = await engine.execute(user, SendMessage(where.id, SECRET, custom={"a": SECRET}))
        await engine.execute(user, DeleteMessage(where.id, gone.id, reason=SECRET))
        personal = PersonalizeConversation(where.id, draft=SECRET, labels=(SECRET,))
        await engine.execute(user, personal)
    for where in (group, talk):
        (said,) = await people.say(ben, where, "hm")
        await engine.execute(user, AddReaction(where.id, said.id, "👍"))
        await engine.execute(user, DeleteMessage(where.id, said.id, "me"))
    await engine.execute(user, UpdateMe(display_name=SECRET, bio=SECRET, custom={"a": SECRET}))
    await engine.execute(user, SetPresence("away", SECRET))
    await engine.execute(user, AddBlock(others[1].id))
    await engine.execute(user, RequestContact(ben.id))
    await engine.execute(ben, RespondContact(user.id, accept=True))
    report = CreateReport(user_id=ben.id, reason="spam", note=SECRET)
    made = await engine.execute(user, report)
    await engine.execute(OPERATOR, ResolveReport(made.id, "dismissed"))
    about = await engine.execute(ben, CreateReport(user_id=user.id, reason="spam"))
    await engine.execute(OPERATOR, ResolveReport(about.id, "dismissed"))
    return [group, talk, over, notes]


async def test_nothing_that_an_erased_user_wrote_is_left(
    filing: ChatEngine, database: str, clock: FakeClock, tmp_path: Path
) -> None:
    """In no table and in no file; their bare id remains where others' data need one."""
    people = People(filing)
    ann, ben, cem = await people("ann", "ben", "cem")
    group, talk, *_ = await fill(filing, people, ann, [ben, cem])
    file = await filing.upload(ann, name=f"{SECRET}.txt", chunks=chunks(SECRET.encode()))
    await filing.execute(ann, SendMessage(group.id, "see", upload_ids=(file.upload_id,)))
    await filing.upload(ann, name="loose.txt", chunks=chunks(SECRET.encode()))
    assert SECRET in str(dump(database))
    touched = await erase(filing, ann)
    assert touched == {
        "blocks": 1,
        "contacts": 1,
        "hidden": 2,
        "memberships": 4,
        "messages": 5,
        "presence": 1,
        "profiles": 1,
        "reactions": 2,
        "sessions": 1,
        "uploads": 2,
    }
    clock.advance(60)
    left = dump(database)
    assert [name for name, rows in left.items() if SECRET in str(rows)] == []
    assert "ann" not in {name for row in left["chat_users"] for name in row}
    assert [path for path in (tmp_path / "files").rglob("*") if path.is_file()] == []
    for where in (group, talk):
        page = await filing.execute(ben, ListMessages(where.id))
        assert {one.body for one in page.items if one.kind == "text"} == {None, "hm"}
        assert all(one.reactions == () for one in page.items)
        assert (await filing.execute(ben, GetConversation(where.id))).member_count in (1, 2)


async def test_open_reports_wait_for_an_operator(engine: ChatEngine, people: People) -> None:
    """Who then sees what they need, once."""
    ann, ben, cem = await people("ann", "ben", "cem")
    group = await people.group(ann, ben, cem)
    (said,) = await people.say(ann, group, SECRET)
    about = await engine.execute(ben, CreateReport(message_id=said.id, reason="hate"))
    by = await engine.execute(ann, CreateReport(user_id=cem.id, reason="spam", note=SECRET))
    await erase(engine, ann)
    waiting = (await engine.execute(OPERATOR, ListReports(state="open"))).items
    assert [one.snapshot is not None for one in waiting] == [True, True]
    assert {one.note for one in waiting} == {None, SECRET}
    for one in (about, by):
        await engine.execute(OPERATOR, ResolveReport(one.id, "dismissed"))
    assert SECRET not in str((await engine.execute(OPERATOR, ListReports())).items)


async def test_groups_are_never_ownerless(engine: ChatEngine, people: People) -> None:
    """The longest-standing who can still sign in takes over; an empty group ends."""
    ann, ben, cem = await people("ann", "ben", "cem")
    group, alone = await people.group(ann, ben, cem), await people.group(ann)
    await erase(engine, ben, "deactivate")
    await erase(engine, ann)
    members = (await engine.execute(cem, ListMembers(group.id))).items
    assert {one.user_id: one.role for one in members} == {ben.id: "member", cem.id: "owner"}
    with pytest.raises(ChatError):
        await engine.execute(cem, GetConversation(alone.id))


async def test_a_forwarded_file_stays_with_whoever_holds_it(
    filing: ChatEngine, tmp_path: Path
) -> None:
    """A message of another's that holds a file is theirs."""
    people = People(filing)
    ann, ben = await people("ann", "ben")
    talk = await people.direct(ann, ben)
    file = await filing.upload(ann, name="a.txt", chunks=chunks(b"a"))
    (said,) = await people.say(ben, talk, "forwarded")

    def hold(work: Any) -> None:
        (n,) = {one.n for one in work.unit.conversations.get([talk.id]).values()}
        work.unit.uploads.attach(n, said.seq, [file.upload_id])

    await filing.chat_write(hold)
    assert "uploads" not in await erase(filing, ann)
    assert (await filing.download(ben, file.upload_id)).size == 1


async def test_a_long_history_goes_in_small_steps(
    engine: ChatEngine, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows and steps join without a gap."""
    monkeypatch.setattr(flow, "_WINDOW", 7)
    monkeypatch.setattr(flow, "STEP", 3)
    ann, ben = await people("ann", "ben")
    talk = await people.direct(ann, ben)
    for number in range(25):
        await people.say(ann if number % 3 else ben, talk, str(number))
    assert (await erase(engine, ann))["messages"] == 16
    left = (await engine.execute(ben, ListMessages(talk.id))).items
    assert [one.body for one in left if one.body] == [str(one) for one in range(0, 25, 3)]


# What a crash leaves.


@pytest.fixture
def failing(engine: ChatEngine, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Makes the accounts store fail once, at its next writing."""

    def fail() -> None:
        store = engine.accounts_store
        write = store.write

        def once() -> AbstractContextManager[Any]:
            monkeypatch.setattr(store, "write", write)
            raise Unavailable

        monkeypatch.setattr(store, "write", once)

    return fail


async def test_a_failing_second_store(
    engine: ChatEngine, people: People, failing: Callable[[], None]
) -> None:
    """The user is refused from the first step on; asked again, the rest is done."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    await people.say(ann, group, "hello")
    failing()
    with pytest.raises(Unavailable):
        await engine.execute(ann, DeleteAccount(depth="erase", password=PASSWORD))
    with pytest.raises(Unauthenticated):
        await engine.execute(ann, SendMessage(group.id, "hm"))
    assert (await engine.execute(ben, GetUser(ann.id))).username == "ann"
    done = await engine.execute(ann, DeleteAccount(depth="erase", password=PASSWORD))
    assert done.finished_at is not None
    assert done.touched == {"memberships": 1, "messages": 1, "profiles": 1, "sessions": 1}
    assert (await engine.execute(ben, GetUser(ann.id))).deleted


async def test_what_was_interrupted_goes_on_when_an_engine_opens(
    engine: ChatEngine, people: People, failing: Callable[[], None], database: str
) -> None:
    """Nobody has to ask again."""
    ann, ben = await people("ann", "ben")
    failing()
    with pytest.raises(Unavailable):
        await engine.execute(ann, DeleteAccount(depth="erase"))
    async with ChatEngine(database, clock=FakeClock(), hasher=PlainHasher()) as other:
        await flow.resume(other)
        assert (await other.execute(ben, GetUser(ann.id))).deleted
        assert await other.chat_read(lambda work: work.unit.erasures.unfinished(9)) == []


async def test_repeating_and_going_deeper(
    engine: ChatEngine, people: People, database: str
) -> None:
    """A repeat changes nothing, more takes more away, and less than was done is refused."""
    ann, ben = await people("ann", "ben")
    await people.say(ann, await people.group(ann, ben), "hello")
    first = await erase(engine, ann, "deactivate")
    assert await erase(engine, ann, "deactivate") == first
    second = await erase(engine, ann, "anonymise")
    assert second == first | {"memberships": 1, "profiles": 1}
    assert await erase(engine, ann, "erase") == second | {"messages": 1}
    before = {name: rows for name, rows in dump(database).items() if "batches" not in name}
    assert await erase(engine, ann, "erase") == second | {"messages": 1}
    after = {name: rows for name, rows in dump(database).items() if "batches" not in name}
    assert after == before
    with pytest.raises(Conflict):
        await erase(engine, ann, "anonymise")
