"""The audit log in storage: one in each store, written in the act's own transaction."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from attrs import define, field, frozen

from chatcore.ids import AuditId, ConversationId, Milliseconds, UserId


@define(kw_only=True)
class AuditRecord:
    """Who did what to whom. Never a body, a password or a token."""

    id: AuditId
    at: Milliseconds
    actor_id: UserId | None
    """None: the host's own code."""
    operator: bool
    method: str
    conversation_id: ConversationId | None = None
    user_id: UserId | None = None
    """To whom it was done."""
    object_id: str | None = None
    """The message, session, report or whatever else it was about."""
    details: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class AuditFilter:
    """Which acts: those that fit everything that is given. Times include both ends."""

    actor_id: UserId | None = None
    user_id: UserId | None = None
    conversation_id: ConversationId | None = None
    method: str | None = None
    since: Milliseconds | None = None
    until: Milliseconds | None = None


class AuditRepository(ABC):
    """One store's acts."""

    @abstractmethod
    def add(self, record: AuditRecord) -> None:
        """Add a row."""

    @abstractmethod
    def page(self, which: AuditFilter, before: str | None, limit: int) -> Sequence[AuditRecord]:
        """Acts with an id below ``before``, the latest first."""

    @abstractmethod
    def forget(self, before: Milliseconds, limit: int) -> int:
        """Drop at most ``limit`` rows older than that; how many."""
