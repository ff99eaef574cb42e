"""What a file is, told from its bytes, whatever it is called."""

import io
import struct
import sys
import wave
import zipfile

import puremagic
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from chatcore.errors import MissingExtra
from chatcore.media.sniff import DECODED, SNIFFED, UNKNOWN, category, sniff

OFFICE = "application/vnd.openxmlformats-officedocument"
TAIL = b"\0" * 64


def image(kind: str) -> bytes:
    """A real image."""
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), "teal").save(buffer, kind)
    return buffer.getvalue()


def sound() -> bytes:
    """A real WAV file."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8_000)
        file.writeframes(bytes(100))
    return buffer.getvalue()


def archive(*names: str) -> bytes:
    """A real zip file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name in names:
            file.writestr(name, "x")
    return buffer.getvalue()


def epub() -> bytes:
    """The beginning of a book."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("mimetype", "application/epub+zip")
    return buffer.getvalue()


def movie(brand: bytes, *compatible: bytes) -> bytes:
    """The first box of an ISO media file."""
    brands = b"".join(compatible)
    return struct.pack(">I", 16 + len(brands)) + b"ftyp" + brand + b"\0\0\2\0" + brands + TAIL


def ogg(codec: bytes) -> bytes:
    """The first page of an Ogg stream."""
    return b"OggS\0\2" + bytes(20) + b"\1\x1e" + codec + TAIL


FILES = [
    (image("PNG"), "image/png"),
    (image("JPEG"), "image/jpeg"),
    (image("GIF"), "image/gif"),
    (image("WEBP"), "image/webp"),
    (image("AVIF"), "image/avif"),
    (image("BMP"), "image/bmp"),
    (image("TIFF"), "image/tiff"),
    (sound(), "audio/wav"),
    (archive("a.txt"), "application/zip"),
    (archive(), "application/zip"),
    (archive("[Content_Types].xml", "word/document.xml"), f"{OFFICE}.wordprocessingml.document"),
    (archive("[Content_Types].xml", "xl/workbook.xml"), f"{OFFICE}.spreadsheetml.sheet"),
    (archive("[Content_Types].xml", "ppt/p.xml"), f"{OFFICE}.presentationml.presentation"),
    (epub(), "application/epub+zip"),
    (movie(b"isom", b"isom", b"avc1"), "video/mp4"),
    (movie(b"iso5", b"dash"), "video/mp4"),
    (movie(b"qt  "), "video/quicktime"),
    (movie(b"3gp4"), "video/3gpp"),
    (movie(b"M4A ", b"M4A "), "audio/mp4"),
    (movie(b"heic", b"mif1"), "image/heif"),
    (movie(b"mif1", b"heic"), "image/heif"),
    (movie(b"mif1", b"miaf", b"avif"), "image/avif"),
    (b"\x1aE\xdf\xa3\x9fB\x86\x81\1B\xf7\x81\1B\xf2\x81\4B\xf3\x81\x08B\x82\x84webm", "video/webm"),
    (b"\x1aE\xdf\xa3\xa3B\x86\x81\1B\x82\x88matroska", "video/x-matroska"),
    (ogg(b"vorbis"), "audio/ogg"),
    (ogg(b"OpusHead"), "audio/ogg"),
    (ogg(b"\x80theora"), "video/ogg"),
    (b"ID3\3" + TAIL, "audio/mpeg"),
    (b"\xff\xfb\x90\x64" + TAIL, "audio/mpeg"),
    (b"\xff\xf1\x50\x80" + TAIL, "audio/aac"),
    (b"fLaC\0\0\0\x22" + TAIL, "audio/flac"),
    (b"FORM\0\0\0\x40AIFFCOMM" + TAIL, "audio/aiff"),
    (b"RIFF\x40\0\0\0AVI LIST" + TAIL, "video/x-msvideo"),
    (b"#!AMR\n\x3c\x91\x17\x16\xbe" + TAIL, "audio/amr"),
    (b"MThd\0\0\0\6\0\1" + TAIL, "audio/midi"),
    (b"\0\0\1\xba\x44" + TAIL, "video/mpeg"),
    (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + TAIL, "application/pdf"),
    (b"%PDF-1.7\nplain", "application/pdf"),
    (b"\x1f\x8b\x08\0" + TAIL, "application/gzip"),
    (b"hello", "text/plain"),
    ("grüße 漢字 🙂\r\n\t".encode(), "text/plain"),
    ("grüße".encode("latin-1"), "text/plain"),
    ("grüße".encode("utf-16"), "text/plain"),
    (b"", "text/plain"),
    (b"BMW is a car, GIF89a is a header", "text/plain"),
    (b'{"a": 1}', "text/plain"),
    (b"\x01\x02\x03" * 50, UNKNOWN),
]


@pytest.mark.parametrize(("content", "expected"), FILES)
def test_types(content, expected):
    """Common files are told by their content."""
    assert sniff(content) == expected


@pytest.mark.parametrize(
    "content",
    [
        b"<!DOCTYPE html><html><body>hi",
        b"<!doctype HTML>",
        b"\n\t <HTML >",
        b"\xef\xbb\xbf<html>",
        b"<script>alert(1)</script>",
        b"<ScRiPt src=x>",
        b"<script/x>",
        b"<!-- hidden --><script>",
        b"<iframe\nsrc=x>",
        b"<body onload=alert(1)>",
        b"<p>hello",
        b"<html>\0\0\0with binary in it",
        b"<a href=x>",
    ],
)
def test_what_a_browser_could_take_for_a_page_is_one(content):
    """Markup is HTML whatever it is called, and a document."""
    assert sniff(content) == "text/html"
    assert category("text/html", decoded=False) == "document"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "image/svg+xml"),
        (b"<?xml version='1.0'?>\n<!-- x --><SVG>", "image/svg+xml"),
        (b"<?xml version='1.0'?><feed/>", "text/xml"),
        (b"<!DOCTYPE svg PUBLIC ''><svg>", "image/svg+xml"),
    ],
)
def test_drawings_that_can_carry_scripts_are_documents(content, expected):
    """SVG and XML are told apart, and neither is decoded."""
    assert sniff(content) == expected
    assert expected not in DECODED
    assert category(expected, decoded=False) == "document"


@pytest.mark.parametrize(
    ("media_type", "decoded", "expected"),
    [
        ("image/png", True, "image"),
        ("image/png", False, "document"),
        ("image/heif", False, "document"),
        ("video/mp4", False, "video"),
        ("audio/mpeg", False, "audio"),
        ("application/pdf", False, "document"),
        ("text/plain", False, "document"),
    ],
)
def test_categories(media_type, decoded, expected):
    """An image is one that could be opened; sounds and films go by their type."""
    assert category(media_type, decoded=decoded) == expected


@given(st.binary(max_size=200))
@example(b"<" * 200)
@example(b"<!--" * 1_000)
@example(b"PK\3\4" * 1_024)
@example(b"OggS" * 1_024)
def test_any_bytes_have_a_type(content):
    """Whatever is uploaded gets the name of a type, and only its beginning counts."""
    found = sniff(content)
    assert found.count("/") == 1
    assert sniff(content[:SNIFFED] + b"x" * (SNIFFED - len(content[:SNIFFED])) + b"\0<html>")


def test_only_the_beginning_is_looked_at():
    """Bytes behind the first 4,096 change nothing."""
    head = b"x" * SNIFFED
    assert sniff(head + b"\0\1\2") == sniff(head) == "text/plain"


def test_a_rare_type_is_named_by_the_library():
    """What is only downloaded is named as far as the signatures' library knows it."""
    assert sniff(b"7z\xbc\xaf\x27\x1c\0\4" + TAIL) == "application/x-7z-compressed"


def test_signatures_that_nothing_matches(monkeypatch):
    """Where the library knows nothing, the file is just bytes."""

    def nothing(head):
        raise puremagic.PureError("no idea")

    monkeypatch.setattr(puremagic, "magic_string", nothing)
    assert sniff(b"\x01\x02") == UNKNOWN


def test_without_the_extra_it_says_so(monkeypatch):
    """A missing library is named, with the way to install it."""
    monkeypatch.setitem(sys.modules, "puremagic", None)
    with pytest.raises(MissingExtra, match=r"chatcore\[media\]"):
        sniff(b"\x01\x02\x03")
