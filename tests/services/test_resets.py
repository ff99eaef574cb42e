"""Forgotten passwords: a code goes out, comes back once, and ends every session."""

from collections.abc import AsyncIterator

import anyio
import anyio.from_thread
import pytest

from chatcore.config import Limits
from chatcore.engine import ChatEngine
from chatcore.errors import ChatError, Invalid, Unauthenticated, Unsupported
from chatcore.events import SessionRevoked
from chatcore.flows import resets
from chatcore.models import ANONYMOUS, Authenticated, Done
from chatcore.operations import (
    ChangePassword,
    Login,
    Register,
    RequestReset,
    ResetPassword,
    Resume,
    UpdateAccount,
)
from chatcore.ports.identity import PasswordReset
from chatcore.security.codes import new_code, read_code
from chatcore.testing.clock import FakeClock
from chatcore.testing.fakes import KeepingMailer, PlainHasher
from tests.people import PASSWORD, RecordingBroker, dump

pytestmark = pytest.mark.anyio

MAIL, NEW = "ann@example.com", "another battery"


@pytest.fixture
def mailer() -> KeepingMailer:
    """What was to be delivered."""
    return KeepingMailer()


@pytest.fixture
async def engine(
    database: str, clock: FakeClock, broker: RecordingBroker, mailer: KeepingMailer
) -> AsyncIterator[ChatEngine]:
    """An engine whose host delivers codes."""
    async with ChatEngine(
        database, clock=clock, broker=broker, hasher=PlainHasher(), mailer=mailer
    ) as opened:
        yield opened


async def register(engine: ChatEngine, **fields: str) -> Authenticated:
    """Somebody with an address."""
    fields = fields or {"username": "ann", "email": MAIL}
    return await engine.execute(ANONYMOUS, Register(password=PASSWORD, **fields))


async def code(engine: ChatEngine, mailer: KeepingMailer, login: str = MAIL) -> str:
    """The next one that is delivered."""
    mailer.delivered.clear()
    await resets.send(engine, mailer, login)
    (delivered,) = mailer.delivered
    return delivered.code


async def refused(engine: ChatEngine, typed: str, new: str = NEW) -> str:
    """What is said to a code that doesn't fit."""
    with pytest.raises(ChatError) as caught:
        await engine.execute(ANONYMOUS, ResetPassword(typed, new))
    return f"{caught.value.code}: {caught.value}"


async def test_a_forgotten_password(
    engine: ChatEngine, mailer: KeepingMailer, broker: RecordingBroker, clock: FakeClock
) -> None:
    """The code sets a new one, ends every session, tells them so, and is good no second time."""
    ann = await register(engine)
    other = await engine.execute(ANONYMOUS, Login("ann", PASSWORD))
    typed = await code(engine, mailer, "ANN")
    (told,) = mailer.delivered
    assert (told.user_id, told.email, told.display_name) == (ann.user.id, MAIL, "ann")
    assert (told.expires_at.timestamp() * 1_000 - clock.now()) == 600_000
    assert typed not in repr(told)
    broker.take()
    await engine.execute(ANONYMOUS, ResetPassword(typed.upper().replace("-", " "), NEW))
    said = [one.event for one in broker.take()]
    assert {one.session.id for one in said if isinstance(one, SessionRevoked)} == {
        ann.session.id,
        other.session.id,
    }
    for gone in (ann, other):
        with pytest.raises(Unauthenticated):
            await engine.execute(gone.actor, Resume())
    with pytest.raises(Unauthenticated):
        await engine.execute(ANONYMOUS, Login(MAIL, PASSWORD))
    assert await engine.execute(ANONYMOUS, Login(MAIL, NEW))
    assert "unauthenticated" in await refused(engine, typed)


async def test_asking_tells_nothing(engine: ChatEngine, database: str) -> None:
    """Whoever is meant, the answer comes before anything is looked at."""
    delivered = anyio.Event()

    class Telling(KeepingMailer):
        def deliver(self, reset: PasswordReset) -> None:
            super().deliver(reset)
            anyio.from_thread.run_sync(delivered.set)

    engine.mailer = mailer = Telling()
    await register(engine)
    before = dump(database)
    for login in ("nobody", "a b", "nobody@example.com", "+4930123456", MAIL):
        assert await engine.execute(ANONYMOUS, RequestReset(login)) == Done()
        assert dump(database) == before
    with anyio.fail_after(10):
        await delivered.wait()
    assert [one.email for one in mailer.delivered] == [MAIL]


async def test_who_gets_no_code(engine: ChatEngine, mailer: KeepingMailer, database: str) -> None:
    """Unknown people, and those without an address or a number, are sent nothing."""
    await register(engine, username="ben")
    before = dump(database)
    for login in ("ben", "nobody", MAIL, ""):
        await resets.send(engine, mailer, login)
    assert not mailer.delivered
    assert dump(database) == before
    await register(engine, phone="+4930123456")
    assert await code(engine, mailer, "+49 30 123456")
    assert mailer.delivered[0].phone == "+4930123456"


async def test_a_code_is_kept_as_a_hash(
    engine: ChatEngine, mailer: KeepingMailer, database: str
) -> None:
    """Nothing in the database lets anybody in."""
    await register(engine)
    typed = await code(engine, mailer)
    letters = typed.replace("-", "")
    everything = repr(dump(database))
    assert typed not in everything
    assert letters not in everything
    assert letters[8:] not in everything


async def test_a_code_is_over_after_ten_minutes(
    engine: ChatEngine, mailer: KeepingMailer, clock: FakeClock
) -> None:
    """In the last millisecond it is good, and then no more."""
    await register(engine)
    late, good = await code(engine, mailer), await code(engine, mailer)
    clock.advance(599.999)
    await engine.execute(ANONYMOUS, ResetPassword(good, NEW))
    assert "unauthenticated" in await refused(engine, late)
    late = await code(engine, mailer)
    clock.advance(Limits().reset_code_s)
    assert "unauthenticated" in await refused(engine, late)


async def test_guesses_are_bounded(engine: ChatEngine, mailer: KeepingMailer) -> None:
    """After five wrong ones with the right beginning the right one is wrong, too."""
    await register(engine)
    typed = await code(engine, mailer)
    wrong = typed[:-4] + ("0000" if typed[-4:] != "0000" else "1111")
    said = {await refused(engine, wrong) for _ in range(Limits().reset_guesses - 1)}
    assert await engine.execute(ANONYMOUS, ResetPassword(typed, NEW)) == Done()
    typed = await code(engine, mailer)
    wrong = typed[:-4] + ("0000" if typed[-4:] != "0000" else "1111")
    said |= {await refused(engine, wrong) for _ in range(Limits().reset_guesses)}
    said |= {await refused(engine, one) for one in (typed, new_code(), "x", "0" * 20)}
    assert len(said) == 1


async def test_asking_again_spoils_nothing(engine: ChatEngine, mailer: KeepingMailer) -> None:
    """Three codes are good at once; more aren't sent, so nobody's mail is flooded."""
    await register(engine)
    first = await code(engine, mailer)
    for _ in range(4):
        await resets.send(engine, mailer, "ann")
    assert len(mailer.delivered) == Limits().reset_codes == 3
    await engine.execute(ANONYMOUS, ResetPassword(first, NEW))
    assert "unauthenticated" in await refused(engine, mailer.delivered[-1].code)


async def test_a_change_spoils_codes(engine: ChatEngine, mailer: KeepingMailer) -> None:
    """A code on its way to an old address, or for an old password, lets nobody in."""
    actor = (await register(engine)).actor
    typed = await code(engine, mailer)
    change = UpdateAccount(email="anna@example.com", current=PASSWORD)
    await engine.execute(actor, change)
    assert "unauthenticated" in await refused(engine, typed)
    typed = await code(engine, mailer, "ann")
    await engine.execute(actor, ChangePassword(PASSWORD, NEW))
    assert "unauthenticated" in await refused(engine, typed)


async def test_a_bad_password_costs_no_code(engine: ChatEngine, mailer: KeepingMailer) -> None:
    """The code is good for another try."""
    await register(engine)
    typed = await code(engine, mailer)
    with pytest.raises(Invalid) as caught:
        await engine.execute(ANONYMOUS, ResetPassword(typed, "short"))
    assert [one.path for one in caught.value.errors] == ["new"]
    await engine.execute(ANONYMOUS, ResetPassword(typed, NEW))


async def test_without_a_mailer(engine: ChatEngine) -> None:
    """It is said clearly that there is no such thing here, whoever asks."""
    engine.mailer = None
    for operation in (RequestReset("ann"), ResetPassword(new_code(), NEW)):
        with pytest.raises(Unsupported, match="mailer"):
            await engine.execute(ANONYMOUS, operation)


def test_reading_codes() -> None:
    """As people type them; what no code can be is none."""
    typed = new_code()
    found = read_code(typed)
    assert found is not None
    for spelling in (typed.upper(), typed.replace("-", ""), typed.replace("1", "l"), f" {typed} "):
        assert read_code(spelling) == found
    assert found[0] == typed.replace("-", "")[:8]
    for wrong in ("", typed[:-1], typed + "0", typed[:-1] + "u", "ü" * 20, "\ud800" * 20):
        assert read_code(wrong) is None
    assert len({new_code() for _ in range(100)}) == 100
