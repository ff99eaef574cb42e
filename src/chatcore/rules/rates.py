"""How often something may happen: the generic cell rate algorithm (ITU-T I.371).

A rate's whole state is one number, the moment its bucket is full again. Nothing has to be refilled
by a timer, and a bucket that was forgotten is the same as a full one.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from attrs import field, frozen, validators

_JITTER_S = 1e-6
"""Sums of floats drift; whoever waited as long as they were told must get through."""


class Taken(NamedTuple):
    """What came of asking. Refused where ``wait_s`` isn't zero; then ``full_at`` is as it was."""

    full_at: float
    wait_s: float


@frozen(kw_only=True)
class Rate:
    """``burst`` at once, then one more every ``interval_s`` seconds.

    Moments are monotonic seconds. Raises ``ValueError`` for a burst or interval not above zero.
    """

    burst: int = field(validator=validators.gt(0))
    interval_s: float = field(validator=validators.gt(0))

    @classmethod
    def of(cls, amount: int, window_s: float, *, burst: int | None = None) -> Rate:
        """``amount`` in ``window_s`` seconds in the long run; ``burst`` (default: all) at once."""
        return cls(burst=amount if burst is None else burst, interval_s=window_s / amount)

    def take(self, full_at: float, now: float, *, keep: int = 0, count: int = 1) -> Taken:
        """So many more at ``now``, if that leaves at least ``keep`` for others."""
        taken = max(full_at, now) + count * self.interval_s
        wait = taken - now - (self.burst - keep) * self.interval_s
        return Taken(full_at, wait) if wait > _JITTER_S else Taken(taken, 0.0)

    def left(self, full_at: float, now: float) -> int:
        """How many more there may be at ``now``."""
        missing = math.ceil((max(full_at, now) - now - _JITTER_S) / self.interval_s)
        return self.burst - max(missing, 0)
