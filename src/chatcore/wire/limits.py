"""How often a client may ask, counted in one place for HTTP and realtime alike.

The engine itself counts nothing: importers, bots inside the host and tests ask as they please.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from attrs import frozen

from chatcore.config import Limits
from chatcore.errors import RateLimited
from chatcore.ids import Clock, UserId
from chatcore.operations.base import RateClass, Spec
from chatcore.rules.rates import Rate

MOST_BUCKETS: Final = 65_536
"""So many users' buckets are remembered: some 10 MB, and far more than are busy at a time."""

STATE_RESERVE: Final = 4
"""Typing, presence and receipts are refused once less than one in so many of a burst is left."""

REFUSED_WRITES: Final = Rate.of(100, 60.0)
"""How many refused writes a socket may collect. Who heeds ``retry_after`` never comes near."""


@frozen(kw_only=True)
class Allowance:
    """How a bucket stands, for ``RateLimit`` headers: ``left`` now, all again in ``reset_s``."""

    rate: Rate
    left: int
    reset_s: float


class Buckets:
    """A bucket for each key, bounded: past ``most`` the one untouched for longest is forgotten."""

    def __init__(self, rate: Rate, clock: Clock, most: int = MOST_BUCKETS) -> None:
        self.rate = rate
        self._clock = clock
        self._most = most
        self._full_at: dict[str, float] = {}

    def take(self, key: str) -> None:
        """Count one more. Raises :class:`RateLimited` with the seconds to wait."""
        now = self._clock.monotonic()
        taken = self.rate.take(self._full_at.pop(key, now), now)
        self._full_at[key] = taken.full_at
        if len(self._full_at) > self._most:
            del self._full_at[next(iter(self._full_at))]
        if taken.wait_s:
            raise RateLimited(retry_after=taken.wait_s)

    def allowance(self, key: str) -> Allowance:
        """How the bucket of ``key`` stands."""
        now = self._clock.monotonic()
        full_at = self._full_at.get(key, now)
        return Allowance(
            rate=self.rate, left=self.rate.left(full_at, now), reset_s=max(full_at - now, 0.0)
        )


class RateLimits:
    """What is counted across connections. One object an engine, shared by all transports."""

    def __init__(self, limits: Limits, clock: Clock) -> None:
        self.sends = Buckets(Rate.of(limits.sends, limits.sends_window_s), clock)
        self._limits = limits
        self._unauthenticated: Counter[str] = Counter()

    def count(self, spec: Spec, user_id: UserId) -> None:
        """Count a request of a user that is about to run. Raises :class:`RateLimited`."""
        if spec.rate == "sends":
            self.sends.take(user_id)

    @contextmanager
    def unauthenticated(self, address: str | None) -> Iterator[None]:
        """Hold one of an address's places for sockets that haven't said who they are.

        Raises :class:`RateLimited` where none is left. Without an address nothing is counted.
        """
        if address is None:
            yield
            return
        if self._unauthenticated[address] >= self._limits.unauthenticated_sockets_an_address:
            raise RateLimited("Too many connections from this address")
        self._unauthenticated[address] += 1
        try:
            yield
        finally:
            self._unauthenticated[address] -= 1
            if not self._unauthenticated[address]:
                del self._unauthenticated[address]


class SocketRates:
    """What one socket may ask for, whoever it belongs to."""

    def __init__(self, limits: Limits, clock: Clock) -> None:
        self._clock = clock
        self._requests = Rate.of(limits.requests_a_minute, 60.0, burst=limits.requests_burst)
        self._requests_full_at = self._refused_full_at = clock.monotonic()

    def count(self, rate: RateClass) -> None:
        """Count a request. Raises :class:`RateLimited`; state requests are refused first."""
        keep = self._requests.burst // STATE_RESERVE if rate == "state" else 0
        taken = self._requests.take(self._requests_full_at, self._clock.monotonic(), keep=keep)
        self._requests_full_at = taken.full_at
        if taken.wait_s:
            raise RateLimited(retry_after=taken.wait_s)

    def refuse_write(self) -> bool:
        """Count a refused write. False once there were too many to go on."""
        taken = REFUSED_WRITES.take(self._refused_full_at, self._clock.monotonic())
        self._refused_full_at = taken.full_at
        return not taken.wait_s
