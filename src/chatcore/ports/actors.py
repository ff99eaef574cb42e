"""Actors in storage: the chat store's own word on who may act, and the account stream's counter."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from attrs import define, field, frozen

from chatcore.ids import Milliseconds, UserId
from chatcore.models import UserSettings


@define(kw_only=True)
class ActorRecord:
    """Whether a user may act, and how far their account stream is."""

    user_id: UserId
    active: bool = True
    epoch: int = 1
    rev: int = 0
    profile_rev: int = 0
    """The rev of the last ``me.updated``."""
    touched_at: Milliseconds
    settings: Mapping[str, Any] = field(factory=dict)
    """What they chose of :class:`~chatcore.models.UserSettings` that isn't the default."""
    has_blocks: bool = False
    """Whether there ever was a block between them and anyone: only then are blocks looked up."""
    defers: bool = False
    """Whether the user has ever had a message that waits: only then keys are looked up there."""
    shadowed_until: Milliseconds | None = None
    """Until then nobody else hears what the user sends."""


@frozen(kw_only=True)
class Standing:
    """What is out of the ordinary about an actor."""

    active: bool = True
    settings: UserSettings = UserSettings()
    has_blocks: bool = False
    defers: bool = False
    shadowed_until: Milliseconds | None = None


@define(kw_only=True)
class BlockRecord:
    """A block, or one that was taken back (``active``)."""

    user_id: UserId
    other_id: UserId
    created_at: Milliseconds
    active: bool
    me_rev: int


class ActorRepository(ABC):
    """Actors, and the counters of their account streams."""

    @abstractmethod
    def lock(self, ids: Collection[UserId]) -> Mapping[UserId, ActorRecord]:
        """Lock these rows until commit, by ascending id, making those that are missing.

        Always after conversations. What is changed on a record is written at commit.
        """

    @abstractmethod
    def shadow(self, user_id: UserId, until: Milliseconds | None) -> None:
        """Let nobody else hear a locked user until then, or let everybody again."""

    @abstractmethod
    def get(self, user_id: UserId) -> ActorRecord | None:
        """Read without locking."""

    @abstractmethod
    def inactive(self, ids: Collection[UserId]) -> set[UserId]:
        """Which of these are deactivated."""

    @abstractmethod
    def standings(self, ids: Collection[UserId]) -> Mapping[UserId, Standing]:
        """Of these, whoever isn't an ordinary active actor: one statement, as for the above."""


class BlockRepository(ABC):
    """Who blocks whom."""

    @abstractmethod
    def among(self, pairs: Collection[tuple[UserId, UserId]]) -> set[tuple[UserId, UserId]]:
        """Which of these (who, whom) are blocked."""

    @abstractmethod
    def against(self, users: Collection[UserId]) -> set[tuple[UserId, UserId]]:
        """(who, whom) of every block against one of these."""

    @abstractmethod
    def around(self, user_id: UserId, others: Collection[UserId] | None = None) -> set[UserId]:
        """Everyone (or who of ``others``) with a block between them and the user, either way."""

    @abstractmethod
    def page(self, user_id: UserId, after: str, limit: int) -> Sequence[BlockRecord]:
        """Whom the user blocks, by their id."""

    @abstractmethod
    def get(self, user_id: UserId, other_id: UserId) -> BlockRecord | None:
        """Active or taken back."""

    @abstractmethod
    def save(self, record: BlockRecord) -> None:
        """Insert or replace."""

    @abstractmethod
    def changed(self, user_id: UserId, rev: int, limit: int) -> Sequence[BlockRecord]:
        """The first ``limit`` blocks set or taken back after ``rev``, by rev."""
