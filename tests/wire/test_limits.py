"""Rates that HTTP and realtime share, and those of one socket."""

import pytest

from chatcore.config import Limits
from chatcore.errors import RateLimited
from chatcore.ids import UserId
from chatcore.operations import GetMe, SendMessage
from chatcore.rules.rates import Rate
from chatcore.testing.clock import FakeClock
from chatcore.wire.limits import REFUSED_WRITES, Buckets, RateLimits, SocketRates

ANN, BEN = UserId("ann"), UserId("ben")


def test_sends_are_counted_a_user() -> None:
    """The thirty-first send in ten seconds waits; another user's doesn't; reads never do."""
    clock = FakeClock()
    rates = RateLimits(Limits(), clock)
    for _ in range(30):
        rates.count(SendMessage.spec, ANN)
    with pytest.raises(RateLimited) as refused:
        rates.count(SendMessage.spec, ANN)
    rates.count(SendMessage.spec, BEN)
    rates.count(GetMe.spec, ANN)
    clock.advance(refused.value.retry_after or 0)
    rates.count(SendMessage.spec, ANN)


def test_an_allowance_says_what_is_left() -> None:
    """Headers learn the limit, the rest and the time until all of it is back."""
    clock = FakeClock()
    buckets = Buckets(Rate.of(4, 8.0), clock)
    assert (buckets.allowance("a").left, buckets.allowance("a").reset_s) == (4, 0.0)
    buckets.take("a")
    clock.advance(0.5)
    allowance = buckets.allowance("a")
    assert (allowance.rate.burst, allowance.left, allowance.reset_s) == (4, 3, 1.5)
    clock.advance(1.5)
    assert buckets.allowance("a").left == 4


def test_buckets_are_bounded() -> None:
    """Past the bound the bucket untouched for longest is forgotten, and no other."""
    buckets = Buckets(Rate.of(1, 60.0), FakeClock(), most=2)
    buckets.take("a")
    buckets.take("b")
    with pytest.raises(RateLimited):
        buckets.take("a")
    buckets.take("c")
    buckets.take("b")
    with pytest.raises(RateLimited):
        buckets.take("c")


def test_an_address_holds_so_many_unauthenticated_sockets() -> None:
    """One past the limit is refused until a place comes free; other addresses have their own."""
    rates = RateLimits(Limits(unauthenticated_sockets_an_address=1), FakeClock())
    with rates.unauthenticated("192.0.2.1"):
        with pytest.raises(RateLimited), rates.unauthenticated("192.0.2.1"):
            pytest.fail("a place too many")
        with rates.unauthenticated("192.0.2.2"), rates.unauthenticated(None):
            pass
    with rates.unauthenticated("192.0.2.1"):
        pass


def test_each_socket_gives_back_its_own_place() -> None:
    """Where two of an address wait and one goes, the other's place stays taken."""
    rates = RateLimits(Limits(unauthenticated_sockets_an_address=2), FakeClock())
    with rates.unauthenticated("192.0.2.1"):
        with rates.unauthenticated("192.0.2.1"):
            pass
        with (
            rates.unauthenticated("192.0.2.1"),
            pytest.raises(RateLimited),
            rates.unauthenticated("192.0.2.1"),
        ):
            pytest.fail("a place too many")


def test_a_socket_refuses_state_first() -> None:
    """Typing stops while a quarter of the burst is left; other requests use it up."""
    clock = FakeClock()
    socket = SocketRates(Limits(requests_a_minute=60, requests_burst=8), clock)
    for _ in range(6):
        socket.count("state")
    with pytest.raises(RateLimited):
        socket.count("state")
    socket.count("requests")
    socket.count("sends")
    with pytest.raises(RateLimited) as refused:
        socket.count("requests")
    assert refused.value.retry_after == pytest.approx(1.0)
    clock.advance(1.0)
    socket.count("requests")


def test_only_so_many_refused_writes() -> None:
    """A socket may collect refused writes, slowly; a flood of them is too many."""
    clock = FakeClock()
    socket = SocketRates(Limits(), clock)
    assert all(socket.refuse_write() for _ in range(REFUSED_WRITES.burst))
    assert not socket.refuse_write()
    clock.advance(REFUSED_WRITES.interval_s)
    assert socket.refuse_write()
