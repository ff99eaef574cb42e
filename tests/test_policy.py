"""The policy: one pure function over one table, where what isn't allowed is denied."""

import inspect
from itertools import product
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from chatcore import operations as ops
from chatcore import policy
from chatcore.errors import Forbidden, NotFound, Unauthenticated
from chatcore.ids import UserId
from chatcore.models import ANONYMOUS, Actor, ConversationKind, Role
from chatcore.operations import Operation
from chatcore.policy import TABLE, Case, Verdict, judge, require

USER = Actor(UserId("u"))
OPERATOR = Actor(UserId("u"), operator=True)
MEMBER_OPERATIONS = [kind for kind, rule in TABLE.items() if rule.who == "member"]
VISITOR_OPERATIONS = [kind for kind, rule in TABLE.items() if rule.who == "visitor"]

cases = st.builds(
    Case,
    role=st.sampled_from((None, "member", "admin", "owner")),
    kind=st.sampled_from(("direct", "group", "self")),
    announcement=st.booleans(),
    frozen=st.booleans(),
    own=st.booleans(),
    blocked=st.booleans(),
    target=st.sampled_from((None, "member", "admin", "owner")),
    new_role=st.sampled_from((None, "member", "admin", "owner")),
    public=st.booleans(),
    invited=st.booleans(),
    banned=st.booleans(),
)
operations = st.sampled_from(sorted(TABLE, key=lambda kind: kind.__name__))


class Unheard(Operation[None]):
    """An operation without a row."""


@pytest.mark.parametrize("actor", [ANONYMOUS, USER, OPERATOR])
def test_what_is_not_in_the_table_is_denied(actor: Actor) -> None:
    """To everybody, also to operators and owners."""
    assert judge(Unheard, actor) is Verdict.FORBID
    assert judge(Unheard, actor, Case(role="owner", own=True)) is Verdict.FORBID
    with pytest.raises(Forbidden):
        require(Unheard, actor)


@given(operations, cases)
def test_nobody_may_only_what_anyone_may(kind: type[Operation[Any]], case: Case) -> None:
    """Whoever isn't signed in registers, logs in, asks for names and forgets passwords."""
    anyone = {
        ops.Register,
        ops.Login,
        ops.CheckAvailability,
        ops.EnterAsGuest,
        ops.RequestReset,
        ops.ResetPassword,
    }
    expected = Verdict.ALLOW if kind in anyone else Verdict.SIGN_IN
    assert judge(kind, ANONYMOUS, case) is judge(kind, ANONYMOUS) is expected


@given(st.sampled_from(MEMBER_OPERATIONS), cases)
def test_to_a_stranger_nothing_exists(kind: type[Operation[Any]], case: Case) -> None:
    """Without a current membership every question has the same answer."""
    assert judge(kind, USER, evolve(case, role=None)) is Verdict.HIDE


@given(st.sampled_from(VISITOR_OPERATIONS), cases)
def test_who_comes_in(kind: type[Operation[Any]], case: Case) -> None:
    """Into public groups and by invitation, unless banned; where no door is, nothing is."""
    verdict = judge(kind, USER, evolve(case, role=None))
    welcome = case.kind == "group" and (case.public or case.invited) and not case.banned
    assert verdict is (Verdict.ALLOW if welcome else Verdict.HIDE)
    inside = judge(kind, USER, evolve(case, role=case.role or "member"))
    assert inside is (Verdict.ALLOW if case.kind == "group" else Verdict.FORBID)


@given(st.sampled_from(VISITOR_OPERATIONS), cases)
def test_a_ban_beats_an_invitation(kind: type[Operation[Any]], case: Case) -> None:
    """And an open door."""
    assert judge(kind, USER, evolve(case, role=None, banned=True)) is Verdict.HIDE


@given(st.sampled_from(MEMBER_OPERATIONS), cases)
def test_to_a_member_nothing_is_hidden(kind: type[Operation[Any]], case: Case) -> None:
    """They see the conversation, so a refusal says so."""
    verdict = judge(kind, USER, evolve(case, role=case.role or "member"))
    assert verdict in (Verdict.ALLOW, Verdict.FORBID)


@given(st.sampled_from(MEMBER_OPERATIONS), cases)
def test_a_higher_role_may_no_less(kind: type[Operation[Any]], case: Case) -> None:
    """What a member may an admin may, and what an admin may an owner may."""
    ranks: tuple[Role, ...] = ("member", "admin", "owner")
    allowed = [judge(kind, USER, evolve(case, role=role)) is Verdict.ALLOW for role in ranks]
    assert allowed == sorted(allowed)


@given(st.sampled_from(MEMBER_OPERATIONS), cases)
def test_a_freeze_or_a_block_gives_no_right(kind: type[Operation[Any]], case: Case) -> None:
    """Whatever is allowed with one of them is allowed without."""
    for fact in ("frozen", "blocked", "announcement"):
        if judge(kind, USER, evolve(case, **{fact: True})) is Verdict.ALLOW:
            assert judge(kind, USER, evolve(case, **{fact: False})) is Verdict.ALLOW


@given(operations, cases)
def test_the_verdict_depends_on_the_question_alone(kind: type[Operation[Any]], case: Case) -> None:
    """Asked again it is the same, whoever of two users asks."""
    assert judge(kind, USER, case) is judge(kind, Actor(UserId("other")), evolve(case))


def test_only_operators_import() -> None:
    """A right that no membership gives."""
    for kind in (ops.ImportMessage, ops.ImportUser):
        assert judge(kind, OPERATOR) is Verdict.ALLOW
        assert judge(kind, USER, Case(role="owner")) is Verdict.FORBID
    assert judge(ops.DeleteConversation, OPERATOR, Case(role=None)) is Verdict.HIDE


KINDS: tuple[ConversationKind, ...] = ("direct", "group", "self")


@pytest.mark.parametrize(
    "kind",
    [
        ops.UpdateConversation,
        ops.DeleteConversation,
        ops.AddMembers,
        ops.UpdateMember,
        ops.RemoveMember,
        ops.TransferOwnership,
        ops.ListBans,
        ops.BanMember,
        ops.ListInvites,
        ops.CreateInvite,
        ops.RevokeInvite,
        ops.UnbanMember,
        ops.Leave,
    ],
)
def test_what_belongs_to_groups(kind: type[Operation[Any]]) -> None:
    """Nobody manages a direct conversation, or one's own."""
    owner = Case(role="owner", target="member", new_role="admin")
    allowed = {one for one in KINDS if judge(kind, USER, evolve(owner, kind=one)) is Verdict.ALLOW}
    assert allowed == {"group"}


def test_who_deletes_messages() -> None:
    """One's own always; another's as a moderator of a group; for oneself everything."""
    for role, conversation, own in product(("member", "admin"), KINDS, (True, False)):
        case = Case(role=role, kind=conversation, own=own, frozen=True, blocked=True)  # type: ignore[arg-type]
        moderates = role == "admin" and conversation == "group"
        expected = Verdict.ALLOW if own or moderates else Verdict.FORBID
        assert judge(ops.DeleteMessage, USER, case) is expected
        assert judge(ops.HideMessage, USER, case) is Verdict.ALLOW


def test_each_verdict_is_an_error() -> None:
    """Allowed says nothing."""
    require(ops.SendMessage, USER, Case(role="member"))
    for case, error in (
        (Case(role="member", frozen=True), Forbidden),
        (Case(role=None), NotFound),
    ):
        with pytest.raises(error):
            require(ops.SendMessage, USER, case)
    with pytest.raises(Unauthenticated):
        require(ops.SendMessage, ANONYMOUS)


def test_the_policy_looks_at_nothing_else() -> None:
    """A pure function: it takes the question and neither storage nor clock."""
    assert list(inspect.signature(judge).parameters) == ["operation", "actor", "case"]
    assert not {"services", "storage", "engine"} & set(vars(policy))
