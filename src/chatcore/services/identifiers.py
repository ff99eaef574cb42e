"""What people sign in with: a username, an e-mail address, a phone number, in canonical forms."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from attrs import frozen

from chatcore.config import Limits, Settings
from chatcore.errors import Conflict, Invalid, Problem
from chatcore.ids import UserId
from chatcore.operations.base import Unset
from chatcore.ports.accounts import UserRecord
from chatcore.rules.addresses import Email, parse_email, parse_phone
from chatcore.rules.text import fold_username
from chatcore.services.work import AccountsWork

T = TypeVar("T")

_WORDS = {"username": "username", "email": "e-mail address", "phone": "phone number"}


@frozen(kw_only=True)
class Identifiers:
    """Those that were given, parsed; None and UNSET as they came."""

    username: str | None | Unset = None
    username_key: str | None | Unset = None
    email: Email | None | Unset = None
    phone: str | None | Unset = None

    def __bool__(self) -> bool:
        return any((self.username, self.email, self.phone))

    def put(self, record: UserRecord) -> None:
        """Write those that were given into a user's row."""
        if not isinstance(self.username, Unset) and not isinstance(self.username_key, Unset):
            record.username, record.username_key = self.username, self.username_key
        if not isinstance(self.email, Unset):
            record.email = None if self.email is None else self.email.address
            record.email_key = None if self.email is None else self.email.key
        if not isinstance(self.phone, Unset):
            record.phone = self.phone


def read(
    limits: Limits,
    settings: Settings,
    username: str | None | Unset,
    email: str | None | Unset,
    phone: str | None | Unset,
) -> Identifiers:
    """Parse them. Raises :class:`Invalid` with every one that nobody may have."""
    problems: list[Problem] = []
    key = _parsed(username, lambda text: fold_username(text, limits.name_chars), problems)
    address = _parsed(email, parse_email, problems)
    number = _parsed(phone, lambda text: parse_phone(text, settings.phone_region), problems)
    if problems:
        raise Invalid(errors=problems)
    return Identifiers(username=username, username_key=key, email=address, phone=number)


def _parsed(
    given: str | None | Unset, parse: Callable[[str], T], problems: list[Problem]
) -> T | None | Unset:
    if not isinstance(given, str):
        return given
    try:
        return parse(given)
    except Invalid as error:
        problems.extend(error.errors)
    return None


def owners(work: AccountsWork, given: Identifiers) -> dict[str, UserId | None]:
    """Whose each of those given is, by field; None where it is free."""
    users = work.unit.users
    found: dict[str, UserRecord | None] = {}
    if isinstance(given.username_key, str):
        found["username"] = users.by_username(given.username_key)
    if isinstance(given.email, Email):
        found["email"] = users.by_email(given.email.key)
    if isinstance(given.phone, str):
        found["phone"] = users.by_phone(given.phone)
    return {field: None if record is None else record.id for field, record in found.items()}


def require_free(work: AccountsWork, given: Identifiers, to: UserId) -> None:
    """Raise :class:`Conflict`, with its fields, for those that are another's."""
    taken = [field for field, owner in owners(work, given).items() if owner not in (None, to)]
    if taken:
        words = " and ".join(f"this {_WORDS[field]}" for field in taken)
        raise Conflict(
            f"{words[0].upper()}{words[1:]} {'is' if len(taken) == 1 else 'are'} taken",
            errors=[Problem(field, "taken") for field in taken],
        )


def owner(work: AccountsWork, login: str) -> UserRecord | None:
    """Whom somebody means who signs in as ``login``, however they spell it.

    What has an "@" is an e-mail address and what begins with "+" a phone number; usernames hold
    neither. Anything else is a username first, and then a number of the engine's own region.
    """
    users = work.unit.users
    with suppress(Invalid):
        if "@" in login:
            return users.by_email(parse_email(login).key)
        if not login.lstrip().startswith("+"):
            record = users.by_username(fold_username(login, work.limits.name_chars))
            if record is not None:
                return record
    with suppress(Invalid):
        return users.by_phone(parse_phone(login, work.settings.phone_region))
    return None
