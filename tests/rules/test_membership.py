"""Roles and succession: rank decides, and a live group always has an owner."""

import itertools

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chatcore.ids import UserId
from chatcore.models import Member
from chatcore.rules.membership import (
    RANKS,
    floor,
    last_owner,
    may_change_role,
    may_post,
    may_remove,
    rank,
    successor,
)
from chatcore.testing.strategies import groups, members, roles, seqs, user_ids

ROLES = ("member", "admin", "owner")


@pytest.mark.parametrize("weaker", ROLES)
@pytest.mark.parametrize("stronger", ROLES)
def test_losing_rank_never_gives_a_right(weaker, stronger):
    """Whatever a role may do, every higher role may do too."""
    if rank(weaker) > rank(stronger):
        return
    for target, new in itertools.product(ROLES, ROLES):
        assert may_change_role(stronger, target, new) >= may_change_role(weaker, target, new)
        assert may_remove(stronger, target) >= may_remove(weaker, target)
    for announcement, frozen in itertools.product((False, True), repeat=2):
        assert may_post(stronger, announcement, frozen) >= may_post(weaker, announcement, frozen)


CHANGES = {
    ("admin", "member", "member"),
    ("admin", "member", "admin"),
    *itertools.product(["owner"], ROLES, ROLES),
}


@pytest.mark.parametrize("actor", ROLES)
@pytest.mark.parametrize("target", ROLES)
@pytest.mark.parametrize("new", ROLES)
def test_who_gives_roles(actor, target, new):
    """Owners give any role; admins promote members to their own rank; members give none."""
    assert may_change_role(actor, target, new) == ((actor, target, new) in CHANGES)


@pytest.mark.parametrize("actor", ROLES)
@pytest.mark.parametrize("target", ROLES)
def test_who_removes(actor, target):
    """Only a lower rank can be removed; owners can't remove each other."""
    allowed = {("admin", "member"), ("owner", "member"), ("owner", "admin")}
    assert may_remove(actor, target) == ((actor, target) in allowed)


@pytest.mark.parametrize("role", ROLES)
def test_who_posts(role):
    """Everyone posts, moderators in announcements, nobody in a frozen group."""
    assert may_post(role, announcement=False, frozen=False)
    assert may_post(role, announcement=True, frozen=False) == (role != "member")
    assert not may_post(role, announcement=False, frozen=True)
    assert not may_post(role, announcement=True, frozen=True)


@given(seqs)
def test_what_a_new_member_sees(joined_seq):
    """From joining on, or everything where the group shares or whoever adds them does."""
    assert floor("joined", False, joined_seq) == joined_seq
    assert floor("joined", True, joined_seq) == 0
    assert floor("shared", False, joined_seq) == 0
    assert floor("shared", True, joined_seq) == 0


@given(groups())
def test_the_successor_is_the_longest_standing_of_the_highest_rank(people):
    """Admins come first, then seniority, then user ids; an owner needs no successor."""
    heir = successor(people)
    if not people or any(member.role == "owner" for member in people):
        assert heir is None
        return
    [chosen] = [member for member in people if member.user_id == heir]
    for member in people:
        assert rank(member.role) <= rank(chosen.role)
        if member.role == chosen.role:
            mine, theirs = (chosen.joined_at, heir), (member.joined_at, member.user_id)
            assert mine <= theirs


@given(groups(), st.data())
def test_the_order_of_the_list_does_not_choose(people, data):
    """The successor is the same however storage lists the members."""
    assert successor(data.draw(st.permutations(people))) == successor(people)


@given(groups(), user_ids())
def test_the_last_owner(people, user):
    """A user is the last owner if nobody else is one."""
    owners = [member.user_id for member in people if member.role == "owner"]
    assert last_owner(people, user) == (owners == [user])


def test_roles_are_ranked():
    """Every role has a rank of its own."""
    assert sorted(RANKS, key=rank) == list(ROLES)


class Group(RuleBasedStateMachine):
    """A group in which everybody does whatever the rules allow."""

    def __init__(self) -> None:
        super().__init__()
        self.members: dict[UserId, Member] = {}

    def draw(self, data: st.DataObject) -> Member:
        return self.members[data.draw(st.sampled_from(sorted(self.members)))]

    @precondition(lambda self: not self.members)
    @rule(first=members())
    def create(self, first: Member) -> None:
        self.members = {first.user_id: evolve(first, role="owner")}

    @precondition(lambda self: self.members)
    @rule(newcomer=members())
    def join(self, newcomer: Member) -> None:
        self.members.setdefault(newcomer.user_id, evolve(newcomer, role="member"))

    @precondition(lambda self: self.members)
    @rule(data=st.data(), new=roles)
    def change_role(self, data: st.DataObject, new: str) -> None:
        actor, target = self.draw(data), self.draw(data)
        if not may_change_role(actor.role, target.role, new):
            return
        if new != "owner" and last_owner(self.members.values(), target.user_id):
            return
        self.members[target.user_id] = evolve(target, role=new)

    @precondition(lambda self: self.members)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        actor, target = self.draw(data), self.draw(data)
        if may_remove(actor.role, target.role):
            del self.members[target.user_id]

    @precondition(lambda self: self.members)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        del self.members[self.draw(data).user_id]
        heir = successor(self.members.values())
        if heir is not None:
            self.members[heir] = evolve(self.members[heir], role="owner")

    @invariant()
    def a_live_group_has_an_owner(self) -> None:
        owners = [member for member in self.members.values() if member.role == "owner"]
        assert owners or not self.members


TestNeverOwnerless = Group.TestCase
TestNeverOwnerless.__doc__ = "Whatever members may do, a group that isn't empty has an owner."
