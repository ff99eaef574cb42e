"""Every error that chatcore raises on purpose.

    ChatError
    ├── Unauthenticated      nobody is signed in, or the session is over
    ├── Forbidden            the object is visible, the right is missing
    ├── NotFound             unknown, malformed or not visible: always the same words
    ├── Conflict             the state refuses it
    │   └── VersionConflict  the object changed since the caller read it
    ├── KeyReused            a client key was used before, with other content
    ├── Invalid              a field is wrong; ``errors`` says which and why
    ├── TooLarge             a frame, request body or file is over its limit
    ├── RateLimited          too often; ``retry_after`` says when to come back
    ├── Unavailable          the engine can't answer now; nothing was changed
    ├── Unsupported          this engine has no such thing: the host keeps it elsewhere, or nowhere
    ├── UnknownOutcome       a commit was sent and its answer lost; ask again with the same key
    ├── Misconfigured        the host's parts don't fit together (never on the wire)
    │   └── MissingExtra     a feature needs an optional dependency
    └── Internal             a defect of ours

``code`` is stable and protocol-neutral: HTTP and realtime map it to their own numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from attrs import frozen


@frozen
class Problem:
    """One thing wrong with one field. ``path`` is dotted, from the request's root."""

    path: str
    message: str


class ChatError(Exception):
    """The root: catch this to catch everything that chatcore raises on purpose."""

    code: ClassVar[str] = "internal"
    title: ClassVar[str] = "Internal error"

    def __init__(
        self,
        detail: str | None = None,
        *,
        errors: Sequence[Problem] = (),
        retry_after: float | None = None,
    ) -> None:
        self.detail = detail or self.title
        self.errors = tuple(errors)
        self.retry_after = retry_after
        super().__init__(self.detail)

    def __str__(self) -> str:
        listed = "; ".join(f"{problem.path}: {problem.message}" for problem in self.errors)
        return f"{self.detail} ({listed})" if listed else self.detail


class Unauthenticated(ChatError):
    """Nobody is signed in, or the session is over."""

    code = "unauthenticated"
    title = "Sign in first"


class Forbidden(ChatError):
    """The caller sees the object but lacks the right."""

    code = "forbidden"
    title = "Not allowed"


class NotFound(ChatError):
    """Takes no detail: unknown, malformed and hidden ids must answer alike, byte for byte."""

    code = "not_found"
    title = "Not found"

    def __init__(self) -> None:
        super().__init__()


class Conflict(ChatError):
    """What was asked for doesn't go with how things stand."""

    code = "conflict"
    title = "Conflicts with the current state"


class VersionConflict(Conflict):
    """An edit of an older version than the current one."""

    code = "version_conflict"
    title = "Changed since you read it"


class KeyReused(ChatError):
    """A client key that stands for other content already."""

    code = "key_reused"
    title = "This key was used for other content"


class Invalid(ChatError):
    """A request that is wrong in itself; ``errors`` names the fields."""

    code = "invalid"
    title = "Invalid request"

    @classmethod
    def field(cls, path: str, message: str) -> Invalid:
        """One wrong field."""
        return cls(errors=[Problem(path, message)])


class TooLarge(ChatError):
    """A frame, request body or file over its limit, in bytes."""

    code = "too_large"
    title = "Too large"


class RateLimited(ChatError):
    """Too often; ``retry_after`` says in how many seconds to come back."""

    code = "rate_limited"
    title = "Too many requests"


class Unavailable(ChatError):
    """The engine can't answer now, and changed nothing."""

    code = "unavailable"
    title = "Not available right now"


class Unsupported(ChatError):
    """The host has set this engine up without it; asking again is no use."""

    code = "unsupported"
    title = "Not offered here"


class UnknownOutcome(ChatError):
    """A commit was sent and its answer lost: ask again with the same key."""

    code = "unknown_outcome"
    title = "The outcome is unknown"


class Misconfigured(ChatError):
    """The host opened the engine with parts that don't fit together."""

    title = "Misconfigured"


class MissingExtra(Misconfigured):
    """A feature needs an optional dependency: says which one and how to install it."""

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(f"{feature} needs an extra: pip install 'chatcore[{extra}]'")


class Internal(ChatError):
    """A defect of ours; the log says which."""
