"""File names: what people called a file, made harmless."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatcore.media.names import safe_name

tricky = st.text(
    st.sampled_from('ab./\\:\0\n\r\t "<>|?*\u202e\u2066\u200b\u200d\u0301é漢🙂\ud800\u2028~$-')
    | st.characters(),
    max_size=300,
)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("photo.png", "photo.png"),
        ("Ünïcödé 漢字.pdf", "Ünïcödé 漢字.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ann\\résumé.doc", "résumé.doc"),
        ("a\r\nSet-Cookie: x=1.txt", "a Set-Cookie_ x=1.txt"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("e\u0301.txt", "é.txt"),
        ("  spaced \t out .txt ", "spaced out.txt"),
        (".htaccess", "htaccess"),
        ("...", "file"),
        ("", "file"),
        ("/", "file"),
        ("\0\x01\u200b", "file"),
        ("\u200d", "file"),
        ("CON", "_CON"),
        ("nul.txt", "_nul.txt"),
        ("console.txt", "console.txt"),
        ('a<b>:"c"|?*.txt', "a_b___c____.txt"),
        ("👩‍👩‍👧.png", "👩‍👩‍👧.png"),
        ("نمی‌خواهم.pdf", "نمی‌خواهم.pdf"),
        ("a\ud800b", "ab"),
    ],
    ids=ascii,
)
def test_names(name, safe):
    """Paths, controls, tricks of direction and reserved names go; spelling stays."""
    assert safe_name(name) == safe


@given(tricky)
def test_a_safe_name_is_safe(name):
    """Nothing is left that leads elsewhere, hides, or breaks a header; and it isn't empty."""
    safe = safe_name(name)
    assert 1 <= len(safe) <= 120
    assert len(safe.encode()) <= 240
    assert not set(safe) & set('/\\:"<>|?*\0\r\n')
    assert safe == safe.strip(" .")
    assert not any(unicodedata.category(c) in {"Cc", "Zl", "Zp", "Cs"} for c in safe)
    assert not any(unicodedata.bidirectional(c) in {"RLO", "LRO", "RLE", "LRE"} for c in safe)


@given(tricky)
def test_a_safe_name_stays_as_it_is(name):
    """Making a name safe twice changes nothing."""
    assert safe_name(safe_name(name)) == safe_name(name)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("x" * 120 + ".png", "x" * 116 + ".png"),
        ("漢" * 120 + ".png", "漢" * 78 + ".png"),
        ("x" * 130, "x" * 120),
        ("x." + "y" * 130, "x." + "y" * 118),
        ("x" * 120 + ".tar.gz", "x" * 117 + ".gz"),
        ("x" * 100 + " ." * 20 + "y.gz", "x" * 100 + ".gz"),
    ],
    ids=["chars", "bytes", "no ending", "long ending", "two endings", "cut at a space"],
)
def test_long_names_keep_their_ending(name, safe):
    """What is cut is the middle; a short ending, which tells the type, stays."""
    assert safe_name(name) == safe
