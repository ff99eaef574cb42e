"""What people sign in with: usernames, e-mail addresses and phone numbers, and changing them."""

import argon2
import bcrypt
import pytest

from chatcore.engine import ChatEngine
from chatcore.errors import Conflict, Forbidden, Invalid, Unauthenticated
from chatcore.events import MeUpdated, UserChanged
from chatcore.models import ANONYMOUS, Actor, User
from chatcore.operations import (
    CheckAvailability,
    GetMe,
    GetUser,
    ImportUser,
    ListUsers,
    Login,
    Register,
    SearchUsers,
    UpdateAccount,
)
from chatcore.security.passwords import Argon2Hasher
from tests.people import PASSWORD, People, RecordingBroker, dump

pytestmark = pytest.mark.anyio

MAIL, PHONE = "ann@example.com", "+4930123456"


async def enter(engine: ChatEngine, **fields: str) -> User:
    """Register with whatever is given."""
    return (await engine.execute(ANONYMOUS, Register(password=PASSWORD, **fields))).user


async def sign_in(engine: ChatEngine, login: str, password: str = PASSWORD) -> User:
    """Log in."""
    return (await engine.execute(ANONYMOUS, Login(login, password))).user


async def refusal(engine: ChatEngine, actor: Actor, operation: object, kind: type) -> list[str]:
    """The fields that an error names."""
    with pytest.raises(kind) as caught:
        await engine.execute(actor, operation)  # type: ignore[arg-type, call-overload]
    return [problem.path for problem in caught.value.errors]


@pytest.mark.parametrize(
    ("fields", "logins"),
    [
        ({"username": "ann"}, ["ann", "ANN"]),
        ({"email": MAIL}, [MAIL, "Ann@EXAMPLE.com"]),
        ({"phone": PHONE}, [PHONE, "+49 30 12-34-56", " +49 30 123456"]),
        ({"username": "ann", "email": MAIL, "phone": PHONE}, ["ann", MAIL, PHONE]),
    ],
)
async def test_any_of_three_is_enough(
    engine: ChatEngine, fields: dict[str, str], logins: list[str]
) -> None:
    """Whatever somebody registers with, they log in with, however they spell it."""
    user = await enter(engine, **fields)
    for login in logins:
        assert (await sign_in(engine, login)).id == user.id
    for login in ("ben", "ben@example.com", "+4930999999", "@", "+", "030 123456"):
        with pytest.raises(Unauthenticated):
            await sign_in(engine, login)


async def test_one_of_three_is_needed(engine: ChatEngine) -> None:
    """Nobody registers as nobody, or asks whether nothing is free; all that is wrong is named."""
    assert await refusal(engine, ANONYMOUS, Register(password=PASSWORD), Invalid) == ["username"]
    assert await refusal(engine, ANONYMOUS, CheckAvailability(), Invalid) == ["username"]
    bad = Register("a b", PASSWORD, email="ann", phone="030")
    assert await refusal(engine, ANONYMOUS, bad, Invalid) == ["username", "email", "phone"]
    assert await refusal(engine, ANONYMOUS, Register("ann"), Invalid) == ["password"]


async def test_each_is_taken_once(engine: ChatEngine) -> None:
    """A second account names what it can't have; checking beforehand says the same."""
    await enter(engine, username="ann", email=MAIL, phone=PHONE)
    again = {"username": "ＡＮＮ", "email": "ANN@example.com", "phone": "+49 30 123456"}
    taken = await refusal(engine, ANONYMOUS, Register(password=PASSWORD, **again), Conflict)
    assert taken == ["username", "email", "phone"]
    found = await engine.execute(ANONYMOUS, CheckAvailability(**again))
    assert (found.username, found.email, found.phone) == (False, False, False)
    free = await engine.execute(ANONYMOUS, CheckAvailability(email="ben@example.com"))
    assert (free.username, free.email, free.phone) == (None, True, None)


async def test_a_nameless_account_tells_nothing(engine: ChatEngine) -> None:
    """The card of somebody without a name shows neither the address nor the number."""
    ann = await enter(engine, email=MAIL, phone=PHONE)
    assert (ann.email, ann.phone, ann.username) == (MAIL, PHONE, None)
    ben = Actor((await enter(engine, username="ben")).id)
    card = await engine.execute(ben, GetUser(ann.id))
    assert card.display_name == f"User {ann.id[-4:]}"
    assert (card.email, card.phone) == (None, None)
    for hidden in (MAIL, "ann@", PHONE, "+49"):
        assert not (await engine.execute(ben, SearchUsers(hidden))).items
    assert (await engine.execute(ben, SearchUsers("user"))).items == (card,)


async def test_those_without_a_name_are_listed_too(engine: ChatEngine) -> None:
    """Each once, over pages of any size."""
    users = [await enter(engine, email=f"{number}@example.com") for number in range(3)]
    users += [await enter(engine, username=name) for name in ("zoe", "ann", "алиса")]
    actor = Actor(users[0].id)
    for limit in (1, 2, 10):
        found, cursor = [], None
        while True:
            page = await engine.execute(actor, ListUsers(limit=limit, cursor=cursor))
            found += [user.id for user in page.items]
            cursor = page.next
            if cursor is None:
                break
        assert sorted(found) == sorted(user.id for user in users)


async def test_signing_up_in_steps(engine: ChatEngine, broker: RecordingBroker) -> None:
    """Account, then personal information, then location: each told to one's other devices."""
    actor = (await engine.execute(ANONYMOUS, Register("ann", PASSWORD))).actor
    broker.take()
    first = {"first_name": "Ann", "age": 30}
    await engine.execute(actor, UpdateAccount(information=first))
    user = await engine.execute(actor, UpdateAccount(location={"country": "AZ", "zone": 4}))
    assert (user.information, user.location) == (first, {"country": "AZ", "zone": 4})
    assert user == await engine.execute(actor, GetMe())
    events = [one.event for one in broker.take()]
    assert [event.user for event in events if isinstance(event, MeUpdated)][-1] == user
    ben = Actor((await enter(engine, username="ben")).id)
    card = await engine.execute(ben, GetUser(user.id))
    assert (card.information, card.location) == (None, None)
    assert all(event.user.location is None for event in events if isinstance(event, UserChanged))
    cleared = await engine.execute(actor, UpdateAccount(information=None))
    assert (cleared.information, cleared.location) == (None, user.location)


async def test_what_one_signs_in_with_changes(engine: ChatEngine) -> None:
    """With the password, the new one counts at once, and the old one is free again."""
    actor = (await engine.execute(ANONYMOUS, Register("ann", PASSWORD, email=MAIL))).actor
    new = UpdateAccount(username="anna", email=None, phone=PHONE, current=PASSWORD)
    user = await engine.execute(actor, new)
    assert (user.username, user.email, user.phone) == ("anna", None, PHONE)
    for login in ("anna", PHONE):
        assert (await sign_in(engine, login)).id == user.id
    for gone in ("ann", MAIL):
        with pytest.raises(Unauthenticated):
            await sign_in(engine, gone)
    await enter(engine, username="ann", email=MAIL)
    assert await engine.execute(actor, UpdateAccount(username="ANNA", current=PASSWORD))


@pytest.mark.parametrize(
    ("operation", "kind", "paths"),
    [
        (UpdateAccount(email="new@example.com"), Invalid, ["current"]),
        (UpdateAccount(email="new@example.com", current="wrong"), Forbidden, []),
        (UpdateAccount(email="nowhere", current=PASSWORD), Invalid, ["email"]),
        (UpdateAccount(username="ben", current=PASSWORD), Conflict, ["username"]),
        (UpdateAccount(phone="+4930999999", current=PASSWORD), Conflict, ["phone"]),
        (
            UpdateAccount(username=None, email=None, current=PASSWORD),
            Invalid,
            ["username", "email"],
        ),
    ],
)
async def test_changes_that_are_refused(
    engine: ChatEngine, database: str, operation: UpdateAccount, kind: type, paths: list[str]
) -> None:
    """Without the password, to another's, or to nothing at all: nothing changes."""
    await enter(engine, username="ben", phone="+4930999999")
    actor = (await engine.execute(ANONYMOUS, Register("ann", PASSWORD, email=MAIL))).actor
    before = dump(database)
    assert await refusal(engine, actor, operation, kind) == paths
    assert dump(database) == before


async def test_who_has_no_password_needs_none(engine: ChatEngine) -> None:
    """Somebody who was taken over from elsewhere may add an address by which to come in."""
    taken = ImportUser("irc:ann", "ann")
    actor = Actor((await engine.execute(Actor(None, operator=True), taken)).id)
    assert (await engine.execute(actor, UpdateAccount(email=MAIL))).email == MAIL


async def test_passwords_from_elsewhere(database: str) -> None:
    """Whoever was taken over with a bcrypt hash signs in, and has one of ours from then on."""
    stored = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(rounds=4)).decode()
    operator = Actor(None, operator=True)
    hasher = Argon2Hasher(argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    async with ChatEngine(database, hasher=hasher) as engine:
        taken = ImportUser("b:7", None, "Ann", email=MAIL, phone=PHONE, password_hash=stored)
        user = await engine.execute(operator, taken)
        with pytest.raises(Unauthenticated):
            await sign_in(engine, MAIL, "wrong")
        for login in (MAIL, PHONE):
            assert (await sign_in(engine, login)).id == user.id
        stored_now = await engine.accounts_read(lambda work: work.unit.users.credential(user.id))
        assert stored_now is not None
        assert stored_now.startswith("$argon2id$")
        assert await refusal(
            engine, operator, ImportUser("b:8", "ben", password_hash="md5"), Invalid
        ) == ["password_hash"]


async def test_an_unchanged_account_says_nothing(
    engine: ChatEngine, people: People, broker: RecordingBroker
) -> None:
    """The same again is no change: no event, and the same version."""
    (ann,) = await people("ann")
    await engine.execute(ann, UpdateAccount(location={"city": "Baku"}))
    before, _ = await engine.execute(ann, GetMe()), broker.take()
    assert await engine.execute(ann, UpdateAccount(location={"city": "Baku"})) == before
    assert broker.take() == []
