"""Who people are, and how their passwords are kept."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping

from chatcore.ids import UserId
from chatcore.models import User


class Directory(ABC):
    """Where users come from: chatcore's own accounts, or the host's. Synchronous, in threads."""

    @abstractmethod
    def cards(self, user_ids: Collection[UserId]) -> Mapping[UserId, User]:
        """The public cards (shared faces) of those who exist; unknown ids are left out."""


class Hasher(ABC):
    """Turns passwords into what may be stored. Slow on purpose; called in a few threads only."""

    @abstractmethod
    def hash(self, password: str) -> str:
        """A self-describing hash, with its own salt."""

    @abstractmethod
    def verify(self, stored: str | None, password: str) -> bool:
        """Whether ``password`` is the one; takes as long where ``stored`` is None."""

    @abstractmethod
    def outdated(self, stored: str) -> bool:
        """Whether it should be hashed anew at the next chance."""
