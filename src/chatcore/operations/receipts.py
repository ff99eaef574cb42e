"""How far members have received and read."""

from __future__ import annotations

from typing import Annotated

from attrs import frozen

from chatcore.ids import ConversationId, MessageId, UserId
from chatcore.models import Badge, Marked, Page, Receipt, UnreadExplanation
from chatcore.operations.base import Operation, operation
from chatcore.operations.checks import Many, Text, Whole


@operation("receipts.mark", Marked, writes=True, rate="state", stream="conversation_id")
@frozen
class MarkReceipt(Operation[Marked]):
    """Everything up to a seq is delivered, or read. A list of messages means its highest."""

    conversation_id: ConversationId
    delivered_seq: Annotated[int | None, Whole()] = None
    read_seq: Annotated[int | None, Whole()] = None
    message_ids: Annotated[tuple[MessageId, ...], Many("page_max")] = ()
    """Read."""
    thread_id: MessageId | None = None
    """Read in this message's thread only; the rest of the conversation stays as it is."""


@operation("receipts.list", Page[Receipt], stream="conversation_id")
@frozen
class ListReceipts(Operation[Page[Receipt]]):
    """The watermarks of the current members."""

    conversation_id: ConversationId
    cursor: Annotated[str | None, Text("text_chars")] = None
    limit: Annotated[int | None, Whole(1, "page_max")] = None


@operation("receipts.badge", Badge)
@frozen(kw_only=True)
class GetBadge(Operation[Badge]):
    """What one hasn't read in total: muted and archived conversations count where asked for."""

    muted: bool = False
    archived: bool = False


@operation("receipts.explain", UnreadExplanation, stream="conversation_id")
@frozen
class ExplainUnread(Operation[UnreadExplanation]):
    """Why a member's unread count is what it is, message by message: for operators only."""

    user_id: UserId
    conversation_id: ConversationId
    after: Annotated[int | None, Whole()] = None
    """From the message after this seq on; without it, from the first that can be unread."""
    limit: Annotated[int | None, Whole(1, "page_max")] = None
