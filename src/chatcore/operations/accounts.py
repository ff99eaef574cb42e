"""Accounts and their sessions."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from attrs import field, frozen

from chatcore.ids import SessionId
from chatcore.models import Audience, Authenticated, Done, Page, Session, User
from chatcore.operations.base import UNSET, Operation, Unset, always, operation, required
from chatcore.operations.checks import Json, Text


@frozen(kw_only=True)
class Availability:
    """Of each name that was asked about: True where it is free."""

    username: bool | None = None
    email: bool | None = None
    phone: bool | None = None


@operation("accounts.register", Authenticated, store="accounts", writes=True, rate="registrations")
@frozen
class Register(Operation[Authenticated]):
    """Open an account and a session, under a username, an e-mail address or a phone number."""

    username: Annotated[str | None, Text("name_chars")] = None
    password: Annotated[str, Text("password_max_bytes")] = required()
    display_name: Annotated[str | None, Text("name_chars")] = None
    email: Annotated[str | None, Text("text_chars")] = field(default=None, kw_only=True)
    phone: Annotated[str | None, Text("text_chars")] = field(default=None, kw_only=True)


@operation("accounts.check", Availability, store="accounts", rate="checks")
@frozen
class CheckAvailability(Operation[Availability]):
    """Whether a username, an e-mail address or a phone number is free."""

    username: Annotated[str | None, Text("name_chars")] = None
    email: Annotated[str | None, Text("text_chars")] = field(default=None, kw_only=True)
    phone: Annotated[str | None, Text("text_chars")] = field(default=None, kw_only=True)


@operation("accounts.login", Authenticated, store="accounts", writes=True, rate="logins")
@frozen
class Login(Operation[Authenticated]):
    """Open a session with a username, an e-mail address or a phone number, and the password."""

    login: Annotated[str, Text("text_chars")]
    password: Annotated[str, Text("password_max_bytes")]


@operation("accounts.resume", Authenticated, store="accounts")
@frozen
class Resume(Operation[Authenticated]):
    """The session and the user of the token that authenticates this request."""


@operation("accounts.logout", Done, store="accounts", writes=True)
@frozen
class Logout(Operation[Done]):
    """End this session."""


@operation(
    "accounts.change_password", Done, store="accounts", writes=True, rate="logins", audit=always
)
@frozen
class ChangePassword(Operation[Done]):
    """Change the password; every other session ends."""

    current: Annotated[str, Text("password_max_bytes")]
    new: Annotated[str, Text("password_max_bytes")]


@operation("accounts.guest", Authenticated, store="accounts", writes=True, rate="logins")
@frozen
class EnterAsGuest(Operation[Authenticated]):
    """Open a session without an account, where the host lets guests in."""

    display_name: Annotated[str | None, Text("name_chars")] = None


@operation("accounts.upgrade", User, store="accounts", writes=True, rate="logins")
@frozen
class UpgradeGuest(Operation[User]):
    """Make a guest a person with an account, who keeps what they have."""

    username: Annotated[str | None, Text("name_chars")] = None
    password: Annotated[str, Text("password_max_bytes")] = required()
    display_name: Annotated[str | None, Text("name_chars")] = None
    email: Annotated[str | None, Text("text_chars")] = field(default=None, kw_only=True)
    phone: Annotated[str | None, Text("text_chars")] = field(default=None, kw_only=True)


@operation("accounts.request_reset", Done, store="accounts", writes=True, rate="logins")
@frozen
class RequestReset(Operation[Done]):
    """Ask for a code by which to set a new password; the answer never tells whether one was sent.

    It goes to the e-mail address or phone number of the account that ``login`` means.
    """

    login: Annotated[str, Text("text_chars")]


@operation("accounts.reset", Done, store="accounts", writes=True, rate="logins")
@frozen
class ResetPassword(Operation[Done]):
    """Set a new password with a code that was sent; every session ends."""

    code: Annotated[str, Text("name_chars")]
    new: Annotated[str, Text("password_max_bytes")]


@frozen(kw_only=True)
class NewUserSettings:
    """What to show to whom, and who may come up to one, from now on; an absent one stays."""

    presence: Audience | Unset = UNSET
    last_seen: Audience | Unset = UNSET
    typing: Audience | Unset = UNSET
    receipts: Audience | Unset = UNSET
    messages: Audience | Unset = UNSET
    requests: Literal["everyone", "nobody"] | Unset = UNSET
    phone: Literal["everyone", "nobody"] | Unset = UNSET


@operation("accounts.update", User, store="accounts", writes=True, rate="logins")
@frozen(kw_only=True)
class UpdateAccount(Operation[User]):
    """Change what stands behind one's profile; an absent field stays, null clears.

    ``current`` is the password: needed where what one signs in with changes, so that a session
    left open is not enough to take an account over.
    """

    username: Annotated[str | None | Unset, Text("name_chars")] = UNSET
    email: Annotated[str | None | Unset, Text("text_chars")] = UNSET
    phone: Annotated[str | None | Unset, Text("text_chars")] = UNSET
    information: Annotated[dict[str, Any] | None | Unset, Json("custom_bytes")] = UNSET
    location: Annotated[dict[str, Any] | None | Unset, Json("custom_bytes")] = UNSET
    settings: NewUserSettings | Unset = UNSET
    current: Annotated[str | None, Text("password_max_bytes")] = None


@operation("sessions.list", Page[Session], store="accounts")
@frozen
class ListSessions(Operation[Page[Session]]):
    """One's own sessions, most recently used first."""


@operation("sessions.revoke", Done, store="accounts", writes=True, audit=always)
@frozen
class RevokeSession(Operation[Done]):
    """End one of one's own sessions."""

    session_id: SessionId
