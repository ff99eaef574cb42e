"""Codes that people type: one-use, sent by the host's mailer, stored only as hashes.

A code is twenty characters of Crockford's base 32, ``k3f9-2ab7-…``: 100 random bits. Its first
eight find its row, the other twelve prove it; whoever reads the database sees only the hash of all.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from typing import Final

_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_CODE: Final = re.compile(rf"[{_ALPHABET}]{{20}}")
_FOUND_BY: Final = 8
# What people take letters for (Crockford), and what they put between them.
_READ_AS: Final = str.maketrans({"i": "1", "l": "1", "o": "0", "-": None, " ": None})


def new_code() -> str:
    """A fresh code, in groups of four."""
    letters = "".join(secrets.choice(_ALPHABET) for _ in range(20))
    return "-".join(letters[at : at + 4] for at in range(0, 20, 4))


def read_code(text: str) -> tuple[str, str] | None:
    """What a code is found by, and its hash; None of what no code can be."""
    letters = text.lower().translate(_READ_AS)
    if not _CODE.fullmatch(letters):
        return None
    return letters[:_FOUND_BY], hashlib.sha256(letters.encode()).hexdigest()
