"""An engine that answers by script, and short ways to put a request to the HTTP layer."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Mapping
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any

from attrs import define, field, frozen

from chatcore.config import Limits
from chatcore.errors import TooLarge, Unauthenticated
from chatcore.ids import MessageId, SessionId, UploadId, UserId
from chatcore.models import Actor, Attachment, Authenticated, Done, Message, Session, User
from chatcore.operations import GetUpload, Operation
from chatcore.testing.clock import FakeClock
from chatcore.wire.exchange import Request, Response, chunks
from chatcore.wire.http import Http
from chatcore.wire.settings import HttpSettings

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
ADA = Actor(UserId("ada"), SessionId("s1"))
PNG = bytes(range(100))

Answer = Callable[[Actor, Any], Any]


@frozen
class Download:
    """What the engine gives for a file."""

    attachment: Attachment
    size: int
    media_type: str
    chunks: AsyncGenerator[bytes, None]


def attachment(**changes: Any) -> Attachment:
    """A picture of a hundred bytes."""
    values = {
        "upload_id": UploadId("u1"),
        "name": "cat.png",
        "size": len(PNG),
        "media_type": "image/png",
        "category": "image",
        "url": "/v1/uploads/u1",
        "thumbnail_url": "/v1/uploads/u1/thumbnail",
        "sha256": "ab12",
    }
    return Attachment(**(values | changes))


def message(**changes: Any) -> Message:
    """A message of Ada's."""
    values = {
        "id": MessageId("m1"),
        "conversation_id": "c1",
        "seq": 1,
        "rev": 1,
        "sender_id": "ada",
        "kind": "text",
        "body": "hello",
        "created_at": NOON,
        "updated_at": NOON,
    }
    return Message(**(values | changes))


def authenticated(token: str | None = "secret") -> Authenticated:
    """The answer to signing in as Ada."""
    user = User(id=UserId("ada"), display_name="Ada", created_at=NOON)
    session = Session(
        id=SessionId("s1"), token=token, created_at=NOON, last_used_at=NOON, expires_at=NOON
    )
    return Authenticated(user=user, session=session)


def _done(actor: Actor, operation: Operation[Any]) -> Done:
    return Done()


@define
class FakeEngine:
    """Remembers what it was asked; answers with ``answer``'s result, or raises it."""

    limits: Limits = field(factory=Limits)
    clock: FakeClock = field(factory=FakeClock)
    answer: Answer = _done
    tokens: Mapping[str, Actor] = field(factory=lambda: {"secret": ADA})
    authenticator: None = None
    logins: Mapping[str, UserId] = field(factory=dict)
    """Whose each login name is."""
    is_ready: bool = True
    file: Attachment = field(factory=attachment)
    content: bytes = PNG
    asked: list[tuple[Actor, Any]] = field(factory=list)
    shown: list[tuple[str, str | None, str | None]] = field(factory=list)
    uploaded: list[tuple[str, bytes, int | None]] = field(factory=list)
    closed: int = 0

    async def execute(self, actor: Actor, operation: Operation[Any]) -> Any:
        self.asked.append((actor, operation))
        result = self.file if isinstance(operation, GetUpload) else self.answer(actor, operation)
        if isinstance(result, BaseException):
            raise result
        return result

    async def authenticate(
        self, token: str, *, address: str | None = None, user_agent: str | None = None
    ) -> Actor:
        self.shown.append((token, address, user_agent))
        if token not in self.tokens:
            raise Unauthenticated
        return self.tokens[token]

    async def account_of(self, login: str) -> UserId | None:
        return self.logins.get(login)

    async def ready(self) -> bool:
        return self.is_ready

    async def upload(
        self,
        actor: Actor,
        *,
        name: str,
        chunks: AsyncIterator[bytes],
        size: int | None = None,
    ) -> Attachment:
        held = b""
        async for chunk in chunks:
            held += chunk
            if len(held) > self.limits.upload_bytes:
                raise TooLarge
        self.uploaded.append((name, held, size))
        return self.file

    async def download(
        self,
        actor: Actor,
        upload_id: UploadId,
        *,
        thumbnail: bool = False,
        start: int = 0,
        end: int | None = None,
    ) -> Download:
        content = b"small" if thumbnail else self.content

        async def pieces() -> AsyncGenerator[bytes, None]:
            try:
                yield content[start:end]
            finally:
                self.closed += 1

        media_type = "image/webp" if thumbnail else self.file.media_type
        return Download(self.file, len(content), media_type, pieces())


class Body(AsyncIterator[bytes]):
    """A body that comes in these chunks."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)

    async def __anext__(self) -> bytes:
        for chunk in self._chunks:
            return chunk
        raise StopAsyncIteration


@define
class Client:
    """Puts requests to an :class:`Http` over a fake engine, signed in with a bearer token."""

    engine: FakeEngine = field(factory=FakeEngine)
    settings: HttpSettings = field(factory=HttpSettings)
    headers: dict[str, str] = field(factory=lambda: {"authorization": "Bearer secret"})
    http: Http = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.http = Http(self.engine, self.settings)  # type: ignore[arg-type]

    def request(
        self,
        method: str,
        target: str,
        *,
        json: Any = None,
        body: bytes | Iterable[bytes] = b"",
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> Request:
        """The request as a value; ``json`` brings its Content-Type along."""
        path, _, query = target.partition("?")
        sent = dict(self.headers)
        if json is not None:
            body = dumps(json)
            sent["content-type"] = "application/json"
        chunks = [body] if isinstance(body, bytes) else body
        return Request(
            method=method,
            path=path,
            query_string=query,
            headers=tuple((sent | dict(headers or {})).items()),
            body=Body(chunks),
            **more,
        )

    async def __call__(self, method: str, target: str, **more: Any) -> Response:
        return await self.http.handle(self.request(method, target, **more))


def dumps(value: Any) -> bytes:
    """JSON as a client writes it."""
    return json.dumps(value).encode()


def loads(response: Response) -> Any:
    """The JSON body of an answer."""
    assert isinstance(response.body, bytes)
    return json.loads(response.body)


def header(response: Response, name: str) -> str | None:
    """The one header of that name."""
    found = [value for key, value in response.headers if key.lower() == name.lower()]
    assert len(found) <= 1
    return found[0] if found else None


async def content(response: Response) -> bytes:
    """The whole body of an answer."""
    async with aclosing(chunks(response)) as body:
        return b"".join([chunk async for chunk in body])
