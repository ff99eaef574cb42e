"""Who may not come back into a group."""

from __future__ import annotations

from typing import Annotated

from attrs import frozen

from chatcore.ids import ConversationId, UserId
from chatcore.models import Ban, Done, Page
from chatcore.operations.base import Operation, always, operation
from chatcore.operations.checks import Text, Whole


@operation("members.bans", Page[Ban], stream="conversation_id")
@frozen
class ListBans(Operation[Page[Ban]]):
    """Whom a group has banned."""

    conversation_id: ConversationId
    cursor: Annotated[str | None, Text("text_chars")] = None
    limit: Annotated[int | None, Whole(1, "page_max")] = None


@operation("members.ban", Ban, writes=True, stream="conversation_id", users="user_id", audit=always)
@frozen
class BanMember(Operation[Ban]):
    """Remove a member of lower rank, if they are one, and keep them out by every way."""

    conversation_id: ConversationId
    user_id: UserId
    reason: Annotated[str | None, Text("text_chars")] = None


@operation("members.unban", Done, writes=True, stream="conversation_id", audit=always)
@frozen
class UnbanMember(Operation[Done]):
    """Lift a ban. It doesn't bring the user back."""

    conversation_id: ConversationId
    user_id: UserId
