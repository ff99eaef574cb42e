"""What a request is counted against before it runs: one object behind HTTP and its sessions."""

from __future__ import annotations

from collections.abc import Mapping

from chatcore.engine import ChatEngine
from chatcore.models import Actor
from chatcore.operations import Spec
from chatcore.rules.rates import Rate
from chatcore.wire.limits import Allowance, Buckets, RateLimits
from chatcore.wire.logins import LoginFailures


class Admission:
    """HTTP requests by user, or by address where nobody is signed in; the rest is shared."""

    def __init__(self, engine: ChatEngine) -> None:
        limits, clock = engine.limits, engine.clock
        self.rates = RateLimits(limits, clock)
        self.logins = LoginFailures(limits, clock)
        rate = Rate.of(limits.requests_a_minute, 60.0, burst=limits.requests_burst)
        self._requests = Buckets(rate, clock)

    def count(self, actor: Actor, spec: Spec | None = None) -> None:
        """Count one more. Raises :class:`chatcore.errors.RateLimited`."""
        self._requests.take(_key(actor))
        if spec is not None and actor.user_id is not None:
            self.rates.count(spec, actor.user_id)

    def allowances(self, actor: Actor, spec: Spec) -> Mapping[str, Allowance]:
        """How the rates stand that an operation counts against."""
        found = {"requests": self._requests.allowance(_key(actor))}
        if spec.rate == "sends" and actor.user_id is not None:
            found["sends"] = self.rates.sends.allowance(actor.user_id)
        return found


def _key(actor: Actor) -> str:
    # The prefix keeps a user's id and an address apart.
    return f"user {actor.user_id}" if actor.user_id else f"address {actor.address}"
