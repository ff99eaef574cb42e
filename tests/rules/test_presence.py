"""Presence: leases that merge, and a view that hides."""

from datetime import timedelta

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from chatcore.ids import to_datetime
from chatcore.models import Presence, UserSettings
from chatcore.rules.presence import (
    OFFLINE,
    Lease,
    State,
    looks,
    merge,
    online,
    seen,
    splits,
    visible,
)
from chatcore.rules.privacy import Tie, open_to
from chatcore.testing.strategies import devices, leases, presence_states

ONLINE = Presence(status="online")
audiences = st.sampled_from(("everyone", "contacts", "nobody"))
settings = st.builds(UserSettings, presence=audiences, last_seen=audiences)
times = st.integers(0, 100)


@given(devices(), devices())
def test_merging_commutes(one, other):
    """Two nodes that tell each other what they know end up knowing the same."""
    assert merge(one, other) == merge(other, one)


@given(devices(), devices(), devices())
def test_merging_associates(one, two, three):
    """It doesn't matter by which way knowledge spreads."""
    assert merge(merge(one, two), three) == merge(one, merge(two, three))


@given(devices(), devices())
def test_merging_is_idempotent(one, other):
    """Hearing the same again changes nothing."""
    both = merge(one, other)
    assert merge(one, one) == one
    assert merge(both, other) == both


@given(devices(), times)
def test_online_while_some_lease_holds(known, now):
    """A user is online exactly while one of their devices has a lease that isn't over."""
    assert online(known, now) == any(lease.expires_at > now for lease in known.values())


@given(devices(), times)
def test_silence_is_offline_in_the_end(known, now):
    """Without heartbeats everybody is offline once the last lease is over."""
    last = max((lease.expires_at for lease in known.values()), default=0)
    assert not online(known, max(now, last))


@given(leases(), st.lists(leases(), max_size=4), times)
def test_a_closed_device_stays_closed(lease, late, now):
    """Heartbeats from before the closing, of this or an older incarnation, don't revive it."""
    closed = {"phone": lease.closed(now)}
    for one in late:
        if (one.incarnation, one.beat) <= (lease.incarnation, lease.beat):
            closed = merge(closed, {"phone": one})
    assert not online(closed, now)


@given(leases(), times)
def test_a_device_that_comes_back_is_online(lease, now):
    """A new incarnation counts for more than the closing of the one before."""
    back = Lease(lease.incarnation + 1, 0, now + 1)
    assert online(merge({"phone": lease.closed(now)}, {"phone": back}), now)


@given(devices(), times, st.integers(-3_600_000, 3_600_000))
def test_only_one_clock_counts(known, now, skew):
    """An hour's skew of the clock that stamps leases and reads them makes no difference."""
    moved = {
        device: evolve(lease, expires_at=lease.expires_at + skew) for device, lease in known.items()
    }
    assert online(moved, now + skew) == online(known, now)


@given(st.lists(st.tuples(st.integers(-50, 150), times), max_size=6))
def test_last_seen_only_rises_and_is_never_ahead(sightings):
    """Whatever nodes claim, last_seen never falls and is never later than the present."""
    last_seen = None
    for at, now in sorted(sightings, key=lambda sighting: sighting[1]):
        before, last_seen = last_seen, seen(last_seen, at, now)
        assert before is None or last_seen >= before
        assert last_seen <= now


@given(presence_states(), times)
def test_blocks_and_privacy_hide_everything(state, now):
    """Across a block, and from everyone if the user wishes, there is only "offline"."""
    nobody = UserSettings(presence="nobody", last_seen="nobody")
    blocked = Tie(blocked=True, contact=True)
    assert visible(state, now, tie=blocked) == OFFLINE
    assert visible(state, now, nobody, Tie(contact=True)) == OFFLINE
    assert visible(state, now, nobody, blocked) == OFFLINE


@given(presence_states(), times, settings, st.booleans())
def test_each_setting_hides_its_own(state, now, chosen, contact):
    """Whether one is there and when one was last are open to their own audiences."""
    tie = Tie(contact=contact)
    found, everything = visible(state, now, chosen, tie), visible(state, now)
    if open_to(chosen.presence, tie):
        assert (found.status, found.text) == (everything.status, everything.text)
    else:
        assert (found.status, found.text) == ("offline", None)
    if not open_to(chosen.last_seen, tie):
        assert found.last_seen is None
    both = looks(state, now, chosen)
    assert found == (both.contacts if contact else both.others)
    assert splits(chosen) or both.contacts == both.others


@given(presence_states(), times)
def test_invisible_looks_like_gone(state, now):
    """Someone invisible can't be told from someone who isn't there."""
    hidden = evolve(state, status="invisible", until=None)
    assert visible(evolve(hidden, online=True), now) == visible(evolve(hidden, online=False), now)
    assert visible(hidden, now).status == "offline"


@given(presence_states(), times)
def test_visible_presence_tells_the_truth(state, now):
    """Online people show what they chose until it ends, others when they were last there."""
    found = visible(state, now)
    over = state.until is not None and state.until <= now
    if found.status == "offline":
        assert not state.online or state.status == "invisible"
        assert found.last_seen is None or found.last_seen <= to_datetime(now)
    else:
        assert state.online
        assert found.status == ("online" if over else state.status)
        assert found.last_seen is None
    assert found.text == (None if over else state.text)


def test_a_choice_ends():
    """Status and text hold until their end, then the user is plainly online."""
    state = State(online=True, status="dnd", text="at lunch", until=60)
    assert visible(state, 59) == Presence(status="dnd", text="at lunch")
    assert visible(state, 60) == ONLINE


def test_last_seen_of_who_is_gone():
    """Who left is shown with the time they were last there."""
    state = State(last_seen=1_000)
    expected = to_datetime(0) + timedelta(seconds=1)
    assert visible(state, 5_000) == Presence(status="offline", last_seen=expected)
