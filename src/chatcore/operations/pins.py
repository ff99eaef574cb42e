"""Pins: the few messages that a conversation keeps in view."""

from __future__ import annotations

from attrs import frozen

from chatcore.ids import ConversationId, MessageId
from chatcore.models import Message
from chatcore.operations.base import Operation, operation


@operation("messages.pin", Message, writes=True, stream="conversation_id")
@frozen
class PinMessage(Operation[Message]):
    """Pin a message for all; again is the same. ``messages.list`` shows the pinned ones."""

    conversation_id: ConversationId
    message_id: MessageId


@operation("messages.unpin", Message, writes=True, stream="conversation_id")
@frozen
class UnpinMessage(Operation[Message]):
    """Take a pin away; again is the same."""

    conversation_id: ConversationId
    message_id: MessageId
