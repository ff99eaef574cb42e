"""Receipts on their way out, merged to the newest per member: watermarks only rise."""

from __future__ import annotations

from typing import Final

from attrs import define, field

from chatcore.events import Announcement, ReceiptsMoved
from chatcore.ids import UserId
from chatcore.models import Hearers, Receipt

MOST_RECEIPTS: Final = 1_000
"""So many in one announcement fit into a frame."""


@define(eq=False)
class Moved:
    """The receipts of one conversation that moved between two counts of its receipt counter."""

    prev: int
    rev: int
    only_focused: bool
    receipts: dict[UserId, Receipt] = field(factory=dict)
    hearers: dict[UserId, Hearers] = field(factory=dict)
    """By whose receipt it is, who may see it; those missing are open to everybody."""

    @classmethod
    def of(cls, announcement: Announcement, event: ReceiptsMoved) -> Moved:
        """One batch's receipts."""
        return cls(
            prev=announcement.prev or 0,
            rev=announcement.rev or 0,
            only_focused=announcement.only_focused,
            receipts={receipt.user_id: receipt for receipt in event.receipts},
            hearers=dict(announcement.receipts_to),
        )

    def merge(self, later: Moved) -> Moved:
        """This, with ``later`` in it. Across a gap ``prev`` moves up: clients shall see the gap."""
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
            # Who may see it is as of now, also for what waited: the newest of it includes that.
            self.hearers.pop(user, None)
        self.hearers.update(later.hearers)
        return self

    def full(self) -> bool:
        """Whether it holds as much as fits into a frame."""
        return len(self.receipts) >= MOST_RECEIPTS

    def event(self, viewer: UserId | None = None, *, own_only: bool = False) -> ReceiptsMoved:
        """The event; for ``viewer``, without what is hidden from them (``own_only``: others')."""
        return ReceiptsMoved(
            tuple(
                one
                for user, one in self.receipts.items()
                if viewer in (None, user)
                or not (own_only or (user in self.hearers and viewer not in self.hearers[user]))
            )
        )
