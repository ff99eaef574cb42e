"""What a member hasn't read: a pure function of the messages, never a stored counter.

Three ways lead to the number: a bounded query in storage, a client's running count, and looking at
every message. They have to agree; this module is the last two, and the predicate behind all.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final, TypeAlias

from attrs import frozen

from chatcore.ids import UserId
from chatcore.models import Message, UnreadReason

_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


@frozen(kw_only=True)
class Viewer:
    """Who counts, and from where on."""

    user_id: UserId
    read_seq: int = 0
    joined_seq: int = 0
    floor_seq: int = 0

    @property
    def after_seq(self) -> int:
        """Only messages above this seq can be unread."""
        return max(self.read_seq, self.joined_seq, self.floor_seq)


@frozen
class Counts:
    """``more`` is set where there are more than ``unread`` says."""

    unread: int = 0
    more: bool = False
    mentions: int = 0


Reason: TypeAlias = UnreadReason


def reason(message: Message, viewer: Viewer, now: datetime, *, hidden: bool) -> Reason:
    """The rule that counts ``message`` as unread at ``now``, or the first that leaves it out."""
    expired = message.expires_at is not None and message.expires_at <= now
    rules: tuple[tuple[Reason, bool], ...] = (
        ("joined", message.seq <= viewer.joined_seq),
        ("cleared", message.seq <= viewer.floor_seq),
        ("read", message.seq <= viewer.read_seq),
        ("own", message.sender_id == viewer.user_id),
        ("system", message.kind == "system"),
        ("deleted", message.deleted is not None),
        ("hidden", hidden),
        ("expired", expired),
    )
    return next((name for name, holds in rules if holds), "counted")


def counts(message: Message, viewer: Viewer, now: datetime) -> bool:
    """Whether ``message``, as ``viewer`` holds it (``hidden``), is unread at ``now``."""
    return reason(message, viewer, now, hidden=bool(message.hidden)) == "counted"


def mentions(message: Message, user: UserId) -> bool:
    """Whether it names the user, or everybody."""
    return user in message.mentions or "all" in message.mentions


def _countable(message: Message, viewer: Viewer) -> bool:
    """Whether it counts until it expires."""
    found = reason(message, viewer, _LONG_AGO, hidden=bool(message.hidden))
    return found == "counted"


def brute(messages: Iterable[Message], viewer: Viewer, now: datetime, limit: int) -> Counts:
    """The counts, by looking at every message; exact up to ``limit``.

    Both end at it: with more unread, ``mentions`` are still exact as long as they are fewer.
    """
    unread = [message for message in messages if counts(message, viewer, now)]
    named = sum(mentions(message, viewer.user_id) for message in unread)
    return Counts(min(len(unread), limit), len(unread) > limit, min(named, limit))


# A client's running count. Between the server's own statements, which replace it, only these two
# change it. None means that the client can't know and has to ask for the conversation.


def arrived(
    held: Counts, viewer: Viewer, message: Message, now: datetime, limit: int
) -> Counts | None:
    """The count after ``message.sent``."""
    if not counts(message, viewer, now):
        return held
    if held.more or held.unread >= limit:
        return None
    return Counts(held.unread + 1, False, held.mentions + mentions(message, viewer.user_id))


def vanished(held: Counts, viewer: Viewer, message: Message | None) -> Counts | None:
    """The count after a message was deleted, hidden or expired, the first time one of these is so.

    ``message`` is how the client held it just before, None where it lacks it.
    """
    if message is None or held.more:
        return None
    if not _countable(message, viewer):
        return held
    return Counts(held.unread - 1, False, held.mentions - mentions(message, viewer.user_id))
