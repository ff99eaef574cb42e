"""Privacy: one predicate, asked for one or for all, and the same from either side."""

from hypothesis import given
from hypothesis import strategies as st

from chatcore.ids import UserId
from chatcore.models import UserSettings
from chatcore.rules.privacy import Tie, hearers, open_to, shows_receipts

ME = UserId("me")
audiences = st.sampled_from(("everyone", "contacts", "nobody"))
others = st.sets(st.sampled_from([UserId(name) for name in "abcde"]))
ties = st.builds(Tie, st.booleans(), st.booleans())
settings = st.builds(UserSettings, receipts=audiences)


@given(audiences, others, others)
def test_for_all_it_is_the_same_as_for_each(audience, blocked, contacts):
    """Who is among the hearers is open to, and nobody else; oneself always is."""
    found = hearers(ME, audience, blocked, contacts)
    for name in map(UserId, "abcde"):
        tie = Tie(blocked=name in blocked, contact=name in contacts)
        assert (name in found) == open_to(audience, tie)
    assert ME in found


@given(audiences)
def test_a_block_closes_everything(audience):
    """Also to contacts, and whatever one has chosen."""
    assert not open_to(audience, Tie(blocked=True, contact=True))


@given(ties)
def test_wider_audiences_have_everybody_of_the_narrower(tie):
    """Nobody, contacts, everyone: who is let in stays let in."""
    steps = [open_to(audience, tie) for audience in ("nobody", "contacts", "everyone")]
    assert steps == sorted(steps)


@given(settings, settings, ties)
def test_receipts_off_goes_both_ways(one, other, tie):
    """Who shows nobody theirs sees nobody's."""
    if one.receipts == "nobody":
        assert not shows_receipts(one, other, tie)
        assert not shows_receipts(other, one, tie)
    if shows_receipts(one, other, tie):
        assert open_to(one.receipts, tie)
