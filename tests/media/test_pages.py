"""The head of a page: found where it is, and no slower where it is hostile."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatcore.media.pages import Head, plain, read_head


def read(page: str | bytes, charset: str | None = None) -> Head:
    """The head of a page."""
    raw = page.encode() if isinstance(page, str) else page
    return read_head(raw, charset, title_chars=40, text_chars=60)


def test_a_page_says_what_it_is() -> None:
    """What it tells others of itself comes before its title."""
    found = read(
        "<!doctype html><html><head><!-- <title>no</title> --><script>'<title>no</title>'</script>"
        "<TITLE lang=en>Plain &amp; simple</TITLE><meta name=description content='Words &lt;b&gt;'>"
        '<meta property="og:title" content="Tea > coffee"><meta property=og:site_name content=Cups>'
        "<meta content=/cup.png property='og:image'></head><body><title>no</title>"
    )
    assert found == Head(
        title="Tea > coffee", description="Words <b>", site_name="Cups", image="/cup.png"
    )


def test_a_plain_page_has_its_title() -> None:
    """The first of each counts, an empty one doesn't."""
    found = read(
        "<title> Tea \n time </title><title>no</title><meta property=og:title content=' '>"
    )
    assert found == Head(title="Tea time", description=None, site_name=None, image=None)
    assert read("<title>cut sho").title == "cut sho"
    assert read("nothing").title is None
    assert read(b"").title is None


@pytest.mark.parametrize(
    ("page", "charset", "title"),
    [
        ("<title>茶</title>".encode(), None, "茶"),
        ("<title>茶</title>".encode("shift_jis"), "Shift_JIS", "茶"),
        ("<meta charset=euc-jp><title>茶</title>".encode("euc-jp"), None, "茶"),
        ("<title>ü</title>".encode("latin-1"), "iso-8859-1", "ü"),
        ("<title>ü</title>".encode(), "idna", "ü"),
        ("<title>ü</title>".encode(), "iso-8859-99", "ü"),
        ("<title>ü</title>".encode(), "unicode_escape", "ü"),
        (b"<title>\xff</title>", None, "\ufffd"),
    ],
)
def test_characters(page: bytes, charset: str | None, title: str) -> None:
    """As the server or the page says, among what pages are written in; else UTF-8."""
    assert read(page, charset).title == title


def test_text_is_plain() -> None:
    """Nothing that hides, turns around or breaks lines, and no longer than there is room for."""
    assert plain("a\u202eb\u200bc\0d\ne\x1b[31m", 40) == "abcd e[31m"
    assert plain("x" * 40, 40) == "x" * 40
    assert plain("x" * 41, 40) == "x" * 39 + "…"


@given(st.text(alphabet="<>!-/\"'= titlemeaog:bdyscrpn&;", max_size=200))
def test_any_text_is_a_page(text: str) -> None:
    """Nothing is raised."""
    read(text)


@pytest.mark.parametrize(
    "part",
    [
        "<",
        "<!--",
        "<meta ",
        "<meta '",
        '<meta a="',
        "<title>",
        "<script>",
        "<meta a ",
        "</script",
        "&#",
    ],
)
def test_a_page_that_is_made_to_be_slow_isnt(part: str) -> None:
    """Time grows with the length."""
    page = (part * (128 * 1024 // len(part))).encode()
    begun = time.process_time()
    read(page)
    assert time.process_time() - begun < 0.5
