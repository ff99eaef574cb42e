"""The example application as a whole: a real engine behind Starlette, asked as clients would."""

import io
import json
import threading
import zlib
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import anyio
import argon2
import httpx2
import pytest
from attrs import define, field
from PIL import Image
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from chatcore.config import Limits
from chatcore.policy import TABLE
from chatcore.ports.identity import Hasher
from chatcore.security.passwords import Argon2Hasher
from chatcore.wire.routes import ROUTES, OperationRoute
from chatcore.wire.session import SUBPROTOCOL

pytestmark = pytest.mark.anyio

EXAMPLE = Path(__file__).parents[2] / "examples" / "starlette_app.py"
HASHER = Argon2Hasher(argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
PASSWORD = "correct horse battery"


def make_app(folder: Path, **options: Any) -> Starlette:
    """The example's application, on a database and files of its own."""
    spec = spec_from_file_location("starlette_app", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    options = {"hasher": HASHER} | options
    app = module.create_app(f"sqlite:///{folder}/chat.db", str(folder / "files"), **options)
    assert isinstance(app, Starlette)
    return app


@define
class Browser:
    """One person's client, signed in with a token."""

    app: Starlette
    headers: dict[str, str] = field(factory=dict)
    id: str = ""

    async def __call__(self, method: str, path: str, **more: Any) -> httpx2.Response:
        transport = httpx2.ASGITransport(self.app)
        headers = self.headers | more.pop("headers", {})
        async with httpx2.AsyncClient(transport=transport, base_url="http://chat.test") as client:
            return await client.request(method, path, headers=headers, **more)


async def sign_up(app: Starlette, name: str) -> Browser:
    """A new person."""
    browser = Browser(app)
    body = {"username": name, "password": PASSWORD}
    answer = (await browser("POST", "/v1/register", json=body)).json()
    browser.headers["authorization"] = f"Bearer {answer['session']['token']}"
    browser.id = answer["user"]["id"]
    return browser


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[Starlette]:
    """The application, open."""
    # Each route is asked over and over: what is counted is tested elsewhere.
    made = make_app(tmp_path, limits=Limits(requests_burst=10_000, sends=1_000))
    async with made.router.lifespan_context(made):
        yield made


def picture() -> bytes:
    """A small PNG."""
    held = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(held, "PNG")
    return held.getvalue()


async def test_a_day_in_the_life(app: Starlette) -> None:
    """Two people sign up, talk, react, read, and one leaves; a repeat is the same message."""
    ann, ben = await sign_up(app, "ann"), await sign_up(app, "ben")
    made = await ann("POST", "/v1/conversations", json={"kind": "direct", "user_id": ben.id})
    assert made.status_code == 201
    again = await ben("POST", "/v1/conversations", json={"kind": "direct", "user_id": ann.id})
    assert (again.status_code, again.json()["id"]) == (200, made.json()["id"])
    messages = f"/v1/conversations/{made.json()['id']}/messages"
    key = {"idempotency-key": '"k-1"'}
    sent = await ann("POST", messages, json={"body": "hello"}, headers=key)
    repeated = await ann("POST", messages, json={"body": "hello", "key": "k-1"})
    other = await ann("POST", messages, json={"body": "goodbye"}, headers=key)
    assert [one.status_code for one in (sent, repeated, other)] == [201, 200, 422]
    assert repeated.json()["replayed"] is True
    assert other.json()["code"] == "key_reused"
    one = f"{messages}/{sent.json()['id']}"
    assert (await ben("PUT", f"{one}/reactions/%F0%9F%91%8D")).status_code == 200
    assert (await ben("PUT", f"{one}/reactions/a%2Fb")).status_code == 200
    listed = (await ann("GET", f"{messages}?limit=10")).json()["items"]
    assert [item["key"] for item in listed[0]["reactions"]] == ["👍", "a/b"]
    receipts = f"/v1/conversations/{made.json()['id']}/receipts"
    assert (await ben("POST", receipts, json={"read_seq": 1})).json()["unread"] == 0
    assert (await ben("DELETE", f"{one}?for=everyone")).status_code == 403
    assert (await ann("DELETE", f"{one}?for=everyone")).json()["deleted"]["by"] == ann.id
    assert (await ann("POST", "/v1/logout")).status_code == 200
    assert (await ann("GET", "/v1/me")).status_code == 401


async def test_a_browser_keeps_its_session_in_a_cookie(app: Starlette) -> None:
    """Signing in sets it, it authenticates, other sites can't use it, signing out clears it."""
    transport = httpx2.ASGITransport(app)
    ours = {"origin": "http://chat.test"}
    async with httpx2.AsyncClient(transport=transport, base_url="http://chat.test") as client:
        body = {"username": "ann", "password": PASSWORD}
        await client.post("/v1/register", json=body, headers=ours)
        assert (await client.get("/v1/me")).json()["username"] == "ann"
        assert (await client.patch("/v1/me", json={"bio": "x"})).status_code == 403
        assert (await client.patch("/v1/me", json={"bio": "x"}, headers=ours)).status_code == 200
        assert (await client.post("/v1/logout", headers=ours)).status_code == 200
        assert not client.cookies
        assert (await client.get("/v1/me")).status_code == 401


IDS = {"conversation_id", "message_id", "user_id", "session_id", "upload_id"}
EVERYBODY_SEES = {"blocks.add", "blocks.remove", "users.get"}
GUARDED = [
    one
    for one in ROUTES
    if IDS & set(one.parameters)
    and one.name not in EVERYBODY_SEES
    and not (isinstance(one, OperationRoute) and TABLE[one.operation].who == "operator")
]


async def test_what_is_hidden_is_not_there(app: Starlette) -> None:
    """An outsider gets the same bytes for a thing, for one never made and for what is no id."""
    ann, eve = await sign_up(app, "ann"), await sign_up(app, "eve")
    group = (await ann("POST", "/v1/conversations", json={"kind": "group", "title": "g"})).json()
    sent = await ann("POST", f"/v1/conversations/{group['id']}/messages", json={"body": "x"})
    kept = await ann("POST", "/v1/uploads?name=a.png", content=picture())
    sessions = (await ann("GET", "/v1/sessions")).json()["items"]
    names = {
        "conversation_id": group["id"],
        "message_id": sent.json()["id"],
        "user_id": ann.id,
        "session_id": sessions[0]["id"],
        "upload_id": kept.json()["upload_id"],
        "key": "x",
    }
    ids = {one for route in GUARDED for one in route.parameters}
    never = dict.fromkeys(ids, "01jd3v7q8xk2m4n6p8r0s2t4v6") | {"key": "x"}
    names = never | names
    malformed = [
        dict.fromkeys(ids, text) | {"key": "x"}
        for text in ("x", "x" * 300, "%00", "..%2F..", "%F0%9F%92%A9", "%ED%A0%80", "me")
    ]
    paths = (await eve("GET", "/v1/openapi.json")).json()["paths"]
    for route in GUARDED:
        asked = paths[route.path][route.method.lower()].get("requestBody", {})
        right = asked.get("content", {}).get("application/json", {}).get("example")
        answers = [
            await eve(route.method, route.path.format(**values), json=right)
            for values in (names, never, *malformed)
        ]
        assert {answer.status_code for answer in answers} == {404}, route.name
        assert len({answer.content for answer in answers}) == 1, route.name
        told = {
            tuple(pair for pair in answer.headers.multi_items() if "ratelimit" not in pair[0])
            for answer in answers
        }
        assert len(told) == 1, route.name
    own = await ann("GET", f"/v1/conversations/{group['id']}")
    assert own.json()["rev"] == group["rev"] + 1


WITHOUT_FIELDS = {"accounts.logout", "accounts.resume"}
"""What an empty object is right for."""

WRONG = [
    b"\x00",
    b"\xff\xfe",
    b"null",
    b"[]",
    b'""',
    b"{",
    b"{}{}",
    b'{"a":' * 2_000,
    b'{"__class__": "User"}',
    b'{"body": 1, "kind": [], "title": {}, "user_ids": "x", "streams": [1], "status": null}',
    b'{"body": "\\u0000"}',
    b'{"body": "\\ud83d"}',
    b'{"body": NaN}',
    b'{"body": "a", "body": "b"}',
    b" " * 70_000,
]


async def test_no_bad_body_breaks_anything(tmp_path: Path) -> None:
    """Every route takes every kind of rubbish, answers it with an error and changes nothing."""
    many = dict.fromkeys(("requests_burst", "requests_burst_an_address", "sends"), 10_000)
    many |= dict.fromkeys(("joins_a_minute", "reports_an_hour", "contact_requests_an_hour"), 10_000)
    app = make_app(tmp_path, limits=Limits(searches_a_minute=10_000, **many))
    seen: Counter[int] = Counter()
    async with app.router.lifespan_context(app):
        ann = await sign_up(app, "ann")
        before = (await ann("POST", "/v1/sync/heads", json={})).json()["heads"]
        for route in ROUTES:
            if not isinstance(route, OperationRoute) or route.name in WITHOUT_FIELDS:
                continue
            path = route.path.replace("{", "").replace("}", "")
            for body in WRONG:
                headers = {"content-type": "application/json"}
                response = await ann(route.method, path, content=body, headers=headers)
                seen[response.status_code] += 1
                wrong = (route.name, body[:50], response.text)
                assert response.status_code in (404, 413, 422), wrong
        after = (await ann("POST", "/v1/sync/heads", json={})).json()["heads"]
    assert [(head["stream"], head["rev"]) for head in after] == [
        (head["stream"], head["rev"]) for head in before
    ]
    assert min(seen[413], seen[422]) > 20


async def test_files_come_back_as_they_were(app: Starlette) -> None:
    """A picture with its thumbnail, in whole and in part; a page that calls itself a picture."""
    ann = await sign_up(app, "ann")
    data = picture()
    form = {"file": ("../../c\u0430t.png", data, "text/html")}
    kept = await ann("POST", "/v1/uploads", files=form)
    assert kept.status_code == 201
    info = kept.json()
    content, thumbnail = f"/v1/{info['url']}", f"/v1/{info['thumbnail_url']}"
    assert (info["name"], info["media_type"], info["size"]) == ("cаt.png", "image/png", len(data))
    whole = await ann("GET", content)
    assert (whole.content, whole.headers["content-type"]) == (data, "image/png")
    assert whole.headers["content-disposition"].startswith("inline;")
    part = await ann("GET", content, headers={"range": "bytes=1-3"})
    assert (part.status_code, part.content) == (206, b"PNG")
    same = await ann("GET", content, headers={"if-none-match": whole.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")
    small = await ann("GET", thumbnail)
    assert small.status_code == 200
    assert len(small.content) == int(small.headers["content-length"])
    head = await ann("HEAD", thumbnail)
    assert (head.content, head.headers["content-length"]) == (b"", str(len(small.content)))
    body = b"<!doctype html><script>alert(1)</script>"
    page = (await ann("POST", "/v1/uploads?name=cat.png", content=body)).json()
    served = await ann("GET", f"/v1/{page['url']}")
    assert served.headers["content-disposition"].startswith("attachment;")
    assert (await ann("GET", f"/v1/{page['url']}/thumbnail")).status_code == 404
    assert (await ann("DELETE", content)).status_code == 200
    assert (await ann("GET", content)).status_code == 404


async def test_a_picture_too_large_to_decode(app: Starlette) -> None:
    """A header that promises 65,535 by 65,535 points is refused, and nothing is kept."""
    ann = await sign_up(app, "ann")
    data = bytearray(picture())
    data[16:24] = (65_535).to_bytes(4, "big") * 2
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    response = await ann("POST", "/v1/uploads?name=bomb.png", content=bytes(data))
    assert (response.status_code, response.json()["code"]) == (413, "too_large")


class Slow(Hasher):
    """Verifies when the test lets it, and counts how many did so at once."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.calls = self.most = self._running = 0
        self._lock = threading.Lock()

    def hash(self, password: str) -> str:
        return HASHER.hash(password)

    def outdated(self, stored: str) -> bool:
        return False

    def verify(self, stored: str | None, password: str) -> bool:
        with self._lock:
            self.calls += 1
            self._running += 1
            self.most = max(self.most, self._running)
        self.go_on.wait(30)
        with self._lock:
            self._running -= 1
        return False


async def test_two_hundred_parallel_logins(tmp_path: Path) -> None:
    """A few hash, a bounded number waits, the rest is told to come back, and the server goes on."""
    hasher = Slow()
    app = make_app(tmp_path, hasher=hasher, limits=Limits(requests_burst=1_000))
    statuses: Counter[int] = Counter()
    refused = anyio.Event()

    async def attempt(number: int) -> None:
        body = {"login": f"user{number}", "password": "x"}
        response = await Browser(app)("POST", "/v1/login", json=body)
        assert response.status_code == 401 or int(response.headers["retry-after"]) >= 1
        statuses[response.status_code] += 1
        if statuses.total() == 200 - 64:
            refused.set()

    async with app.router.lifespan_context(app):
        async with anyio.create_task_group() as tasks:
            for number in range(200):
                tasks.start_soon(attempt, number)
            await refused.wait()
            assert (await Browser(app)("GET", "/healthz")).status_code == 200
            assert (await Browser(app)("GET", "/readyz")).status_code == 200
            hasher.go_on.set()
        assert statuses == {401: 64, 503: 136}
        assert (hasher.calls, hasher.most) == (64, 2)
        # So many failures: the address is closed to guessing, the page is not.
        ben = await sign_up(app, "ben")
        body = {"login": "ben", "password": PASSWORD}
        assert (await ben("POST", "/v1/login", json=body)).status_code == 429
        assert (await ben("GET", "/v1/me")).status_code == 200


@pytest.mark.parametrize("prefix", ["", "/chat", "/a b"])
async def test_it_mounts_anywhere(tmp_path: Path, prefix: str) -> None:
    """Under any path of another application, page and API alike."""
    chat = make_app(tmp_path)
    host = Starlette(routes=[Mount(prefix, chat)])
    async with chat.router.lifespan_context(chat):
        asking = Browser(host)
        assert (await asking("GET", f"{prefix}/healthz")).json() == {"status": "ok"}
        assert (await asking("GET", f"{prefix}/v1/users/%2F")).status_code == 401
        page = await asking("GET", f"{prefix}/")
        assert "default-src 'self'" in page.headers["content-security-policy"]
        assert "<!doctype html>" in page.text
        assert (await asking("GET", f"{prefix}/nothing.html")).status_code == 404


@pytest.fixture(params=["asyncio", "trio"])
def client(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[TestClient]:
    """A client that opens sockets, signed in with a cookie."""
    app = make_app(tmp_path)
    with TestClient(app, backend=request.param) as client:
        body = {"username": "ann", "password": PASSWORD}
        client.post("/v1/register", json=body, headers={"origin": "http://testserver"})
        yield client


@pytest.mark.parametrize("protocols", [[SUBPROTOCOL, "other"], ["other"], None])
def test_a_socket_of_our_own_page(client: TestClient, protocols: list[str] | None) -> None:
    """The cookie opens the session; lines come where both speak the subprotocol."""
    headers = {"origin": "http://testserver"}
    with client.websocket_connect("/v1/realtime", protocols, headers=headers) as socket:
        lines = SUBPROTOCOL in (protocols or ())
        assert socket.accepted_subprotocol == (SUBPROTOCOL if lines else None)
        start = {"jsonrpc": "2.0", "id": 1, "method": "session.start", "params": {"protocol": 1}}
        socket.send_json(start)
        started = json.loads(socket.receive_text())
        assert started["result"]["user"]["username"] == "ann"
        ping = json.dumps({"jsonrpc": "2.0", "id": 2, "method": "session.ping"})
        socket.send_text(f"{ping}\n{ping}" if lines else ping)
        assert socket.receive_text().count('"result":{}') == (2 if lines else 1)


def test_a_socket_of_another_page(client: TestClient) -> None:
    """There the cookie counts for nothing, and without a token the session ends."""
    headers = {"origin": "http://evil.test"}
    start = {"jsonrpc": "2.0", "id": 1, "method": "session.start", "params": {"protocol": 1}}
    with client.websocket_connect("/v1/realtime", headers=headers) as socket:
        socket.send_json(start)
        assert json.loads(socket.receive_text())["error"]["data"]["code"] == "unauthenticated"
        assert socket.receive()["code"] == 4401


def test_a_binary_frame(client: TestClient) -> None:
    """Closes the socket, and nothing else."""
    with client.websocket_connect("/v1/realtime") as socket:
        socket.send_bytes(b"\x00")
        assert socket.receive()["code"] == 1003
    assert client.get("/healthz").status_code == 200


def test_the_example_is_small() -> None:
    """An adapter is thin, or it does what isn't its business."""
    assert len(EXAMPLE.read_text().splitlines()) <= 120
