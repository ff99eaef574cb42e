"""Stand-ins for parts that a host may replace, where the real ones are slow on purpose."""

from __future__ import annotations

from collections import deque

from chatcore.ports.identity import Hasher, Mailer, PasswordReset

_MARK = "plain$"


class PlainHasher(Hasher):
    """Keeps passwords as they are: an account in microseconds. For tests only."""

    def hash(self, password: str) -> str:
        return _MARK + password

    def verify(self, stored: str | None, password: str) -> bool:
        return stored == _MARK + password

    def outdated(self, stored: str) -> bool:
        return not stored.startswith(_MARK)


class KeepingMailer(Mailer):
    """Keeps what it was to deliver, the last hundred, in ``delivered``."""

    def __init__(self) -> None:
        self.delivered: deque[PasswordReset] = deque(maxlen=100)

    def deliver(self, reset: PasswordReset) -> None:
        self.delivered.append(reset)
