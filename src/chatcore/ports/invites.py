"""Invitations in storage. Their codes are not: only a digest of each is kept."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence

from attrs import define

from chatcore.ids import ConversationId, InviteId, Milliseconds, UserId


@define(kw_only=True)
class InviteRecord:
    """A link into a group."""

    id: InviteId
    conversation_n: int
    code_digest: str
    """SHA-256 of the code, in hexadecimal digits."""
    role: str
    share_history: bool
    created_at: Milliseconds
    created_by: UserId
    expires_at: Milliseconds | None
    max_uses: int | None
    uses: int = 0

    def works(self, now: Milliseconds) -> bool:
        """Whether it has neither expired nor been used up."""
        return (self.expires_at is None or self.expires_at > now) and (
            self.max_uses is None or self.uses < self.max_uses
        )


class InviteRepository(ABC):
    """Invitations."""

    @abstractmethod
    def conversation(self, code_digest: str) -> ConversationId | None:
        """Where the code of this digest leads: what to lock before :meth:`by_code`."""

    @abstractmethod
    def by_code(self, code_digest: str) -> InviteRecord | None:
        """The invitation whose code has this digest, as it is now."""

    @abstractmethod
    def get(self, conversation_n: int, invite_id: InviteId) -> InviteRecord | None:
        """An invitation into this conversation."""

    @abstractmethod
    def working(
        self, conversation_n: int, after: str, limit: int, now: Milliseconds
    ) -> Sequence[InviteRecord]:
        """Those that work and whose id is greater than ``after``, by id: the oldest first."""

    @abstractmethod
    def save(self, record: InviteRecord) -> None:
        """Insert or replace."""

    @abstractmethod
    def delete(self, invite_id: InviteId) -> None:
        """Make one unknown."""

    @abstractmethod
    def forget_dead(self, conversation_n: int, now: Milliseconds) -> None:
        """Drop those that have expired or been used up."""

    @abstractmethod
    def forget_by(self, conversation_n: int, creator: UserId, roles: Collection[str]) -> None:
        """Drop what ``creator`` has made that gives one of these roles."""
