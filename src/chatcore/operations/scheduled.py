"""Messages that wait: for their time, or for a moderator's verdict."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from attrs import frozen

from chatcore.ids import ScheduledId
from chatcore.models import Page, Scheduled
from chatcore.operations.base import UNSET, Operation, Unset, always, operation
from chatcore.operations.checks import Text, Whole
from chatcore.operations.messages import Body


@operation("scheduled.list", Page[Scheduled])
@frozen(kw_only=True)
class ListScheduled(Operation[Page[Scheduled]]):
    """One's messages that wait, failed or were rejected; what was sent or cancelled isn't here."""

    cursor: Annotated[str | None, Text("text_chars")] = None
    limit: Annotated[int | None, Whole(1, "page_max")] = None


@operation("scheduled.update", Scheduled, writes=True, rate="sends")
@frozen
class UpdateScheduled(Operation[Scheduled]):
    """Change the text or the time of a message that waits; a failed one needs a new time."""

    id: ScheduledId
    body: Annotated[str | Unset, Body] = UNSET
    send_at: datetime | Unset = UNSET


@operation("scheduled.cancel", Scheduled, writes=True)
@frozen
class CancelScheduled(Operation[Scheduled]):
    """Take a message back before it is sent, or put away one that failed or was rejected."""

    id: ScheduledId


@operation("scheduled.held", Page[Scheduled])
@frozen(kw_only=True)
class ListHeld(Operation[Page[Scheduled]]):
    """Everybody's messages that wait for a verdict, the oldest first: for operators only."""

    cursor: Annotated[str | None, Text("text_chars")] = None
    limit: Annotated[int | None, Whole(1, "page_max")] = None


@operation("scheduled.release", Scheduled, writes=True, audit=always)
@frozen
class ReleaseHeld(Operation[Scheduled]):
    """Let a held message go: now, or at its time. For operators only."""

    id: ScheduledId


@operation("scheduled.reject", Scheduled, writes=True, audit=always)
@frozen
class RejectHeld(Operation[Scheduled]):
    """Refuse a held message; its sender is told ``reason``. For operators only."""

    id: ScheduledId
    reason: Annotated[str | None, Text("text_chars")] = None
