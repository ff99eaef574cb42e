"""Looking pages up: against a server of our own, with names that stand for whatever a test says."""

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import anyio
import pytest
from anyio.abc import ByteStream, SocketStream

from chatcore.config import Limits
from chatcore.media.previews import LinkFetcher
from chatcore.models import LinkPreview

pytestmark = pytest.mark.anyio

PUBLIC = "93.184.216.34"
PAGE = b"<title>Tea</title>"
LIMITS = Limits(preview_s=2.0)


def answer(body: bytes = PAGE, status: str = "200 OK", **headers: str) -> bytes:
    """An answer as bytes."""
    told = {"Content-Type": "text/html", "Content-Length": str(len(body))}
    told |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in told.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


Site = Callable[[SocketStream], Awaitable[None]]


class Net:
    """A small internet: names, and one server behind all public numbers."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.names: dict[str, list[list[str]]] = {}
        """By name, what it stands for: each answer in turn, the last one for ever."""
        self.asked: list[str] = []
        self.connected: list[tuple[str, int]] = []
        self.down: set[str] = set()

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        answers = self.names.get(host, [[PUBLIC]])
        return answers.pop(0) if len(answers) > 1 else answers[0]

    async def connect(self, address: str, port: int) -> ByteStream:
        self.connected.append((address, port))
        if address in self.down:
            raise OSError("refused")
        return await anyio.connect_tcp("127.0.0.1", self.port)

    async def look(
        self, url: str = "http://tea.example.org/", limits: Limits = LIMITS
    ) -> LinkPreview | None:
        fetcher = LinkFetcher(resolve=self.resolve, connect=self.connect)
        return await fetcher.preview(url, limits)


@asynccontextmanager
async def serving(*answers: bytes | Site) -> AsyncIterator[tuple[Net, list[bytes]]]:
    """A server that gives these answers, in turn; the requests that it got."""
    requests: list[bytes] = []
    left = list(answers)

    async def serve(stream: SocketStream) -> None:
        async with stream:
            try:
                requests.append(await stream.receive())
                one = left.pop(0)
                if isinstance(one, bytes):
                    await stream.send(one)
                else:
                    await one(stream)
            except (anyio.BrokenResourceError, anyio.EndOfStream, IndexError):
                pass

    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener:
        port = listener.extra(anyio.abc.SocketAttribute.local_port)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(listener.serve, serve)
            yield Net(port), requests
            tasks.cancel_scope.cancel()


async def test_a_page_is_looked_up() -> None:
    """One plain request, to the number that was checked."""
    async with serving(answer(b"<title>Tea</title><meta property=og:image content=/cup.png>")) as (
        net,
        requests,
    ):
        found = await net.look("http://tea.example.org/pot?a=1#b")
    assert found == LinkPreview(
        url="http://tea.example.org/pot?a=1#b",
        title="Tea",
        image_url="http://tea.example.org/cup.png",
    )
    assert net.connected == [(PUBLIC, 80)]
    assert requests[0].startswith(b"GET /pot?a=1 HTTP/1.1\r\n")
    assert b"\r\nHost: tea.example.org\r\n" in requests[0]
    assert b"cookie" not in requests[0].lower()


@pytest.mark.parametrize(
    "numbers",
    [
        ["127.0.0.1"],
        ["10.0.0.1"],
        ["169.254.169.254"],
        ["::1"],
        ["::ffff:127.0.0.1"],
        ["fd00::1"],
        ["64:ff9b::a00:1"],
        [PUBLIC, "127.0.0.1"],
        ["127.0.0.1", PUBLIC],
        ["nonsense"],
        [],
    ],
)
async def test_a_name_that_leads_inside_is_refused(numbers: list[str]) -> None:
    """One such number among others is enough, and nothing is connected."""
    async with serving(answer()) as (net, _):
        net.names["tea.example.org"] = [numbers]
        assert await net.look() is None
    assert net.connected == []


async def test_a_name_that_changes_its_mind_gains_nothing() -> None:
    """It is asked once a step, and the number it gave is the one that is called."""
    async with serving(answer()) as (net, _):
        net.names["tea.example.org"] = [[PUBLIC], ["127.0.0.1"]]
        assert await net.look() is not None
    assert net.asked == ["tea.example.org"]
    assert net.connected == [(PUBLIC, 80)]


@pytest.mark.parametrize(
    "where",
    [
        "http://127.0.0.1/",
        "http://169.254.169.254/",
        "http://inside.example.org/",
        "http://localhost/",
        "//2130706433/",
        "ftp://example.org/",
        "http://example.org:22/",
        "http://u@example.org/",
        "http://[::1",
        "file:///x",
        "",
    ],
)
async def test_a_redirect_is_checked_like_the_first_step(where: str) -> None:
    """As it is written, and what its name stands for."""
    async with serving(answer(b"", "302 Found", Location=where), answer()) as (net, requests):
        net.names["inside.example.org"] = [["192.168.0.1"]]
        assert await net.look() is None
    assert len(net.connected) == len(requests) == 1


async def test_a_name_that_turns_inside_between_two_steps_is_refused() -> None:
    """The same name is asked again at each redirect."""
    async with serving(answer(b"", "301 Moved", Location="/again"), answer()) as (net, _):
        net.names["tea.example.org"] = [[PUBLIC], ["127.0.0.1"]]
        assert await net.look() is None
    assert len(net.connected) == 1


async def test_redirects_have_a_limit() -> None:
    """At the limit the page is shown, one past it it isn't."""
    most = LIMITS.preview_redirects
    for steps, shown in ((most, True), (most + 1, False)):
        moved = [answer(b"", "308 Moved", Location=f"/{step}") for step in range(steps)]
        async with serving(*moved, answer()) as (net, _):
            assert (await net.look() is not None) is shown


@pytest.mark.parametrize(
    "bad",
    [
        answer(status="404 Not Found"),
        answer(status="204 No Content"),
        answer(Content_Type="image/png"),
        answer(Content_Type=""),
        answer(Content_Encoding="gzip"),
        answer(b"<p>no title"),
        answer(b"", "302 Found"),
        b"",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000,
        b"HTTP/1.1 101 Switching\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 50_000,
    ],
)
async def test_what_is_no_page_has_no_preview(bad: bytes) -> None:
    """Whatever a server sends, nothing is raised."""
    async with serving(bad) as (net, _):
        assert await net.look() is None


async def test_a_page_is_read_up_to_a_limit() -> None:
    """A title at the end is found at the limit, and not one byte past it."""
    for size, shown in ((LIMITS.preview_bytes, True), (LIMITS.preview_bytes + 1, False)):
        page = b" " * (size - len(PAGE) + len("</title>")) + PAGE
        page = b" " * (size - len(b"<title>Te")) + b"<title>Te"
        async with serving(answer(page)) as (net, _):
            found = await net.look()
        assert found is not None
        assert (found.title == "Te") is shown


async def test_a_server_that_never_ends_is_left() -> None:
    """What it has sent by then is read; what it sends after that is not waited for."""

    async def endless(stream: SocketStream) -> None:
        await stream.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + PAGE)
        while True:
            await stream.send(b" " * 65_536)

    async with serving(endless) as (net, _):
        assert await net.look() is not None


async def test_a_server_that_is_slow_is_left() -> None:
    """All steps together have so many seconds."""

    async def slow(stream: SocketStream) -> None:
        await stream.send(b"HTTP/1.1 200 OK\r\n")
        await anyio.sleep_forever()

    async with serving(slow) as (net, _):
        assert await net.look(limits=Limits(preview_s=0.05)) is None


async def test_the_next_number_is_tried_where_one_is_down() -> None:
    """Up to a few."""
    async with serving(answer()) as (net, _):
        net.names["tea.example.org"] = [["8.8.8.8", PUBLIC]]
        net.down = {"8.8.8.8"}
        assert await net.look() is not None
        net.down = {"8.8.8.8", PUBLIC}
        assert await net.look() is None


@pytest.mark.parametrize(
    "image",
    [
        "http://127.0.0.1/x.png",
        "http://inside.example.org/x.png",
        "javascript:alert(1)",
        "data:image/png,x",
        "http://u@example.org/x",
        "https://example.org/" + "x" * 2_048,
    ],
)
async def test_a_picture_inside_is_left_out(image: str) -> None:
    """Those who read the message will load it from where they are."""
    page = PAGE + f'<meta property="og:image" content="{image}">'.encode()
    async with serving(answer(page)) as (net, _):
        net.names["inside.example.org"] = [["10.0.0.1"]]
        found = await net.look()
    assert found is not None
    assert found.image_url is None


async def test_tls_has_to_hold() -> None:
    """A server without a certificate that is trusted has no preview."""
    async with serving(answer()) as (net, _):
        assert await net.look("https://tea.example.org/") is None
    assert net.connected == [(PUBLIC, 443)]


async def test_a_context_of_the_hosts_own_is_used() -> None:
    """For a company's own authority, say."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    assert LinkFetcher(tls=context)._tls is context
