"""Polls: messages with a question to vote on."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from attrs import frozen

from chatcore.ids import ConversationId, MessageId
from chatcore.models import Message
from chatcore.operations.base import Operation, operation
from chatcore.operations.checks import Many, Text, Whole


@frozen(kw_only=True)
class NewPoll:
    """A question with its answers, as they are sent."""

    question: Annotated[str, Text("text_chars")]
    options: Annotated[tuple[Annotated[str, Text("name_chars")], ...], Many("poll_options", 2)]
    multiple: bool = False
    """Whether one may choose several."""
    anonymous: bool = False
    """Whether nobody learns who chose what."""
    closes_at: datetime | None = None


@operation("messages.vote", Message, writes=True, stream="conversation_id")
@frozen
class Vote(Operation[Message]):
    """Choose a poll's options by their places, from 0, instead of those chosen before."""

    conversation_id: ConversationId
    message_id: MessageId
    options: Annotated[tuple[Annotated[int, Whole()], ...], Many("poll_options")]
    """None of them: the vote is taken back."""


@operation("messages.close_poll", Message, writes=True, stream="conversation_id")
@frozen
class ClosePoll(Operation[Message]):
    """Take no more votes; again is the same."""

    conversation_id: ConversationId
    message_id: MessageId
