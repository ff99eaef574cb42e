"""What a request is counted against before it runs: one object behind HTTP and its sessions."""

from __future__ import annotations

from collections.abc import Mapping

from chatcore.engine import ChatEngine
from chatcore.models import Actor
from chatcore.operations.base import RateClass
from chatcore.rules.rates import Rate
from chatcore.wire.limits import Allowance, Buckets, RateLimits
from chatcore.wire.logins import LoginFailures
from chatcore.wire.quotas import network


class Admission:
    """HTTP requests by user, or by address where nobody is signed in; the rest is shared.

    All users behind one address have a bucket together, too.
    """

    def __init__(self, engine: ChatEngine) -> None:
        limits, clock = engine.limits, engine.clock
        self.rates = RateLimits(limits, clock)
        self.logins = LoginFailures(limits, clock)
        rate = Rate.of(limits.requests_a_minute, 60.0, burst=limits.requests_burst)
        self._requests = Buckets(rate, clock)
        shared = Rate.of(
            limits.requests_a_minute_an_address, 60.0, burst=limits.requests_burst_an_address
        )
        self._addresses = Buckets(shared, clock)

    def count(self, actor: Actor, rate: RateClass = "requests") -> None:
        """Count one more. Raises :class:`chatcore.errors.RateLimited`."""
        if actor.address is not None:
            self._addresses.take(network(actor.address))
        self._requests.take(_key(actor))
        self.rates.count_as(rate, actor.user_id, actor.address)

    def allowances(self, actor: Actor, rate: RateClass = "requests") -> Mapping[str, Allowance]:
        """How the rates stand that a request counts against."""
        found = {"requests": self._requests.allowance(_key(actor))}
        found.update(self.rates.allowances(rate, actor.user_id, actor.address))
        if rate == "logins":
            # Of the address alone: that of an account would tell whether others try it.
            found["logins"] = self.logins.allowance(actor.address)
        return found


def _key(actor: Actor) -> str:
    # The prefix keeps a user's id and an address apart.
    return f"user {actor.user_id}" if actor.user_id else f"address {network(actor.address)}"
