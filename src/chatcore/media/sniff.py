"""What a file is, told from its bytes: never from its name or from what a client says.

Markup and text are told as in the WHATWG's MIME Sniffing standard (sections 5 and 7.1), so that
what a browser could take for a page is called one. What can be shown or played goes by the
signatures below; for all else the name is a courtesy, since it is only ever downloaded.
"""

from __future__ import annotations

import re
from typing import Final

from chatcore.errors import MissingExtra
from chatcore.models import Category

SNIFFED: Final = 4_096
"""How many of a file's first bytes tell what it is."""
UNKNOWN: Final = "application/octet-stream"

DECODED: Final = frozenset(
    {"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp"}
)
"""The images that get dimensions and a thumbnail."""

_HTML: Final = re.compile(
    rb"(?:\xef\xbb\xbf)?[\t\n\f\r ]*<(?:!--|(?:!doctype html|html|head|script|iframe|h1|div|font"
    rb"|table|a|style|title|b|body|br|p)[\t\n\f\r />])",
    re.IGNORECASE,
)
_XML: Final = re.compile(
    rb"(?:\xef\xbb\xbf)?[\t\n\f\r ]*<(?:\?xml|!doctype|svg[\t\n\f\r />])", re.IGNORECASE
)
_BINARY: Final = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")

_OFFICE: Final = "application/vnd.openxmlformats-officedocument"
_SIGNATURES: Final = tuple(
    (re.compile(pattern, re.DOTALL), media_type)
    for pattern, media_type in (
        (rb"\x89PNG\r\n\x1a\n", "image/png"),
        (rb"\xff\xd8\xff", "image/jpeg"),
        (rb"GIF8[79]a", "image/gif"),
        (rb"RIFF.{4}WEBPVP", "image/webp"),
        (rb"BM.{4}\0{4}", "image/bmp"),
        (rb"II\*\0|MM\0\*", "image/tiff"),
        (rb".{4}ftyp(?:avi[fs]|mif1.{4,32}avif)", "image/avif"),
        (rb".{4}ftyp(?:hei|hev|mif1|msf1)", "image/heif"),
        (rb".{4}ftyp(?:M4A|M4B|F4A)", "audio/mp4"),
        (rb".{4}ftypqt", "video/quicktime"),
        (rb".{4}ftyp3g", "video/3gpp"),
        (rb".{4}ftyp", "video/mp4"),
        (rb"\x1aE\xdf\xa3.{,64}webm", "video/webm"),
        (rb"\x1aE\xdf\xa3", "video/x-matroska"),
        (rb"OggS.{,96}(?:\x80theora|\x01video)", "video/ogg"),
        (rb"OggS", "audio/ogg"),
        (rb"RIFF.{4}AVI ", "video/x-msvideo"),
        (rb"RIFF.{4}WAVE", "audio/wav"),
        (rb"FORM.{4}AIF[CF]", "audio/aiff"),
        (rb"fLaC", "audio/flac"),
        (rb"ID3|\xff[\xe2\xe3\xf2\xf3\xfa\xfb][^\xf0-\xff]", "audio/mpeg"),
        (rb"\xff[\xf0\xf1\xf8\xf9]", "audio/aac"),
        (rb"#!AMR", "audio/amr"),
        (rb"MThd\0\0\0\x06", "audio/midi"),
        (rb"\0\0\x01[\xb3\xba]", "video/mpeg"),
        (rb"PK\x03\x04.{26}mimetypeapplication/epub\+zip", "application/epub+zip"),
        (rb"PK\x03\x04.*word/", f"{_OFFICE}.wordprocessingml.document"),
        (rb"PK\x03\x04.*xl/", f"{_OFFICE}.spreadsheetml.sheet"),
        (rb"PK\x03\x04.*ppt/", f"{_OFFICE}.presentationml.presentation"),
        (rb"PK(?:\x03\x04|\x05\x06)", "application/zip"),
        (rb"\x1f\x8b", "application/gzip"),
    )
)


def sniff(head: bytes) -> str:
    """The media type of a file that begins with ``head``: its first :data:`SNIFFED` bytes.

    Raises :class:`MissingExtra` without the extra ``media``.
    """
    head = head[:SNIFFED]
    if head.startswith(b"%PDF-"):
        return "application/pdf"
    if _HTML.match(head):
        return "text/html"
    if _XML.match(head):
        return "image/svg+xml" if b"<svg" in head.lower() else "text/xml"
    if head.startswith(_UTF_16) or not _BINARY.search(head):
        return "text/plain"
    for pattern, media_type in _SIGNATURES:
        if pattern.match(head):
            return media_type
    return _courtesy(head)


def category(media_type: str, *, decoded: bool) -> Category:
    """Where a file belongs in a gallery. ``decoded``: it is an image that could be opened."""
    match media_type.partition("/")[0]:
        case "image" if decoded:
            return "image"
        case "video":
            return "video"
        case "audio":
            return "audio"
    return "document"


def _courtesy(head: bytes) -> str:
    """A name for what is only ever downloaded."""
    try:
        import puremagic
    except ImportError:
        raise MissingExtra("Telling what a file is", "media") from None
    try:
        guesses = puremagic.magic_string(head)
    except puremagic.PureError:
        return UNKNOWN
    names = (guess.mime_type for guess in guesses)
    return next((name for name in names if name.startswith("application/")), UNKNOWN)
