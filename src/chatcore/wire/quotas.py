"""What classes of operations are counted against, beside every request: one row a class.

An operation says its class (``rate``). HTTP and the realtime session count in the same buckets, by
user and by address. Guesses at passwords and codes are another matter: see :mod:`.logins`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from ipaddress import IPv6Address, ip_address

from attrs import frozen

from chatcore.config import Limits
from chatcore.operations.base import RateClass
from chatcore.rules.rates import Rate

_NETWORK_BITS = 64
"""Who has one IPv6 address has all of these."""


@frozen(kw_only=True)
class Quota:
    """The rates of one class: of each user, and of each address."""

    user: Rate | None = None
    address: Rate | None = None


def quotas(limits: Limits) -> Mapping[RateClass, Quota]:
    """Every class that has rates of its own."""

    def hourly(amount: int) -> Rate:
        return Rate.of(amount, 3_600.0)

    def a_minute(amount: int) -> Rate:
        return Rate.of(amount, 60.0)

    return {
        "sends": Quota(user=Rate.of(limits.sends, limits.sends_window_s)),
        # Whoever asks is nobody yet: only the address is known.
        "registrations": Quota(address=hourly(limits.registrations_an_hour_an_address)),
        "checks": Quota(address=a_minute(limits.availability_checks_an_address)),
        # Searches scan; and people's names aren't to be read out from a to z.
        "searches": Quota(user=a_minute(limits.searches_a_minute)),
        # Codes of invitations aren't to be tried out.
        "joins": Quota(user=a_minute(limits.joins_a_minute)),
        # Nor phone numbers; and every request reaches somebody.
        "contacts": Quota(
            user=hourly(limits.contact_requests_an_hour),
            address=hourly(limits.contact_requests_an_hour_an_address),
        ),
        "reports": Quota(user=hourly(limits.reports_an_hour)),
        # Each costs a decoder, whatever its size.
        "uploads": Quota(user=a_minute(limits.uploads_a_minute)),
    }


@lru_cache(maxsize=4_096)
def network(address: str | None) -> str:
    """What is counted as one address: of IPv6 the network, of a mapped IPv4 the number in it."""
    if address is None or ":" not in address:
        return address or ""
    try:
        number = IPv6Address(address.partition("%")[0])
    except ValueError:
        return address
    if number.ipv4_mapped is not None:
        return str(number.ipv4_mapped)
    kept = int(number) >> _NETWORK_BITS << _NETWORK_BITS
    return f"{ip_address(kept)}/{_NETWORK_BITS}"
