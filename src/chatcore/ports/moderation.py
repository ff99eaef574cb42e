"""What a host may say about a message before anybody sees it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable
from typing import TypeAlias

from attrs import frozen

from chatcore.ids import ConversationId
from chatcore.models import Actor
from chatcore.operations import Operation


@frozen(kw_only=True)
class Draft:
    """What somebody is about to say, or to change a message to."""

    actor: Actor
    conversation_id: ConversationId
    body: str | None
    """None where there is no text: a file without a caption, an encrypted message."""
    operation: Operation[object]
    """The whole request: a send, an edit, a forward, or a change of a scheduled message."""


@frozen
class Allow:
    """Let it through as it is."""


@frozen
class Refuse:
    """Don't take it: its sender gets ``forbidden`` with this reason."""

    reason: str


@frozen
class Hold:
    """Keep it until an operator releases or rejects it; its sender sees that it is held, and why.

    An edit can't be held, nor a change of a scheduled message or a forward: they are refused.
    """

    reason: str | None = None


@frozen
class Replace:
    """Take it with another text, as word filters do; a forward is refused instead."""

    body: str


Verdict: TypeAlias = Allow | Refuse | Hold | Replace


class Moderator(ABC):
    """Asked about each send and edit, before a transaction begins and before a key is taken.

    It has ``Settings.moderator_s`` to answer. What it raises, or doesn't answer in time, is decided
    by ``Settings.moderator_fails``: open lets the message through, closed refuses it as
    ``unavailable``. A repeat of a key that was taken isn't asked about again.
    """

    @abstractmethod
    def review(self, draft: Draft) -> Verdict | Awaitable[Verdict]:
        """The verdict. Either ``async def``, on the engine's loop, or ``def``, in a thread."""
