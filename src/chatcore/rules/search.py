"""What a search asks for: words, "phrases", and beginnings*; all else in a query is plain text.

A database's word index splits text at spaces and punctuation. Scripts that are written without
spaces have no words it could find, so here each of their characters becomes a word, in what is
indexed and in what is asked alike: a run of them in a query is a phrase, found wherever it stands.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

UNSPACED: Final = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f"  # Burmese
    "\u1100-\u11ff"  # Hangul letters
    "\u1780-\u17ff"  # Khmer
    "\u2e80-\ua4cf"  # Chinese, Japanese, Yi
    "\uac00-\ud7ff"  # Korean, whose words carry endings
    "\uf900-\ufaff"
    "\uff66-\uffdc"  # half-width kana and Hangul
    "\U00020000-\U000323af"
)
"""The characters that are words of their own, as ranges: of a regular expression or a GLOB."""

PREFIX_CHARS: Final = 2
"""A beginning has at least so many characters: of one, nearly every message has a word."""

_UNSPACED = re.compile(f"([{UNSPACED}])")
_PART = re.compile(r'"([^"]*)"|([^\s"]+)|"')


class Term(NamedTuple):
    """Words that stand one after the other; of the last one only its beginning, if ``prefix``."""

    words: str
    prefix: bool = False


def spaced(text: str) -> str:
    """``text`` with spaces around each character that is a word of its own."""
    return _UNSPACED.sub(r" \1 ", text)


def parse(query: str) -> tuple[Term, ...]:
    """The terms of a query, all of which a message must hold; none where it names no word.

    Raises nothing: whatever isn't a quoted phrase or a trailing ``*`` is text.
    """
    terms = (_term(*part.groups()) for part in _PART.finditer(query))
    return tuple(dict.fromkeys(term for term in terms if term is not None))


def _term(phrase: str | None, word: str | None) -> Term | None:
    text = phrase if phrase is not None else word or ""
    if not any(map(str.isalnum, text)):
        return None
    stem = text.rstrip("*")
    asked = phrase is None and stem != text
    prefix = asked and len(stem) >= PREFIX_CHARS and stem[-1].isalnum()
    # The last character of an unspaced script is a whole word already.
    prefix = prefix and not _UNSPACED.fullmatch(stem[-1])
    return Term(" ".join(spaced(stem).split()), prefix)
