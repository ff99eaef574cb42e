"""Memberships in storage."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence

from attrs import define, frozen

from chatcore.ids import ConversationId, Milliseconds, UserId
from chatcore.ports.conversations import ConversationRecord


@define(kw_only=True)
class MemberRecord:
    """A membership, or the tombstone of one (``left_at``)."""

    conversation_n: int
    user_id: UserId
    role: str
    joined_at: Milliseconds
    joined_seq: int
    left_at: Milliseconds | None = None
    floor_seq: int
    epoch: int
    """Rises with every joining, so that cursors of an earlier membership are refused."""
    rev: int
    me_rev: int
    """The account stream's rev of the last joining or leaving."""
    personal_rev: int = 0
    """The account stream's rev of the last change to what only the member sees."""
    delivered_seq: int
    read_seq: int
    receipt_rev: int = 0
    past: tuple[tuple[int, int, int, int], ...] = ()
    """Earlier memberships, (joined_seq, delivered, read, rev of leaving): a status they held up
    must not fall when the same user comes back."""
    trail: tuple[tuple[int, int, Milliseconds], ...] = ()
    """The last moves of the watermarks, (delivered, read, when), oldest first."""
    marked_unread: bool = False
    muted_until: Milliseconds | None = None
    archived: bool = False
    pinned: bool = False
    labels: tuple[str, ...] = ()
    draft: str | None = None
    cleared_seq: int = 0
    last_sent_at: Milliseconds | None = None
    """When they last sent a message that slow mode counts."""

    @property
    def current(self) -> bool:
        return self.left_at is None


@frozen(kw_only=True)
class Seat:
    """Where a user may listen: what a hub needs to know of a membership."""

    conversation_id: ConversationId
    floor_seq: int


@frozen(kw_only=True)
class Listed:
    """Which of a user's conversations to list: what isn't None has to be so."""

    now: Milliseconds
    archived: bool | None = None
    pinned: bool | None = None
    label: str | None = None
    unread: bool | None = None
    """Something is unread, or marked so."""


class MemberRepository(ABC):
    """Memberships."""

    @abstractmethod
    def get(
        self, pairs: Collection[tuple[int, UserId]]
    ) -> Mapping[tuple[int, UserId], MemberRecord]:
        """The memberships and tombstones of these (conversation_n, user) that exist."""

    @abstractmethod
    def of(self, conversation_n: int) -> Sequence[MemberRecord]:
        """The current members, by user id."""

    @abstractmethod
    def page(self, conversation_n: int, after: str, limit: int) -> Sequence[MemberRecord]:
        """Current members with an id greater than ``after``, by user id."""

    @abstractmethod
    def recipients(
        self, conversation_n: int, sender: UserId, seq: int, after: str, limit: int
    ) -> Sequence[MemberRecord]:
        """Of :meth:`page`, those who were there before ``seq``, without ``sender``."""

    @abstractmethod
    def slowest(
        self, places: Collection[tuple[int, UserId, int]]
    ) -> Mapping[tuple[int, int], tuple[int, int]]:
        """How far all recipients of these messages (conversation_n, sender, seq) are.

        By (conversation_n, seq) the lowest (delivered, read). Absent are those without recipients,
        and those where a recipient has privacy settings or blocks: these may hide something.
        """

    @abstractmethod
    def changed(self, conversation_n: int, rev: int, receipt_rev: int) -> Sequence[MemberRecord]:
        """Members and tombstones whose ``rev`` or ``receipt_rev`` is higher, by rev."""

    @abstractmethod
    def save(self, records: Sequence[MemberRecord]) -> None:
        """Insert or replace."""

    @abstractmethod
    def mark(self, records: Sequence[MemberRecord]) -> None:
        """Write the watermarks, ``receipt_rev`` and ``trail`` only."""

    @abstractmethod
    def stamp(self, records: Sequence[MemberRecord]) -> None:
        """Write ``last_sent_at`` only."""

    @abstractmethod
    def seats(self, user_id: UserId) -> Sequence[Seat]:
        """Where the user is a current member."""

    @abstractmethod
    def listed(
        self,
        user_id: UserId,
        before: tuple[int, int] | None,
        limit: int,
        only: Listed | None = None,
    ) -> Sequence[tuple[ConversationRecord, MemberRecord]]:
        """The user's conversations by falling (active_at, n), below ``before``."""

    @abstractmethod
    def touched(
        self, user_id: UserId, since: Milliseconds, before: tuple[int, int] | None, limit: int
    ) -> Sequence[tuple[ConversationRecord, MemberRecord, Milliseconds]]:
        """The same by falling (touched_at, n), touched at or after ``since``."""

    @abstractmethod
    def mine(
        self, user_id: UserId, rev: int, limit: int, *, personal: bool
    ) -> Sequence[tuple[ConversationRecord, MemberRecord]]:
        """The first ``limit`` memberships and tombstones with a higher ``me_rev``, by it; or, if
        ``personal``, ``personal_rev``."""
