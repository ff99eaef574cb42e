"""Accounts in storage: users, credentials and sessions, in a store of their own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from attrs import define

from chatcore.ids import Milliseconds, SessionId, UserId


@define(kw_only=True)
class UserRecord:
    """A user's row."""

    id: UserId
    username: str | None
    username_key: str | None
    """The canonical form that is unique."""
    display_name: str
    avatar_url: str | None = None
    bio: str | None = None
    kind: str = "person"
    version: int = 1
    created_at: Milliseconds
    custom: dict[str, Any] | None = None
    active: bool = True
    deleted_at: Milliseconds | None = None
    """Set once nothing of the person is left in the row."""
    email: str | None = None
    email_key: str | None = None
    """The canonical form that is unique."""
    phone: str | None = None
    """In E.164, and unique."""
    information: dict[str, Any] | None = None
    location: dict[str, Any] | None = None
    owner_id: UserId | None = None
    """Of a bot: who made it; None where an operator did."""

    @property
    def list_key(self) -> str:
        """Where lists show the user: by canonical name; without one after plain names, by age."""
        return self.username_key or f"~{self.id}"


@define(kw_only=True)
class SessionRecord:
    """A session's row; of its token only the hash."""

    id: SessionId
    user_id: UserId
    token_hash: str
    created_at: Milliseconds
    last_used_at: Milliseconds
    expires_at: Milliseconds
    """The absolute end; an idle session ends earlier."""
    user_agent: str | None = None
    address: str | None = None
    kind: str | None = None
    """Of the user, where that is no person: a bot's never idles."""


class UserRepository(ABC):
    """Users and their credentials."""

    @abstractmethod
    def get(self, ids: Collection[UserId]) -> Mapping[UserId, UserRecord]:
        """Those that exist and are active."""

    @abstractmethod
    def known(self, ids: Collection[UserId]) -> Mapping[UserId, UserRecord]:
        """Those that exist, or once did."""

    @abstractmethod
    def by_username(self, key: str) -> UserRecord | None:
        """The user with this canonical name."""

    @abstractmethod
    def by_email(self, key: str) -> UserRecord | None:
        """The user with this canonical e-mail address."""

    @abstractmethod
    def by_phone(self, number: str) -> UserRecord | None:
        """The user with this number, in E.164."""

    @abstractmethod
    def insert(self, record: UserRecord) -> None:
        """Add a row. Raises :class:`chatcore.errors.Conflict` where a name is taken."""

    @abstractmethod
    def save(self, record: UserRecord) -> None:
        """Write a changed row. Raises :class:`chatcore.errors.Conflict` likewise."""

    @abstractmethod
    def page(self, prefix: str, after: str, limit: int) -> Sequence[UserRecord]:
        """Active users whose canonical or display name begins with ``prefix``.

        By ``list_key``, after ``after``.
        """

    @abstractmethod
    def bots(self, owner_id: UserId | None, after: UserId, limit: int) -> Sequence[UserRecord]:
        """Active bots, by id after ``after``; None: whoever made them."""

    @abstractmethod
    def credential(self, user_id: UserId) -> str | None:
        """The stored password hash."""

    @abstractmethod
    def set_credential(self, user_id: UserId, password_hash: str, now: Milliseconds) -> None:
        """Insert or replace."""

    @abstractmethod
    def drop_credential(self, user_id: UserId) -> None:
        """Forget the password, and codes to set another."""


class SessionRepository(ABC):
    """Sessions."""

    @abstractmethod
    def insert(self, record: SessionRecord) -> None:
        """Add a row."""

    @abstractmethod
    def by_token(self, token_hash: str) -> SessionRecord | None:
        """The session of a token, over or not."""

    @abstractmethod
    def get(self, id: SessionId) -> SessionRecord | None:
        """One session, over or not."""

    @abstractmethod
    def among(self, ids: Collection[SessionId]) -> Mapping[SessionId, SessionRecord]:
        """Those of these that exist, over or not: in one statement, however many they are."""

    @abstractmethod
    def promote(self, user_id: UserId) -> None:
        """Make a guest's sessions those of a person."""

    @abstractmethod
    def of(self, user_id: UserId) -> Sequence[SessionRecord]:
        """A user's sessions, most recently used first."""

    @abstractmethod
    def touch(self, ids: Collection[SessionId], now: Milliseconds) -> None:
        """Note that these were used."""

    @abstractmethod
    def delete(self, ids: Collection[SessionId]) -> None:
        """End these."""
