"""Reactions to messages."""

from __future__ import annotations

from typing import Annotated

from attrs import frozen

from chatcore.ids import ConversationId, MessageId
from chatcore.models import Message
from chatcore.operations.base import Operation, operation
from chatcore.operations.checks import Text


@operation("reactions.add", Message, writes=True, stream="conversation_id")
@frozen
class AddReaction(Operation[Message]):
    """React to a message; again is the same."""

    conversation_id: ConversationId
    message_id: MessageId
    key: Annotated[str, Text("reaction_chars")]


@operation("reactions.remove", Message, writes=True, stream="conversation_id")
@frozen
class RemoveReaction(Operation[Message]):
    """Take a reaction back; again is the same."""

    conversation_id: ConversationId
    message_id: MessageId
    key: Annotated[str, Text("reaction_chars")]
