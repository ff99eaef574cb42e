"""What flows work with: the engine's parts, without the engine."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from anyio import CapacityLimiter

from chatcore.config import Limits, Settings
from chatcore.events import Announcement
from chatcore.ids import Clock, UserId
from chatcore.models import User
from chatcore.ports.blobs import BlobStore
from chatcore.ports.identity import Directory, Hasher, Mailer
from chatcore.ports.moderation import Moderator
from chatcore.security.access_tokens import AccessTokens
from chatcore.services.work import AccountsWork, ChatWork

T = TypeVar("T")


class Parts(Protocol):
    """The engine, as flows see it."""

    limits: Limits
    settings: Settings
    clock: Clock
    hosted: bool
    """Whether people are the host's: there is no accounts store then."""

    @property
    def moderator(self) -> Moderator | None: ...

    @property
    def moderating(self) -> CapacityLimiter:
        """How many threads may ask the moderator at once."""
        ...

    @property
    def hasher(self) -> Hasher: ...

    @property
    def blobs(self) -> BlobStore: ...

    @property
    def mailer(self) -> Mailer | None: ...

    @property
    def access_tokens(self) -> AccessTokens | None: ...

    @property
    def directory(self) -> Directory: ...

    async def chat_write(self, run: Callable[[ChatWork], T]) -> T:
        """Run inside a transaction of the chat store, in its lane."""
        ...

    async def chat_read(self, run: Callable[[ChatWork], T]) -> T:
        """Run on a snapshot of the chat store."""
        ...

    async def accounts_write(self, run: Callable[[AccountsWork], T]) -> T:
        """Run inside a transaction of the accounts store, in its lane."""
        ...

    async def accounts_read(self, run: Callable[[AccountsWork], T]) -> T:
        """Run on a snapshot of the accounts store."""
        ...

    async def cards(self, ids: Collection[UserId]) -> Mapping[UserId, User]:
        """The public cards of those who exist, wherever people are kept."""
        ...

    async def hashing(self, run: Callable[[], T]) -> T:
        """Run slow hashing in one of the few threads for it."""
        ...

    def spawn(self, call: Callable[..., Awaitable[object]], *args: object) -> None:
        """Run something beside, for as long as the engine is open; its errors are logged."""
        ...

    def later(self, seconds: float, call: Callable[[Any], Awaitable[object]]) -> None:
        """:meth:`spawn` ``call`` with the parts after a while, unless the engine is closed."""
        ...

    def publish(self, announcements: Sequence[Announcement]) -> None:
        """Hand announcements to the broker."""
        ...
