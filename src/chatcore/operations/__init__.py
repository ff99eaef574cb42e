"""Everything that anyone can ask, as values. The registry behind them generates the rest."""

from chatcore.operations.accounts import (
    Availability,
    ChangePassword,
    CheckAvailability,
    EnterAsGuest,
    ListSessions,
    Login,
    Logout,
    NewUserSettings,
    Register,
    RequestReset,
    ResetPassword,
    Resume,
    RevokeSession,
    UpdateAccount,
    UpgradeGuest,
)
from chatcore.operations.audit import ListAudit
from chatcore.operations.bans import BanMember, ListBans, UnbanMember
from chatcore.operations.base import UNSET, Operation, Spec, Unset, spec_of, specs
from chatcore.operations.blocks import AddBlock, ListBlocks, RemoveBlock
from chatcore.operations.bookmarks import AddBookmark, ListBookmarks, RemoveBookmark
from chatcore.operations.bots import CreateBot, ListBots, RenewBot, RevokeBot
from chatcore.operations.contacts import (
    ListContacts,
    RemoveContact,
    RequestContact,
    RespondContact,
)
from chatcore.operations.conversations import (
    CreateConversation,
    DeleteConversation,
    DiscoverConversations,
    GetConversation,
    JoinConversation,
    ListConversations,
    NewSettings,
    SetExpiry,
    UpdateConversation,
)
from chatcore.operations.erasure import DeleteAccount
from chatcore.operations.exports import ExportAccount
from chatcore.operations.forwarding import ForwardCopy, ForwardMessage
from chatcore.operations.invites import CreateInvite, ListInvites, RedeemInvite, RevokeInvite
from chatcore.operations.members import (
    AddMembers,
    Leave,
    ListMembers,
    RemoveMember,
    TransferOwnership,
    UpdateMember,
)
from chatcore.operations.messages import (
    DeleteMessage,
    EditMessage,
    GetMessage,
    GetMessageStatus,
    HideMessage,
    ImportMessage,
    ListMessages,
    NewContact,
    NewLocation,
    SendMessage,
)
from chatcore.operations.personal import ClearConversation, PersonalizeConversation
from chatcore.operations.pins import PinMessage, UnpinMessage
from chatcore.operations.polls import ClosePoll, NewPoll, Vote
from chatcore.operations.presence import GetPresence, SetPresence, SetTyping, WatchPresence
from chatcore.operations.reactions import AddReaction, RemoveReaction
from chatcore.operations.receipts import ExplainUnread, GetBadge, ListReceipts, MarkReceipt
from chatcore.operations.reports import CreateReport, ListReports, ResolveReport
from chatcore.operations.revisions import ListRevisions
from chatcore.operations.scheduled import (
    CancelScheduled,
    ListHeld,
    ListScheduled,
    RejectHeld,
    ReleaseHeld,
    UpdateScheduled,
)
from chatcore.operations.search import SearchMessages
from chatcore.operations.shadow import LiftShadowBan, ShadowBan
from chatcore.operations.sync import GetHeads, Pull, PullFrom
from chatcore.operations.threads import ListThreads
from chatcore.operations.uploads import DeleteUpload, GetUpload
from chatcore.operations.users import (
    GetMe,
    GetUser,
    ImportUser,
    ListUsers,
    SearchUsers,
    UpdateMe,
)

__all__ = [
    "UNSET",
    "AddBlock",
    "AddBookmark",
    "AddMembers",
    "AddReaction",
    "Availability",
    "BanMember",
    "CancelScheduled",
    "ChangePassword",
    "CheckAvailability",
    "ClearConversation",
    "ClosePoll",
    "CreateBot",
    "CreateConversation",
    "CreateInvite",
    "CreateReport",
    "DeleteAccount",
    "DeleteConversation",
    "DeleteMessage",
    "DeleteUpload",
    "DiscoverConversations",
    "EditMessage",
    "EnterAsGuest",
    "ExplainUnread",
    "ExportAccount",
    "ForwardCopy",
    "ForwardMessage",
    "GetBadge",
    "GetConversation",
    "GetHeads",
    "GetMe",
    "GetMessage",
    "GetMessageStatus",
    "GetPresence",
    "GetUpload",
    "GetUser",
    "HideMessage",
    "ImportMessage",
    "ImportUser",
    "JoinConversation",
    "Leave",
    "LiftShadowBan",
    "ListAudit",
    "ListBans",
    "ListBlocks",
    "ListBookmarks",
    "ListBots",
    "ListContacts",
    "ListConversations",
    "ListHeld",
    "ListInvites",
    "ListMembers",
    "ListMessages",
    "ListReceipts",
    "ListReports",
    "ListRevisions",
    "ListScheduled",
    "ListSessions",
    "ListThreads",
    "ListUsers",
    "Login",
    "Logout",
    "MarkReceipt",
    "NewContact",
    "NewLocation",
    "NewPoll",
    "NewSettings",
    "NewUserSettings",
    "Operation",
    "PersonalizeConversation",
    "PinMessage",
    "Pull",
    "PullFrom",
    "RedeemInvite",
    "Register",
    "RejectHeld",
    "ReleaseHeld",
    "RemoveBlock",
    "RemoveBookmark",
    "RemoveContact",
    "RemoveMember",
    "RemoveReaction",
    "RenewBot",
    "RequestContact",
    "RequestReset",
    "ResetPassword",
    "ResolveReport",
    "RespondContact",
    "Resume",
    "RevokeBot",
    "RevokeInvite",
    "RevokeSession",
    "SearchMessages",
    "SearchUsers",
    "SendMessage",
    "SetExpiry",
    "SetPresence",
    "SetTyping",
    "ShadowBan",
    "Spec",
    "TransferOwnership",
    "UnbanMember",
    "UnpinMessage",
    "Unset",
    "UpdateAccount",
    "UpdateConversation",
    "UpdateMe",
    "UpdateMember",
    "UpdateScheduled",
    "UpgradeGuest",
    "Vote",
    "WatchPresence",
    "spec_of",
    "specs",
]
