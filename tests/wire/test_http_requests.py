"""From path, query and body to an operation: what is taken, and every way to get it wrong."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import anyio
import pytest
from attrs import evolve

from chatcore import operations as ops
from chatcore.config import Limits
from chatcore.operations import UNSET
from chatcore.wire.exchange import Disconnected, Request
from tests.wire.http_fakes import ADA, Client, FakeEngine, dumps, header, loads, message

pytestmark = pytest.mark.anyio

JSON = {"content-type": "application/json"}
MESSAGES = "/v1/conversations/c1/messages"


@pytest.fixture
def client() -> Client:
    """One that gets a message whatever it asks."""
    return Client(FakeEngine(answer=lambda actor, operation: message()))


@pytest.mark.parametrize(
    ("method", "target", "body", "expected"),
    [
        ("POST", "/v1/logout", None, ops.Logout()),
        ("POST", "/v1/logout", {}, ops.Logout()),
        ("GET", "/v1/users/u1", None, ops.GetUser("u1")),
        ("GET", "/v1/users/a%2Fb%20c", None, ops.GetUser("a/b c")),
        ("GET", "/v1/users/search?q=a+b%21", None, ops.SearchUsers("a b!")),
        ("GET", "/v1/users/search?q=", None, ops.SearchUsers("")),
        ("GET", "/v1/users?limit=7", None, ops.ListUsers(limit=7)),
        ("GET", "/v1/users?limit=-1", None, ops.ListUsers(limit=-1)),
        ("GET", "/v1/users?limit=0&cursor=x", None, ops.ListUsers(limit=0, cursor="x")),
        (
            "GET",
            f"{MESSAGES}?at=2026-03-04T05:06:07Z",
            None,
            ops.ListMessages("c1", at=datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)),
        ),
        ("GET", "/v1/presence?user_ids=a,b", None, ops.GetPresence(("a", "b"))),
        ("GET", "/v1/presence?user_ids=a&user_ids=b,c", None, ops.GetPresence(("a", "b", "c"))),
        ("GET", "/v1/presence?user_ids=", None, ops.GetPresence(())),
        ("DELETE", f"{MESSAGES}/m1?for=me", None, ops.DeleteMessage("c1", "m1", "me")),
        ("DELETE", f"{MESSAGES}/m1", {}, ops.DeleteMessage("c1", "m1")),
        ("PUT", f"{MESSAGES}/m1/reactions/%F0%9F%91%8D", None, ops.AddReaction("c1", "m1", "👍")),
        ("PUT", f"{MESSAGES}/m1/reactions/%2F", {}, ops.AddReaction("c1", "m1", "/")),
        ("PATCH", f"{MESSAGES}/m1", {"body": "x"}, ops.EditMessage("c1", "m1", "x")),
        ("PATCH", "/v1/me", {}, ops.UpdateMe()),
        ("PATCH", "/v1/me", {"bio": None}, ops.UpdateMe(bio=None, display_name=UNSET)),
        ("PUT", "/v1/presence", {"status": "dnd"}, ops.SetPresence("dnd")),
        (
            "POST",
            "/v1/conversations/c1/members",
            {"user_ids": ["a"], "share_history": True},
            ops.AddMembers("c1", ("a",), True),
        ),
        (
            "POST",
            "/v1/sync",
            {"streams": [{"stream": "me", "cursor": "x", "rev": 3}]},
            ops.Pull((ops.PullFrom(stream="me", cursor="x", rev=3),)),
        ),
    ],
)
async def test_requests_become_operations(
    client: Client, method: str, target: str, body: Any, expected: ops.Operation[Any]
) -> None:
    """Path, query and body fill the operation's fields, each as its annotation says."""
    response = await client(method, target, json=body)
    assert response.status in (200, 201)
    assert client.engine.asked[0][1] == expected


@pytest.mark.parametrize(
    ("method", "target", "path", "words"),
    [
        ("GET", "/v1/users?limit=07", "limit", "must be an integer"),
        ("GET", "/v1/users?limit=%2B7", "limit", "must be an integer"),
        ("GET", "/v1/users?limit=x", "limit", "must be an integer"),
        ("GET", "/v1/users?limit=", "limit", "must be an integer"),
        ("GET", "/v1/users?limit=1.0", "limit", "must be an integer"),
        ("GET", "/v1/users?limit=-0", "limit", "must be an integer"),
        ("GET", "/v1/users?limit=1%0a", "limit", "must be an integer"),
        ("GET", "/v1/users?limit=%EF%BC%97", "limit", "must be an integer"),
        ("GET", f"/v1/users?limit={'9' * 5000}", "limit", "must be an integer"),
        ("GET", "/v1/users?limit=1&limit=1", "limit", "given more than once"),
        ("GET", "/v1/users?limti=1", "limti", "unknown"),
        ("GET", "/v1/users?", None, None),
        ("GET", "/v1/users/u1?user_id=u2", "user_id", "stands in the path"),
        ("GET", f"{MESSAGES}?at=yesterday", "at", "must be a time (RFC 3339)"),
        ("POST", "/v1/logout?x=1", "x", "unknown"),
        ("PUT", "/v1/presence?status=dnd", "status", "unknown"),
        ("GET", "/v1/me?token=secret", "token", "a token is never taken from a URL"),
        ("POST", "/v1/logout?access_token=secret", "access_token", "a token is never taken"),
    ],
)
async def test_a_query_is_taken_literally(
    client: Client, method: str, target: str, path: str | None, words: str | None
) -> None:
    """Nothing in a query is guessed, coerced or overlooked: it fits or it is refused by name."""
    response = await client(method, target)
    if path is None:
        assert response.status == 200
        return
    assert (response.status, client.engine.asked) == (422, [])
    (problem,) = loads(response)["errors"]
    assert problem["path"] == path
    assert str(words) in problem["message"]


@pytest.mark.parametrize("query", ["q=%ff", "&".join(["q=x"] * 257)])
async def test_a_malformed_query_is_refused(client: Client, query: str) -> None:
    """Bytes that are no UTF-8, and more pairs than a JSON object may have keys."""
    response = await client("GET", f"/v1/users/search?{query}")
    assert (response.status, loads(response)["detail"]) == (422, "Malformed query")


@pytest.mark.parametrize(
    ("text", "value"), [("true", True), ("false", False), ("1", None), ("True", None)]
)
async def test_a_truth_is_spelt_out(text: str, value: bool | None) -> None:
    """A query says true or false, and nothing like them."""
    from chatcore.errors import Invalid
    from chatcore.wire.requests import _convert

    if value is None:
        with pytest.raises(Invalid):
            _convert("flag", [text], {"flag": bool})
    else:
        assert _convert("flag", [text], {"flag": bool | None}) is value


@pytest.mark.parametrize(
    ("body", "headers", "status", "detail"),
    [
        (b"{", JSON, 422, "Malformed JSON: not JSON"),
        (b"\xff", JSON, 422, "Malformed JSON: not JSON"),
        (b'{"body": "a", "body": "b"}', JSON, 422, "Malformed JSON: a key stands twice"),
        (b'{"body": NaN}', JSON, 422, "Malformed JSON: not JSON"),
        (b'{"body": "\\u0000"}', JSON, 422, "Malformed JSON: NUL"),
        (b'{"body": "\\ud800"}', JSON, 422, "Malformed JSON: not JSON"),
        (b"[" * 50_000, JSON, 422, "Malformed JSON: nested more than 16 deep"),
        (b'{"body": "a"} {}', JSON, 422, "Malformed JSON: not JSON"),
        (b"[]", JSON, 422, "Invalid request"),
        (b"null", JSON, 422, "Invalid request"),
        (b'"x"', JSON, 422, "Invalid request"),
        (b'{"body": "a"}', {}, 422, "The body must have the Content-Type"),
        (b'{"body": "a"}', {"content-type": "text/plain"}, 422, "The body must have"),
        (b"body=a", {"content-type": "application/x-www-form-urlencoded"}, 422, "The body must"),
        (b'{"bdoy": "a"}', JSON, 422, "Invalid request"),
        (b'{"conversation_id": "c1", "body": "a"}', JSON, 422, "Invalid request"),
        (b'{"for_": "me"}', JSON, 422, "Invalid request"),
        (b'{"upload_ids": {}}', JSON, 201, None),
    ],
)
async def test_a_bad_body_changes_nothing(
    client: Client, body: bytes, headers: dict[str, str], status: int, detail: str | None
) -> None:
    """Whatever is wrong with a body is said before the engine is asked."""
    response = await client("POST", MESSAGES, body=body, headers=headers)
    assert response.status == status
    if detail is not None:
        assert loads(response)["detail"].startswith(detail)
        assert client.engine.asked == []


async def test_a_media_type_may_have_parameters(client: Client) -> None:
    """The case of the type and its parameters don't matter."""
    headers = {"content-type": "Application/JSON; charset=utf-8"}
    response = await client("POST", MESSAGES, body=b'{"body": "a"}', headers=headers)
    assert response.status == 201


@pytest.mark.parametrize(
    ("size", "status"), [(0, 201), (1, 413)], ids=["at the limit", "one past it"]
)
@pytest.mark.parametrize("announced", [True, False])
async def test_a_body_is_bounded(client: Client, size: int, status: int, announced: bool) -> None:
    """A body of just the limit is read; one byte more is refused, said beforehand or not."""
    body = b'{"body": "a"}'
    body += b" " * (Limits().frame_bytes - len(body) + size)
    headers = JSON | ({"content-length": str(len(body))} if announced else {})
    response = await client("POST", MESSAGES, body=body, headers=headers)
    assert response.status == status
    if status == 413:
        assert loads(response)["code"] == "too_large"


async def test_an_endless_body_is_not_read_on(client: Client) -> None:
    """Reading stops at the limit, however much more would come."""
    given = 0

    def endless() -> Any:
        nonlocal given
        while True:
            given += 1
            yield b" " * 1024

    response = await client("POST", MESSAGES, body=endless(), headers=JSON)
    assert (response.status, given) == (413, 65)


@pytest.mark.parametrize("length", ["x", "", "-1", "9" * 5000, "²"])
async def test_a_strange_content_length_says_nothing(client: Client, length: str) -> None:
    """The body itself is what counts."""
    headers = JSON | {"content-length": length}
    response = await client("POST", MESSAGES, body=b'{"body": "a"}', headers=headers)
    assert response.status == 201


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_a_body_where_none_belongs_is_refused(client: Client, method: str) -> None:
    """Fields of a GET or DELETE travel in the query alone."""
    response = await client(method, f"{MESSAGES}/m1", json={"for": "me"})
    assert (response.status, client.engine.asked) == (422, [])


@pytest.mark.parametrize(
    ("sent", "key"),
    [
        ("k-1", "k-1"),
        ('"k-1"', "k-1"),
        ('"a\\"b\\\\c"', 'a"b\\c'),
        ("", ""),
        ('"unfinished', None),
        ('"a\\b"', None),
        ('"a" ', None),
        ('"a", "b"', None),
    ],
)
async def test_the_header_is_the_key(client: Client, sent: str, key: str | None) -> None:
    """Quoted or bare, the Idempotency-Key header is the field ``key``."""
    response = await client("POST", MESSAGES, json={"body": "a"}, headers={"idempotency-key": sent})
    if key is None:
        assert (response.status, loads(response)["errors"][0]["path"]) == (422, "key")
    else:
        assert client.engine.asked[0][1].key == key


@pytest.mark.parametrize(
    ("field", "status"), [("k", 201), (None, 201), ("other", 422), (1, 422), ("", 422)]
)
async def test_header_and_field_agree(client: Client, field: Any, status: int) -> None:
    """Where both are given they must be the same."""
    response = await client(
        "POST", MESSAGES, json={"body": "a", "key": field}, headers={"idempotency-key": "k"}
    )
    assert response.status == status


async def test_a_key_is_taken_where_there_is_one(client: Client) -> None:
    """Creating a conversation takes the header; a reaction's ``key`` is another thing."""
    headers = {"idempotency-key": "k"}
    await client("POST", "/v1/conversations", json={"kind": "self"}, headers=headers)
    await client("PUT", f"{MESSAGES}/m1/reactions/x", headers=headers)
    assert [operation.key for _, operation in client.engine.asked] == ["k", "x"]


async def test_every_problem_is_named(client: Client) -> None:
    """One answer names every field that doesn't fit."""
    response = await client("POST", "/v1/login", json={"user": "x"})
    assert response.status == 422
    assert {"path": "password", "message": "required"} in loads(response)["errors"]
    assert json.loads(dumps(loads(response)["errors"]))
    assert header(response, "content-type") == "application/problem+json"


async def test_a_request_may_have_no_body_at_all(client: Client) -> None:
    """A request as a value needs a method and a path, and its names are in any case."""
    bare = Request(method="POST", path="/v1/logout", headers=[("AUTHORIZATION", "Bearer secret")])
    assert (await client.http.handle(bare)).status == 200
    assert client.engine.asked == [(ADA, ops.Logout())]


async def test_a_client_that_goes_away_is_no_defect(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    """What an adapter raises out of the body is an answer that nobody reads."""

    def cut_off() -> Any:
        yield b"{"
        raise Disconnected

    response = await client("POST", MESSAGES, body=cut_off(), headers=JSON)
    assert (response.status, caplog.records) == (422, [])


class Trickle(AsyncIterator[bytes]):
    """A body whose end doesn't come."""

    def __init__(self, *chunks: bytes) -> None:
        self._chunks = list(chunks)

    async def __anext__(self) -> bytes:
        if not self._chunks:
            await anyio.sleep_forever()
        return self._chunks.pop(0)


@pytest.mark.parametrize(
    ("target", "media_type", "chunks"),
    [
        ("/v1/login", "application/json", [b"{"]),
        ("/v1/uploads?name=a.png", "image/png", [b"x", b"y"]),
        ("/v1/uploads", 'multipart/form-data; boundary="b"', [b"--b\r\n"]),
    ],
)
async def test_a_body_that_doesnt_come_is_given_up(
    target: str, media_type: str, chunks: list[bytes]
) -> None:
    """Whoever sends a piece and then nothing is told so; the engine was never asked."""
    client = Client(FakeEngine(limits=Limits(body_s=0.05)))
    request = client.request("POST", target, headers={"content-type": media_type})
    response = await client.http.handle(evolve(request, body=Trickle(*chunks)))
    assert response.status == 422
    assert "body has to come" in loads(response)["detail"]
    assert client.engine.asked == client.engine.uploaded == []
