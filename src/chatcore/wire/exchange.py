"""One HTTP request and its answer as plain values: all that an adapter converts from and to."""

from __future__ import annotations

import math
import re
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable
from typing import Any, Literal

import anyio
from attrs import evolve, field, frozen

from chatcore import codec
from chatcore.errors import ChatError, Invalid, TooLarge
from chatcore.wire.problems import problem

Headers = tuple[tuple[str, str], ...]

_LENGTH = re.compile(r"[0-9]{1,18}")


class Disconnected(Invalid):
    """The client went away before its request ended: raised by adapters out of the body."""

    title = "The request ended early"


class _Nothing(AsyncIterator[bytes]):
    async def __anext__(self) -> bytes:
        raise StopAsyncIteration


def _lower(headers: Iterable[tuple[str, str]]) -> Headers:
    return tuple((name.lower(), value) for name, value in headers)


@frozen(kw_only=True)
class Request:
    """What came in. Headers are text, decoded as Latin-1."""

    method: str
    path: str
    """As it was sent, percent-encoded, without the prefix that chatcore is mounted under."""
    query_string: str = ""
    headers: Headers = field(default=(), converter=_lower)
    body: AsyncIterable[bytes] = field(factory=_Nothing)
    """In chunks; raises :class:`Disconnected` where the client goes away before its end."""
    address: str | None = None
    """The other end of the connection."""
    scheme: Literal["http", "https"] = "http"

    def header(self, name: str) -> str | None:
        """The header called ``name`` (lower case); several lines are one list (RFC 9110, 5.3)."""
        found = [value for key, value in self.headers if key == name]
        # HTTP/2 may split the one list that isn't made with commas (RFC 9113, 8.2.3).
        return ("; " if name == "cookie" else ", ").join(found) if found else None

    @property
    def media_type(self) -> str:
        """The type of the body without its parameters, in lower case; empty where unsaid."""
        return (self.header("content-type") or "").partition(";")[0].strip().lower()

    @property
    def content_length(self) -> int | None:
        """How long the body says it is, if it does."""
        text = self.header("content-length")
        return int(text) if text and _LENGTH.fullmatch(text) else None


@frozen(kw_only=True)
class Response:
    """What goes out. Adapters send the body through :func:`chunks`."""

    status: int = 200
    headers: Headers = ()
    body: bytes | AsyncIterator[bytes] = b""

    def with_headers(self, *more: tuple[str, str]) -> Response:
        """The same with these headers where it hasn't got them."""
        held = {name.lower() for name, _ in self.headers}
        added = tuple(pair for pair in more if pair[0].lower() not in held)
        return evolve(self, headers=self.headers + added)


def json_response(
    value: Any, status: int = 200, *headers: tuple[str, str], media_type: str = "application/json"
) -> Response:
    """An answer whose body is ``value`` as JSON."""
    return Response(
        status=status,
        headers=(("Content-Type", media_type), *headers),
        body=codec.encode(value),
    )


def problem_response(
    error: ChatError, status: int | None = None, *headers: tuple[str, str]
) -> Response:
    """An error as problem details (RFC 9457). ``status`` replaces the one of the error's code."""
    body = problem(error)
    if status is not None:
        body["status"] = status
    if body["status"] in (429, 503):
        headers += (("Retry-After", str(math.ceil(error.retry_after or 1.0))),)
    if body["status"] == 401:
        headers += (("WWW-Authenticate", "Bearer"),)
    return json_response(body, body["status"], *headers, media_type="application/problem+json")


async def close(response: Response) -> None:
    """Let go of the body, whether it was sent to its end or not."""
    if hasattr(response.body, "aclose"):
        await response.body.aclose()


async def chunks(response: Response) -> AsyncGenerator[bytes, None]:
    """The body as it comes. Use it in ``aclosing``: the body is let go of with it."""
    try:
        if isinstance(response.body, bytes):
            yield response.body
        else:
            async for chunk in response.body:
                yield chunk
    finally:
        await close(response)


class TooSlow(Invalid):
    """The body didn't come in time."""

    title = "The request came too slowly"


async def read(request: Request, most: int, seconds: float) -> bytes:
    """The whole body. Stops reading and raises :class:`TooLarge` past ``most`` bytes.

    Raises :class:`TooSlow` where it isn't there within so many seconds.
    """
    if (request.content_length or 0) > most:
        raise TooLarge(f"At most {most} bytes")
    held = bytearray()
    try:
        with anyio.fail_after(seconds):
            async for chunk in request.body:
                held += chunk
                if len(held) > most:
                    raise TooLarge(f"At most {most} bytes")
    except TimeoutError:
        raise TooSlow(f"The body has to come within {seconds:g} s") from None
    return bytes(held)


async def patient(body: AsyncIterable[bytes], seconds: float) -> AsyncGenerator[bytes, None]:
    """A body of any length, as long as something of it comes every so many seconds.

    Raises :class:`TooSlow` otherwise.
    """
    chunks = aiter(body)
    try:
        while True:
            with anyio.fail_after(seconds):
                chunk = await anext(chunks, None)
            if chunk is None:
                return
            yield chunk
    except TimeoutError:
        raise TooSlow(f"Some of the body has to come every {seconds:g} s") from None
    finally:
        if isinstance(chunks, AsyncGenerator):
            await chunks.aclose()
