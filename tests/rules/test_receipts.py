"""Receipts are a join, and a message's status follows from them."""

import itertools

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chatcore.errors import Invalid
from chatcore.ids import UserId
from chatcore.models import Member
from chatcore.rules.receipts import (
    NOTHING,
    Watermark,
    between,
    claim,
    join,
    lowest,
    reached,
    recipients,
    starting,
    status,
    statuses,
)
from chatcore.testing.strategies import (
    EPOCH,
    LAST_SEQ,
    groups,
    loose_watermarks,
    seqs,
    user_ids,
    watermarks,
)

ORDER = ("sent", "delivered", "read")


def mark_of(member: Member) -> Watermark:
    """A member's watermark."""
    return Watermark(member.delivered_seq, member.read_seq)


@given(loose_watermarks(), loose_watermarks())
def test_join_commutes(one, other):
    """Two receipts give the same whichever comes first."""
    assert join(one, other) == join(other, one)


@given(loose_watermarks(), loose_watermarks(), loose_watermarks())
def test_join_associates(one, two, three):
    """Receipts may be merged in groups of any cut."""
    assert join(join(one, two), three) == join(one, join(two, three))


@given(watermarks())
def test_join_is_idempotent(mark):
    """A repeated receipt changes nothing."""
    assert join(mark, mark) == mark


@given(loose_watermarks(), loose_watermarks())
def test_join_is_inflationary(one, other):
    """Merging never takes anything back."""
    both = join(one, other)
    assert both.delivered >= max(one.delivered, other.delivered)
    assert both.read >= max(one.read, other.read)


@given(watermarks())
def test_nothing_is_the_identity(mark):
    """An empty receipt changes nothing."""
    assert join(mark, NOTHING) == join(NOTHING, mark) == mark


@given(loose_watermarks(), loose_watermarks())
def test_normalising_commutes_with_join(one, other):
    """It doesn't matter whether "read is delivered" is applied before or after merging."""

    def normal(mark: Watermark) -> Watermark:
        return join(mark, NOTHING)

    assert normal(normal(one)) == normal(one)
    assert join(normal(one), normal(other)) == normal(join(one, other))


@given(st.lists(st.tuples(st.none() | seqs, st.none() | seqs), max_size=5), st.data())
def test_only_the_set_of_receipts_matters(claims, data):
    """Receipts in any order, each any number of times, lead to the same watermark."""

    def after(claims: list[tuple[int | None, int | None]]) -> Watermark:
        mark = NOTHING
        for delivered, read in claims:
            mark = claim(mark, LAST_SEQ, delivered, read)
        return mark

    shuffled = data.draw(st.permutations(claims))
    again = data.draw(st.lists(st.sampled_from(claims), max_size=3)) if claims else []
    assert after(claims) == after([*shuffled, *again])


@given(watermarks(), st.none() | seqs, st.none() | seqs)
def test_a_claim_in_range_keeps_the_invariant(mark, delivered, read):
    """After any claim 0 <= read <= delivered <= last_seq, and nothing has fallen."""
    after = claim(mark, LAST_SEQ, delivered, read)
    assert 0 <= after.read <= after.delivered <= LAST_SEQ
    assert after.read >= mark.read
    assert after.delivered >= mark.delivered


@given(watermarks(), st.integers(max_value=-1) | st.integers(min_value=LAST_SEQ + 1))
def test_a_claim_out_of_range_is_refused(mark, wrong):
    """What isn't written yet, or never will be, can't have been received: each field is named."""
    with pytest.raises(Invalid) as refused:
        claim(mark, LAST_SEQ, delivered=wrong, read=wrong)
    assert [problem.path for problem in refused.value.errors] == ["delivered_seq", "read_seq"]
    with pytest.raises(Invalid) as refused:
        claim(mark, LAST_SEQ, delivered=LAST_SEQ, read=wrong)
    assert [problem.path for problem in refused.value.errors] == ["read_seq"]


@given(watermarks(), st.lists(st.tuples(seqs, seqs), max_size=5))
def test_announced_receipts_rise(mark, claims):
    """Whoever announces only what changed announces ever higher watermarks."""
    announced = [mark]
    for delivered, read in claims:
        after = claim(announced[-1], LAST_SEQ, delivered, read)
        if after != announced[-1]:
            announced.append(after)
    for before, after in itertools.pairwise(announced):
        assert (before.delivered + before.read) < (after.delivered + after.read)
        assert before.delivered <= after.delivered
        assert before.read <= after.read


@given(seqs, st.lists(watermarks(), min_size=1, max_size=5))
def test_a_group_status_is_the_least(seq, marks):
    """A message has the status that the slowest of its recipients has reached."""
    slowest = min((reached(seq, mark) for mark in marks), key=ORDER.index)
    assert status(seq, marks) == slowest
    assert reached(seq, lowest(marks)) == slowest


@pytest.mark.parametrize(
    ("mark", "expected"),
    [
        (Watermark(4, 4), "sent"),
        (Watermark(5, 4), "delivered"),
        (Watermark(9, 4), "delivered"),
        (Watermark(5, 5), "read"),
    ],
)
def test_status_of_one_recipient(mark, expected):
    """A watermark covers its own seq and everything below."""
    assert status(5, [mark]) == expected


def test_nobody_to_read_it():
    """A message without recipients stays "sent"."""
    assert status(1, []) == "sent"


@given(groups(), user_ids(), seqs)
def test_recipients_by_definition(members, sender, seq):
    """Current members who were there before the message, without its sender."""
    expected = {
        member.user_id
        for member in members
        if member.joined_seq < seq and member.user_id != sender and member.left_at is None
    }
    found = recipients(members, sender, seq)
    assert expected in ({member.user_id for member in found}, set())
    assert all(m.joined_seq < seq and m.user_id != sender for m in found)


@given(groups(), user_ids(), st.lists(seqs, max_size=5))
def test_many_statuses_at_once(members, sender, some):
    """In one pass over the members each message gets the status that it has by itself."""
    assert statuses(members, sender, some) == {
        seq: status(seq, map(mark_of, recipients(members, sender, seq))) for seq in some
    }


@given(groups(), user_ids(), st.lists(seqs, min_size=1, max_size=5))
def test_what_lies_between_two_messages(members, sender, some):
    """How far the recipients of the first and of the last are says all, or nothing."""
    present = [one for one in members if one.left_at is None]
    ends = [recipients(present, sender, seq) for seq in (min(some), max(some))]
    if all(ends):
        found = between(some, *(lowest(map(mark_of, end)) for end in ends))
        assert found in (None, statuses(members, sender, some))


@given(seqs)
def test_joining_again_starts_afresh(joined_seq):
    """Who joins has nothing to receive from before, and their start is a valid watermark."""
    start = starting(joined_seq)
    assert start == join(start, NOTHING) == Watermark(joined_seq, joined_seq)
    assert claim(start, joined_seq) == start


class Group(RuleBasedStateMachine):
    """One message in a group whose members come, go, receive and read."""

    SEQ = 2
    SENDER = UserId("u0")

    def __init__(self) -> None:
        super().__init__()
        self.members: dict[UserId, Member] = {}
        self.last_seq = self.SEQ
        self.rev = 1
        self.status = "sent"
        for number, joined_seq in enumerate((0, 0, 1)):
            self.add(UserId(f"u{number}"), joined_seq)

    def add(self, user: UserId, joined_seq: int) -> None:
        self.rev += 1
        start = starting(joined_seq)
        self.members[user] = Member(
            conversation_id="c1",
            user_id=user,
            role="member",
            joined_at=EPOCH,
            joined_seq=joined_seq,
            delivered_seq=start.delivered,
            read_seq=start.read,
            rev=self.rev,
        )

    @rule()
    def send_another(self) -> None:
        self.last_seq += 1

    @rule(number=st.integers(3, 5))
    def newcomer(self, number: int) -> None:
        if (user := UserId(f"u{number}")) not in self.members:
            self.add(user, self.last_seq)

    @precondition(lambda self: any(m.left_at is None for m in self.members.values()))
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        current = sorted(u for u, m in self.members.items() if m.left_at is None)
        user = data.draw(st.sampled_from(current))
        self.rev += 1
        self.members[user] = evolve(self.members[user], left_at=EPOCH, rev=self.rev)

    @rule(number=st.integers(1, 5), delivered=st.none() | seqs, read=st.none() | seqs)
    def mark(self, number: int, delivered: int | None, read: int | None) -> None:
        member = self.members.get(UserId(f"u{number}"))
        if member is None or member.left_at is not None:
            return
        try:
            after = claim(mark_of(member), self.last_seq, delivered, read)
        except Invalid:
            return
        self.members[member.user_id] = evolve(
            member, delivered_seq=after.delivered, read_seq=after.read
        )

    @invariant()
    def status_never_falls(self) -> None:
        counted = recipients(self.members.values(), self.SENDER, self.SEQ)
        now = status(self.SEQ, map(mark_of, counted))
        assert ORDER.index(now) >= ORDER.index(self.status)
        self.status = now


TestStatusNeverFalls = Group.TestCase
TestStatusNeverFalls.__doc__ = "Whatever members do, a message's status only rises."
