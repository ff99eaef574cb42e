"""Slow mode: one message a member in so many seconds."""

from __future__ import annotations

from chatcore.rules.membership import rank


def paced(role: str, slow_mode_s: int) -> bool:
    """Whether slow mode holds for a member of this role: admins and owners are free of it."""
    return slow_mode_s > 0 and rank(role) < rank("admin")


def wait_ms(slow_mode_s: int, last_sent_at: int | None, now: int) -> int:
    """How long a member has yet to wait, in milliseconds like both times; 0: they may send.

    Never longer than slow mode is: not even where the clock was set back.
    """
    if last_sent_at is None:
        return 0
    span = slow_mode_s * 1_000
    return max(0, min(span, last_sent_at + span - now))
