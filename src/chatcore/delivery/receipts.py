"""Receipts on their way out: at most one announcement an interval and conversation.

The first goes out at once. What comes within the interval after it is merged, the newest per
member, and goes out when the interval ends. Merging loses nothing: watermarks only rise.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from attrs import define, field

from chatcore.delivery.timers import Timers
from chatcore.events import Announcement, ReceiptsMoved
from chatcore.ids import StreamId, UserId
from chatcore.models import Receipt

MOST_RECEIPTS: Final = 1_000
"""Past so many members a merged announcement goes out early: it has to fit into a frame."""


@define(eq=False)
class Moved:
    """The receipts of one conversation that moved between two counts of its receipt counter."""

    prev: int
    rev: int
    only_focused: bool
    receipts: dict[UserId, Receipt] = field(factory=dict)
    hidden: dict[UserId, set[UserId]] = field(factory=dict)
    """By viewer: whose receipts are left out for them."""

    @classmethod
    def of(cls, announcement: Announcement, event: ReceiptsMoved) -> Moved:
        """One batch's receipts. Whoever the announcement isn't for sees only that it moved."""
        users = {receipt.user_id for receipt in event.receipts}
        return cls(
            prev=announcement.prev or 0,
            rev=announcement.rev or 0,
            only_focused=announcement.only_focused,
            receipts={receipt.user_id: receipt for receipt in event.receipts},
            hidden={viewer: set(users) for viewer in announcement.not_to},
        )

    def merge(self, later: Moved) -> None:
        """Take ``later`` in. Across a gap ``prev`` moves up too, so that clients see the gap."""
        touching = later.prev <= self.rev and self.prev <= later.rev
        self.prev = (min if touching else max)(self.prev, later.prev)
        self.rev = max(self.rev, later.rev)
        self.only_focused = later.only_focused
        for user, receipt in later.receipts.items():
            held = self.receipts.get(user, receipt)
            self.receipts[user] = Receipt(
                user_id=user,
                delivered_seq=max(held.delivered_seq, receipt.delivered_seq),
                read_seq=max(held.read_seq, receipt.read_seq),
            )
        for viewer, users in later.hidden.items():
            self.hidden.setdefault(viewer, set()).update(users)

    def event(self, viewer: UserId | None = None) -> ReceiptsMoved:
        """The event, without what is hidden from ``viewer``."""
        hidden = self.hidden.get(viewer, ()) if viewer else ()
        return ReceiptsMoved(
            tuple(one for user, one in self.receipts.items() if user not in hidden)
        )


class Coalescer:
    """Holds receipts back, a conversation at a time."""

    def __init__(
        self, timers: Timers, interval_s: float, send: Callable[[StreamId, Moved], None]
    ) -> None:
        self._timers = timers
        self._interval_s = interval_s
        self._send = send
        self._waiting: dict[StreamId, Moved | None] = {}
        """A conversation in its interval, and what came since it began."""

    def offer(self, stream: StreamId, moved: Moved) -> None:
        """Send now, or merge into what goes out when the interval ends."""
        if stream not in self._waiting:
            self._begin(stream, moved)
            return
        waiting = self._waiting[stream]
        if waiting is None:
            self._waiting[stream] = moved
            return
        waiting.merge(moved)
        if len(waiting.receipts) >= MOST_RECEIPTS:
            self._waiting[stream] = None
            self._send(stream, waiting)

    def _begin(self, stream: StreamId, moved: Moved) -> None:
        self._waiting[stream] = None
        self._timers.after(self._interval_s, lambda: self._end(stream))
        self._send(stream, moved)

    def _end(self, stream: StreamId) -> None:
        waiting = self._waiting.pop(stream)
        if waiting is not None:
            self._begin(stream, waiting)
