"""Requests and files that try something: each gets its error, and nothing of it stays."""

import io
import socket
import struct
import time
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx2
import pytest
from PIL import Image

from tests.live.people import People, Person
from tests.live.process import ServerProcess
from tests.live.sockets import open_socket

PAGE = b"<!doctype html><script>alert(document.domain)</script>"


@pytest.fixture(scope="module")
def ann(people: People) -> Person:
    """Somebody with an account."""
    return people("ann")[0]


def upload(person: Person, name: str, content: bytes) -> httpx2.Response:
    """Upload a file that claims to be a PNG."""
    return person.http.post("/v1/uploads", files={"file": (name, content, "image/png")})


def kept(server: ServerProcess) -> list[Path]:
    """Every file that the server keeps for its users."""
    return [path for path in (server.folder / "files").rglob("*") if path.is_file()]


def test_a_page_named_as_a_picture_is_only_ever_downloaded(ann: Person) -> None:
    """Its type is told from its content, and no browser shows or runs it."""
    made = upload(ann, "cat.png", PAGE)
    assert made.status_code == 201
    assert made.json()["media_type"] == "text/html"
    assert made.json()["category"] == "document"
    assert "thumbnail_url" not in made.json()
    served = ann.http.get(f"/v1/{made.json()['url']}")
    assert served.content == PAGE
    assert served.headers["content-type"] == "text/html"
    assert served.headers["content-disposition"].startswith("attachment;")
    assert served.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in served.headers["content-security-policy"]


@pytest.mark.parametrize("name", ["../../../evil.png", "..\\..\\evil.png", "/etc/evil.png"])
def test_a_path_in_a_file_name_leads_nowhere(server: ServerProcess, ann: Person, name: str) -> None:
    """The name loses its path, and the bytes lie in the server's folder under a name of its own."""
    outside = {path.name for path in server.folder.iterdir()}
    before = len(kept(server))
    made = ann.http.post("/v1/uploads", params={"name": name}, content=picture())
    assert made.status_code == 201
    assert made.json()["name"] == "evil.png"
    assert {path.name for path in server.folder.iterdir()} == outside
    assert len(kept(server)) == before + 2
    assert not any("evil" in str(path) for path in server.folder.rglob("*"))


def picture() -> bytes:
    """A small PNG."""
    held = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(held, "PNG")
    return held.getvalue()


def test_a_picture_that_claims_to_be_huge_is_refused_unseen(
    server: ServerProcess, ann: Person
) -> None:
    """A PNG header of 65,535 pixels square is too large, and costs neither memory nor disk."""
    before, peak = kept(server), server.peak_bytes
    refused = upload(ann, "huge.png", png_of(65_535, 65_535))
    assert (refused.status_code, refused.json()["code"]) == (413, "too_large")
    assert kept(server) == before
    assert server.peak_bytes - peak < 64 * 1024 * 1024


def png_of(width: int, height: int) -> bytes:
    """The beginning of a PNG of that size."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header)),
            struct.pack(">I", 10_000) + b"IDAT" + bytes(10_000),
        )
    )


def test_a_token_with_one_flipped_bit_is_nobodys(server: ServerProcess, ann: Person) -> None:
    """Wherever the bit is: the answer for a token that was never given out, and 4401."""
    never = ann.http.get("/v1/me", headers={"authorization": "Bearer cc_" + "A" * 48})
    assert (never.status_code, never.json()["code"]) == (401, "unauthenticated")
    for at in range(len(ann.token)):
        headers = {"authorization": f"Bearer {flipped(ann.token, at)}"}
        refused = ann.http.get("/v1/me", headers=headers)
        assert (refused.status_code, refused.content) == (401, never.content)
    with open_socket(server.url) as stranger:
        stranger.ask("session.start", protocol=1, token=flipped(ann.token, 20))
        assert stranger.closed()[0] == 4401
    assert stranger.events[0]["error"]["data"]["code"] == "unauthenticated"
    assert ann.ask("GET", "me")["id"] == ann.id


def flipped(token: str, at: int) -> str:
    """The token with the lowest bit of one character turned over."""
    return token[:at] + chr(ord(token[at]) ^ 1) + token[at + 1 :]


def test_bodies_that_never_end_hold_up_nobody(server: ServerProcess, ann: Person) -> None:
    """A hundred drip their request; others are answered at once; in the end nothing is left."""
    before = kept(server)
    head = (
        f"POST /v1/uploads?name=slow HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {ann.token}\r\n"
    )
    beginnings = [
        f"{head}content-length: 1000000\r\n\r\nfirst bytes",
        f"{head}transfer-encoding: chunked\r\n\r\n5\r\nfirst\r\n",
        "POST /v1/login HTTP/1.1\r\nhost: x\r\ncontent-length: 50\r\n\r\n{",
        "GET /v1/me HTTP/1.1\r\nhost: x\r\nauthor",
    ]
    with dripping(server, beginnings * 25) as slow:
        for _ in range(3):
            for connection in slow:
                connection.sendall(b"a")
            assert seconds(ann, "/healthz") < 1.0
            assert seconds(ann, "/v1/me") < 1.0
    assert upload(ann, "quick.png", picture()).status_code == 201
    assert len(kept(server)) == len(before) + 2


@contextmanager
def dripping(server: ServerProcess, beginnings: list[str]) -> Iterator[list[socket.socket]]:
    """Connections whose requests have begun, and have no end."""
    with ExitStack() as stack:
        connections = []
        for beginning in beginnings:
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            connection.sendall(beginning.encode())
            connections.append(connection)
        yield connections


def seconds(person: Person, path: str) -> float:
    """How long an ordinary request takes."""
    began = time.monotonic()
    assert person.http.get(path).status_code == 200
    return time.monotonic() - began
