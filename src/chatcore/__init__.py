"""chatcore: the chat engine that you import.

    async with ChatEngine("sqlite:///chat.db") as engine:
        alice = (await engine.execute(ANONYMOUS, Register("alice", "correct horse"))).actor
        notes = await engine.execute(alice, CreateConversation(kind="self"))
        await engine.execute(alice, SendMessage(notes.id, "Hello"))

Operations live in :mod:`chatcore.operations`, what they answer in :mod:`chatcore.models`, what is
announced in :mod:`chatcore.events`, errors in :mod:`chatcore.errors`.
"""

from chatcore.blocking import BlockingEngine
from chatcore.config import Limits, Settings
from chatcore.engine import ChatEngine, Request
from chatcore.errors import (
    ChatError,
    Conflict,
    Forbidden,
    Invalid,
    KeyReused,
    NotFound,
    RateLimited,
    TooLarge,
    Unauthenticated,
    Unavailable,
    VersionConflict,
)
from chatcore.models import ANONYMOUS, Actor, Conversation, Member, Message, Page, User
from chatcore.operations import (
    AddMembers,
    AddReaction,
    CreateConversation,
    DeleteMessage,
    EditMessage,
    GetConversation,
    ListConversations,
    ListMessages,
    Login,
    MarkReceipt,
    Pull,
    Register,
    SendMessage,
)

__all__ = [
    "ANONYMOUS",
    "Actor",
    "AddMembers",
    "AddReaction",
    "BlockingEngine",
    "ChatEngine",
    "ChatError",
    "Conflict",
    "Conversation",
    "CreateConversation",
    "DeleteMessage",
    "EditMessage",
    "Forbidden",
    "GetConversation",
    "Invalid",
    "KeyReused",
    "Limits",
    "ListConversations",
    "ListMessages",
    "Login",
    "MarkReceipt",
    "Member",
    "Message",
    "NotFound",
    "Page",
    "Pull",
    "RateLimited",
    "Register",
    "Request",
    "SendMessage",
    "Settings",
    "TooLarge",
    "Unauthenticated",
    "Unavailable",
    "User",
    "VersionConflict",
]
