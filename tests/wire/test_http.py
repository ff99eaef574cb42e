"""The HTTP layer as a whole: routes, errors, and the headers of every answer."""

import logging

import pytest

from chatcore import errors, policy
from chatcore.config import Limits
from chatcore.operations import GetMe, SendMessage, spec_of, specs
from chatcore.wire.problems import STATUS
from chatcore.wire.routes import ROUTES, OperationRoute, _tree, match
from chatcore.wire.settings import HttpSettings
from tests.wire.http_fakes import ADA, Client, FakeEngine, content, header, loads, message

pytestmark = pytest.mark.anyio

NOT_OVER_HTTP = {"messages.import", "receipts.explain", "users.import"}
"""For the host's own code alone."""

ALLOWED = HttpSettings(allowed_origins={"https://app.example"})  # type: ignore[arg-type]


def test_every_operation_has_one_route() -> None:
    """Nothing that a client may ask is missing from the table, and nothing stands there twice."""
    routed = [route.name for route in ROUTES]
    assert sorted(set(routed)) == sorted(routed)
    left = [spec for spec in specs() if spec.method not in routed]
    assert {spec.method for spec in left} == NOT_OVER_HTTP
    assert {policy.TABLE[spec.cls].who for spec in left} == {"operator"}


def test_every_route_leads_to_itself() -> None:
    """Each template with its names filled in finds its own row and gives the names back."""
    for route in ROUTES:
        path = route.path.replace("{", "").replace("}", "")
        found = match(path)
        assert found is not None
        assert found.routes[route.method] is route
        assert found.parameters(route) == {name: name for name in route.parameters}


def test_parameters_are_fields() -> None:
    """Each name in a path is a field of the route's operation."""
    for route in ROUTES:
        if isinstance(route, OperationRoute):
            assert spec_of(route.name) is route.operation.spec
            assert set(route.parameters) <= {
                name.rstrip("_") for name in route.operation.__annotations__
            }


def test_a_route_stands_once() -> None:
    """A second row for a method and path is refused when the table is read."""
    with pytest.raises(ValueError, match="two routes for GET /healthz"):
        _tree((ROUTES[-2], ROUTES[-2]))


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/v1",
        "/v1/",
        "/v1/login/",
        "/v2/login",
        "v1/login",
        "x/v1/login",
        "/v1//login",
        "/v1/users/",
        "/v1/users/%ff",
        "/v1/conversations",
        "/v1/conversations/c1/messages/m1/reactions/",
        "/v1/%6cogin",
    ],
)
async def test_what_is_not_there_answers_alike(path: str) -> None:
    """An unknown path answers as an unknown id does: the same bytes, the same headers."""
    client = Client(FakeEngine(answer=lambda actor, operation: errors.NotFound()))
    unknown = await client("GET", "/v1/users/01")
    if path == "/v1/conversations":
        path += "/" + "x" * 5
    found = await client("GET", path)
    assert (found.status, found.body) == (404, unknown.body)
    assert header(found, "content-type") == "application/problem+json"


async def test_a_result_is_json() -> None:
    """What the engine answers is the body, with nulls left out, and nothing else is added."""
    client = Client(FakeEngine(answer=lambda actor, operation: message()))
    response = await client("GET", "/v1/conversations/c1/messages/m1")
    assert response.status == 200
    assert loads(response) == {
        "id": "m1",
        "conversation_id": "c1",
        "seq": 1,
        "rev": 1,
        "sender_id": "ada",
        "kind": "text",
        "body": "hello",
        "attachments": [],
        "mentions": [],
        "reactions": [],
        "created_at": "2026-03-04T12:00:00.000Z",
        "updated_at": "2026-03-04T12:00:00.000Z",
        "version": 1,
    }
    assert header(response, "content-type") == "application/json"
    assert client.engine.asked[0][0] == ADA


@pytest.mark.parametrize(("replayed", "status"), [(None, 201), (True, 200)])
async def test_a_repeat_answers_200(replayed: bool | None, status: int) -> None:
    """What was made answers 201, and 200 when the same key comes again."""
    client = Client(FakeEngine(answer=lambda actor, operation: message(replayed=replayed)))
    response = await client("POST", "/v1/conversations/c1/messages", json={"body": "hello"})
    assert response.status == status
    assert loads(response).get("replayed") == replayed


@pytest.mark.parametrize(
    "error",
    [
        errors.Unauthenticated("Sign in"),
        errors.Forbidden(),
        errors.NotFound(),
        errors.Conflict("No"),
        errors.VersionConflict(),
        errors.KeyReused(),
        errors.Invalid.field("body", "too long"),
        errors.TooLarge(),
        errors.RateLimited(retry_after=2.2),
        errors.Unavailable(),
        errors.UnknownOutcome(retry_after=3),
        errors.Internal(),
    ],
    ids=lambda error: error.code,
)
async def test_errors_are_problems(error: errors.ChatError) -> None:
    """Each error has the status of its code, and its body says what and when to retry."""
    client = Client(FakeEngine(answer=lambda actor, operation: error))
    response = await client("GET", "/v1/me")
    body = loads(response)
    assert response.status == body["status"] == STATUS[error.code]
    assert header(response, "content-type") == "application/problem+json"
    assert (body["code"], body["detail"]) == (error.code, error.detail)
    waits = {"rate_limited": "3", "unavailable": "1", "unknown_outcome": "3"}
    assert header(response, "retry-after") == waits.get(error.code)
    assert header(response, "www-authenticate") == ("Bearer" if response.status == 401 else None)


@pytest.mark.parametrize(
    "error", [RuntimeError("secret"), errors.MissingExtra("Secret", "media")], ids=["bug", "set-up"]
)
async def test_a_defect_tells_nothing(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    """What broke is logged, and the client hears only that something did."""
    client = Client(FakeEngine(answer=lambda actor, operation: error))
    with caplog.at_level(logging.ERROR):
        response = await client("GET", "/v1/me")
    assert (response.status, loads(response)["code"]) == (500, "internal")
    assert "ecret" not in str(response.body)
    assert caplog.records[0].exc_info is not None


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/v1/login", "OPTIONS, POST"),
        ("POST", "/v1/me", "GET, HEAD, OPTIONS, PATCH"),
        ("get", "/v1/me", "GET, HEAD, OPTIONS, PATCH"),
        ("HEAD", "/v1/login", "OPTIONS, POST"),
        ("POST", "/healthz", "GET, HEAD, OPTIONS"),
    ],
)
async def test_a_wrong_method_is_told_the_right_ones(method: str, path: str, allowed: str) -> None:
    """405 with Allow, as a problem."""
    response = await Client()(method, path)
    assert (response.status, header(response, "allow")) == (405, allowed)
    assert header(response, "content-type") == "application/problem+json"


async def test_head_is_get_without_the_body() -> None:
    """The same status and headers, Content-Length included, and no body."""
    client = Client(FakeEngine(answer=lambda actor, operation: message()))
    asked = await client("GET", "/v1/me")
    head = await client("HEAD", "/v1/me")
    assert head.body == b""
    assert header(head, "content-length") == str(len(await content(asked)))
    # Each of them was counted.
    assert [pair for pair in head.headers if pair[0] != "RateLimit"] == [
        pair for pair in asked.headers if pair[0] != "RateLimit"
    ]


@pytest.mark.parametrize("path", ["/v1/me", "/v1/nothing", "/healthz", "/v1/openapi.json"])
async def test_every_answer_is_safe_in_a_browser(path: str) -> None:
    """Nothing sniffs, frames, runs, refers to, embeds or keeps an answer of the API."""
    response = await Client()("GET", path)
    assert header(response, "x-content-type-options") == "nosniff"
    assert header(response, "referrer-policy") == "no-referrer"
    assert header(response, "cache-control") == "no-store"
    assert header(response, "cross-origin-resource-policy") == "same-origin"
    assert header(response, "content-security-policy") == (
        "default-src 'none'; frame-ancestors 'none'"
    )
    assert header(response, "access-control-allow-origin") is None
    assert header(response, "vary") is None


@pytest.mark.parametrize(
    ("origin", "allowed"), [("https://app.example", True), ("https://evil.example", False)]
)
async def test_other_origins_read_only_where_allowed(origin: str, allowed: bool) -> None:
    """An origin in the settings may read answers, errors too; caches are told that it matters."""
    client = Client(settings=ALLOWED)
    for path in ("/v1/me", "/v1/nothing"):
        response = await client("GET", path, headers={"origin": origin})
        assert header(response, "vary") == "Origin"
        assert header(response, "access-control-allow-origin") == (origin if allowed else None)
        assert header(response, "access-control-allow-credentials") == ("true" if allowed else None)


async def test_without_cookies_no_credentials_cross_origins() -> None:
    """Where there is no cookie, browsers aren't told to send one."""
    settings = HttpSettings(cookies=False, allowed_origins=frozenset({"https://app.example"}))
    response = await Client(settings=settings)(
        "GET", "/v1/me", headers={"origin": "https://app.example"}
    )
    assert header(response, "access-control-allow-origin") == "https://app.example"
    assert header(response, "access-control-allow-credentials") is None


@pytest.mark.parametrize(
    ("origin", "methods"),
    [("https://app.example", "GET, HEAD, OPTIONS, PATCH"), ("https://evil.example", None)],
)
async def test_a_preflight_is_answered(origin: str, methods: str | None) -> None:
    """OPTIONS says what there is; only an allowed origin is told that it may."""
    response = await Client(settings=ALLOWED)("OPTIONS", "/v1/me", headers={"origin": origin})
    assert (response.status, response.body) == (204, b"")
    assert header(response, "allow") == "GET, HEAD, OPTIONS, PATCH"
    assert header(response, "access-control-allow-methods") == methods
    assert header(response, "content-length") is None
    assert "Idempotency-Key" in (header(response, "access-control-allow-headers") or "") or (
        methods is None
    )


async def test_requests_are_counted() -> None:
    """The burst passes, one more is refused with what is left and when to come back."""
    limits = Limits(requests_burst=2, requests_a_minute=60)
    client = Client(FakeEngine(limits=limits))
    for left in ("1", "0"):
        response = await client("GET", "/v1/me")
        assert header(response, "ratelimit-policy") == '"requests";q=2;w=2'
        assert f";r={left};" in str(header(response, "ratelimit"))
    response = await client("GET", "/v1/me")
    assert (response.status, loads(response)["code"]) == (429, "rate_limited")
    assert header(response, "retry-after") == "1"
    assert header(response, "ratelimit") == '"requests";r=0;t=2'
    assert len(client.engine.asked) == 2
    client.engine.clock.advance(1.0)
    assert (await client("GET", "/v1/me")).status == 200


async def test_strangers_are_counted_by_address() -> None:
    """Who isn't signed in shares the rate of their address with nobody else."""
    client = Client(FakeEngine(limits=Limits(requests_burst=1)), headers={})
    path = "/v1/availability?username=ada"
    assert (await client("GET", path, address="192.0.2.1")).status == 200
    assert (await client("GET", path, address="192.0.2.1")).status == 429
    assert (await client("GET", path, address="192.0.2.2")).status == 200


async def test_sends_have_a_rate_of_their_own() -> None:
    """A send counts twice, and what is left of both is told."""
    client = Client(FakeEngine(limits=Limits(sends=1), answer=lambda actor, asked: message()))
    path = "/v1/conversations/c1/messages"
    response = await client("POST", path, json={"body": "one"})
    assert header(response, "ratelimit-policy") == '"requests";q=200;w=20, "sends";q=1;w=10'
    assert header(response, "ratelimit") == '"requests";r=199;t=1, "sends";r=0;t=10'
    response = await client("POST", path, json={"body": "two"})
    assert (response.status, header(response, "retry-after")) == (429, "10")
    assert (await client("GET", "/v1/me")).status == 200
    assert [type(operation) for _, operation in client.engine.asked] == [SendMessage, GetMe]


@pytest.mark.parametrize(("ready", "status"), [(True, 200), (False, 503)])
async def test_health(ready: bool, status: int) -> None:
    """The process answers by itself; whether it is ready is the database's word."""
    client = Client(FakeEngine(is_ready=ready), headers={})
    live = await client("GET", "/healthz")
    assert (live.status, loads(live)) == (200, {"status": "ok"})
    response = await client("GET", "/readyz")
    assert response.status == status
    assert header(response, "retry-after") == (None if ready else "1")
    assert (await client("HEAD", "/healthz")).status == 200


@pytest.mark.parametrize("name", ["openapi", "asyncapi"])
async def test_the_documents_are_served(name: str) -> None:
    """Both documents are there for everyone, and take no parameters."""
    client = Client(headers={})
    response = await client("GET", f"/v1/{name}.json")
    assert response.status == 200
    assert header(response, "content-type") == "application/json"
    assert loads(response)[name].startswith("3.")
    assert (await client("GET", f"/v1/{name}.json?x=1")).status == 422


async def test_every_handler_is_there() -> None:
    """A route without an operation is answered by name, and never by a defect."""
    client = Client()
    for route in ROUTES:
        response = await client(route.method, route.path.replace("{", "").replace("}", ""))
        assert response.status != 500
