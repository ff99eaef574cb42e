"""The headers that every answer carries: for safety, for other origins, for rates."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Final

from chatcore.wire.exchange import Headers, Request
from chatcore.wire.limits import Allowance
from chatcore.wire.settings import HttpSettings

SECURITY: Final[Headers] = (
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
)
"""On every answer that doesn't say otherwise."""

_MAY_SEND: Final = "Authorization, Content-Type, Idempotency-Key, If-None-Match, If-Range, Range"
_MAY_READ: Final = (
    "Accept-Ranges, Content-Disposition, Content-Range, ETag, RateLimit, RateLimit-Policy, "
    "Retry-After"
)
_PREFLIGHT_S: Final = "600"


def allow(methods: Iterable[str]) -> tuple[str, str]:
    """The methods of one path: what GET answers, HEAD does, too."""
    every = {*methods, "OPTIONS"}
    return "Allow", ", ".join(sorted(every | {"HEAD"} if "GET" in every else every))


def cors(request: Request, settings: HttpSettings) -> Headers:
    """What lets an allowed origin read the answer (Fetch standard, 3.3); nothing for others."""
    if not settings.allowed_origins:
        return ()
    origin = request.header("origin")
    if origin not in settings.allowed_origins:
        return (("Vary", "Origin"),)
    return (
        ("Vary", "Origin"),
        ("Access-Control-Allow-Origin", str(origin)),
        ("Access-Control-Expose-Headers", _MAY_READ),
        *([("Access-Control-Allow-Credentials", "true")] if settings.cookies else []),
    )


def preflight(request: Request, settings: HttpSettings, methods: Iterable[str]) -> Headers:
    """What an OPTIONS request is told; browsers ask before they send."""
    allowed = allow(methods)
    if request.header("origin") not in settings.allowed_origins:
        return (allowed,)
    return (
        allowed,
        ("Access-Control-Allow-Methods", allowed[1]),
        ("Access-Control-Allow-Headers", _MAY_SEND),
        ("Access-Control-Max-Age", _PREFLIGHT_S),
    )


def rate_limit(allowances: Mapping[str, Allowance]) -> Headers:
    """How much is left of each rate (draft-ietf-httpapi-ratelimit-headers)."""
    policies, states = [], []
    for name, one in allowances.items():
        window = math.ceil(one.rate.burst * one.rate.interval_s)
        policies.append(f'"{name}";q={one.rate.burst};w={window}')
        states.append(f'"{name}";r={one.left};t={math.ceil(one.reset_s)}')
    return (("RateLimit-Policy", ", ".join(policies)), ("RateLimit", ", ".join(states)))
