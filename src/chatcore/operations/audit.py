"""The audit log: who did what to whom."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from attrs import frozen

from chatcore.ids import ConversationId, UserId
from chatcore.models import AuditEntry, Page
from chatcore.operations.base import Operation, operation
from chatcore.operations.checks import Text, Whole


@operation("audit.list", Page[AuditEntry])
@frozen(kw_only=True)
class ListAudit(Operation[Page[AuditEntry]]):
    """Administrative acts, the latest first, that fit all that is given: for operators."""

    actor_id: UserId | None = None
    user_id: UserId | None = None
    conversation_id: ConversationId | None = None
    method: Annotated[str | None, Text("name_chars")] = None
    since: datetime | None = None
    until: datetime | None = None
    cursor: Annotated[str | None, Text("text_chars")] = None
    limit: Annotated[int | None, Whole(1, "page_max")] = None
