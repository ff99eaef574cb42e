"""One process: what is published is delivered here and now."""

from __future__ import annotations

from collections.abc import Sequence

from chatcore.events import Announcement
from chatcore.ports.broker import Broker, Deliver


class LocalBroker(Broker):
    """Hands announcements to the one hub there is, in the same turn of the event loop."""

    def __init__(self) -> None:
        self._deliver: Deliver | None = None

    async def start(self, deliver: Deliver) -> None:
        self._deliver = deliver

    def publish(self, announcements: Sequence[Announcement]) -> None:
        if self._deliver is not None:
            self._deliver(announcements)

    async def stop(self) -> None:
        self._deliver = None
