"""What operations do: one file a noun, synchronous, inside a transaction that the lanes opened.

A handler takes the transaction's :class:`~chatcore.services.work.Work`, who asks, and the
operation; it decides first and writes after, so that a refusal has changed nothing. Two are so
frequent that they take a whole batch at once: sends and receipts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from chatcore import operations as ops
from chatcore.models import Actor
from chatcore.services import (
    accounts,
    bans,
    blocks,
    bookmarks,
    bots,
    contacts,
    conversations,
    discovery,
    forwarding,
    invites,
    members,
    messages,
    personal,
    pins,
    polls,
    presence,
    reactions,
    receipts,
    reports,
    revisions,
    scheduled,
    search,
    sending,
    shadow,
    sync,
    threads,
    typing,
    unread,
    uploads,
    users,
)
from chatcore.services.work import AccountsWork, ChatWork, Outcome, Request

Handler = Callable[[Any, Actor, Any], Any]
BulkHandler = Callable[[ChatWork, Sequence[Request]], Sequence[Outcome]]

HANDLERS: Final[Mapping[type[ops.Operation[Any]], Handler]] = {
    ops.CheckAvailability: accounts.check,
    ops.ListSessions: accounts.list_sessions,
    ops.ListBots: bots.list_all,
    ops.GetUser: users.get,
    ops.SearchUsers: users.search,
    ops.ListUsers: users.list_all,
    ops.ImportUser: users.take_over,
    ops.ListContacts: contacts.list_all,
    ops.RespondContact: contacts.respond,
    ops.RemoveContact: contacts.remove,
    ops.ListBlocks: blocks.list_all,
    ops.AddBlock: blocks.add,
    ops.RemoveBlock: blocks.remove,
    ops.ListBookmarks: bookmarks.list_all,
    ops.AddBookmark: bookmarks.add,
    ops.RemoveBookmark: bookmarks.remove,
    ops.CreateConversation: conversations.create,
    ops.ListConversations: conversations.list_all,
    ops.GetConversation: conversations.get,
    ops.DiscoverConversations: discovery.discover,
    ops.JoinConversation: discovery.join,
    ops.UpdateConversation: conversations.update,
    ops.DeleteConversation: conversations.delete,
    ops.PersonalizeConversation: personal.personalize,
    ops.ClearConversation: personal.clear,
    ops.ListMembers: members.list_all,
    ops.AddMembers: members.add,
    ops.UpdateMember: members.update,
    ops.RemoveMember: members.remove,
    ops.TransferOwnership: members.transfer,
    ops.ListBans: bans.list_all,
    ops.BanMember: bans.add,
    ops.UnbanMember: bans.lift,
    ops.Leave: members.leave,
    ops.ListInvites: invites.list_all,
    ops.CreateInvite: invites.create,
    ops.RevokeInvite: invites.revoke,
    ops.RedeemInvite: invites.redeem,
    ops.ListMessages: messages.list_page,
    ops.GetMessage: messages.get,
    ops.EditMessage: messages.edit,
    ops.DeleteMessage: messages.delete,
    ops.GetMessageStatus: messages.status,
    ops.SearchMessages: search.find,
    ops.AddReaction: reactions.add,
    ops.RemoveReaction: reactions.remove,
    ops.ListScheduled: scheduled.list_mine,
    ops.UpdateScheduled: scheduled.update,
    ops.CancelScheduled: scheduled.cancel,
    ops.ShadowBan: shadow.ban,
    ops.LiftShadowBan: shadow.lift,
    ops.ListHeld: scheduled.list_held,
    ops.ReleaseHeld: scheduled.release,
    ops.RejectHeld: scheduled.reject,
    ops.ForwardMessage: forwarding.forward,
    ops.PinMessage: pins.pin,
    ops.UnpinMessage: pins.unpin,
    ops.ListRevisions: revisions.list_page,
    ops.Vote: polls.vote,
    ops.ClosePoll: polls.close,
    ops.ListReceipts: receipts.list_all,
    ops.GetBadge: unread.badge,
    ops.ExplainUnread: unread.explain,
    ops.ListThreads: threads.list_page,
    ops.SetTyping: typing.set_state,
    ops.SetPresence: presence.set_status,
    ops.WatchPresence: presence.get,
    ops.GetPresence: presence.get,
    ops.GetUpload: uploads.info,
    ops.CreateReport: reports.create,
    ops.ListReports: reports.list_all,
    ops.ResolveReport: reports.resolve,
    ops.GetHeads: sync.heads,
}

BULK: Final[Mapping[type[ops.Operation[Any]], BulkHandler]] = {
    ops.SendMessage: sending.send,
    ops.ImportMessage: sending.send,
    ops.MarkReceipt: receipts.mark,
}
"""Handlers of a whole batch. They raise nothing: an outcome is a result or a ChatError."""

__all__ = ["BULK", "HANDLERS", "AccountsWork", "ChatWork", "Outcome", "Request"]
