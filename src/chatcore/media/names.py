"""File names as people may see and save them: what the uploader called it, made harmless."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_RESERVED: Final = re.compile(r'[<>:"|?*]')
_DEVICE: Final = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
# Controls, line separators, and formats such as bidi overrides, which make "exe.doc" of "cod.exe".
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
# Joiners are part of spelling in Persian and Hindi, and of many emoji.
_JOINERS: Final = "\u200c\u200d"
_ENDING_CHARS: Final = 10
_NAMELESS: Final = "file"


def safe_name(name: str, *, chars: int = 120, size: int = 240) -> str:
    """``name`` without its path and whatever could mislead a person, a header or a file system.

    At most ``chars`` characters and ``size`` bytes, so that every file system takes it; the ending
    that people read as the type is kept. Never empty; a safe name stays as it is.
    """
    last = re.split(r"[/\\]", name)[-1]
    visible = unicodedata.normalize("NFC", "".join(filter(_visible, last)))
    plain = _RESERVED.sub("_", " ".join(visible.split())).strip(" .")
    if _DEVICE.fullmatch(plain):
        plain = f"_{plain}"
    return _shortened(plain, chars, size) if plain.strip(_JOINERS) else _NAMELESS


def _visible(letter: str) -> bool:
    kept = letter.isspace() or letter in _JOINERS
    return kept or unicodedata.category(letter) not in _INVISIBLE


def _shortened(name: str, chars: int, size: int) -> str:
    stem, dot, ending = name.rpartition(".")
    ending = dot + ending if stem and len(ending) <= _ENDING_CHARS else ""
    stem = name.removesuffix(ending)[: chars - len(ending)]
    cut = stem.encode()[: size - len(ending.encode())]
    return cut.decode(errors="ignore").rstrip(" .") + ending
