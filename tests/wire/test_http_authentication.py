"""Bearer tokens, the session cookie, and what keeps other sites from using it."""

from collections.abc import Mapping
from typing import Any

import pytest

from chatcore.errors import Unauthenticated
from chatcore.ids import SessionId, UserId
from chatcore.models import Actor, Done
from chatcore.operations import Login, Logout, Operation, Register, Resume
from chatcore.wire.authentication import cookie_value
from chatcore.wire.exchange import Request
from chatcore.wire.settings import HttpSettings
from tests.wire.http_fakes import ADA, Client, FakeEngine, authenticated, header, loads

pytestmark = pytest.mark.anyio

BEN = Actor(UserId("ben"), SessionId("s2"))
COOKIE = {"cookie": "chatcore_session=secret"}
OURS = {"host": "chat.example", "origin": "https://chat.example"}
LOGIN = {"login": "ada", "password": "correct horse"}


def answers(actor: Actor, operation: Operation[Any]) -> Any:
    """Signs in whoever asks for it."""
    match operation:
        case Login() | Register():
            return authenticated()
        case Resume():
            return authenticated(token=None)
    return Done()


def client(**settings: Any) -> Client:
    """One without any token of its own."""
    engine = FakeEngine(answer=answers, tokens={"secret": ADA, "other": BEN})
    return Client(engine, HttpSettings(**settings), headers={})


@pytest.mark.parametrize(
    ("headers", "actor"),
    [
        ({}, None),
        ({"authorization": "Bearer secret"}, "ada"),
        ({"authorization": "bearer  secret "}, "ada"),
        ({"authorization": "Basic c2VjcmV0"}, None),
        ({"authorization": "Basic c2VjcmV0", **COOKIE}, "ada"),
        (COOKIE, "ada"),
        ({"cookie": "a=b; chatcore_session=secret ; c"}, "ada"),
        ({"cookie": "chatcore_session=outdated"}, None),
        ({"cookie": "chatcore_session=secret; chatcore_session=other"}, None),
        ({"cookie": "Chatcore_session=secret"}, None),
        ({"authorization": "Bearer other", **COOKIE}, "ben"),
    ],
)
async def test_who_asks(headers: Mapping[str, str], actor: str | None) -> None:
    """The bearer token says it, else the cookie, else nobody does."""
    asking = client()
    response = await asking("GET", "/v1/me", headers=headers)
    assert response.status == 200
    assert asking.engine.asked[0][0].user_id == actor


@pytest.mark.parametrize("sent", ["Bearer outdated", "Bearer", "Bearer ", "Bearer a, Bearer b"])
async def test_a_bad_bearer_token_is_refused(sent: str) -> None:
    """Whoever shows a token means it: nothing else is tried in its place."""
    asking = client()
    response = await asking("GET", "/v1/me", headers={"authorization": sent, **COOKIE})
    assert (response.status, loads(response)["code"]) == (401, "unauthenticated")
    assert header(response, "www-authenticate") == "Bearer"
    assert asking.engine.asked == []


async def test_cookies_can_be_switched_off() -> None:
    """Then none is read and none is set."""
    asking = client(cookies=False)
    await asking("POST", "/v1/logout", headers=COOKIE)
    response = await asking("POST", "/v1/login", json=LOGIN)
    assert asking.engine.asked[0][0].user_id is None
    assert header(response, "set-cookie") is None


async def test_an_outdated_cookie_does_not_stand_in_the_way() -> None:
    """Signing in works although the browser still sends yesterday's cookie."""
    headers = OURS | {"cookie": "chatcore_session=outdated"}
    response = await client()("POST", "/v1/login", json=LOGIN, headers=headers)
    assert response.status == 200


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "none"}, True),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "nonsense"}, False),
        ({"sec-fetch-site": "cross-site", **OURS}, False),
        ({"sec-fetch-site": "cross-site", "origin": "https://app.example"}, True),
        (OURS, True),
        ({"host": "chat.example", "origin": "http://chat.example"}, True),
        ({"host": "Chat.Example:8080", "origin": "http://chat.example:8080"}, True),
        ({"host": "chat.example", "origin": "https://chat.example:444"}, False),
        ({"host": "chat.example", "origin": "https://evil.example"}, False),
        ({"host": "chat.example", "origin": "https://chat.example.evil.example"}, False),
        ({"host": "chat.example", "origin": "null"}, False),
        ({"host": "chat.example", "origin": ""}, False),
        ({"origin": "https://chat.example"}, False),
        ({"origin": "https://app.example"}, True),
        ({}, False),
    ],
)
async def test_another_site_cannot_use_the_cookie(
    headers: Mapping[str, str], allowed: bool
) -> None:
    """A change counts only where the browser says that one of our own pages asked for it."""
    asking = client(allowed_origins={"https://app.example"})
    response = await asking("POST", "/v1/logout", headers=COOKIE | dict(headers))
    assert response.status == (200 if allowed else 403)
    assert len(asking.engine.asked) == allowed
    if not allowed:
        assert loads(response)["code"] == "forbidden"


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [({}, True), (OURS, True), (OURS | {"origin": "https://evil.example"}, False)],
)
async def test_another_site_cannot_sign_one_in(headers: Mapping[str, str], allowed: bool) -> None:
    """Signing in is protected without a cookie, too; what is no browser needs no such header."""
    response = await client()("POST", "/v1/login", json=LOGIN, headers=headers)
    assert response.status == (200 if allowed else 403)


@pytest.mark.parametrize("headers", [COOKIE, COOKIE | {"sec-fetch-site": "cross-site"}])
async def test_reading_is_safe(headers: Mapping[str, str]) -> None:
    """What changes nothing needs no protection: another page can't read the answer."""
    assert (await client()("GET", "/v1/me", headers=headers)).status == 200


async def test_a_bearer_token_needs_no_protection() -> None:
    """No other page can send it."""
    headers = {"authorization": "Bearer secret", "sec-fetch-site": "cross-site"}
    assert (await client()("POST", "/v1/logout", headers=headers)).status == 200


@pytest.mark.parametrize(("verdict", "status"), [(True, 200), (False, 403)])
async def test_the_host_may_bring_its_own_protection(verdict: bool, status: int) -> None:
    """Its verdict replaces ours, for the cookie and for signing in."""
    seen: list[Request] = []

    def verify(request: Request) -> bool:
        seen.append(request)
        return verdict

    asking = client(csrf=verify)
    assert (await asking("POST", "/v1/logout", headers=COOKIE)).status == status
    assert (await asking("POST", "/v1/login", json=LOGIN)).status == status
    assert [request.path for request in seen] == ["/v1/logout", "/v1/login"]


@pytest.mark.parametrize(
    ("settings", "scheme", "attributes"),
    [
        ({}, "http", "HttpOnly; SameSite=Lax"),
        ({}, "https", "HttpOnly; SameSite=Lax; Secure"),
        ({"secure": True, "same_site": "strict"}, "http", "HttpOnly; SameSite=Strict; Secure"),
        ({"secure": False}, "https", "HttpOnly; SameSite=Lax"),
        ({"secure": True, "same_site": "none"}, "http", "HttpOnly; SameSite=None; Secure"),
    ],
)
async def test_signing_in_sets_the_cookie(
    settings: dict[str, Any], scheme: str, attributes: str
) -> None:
    """Logging in and registering keep the token where no script can read it."""
    asking = client(**settings)
    for path, body in (("login", LOGIN), ("register", {"username": "ada", "password": "x"})):
        response = await asking("POST", f"/v1/{path}", json=body, scheme=scheme)
        assert header(response, "set-cookie") == (
            f"chatcore_session=secret; Path=/; Max-Age=2592000; {attributes}"
        )
        assert loads(response)["session"]["token"] == "secret"


@pytest.mark.parametrize(
    ("headers", "token"),
    [({"authorization": "Bearer other"}, "other"), (COOKIE | OURS, "secret"), ({}, None)],
)
async def test_resuming_renews_the_cookie(headers: Mapping[str, str], token: str | None) -> None:
    """It holds the token that was shown, since the answer has none."""
    response = await client()("POST", "/v1/resume", headers=headers)
    kept = header(response, "set-cookie")
    assert (kept and kept.partition(";")[0]) == (token and f"chatcore_session={token}")
    assert "token" not in loads(response)["session"]


async def test_logging_out_clears_the_cookie() -> None:
    """Whatever authenticated the request."""
    response = await client()("POST", "/v1/logout", headers={"authorization": "Bearer secret"})
    assert header(response, "set-cookie") == (
        "chatcore_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"
    )


async def test_a_failed_login_sets_no_cookie() -> None:
    """Nor does it clear one."""
    asking = Client(FakeEngine(answer=lambda actor, asked: Unauthenticated("Wrong")), headers={})
    response = await asking("POST", "/v1/login", json=LOGIN)
    assert (response.status, header(response, "set-cookie")) == (401, None)


@pytest.mark.parametrize(
    ("header_name", "sent", "address"),
    [
        (None, "192.0.2.9", "192.0.2.1"),
        ("X-Forwarded-For", "192.0.2.8, 192.0.2.9", "192.0.2.9"),
        ("x-forwarded-for", "192.0.2.9", "192.0.2.9"),
        ("x-real-ip", "192.0.2.9", "192.0.2.1"),
    ],
)
async def test_a_proxy_is_trusted_only_by_setting(
    header_name: str | None, sent: str, address: str
) -> None:
    """The connection's address counts, unless a header is named: then its last entry."""
    asking = client(address_header=header_name)
    headers = {"x-forwarded-for": sent, "user-agent": "test/1"}
    await asking("GET", "/v1/availability", headers=headers, address="192.0.2.1")
    await asking("GET", "/v1/me", headers=headers | COOKIE, address="192.0.2.1")
    assert asking.engine.asked[0][0] == Actor(None, address=address, user_agent="test/1")
    assert asking.engine.shown == [("secret", address, "test/1")]


@pytest.mark.parametrize(
    ("headers", "user"),
    [
        ({"authorization": "Bearer other"}, "ben"),
        ({"authorization": "Bearer outdated"}, None),
        ({"authorization": "Bearer"}, None),
        (COOKIE | OURS, "ada"),
        (COOKIE | {"sec-fetch-site": "same-origin"}, "ada"),
        (COOKIE | {"origin": "https://app.example"}, "ada"),
        (COOKIE | OURS | {"origin": "https://evil.example"}, None),
        (COOKIE, None),
        (OURS, None),
        (OURS | {"cookie": "chatcore_session=outdated"}, None),
    ],
)
async def test_a_websocket_takes_the_cookie_from_our_pages(
    headers: Mapping[str, str], user: str | None
) -> None:
    """Any page may open a socket with our cookie; only for ours does it count."""
    asking = client(allowed_origins={"https://app.example"})
    request = asking.request("GET", "/v1/realtime", headers=headers)
    actor = await asking.http._authentication.websocket(request)
    assert (actor and actor.user_id) == user


@pytest.mark.parametrize(
    "settings",
    [
        {"same_site": "none"},
        {"same_site": "none", "secure": False},
        {"same_site": "sometimes"},
        {"cookie_name": "__Host-chat"},
        {"cookie_name": "a b"},
        {"cookie_name": ""},
        {"allowed_origins": ["https://chat.example/"]},
        {"allowed_origins": ["chat.example"]},
        {"allowed_origins": ["https://Chat.example"]},
        {"allowed_origins": ["https://"]},
        {"allowed_origins": ["*"]},
    ],
)
def test_settings_that_do_not_fit_are_refused(settings: dict[str, Any]) -> None:
    """When they are made, not when the first request comes."""
    with pytest.raises(ValueError, match=r".+"):
        HttpSettings(**settings)


def test_settings_that_fit_are_taken() -> None:
    """A cookie bound to its host, and an origin with a port."""
    settings = HttpSettings(
        cookie_name="__Host-chat",
        secure=True,
        allowed_origins=frozenset({"http://localhost:3000"}),
    )
    assert settings.allowed_origins == {"http://localhost:3000"}


def test_cookies_are_read_by_name() -> None:
    """The same value twice is still one; a name without a value is an empty one."""
    request = Request(
        method="GET", path="/", headers=(("Cookie", "a=1; a=1"), ("cookie", "b; c=x=y"))
    )
    assert [cookie_value(request, name) for name in "abcd"] == ["1", "", "x=y", None]


async def test_logout_reaches_the_engine() -> None:
    """As the actor of the cookie."""
    asking = client()
    await asking("POST", "/v1/logout", headers=COOKIE | OURS)
    assert asking.engine.asked == [(ADA, Logout())]
