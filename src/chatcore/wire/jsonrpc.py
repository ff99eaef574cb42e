"""JSON-RPC 2.0, one message a line: requests read strictly, answers written.

An id is a string or a number and comes back as it was. ``null`` is refused as one: answers to what
can't be read carry it. Arrays (JSON-RPC's batches) are refused: lines do what they are for.
"""

from __future__ import annotations

import json
from typing import Any, Final

from attrs import define

from chatcore.codec import encode, parse
from chatcore.config import Limits
from chatcore.errors import ChatError, Invalid
from chatcore.wire.problems import INVALID_REQUEST, PARSE_ERROR, RPC_CODE, problem

NULL: Final = "null"
_MEMBERS: Final = frozenset({"jsonrpc", "id", "method", "params"})


class ProtocolError(Invalid):
    """A message that is no request, or of no method. ``number`` is JSON-RPC's own."""

    def __init__(self, number: int, detail: str) -> None:
        self.number = number
        super().__init__(detail)


@define
class Call:
    """A request as it was read. Made once a message: a frozen class takes twice as long."""

    id: str | None
    """Its JSON text; None where there was none, ``null`` where it can't be read."""
    method: str = ""
    params: Any = None
    """Any JSON; an empty object where there were none."""
    fault: ProtocolError | None = None
    """Why it is no request."""


def read_call(line: str, limits: Limits) -> Call:
    """The request in ``line``; one with a fault where there is none."""
    try:
        message = parse(line, limits)
    except ChatError as error:
        return Call(NULL, fault=ProtocolError(PARSE_ERROR, error.detail))
    if not isinstance(message, dict):
        return Call(NULL, fault=ProtocolError(INVALID_REQUEST, "A request is one JSON object"))
    id_text = _id_text(message["id"]) if "id" in message else None
    if detail := _fault(message, id_text):
        return Call(id_text or NULL, fault=ProtocolError(INVALID_REQUEST, detail))
    return Call(id_text, message["method"], message.get("params", {}))


def _id_text(value: Any) -> str:
    if type(value) is int:
        return str(value)
    if isinstance(value, (str, float)):
        return json.dumps(value, ensure_ascii=False)
    return NULL


def _fault(message: dict[str, Any], id_text: str | None) -> str | None:
    """What keeps it from being a request."""
    if message.get("jsonrpc") != "2.0":
        return 'jsonrpc must be "2.0"'
    if id_text == NULL:
        return "id must be a string or a number"
    if not isinstance(message.get("method"), str):
        return "method must be a string"
    if not message.keys() <= _MEMBERS:
        unknown = message.keys() - _MEMBERS
        return f"unknown: {', '.join(sorted(unknown))}"
    return None


def result_line(id_text: str, result: Any) -> str:
    """The answer that holds ``result``."""
    return f'{{"jsonrpc":"2.0","id":{id_text},"result":{encode(result).decode()}}}'


def error_line(id_text: str, error: ChatError) -> str:
    """The answer that says why not: the problem of HTTP, in ``error.data``."""
    number = error.number if isinstance(error, ProtocolError) else RPC_CODE[error.code]
    body = {"code": number, "message": error.title, "data": problem(error)}
    return f'{{"jsonrpc":"2.0","id":{id_text},"error":{encode(body).decode()}}}'
