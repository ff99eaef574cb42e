"""Reports: what people complain of, and what operators make of it."""

from __future__ import annotations

from typing import Annotated, Literal

from attrs import frozen

from chatcore.ids import MessageId, ReportId, UserId
from chatcore.models import Page, Report, ReportReason, ReportState
from chatcore.operations.base import Operation, always, operation
from chatcore.operations.checks import Text, Whole


@operation("reports.create", Report, writes=True, rate="reports", users="named")
@frozen(kw_only=True)
class CreateReport(Operation[Report]):
    """Report a message that one sees, or a user. What is open already is answered again."""

    message_id: MessageId | None = None
    user_id: UserId | None = None
    reason: ReportReason
    note: Annotated[str | None, Text("text_chars")] = None

    @property
    def named(self) -> tuple[UserId, ...]:
        """Everyone it names."""
        return () if self.user_id is None else (self.user_id,)


@operation("reports.list", Page[Report])
@frozen(kw_only=True)
class ListReports(Operation[Page[Report]]):
    """Reports, the oldest first, with what was reported as it was: for operators."""

    state: ReportState | None = None
    cursor: Annotated[str | None, Text("text_chars")] = None
    limit: Annotated[int | None, Whole(1, "page_max")] = None


@operation("reports.resolve", Report, writes=True, audit=always)
@frozen
class ResolveReport(Operation[Report]):
    """Close an open report: ``removed`` deletes the message, the others say what was done."""

    id: ReportId
    action: Literal["dismissed", "removed", "warned", "banned"]
    note: Annotated[str | None, Text("text_chars")] = None
