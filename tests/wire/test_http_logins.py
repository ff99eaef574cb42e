"""Guessing passwords over HTTP: how often, and what others notice of it."""

from functools import partial
from typing import Any

import anyio
import pytest
from attrs import define, field

from chatcore.config import Limits
from chatcore.errors import RateLimited, Unauthenticated
from chatcore.ids import UserId
from chatcore.models import ANONYMOUS, Actor, Done
from chatcore.operations import ChangePassword, Login, Operation, ResetPassword
from chatcore.testing.clock import FakeClock
from chatcore.wire.exchange import Response
from chatcore.wire.logins import LoginFailures
from tests.wire.http_fakes import Client, FakeEngine, authenticated, header, loads

pytestmark = pytest.mark.anyio

LIMITS = Limits(
    login_failures_an_account=2,
    login_failures_an_address=3,
    login_window_s=100.0,
    reset_requests_an_account=3,
    reset_requests_an_address=10,
    availability_checks_an_address=20,
    phone_lookups=2,
    phone_lookups_window_s=3_600.0,
)


def answers(actor: Actor, operation: Operation[Any]) -> Any:
    """Knows one password."""
    match operation:
        case Login(password="right"):
            return authenticated()
        case Login() | ChangePassword() | ResetPassword():
            return Unauthenticated("Wrong name or password")
    return Done()


@pytest.fixture
def client() -> Client:
    """One that nobody has signed in on."""
    return Client(FakeEngine(answer=answers, limits=LIMITS), headers={})


async def login(
    client: Client, name: str = "ada", password: str = "wrong", address: str = "192.0.2.1"
) -> Response:
    """An attempt, from an address."""
    body = {"login": name, "password": password}
    return await client("POST", "/v1/login", json=body, address=address)


async def test_an_account_is_closed_to_guessing(client: Client) -> None:
    """At the limit the next attempt isn't even looked at, however the name is written."""
    assert [(await login(client, name)).status for name in ("ada", "ADA")] == [401, 401]
    refused = await login(client, "ａｄａ", "right", "192.0.2.2")
    assert (refused.status, loads(refused)["code"]) == (429, "rate_limited")
    assert header(refused, "retry-after") == "50"
    assert len(client.engine.asked) == 2
    assert (await login(client, "ben")).status == 401


async def test_it_opens_again(client: Client) -> None:
    """After just the time that was told one more attempt is taken, and no second one."""
    for _ in range(2):
        await login(client)
    client.engine.clock.advance(49.9)
    assert header(await login(client), "retry-after") == "1"
    client.engine.clock.advance(0.1)
    assert [(await login(client)).status for _ in range(2)] == [401, 429]


async def test_an_address_is_closed_to_guessing(client: Client) -> None:
    """Failures at different accounts add up; another address is heard."""
    statuses = [(await login(client, name)).status for name in "abcd"]
    assert statuses == [401, 401, 401, 429]
    assert (await login(client, "e", address="192.0.2.2")).status == 401


async def test_success_costs_nothing(client: Client) -> None:
    """Signing in again and again, with the right password, is never refused."""
    statuses = {(await login(client, password="right")).status for _ in range(10)}
    assert statuses == {200}


async def test_a_wrong_current_password_is_a_guess(client: Client) -> None:
    """With a stolen session, too, the password can't be found out by changing it."""
    client.headers["authorization"] = "Bearer secret"
    body = {"current": "wrong", "new": "better than before"}
    statuses = [(await client("POST", "/v1/password", json=body)).status for _ in range(3)]
    assert statuses == [401, 401, 429]
    assert (await client("GET", "/v1/me")).status == 200


async def test_strangers_change_no_password(client: Client) -> None:
    """Being nobody is no failed guess, and stays an answer of its own."""
    body = {"current": "wrong", "new": "better than before"}
    statuses = {(await client("POST", "/v1/password", json=body)).status for _ in range(5)}
    assert statuses == {401}


@define
class Waiting(FakeEngine):
    """Verifies passwords only when told to go on, as a busy machine would."""

    go_on: anyio.Event = field(factory=anyio.Event)

    async def execute(self, actor: Actor, operation: Operation[Any]) -> Any:
        """What the fake answers, later."""
        self.asked.append((actor, operation))
        await self.go_on.wait()
        raise Unauthenticated


async def at_once(client: Client, names: list[str]) -> list[int]:
    """The statuses of attempts at all of these accounts, begun before any is answered."""
    statuses: list[int] = []

    async def attempt(name: str) -> None:
        statuses.append((await login(client, name)).status)

    async with anyio.create_task_group() as tasks:
        for name in names:
            tasks.start_soon(attempt, name)
        await anyio.wait_all_tasks_blocked()
        client.engine.go_on.set()  # type: ignore[attr-defined]
    return sorted(statuses)


async def test_attempts_at_once_are_no_way_around() -> None:
    """Of a hundred parallel guesses at one account no more are looked at than may fail."""
    client = Client(Waiting(limits=LIMITS), headers={})
    assert await at_once(client, ["ada"] * 100) == [401] * 2 + [429] * 98
    assert len(client.engine.asked) == 2
    refused = await login(client, "ada")
    assert (refused.status, header(refused, "retry-after")) == (429, "50")


async def test_attempts_at_several_accounts_at_once() -> None:
    """All that were under way get their answer; then the address is closed."""
    client = Client(Waiting(limits=LIMITS), headers={})
    assert await at_once(client, list("abcde")) == [401] * 5
    assert (await login(client, "f")).status == 429


async def test_an_account_is_one_whatever_it_is_called(client: Client) -> None:
    """Its username, its e-mail address and its number, however written, add up."""
    names = ("ada", "ada@example.com", "+4930123456", "+49 30 123456")
    client.engine.logins = dict.fromkeys(names, UserId("ada"))
    assert [(await login(client, name)).status for name in names] == [401, 401, 429, 429]
    assert (await login(client, "eve@example.com")).status == 401


async def test_codes_are_asked_for_a_few_times(client: Client) -> None:
    """By account, whoever asks, and by address, whoever is meant; unknown people count alike."""
    client.engine.logins = dict.fromkeys(("ada", "ada@example.com"), UserId("ada"))

    async def ask(name: str, address: str) -> int:
        body = {"login": name}
        return (
            await client("POST", "/v1/password/reset-request", json=body, address=address)
        ).status

    for one, other in (("ada", "ada@example.com"), ("nobody", "NOBODY")):
        asked = [await ask(one if at % 2 else other, f"192.0.2.{at}") for at in range(4)]
        assert asked == [200, 200, 200, 429]
    assert [await ask(f"user{at}", "192.0.2.9") for at in range(11)] == [200] * 10 + [429]
    assert (await login(client, "ada")).status == 401


async def test_codes_are_guessed_a_few_times(client: Client) -> None:
    """Wrong codes close an address, and no account."""
    body = {"code": "0000-0000", "new": "better than before"}
    statuses = [
        (await client("POST", "/v1/password/reset", json=body, address="192.0.2.1")).status
        for _ in range(3)
    ]
    assert statuses == [401, 401, 429]
    assert (await login(client, "ada", "right", "192.0.2.2")).status == 200


async def test_guests_come_in_a_few_times(client: Client) -> None:
    """An address brings as many as a family would, not a crowd."""
    most = Limits().guests_an_address
    came = [(await client("POST", "/v1/guests", address="192.0.2.1")).status for _ in range(most)]
    assert came == [201] * most
    assert (await client("POST", "/v1/guests", address="192.0.2.1")).status == 429


async def test_availability_is_asked_a_few_times(client: Client) -> None:
    """A few questions a minute are a person's; more are somebody's who collects names."""
    path = "/v1/availability?username=ada"
    asked = [(await client("GET", path, address="192.0.2.1")).status for _ in range(21)]
    assert asked == [200] * 20 + [429]
    assert (await client("GET", path, address="192.0.2.2")).status == 200


def test_attempts_under_way_count_until_they_are_over() -> None:
    """As many as may fail run side by side; when they succeeded, others may."""
    failures = LoginFailures(LIMITS, FakeClock())
    attempt = partial(failures.attempt, Login("ada", "right"), ANONYMOUS)
    for _ in range(2):
        with attempt(), attempt():
            with pytest.raises(RateLimited) as refused, attempt():
                pytest.fail("a third one ran")
            assert refused.value.retry_after == 1.0


async def test_phone_numbers_are_not_to_be_tried_out(client: Client) -> None:
    """A user asks after so many numbers in an hour; asking by id is another matter."""
    bearer = {"authorization": "Bearer secret"}

    async def ask(**fields: str) -> int:
        response = await client("POST", "/v1/contacts", json=fields, headers=bearer)
        return response.status

    assert [await ask(phone=f"+4930123456{n}") for n in range(3)] == [200, 200, 429]
    assert await ask(user_id="somebody") == 200
