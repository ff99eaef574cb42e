"""Files in storage: the rows behind the blobs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence

from attrs import define

from chatcore.ids import Milliseconds, UploadId, UserId


@define(kw_only=True)
class UploadRecord:
    """A file's row; ``size`` in bytes."""

    id: UploadId
    owner_id: UserId
    name: str
    size: int
    media_type: str
    category: str
    sha256: str
    blob: str
    """The blob's name."""
    thumbnail: str | None = None
    """The thumbnail's blob name."""
    thumbnail_type: str | None = None
    placeholder: str | None = None
    width: int | None = None
    height: int | None = None
    duration_s: float | None = None
    created_at: Milliseconds


class UploadRepository(ABC):
    """Files, and the messages that hold them."""

    @abstractmethod
    def insert(self, record: UploadRecord) -> None:
        """Add a row."""

    @abstractmethod
    def get(self, ids: Collection[UploadId]) -> Mapping[UploadId, UploadRecord]:
        """Those that exist."""

    @abstractmethod
    def delete(self, upload_id: UploadId) -> None:
        """Forget it."""

    @abstractmethod
    def used(self, owner: UserId) -> int:
        """The bytes that a user's files take."""

    @abstractmethod
    def attach(self, conversation_n: int, seq: int, ids: Sequence[UploadId]) -> None:
        """Note that a message holds these."""

    @abstractmethod
    def detach(self, conversation_n: int, seq: int) -> None:
        """A message lets go of its files."""

    @abstractmethod
    def holders(self, upload_id: UploadId) -> Sequence[tuple[int, int]]:
        """(conversation_n, seq) of the messages that hold it."""

    @abstractmethod
    def reachable(self, upload_id: UploadId, user_id: UserId, now: Milliseconds) -> bool:
        """Whether a live message that this user sees holds it."""
