"""The HTTP layer, without a server: a request comes in as a value, an answer goes out as one.

What an adapter does is convert: its framework's request into :class:`Request`, the
:class:`Response` back, and nothing else. Every route is in :mod:`chatcore.wire.routes`.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import cached_property, partial
from typing import Any, Final

from attrs import evolve

from chatcore import codec
from chatcore.engine import ChatEngine
from chatcore.errors import (
    ChatError,
    Forbidden,
    Internal,
    Invalid,
    Misconfigured,
    NotFound,
    Unauthenticated,
    Unavailable,
)
from chatcore.models import Actor, Authenticated, Deferred
from chatcore.operations import DeleteAccount, Logout
from chatcore.wire import asyncapi, headers, openapi, requests
from chatcore.wire.admission import Admission
from chatcore.wire.authentication import Authentication
from chatcore.wire.exchange import (
    Headers,
    Request,
    Response,
    close,
    json_response,
    problem_response,
)
from chatcore.wire.logins import NAMING
from chatcore.wire.realtime import RealtimeSession
from chatcore.wire.routes import OperationRoute, match
from chatcore.wire.settings import HttpSettings
from chatcore.wire.uploads import Uploads

_Parameters = Mapping[str, str]
_Handler = Callable[[Request, _Parameters], Awaitable[Response]]

_log: Final = logging.getLogger(__name__)
_DEFAULTS: Final = HttpSettings()
_READY_AGAIN_S: Final = 1.0


class Http:
    """Answers HTTP requests out of one engine. Safe to call concurrently, on the engine's loop."""

    def __init__(self, engine: ChatEngine, settings: HttpSettings = _DEFAULTS) -> None:
        self.engine = engine
        self.settings = settings
        self._admission = Admission(engine)
        self._authentication = Authentication(engine, settings)
        self._uploads = Uploads(engine)
        self._handlers: Mapping[str, _Handler] = {
            "uploads.create": self._upload,
            "uploads.get": partial(self._download, self._uploads.get),
            "uploads.thumbnail": partial(self._download, self._uploads.thumbnail),
            "documents.openapi": self._openapi,
            "documents.asyncapi": self._asyncapi,
            "stats.get": self._stats,
            "health.live": self._live,
            "health.ready": self._ready,
        }

    async def handle(self, request: Request) -> Response:
        """The answer to one request. Errors are answers, too: nothing of ours is raised."""
        response = await _guarded(partial(self._dispatch, request))
        more = (*headers.SECURITY, *headers.cors(request, self.settings))
        if isinstance(response.body, bytes) and response.status not in (204, 304):
            more += (("Content-Length", str(len(response.body))),)
        response = response.with_headers(*more)
        if request.method == "HEAD":
            await close(response)
            response = evolve(response, body=b"")
        return response

    async def realtime(self, request: Request, *, lines: bool) -> RealtimeSession:
        """The session for a WebSocket that this request opens; its rates are those of HTTP.

        ``lines``: whether the two agreed on the subprotocol ``chatcore.v1``. Who it is comes from
        the request's header or cookie, else from the token in the session's first frame.
        """
        return RealtimeSession(
            self.engine,
            self._admission.rates,
            self._admission.logins,
            lines=lines,
            actor=await self._authentication.websocket(request),
            address=self._authentication.address(request),
            user_agent=request.header("user-agent"),
        )

    async def _dispatch(self, request: Request) -> Response:
        found = match(request.path)
        if found is None:
            raise NotFound
        if request.method == "OPTIONS":
            told = headers.preflight(request, self.settings, found.routes)
            return Response(status=204, headers=told)
        route = found.routes.get("GET" if request.method == "HEAD" else request.method)
        if route is None:
            error = Invalid("This method is not allowed here")
            return problem_response(error, 405, headers.allow(found.routes))
        parameters = found.parameters(route)
        if isinstance(route, OperationRoute):
            return await self._run(request, route, parameters)
        return await self._handlers[route.name](request, parameters)

    # Operations.

    async def _run(
        self, request: Request, route: OperationRoute, parameters: _Parameters
    ) -> Response:
        actor = await self._authentication.actor(request)
        response = await _guarded(partial(self._execute, request, route, parameters, actor))
        allowances = self._admission.allowances(actor, route.operation.spec.rate)
        return response.with_headers(*headers.rate_limit(allowances))

    async def _execute(
        self, request: Request, route: OperationRoute, parameters: _Parameters, actor: Actor
    ) -> Response:
        self._admission.count(actor, route.operation.spec.rate)
        operation = await requests.operation(request, route, parameters, self.engine.limits)
        self._admission.rates.count_rest(operation, actor.user_id)
        named = None
        if isinstance(operation, NAMING):
            named = await self.engine.account_of(operation.login)
        with self._admission.logins.attempt(operation, actor, named):
            result = await self.engine.execute(actor, operation)
        status = 200 if getattr(result, "replayed", None) else route.status
        status = 202 if isinstance(result, Deferred) else status
        return json_response(result, status, *self._cookies(request, operation, result))

    def _cookies(self, request: Request, operation: Any, result: Any) -> Headers:
        if isinstance(result, Authenticated):
            return self._authentication.signed_in(request, result)
        own = isinstance(operation, DeleteAccount) and operation.user_id is None
        if own or isinstance(operation, Logout):
            return self._authentication.signed_out(request)
        return ()

    # Files.

    async def _upload(self, request: Request, parameters: _Parameters) -> Response:
        actor = await self._authentication.actor(request)
        response = await _guarded(partial(self._keep, request, actor))
        allowances = self._admission.allowances(actor, "uploads")
        return response.with_headers(*headers.rate_limit(allowances))

    async def _keep(self, request: Request, actor: Actor) -> Response:
        self._admission.count(actor, "uploads")
        return await self._uploads.create(request, actor)

    async def _download(
        self,
        download: Callable[[Request, Actor, _Parameters], Awaitable[Response]],
        request: Request,
        parameters: _Parameters,
    ) -> Response:
        return await download(request, await self._authentication.actor(request), parameters)

    # The API about itself.

    @cached_property
    def _openapi_document(self) -> bytes:
        return codec.encode(openapi.document(self.engine.limits, self.settings))

    @cached_property
    def _asyncapi_document(self) -> bytes:
        return codec.encode(asyncapi.document(self.engine.limits))

    async def _openapi(self, request: Request, _: _Parameters) -> Response:
        requests.no_query(request, self.engine.limits)
        return Response(headers=_JSON, body=self._openapi_document)

    async def _asyncapi(self, request: Request, _: _Parameters) -> Response:
        requests.no_query(request, self.engine.limits)
        return Response(headers=_JSON, body=self._asyncapi_document)

    async def _stats(self, request: Request, _: _Parameters) -> Response:
        requests.no_query(request, self.engine.limits)
        actor = await self._authentication.actor(request)
        if not actor.operator:
            raise Unauthenticated if actor.user_id is None else Forbidden
        return json_response(self.engine.statistics())

    async def _live(self, _: Request, __: _Parameters) -> Response:
        return json_response({"status": "ok"})

    async def _ready(self, _: Request, __: _Parameters) -> Response:
        if not await self.engine.ready():
            raise Unavailable("The database doesn't answer", retry_after=_READY_AGAIN_S)
        return json_response({"status": "ok"})


_JSON: Final[Headers] = (("Content-Type", "application/json"),)


async def _guarded(answer: Callable[[], Awaitable[Response]]) -> Response:
    """The answer, or what the client is told about the error in its place."""
    try:
        return await answer()
    except Misconfigured:
        # For whoever runs this, not for whoever asks.
        _log.exception("a request met a feature that isn't set up")
    except ChatError as error:
        return problem_response(error)
    except Exception:
        _log.exception("a request failed")
    return problem_response(Internal())
