"""Slow mode: who waits, and for how long."""

from hypothesis import given
from hypothesis import strategies as st

from chatcore.rules.pace import paced, wait_ms

seconds = st.integers(1, 21_600)
times = st.integers(0, 2**41)


@given(seconds)
def test_admins_are_free(slow_mode_s: int) -> None:
    """Members wait; nobody does where it is off."""
    assert paced("member", slow_mode_s)
    assert not paced("admin", slow_mode_s)
    assert not paced("owner", slow_mode_s)
    assert not paced("member", 0)


@given(seconds, times, st.integers(-(10**9), 10**9))
def test_the_wait_ends_in_time(slow_mode_s: int, sent: int, later: int) -> None:
    """Whoever waits as long as they are told may send, and a millisecond earlier they may not."""
    now = sent + later
    wait = wait_ms(slow_mode_s, sent, now)
    assert 0 <= wait <= slow_mode_s * 1_000
    assert (wait == 0) == (later >= slow_mode_s * 1_000)
    if later >= 0:
        assert wait_ms(slow_mode_s, sent, now + wait) == 0
        assert wait == 0 or wait_ms(slow_mode_s, sent, now + wait - 1) == 1


@given(seconds, times)
def test_the_first_message_is_free(slow_mode_s: int, now: int) -> None:
    """Nothing was sent before."""
    assert wait_ms(slow_mode_s, None, now) == 0
