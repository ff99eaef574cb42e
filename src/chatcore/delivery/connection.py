"""One client that is connected: who it is, what it looks at, and what waits for it."""

from __future__ import annotations

from attrs import define, field

from chatcore.delivery.chunks import Chunk
from chatcore.delivery.outbox import Outbox
from chatcore.ids import ConnectionId, SessionId, StreamId, UserId


@define(eq=False)
class Connection:
    """What the hub knows of one client. Only its own session changes it."""

    id: ConnectionId
    user_id: UserId
    session_id: SessionId | None
    """The account session behind it; when that is revoked, the connection is closed."""
    outbox: Outbox
    focus: frozenset[StreamId] = frozenset()
    """The conversations on screen: typing and receipts of large ones go only there."""
    inactive: bool = False
    """In the background: hears nothing of typing and presence."""
    missed: dict[UserId, Chunk] = field(factory=dict)
    """By user, the presence that it would have heard of meanwhile. Set by the hub."""
    watched: frozenset[UserId] = frozenset()
    """Whose presence and profile it hears of. Set by :meth:`Hub.watch`."""

    def rest(self, inactive: bool) -> None:
        """Go into the background, or come back: then hear what has become of those it watches."""
        self.inactive = inactive
        if not inactive:
            for user, chunk in self.missed.items():
                if user in self.watched:
                    self.outbox.put(chunk)
            self.missed.clear()
