"""An application with users of its own: the example, over HTTP and the realtime session."""

import json
import sys
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import argon2
import pytest
import sqlalchemy as sa
from attrs import frozen
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from chatcore.engine import ChatEngine
from chatcore.errors import Misconfigured, NotFound, Unauthenticated, Unsupported
from chatcore.events import MeUpdated, UserChanged
from chatcore.ids import UserId
from chatcore.models import Actor, UserSettings
from chatcore.operations import (
    CreateConversation,
    DeleteAccount,
    GetMe,
    GetMessage,
    ListAudit,
    NewUserSettings,
    SendMessage,
    UpdateAccount,
)
from chatcore.wire.session import SUBPROTOCOL
from tests.people import RecordingBroker, dump

pytestmark = pytest.mark.anyio

EXAMPLES = Path(__file__).parents[2] / "examples"
PASSWORD = "correct horse"
OURS = {"origin": "http://testserver"}


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The example's module; what it writes goes into a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(EXAMPLES))
    monkeypatch.setattr(
        argon2.PasswordHasher,
        "__init__",
        lambda self: original(self, time_cost=1, memory_cost=8, parallelism=1),
    )
    spec = spec_from_file_location("host_users", EXAMPLES / "host_users.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    sys.modules.pop("starlette_app", None)


original = argon2.PasswordHasher.__init__


@pytest.fixture
def shop(example: ModuleType) -> Iterator[Any]:
    """The shop, with two customers, on one file with its chat."""
    shop = example.Shop(sa.create_engine("sqlite:///shop.db"))
    shop.add("c-1", "Ada", PASSWORD)
    shop.add("c-2", "Ben", PASSWORD)
    yield shop
    shop.engine.dispose()


@pytest.fixture
def app(example: ModuleType, shop: Any) -> Iterator[TestClient]:
    """The application, running; a client of it that keeps no cookies."""
    with TestClient(example.create_app(shop)) as client:
        yield client


@frozen
class Browser:
    """One customer's, with the shop's cookie."""

    app: TestClient
    cookie: str = ""

    def __call__(self, method: str, path: str, **more: Any) -> Any:
        headers = {"cookie": self.cookie} | more.pop("headers", {})
        return self.app.request(method, path, headers=headers, **more)

    def get(self, path: str) -> Any:
        """What is answered to a GET."""
        return self("GET", path)

    def connect(self, **headers: str) -> Any:
        """A WebSocket with the cookie."""
        headers = {"cookie": self.cookie} | headers
        return self.app.websocket_connect("/chat/v1/realtime", [SUBPROTOCOL], headers=headers)


def enter(app: TestClient, number: str) -> Browser:
    """A browser whose customer has logged in at the shop."""
    answer = app.post("/login", json={"number": number, "password": PASSWORD})
    assert answer.status_code == 204
    app.cookies.clear()
    return Browser(app, answer.headers["set-cookie"].partition(";")[0])


def test_the_shops_login_is_the_chats(app: TestClient) -> None:
    """One cookie; a wrong password opens neither, and strangers are nobody."""
    stranger = Browser(app)
    assert stranger.get("/chat/v1/me").status_code == 401
    wrong = stranger("POST", "/login", json={"number": "c-1", "password": "wrong"})
    unknown = stranger("POST", "/login", json={"number": "c-9", "password": PASSWORD})
    assert (wrong.status_code, unknown.status_code) == (401, 401)
    assert stranger.get("/chat/v1/me").status_code == 401
    ada = enter(app, "c-1")
    me = ada.get("/chat/v1/me").json()
    assert (me["id"], me["display_name"]) == ("c-1", "Ada")


def test_people_are_the_shops(app: TestClient) -> None:
    """Cards, lists and searches come from its table; whom it doesn't know doesn't exist."""
    ada = enter(app, "c-1")
    assert ada.get("/chat/v1/users/c-2").json()["display_name"] == "Ben"
    assert ada.get("/chat/v1/users/c-9").status_code == 404
    first = ada.get("/chat/v1/users?limit=1").json()
    assert [user["id"] for user in first["items"]] == ["c-1"]
    rest = ada.get(f"/chat/v1/users?limit=1&cursor={first['next']}").json()
    assert ([user["id"] for user in rest["items"]], rest["next"]) == (["c-2"], None)
    found = ada.get("/chat/v1/users/search?q=be").json()
    assert [user["display_name"] for user in found["items"]] == ["Ben"]
    assert ada.get("/chat/v1/users/search?q=%20").json()["items"] == []


def test_chat_keeps_no_accounts(app: TestClient) -> None:
    """Whatever is about them is refused clearly, and no table of ours is about them."""
    ada = enter(app, "c-1")
    body = {"username": "eve", "password": PASSWORD}
    for method, path, fields in (
        ("POST", "register", body),
        ("POST", "login", {"login": "eve", "password": PASSWORD}),
        ("POST", "password", {"current": PASSWORD, "new": "another battery"}),
        ("PATCH", "me", {"display_name": "Eve"}),
        ("PATCH", "account", {"email": "eve@example.com"}),
        ("GET", "sessions", None),
        ("GET", "availability?username=eve", None),
    ):
        answer = ada(method, f"/chat/v1/{path}", json=fields, headers=OURS)
        assert (answer.status_code, answer.json()["code"]) == (501, "unsupported"), path
    tables = set(dump("sqlite:///shop.db"))
    assert {"customers", "logins", "chat_messages"} <= tables
    assert not {"chat_users", "chat_credentials", "chat_sessions"} & tables


def test_no_other_site_may_use_the_cookie(app: TestClient) -> None:
    """The shop's own cookie is protected as ours is."""
    ada = enter(app, "c-1")
    for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}, {}):
        answer = ada("POST", "/chat/v1/conversations", json={"kind": "self"}, headers=headers)
        assert answer.status_code == 403, headers
    answer = ada("POST", "/chat/v1/conversations", json={"kind": "self"}, headers=OURS)
    assert answer.status_code == 201


class Person:
    """A realtime session."""

    def __init__(self, socket: Any) -> None:
        self.socket = socket
        self.heard: list[dict[str, Any]] = []

    def say(self, method: str, **params: Any) -> Any:
        """The result of a request."""
        self.socket.send_text(
            json.dumps({"jsonrpc": "2.0", "id": method, "method": method, "params": params})
        )
        return self.hear(lambda message: message.get("id") == method)["result"]

    def hear(self, wanted: Any) -> dict[str, Any]:
        """The first message that is wanted."""
        while True:
            while self.heard:
                message = self.heard.pop(0)
                if wanted(message):
                    return message
            self.heard += map(json.loads, self.socket.receive_text().split("\n"))


def test_two_customers_talk(app: TestClient) -> None:
    """Over the realtime session, until the shop's logout ends one's connection at once."""
    ada, ben = enter(app, "c-1"), enter(app, "c-2")
    with ada.connect(**OURS) as one, ben.connect(**OURS) as other:
        here, there = Person(one), Person(other)
        started = here.say("session.start", protocol=1)
        assert started["user"]["display_name"] == "Ada"
        there.say("session.start", protocol=1)
        made = here.say("conversations.create", kind="direct", user_id="c-2")
        here.say("messages.send", conversation_id=made["id"], body="hello")
        heard = there.hear(lambda message: message.get("method") == "message.sent")
        assert heard["params"]["message"]["body"] == "hello"
        page = there.say("messages.list", conversation_id=made["id"])
        assert [user["display_name"] for user in page["users"]] == ["Ada"]
        assert ben("POST", "/logout").status_code == 204
        with pytest.raises(WebSocketDisconnect) as ended:
            there.hear(lambda message: False)
        assert ended.value.code == 4401
    assert ben.get("/chat/v1/me").status_code == 401


def test_who_comes_in_without_a_header(app: TestClient) -> None:
    """A token in the first frame is shown to the shop; another site's page gets nowhere."""
    ada = enter(app, "c-1")
    token = ada.cookie.removeprefix("shop=")
    with Browser(app).connect() as socket:
        started = Person(socket).say("session.start", protocol=1, token=token)
        assert started["user"]["id"] == "c-1"
    start = '{"jsonrpc":"2.0","id":1,"method":"session.start","params":{"protocol":1}}'
    for browser, headers in ((ada, {"origin": "https://evil.example"}), (Browser(app), OURS)):
        with browser.connect(**headers) as socket:
            socket.send_text(start)
            assert "unauthenticated" in socket.receive_text()


async def test_a_card_that_changed_is_told(example: ModuleType, shop: Any) -> None:
    """The host says so, and its people's devices hear the new name."""
    broker = RecordingBroker()
    async with ChatEngine(
        "sqlite:///shop.db", directory=shop, authenticator=shop, broker=broker
    ) as engine:
        with shop.engine.begin() as connection:
            connection.execute(sa.update(example.customers).values(name="Eve"))
        await engine.profile_changed(UserId("c-1"))
        await engine.profile_changed(UserId("nobody"))
        events = [one.event for one in broker.take()]
        assert [type(event) for event in events] == [MeUpdated, UserChanged]
        assert {event.user.display_name for event in events} == {"Eve"}  # type: ignore[attr-defined]
        actor = Actor(UserId("c-1"))
        assert (await engine.execute(actor, GetMe())).display_name == "Eve"
        chosen = await engine.execute(
            actor, UpdateAccount(settings=NewUserSettings(typing="nobody"))
        )
        assert (chosen.display_name, chosen.settings) == (
            "Eve",
            UserSettings(typing="nobody"),
        )
        assert await engine.execute(actor, GetMe()) == chosen
        with pytest.raises(Unsupported):
            await engine.execute(actor, UpdateAccount(location={"city": "Baku"}))
        operator = Actor(None, operator=True)
        assert not (await engine.execute(operator, ListAudit())).items
        with pytest.raises(Unauthenticated):
            await engine.authenticate("cc_nobody's")
        with pytest.raises(Unauthenticated):
            await engine.execute(Actor(UserId("gone")), GetMe())
        with pytest.raises(Unsupported):
            await engine.accounts_read(lambda work: work.now)


async def test_what_somebody_leaves_behind(example: ModuleType, shop: Any, tmp_path: Path) -> None:
    """It goes when the host says so, and whoever left can't come back."""
    async with ChatEngine(
        "sqlite:///shop.db", directory=shop, authenticator=shop, files=tmp_path / "files"
    ) as engine:
        ada, ben = Actor(UserId("c-1")), Actor(UserId("c-2"))
        made = await engine.execute(ada, CreateConversation(kind="direct", user_id=ben.id))
        sent = await engine.execute(ada, SendMessage(made.id, "hello"))
        with pytest.raises(Unsupported):
            await engine.execute(ada, DeleteAccount(depth="erase"))
        operator = Actor(None, operator=True)
        with pytest.raises(NotFound):
            await engine.execute(operator, DeleteAccount(depth="erase", user_id=UserId("nobody")))
        assert await engine.execute(operator, DeleteAccount(depth="erase", user_id=ada.id))
        assert (await engine.execute(ben, GetMessage(made.id, sent.id))).body is None
        with pytest.raises(Unauthenticated):
            await engine.execute(ada, SendMessage(made.id, "still here"))


def test_one_or_the_other() -> None:
    """A database for accounts and a directory that keeps them elsewhere don't go together."""
    with pytest.raises(Misconfigured, match="directory"):
        ChatEngine("sqlite:///x.db", accounts="sqlite:///y.db", directory=object())  # type: ignore[arg-type]
