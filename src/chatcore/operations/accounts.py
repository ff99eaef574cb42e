"""Accounts and their sessions."""

from __future__ import annotations

from typing import Annotated

from attrs import frozen

from chatcore.ids import SessionId
from chatcore.models import Authenticated, Done, Page, Session
from chatcore.operations.base import Operation, operation
from chatcore.operations.checks import Text


@frozen(kw_only=True)
class Availability:
    """Of each name that was asked about: True where it is free."""

    username: bool | None = None


@operation("accounts.register", Authenticated, store="accounts", writes=True, rate="logins")
@frozen
class Register(Operation[Authenticated]):
    """Open an account and a session."""

    username: Annotated[str, Text("name_chars")]
    password: Annotated[str, Text("password_max_bytes")]
    display_name: Annotated[str | None, Text("name_chars")] = None


@operation("accounts.check", Availability, store="accounts", rate="logins")
@frozen
class CheckAvailability(Operation[Availability]):
    """Whether a name is free."""

    username: Annotated[str | None, Text("name_chars")] = None


@operation("accounts.login", Authenticated, store="accounts", writes=True, rate="logins")
@frozen
class Login(Operation[Authenticated]):
    """Open a session with a password."""

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


@operation("accounts.change_password", Done, store="accounts", writes=True, rate="logins")
@frozen
class ChangePassword(Operation[Done]):
    """Change the password; every other session ends."""

    current: Annotated[str, Text("password_max_bytes")]
    new: Annotated[str, Text("password_max_bytes")]


@operation("sessions.list", Page[Session], store="accounts")
@frozen
class ListSessions(Operation[Page[Session]]):
    """One's own sessions, most recently used first."""


@operation("sessions.revoke", Done, store="accounts", writes=True)
@frozen
class RevokeSession(Operation[Done]):
    """End one of one's own sessions."""

    session_id: SessionId
