"""Session tokens: random, opaque, and stored only as hashes.

A token is ``cc_`` and 48 characters: 32 random bytes and their CRC-32 in URL-safe base 64. The
prefix lets scanners find a token that leaked into a repository or a log; the checksum tells a
damaged or made-up one without asking the database. It proves nothing: only the hash does.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
import zlib
from typing import Final

_PREFIX: Final = "cc_"
_TOKEN: Final = re.compile(r"cc_[A-Za-z0-9_-]{48}")
_RANDOM_BYTES: Final = 32


def new_token() -> str:
    """A fresh token of 256 random bits."""
    secret = secrets.token_bytes(_RANDOM_BYTES)
    return _PREFIX + base64.urlsafe_b64encode(secret + _checksum(secret)).decode()


def well_formed(token: str) -> bool:
    """Whether :func:`new_token` could have made it; if not, there is no need to look it up."""
    if not _TOKEN.fullmatch(token):
        return False
    raw = base64.urlsafe_b64decode(token.removeprefix(_PREFIX))
    return _checksum(raw[:_RANDOM_BYTES]) == raw[_RANDOM_BYTES:]


def hash_token(token: str) -> str:
    """What is stored and looked up: SHA-256 in hex.

    A fast hash is enough: nobody guesses 256 random bits.
    """
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _checksum(secret: bytes) -> bytes:
    return zlib.crc32(secret).to_bytes(4, "big")
