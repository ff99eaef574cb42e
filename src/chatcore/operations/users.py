"""Profiles and the directory of people."""

from __future__ import annotations

from typing import Annotated, Any

from attrs import field, frozen

from chatcore.ids import UserId
from chatcore.models import Page, User, UserKind
from chatcore.operations.base import UNSET, Operation, Unset, operation
from chatcore.operations.checks import Json, Key, Text, Whole


@operation("users.me", User, store="accounts")
@frozen
class GetMe(Operation[User]):
    """One's own profile, with what only oneself may see."""


@operation("users.update", User, store="accounts", writes=True)
@frozen(kw_only=True)
class UpdateMe(Operation[User]):
    """Change one's own profile; an absent field stays, null clears."""

    display_name: Annotated[str | Unset, Text("name_chars")] = UNSET
    avatar_url: Annotated[str | None | Unset, Text("url_chars")] = UNSET
    bio: Annotated[str | None | Unset, Text("text_chars")] = UNSET
    custom: Annotated[dict[str, Any] | None | Unset, Json("custom_bytes")] = UNSET


@operation("users.get", User, store="accounts")
@frozen
class GetUser(Operation[User]):
    """One user's public card."""

    user_id: UserId


@operation("users.search", Page[User], store="accounts", rate="searches")
@frozen
class SearchUsers(Operation[Page[User]]):
    """Users whose username or display name begins like ``q``."""

    q: Annotated[str, Text("name_chars")]
    cursor: Annotated[str | None, Text("text_chars")] = None
    limit: Annotated[int | None, Whole(1, "page_max")] = None


@operation("users.list", Page[User], store="accounts")
@frozen(kw_only=True)
class ListUsers(Operation[Page[User]]):
    """All users, by username; a setting of the engine may forbid it."""

    cursor: Annotated[str | None, Text("text_chars")] = None
    limit: Annotated[int | None, Whole(1, "page_max")] = None


@operation("users.import", User, store="accounts", writes=True)
@frozen
class ImportUser(Operation[User]):
    """Take over a user from elsewhere: for operators only.

    ``key`` says who it is at the source; a repeat answers the user it made, as they are now.
    ``password_hash`` is one of Argon2 or bcrypt; without it they can't sign in with a password.
    """

    key: Annotated[str, Key()]
    username: Annotated[str | None, Text("name_chars")]
    display_name: Annotated[str | None, Text("name_chars")] = None
    kind: UserKind = "person"
    email: Annotated[str | None, Text("text_chars")] = field(default=None, kw_only=True)
    phone: Annotated[str | None, Text("text_chars")] = field(default=None, kw_only=True)
    password_hash: Annotated[str | None, Text("text_chars")] = field(default=None, kw_only=True)
