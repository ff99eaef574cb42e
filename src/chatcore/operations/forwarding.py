"""Forwarding: the same content again, in other conversations."""

from __future__ import annotations

from typing import Annotated, Any

from attrs import frozen

from chatcore.ids import ConversationId, MessageId
from chatcore.models import Forwarded
from chatcore.operations.base import Operation, operation
from chatcore.operations.checks import Key, Many
from chatcore.operations.messages import SendMessage


@operation(
    "messages.forward",
    Forwarded,
    writes=True,
    rate="sends",
    counts="conversation_ids",
    stream="conversation_id",
    key=True,
)
@frozen
class ForwardMessage(Operation[Forwarded]):
    """Send a message on, exactly once a conversation and key; each is answered by itself."""

    conversation_id: ConversationId
    message_id: MessageId
    conversation_ids: Annotated[tuple[ConversationId, ...], Many("forward_targets", 1)]
    key: Annotated[str, Key()]


@frozen
class ForwardCopy(SendMessage):
    """One of the sends that forwarding comes to; only the engine makes these."""

    source_id: MessageId | None = None
    taken: dict[str, Any] | None = None
    """What is taken over beside the body; None where the source can't be seen any more."""
