"""Who belongs to a conversation, and as what."""

from __future__ import annotations

from typing import Annotated

from attrs import frozen

from chatcore.ids import ConversationId, UserId
from chatcore.models import Done, Member, Page, Role
from chatcore.operations.base import Operation, always, operation
from chatcore.operations.checks import Many, Text, Whole


@operation("members.list", Page[Member], stream="conversation_id")
@frozen
class ListMembers(Operation[Page[Member]]):
    """The current members."""

    conversation_id: ConversationId
    cursor: Annotated[str | None, Text("text_chars")] = None
    limit: Annotated[int | None, Whole(1, "page_max")] = None


@operation("members.add", Page[Member], writes=True, stream="conversation_id", users="user_ids")
@frozen
class AddMembers(Operation[Page[Member]]):
    """Add users to a group; those already in it stay as they are."""

    conversation_id: ConversationId
    user_ids: Annotated[tuple[UserId, ...], Many("members_a_request", 1)]
    share_history: bool = False


@operation("members.update", Member, writes=True, stream="conversation_id", audit=always)
@frozen
class UpdateMember(Operation[Member]):
    """Change a member's role. The last owner keeps theirs."""

    conversation_id: ConversationId
    user_id: UserId
    role: Role


@operation("members.remove", Done, writes=True, stream="conversation_id", audit=always)
@frozen
class RemoveMember(Operation[Done]):
    """Remove a member of lower rank."""

    conversation_id: ConversationId
    user_id: UserId


@operation("members.transfer", Member, writes=True, stream="conversation_id", audit=always)
@frozen
class TransferOwnership(Operation[Member]):
    """Make another member an owner in one's own place, and oneself an admin."""

    conversation_id: ConversationId
    user_id: UserId


@operation("members.leave", Done, writes=True, stream="conversation_id")
@frozen
class Leave(Operation[Done]):
    """Leave a group. A last owner's role passes on; an empty group is gone."""

    conversation_id: ConversationId
