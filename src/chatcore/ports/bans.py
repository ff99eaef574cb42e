"""Bans in storage."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence

from attrs import define

from chatcore.ids import Milliseconds, UserId


@define(kw_only=True)
class BanRecord:
    """That a user may not be in a conversation."""

    conversation_n: int
    user_id: UserId
    created_at: Milliseconds
    created_by: UserId
    reason: str | None


class BanRepository(ABC):
    """Bans."""

    @abstractmethod
    def get(self, conversation_n: int, user_id: UserId) -> BanRecord | None:
        """A user's ban, None where there is none."""

    @abstractmethod
    def among(self, conversation_n: int, users: Collection[UserId]) -> set[UserId]:
        """Who of these is banned."""

    @abstractmethod
    def page(self, conversation_n: int, after: str, limit: int) -> Sequence[BanRecord]:
        """The bans of users with an id greater than ``after``, by user id."""

    @abstractmethod
    def save(self, record: BanRecord) -> None:
        """Insert or replace."""

    @abstractmethod
    def delete(self, conversation_n: int, user_id: UserId) -> None:
        """Lift a ban."""
