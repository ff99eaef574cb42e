"""Links into groups."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from attrs import field, frozen

from chatcore.ids import ConversationId, InviteCode, InviteId
from chatcore.models import Conversation, Done, Invite, Page, Role
from chatcore.operations.base import Operation, always, operation
from chatcore.operations.checks import Text, Whole


@operation("invites.list", Page[Invite], stream="conversation_id")
@frozen
class ListInvites(Operation[Page[Invite]]):
    """The links into a group that work, the oldest first."""

    conversation_id: ConversationId
    cursor: Annotated[str | None, Text("text_chars")] = None
    limit: Annotated[int | None, Whole(1, "page_max")] = None


@operation("invites.create", Invite, writes=True, stream="conversation_id", audit=always)
@frozen
class CreateInvite(Operation[Invite]):
    """Make a link by which whoever has it may join a group.

    It ends at ``expires_at`` or after ``expires_in`` seconds, when ``max_uses`` have joined by it,
    or when its creator may no longer make it.
    """

    conversation_id: ConversationId
    role: Role = field(default="member", kw_only=True)
    share_history: bool = field(default=False, kw_only=True)
    expires_at: datetime | None = field(default=None, kw_only=True)
    expires_in: Annotated[int | None, Whole(1, "invite_s")] = field(default=None, kw_only=True)
    max_uses: Annotated[int | None, Whole(1, "invite_uses")] = field(default=None, kw_only=True)


@operation("invites.revoke", Done, writes=True, stream="conversation_id", audit=always)
@frozen
class RevokeInvite(Operation[Done]):
    """End a link. Who joined by it stays."""

    conversation_id: ConversationId
    invite_id: InviteId


@operation("invites.redeem", Conversation, writes=True, rate="joins")
@frozen
class RedeemInvite(Operation[Conversation]):
    """Join a group by a link; whoever is in it already uses nothing up."""

    code: InviteCode
