"""Conversations: direct, group, and with oneself."""

from __future__ import annotations

from typing import Annotated, Literal

from attrs import frozen

from chatcore.ids import ConversationId, UserId
from chatcore.models import Conversation, ConversationKind, Done, GroupCard, Page
from chatcore.operations.base import UNSET, Operation, Unset, always, operation
from chatcore.operations.checks import Key, Many, Text, Whole


@frozen(kw_only=True)
class NewSettings:
    """Settings a group may be made with or changed to; an absent one stays."""

    history: Literal["joined", "shared"] | Unset = UNSET
    announcement: bool | Unset = UNSET
    frozen: bool | Unset = UNSET
    public: bool | Unset = UNSET
    slow_mode_s: Annotated[int | Unset, Whole(0, "slow_mode_s")] = UNSET
    expire_after_s: Annotated[int | None | Unset, Whole(1, "expire_after_s")] = UNSET
    """How long after ``expire_from`` messages sent from now on disappear; None: never."""
    expire_from: Literal["sent", "read"] | Unset = UNSET
    """``read`` only in direct conversations: from when the other one has read it."""
    retention_days: Annotated[int | None | Unset, Whole(1, "retention_days")] = UNSET
    """How long messages are kept; None: as long as the engine keeps any."""


@operation("conversations.create", Conversation, writes=True, users="member_ids_named", key=True)
@frozen(kw_only=True)
class CreateConversation(Operation[Conversation]):
    """Open a direct conversation (or find it), make a group, or open one's saved messages."""

    kind: ConversationKind
    user_id: UserId | None = None
    title: Annotated[str | None, Text("name_chars")] = None
    description: Annotated[str | None, Text("text_chars")] = None
    member_ids: Annotated[tuple[UserId, ...], Many("members_a_request")] = ()
    settings: NewSettings | None = None
    key: Annotated[str | None, Key()] = None

    @property
    def member_ids_named(self) -> tuple[UserId, ...]:
        """Everyone it names."""
        return self.member_ids if self.user_id is None else (self.user_id, *self.member_ids)


@operation("conversations.list", Page[Conversation])
@frozen(kw_only=True)
class ListConversations(Operation[Page[Conversation]]):
    """One's conversations, last activity first, with last message and counts.

    What is given has to be so: archived or not, pinned or not, with this label, with something
    unread (or marked so) or without.
    """

    archived: bool | None = None
    pinned: bool | None = None
    label: Annotated[str | None, Text("label_chars")] = None
    unread: bool | None = None
    cursor: Annotated[str | None, Text("text_chars")] = None
    limit: Annotated[int | None, Whole(1, "page_max")] = None


@operation("conversations.get", Conversation, stream="conversation_id")
@frozen
class GetConversation(Operation[Conversation]):
    """One conversation with its personal face and a sync cursor."""

    conversation_id: ConversationId


@operation("conversations.discover", Page[GroupCard], rate="searches")
@frozen(kw_only=True)
class DiscoverConversations(Operation[Page[GroupCard]]):
    """Public groups, the newest first; ``q`` is part of the title."""

    q: Annotated[str | None, Text("name_chars")] = None
    cursor: Annotated[str | None, Text("text_chars")] = None
    limit: Annotated[int | None, Whole(1, "page_max")] = None


@operation("conversations.join", Conversation, writes=True, rate="joins", stream="conversation_id")
@frozen
class JoinConversation(Operation[Conversation]):
    """Join a public group."""

    conversation_id: ConversationId


@operation(
    "conversations.update", Conversation, writes=True, stream="conversation_id", audit=always
)
@frozen
class UpdateConversation(Operation[Conversation]):
    """Change a group's title, description, picture or settings."""

    conversation_id: ConversationId
    title: Annotated[str | Unset, Text("name_chars")] = UNSET
    description: Annotated[str | None | Unset, Text("text_chars")] = UNSET
    avatar_url: Annotated[str | None | Unset, Text("url_chars")] = UNSET
    settings: NewSettings | Unset = UNSET


@frozen
class SetExpiry(UpdateConversation):
    """Setting when messages disappear, as the policy sees it: either may in a direct one."""


@operation("conversations.delete", Done, writes=True, stream="conversation_id", audit=always)
@frozen
class DeleteConversation(Operation[Done]):
    """Delete a group for everyone; of a direct conversation nobody may."""

    conversation_id: ConversationId
