"""Session tokens: long, recognisable, and told from damaged ones without a look-up."""

import hashlib
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatcore.security.tokens import hash_token, new_token, well_formed

TOKEN = "cc_yMnKy8zNzs_Q0dLT1NXW19jZ2tvc3d7f4OHi4-Tl5ueHPJDL"
ALPHABET = string.ascii_letters + string.digits + "-_"


def test_a_fresh_token_is_well_formed_and_its_own():
    """Tokens have their prefix and length, and never repeat."""
    tokens = {new_token() for _ in range(1_000)}
    assert len(tokens) == 1_000
    assert all(well_formed(token) for token in tokens)
    assert all(token.startswith("cc_") and len(token) == 51 for token in tokens)


@pytest.mark.parametrize("place", range(len(TOKEN)))
def test_any_changed_character_is_noticed(place):
    """Whichever character is another one, the token is refused."""
    for letter in ALPHABET:
        changed = TOKEN[:place] + letter + TOKEN[place + 1 :]
        assert well_formed(changed) == (changed == TOKEN)


@given(st.integers(0, len(TOKEN) * 8 - 1))
def test_any_flipped_bit_is_noticed(bit):
    """A token with one bit flipped is refused."""
    raw = bytearray(TOKEN.encode())
    raw[bit // 8] ^= 1 << bit % 8
    assert not well_formed(raw.decode("latin-1"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "cc_",
        TOKEN[:-1],
        TOKEN + "A",
        TOKEN + "\n",
        " " + TOKEN,
        TOKEN.upper(),
        "cc_" + "A" * 48,
    ],
)
def test_other_text_is_no_token(text):
    """Only the exact form is one."""
    assert not well_formed(text)


@given(st.text())
def test_any_text_is_judged_without_error(text):
    """Whatever a client sends as a token gets a verdict, and a hash to look up in vain."""
    assert not well_formed(text)
    assert len(hash_token(text)) == 64


def test_the_format_is_fixed():
    """A token that was given out once stays one in later versions."""
    assert well_formed(TOKEN)


def test_only_the_hash_is_kept():
    """The stored form is SHA-256 and tells nothing of the token."""
    assert hash_token(TOKEN) == hashlib.sha256(TOKEN.encode()).hexdigest()
    assert TOKEN not in hash_token(TOKEN)
    assert hash_token("\ud800") != hash_token("\ud801")
