"""Passwords: which are taken, and how they are kept (Argon2id).

A password is put into one Unicode form (NFC, as RFC 8265 wants) before it is hashed, so that two
keyboards that compose "é" differently type the same one.

Hashes that came from elsewhere may be bcrypt's (the extra ``bcrypt``): they are verified as they
were made, and count as outdated, so that whoever signs in gets one of ours.
"""

from __future__ import annotations

import base64
import os
import unicodedata
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import ARGON2_VERSION

from chatcore.config import Limits
from chatcore.errors import Invalid, MissingExtra
from chatcore.ports.identity import Hasher
from chatcore.security.common_passwords import COMMON

_BCRYPT: Final = ("$2a$", "$2b$", "$2y$")
_BCRYPT_BYTES: Final = 72


def check_password(password: str, limits: Limits, *, path: str = "password") -> None:
    """Refuse what is too short, too long or among the first that anyone tries.

    Length is in bytes of UTF-8. No rule asks for kinds of characters: they make passwords harder
    to remember, not to guess (NIST SP 800-63B, 5.1.1.2). Raises :class:`Invalid` for ``path``.
    """
    try:
        size = len(_normal(password).encode())
    except UnicodeEncodeError:
        raise Invalid.field(path, "lone surrogates are not allowed") from None
    if not limits.password_min_bytes <= size <= limits.password_max_bytes:
        least, most = limits.password_min_bytes, limits.password_max_bytes
        raise Invalid.field(path, f"{least} to {most} bytes")
    if password.casefold() in COMMON:
        raise Invalid.field(path, "too common: it would be among the first guesses")


def _normal(password: str) -> str:
    return unicodedata.normalize("NFC", password)


class Argon2Hasher(Hasher):
    """Argon2id with argon2-cffi's parameters (RFC 9106, low-memory profile) unless given others."""

    def __init__(self, argon2: PasswordHasher | None = None) -> None:
        self._argon2 = argon2 or PasswordHasher()
        self._nobody = self._unmatchable()

    def hash(self, password: str) -> str:
        return self._argon2.hash(_normal(password))

    def verify(self, stored: str | None, password: str) -> bool:
        if stored is not None and stored.startswith(_BCRYPT):
            return _bcrypt_verify(stored, password)
        try:
            return self._argon2.verify(stored or self._nobody, _normal(password))
        except (VerificationError, InvalidHashError):
            return False

    def outdated(self, stored: str) -> bool:
        return stored.startswith(_BCRYPT) or self._argon2.check_needs_rehash(stored)

    def _unmatchable(self) -> str:
        """A hash of the usual cost that no password has: comparing with it takes as long."""
        argon2 = self._argon2
        cost = f"m={argon2.memory_cost},t={argon2.time_cost},p={argon2.parallelism}"
        salt, digest = (_encoded(os.urandom(n)) for n in (argon2.salt_len, argon2.hash_len))
        return f"$argon2id$v={ARGON2_VERSION}${cost}${salt}${digest}"


def _bcrypt_verify(stored: str, password: str) -> bool:
    """Of a password bcrypt sees the first 72 bytes only, as everybody typed it there."""
    try:
        import bcrypt
    except ImportError:
        raise MissingExtra("Passwords hashed with bcrypt", "bcrypt") from None
    spellings = dict.fromkeys((password, _normal(password)))
    try:
        return any(
            bcrypt.checkpw(one.encode()[:_BCRYPT_BYTES], stored.encode()) for one in spellings
        )
    except ValueError:
        return False


def _encoded(raw: bytes) -> str:
    return base64.b64encode(raw).rstrip(b"=").decode()
