"""Connections that misbehave cost themselves, and nobody else."""

import json
import socket
import statistics
import time
from collections.abc import Mapping
from typing import Any

import pytest
from websockets.frames import Opcode

from tests.live.people import People, Person
from tests.live.process import ServerProcess
from tests.live.sockets import RawSocket, open_socket

KIB = 1024
FLOOD = 400
"""Messages of 16 kB: more than all the buffers between two processes hold."""


@pytest.fixture(scope="module")
def limits() -> Mapping[str, float]:
    """Short patience, so that a test needn't have a long one; and room for a flood."""
    return {
        "authenticate_s": 1.0,
        "outbox_bytes": 512 * KIB,
        "sends": 100_000,
        "requests_a_minute": 1_000_000,
        "requests_burst": 100_000,
    }


@pytest.fixture(scope="module")
def ann(people: People) -> Person:
    """Somebody with an account."""
    return people("ann")[0]


def well(server: ServerProcess, person: Person) -> bool:
    """Whether somebody else is served as always."""
    with open_socket(server.url, person.token) as other:
        return other.call("session.ping") == {}


def test_who_never_says_who_they_are_is_closed(server: ServerProcess, ann: Person) -> None:
    """4408, once the time to authenticate is over; what they ask until then is refused."""
    began = time.monotonic()
    with open_socket(server.url) as stranger:
        stranger.ask("users.me")
        assert stranger.closed()[0] == 4408
    assert time.monotonic() - began > 0.9
    [refused] = stranger.events
    assert refused["error"]["data"]["code"] == "unauthenticated"
    assert well(server, ann)


@pytest.mark.parametrize(
    ("opcode", "payload", "code"),
    [
        pytest.param(Opcode.BINARY, b"{}", 1003, id="binary"),
        pytest.param(Opcode.TEXT, b'"\xff\xfe"', 1007, id="no UTF-8"),
        pytest.param(Opcode.TEXT, b" " * (64 * KIB + 1), 1009, id="a byte too large"),
        pytest.param(Opcode.TEXT, b" " * (4 * KIB * KIB), 1009, id="far too large"),
    ],
)
def test_a_bad_frame_closes_its_connection(
    server: ServerProcess, ann: Person, opcode: Opcode, payload: bytes, code: int
) -> None:
    """With the code that the protocol names, and no harm to another connection of the same user."""
    with open_socket(server.url, ann.token) as other:
        with open_socket(server.url, ann.token) as bad:
            write(bad, opcode, payload)
            assert bad.closed()[0] == code
        assert other.call("session.ping") == {}


def write(to: RawSocket, opcode: Opcode, payload: bytes) -> None:
    """One frame, whatever is in it: the library itself would refuse to."""
    connection = to.connection
    if opcode is Opcode.TEXT:
        connection.send(payload, text=True)
    else:
        connection.send(payload)


@pytest.mark.parametrize(
    ("line", "number"),
    [
        pytest.param("[" * 60_000, -32700, id="arrays that don't end"),
        pytest.param('{"a":' * 10_000 + "1" + "}" * 10_000, -32700, id="deep objects"),
        pytest.param('{"jsonrpc": "2.0", "id": NaN, "method": "users.me"}', -32700, id="NaN"),
        pytest.param('{"id": 1, "id": 1}', -32700, id="a name twice"),
        pytest.param('"\\ud800"', -32700, id="half a surrogate pair"),
        pytest.param("[]", -32600, id="a batch"),
        pytest.param("7", -32600, id="a number"),
        pytest.param('{"jsonrpc": "2.0", "id": 1, "method": "no.such"}', -32601, id="unknown"),
    ],
)
def test_a_bad_message_is_answered_and_the_session_goes_on(
    server: ServerProcess, ann: Person, line: str, number: int
) -> None:
    """Its own error for the bad line, an answer for the good one in the same frame."""
    good = json.dumps({"jsonrpc": "2.0", "id": "good", "method": "session.ping"})
    with open_socket(server.url, ann.token) as session:
        session.connection.send(f"{line}\n{good}")
        refusal, answer = session.next_line(), session.next_line()
    assert refusal["error"]["code"] == number
    assert refusal["error"]["data"]["code"] == "invalid"
    assert answer == {"jsonrpc": "2.0", "id": "good", "result": {}}


def test_a_hundred_thousand_levels_are_refused_over_http(
    server: ServerProcess, ann: Person
) -> None:
    """JSON that is only depth is too large, or too deep, and nothing of it is read."""
    headers = {"content-type": "application/json"}
    for levels, status, code in [(100_000, 413, "too_large"), (30_000, 422, "invalid")]:
        body = b"[" * levels + b"]" * levels
        answer = ann.http.post("/v1/conversations", content=body[: levels * 2], headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_who_never_reads_is_closed_and_slows_down_nobody(
    server: ServerProcess, people: People
) -> None:
    """1013 with ``session.closing`` first; the others hear every message, and soon."""
    ann, ben, slow = people("ann", "ben", "slow")
    group = ann.group("Flood", ben, slow)
    with (
        unread(server, slow) as stuck,
        open_socket(server.url, ben.token) as hearing,
        open_socket(server.url, ann.token) as sending,
    ):
        delays = [delay(sending, hearing, group) for _ in range(FLOOD)]
        assert stuck.closed() == (1013, "slow")
        assert stuck.events[-1]["method"] == "session.closing"
        assert stuck.events[-1]["params"] == {"reason": "slow"}
    assert statistics.median(delays) < 0.1
    assert max(delays) < 2.0
    assert [one["seq"] for one in slow.messages(group)] == list(range(1, FLOOD + 1))


def unread(server: ServerProcess, person: Person) -> Any:
    """A session whose client takes in nothing until it is asked to."""
    connection = socket.create_connection(("127.0.0.1", server.port))
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * KIB)
    return open_socket(server.url, person.token, sock=connection, max_queue=1)


def delay(sending: RawSocket, hearing: RawSocket, conversation: str) -> float:
    """Seconds until a large message that one sends is heard by another."""
    began = time.monotonic()
    sending.call("messages.send", conversation_id=conversation, body="🚲" * 4_000)
    sending.events.clear()
    hearing.event("message.sent")
    return time.monotonic() - began
