"""E-mail addresses and phone numbers in one form, so that one account answers to each.

With the extra ``identity`` the libraries email-validator and phonenumbers judge, which know
internationalised domains and every country's ways of writing a number. Without it stricter rules
of our own take a plain subset, in the same canonical forms, so that installing the extra later
turns nobody into somebody else. (They don't know which countries' numbers have a 0 that nobody
dials from abroad: write them without.)
"""

from __future__ import annotations

import re
from typing import Final

from attrs import frozen

from chatcore.errors import Invalid
from chatcore.rules.text import fold

_EMAIL_CHARS: Final = 191
"""As long as a unique column may be everywhere."""
_LOCAL_CHARS: Final = 64
_LOCAL: Final = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_EMAIL: Final = re.compile(
    rf"{_LOCAL}(?:\.{_LOCAL})*@(?:{_LABEL}\.)+(?=[a-z]){_LABEL}",
    re.IGNORECASE | re.ASCII,
)
_NOWHERE: Final = (".arpa", ".invalid", ".local", ".localhost", ".onion", ".test")
"""Top-level domains to which no mail goes (RFC 6761)."""
_SEPARATORS: Final = str.maketrans("", "", " -./\u00a0\u2010\u2011\u2013")
_INTERNATIONAL: Final = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)


@frozen
class Email:
    """``address`` is where mail goes; two addresses are the same account's if their keys are."""

    address: str
    key: str


def parse_email(text: str, path: str = "email") -> Email:
    """Raises :class:`Invalid` for ``path`` where ``text`` is no address. Asks no server."""
    try:
        from email_validator import EmailNotValidError, validate_email
    except ImportError:
        address = _plain_email(text)
    else:
        try:
            valid = validate_email(text, check_deliverability=False)
        except (EmailNotValidError, ValueError):
            address = None
        else:
            # The domain as DNS has it: how it is shown differs between libraries.
            address = f"{valid.local_part}@{valid.ascii_domain}"
    if address is None or len(address) > _EMAIL_CHARS or address.index("@") > _LOCAL_CHARS:
        raise Invalid.field(path, "no e-mail address")
    return Email(address, fold(address))


def _plain_email(text: str) -> str | None:
    local, _, domain = text.rpartition("@")
    domain = domain.lower()
    if not _EMAIL.fullmatch(text) or domain.endswith(_NOWHERE):
        return None
    return f"{local}@{domain}"


def parse_phone(text: str, region: str | None = None, path: str = "phone") -> str:
    """A number in E.164 (``+4930123456``): the form in which it is kept and compared.

    ``region`` (``DE``) is the country of numbers written without one; only with the extra. Raises
    :class:`Invalid` for ``path`` where ``text`` is no number.
    """
    try:
        import phonenumbers
    except ImportError:
        number = _plain_phone(text)
    else:
        try:
            parsed = phonenumbers.parse(text, region)
        except phonenumbers.NumberParseException:
            number = None
        else:
            # Possible, not valid: new ranges are given out faster than libraries are updated.
            possible = phonenumbers.is_possible_number(parsed) and not parsed.extension
            form = phonenumbers.PhoneNumberFormat.E164
            number = phonenumbers.format_number(parsed, form) if possible else None
    if number is None or not _INTERNATIONAL.fullmatch(number):
        raise Invalid.field(path, "no phone number; begin with + and the country")
    return number


def _plain_phone(text: str) -> str | None:
    return text.translate(_SEPARATORS)
