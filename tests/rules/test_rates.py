"""Rates: bursts, refills, and what is told to those who must wait."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatcore.rules.rates import Rate

rates = st.builds(
    lambda amount, window, burst: Rate.of(amount, window, burst=burst),
    st.integers(1, 1_000),
    st.floats(0.01, 3_600),
    st.none() | st.integers(1, 300),
)
moments = st.floats(0, 1e7)
gaps = st.lists(st.floats(0, 30), max_size=60)


@given(rates, moments)
def test_a_burst_passes_at_once_and_no_more(rate: Rate, now: float) -> None:
    """From a full bucket exactly the burst passes at one moment."""
    full_at = now
    for left in range(rate.burst, 0, -1):
        assert rate.left(full_at, now) == left
        taken = rate.take(full_at, now)
        assert taken.wait_s == 0
        full_at = taken.full_at
    refused = rate.take(full_at, now)
    assert refused.wait_s > 0
    assert refused.full_at == full_at
    assert rate.left(full_at, now) == 0


@given(rates, moments, st.integers(0, 200))
def test_who_waits_as_long_as_told_passes(rate: Rate, now: float, used: int) -> None:
    """After the wait that a refusal names, the next try passes."""
    full_at = now
    for _ in range(used):
        full_at = rate.take(full_at, now).full_at
    wait = rate.take(full_at, now).wait_s
    assert rate.take(full_at, now + wait).wait_s == 0


@given(rates, moments, gaps)
def test_the_long_run_keeps_to_the_rate(rate: Rate, start: float, waits: list[float]) -> None:
    """However the tries are spread, no more pass than the burst and what came back since."""
    now = full_at = start
    passed = 0
    for wait in waits:
        now += wait
        taken = rate.take(full_at, now)
        full_at = taken.full_at
        passed += not taken.wait_s
    assert passed <= rate.burst + (now - start) / rate.interval_s + 1e-3


@given(rates, moments, gaps)
def test_what_is_left_is_what_would_pass(rate: Rate, start: float, waits: list[float]) -> None:
    """The number left is the number of further tries that pass at that moment."""
    now = full_at = start
    for wait in waits:
        now += wait
        full_at = rate.take(full_at, now).full_at
    passed = 0
    left = rate.left(full_at, now)
    while not (taken := rate.take(full_at, now)).wait_s:
        full_at = taken.full_at
        passed += 1
    assert passed == left


def test_a_reserve_is_kept_for_others() -> None:
    """Who leaves a reserve is refused where others still pass, and may come back later."""
    rate = Rate.of(10, 10.0)
    full_at = 0.0
    for _ in range(6):
        full_at = rate.take(full_at, 0.0, keep=4).full_at
    assert rate.take(full_at, 0.0, keep=4).wait_s == pytest.approx(1.0)
    assert rate.take(full_at, 0.0).wait_s == 0
    assert rate.take(full_at, 1.0, keep=4).wait_s == 0


@pytest.mark.parametrize(("amount", "window"), [(0, 1.0), (-1, 1.0), (1, 0.0), (1, -1.0)])
def test_a_rate_of_nothing_is_refused(amount: int, window: float) -> None:
    """A rate needs a burst and an interval above zero."""
    with pytest.raises((ValueError, ZeroDivisionError)):
        Rate.of(amount, window)
