"""Storage: units of work over two stores that share nothing but user ids."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from typing import Generic, TypeVar

from chatcore.ids import BatchId, Milliseconds
from chatcore.ports.accounts import SessionRepository, UserRepository
from chatcore.ports.actors import ActorRepository, BlockRepository
from chatcore.ports.audit import AuditRepository
from chatcore.ports.bans import BanRepository
from chatcore.ports.bookmarks import BookmarkRepository
from chatcore.ports.contacts import ContactRepository
from chatcore.ports.conversations import ConversationRepository
from chatcore.ports.erasure import ErasureRepository
from chatcore.ports.exports import ExportRepository
from chatcore.ports.invites import InviteRepository
from chatcore.ports.members import MemberRepository
from chatcore.ports.messages import MessageRepository
from chatcore.ports.pins import PinRepository
from chatcore.ports.polls import PollRepository
from chatcore.ports.presence import PresenceRepository
from chatcore.ports.reactions import HiddenRepository, ReactionRepository
from chatcore.ports.reports import ReportRepository
from chatcore.ports.resets import ResetRepository
from chatcore.ports.retention import RetentionRepository
from chatcore.ports.revisions import RevisionRepository
from chatcore.ports.scheduled import ScheduledRepository
from chatcore.ports.search import SearchRepository
from chatcore.ports.threads import ThreadRepository
from chatcore.ports.unread import UnreadRepository
from chatcore.ports.uploads import UploadRepository

U = TypeVar("U", bound="UnitOfWork", covariant=True)


class UnitOfWork:
    """One transaction. Ends with :meth:`commit`, or changes nothing."""

    now: Milliseconds
    """The database's clock when it began: what expiry is measured on."""

    @property
    def writes(self) -> int:
        """How many statements have written so far: a refusal before the first costs nothing."""
        raise NotImplementedError

    def commit(self, batch: BatchId | None = None) -> None:
        """Write counters and the batch's row, then make everything durable.

        Raises :class:`chatcore.errors.Unavailable` where the transaction is too old to commit,
        and :class:`chatcore.errors.UnknownOutcome` where the answer to the commit was lost and
        the batch's row can't be asked.
        """
        raise NotImplementedError


class ChatUnit(UnitOfWork):
    """The chat store's repositories, bound to one transaction."""

    epoch: str
    """The store's epoch: a restored database gets another."""
    conversations: ConversationRepository
    members: MemberRepository
    bans: BanRepository
    invites: InviteRepository
    messages: MessageRepository
    reactions: ReactionRepository
    hidden: HiddenRepository
    threads: ThreadRepository
    polls: PollRepository
    pins: PinRepository
    revisions: RevisionRepository
    actors: ActorRepository
    blocks: BlockRepository
    contacts: ContactRepository
    presence: PresenceRepository
    uploads: UploadRepository
    search: SearchRepository
    erasures: ErasureRepository
    exports: ExportRepository
    reports: ReportRepository
    audit: AuditRepository
    scheduled: ScheduledRepository
    retention: RetentionRepository
    unread: UnreadRepository
    bookmarks: BookmarkRepository

    def forget_batches(self, before: Milliseconds) -> None:
        """Drop the rows of batches older than ``before``."""
        raise NotImplementedError


class AccountsUnit(UnitOfWork):
    """The accounts store's repositories, bound to one transaction."""

    users: UserRepository
    sessions: SessionRepository
    resets: ResetRepository
    audit: AuditRepository


class Store(ABC, Generic[U]):
    """Opens units of work. Synchronous; called in worker threads, from several at once.

    A unit may retry nothing by itself: the lanes run a whole batch again where ``retryable``.
    """

    @abstractmethod
    def open(self) -> None:
        """Bring the schema up to date and check that the settings are safe."""

    @abstractmethod
    def write(self) -> AbstractContextManager[U]:
        """A transaction that may write; rolled back unless it was committed."""

    @abstractmethod
    def read(self) -> AbstractContextManager[U]:
        """A snapshot that refuses to write."""

    @abstractmethod
    def retryable(self, error: Exception) -> bool:
        """Whether the same transaction may succeed when run again (deadlock, lost connection)."""

    @abstractmethod
    def close(self) -> None:
        """Give every connection back."""
