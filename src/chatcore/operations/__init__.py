"""Everything that anyone can ask, as values. The registry behind them generates the rest."""

from chatcore.operations.accounts import (
    Availability,
    ChangePassword,
    CheckAvailability,
    ListSessions,
    Login,
    Logout,
    Register,
    RequestReset,
    ResetPassword,
    Resume,
    RevokeSession,
    UpdateAccount,
)
from chatcore.operations.audit import ListAudit
from chatcore.operations.bans import BanMember, ListBans, UnbanMember
from chatcore.operations.base import UNSET, Operation, Spec, Unset, spec_of, specs
from chatcore.operations.blocks import AddBlock, ListBlocks, RemoveBlock
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
    UpdateConversation,
)
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
    SendMessage,
)
from chatcore.operations.personal import ClearConversation, PersonalizeConversation
from chatcore.operations.presence import GetPresence, SetPresence, SetTyping, WatchPresence
from chatcore.operations.reactions import AddReaction, RemoveReaction
from chatcore.operations.receipts import ListReceipts, MarkReceipt
from chatcore.operations.reports import CreateReport, ListReports, ResolveReport
from chatcore.operations.search import SearchMessages
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
    "AddMembers",
    "AddReaction",
    "Availability",
    "BanMember",
    "ChangePassword",
    "CheckAvailability",
    "ClearConversation",
    "CreateConversation",
    "CreateInvite",
    "CreateReport",
    "DeleteConversation",
    "DeleteMessage",
    "DeleteUpload",
    "DiscoverConversations",
    "EditMessage",
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
    "ListAudit",
    "ListBans",
    "ListBlocks",
    "ListContacts",
    "ListConversations",
    "ListInvites",
    "ListMembers",
    "ListMessages",
    "ListReceipts",
    "ListReports",
    "ListSessions",
    "ListThreads",
    "ListUsers",
    "Login",
    "Logout",
    "MarkReceipt",
    "NewSettings",
    "Operation",
    "PersonalizeConversation",
    "Pull",
    "PullFrom",
    "RedeemInvite",
    "Register",
    "RemoveBlock",
    "RemoveContact",
    "RemoveMember",
    "RemoveReaction",
    "RequestContact",
    "RequestReset",
    "ResetPassword",
    "ResolveReport",
    "RespondContact",
    "Resume",
    "RevokeInvite",
    "RevokeSession",
    "SearchMessages",
    "SearchUsers",
    "SendMessage",
    "SetPresence",
    "SetTyping",
    "Spec",
    "TransferOwnership",
    "UnbanMember",
    "Unset",
    "UpdateAccount",
    "UpdateConversation",
    "UpdateMe",
    "UpdateMember",
    "WatchPresence",
    "spec_of",
    "specs",
]
