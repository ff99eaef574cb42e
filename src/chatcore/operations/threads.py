"""Threads."""

from __future__ import annotations

from typing import Annotated

from attrs import frozen

from chatcore.ids import ConversationId
from chatcore.models import Page, Thread
from chatcore.operations.base import Operation, operation
from chatcore.operations.checks import Text, Whole


@operation("threads.list", Page[Thread], stream="conversation_id")
@frozen
class ListThreads(Operation[Page[Thread]]):
    """A conversation's threads, last reply first, each with what one hasn't read in it."""

    conversation_id: ConversationId
    unread: bool = False
    """Only those with something unread."""
    cursor: Annotated[str | None, Text("text_chars")] = None
    limit: Annotated[int | None, Whole(1, "page_max")] = None
