"""The requests that speak about the realtime session itself; all others are operations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

from attrs import frozen

from chatcore.ids import ConversationId
from chatcore.models import Done, Started
from chatcore.operations.base import Operation
from chatcore.operations.checks import Many, Text, Whole

PROTOCOL: Final = 1
"""The version of the protocol that is spoken here."""

SUBPROTOCOL: Final = "chatcore.v1"
"""Under this WebSocket subprotocol a frame holds one or more messages, each on its own line."""


@frozen(kw_only=True)
class Start(Operation[Started]):
    """Begin: authenticate, hear events from here on, learn where the streams stand."""

    protocol: Annotated[int, Whole()]
    token: Annotated[str | None, Text("text_chars")] = None
    """May be left out where the request that opened the connection authenticated."""
    since: Annotated[str | None, Text("text_chars")] = None


@frozen
class Focus(Operation[Done]):
    """Say which conversations are on screen."""

    conversation_ids: Annotated[tuple[ConversationId, ...], Many("watched")]


@frozen
class Inactive(Operation[Done]):
    """Say that nobody is looking: typing and presence are held back."""

    inactive: bool


@frozen
class Ping(Operation[Done]):
    """Ask for an answer."""


METHODS: Final[Mapping[str, type[Operation[Any]]]] = {
    "session.start": Start,
    "session.focus": Focus,
    "session.inactive": Inactive,
    "session.ping": Ping,
}

SILENT: Final = frozenset({"session.focus", "session.inactive", "typing.set"})
"""What may come without an ``id``, and is then not answered, not even where it is refused."""
