"""Who people are, and how their passwords are kept."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from datetime import datetime

from attrs import field, frozen

from chatcore.ids import UserId
from chatcore.models import User


class Directory(ABC):
    """Where users come from: chatcore's own accounts, or the host's. Synchronous, in threads."""

    @abstractmethod
    def cards(self, user_ids: Collection[UserId]) -> Mapping[UserId, User]:
        """The public cards (shared faces) of those who exist; unknown ids are left out."""


@frozen(kw_only=True)
class PasswordReset:
    """What somebody who forgot their password has to be told, at their address or number."""

    user_id: UserId
    display_name: str
    email: str | None = None
    phone: str | None = None
    """At least one of the two is there."""
    code: str = field(repr=False)
    """What they type, or follow in a link of the host's: good once, until ``expires_at``."""
    expires_at: datetime


class Mailer(ABC):
    """Brings messages to people outside of chat. Synchronous, in threads; may take its time."""

    @abstractmethod
    def deliver(self, reset: PasswordReset) -> None:
        """Send the code. What it raises is logged, and never reaches whoever asked."""


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
