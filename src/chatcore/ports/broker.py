"""What carries events between processes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

from chatcore.events import Announcement

Deliver = Callable[[Sequence[Announcement]], None]
"""Takes what was announced, on the event loop, and never blocks."""


class Broker(ABC):
    """Carries announcements from any engine on a database to the hubs of all of them.

    It is a hint, not the truth: it may lose, repeat and reorder, and clients heal by pulling.
    What one engine publishes reaches its own hub too, once.
    """

    @abstractmethod
    async def start(self, deliver: Deliver) -> None:
        """Begin: from here on call ``deliver`` for everything that any engine publishes."""

    @abstractmethod
    def publish(self, announcements: Sequence[Announcement]) -> None:
        """Send these on, in order, and return at once. Called on the event loop.

        Never raises for a broker that can't be reached: what is lost is healed by pulls.
        """

    @abstractmethod
    async def stop(self) -> None:
        """Send what waits, if it can be sent at once, and end. Nothing is delivered after."""
