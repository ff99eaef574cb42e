"""Frames and lines: what a client may send, from one table, and what comes back."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatcore.config import Limits
from chatcore.delivery.outbox import SessionClosed
from chatcore.errors import Invalid, Problem, RateLimited
from chatcore.models import Done
from chatcore.wire.frames import messages
from chatcore.wire.jsonrpc import (
    Call,
    ProtocolError,
    error_line,
    read_call,
    result_line,
)
from chatcore.wire.problems import INVALID_REQUEST, METHOD_NOT_FOUND, PARSE_ERROR, RPC_CODE

LIMITS = Limits()
PING = '{"jsonrpc":"2.0","id":1,"method":"session.ping"}'


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        ("a", ["a"]),
        ("a\nb", ["a", "b"]),
        ("a\nb\n", ["a", "b"]),
        ("\n\na\n \n\t\nb\r\n\n", ["a", "b\r"]),
        ("", [""]),
        ("\n", ["\n"]),
        ("é\né", ["é", "é"]),
    ],
)
def test_lines_of_a_frame(frame: str, expected: list[str]) -> None:
    """Each line that isn't blank is a message; without the subprotocol the frame is one."""
    assert messages(frame, 100, lines=True) == expected
    assert messages(frame, 100, lines=False) == [frame]


@pytest.mark.parametrize("text", ["x", "é", "😀"])
def test_frames_are_measured_in_bytes(text: str) -> None:
    """At the limit a frame passes; one byte more ends the session with 1009."""
    size = len(text.encode())
    assert messages(text * 10, size * 10, lines=True) == [text * 10]
    with pytest.raises(SessionClosed) as closed:
        messages(text * 10, size * 10 - 1, lines=True)
    assert closed.value.code == 1009


@pytest.mark.parametrize(("frame", "code"), [(b"{}", 1003), (b"", 1003), ("\ud800", 1007)])
def test_bad_frames_end_the_session(frame: str | bytes, code: int) -> None:
    """Binary frames and text that is no UTF-8 have close codes of their own."""
    with pytest.raises(SessionClosed) as closed:
        messages(frame, 100, lines=True)
    assert closed.value.code == code


IDS = ["1", "0", "-7", "1.5", '"a"', '""', '"é\\n\\""', "123456789012345678901234567890"]


@pytest.mark.parametrize("id_text", IDS)
def test_ids_come_back_as_they_were(id_text: str) -> None:
    """Strings and numbers of any size are echoed exactly."""
    call = read_call(f'{{"jsonrpc":"2.0","id":{id_text},"method":"m"}}', LIMITS)
    assert call.fault is None
    answer = json.loads(result_line(call.id or "", Done()))
    assert answer == {"jsonrpc": "2.0", "id": json.loads(id_text), "result": {}}
    assert type(answer["id"]) is type(json.loads(id_text))


REQUESTS: list[tuple[str, Call]] = [
    (PING, Call("1", "session.ping", {})),
    ('{"jsonrpc":"2.0","method":"m"}', Call(None, "m", {})),
    (
        ' {"params":{"a":[1]},"method":"m","id":"x","jsonrpc":"2.0"} \r',
        Call('"x"', "m", {"a": [1]}),
    ),
    ('{"jsonrpc":"2.0","id":1,"method":"m","params":[1]}', Call("1", "m", [1])),
    ('{"jsonrpc":"2.0","id":1,"method":"m","params":null}', Call("1", "m", None)),
]


@pytest.mark.parametrize(("line", "expected"), REQUESTS)
def test_requests_are_read(line: str, expected: Call) -> None:
    """A well-formed request is read whole; missing params are none."""
    assert read_call(line, LIMITS) == expected


DEEP = "[" * 100_000 + "]" * 100_000
FAULTS: list[tuple[str, int, str]] = [
    # What is no JSON.
    ("", PARSE_ERROR, "null"),
    ("nonsense", PARSE_ERROR, "null"),
    (PING + PING, PARSE_ERROR, "null"),
    (PING[:-1], PARSE_ERROR, "null"),
    ('{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":NaN}}', PARSE_ERROR, "null"),
    ('{"jsonrpc":"2.0","id":1,"id":1,"method":"m"}', PARSE_ERROR, "null"),
    ('{"jsonrpc":"2.0","id":1,"method":"\\u0000"}', PARSE_ERROR, "null"),
    ('{"jsonrpc":"2.0","id":1,"method":"\\ud800"}', PARSE_ERROR, "null"),
    ('{"jsonrpc":"2.0","id":' + "9" * 5_000 + ',"method":"m"}', PARSE_ERROR, "null"),
    ('{"jsonrpc":"2.0","id":1e999,"method":"m"}', PARSE_ERROR, "null"),
    (DEEP[:30_000], PARSE_ERROR, "null"),
    ("[" * 17 + "]" * 17, PARSE_ERROR, "null"),
    # What is no request.
    ("[]", INVALID_REQUEST, "null"),
    (f"[{PING}]", INVALID_REQUEST, "null"),
    ("1", INVALID_REQUEST, "null"),
    ('"session.ping"', INVALID_REQUEST, "null"),
    ("null", INVALID_REQUEST, "null"),
    ("{}", INVALID_REQUEST, "null"),
    ('{"id":1,"method":"m"}', INVALID_REQUEST, "1"),
    ('{"jsonrpc":"1.0","id":1,"method":"m"}', INVALID_REQUEST, "1"),
    ('{"jsonrpc":2.0,"id":"x","method":"m"}', INVALID_REQUEST, '"x"'),
    ('{"jsonrpc":"2.0","id":1}', INVALID_REQUEST, "1"),
    ('{"jsonrpc":"2.0","id":1,"method":7}', INVALID_REQUEST, "1"),
    ('{"jsonrpc":"2.0","id":1,"method":"m","more":1}', INVALID_REQUEST, "1"),
    ('{"jsonrpc":"2.0","id":1,"result":{}}', INVALID_REQUEST, "1"),
    ('{"jsonrpc":"2.0","method":7}', INVALID_REQUEST, "null"),
    # What is no id.
    ('{"jsonrpc":"2.0","id":null,"method":"m"}', INVALID_REQUEST, "null"),
    ('{"jsonrpc":"2.0","id":true,"method":"m"}', INVALID_REQUEST, "null"),
    ('{"jsonrpc":"2.0","id":[1],"method":"m"}', INVALID_REQUEST, "null"),
    ('{"jsonrpc":"2.0","id":{},"method":"m"}', INVALID_REQUEST, "null"),
]


@pytest.mark.parametrize(("line", "number", "id_text"), FAULTS)
def test_what_is_no_request_says_why(line: str, number: int, id_text: str) -> None:
    """Whatever is wrong has JSON-RPC's own number, and the id where it can be read."""
    call = read_call(line, LIMITS)
    assert call.fault is not None
    assert (call.fault.number, call.id, call.method) == (number, id_text, "")


@given(st.text())
def test_any_text_is_a_request_or_has_a_fault(text: str) -> None:
    """Reading never raises, and what has no fault is complete."""
    call = read_call(text, LIMITS)
    assert call.fault is not None or call.method


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists, max_leaves=5))
def test_any_json_is_no_request_by_itself(value: Any) -> None:
    """JSON that isn't an object is refused as a request, or as JSON where it is none."""
    fault = read_call(json.dumps(value), LIMITS).fault
    assert fault is not None
    assert fault.number in (PARSE_ERROR, INVALID_REQUEST)


def test_an_error_is_the_problem_of_http() -> None:
    """The answer to a refusal has the code's own integer, its title, and the whole problem."""
    error = RateLimited("Slower", errors=[Problem("a", "b")], retry_after=1.5)
    assert json.loads(error_line("7", error)) == {
        "jsonrpc": "2.0",
        "id": 7,
        "error": {
            "code": RPC_CODE["rate_limited"],
            "message": "Too many requests",
            "data": {
                "type": "urn:chatcore:error:rate_limited",
                "title": "Too many requests",
                "status": 429,
                "detail": "Slower",
                "code": "rate_limited",
                "errors": [{"path": "a", "message": "b"}],
                "retry_after": 1.5,
            },
        },
    }


def test_the_protocols_own_errors_have_its_numbers() -> None:
    """They are invalid requests for whoever looks at the code alone."""
    error = json.loads(error_line("null", ProtocolError(METHOD_NOT_FOUND, "No such method")))
    assert error["id"] is None
    assert error["error"]["code"] == METHOD_NOT_FOUND
    assert error["error"]["data"]["code"] == Invalid.code
    assert error["error"]["data"]["detail"] == "No such method"


def test_answers_are_one_line() -> None:
    """Line ends inside a result are escaped: they would split the answer."""
    line = result_line('"a\\nb"', {"text": "one\ntwo\u2028three"})
    assert "\n" not in line
    assert json.loads(line)["result"]["text"] == "one\ntwo\u2028three"
