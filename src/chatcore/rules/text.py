"""Names in one canonical form, so that every database gives the same verdict on them.

Usernames follow Unicode's security profiles in spirit: compatibility forms, case and width fold
together (UAX #15, NFKC_Casefold), only scripts in common modern use are taken (UAX #31, table 5),
and one name keeps to one script (UTS #39, section 5.1), so that no "а" of another alphabet hides
among Latin letters. A name that is made of look-alikes of Latin letters from beginning to end
("сосо") is the Latin name (UTS #39, section 4: whole-script confusables).
"""

from __future__ import annotations

import unicodedata
from typing import Final

from chatcore.errors import Invalid

# A character's Unicode name begins with its script. Scripts written together are one system.
_SYSTEMS: Final = {
    "HIRAGANA": "japanese",
    "KATAKANA": "japanese",
    "KATAKANA-HIRAGANA": "japanese",
    "HANGUL": "korean",
    "BOPOMOFO": "chinese",
    "CJK": "han",
    "IDEOGRAPHIC": "han",
    "LATIN": "latin",
}
_SCRIPTS: Final = frozenset(
    {"ARABIC", "ARMENIAN", "BENGALI", "CYRILLIC", "DEVANAGARI", "ETHIOPIC", "GEORGIAN", "GREEK"}
    | {"GUJARATI", "GURMUKHI", "HEBREW", "KANNADA", "KHMER", "LAO", "MALAYALAM", "MYANMAR"}
    | {"ORIYA", "SINHALA", "TAMIL", "TELUGU", "THAANA", "THAI", "TIBETAN"}
)
_WITH_HAN: Final = frozenset({"japanese", "korean", "chinese"})
_PUNCTUATION: Final = frozenset("._-")
_NEUTRAL: Final = _PUNCTUATION | frozenset("0123456789")
_LETTERS: Final = frozenset({"Lu", "Ll", "Lo", "Lm", "Mn", "Mc"})
# Letters that show nothing, or only stretch the one before.
_BLANK: Final = frozenset("\u0640\u115f\u1160\u17b4\u17b5\u3164\uffa0")
# Latin letters that nobody writes today and that look like others: clicks, wynn, tones, long s.
_STRANGE: Final = frozenset("\u01bf\u01c0\u01c1\u01c2\u01c3\u01a8\u01bd\u0185")
# Turkish has an i with and one without a dot; whoever writes only one of them means the same name.
_DOTS: Final = (("ı", "i"), ("ȷ", "j"), ("i\u0307", "i"))
# By folded letter, the Latin one that it looks like as a capital or as a small letter.
_LOOK_ALIKES: Final = {
    "CYRILLIC": dict(zip("авекмнорстухѕіјһӏԁԛԝүѵ", "abekmhopctyxsijhldqwyv", strict=True)),
    "GREEK": dict(zip("αβεζηικμνορτυχ", "abezhikmvoptyx", strict=True)),
    "ARMENIAN": dict(zip("օսոհցզք", "ounhgqp", strict=True)),
}


def fold(text: str) -> str:
    """Case, width and compatibility forms folded together; folding again changes nothing."""
    folded = unicodedata.normalize("NFD", text)
    for _ in range(2):
        folded = unicodedata.normalize("NFKC", folded.casefold())
    return folded


def fold_username(text: str, most: int = 80) -> str:
    """The canonical form of a username: two names are the same if their forms are.

    2 to ``most`` letters, digits, "." "_" "-", with at least one letter or digit, in one script.
    Raises :class:`Invalid` for the field ``username``.
    """
    folded = _without_look_alikes("".join(map(_plain_digit, fold(text))))
    systems = {_system(letter) for letter in folded if letter not in _NEUTRAL}
    if not 2 <= len(folded) <= most:
        raise Invalid.field("username", f"2 to {most} characters")
    if None in systems:
        raise Invalid.field("username", "only letters, digits, '.', '_' and '-'")
    if len(systems) > 1 and not (len(systems) == 2 and systems - _WITH_HAN == {"han"}):
        raise Invalid.field("username", "letters of one script only")
    if _PUNCTUATION.issuperset(folded):
        raise Invalid.field("username", "at least one letter or digit")
    return folded


def search_prefix(text: str) -> str:
    """The form in which names are kept for searching, and in which a query is compared with them.

    Folded, with runs of white space as one space. Empty where nothing is left to search for.
    """
    return " ".join(fold(text).split())


def _without_look_alikes(folded: str) -> str:
    """The Latin name that a whole name looks like, else the name itself."""
    for letter, plain in _DOTS:
        folded = folded.replace(letter, plain)
    letters = {letter for letter in folded if letter not in _NEUTRAL}
    for alike in _LOOK_ALIKES.values():
        if letters and letters <= alike.keys():
            return "".join(alike.get(letter, letter) for letter in folded)
    return folded


def _plain_digit(letter: str) -> str:
    return str(unicodedata.decimal(letter, letter))


def _system(letter: str) -> str | None:
    """The writing system of a letter that a name may hold, None of any other character."""
    if unicodedata.category(letter) not in _LETTERS or letter in _BLANK | _STRANGE:
        return None
    script = unicodedata.name(letter, "").partition(" ")[0]
    if script == "LATIN" and letter >= "\u0250" and not "\u1e00" <= letter <= "\u1eff":
        return None  # phonetic letters and small capitals: look-alikes of the alphabet's own
    return _SYSTEMS.get(script, script if script in _SCRIPTS else None)
