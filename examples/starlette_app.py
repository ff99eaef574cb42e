"""chatcore as a Starlette application: HTTP, the WebSocket, and a page to chat in.

    pip install 'chatcore[demo]' && python examples/starlette_app.py

An adapter turns a request into chatcore's Request, the Response back, and carries frames. It mounts
under any path of an application, which runs its lifespan: `chat.router.lifespan_context(chat)`.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import uvicorn
from starlette.applications import Starlette
from starlette.requests import HTTPConnection
from starlette.responses import Response as Page
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from chatcore import ChatEngine
from chatcore.wire.exchange import Disconnected, Request, chunks
from chatcore.wire.http import Http
from chatcore.wire.realtime import pump
from chatcore.wire.session import SUBPROTOCOL

POLICY = "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
POLICY += "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


class Chat:
    """The API as an ASGI application, over an engine that the lifespan opens."""

    http: Http

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self.talk(WebSocket(scope, receive, send))
        else:
            await self.answer(scope, receive, send)

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with aclosing(_body(receive)) as body:
            response = await self.http.handle(_request(scope, body=body))
        headers = [(name.lower().encode(), value.encode()) for name, value in response.headers]
        start = {"type": "http.response.start", "status": response.status, "headers": headers}
        async with aclosing(chunks(response)) as body:
            await send(start)
            async for chunk in body:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body"})

    async def talk(self, socket: WebSocket) -> None:
        async def frame() -> str | bytes | None:
            got = await socket.receive()
            return got.get("bytes") if got.get("text") is None else got["text"]

        lines = SUBPROTOCOL in socket.scope["subprotocols"]
        await socket.accept(SUBPROTOCOL if lines else None)
        async with await self.http.realtime(_request(socket.scope), lines=lines) as session:
            gone = (OSError, WebSocketDisconnect)
            await pump(session, frame, socket.send_text, socket.close, gone=gone)


def _request(scope: Scope, **more: Any) -> Request:
    connection = HTTPConnection(scope)
    path = scope["raw_path"].decode("latin-1")
    return Request(
        method=scope.get("method", "GET"),
        path=path.removeprefix(quote(scope.get("root_path", ""))),
        query_string=scope["query_string"].decode("latin-1"),
        headers=connection.headers.items(),
        address=connection.client and connection.client.host,
        scheme="https" if scope["scheme"] in ("https", "wss") else "http",
        **more,
    )


async def _body(receive: Receive) -> AsyncGenerator[bytes, None]:
    message: Any = {"more_body": True}
    while message.get("more_body"):
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        yield message.get("body", b"")


class Files(StaticFiles):
    """The page, which loads and runs nothing but its own files."""

    async def get_response(self, path: str, scope: Scope) -> Page:
        response = await super().get_response(path, scope)
        response.headers["Content-Security-Policy"] = POLICY
        return response


def create_app(
    database: str = "sqlite:///chat.db", files: str = "chat-files", **options: Any
) -> Starlette:
    """The application; ``options`` are more of ChatEngine's."""
    chat, page = Chat(), Files(directory=Path(__file__).with_name("web"), html=True)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with ChatEngine(database, files=files, **options) as engine:
            app.state.engine, chat.http = engine, Http(engine)
            yield

    api = [Route(path, chat) for path in ("/v1/{path:path}", "/healthz", "/readyz")]
    routes = [WebSocketRoute("/v1/realtime", chat), *api, Mount("/", page)]
    return Starlette(lifespan=lifespan, routes=routes)


if __name__ == "__main__":
    # Compression costs 64 KiB a connection; who reads slowly must not hold up the end.
    more: Any = {"ws_per_message_deflate": False, "timeout_graceful_shutdown": 5}
    uvicorn.run(create_app(), port=8765, ws="websockets-sansio", **more)
