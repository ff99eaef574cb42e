"""What a client is told about an error: one body and one table of numbers for every transport.

HTTP answers with the body as ``application/problem+json`` and the status of its code (RFC 9457);
the realtime session puts the same body into ``error.data`` beside the code's own integer.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from chatcore.errors import ChatError

STATUS: Final[Mapping[str, int]] = {
    "unauthenticated": 401,
    "forbidden": 403,
    "not_found": 404,
    "conflict": 409,
    "version_conflict": 409,
    "key_reused": 422,
    "invalid": 422,
    "too_large": 413,
    "rate_limited": 429,
    "internal": 500,
    "unsupported": 501,
    "unavailable": 503,
    "unknown_outcome": 503,
}
"""The HTTP status of each error code."""

RPC_CODE: Final[Mapping[str, int]] = {
    "unauthenticated": 4010,
    "forbidden": 4030,
    "not_found": 4040,
    "conflict": 4090,
    "version_conflict": 4091,
    "too_large": 4130,
    "invalid": 4220,
    "key_reused": 4221,
    "rate_limited": 4290,
    "internal": 5000,
    "unsupported": 5010,
    "unavailable": 5030,
    "unknown_outcome": 5031,
}
"""The JSON-RPC integer of each error code; -32768 to -32000 belong to the protocol itself."""

PARSE_ERROR: Final = -32700
INVALID_REQUEST: Final = -32600
METHOD_NOT_FOUND: Final = -32601
"""The protocol's own: no JSON, no request, no such method (JSON-RPC 2.0, 5.1)."""


def problem(error: ChatError) -> dict[str, Any]:
    """The problem's body: ``type, title, status, detail, code`` and, where there are any,
    ``errors [{path, message}]`` and ``retry_after`` (seconds).

    Depends on nothing but the error, so that equal errors answer alike, byte for byte.
    """
    body: dict[str, Any] = {
        "type": f"urn:chatcore:error:{error.code}",
        "title": error.title,
        "status": STATUS[error.code],
        "detail": error.detail,
        "code": error.code,
    }
    if error.errors:
        body["errors"] = [{"path": one.path, "message": one.message} for one in error.errors]
    if error.retry_after is not None:
        # Rounded up: who waits exactly that long must not come too early.
        body["retry_after"] = math.ceil(error.retry_after * 1_000) / 1_000
    return body
