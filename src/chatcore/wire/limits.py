"""How often a client may ask, counted in one place for HTTP and realtime alike.

The engine itself counts nothing: importers, bots inside the host and tests ask as they please.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from attrs import frozen

from chatcore.config import Limits
from chatcore.errors import RateLimited
from chatcore.ids import Clock, UserId
from chatcore.operations.base import Operation, RateClass, Spec
from chatcore.rules.rates import Rate
from chatcore.wire.quotas import network, quotas

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

    def take(self, key: str, count: int = 1) -> None:
        """Count so many more. Raises :class:`RateLimited` with the seconds to wait."""
        now = self._clock.monotonic()
        taken = self.rate.take(self._full_at.pop(key, now), now, count=count)
        self._full_at[key] = taken.full_at
        if len(self._full_at) > self._most:
            del self._full_at[next(iter(self._full_at))]
        if taken.wait_s:
            raise RateLimited(retry_after=taken.wait_s)

    def take_rest(self, key: str, count: int) -> None:
        """Count a request as ``count`` that was counted once, or as none where it is refused.

        More than there may ever be at once count as all of them: waiting must help.
        """
        rest = min(count, self.rate.burst) - 1
        if rest > 0:
            try:
                self.take(key, rest)
            except RateLimited:
                self._full_at[key] -= self.rate.interval_s
                raise

    def require(self, key: str) -> None:
        """Raise :class:`RateLimited` where one more would be refused; counts nothing."""
        now = self._clock.monotonic()
        taken = self.rate.take(self._full_at.get(key, now), now)
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
        self._limits = limits
        self._unauthenticated: Counter[str] = Counter()
        self._by_user: dict[RateClass, Buckets] = {}
        self._by_address: dict[RateClass, Buckets] = {}
        for name, quota in quotas(limits).items():
            if quota.user is not None:
                self._by_user[name] = Buckets(quota.user, clock)
            if quota.address is not None:
                self._by_address[name] = Buckets(quota.address, clock)
        self.sends = self._by_user["sends"]

    def count(self, spec: Spec, user_id: UserId | None, address: str | None = None) -> None:
        """Count a request that is about to run. Raises :class:`RateLimited`."""
        if spec.rate == "sends" and user_id is not None:
            self.sends.take(user_id)
        else:
            self.count_as(spec.rate, user_id, address)

    def count_rest(self, operation: Operation[Any], user_id: UserId | None) -> None:
        """Count what a request does more than once: known only when it has been read.

        It was counted once before. Raises :class:`RateLimited`.
        """
        spec = operation.spec
        if spec.counts is not None and user_id is not None and spec.rate in self._by_user:
            count = len(getattr(operation, spec.counts))
            self._by_user[spec.rate].take_rest(user_id, count)

    def count_as(self, rate: RateClass, user_id: UserId | None, address: str | None) -> None:
        """Count what has no operation. One bucket that refuses leaves the others as they were."""
        if rate == "requests" or rate == "state":
            return
        by_address = self._by_address.get(rate) if address is not None else None
        if by_address is not None:
            by_address.require(network(address))
        by_user = self._by_user.get(rate) if user_id is not None else None
        if by_user is not None and user_id is not None:
            by_user.take(user_id)
        if by_address is not None:
            by_address.take(network(address))

    def allowances(
        self, rate: RateClass, user_id: UserId | None, address: str | None
    ) -> Iterator[tuple[str, Allowance]]:
        """How the buckets of a class stand, by the name of their policy."""
        if user_id is not None and rate in self._by_user:
            yield rate, self._by_user[rate].allowance(user_id)
        if address is not None and rate in self._by_address:
            name = f"{rate}-by-address" if rate in self._by_user else rate
            yield name, self._by_address[rate].allowance(network(address))

    @contextmanager
    def unauthenticated(self, address: str | None) -> Iterator[None]:
        """Hold one of an address's places for sockets that haven't said who they are.

        Raises :class:`RateLimited` where none is left. Without an address nothing is counted.
        """
        if address is None:
            yield
            return
        address = network(address)
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
