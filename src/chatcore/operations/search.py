"""Searching messages."""

from __future__ import annotations

from typing import Annotated

from attrs import frozen

from chatcore.ids import ConversationId, UserId
from chatcore.models import Message, Page
from chatcore.operations.base import Operation, operation
from chatcore.operations.checks import Text, Whole


@operation("messages.search", Page[Message], rate="searches")
@frozen
class SearchMessages(Operation[Page[Message]]):
    """Messages that hold all words of ``q``, newest first, among those that one may see.

    A quoted phrase stands as it is, a trailing ``*`` asks for words that begin so. A page may hold
    fewer than ``limit`` although ``next`` is there: go on.
    """

    q: Annotated[str, Text("search_chars")]
    conversation_id: ConversationId | None = None
    sender_id: UserId | None = None
    cursor: Annotated[str | None, Text("text_chars")] = None
    limit: Annotated[int | None, Whole(1, "page_max")] = None
