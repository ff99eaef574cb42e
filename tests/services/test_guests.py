"""Guests: who comes in without an account, what they may not, and how they get one."""

import pytest

from chatcore.config import Settings
from chatcore.engine import ChatEngine
from chatcore.errors import (
    Conflict,
    Forbidden,
    Invalid,
    Misconfigured,
    Unauthenticated,
    Unsupported,
)
from chatcore.events import MeUpdated
from chatcore.models import ANONYMOUS, Authenticated
from chatcore.operations import (
    ChangePassword,
    CreateConversation,
    EnterAsGuest,
    GetMe,
    ListUsers,
    Login,
    Register,
    Resume,
    SearchUsers,
    SendMessage,
    UpdateAccount,
    UpgradeGuest,
)
from tests.people import PASSWORD, People, RecordingBroker, dump

pytestmark = pytest.mark.anyio


@pytest.fixture
def host_settings() -> Settings:
    """Guests are let in."""
    return Settings(guests=True, guests_may_not={"users.list", "users.search", "uploads.create"})


async def enter(engine: ChatEngine, name: str | None = None) -> Authenticated:
    """A new guest."""
    return await engine.execute(ANONYMOUS, EnterAsGuest(name))


async def test_guests_are_let_in_where_the_host_says_so(database: str, engine: ChatEngine) -> None:
    """By default nobody is."""
    guest = await enter(engine, "Gus")
    assert (guest.user.kind, guest.user.display_name, guest.user.username) == ("guest", "Gus", None)
    nameless = await enter(engine)
    assert nameless.user.display_name == f"Guest {nameless.user.id[-4:]}"
    async with ChatEngine(database) as other:
        before = dump(database)
        with pytest.raises(Unsupported):
            await enter(other)
        assert dump(database) == before


async def test_what_guests_may(engine: ChatEngine, people: People) -> None:
    """They talk; what the host keeps from them is refused, by token as by the answer's actor."""
    (ann,) = await people("ann")
    opened = await enter(engine)
    guest = await engine.authenticate(opened.session.token or "")
    assert guest.kind == opened.actor.kind == "guest"
    made = await engine.execute(guest, CreateConversation(kind="direct", user_id=ann.id))
    assert await engine.execute(guest, SendMessage(made.id, "hello"))
    for operation in (ListUsers(), SearchUsers("ann")):
        with pytest.raises(Forbidden, match="guests"):
            await engine.execute(guest, operation)
        assert await engine.execute(ann, operation)
    with pytest.raises(Forbidden):
        await engine.upload(guest, name="a", chunks=None)  # type: ignore[arg-type]
    for operation in (UpdateAccount(email="g@example.com"), ChangePassword("", PASSWORD)):
        with pytest.raises((Forbidden, Invalid)):
            await engine.execute(guest, operation)


async def test_a_guest_becomes_a_person(
    engine: ChatEngine, people: People, broker: RecordingBroker
) -> None:
    """They keep their id, session and conversations, and may what persons may."""
    (ann,) = await people("ann")
    opened = await enter(engine, "Gus")
    made = await engine.execute(opened.actor, CreateConversation(kind="direct", user_id=ann.id))
    broker.take()
    upgrade = UpgradeGuest("gus", PASSWORD, email="gus@example.com")
    user = await engine.execute(opened.actor, upgrade)
    assert (user.id, user.kind, user.username) == (opened.user.id, "person", "gus")
    assert (user.display_name, user.email) == ("Gus", "gus@example.com")
    assert isinstance(broker.take()[0].event, MeUpdated)
    person = await engine.authenticate(opened.session.token or "")
    assert person.kind == "person"
    assert await engine.execute(person, GetMe()) == user
    assert await engine.execute(person, ListUsers())
    assert await engine.execute(person, SendMessage(made.id, "still me"))
    assert (await engine.execute(ANONYMOUS, Login("gus@example.com", PASSWORD))).user.id == user.id
    with pytest.raises(Forbidden):
        await engine.execute(person, UpgradeGuest("other", PASSWORD))


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        (UpgradeGuest(password=PASSWORD), Invalid),
        (UpgradeGuest("gus"), Invalid),
        (UpgradeGuest("gus", "short"), Invalid),
        (UpgradeGuest("ANN", PASSWORD), Conflict),
    ],
)
async def test_upgrades_that_are_refused(
    engine: ChatEngine, people: People, database: str, operation: UpgradeGuest, kind: type
) -> None:
    """Without anything to sign in with, or with what is another's: they stay a guest."""
    await people("ann")
    guest = await enter(engine)
    before = dump(database)
    with pytest.raises(kind):
        await engine.execute(guest.actor, operation)
    assert dump(database) == before
    assert (await engine.execute(guest.actor, Resume())).user.kind == "guest"


async def test_nobody_signs_in_as_a_guest(engine: ChatEngine) -> None:
    """There is nothing to sign in with."""
    guest = await enter(engine, "Gus")
    await engine.execute(ANONYMOUS, Register("gus", PASSWORD))
    for login in ("Gus", guest.user.id, guest.user.display_name):
        with pytest.raises(Unauthenticated):
            await engine.execute(ANONYMOUS, Login(login, "wrong one"))


def test_settings_name_what_there_is() -> None:
    """A method that isn't there would keep nothing from anybody."""
    with pytest.raises(Misconfigured, match="lost"):
        ChatEngine("sqlite:///x.db", settings=Settings(guests_may_not={"users.lost"}))
