"""Guessing made slow: failures are counted by account and by address, and so are questions.

Counted here, before anything is hashed, so that a flood costs next to nothing. Only signing in is
refused: the owner of an account under attack keeps every session that is open.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

from chatcore.config import Limits
from chatcore.errors import Forbidden, RateLimited, Unauthenticated
from chatcore.ids import Clock, UserId
from chatcore.models import Actor
from chatcore.operations import (
    ChangePassword,
    DeleteAccount,
    EnterAsGuest,
    ExportAccount,
    Login,
    Operation,
    RequestContact,
    RequestReset,
    ResetPassword,
    UpdateAccount,
)
from chatcore.rules.rates import Rate
from chatcore.rules.text import fold
from chatcore.wire.limits import Allowance, Buckets
from chatcore.wire.quotas import network

ATTEMPTS: Final = frozenset({"logins", "contacts"})
"""The classes whose operations try something out: a password, a code, a phone number."""

NAMING: Final = (Login, RequestReset)
"""The operations that say by a login name whom they are about."""


class LoginFailures:
    """The failures of late, and the attempts under way."""

    def __init__(self, limits: Limits, clock: Clock) -> None:
        window = limits.login_window_s
        self._accounts = Buckets(Rate.of(limits.login_failures_an_account, window), clock)
        self._addresses = Buckets(Rate.of(limits.login_failures_an_address, window), clock)
        self._requests = Buckets(Rate.of(limits.reset_requests_an_account, window), clock)
        self._requesters = Buckets(Rate.of(limits.reset_requests_an_address, window), clock)
        self._guests = Buckets(Rate.of(limits.guests_an_address, window), clock)
        lookups = Rate.of(limits.phone_lookups, limits.phone_lookups_window_s)
        self._lookups = Buckets(lookups, clock)
        self._under_way: Counter[str] = Counter()

    @contextmanager
    def attempt(
        self, operation: Operation[Any], actor: Actor, named: UserId | None = None
    ) -> Iterator[None]:
        """Around the execution of any operation; matters to those that take a password or a code.

        ``named``: whose login name it gives, where it is somebody's. Raises :class:`RateLimited`
        where there were too many failures, or where the attempts under way at the same account
        would be too many if all of them failed.
        """
        self._count(operation, actor, named)
        account = _account(operation, actor, named)
        if account is None:
            yield
            return
        _admit(self._accounts, account, self._under_way[account])
        _admit(self._addresses, network(actor.address))
        self._under_way[account] += 1
        try:
            yield
        except (Unauthenticated, Forbidden):
            self._accounts.take(account)
            # Attempts at several accounts may fail at once and be more than there was room for.
            with suppress(RateLimited):
                self._addresses.take(network(actor.address))
            raise
        finally:
            self._under_way[account] -= 1
            if not self._under_way[account]:
                del self._under_way[account]

    def allowance(self, address: str | None) -> Allowance:
        """How many failures an address has left."""
        return self._addresses.allowance(network(address))

    def _count(self, operation: Operation[Any], actor: Actor, named: UserId | None) -> None:
        """Count what is limited whether it succeeds or not."""
        match operation:
            case EnterAsGuest():
                self._guests.take(network(actor.address))
            case RequestContact(phone=str()):
                self._lookups.take(actor.user_id or "")
            case RequestReset(login=str(login)):
                self._requesters.take(network(actor.address))
                self._requests.take(_login(login, named))


def _login(login: str, named: UserId | None) -> str:
    """An account is one thing to guess at, however many names it has; so is a name of nobody's."""
    return f"login {fold(login)}" if named is None else f"user {named}"


def _account(operation: Operation[Any], actor: Actor, named: UserId | None) -> str | None:
    """What the guessing is aimed at; None where nothing is asked that could be guessed."""
    match operation:
        case Login(login=str(login)):
            return _login(login, named)
        case ResetPassword():
            return f"code {network(actor.address)}"
        case (
            ChangePassword()
            | UpdateAccount(current=str())
            | DeleteAccount(password=str())
            | ExportAccount(password=str())
        ) if actor.user_id is not None:
            return f"user {actor.user_id}"
    return None


def _admit(failures: Buckets, key: str, under_way: int = 0) -> None:
    allowance = failures.allowance(key)
    if allowance.left > under_way:
        return
    until_one = allowance.reset_s - (allowance.rate.burst - 1) * allowance.rate.interval_s
    raise RateLimited(
        "Too many failed attempts to sign in", retry_after=until_one if until_one > 0 else 1.0
    )
