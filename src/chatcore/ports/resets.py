"""Codes for forgotten passwords, in storage: of each only a hash, and only for a while."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from attrs import define

from chatcore.ids import Milliseconds, UserId


@define(kw_only=True)
class ResetRecord:
    """A code's row. ``id`` is its first part, by which it is found; the rest is hashed."""

    id: str
    user_id: UserId
    code_hash: str
    expires_at: Milliseconds
    guesses: int = 0
    """How many wrong codes began like this one."""


class ResetRepository(ABC):
    """Codes that were sent."""

    @abstractmethod
    def insert(self, record: ResetRecord) -> None:
        """Add a row."""

    @abstractmethod
    def get(self, id: str) -> ResetRecord | None:
        """The code that begins like this, over or not."""

    @abstractmethod
    def of(self, user_id: UserId) -> Sequence[ResetRecord]:
        """A user's codes, over or not."""

    @abstractmethod
    def save(self, record: ResetRecord) -> None:
        """Write a changed row."""

    @abstractmethod
    def forget(self, user_id: UserId) -> None:
        """Drop a user's codes."""

    @abstractmethod
    def expire(self, now: Milliseconds) -> None:
        """Drop every code that is over."""
