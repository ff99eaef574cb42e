"""A member's own view of a conversation: what nobody else sees of it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from attrs import frozen

from chatcore.ids import ConversationId
from chatcore.models import Conversation
from chatcore.operations.base import UNSET, Operation, Unset, operation
from chatcore.operations.checks import Many, Text, Whole


@operation("conversations.personalize", Conversation, writes=True, stream="conversation_id")
@frozen
class PersonalizeConversation(Operation[Conversation]):
    """Mute, archive, pin, label, draft in or mark unread a conversation, for oneself alone."""

    conversation_id: ConversationId
    muted_until: datetime | None | Unset = UNSET
    """Muted up to this time; one that has passed mutes nothing."""
    archived: bool | Unset = UNSET
    pinned: bool | Unset = UNSET
    labels: Annotated[
        tuple[Annotated[str, Text("label_chars")], ...] | None | Unset, Many("labels")
    ] = UNSET
    draft: Annotated[str | None | Unset, Text("body_chars", 0, most_bytes="body_bytes")] = UNSET
    """What one has typed so far; an empty one is none."""
    marked_unread: bool | Unset = UNSET


@operation("conversations.clear", Conversation, writes=True, stream="conversation_id")
@frozen
class ClearConversation(Operation[Conversation]):
    """Remove everything up to and including a seq from one's own view, for ever."""

    conversation_id: ConversationId
    up_to_seq: Annotated[int, Whole()]
