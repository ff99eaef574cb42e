"""Accounts and sessions: opening, signing in, and how sessions end."""

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise

import anyio
import pytest

from chatcore.config import Limits
from chatcore.engine import ChatEngine
from chatcore.errors import (
    ChatError,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    Unauthenticated,
    Unavailable,
)
from chatcore.events import SessionRevoked
from chatcore.ids import SessionId, account_stream
from chatcore.models import ANONYMOUS, Actor, Authenticated
from chatcore.operations import (
    ChangePassword,
    CheckAvailability,
    ListSessions,
    Login,
    Logout,
    Register,
    Resume,
    RevokeSession,
)
from chatcore.services import accounts
from chatcore.services.accounts import NewSession
from chatcore.testing.clock import FakeClock
from chatcore.testing.fakes import PlainHasher
from tests.people import PASSWORD, People, RecordingBroker

pytestmark = pytest.mark.anyio
DAY = 86_400
IDLE = Limits().session_idle_s
LAST = Limits().session_absolute_s


class WatchedHasher(PlainHasher):
    """Counts what it is asked, and can be made to wait or to find every hash outdated."""

    def __init__(self) -> None:
        self.verified: list[str | None] = []
        self.old = False
        self.gate = threading.Event()
        self.gate.set()

    def verify(self, stored: str | None, password: str) -> bool:
        self.gate.wait(10)
        self.verified.append(stored)
        return super().verify(stored and stored.removesuffix(" (new)"), password)

    def hash(self, password: str) -> str:
        return super().hash(password) + (" (new)" if self.old else "")

    def outdated(self, stored: str) -> bool:
        return self.old and not stored.endswith(" (new)")


@asynccontextmanager
async def watched(database: str, **more: object) -> AsyncIterator[tuple[ChatEngine, WatchedHasher]]:
    """An engine whose hasher can be looked into."""
    hasher = WatchedHasher()
    async with ChatEngine(database, hasher=hasher, clock=FakeClock(), **more) as engine:  # type: ignore[arg-type]
        yield engine, hasher


async def sign_in(engine: ChatEngine, name: str, password: str = PASSWORD) -> Authenticated:
    """Log in."""
    return await engine.execute(ANONYMOUS, Login(name, password))


def token(opened: Authenticated) -> str:
    """The token that only the answer holds."""
    assert opened.session.token is not None
    return opened.session.token


async def test_registering_opens_a_session(engine: ChatEngine) -> None:
    """The answer holds the user and a session whose token signs in."""
    who = Actor(None, address="10.0.0.1", user_agent="browser")
    opened = await engine.execute(who, Register("Ann", PASSWORD))
    assert (opened.user.username, opened.user.display_name) == ("Ann", "Ann")
    assert (opened.session.address, opened.session.user_agent) == ("10.0.0.1", "browser")
    assert opened.session.current
    actor = await engine.authenticate(token(opened), address="10.0.0.2", user_agent="phone")
    assert (actor.user_id, actor.session_id) == (opened.user.id, opened.session.id)
    assert (actor.address, actor.user_agent) == ("10.0.0.2", "phone")


@pytest.mark.parametrize("name", ["ann", "ANN", "Ａｎｎ"])
async def test_a_name_is_taken_once(engine: ChatEngine, people: People, name: str) -> None:
    """However it is written, a name stands for one user."""
    await people("Ann")
    assert not (await engine.execute(ANONYMOUS, CheckAvailability(name))).username
    with pytest.raises(Conflict):
        await engine.execute(ANONYMOUS, Register(name, PASSWORD))


async def test_availability(engine: ChatEngine) -> None:
    """A free name is free; one that nobody may have says why; nothing asked is refused."""
    assert (await engine.execute(ANONYMOUS, CheckAvailability("ann"))).username
    for wrong in (CheckAvailability("a b"), CheckAvailability()):
        with pytest.raises(Invalid):
            await engine.execute(ANONYMOUS, wrong)


@pytest.mark.parametrize(
    ("operation", "path"),
    [
        (Register("a", PASSWORD), "username"),
        (Register("a b", PASSWORD), "username"),
        (Register("ann", "short"), "password"),
        (Register("ann", "password"), "password"),
        (Register("ann", "é" * 513), "password"),
    ],
)
async def test_what_may_not_be_registered(
    engine: ChatEngine, operation: Register, path: str
) -> None:
    """Names and passwords that nobody may have are refused, saying which."""
    with pytest.raises(Invalid) as caught:
        await engine.execute(ANONYMOUS, operation)
    assert [problem.path for problem in caught.value.errors] == [path]


async def test_logging_in(engine: ChatEngine, people: People) -> None:
    """Name in any spelling and the right password open another session."""
    (ann,) = await people("ann")
    opened = await sign_in(engine, "ANN")
    assert opened.user.id == ann.user_id
    assert opened.session.id != ann.session_id


async def test_one_answer_and_one_cost_for_every_failure(database: str) -> None:
    """Unknown, impossible and wrong differ in nothing, and each costs one hash."""
    async with watched(database) as (engine, hasher):
        await engine.execute(ANONYMOUS, Register("ann", PASSWORD))
        said = set()
        for name, password in (("ann", "wrong one"), ("ben", PASSWORD), ("a b", PASSWORD)):
            hasher.verified.clear()
            with pytest.raises(Unauthenticated) as caught:
                await sign_in(engine, name, password)
            said.add(str(caught.value))
            assert len(hasher.verified) == 1
        assert len(said) == 1


async def test_an_outdated_hash_is_renewed_at_login(database: str) -> None:
    """The password is hashed anew once, and still fits."""
    async with watched(database) as (engine, hasher):
        await engine.execute(ANONYMOUS, Register("ann", PASSWORD))
        hasher.old = True
        await sign_in(engine, "ann")
        await sign_in(engine, "ann")
        assert hasher.verified[-1] == PlainHasher().hash(PASSWORD) + " (new)"


async def test_a_login_that_was_overtaken_opens_nothing(engine: ChatEngine, people: People) -> None:
    """Where the password changed while the old one was verified, there is no session."""
    (ann,) = await people("ann")
    new = NewSession("t", "h", None, None)
    with pytest.raises(Unauthenticated):
        await engine.accounts_write(lambda work: accounts.login(work, ann.id, "old", None, new))
    with pytest.raises(Conflict):
        await engine.accounts_write(lambda work: accounts.change_password(work, ann, "old", "new"))


async def test_hashing_has_a_bounded_queue(database: str) -> None:
    """Past the bound a login is told to come back, and those that wait go on."""
    limits = Limits(hashing_threads=1, hashing_waiting=3)
    async with watched(database, limits=limits) as (engine, hasher):
        await engine.execute(ANONYMOUS, Register("ann", PASSWORD))
        hasher.gate.clear()
        answers: list[object] = []

        async def one() -> None:
            try:
                answers.append(await sign_in(engine, "ann"))
            except ChatError as error:
                answers.append(error)
                hasher.gate.set()

        async with anyio.create_task_group() as tasks:
            for _ in range(4):
                tasks.start_soon(one)
        refused = [one for one in answers if isinstance(one, Unavailable)]
        assert len(refused) == 1
        assert refused[0].retry_after
        assert len(answers) == 4


async def test_resuming(engine: ChatEngine, people: People, clock: FakeClock) -> None:
    """The session as it is, without its token; over or ended, it is nobody's."""
    (ann,) = await people("ann")
    resumed = await engine.execute(ann, Resume())
    assert (resumed.user.id, resumed.session.id) == (ann.id, ann.session_id)
    assert resumed.session.token is None
    assert resumed.session.current
    for gone in (Actor(ann.id, SessionId("other")), Actor(ann.id)):
        with pytest.raises(Unauthenticated):
            await engine.execute(gone, Resume())
    clock.advance(IDLE)
    with pytest.raises(Unauthenticated):
        await engine.execute(ann, Resume())


async def test_an_idle_session_ends(engine: ChatEngine, people: People, clock: FakeClock) -> None:
    """Seven days without use end it; each use, noted to the minute, begins them anew."""
    assert IDLE == 7 * DAY
    await people("ann")
    opened = await sign_in(engine, "ann")
    clock.advance(IDLE - 1)
    actor = await engine.authenticate(token(opened))
    clock.advance(IDLE - 1)
    await engine.authenticate(token(opened))
    clock.advance(IDLE)
    with pytest.raises(Unauthenticated):
        await engine.authenticate(token(opened))
    assert not (await engine.execute(actor, ListSessions())).items


async def test_a_session_ends_at_last(engine: ChatEngine, people: People, clock: FakeClock) -> None:
    """However much it is used, thirty days are the end, and it says so."""
    await people("ann")
    opened = await sign_in(engine, "ann")
    for _ in range(5):
        clock.advance(5 * DAY)
        actor = await engine.authenticate(token(opened))
    (session,) = [one for one in (await engine.execute(actor, ListSessions())).items if one.current]
    assert (session.expires_at - opened.session.created_at).total_seconds() == LAST == 30 * DAY
    clock.advance(5 * DAY)
    with pytest.raises(Unauthenticated):
        await engine.authenticate(token(opened))


async def test_use_is_noted_to_the_minute(
    engine: ChatEngine, people: People, clock: FakeClock
) -> None:
    """A second use within a minute writes nothing."""
    (ann,) = await people("ann")
    opened = await sign_in(engine, "ann")
    seen = []
    for _ in range(4):
        clock.advance(40)
        actor = await engine.authenticate(token(opened))
        found = (await engine.execute(actor, ListSessions())).items
        seen.append(next(one.last_used_at for one in found if one.current))
    assert [(b - a).total_seconds() for a, b in pairwise(seen)] == [80, 0, 80]
    assert ann.session_id != opened.session.id


@pytest.mark.parametrize("made_up", ["", "cc_", "x" * 3_000, "tökén", "\ud800", "cc_" + "A" * 48])
async def test_what_is_no_token_signs_nobody_in(engine: ChatEngine, made_up: str) -> None:
    """Empty, endless, damaged or never given out: all the same."""
    with pytest.raises(Unauthenticated):
        await engine.authenticate(made_up)


async def test_sessions_are_listed_by_last_use(
    engine: ChatEngine, people: People, clock: FakeClock
) -> None:
    """One's own, most recently used first, and no tokens."""
    ann, _ = await people("ann", "ben")
    clock.advance(60)
    second = await sign_in(engine, "ann")
    found = (await engine.execute(ann, ListSessions())).items
    assert [one.id for one in found] == [second.session.id, ann.session_id]
    assert [one.current for one in found] == [False, True]
    assert {one.token for one in found} == {None}


async def test_revoking_a_session(
    engine: ChatEngine, people: People, broker: RecordingBroker
) -> None:
    """It ends at once, its user's stream says so, and it can't be ended twice."""
    (ann,) = await people("ann")
    other = await sign_in(engine, "ann")
    broker.take()
    await engine.execute(ann, RevokeSession(other.session.id))
    (said,) = broker.take()
    assert isinstance(said.event, SessionRevoked)
    assert said.event.session.id == other.session.id
    assert (said.stream, said.prev, said.rev) == (account_stream(ann.id), 0, 1)
    with pytest.raises(Unauthenticated):
        await engine.authenticate(token(other))
    with pytest.raises(NotFound):
        await engine.execute(ann, RevokeSession(other.session.id))


async def test_logging_out(engine: ChatEngine, people: People) -> None:
    """It ends this session and no other; an actor without one has nothing to end."""
    (ann,) = await people("ann")
    other = await sign_in(engine, "ann")
    await engine.execute(other.actor, Logout())
    await engine.execute(Actor(ann.id), Logout())
    assert [one.id for one in (await engine.execute(ann, ListSessions())).items] == [ann.session_id]


async def test_changing_the_password_ends_other_sessions(
    engine: ChatEngine, people: People, broker: RecordingBroker
) -> None:
    """The old password and the other sessions are over; this one goes on."""
    (ann,) = await people("ann")
    others = [await sign_in(engine, "ann") for _ in range(2)]
    broker.take()
    await engine.execute(ann, ChangePassword(PASSWORD, "another battery"))
    said = [one.event for one in broker.take()]
    assert {one.session.id for one in said if isinstance(one, SessionRevoked)} == {
        one.session.id for one in others
    }
    for other in others:
        with pytest.raises(Unauthenticated):
            await engine.authenticate(token(other))
    await engine.execute(ann, Resume())
    with pytest.raises(Unauthenticated):
        await sign_in(engine, "ann")
    await sign_in(engine, "ann", "another battery")


async def test_a_password_is_changed_only_by_who_knows_it(
    engine: ChatEngine, people: People, broker: RecordingBroker
) -> None:
    """A wrong current password, or a new one that nobody may have, changes nothing."""
    (ann,) = await people("ann")
    broker.take()
    with pytest.raises(Forbidden):
        await engine.execute(ann, ChangePassword("wrong one", "another battery"))
    with pytest.raises(Invalid) as caught:
        await engine.execute(ann, ChangePassword(PASSWORD, "password"))
    assert [problem.path for problem in caught.value.errors] == ["new"]
    assert broker.take() == []
    await sign_in(engine, "ann")
