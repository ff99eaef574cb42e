"""What messages said before they were edited."""

from __future__ import annotations

from typing import Annotated

from attrs import frozen

from chatcore.ids import ConversationId, MessageId
from chatcore.models import Page, Revision
from chatcore.operations.base import Operation, operation
from chatcore.operations.checks import Text, Whole


@operation("messages.history", Page[Revision], stream="conversation_id")
@frozen
class ListRevisions(Operation[Page[Revision]]):
    """A message's versions, the current one last; for its sender and, as set, for others."""

    conversation_id: ConversationId
    message_id: MessageId
    cursor: Annotated[str | None, Text("text_chars")] = None
    limit: Annotated[int | None, Whole(1, "page_max")] = None
