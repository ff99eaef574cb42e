"""Reports in storage: what people have complained of, and what came of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from attrs import define

from chatcore.ids import ConversationId, MessageId, Milliseconds, ReportId, UserId


@define(kw_only=True)
class ReportRecord:
    """A report's row."""

    id: ReportId
    reporter_id: UserId
    user_id: UserId
    """Who is reported, or whose message is."""
    conversation_id: ConversationId | None = None
    message_id: MessageId | None = None
    reason: str
    note: str | None = None
    snapshot: dict[str, Any] | None = None
    """The message or the card as it was."""
    state: str = "open"
    created_at: Milliseconds
    resolved_at: Milliseconds | None = None
    resolved_by: UserId | None = None
    resolution: str | None = None
    """What the operator noted."""


class ReportRepository(ABC):
    """Reports."""

    @abstractmethod
    def insert(self, record: ReportRecord) -> None:
        """Add a row."""

    @abstractmethod
    def get(self, id: ReportId) -> ReportRecord | None:
        """One report."""

    @abstractmethod
    def open(
        self, reporter: UserId, user: UserId, message: MessageId | None
    ) -> ReportRecord | None:
        """The reporter's open report of a message, or of a user (None)."""

    @abstractmethod
    def count_open(self, reporter: UserId) -> int:
        """How many of the reporter's are open."""

    @abstractmethod
    def page(self, state: str | None, after: str, limit: int) -> Sequence[ReportRecord]:
        """Those in a state (None: in any) with an id greater than ``after``, by id."""

    @abstractmethod
    def resolve(self, record: ReportRecord) -> bool:
        """Write a resolution, if the report is still open; whether it was."""

    @abstractmethod
    def forget(self, before: Milliseconds, limit: int) -> int:
        """Drop at most ``limit`` reports that were resolved before then; how many."""
