"""Who may do what: one table, default deny.

:func:`judge` is the only authority. It is pure: what it needs to know of the world stands in a
:class:`Case`, so that HTTP, the realtime session, delivery and the tests all ask the same question.
An operation that isn't in the table is refused, and a test refuses to build without its row.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from enum import Enum
from typing import Any, Final, Literal

from attrs import field, frozen

from chatcore import operations as ops
from chatcore.config import Settings
from chatcore.errors import ChatError, Forbidden, NotFound, Unauthenticated
from chatcore.models import Actor, ConversationKind, Role
from chatcore.rules import membership

Who = Literal["anyone", "user", "member", "visitor", "account", "operator"]
"""A visitor is whoever may come into a conversation, and whoever is in it already. An account is
its user's, and any operator's: the operation says whose it is about."""


class Verdict(Enum):
    """What the table says to one question."""

    ALLOW = "allow"
    FORBID = "forbid"
    """The caller sees the object but lacks the right."""
    HIDE = "hide"
    """For the caller it doesn't exist."""
    SIGN_IN = "sign in"


@frozen(kw_only=True)
class Case:
    """What a verdict on a conversation may depend on."""

    role: Role | None = None
    """The actor's, as a current member; None for everybody else, former members included."""
    kind: ConversationKind = "group"
    announcement: bool = False
    frozen: bool = False
    own: bool = False
    """The message is the actor's own, or the member is the actor."""
    blocked: bool = False
    """A block lies between the two of a direct conversation."""
    target: Role | None = None
    """The role of the member it is about."""
    new_role: Role | None = None
    history: Literal["sender", "moderators", "members"] = "moderators"
    """Who may read a message's earlier versions, by the engine's settings."""
    to_all: bool = False
    """The message mentions everybody, where only moderators may."""
    public: bool = False
    """Anybody may join the conversation."""
    invited: bool = False
    """The actor has a link that works."""
    banned: bool = False
    """The actor, who is no member, may not become one."""


Condition = Callable[[Case], bool]
_EVERY_KIND: Final[Collection[ConversationKind]] = ("direct", "group", "self")


@frozen
class Rule:
    """One row of the table."""

    who: Who
    least: Role = "member"
    kinds: Collection[ConversationKind] = _EVERY_KIND
    condition: Condition | None = field(default=None, kw_only=True)


def _may_post(case: Case) -> bool:
    role = case.role or "member"
    if case.to_all and not _moderates(case):
        return False
    return not case.blocked and membership.may_post(role, case.announcement, case.frozen)


def _moderates(case: Case) -> bool:
    """In a group its admins and owners; elsewhere all are equals."""
    return case.kind != "group" or membership.rank(case.role or "member") > 0


def _may_pin(case: Case) -> bool:
    return not case.blocked and _moderates(case)


def _may_read_history(case: Case) -> bool:
    if case.own or case.history == "members":
        return True
    return case.history == "moderators" and case.kind == "group" and _moderates(case)


def _may_edit(case: Case) -> bool:
    return case.own and _may_post(case)


def _may_react(case: Case) -> bool:
    return not case.blocked and not case.frozen


def _may_set_expiry(case: Case) -> bool:
    if case.kind == "group":
        return membership.rank(case.role or "member") > 0
    return not case.blocked


def _may_delete(case: Case) -> bool:
    return case.own or (case.kind == "group" and membership.rank(case.role or "member") > 0)


def _may_change_role(case: Case) -> bool:
    return (
        case.role is not None
        and case.target is not None
        and case.new_role is not None
        and membership.may_change_role(case.role, case.target, case.new_role)
    )


def _may_invite(case: Case) -> bool:
    return case.new_role in membership.invitable(case.role or "member")


def _may_remove(case: Case) -> bool:
    return (
        case.role is not None
        and case.target is not None
        and membership.may_remove(case.role, case.target)
    )


_GROUP: Final[tuple[ConversationKind, ...]] = ("group",)

TABLE: Final[dict[type[ops.Operation[Any]], Rule]] = {
    ops.Register: Rule("anyone"),
    ops.CheckAvailability: Rule("anyone"),
    ops.Login: Rule("anyone"),
    ops.RequestReset: Rule("anyone"),
    ops.ResetPassword: Rule("anyone"),
    ops.Resume: Rule("user"),
    ops.Logout: Rule("user"),
    ops.ChangePassword: Rule("user"),
    ops.UpdateAccount: Rule("user"),
    ops.EnterAsGuest: Rule("anyone"),
    ops.UpgradeGuest: Rule("user"),
    ops.CreateBot: Rule("account"),
    ops.ListBots: Rule("account"),
    ops.RenewBot: Rule("account"),
    ops.RevokeBot: Rule("account"),
    ops.ListSessions: Rule("user"),
    ops.RevokeSession: Rule("user"),
    ops.GetMe: Rule("user"),
    ops.UpdateMe: Rule("user"),
    ops.GetUser: Rule("user"),
    ops.SearchUsers: Rule("user"),
    ops.ListUsers: Rule("user"),
    ops.ImportUser: Rule("operator"),
    ops.ListContacts: Rule("user"),
    ops.RequestContact: Rule("user"),
    ops.RespondContact: Rule("user"),
    ops.RemoveContact: Rule("user"),
    ops.ListBlocks: Rule("user"),
    ops.AddBlock: Rule("user"),
    ops.RemoveBlock: Rule("user"),
    ops.ListBookmarks: Rule("user"),
    ops.AddBookmark: Rule("user"),
    ops.RemoveBookmark: Rule("user"),
    ops.CreateConversation: Rule("user"),
    ops.ListConversations: Rule("user"),
    ops.GetConversation: Rule("member"),
    ops.DiscoverConversations: Rule("user"),
    ops.JoinConversation: Rule("visitor", "member", _GROUP),
    ops.UpdateConversation: Rule("member", "admin", _GROUP),
    ops.SetExpiry: Rule("member", condition=_may_set_expiry),
    ops.DeleteConversation: Rule("member", "owner", _GROUP),
    ops.PersonalizeConversation: Rule("member"),
    ops.ClearConversation: Rule("member"),
    ops.ListMembers: Rule("member"),
    ops.AddMembers: Rule("member", "admin", _GROUP),
    ops.UpdateMember: Rule("member", "admin", _GROUP, condition=_may_change_role),
    ops.RemoveMember: Rule("member", "admin", _GROUP, condition=_may_remove),
    ops.TransferOwnership: Rule("member", "owner", _GROUP),
    ops.ListBans: Rule("member", "admin", _GROUP),
    ops.BanMember: Rule("member", "admin", _GROUP, condition=_may_remove),
    ops.UnbanMember: Rule("member", "admin", _GROUP),
    ops.Leave: Rule("member", "member", _GROUP),
    ops.ListInvites: Rule("member", "admin", _GROUP),
    ops.CreateInvite: Rule("member", "admin", _GROUP, condition=_may_invite),
    ops.RevokeInvite: Rule("member", "admin", _GROUP),
    ops.RedeemInvite: Rule("visitor", "member", _GROUP),
    ops.SendMessage: Rule("member", condition=_may_post),
    ops.ImportMessage: Rule("operator"),
    ops.ListMessages: Rule("member"),
    ops.GetMessage: Rule("member"),
    ops.EditMessage: Rule("member", condition=_may_edit),
    ops.DeleteMessage: Rule("member", condition=_may_delete),
    ops.HideMessage: Rule("member"),
    ops.GetMessageStatus: Rule("member"),
    ops.SearchMessages: Rule("user"),
    ops.AddReaction: Rule("member", condition=_may_react),
    ops.RemoveReaction: Rule("member", condition=_may_react),
    ops.ListScheduled: Rule("user"),
    ops.UpdateScheduled: Rule("user"),
    ops.CancelScheduled: Rule("user"),
    ops.ShadowBan: Rule("operator"),
    ops.LiftShadowBan: Rule("operator"),
    ops.ListHeld: Rule("operator"),
    ops.ReleaseHeld: Rule("operator"),
    ops.RejectHeld: Rule("operator"),
    ops.ForwardMessage: Rule("member"),
    ops.ForwardCopy: Rule("member", condition=_may_post),
    ops.PinMessage: Rule("member", condition=_may_pin),
    ops.UnpinMessage: Rule("member", condition=_may_pin),
    ops.ListRevisions: Rule("member", condition=_may_read_history),
    ops.Vote: Rule("member", condition=_may_react),
    ops.ClosePoll: Rule("member", condition=_may_delete),
    ops.MarkReceipt: Rule("member"),
    ops.ListReceipts: Rule("member"),
    ops.GetBadge: Rule("user"),
    ops.ExplainUnread: Rule("operator"),
    ops.ListThreads: Rule("member"),
    ops.SetTyping: Rule("member", condition=_may_post),
    ops.SetPresence: Rule("user"),
    ops.WatchPresence: Rule("user"),
    ops.GetPresence: Rule("user"),
    ops.GetUpload: Rule("user"),
    ops.DeleteUpload: Rule("user"),
    ops.DeleteAccount: Rule("account"),
    ops.ExportAccount: Rule("account"),
    ops.CreateReport: Rule("user"),
    ops.ListReports: Rule("operator"),
    ops.ResolveReport: Rule("operator"),
    ops.ListAudit: Rule("operator"),
    ops.GetHeads: Rule("user"),
    ops.Pull: Rule("user"),
}


def judge(operation: type[ops.Operation[Any]], actor: Actor, case: Case | None = None) -> Verdict:
    """The verdict on one question. Without a ``case``, on what can be known before looking."""
    rule = TABLE.get(operation)
    if rule is None:
        return Verdict.FORBID
    if rule.who == "anyone" or (rule.who in ("operator", "account") and actor.operator):
        return Verdict.ALLOW
    if actor.user_id is None:
        return Verdict.SIGN_IN
    if rule.who == "operator":
        return Verdict.FORBID
    if rule.who in ("user", "account") or case is None:
        return Verdict.ALLOW
    if rule.who == "visitor" and case.role is None:
        welcome = case.kind in rule.kinds and (case.public or case.invited) and not case.banned
        return Verdict.ALLOW if welcome else Verdict.HIDE
    return _judge_member(rule, case)


def _judge_member(rule: Rule, case: Case) -> Verdict:
    if case.role is None:
        return Verdict.HIDE
    allowed = (
        membership.rank(case.role) >= membership.rank(rule.least)
        and case.kind in rule.kinds
        and (rule.condition is None or rule.condition(case))
    )
    return Verdict.ALLOW if allowed else Verdict.FORBID


def require(operation: type[ops.Operation[Any]], actor: Actor, case: Case | None = None) -> None:
    """Raise the error of a verdict other than ALLOW."""
    verdict = judge(operation, actor, case)
    if verdict is not Verdict.ALLOW:
        raise _error(verdict)


def require_kind(method: str, actor: Actor, settings: Settings) -> None:
    """Raise :class:`Forbidden` for what the host's settings keep from guests or from bots."""
    kept = settings.guests_may_not if actor.kind == "guest" else settings.bots_may_not
    if actor.kind != "person" and method in kept:
        raise Forbidden(f"Not for {actor.kind}s")


def _error(verdict: Verdict) -> ChatError:
    match verdict:
        case Verdict.HIDE:
            return NotFound()
        case Verdict.SIGN_IN:
            return Unauthenticated()
    return Forbidden()
