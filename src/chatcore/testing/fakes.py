"""Parts of an engine that are quick and can be looked into, for tests."""

from __future__ import annotations

from collections.abc import Sequence

from chatcore.brokers.local import LocalBroker
from chatcore.events import Announcement
from chatcore.ports.identity import Hasher

_PREFIX = "plain:"


class PlainHasher(Hasher):
    """Keeps passwords readable, at no cost. Never for anything but tests.

    ``verified`` is what was compared with what, in order: (stored, password).
    """

    def __init__(self, prefix: str = _PREFIX) -> None:
        self._prefix = prefix
        self.verified: list[tuple[str | None, str]] = []

    def hash(self, password: str) -> str:
        return self._prefix + password

    def verify(self, stored: str | None, password: str) -> bool:
        self.verified.append((stored, password))
        return stored is not None and stored.partition(":")[2] == password

    def outdated(self, stored: str) -> bool:
        """Whether it was made with another prefix, which must end in a colon too."""
        return not stored.startswith(self._prefix)


class RecordingBroker(LocalBroker):
    """The broker of one process, which keeps what was published in ``announced``."""

    def __init__(self) -> None:
        super().__init__()
        self.announced: list[Announcement] = []

    def publish(self, announcements: Sequence[Announcement]) -> None:
        self.announced.extend(announcements)
        super().publish(announcements)

    def take(self) -> list[Announcement]:
        """What was published since the last time."""
        taken, self.announced = self.announced, []
        return taken
