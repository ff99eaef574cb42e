"""What a web page says of itself in its head: title, description, picture.

The page is a stranger's. It is read in one pass whose time grows with its length and no faster,
which no general parser of HTML promises for pages that are made to be slow.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from attrs import frozen

_NAME: Final = re.compile(
    r"<(/?)(title|meta|body|script|style|noscript|template)(?=[\s/>])", re.IGNORECASE
)
_REST: Final = re.compile(r"((?:[^>\"']++|\"[^\"]*+\"|'[^']*+')*+)>")
_ATTRIBUTE: Final = re.compile(
    r"([a-z:_-]++)\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s\"'>]++))", re.I
)
_CHARSET: Final = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?([a-z0-9_-]{1,30})", re.I)
_TAG_CHARS: Final = 4_096
_MOST_TAGS: Final = 500
"""A tag may have quotes that never end: so many are looked at, each up to its length."""
_SKIPPED: Final = frozenset({"script", "style", "noscript", "template"})
_CHARSETS: Final = re.compile(
    r"utf-?8|us-ascii|iso-8859-\d{1,2}|latin-?1|windows-125\d|koi8-[ru]|shift_jis|euc-(jp|kr)"
    r"|gb2312|gbk|gb18030|big5",
    re.IGNORECASE,
)
_TITLE: Final = ("og:title", "twitter:title", "title")
_DESCRIPTION: Final = ("og:description", "twitter:description", "description")
_IMAGE: Final = ("og:image:secure_url", "og:image", "og:image:url", "twitter:image")


@frozen(kw_only=True)
class Head:
    """What a page says of itself, as plain text; ``image`` as it was written."""

    title: str | None
    description: str | None
    site_name: str | None
    image: str | None


def read_head(page: bytes, charset: str | None, *, title_chars: int, text_chars: int) -> Head:
    """Read as much of a page as there is. Raises nothing, whatever it holds."""
    found: dict[str, str] = {}
    for name, value in _facts(_decode(page, charset)):
        found.setdefault(name, value)

    def first(names: tuple[str, ...], most: int) -> str | None:
        texts = (plain(found.get(name, ""), most) for name in names)
        return next((text for text in texts if text), None)

    image = next((found[name].strip() for name in _IMAGE if found.get(name, "").strip()), None)
    return Head(
        title=first(_TITLE, title_chars),
        description=first(_DESCRIPTION, text_chars),
        site_name=first(("og:site_name",), title_chars),
        image=image,
    )


def plain(text: str, most: int) -> str:
    """On one line, without characters that hide or turn others, at most ``most`` long."""
    kept = (" " if c.isspace() else c for c in text if c.isspace() or _shown(c))
    short = " ".join("".join(kept).split())
    return short if len(short) <= most else short[: most - 1].rstrip() + "…"


def _shown(character: str) -> bool:
    return unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn")


def _decode(page: bytes, charset: str | None) -> str:
    if charset is None:
        told = _CHARSET.search(page[:2_048])
        charset = told[1].decode() if told else None
    known = charset is not None and _CHARSETS.fullmatch(charset)
    try:
        return page.decode(charset if known and charset else "utf-8", "replace")
    except LookupError:
        return page.decode("utf-8", "replace")


def _facts(text: str) -> Iterator[tuple[str, str]]:
    """(name, value) of the title and each meta tag, up to the body."""
    at, looked = 0, 0
    while (at := text.find("<", at)) >= 0 and looked < _MOST_TAGS:
        if text.startswith("<!--", at):
            at = _after(text, "-->", at + 4)
            continue
        tag = _NAME.match(text, at)
        if tag is None:
            at += 1
            continue
        looked += 1
        rest = _REST.match(text, tag.end(), tag.end() + _TAG_CHARS)
        if rest is None:
            at += 1
            continue
        name, at = tag[2].lower(), rest.end()
        if name == "body" and not tag[1]:
            return
        if name == "title" and not tag[1]:
            end = text.find("<", at)
            yield "title", html.unescape(text[at : end if end >= 0 else len(text)])
        elif name == "meta":
            yield from _meta(rest[1])
        elif name in _SKIPPED and not tag[1]:
            at = _after(text, f"</{name}", at)


def _after(text: str, mark: str, at: int) -> int:
    """Behind the next ``mark``; the end where there is none: then nothing else follows either."""
    found = text.find(mark, at)
    return found + len(mark) if found >= 0 else len(text)


def _meta(attributes: str) -> Iterator[tuple[str, str]]:
    held = {
        name.lower(): one or other or bare
        for name, one, other, bare in _ATTRIBUTE.findall(attributes)
    }
    name = held.get("property") or held.get("name")
    if name and "content" in held:
        yield name.strip().lower(), html.unescape(held["content"])
