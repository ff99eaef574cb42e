"""Looking pages up for previews, without being made to look where only the server may.

    ChatEngine("sqlite:///chat.db", previews=LinkFetcher())

Every step, redirects included, is checked as it is written, and all the numbers its name stands for
are; the connection goes to one of these numbers and not to the name, so that a second answer of the
name's server changes nothing. No cookies, no credentials, no cache, one connection a step.
"""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urljoin

import anyio
import anyio.to_thread
from anyio.abc import ByteStream
from anyio.streams.tls import TLSStream
from attrs import frozen

from chatcore.config import Limits
from chatcore.errors import MissingExtra
from chatcore.media.hosts import Refused, Target, public, target
from chatcore.media.pages import Head, read_head
from chatcore.models import LinkPreview
from chatcore.ports.previews import LinkPreviewer

if TYPE_CHECKING:
    import h11

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Takes a name and a port; answers the numbers it stands for. Raises ``OSError`` for none."""
Connect = Callable[[str, int], Awaitable[ByteStream]]
"""Connects to a number and a port. Raises ``OSError``."""

PORTS: Final = frozenset({80, 443})
_PAGES: Final = ("text/html", "application/xhtml+xml")
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_HEAD_BYTES: Final = 32 * 1024
_CHUNK: Final = 16 * 1024
_ADDRESSES: Final = 3
"""So many of a name's numbers are tried."""


async def _resolve(host: str, port: int) -> Sequence[str]:
    found = await anyio.getaddrinfo(host, port)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


async def _connect(address: str, port: int) -> ByteStream:
    return await anyio.connect_tcp(address, port)


@frozen
class _Answer:
    """Of one step: a page, or where to go on."""

    body: bytes = b""
    charset: str | None = None
    location: str | None = None


class LinkFetcher(LinkPreviewer):
    """Fetches pages over HTTP/1.1. Raises :class:`MissingExtra` without the extra ``previews``.

    ``ports`` may be called, no other. ``user_agent`` tells servers who asks. ``resolve`` and
    ``connect`` replace how names are looked up and connections made: through a proxy, say, or in
    tests; what ``resolve`` answers is checked all the same.
    """

    def __init__(
        self,
        *,
        ports: Collection[int] = PORTS,
        user_agent: str = "chatcore-preview/1",
        tls: ssl.SSLContext | None = None,
        resolve: Resolve = _resolve,
        connect: Connect = _connect,
    ) -> None:
        try:
            import h11
        except ImportError:
            raise MissingExtra("Previewing links", "previews") from None
        self._h11 = h11
        self._ports = frozenset(ports)
        self._user_agent = user_agent
        self._tls = tls or ssl.create_default_context()
        self._resolve = resolve
        self._connect = connect

    async def preview(self, url: str, limits: Limits) -> LinkPreview | None:
        try:
            with anyio.fail_after(limits.preview_s):
                return await self._look(url, limits)
        except (ValueError, OSError, anyio.BrokenResourceError, anyio.EndOfStream):
            return None  # refused, malformed, too slow, or TLS that doesn't hold
        except self._h11.RemoteProtocolError:
            return None

    async def _look(self, url: str, limits: Limits) -> LinkPreview | None:
        at = url
        for _ in range(limits.preview_redirects + 1):
            answer = await self._ask(at, limits)
            if answer.location is None:
                head = await anyio.to_thread.run_sync(_read, answer, limits)
                return await self._shown(url, at, head, limits)
            at = urljoin(at, answer.location)
        raise Refused("too many redirects")

    async def _shown(self, url: str, at: str, head: Head, limits: Limits) -> LinkPreview | None:
        if head.title is None:
            return None
        image = None if head.image is None else await self._image(urljoin(at, head.image), limits)
        return LinkPreview(
            url=url,
            title=head.title,
            description=head.description,
            site_name=head.site_name,
            image_url=image,
        )

    async def _image(self, url: str, limits: Limits) -> str | None:
        """The picture's address, unless it leads into somebody's network: readers will load it."""
        try:
            await self._addresses(target(url, self._ports))
        except (ValueError, OSError):
            return None
        return url if len(url) <= limits.url_chars else None

    async def _addresses(self, where: Target) -> Sequence[str]:
        """The numbers to connect to. One that isn't public spoils them all."""
        literal = where.address
        found = [literal] if literal else await self._resolve(where.host, where.port)
        if not found or not all(map(public, found)):
            raise Refused("no public address")
        return found[:_ADDRESSES]

    async def _ask(self, url: str, limits: Limits) -> _Answer:
        where = target(url, self._ports)
        stream = await self._open(where, await self._addresses(where))
        try:
            return await self._talk(stream, where, limits)
        finally:
            await anyio.aclose_forcefully(stream)

    async def _open(self, where: Target, addresses: Sequence[str]) -> ByteStream:
        for index, address in enumerate(addresses):
            try:
                stream = await self._connect(address, where.port)
                break
            except OSError:
                if index == len(addresses) - 1:
                    raise
        if where.scheme == "http":
            return stream
        try:
            return await TLSStream.wrap(
                stream, hostname=where.host, ssl_context=self._tls, standard_compatible=False
            )
        except BaseException:
            await anyio.aclose_forcefully(stream)
            raise

    async def _talk(self, stream: ByteStream, where: Target, limits: Limits) -> _Answer:
        h11 = self._h11
        talk = h11.Connection(h11.CLIENT, max_incomplete_event_size=_HEAD_BYTES)
        await stream.send(self._request(talk, where))
        body, response, left = bytearray(), None, limits.preview_bytes + _HEAD_BYTES
        while True:
            event = talk.next_event()
            if event is h11.NEED_DATA:
                data = await _receive(stream)
                left -= len(data)
                talk.receive_data(data)
                if left < 0:
                    break
            elif isinstance(event, h11.Response):
                response = event
                location = _location(event)
                if location is not None:
                    return _Answer(location=location)
                _require_page(event)
            elif isinstance(event, h11.Data):
                body += event.data
                if len(body) >= limits.preview_bytes:
                    break
            elif not isinstance(event, h11.InformationalResponse):
                break
        if response is None:
            raise Refused("no answer")
        return _Answer(bytes(body[: limits.preview_bytes]), _charset(response))

    def _request(self, talk: Any, where: Target) -> bytes:
        headers = [
            ("Host", where.authority),
            ("User-Agent", self._user_agent),
            ("Accept", ", ".join(_PAGES)),
            ("Accept-Encoding", "identity"),
            ("Connection", "close"),
        ]
        request = self._h11.Request(method="GET", target=where.path, headers=headers)
        return bytes(talk.send(request) + talk.send(self._h11.EndOfMessage()))


async def _receive(stream: ByteStream) -> bytes:
    try:
        return await stream.receive(_CHUNK)
    except anyio.EndOfStream:
        return b""


def _header(response: h11.Response, name: bytes) -> str:
    found = [value.decode("latin-1") for key, value in response.headers if key == name]
    return found[0].strip() if found else ""


def _location(response: h11.Response) -> str | None:
    if response.status_code not in _REDIRECTS:
        return None
    location = _header(response, b"location")
    if not location:
        raise Refused("a redirect to nowhere")
    return location


def _require_page(response: h11.Response) -> None:
    """Raise :class:`Refused` for what isn't a page in clear: compressed, it could be any size."""
    media_type = _header(response, b"content-type").partition(";")[0].strip().lower()
    encoded = _header(response, b"content-encoding").lower() not in ("", "identity")
    if response.status_code != 200 or media_type not in _PAGES or encoded:
        raise Refused("no page")


def _charset(response: h11.Response) -> str | None:
    _, _, parameters = _header(response, b"content-type").partition(";")
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip('"')
    return None


def _read(answer: _Answer, limits: Limits) -> Head:
    return read_head(
        answer.body, answer.charset, title_chars=limits.name_chars * 2, text_chars=limits.text_chars
    )
