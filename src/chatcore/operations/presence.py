"""Who is there, and who is writing."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from attrs import frozen

from chatcore.ids import ConversationId, UserId
from chatcore.models import Done, Page, Presence, TypingState, UserPresence
from chatcore.operations.base import Operation, operation
from chatcore.operations.checks import Many, Text


@operation("presence.set", Presence, writes=True, rate="state")
@frozen
class SetPresence(Operation[Presence]):
    """Choose one's status and a text, for a while if one likes."""

    status: Literal["online", "away", "dnd", "invisible"]
    text: Annotated[str | None, Text("name_chars")] = None
    until: datetime | None = None


@operation("presence.watch", Page[UserPresence], rate="state")
@frozen
class WatchPresence(Operation[Page[UserPresence]]):
    """Be told of these users' presence and profiles on this connection; replaces the last list."""

    user_ids: Annotated[tuple[UserId, ...], Many("watched")]


@operation("presence.get", Page[UserPresence], rate="state")
@frozen
class GetPresence(Operation[Page[UserPresence]]):
    """The presence of these users, as far as one may see it."""

    user_ids: Annotated[tuple[UserId, ...], Many("page_max", 1)]


@operation("typing.set", Done, rate="state", stream="conversation_id")
@frozen
class SetTyping(Operation[Done]):
    """Say that one is writing or recording; holds for six seconds."""

    conversation_id: ConversationId
    state: TypingState = "text"
