"""Typing: leases of a few seconds that members, and only they, see."""

from hypothesis import given
from hypothesis import strategies as st

from chatcore.ids import UserId
from chatcore.rules.typing import Typing, changes, expiry, live, put, visible
from chatcore.testing.strategies import user_ids

LEASE_S = 6.0
ANN, BOB, EVE = UserId("ann"), UserId("bob"), UserId("eve")

states = st.sampled_from(("text", "audio", "video", "off"))
steps = st.lists(st.tuples(st.integers(0, 7), user_ids(), states), max_size=8)


def play(history):
    """The board after each step, with its time."""
    board, now = {}, 0.0
    for pause, user, state in history:
        now += pause
        before, board = board, put(board, user, state, now, LEASE_S)
        yield before, board, now, user, state


@given(steps)
def test_nobody_types_longer_than_a_lease(history):
    """Who said nothing for six seconds, or said "off", isn't writing."""
    said = {}
    for _, board, now, user, state in play(history):
        said[user] = (now, state)
        writing = {one for one, (at, last) in said.items() if last != "off" and now - at < LEASE_S}
        assert set(board) == writing
        assert all(now < typing.until <= now + LEASE_S for typing in board.values())


@given(steps)
def test_announcing_the_changes_is_enough(history):
    """Whoever follows the announcements knows the board."""
    known = {}
    for before, board, _, _, _ in play(history):
        for user, state in changes(before, board):
            known[user] = state
        writing = {user: state for user, state in known.items() if state != "off"}
        assert writing == {user: typing.state for user, typing in board.items()}


@given(steps, st.sets(user_ids()), st.sets(user_ids()), user_ids())
def test_only_members_without_a_block_see_members_typing(history, members, hidden, viewer):
    """A viewer sees other members, none across a block, and nothing from outside."""
    for _, board, now, _, _ in play(history):
        for at in (now, now + LEASE_S):
            seen = visible(board, viewer, members, hidden, at)
            assert set(seen) <= (members - hidden - {viewer})
            assert set(seen) <= set(live(board, at))
            if viewer not in members:
                assert not seen
            elif members >= set(board) and not hidden:
                assert set(seen) == set(live(board, at)) - {viewer}


def test_a_lease_ends_by_itself():
    """The board says when its first lease ends, and at that time the entry is gone."""
    board = put(put({}, ANN, "text", 0.0, LEASE_S), BOB, "audio", 2.0, LEASE_S)
    assert expiry(board) == 6.0
    assert live(board, 5.9) == board
    assert live(board, 6.0) == {BOB: Typing("audio", 8.0)}
    assert changes(board, live(board, 6.0)) == [(ANN, "off")]
    assert expiry({}) is None


def test_a_renewed_lease_is_told_again():
    """Clients let a sign lapse by themselves, so a renewal is news; an unchanged entry isn't."""
    before = put({}, ANN, "text", 0.0, LEASE_S)
    after = put(before, ANN, "text", 3.0, LEASE_S)
    assert changes(before, after) == [(ANN, "text")]
    assert changes(after, put(after, BOB, "off", 3.0, LEASE_S)) == []


def test_a_stranger_sees_nothing():
    """Who isn't a member can't see who is writing, nor be seen."""
    board = put(put({}, ANN, "text", 0.0, LEASE_S), EVE, "text", 0.0, LEASE_S)
    assert visible(board, EVE, {ANN, BOB}, (), 1.0) == {}
    assert set(visible(board, BOB, {ANN, BOB}, (), 1.0)) == {ANN}
