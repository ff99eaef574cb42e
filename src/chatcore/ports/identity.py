"""Who people are, and how their passwords are kept."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from attrs import field, frozen

from chatcore.errors import Unsupported
from chatcore.ids import UserId
from chatcore.models import Actor, User


class Directory(ABC):
    """Where users come from: chatcore's own accounts, or the host's. Synchronous, in threads.

    An engine that is given one keeps no accounts: whatever is about accounts is refused as
    ``unsupported``, and whoever asks for a user is answered from here. Ids are the host's own, up
    to 128 characters.
    """

    @abstractmethod
    def cards(self, user_ids: Collection[UserId]) -> Mapping[UserId, User]:
        """The public cards (shared faces) of those who exist; unknown ids are left out."""

    def search(self, prefix: str, after: UserId | None, limit: int) -> Sequence[User]:
        """Up to ``limit`` users with a name that begins like ``prefix`` ("": everybody).

        In an order that stays; ``after`` is the last one of the page before. A host that wants
        nobody looked up leaves this alone.
        """
        raise Unsupported("Users are neither listed nor searched here")


@frozen(kw_only=True)
class Credentials:
    """What a request shows of who sends it; names of headers are in lower case."""

    token: str | None = field(default=None, repr=False)
    """A bearer token, from the header or a realtime session's first frame."""
    cookies: Mapping[str, str] = field(factory=dict, repr=False)
    """Only where the request can't have been forged by another site."""
    headers: Mapping[str, str] = field(factory=dict, repr=False)
    """Empty where a token in a realtime session's first frame is all there is."""
    address: str | None = None
    user_agent: str | None = None


class Authenticator(ABC):
    """Tells who sends a request by the host's own means. Synchronous, in threads."""

    @abstractmethod
    def authenticate(self, shown: Credentials) -> Actor | None:
        """Who it is; None for nobody. Raises nothing for bad credentials.

        Give the actor a ``session_id`` that names the host's session: ending it with
        :meth:`ChatEngine.end_session` then closes the connections that it opened.
        """


@frozen(kw_only=True)
class PasswordReset:
    """What somebody who forgot their password has to be told, at their address or number."""

    user_id: UserId
    display_name: str
    email: str | None = None
    phone: str | None = None
    """At least one of the two is there."""
    code: str = field(repr=False)
    """What they type, or follow in a link of the host's: good once, until ``expires_at``."""
    expires_at: datetime


class Mailer(ABC):
    """Brings messages to people outside of chat. Synchronous, in threads; may take its time."""

    @abstractmethod
    def deliver(self, reset: PasswordReset) -> None:
        """Send the code. What it raises is logged, and never reaches whoever asked."""


class Hasher(ABC):
    """Turns passwords into what may be stored. Slow on purpose; called in a few threads only."""

    @abstractmethod
    def hash(self, password: str) -> str:
        """A self-describing hash, with its own salt."""

    @abstractmethod
    def verify(self, stored: str | None, password: str) -> bool:
        """Whether ``password`` is the one; takes as long where ``stored`` is None."""

    @abstractmethod
    def outdated(self, stored: str) -> bool:
        """Whether it should be hashed anew at the next chance."""
