"""Names: one canonical form, the same on every database."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatcore.errors import Invalid
from chatcore.rules.text import fold, fold_username, search_prefix

names = st.text("abcXYZ019._-ÄéßßﬁＡя漢かㄅ한", min_size=1, max_size=12) | st.text(
    "abIıİȷ0авекмнорстухҮӏТОМΤΟΜαβεζηικμνορτυχօսոհցզ", min_size=1, max_size=12
)


def refusal(text: str) -> str:
    """Why a username is refused."""
    with pytest.raises(Invalid) as refused:
        fold_username(text)
    [problem] = refused.value.errors
    assert problem.path == "username"
    return problem.message


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("Ann", "ann"),
        ("ＡＮＮ", "ann"),
        ("ﬁona", "fiona"),
        ("Straße", "strasse"),
        ("e\u0301va", "éva"),
        ("É.va-1_", "é.va-1_"),
        ("Алиса", "алиса"),
        ("ΣΊΣΥΦΟΣ", "σίσυφοσ"),
        ("नमस्ते", "नमस्ते"),
        ("김철수", "김철수"),
        ("田中さくら", "田中さくら"),
        ("金哲洙씨", "金哲洙씨"),
        ("ㄅㄆ注音", "ㄅㄆ注音"),
        ("١٢٣", "123"),
        ("007", "007"),
        ("сосо", "coco"),
        ("ТОМ", "tom"),
        ("том-1", "tom-1"),
        ("ΤΟΜ", "tom"),
        ("օս", "ou"),
        ("admın", "admin"),
        ("ADMİN", "admin"),
        ("сова-я", "сова-я"),
    ],
)
def test_forms(text, form):
    """Case, width, composition and digits fold together; people keep their own scripts."""
    assert fold_username(text) == form


@pytest.mark.parametrize("text", ["", "a", "_", "x" * 81, "ß" * 41])
def test_length_is_that_of_the_canonical_form(text):
    """2 to 80 characters, counted after folding."""
    assert refusal(text) == "2 to 80 characters"


@pytest.mark.parametrize("text", ["x" * 80, "ß" * 40, "ab"])
def test_lengths_that_fit(text):
    """The bounds themselves are allowed."""
    assert 2 <= len(fold_username(text)) <= 80


@pytest.mark.parametrize(
    "text",
    ["аnn", "annα", "名ann", "かㄅ", "한か", "名かㄅ", "בoב"],
    ids=ascii,
)
def test_mixed_scripts_are_refused(text):
    """A letter that only looks like one of the name's own alphabet is refused."""
    assert refusal(text) == "letters of one script only"


@pytest.mark.parametrize(
    "text",
    [
        "ann smith",
        "ann@home",
        "+4912345",
        " ann",
        "an\0n",
        "an\u200dn",
        "an\u202en",
        "an\ud800n",
        "a\u0316nn",
        "ᴀnn",
        "ɑnn",
        "aǃ",
        "ǀan",
        "ƿan",
        "a\u3164b",
        "ann🙂",
        "ᚠᚢᚦ",
        "a/b",
        "../x",
    ],
    ids=ascii,
)
def test_other_characters_are_refused(text):
    """No spaces, signs, invisible or phonetic letters, stacked marks, dead scripts."""
    assert refusal(text) == "only letters, digits, '.', '_' and '-'"


@pytest.mark.parametrize("text", ["..", "-_-", "._."])
def test_a_name_has_something_to_say(text):
    """Punctuation alone is no name."""
    assert refusal(text) == "at least one letter or digit"


@given(names)
def test_a_form_is_its_own_form(text):
    """Folding a canonical name gives the same name."""
    try:
        form = fold_username(text)
    except Invalid:
        return
    assert fold_username(form) == form


@given(names)
def test_case_and_width_make_no_second_user(text):
    """Upper, lower and wide spellings of a name are the same user, or all refused."""

    def verdict(spelling: str) -> str | None:
        try:
            return fold_username(spelling)
        except Invalid:
            return None

    wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)
    assert verdict(text) == verdict(text.upper()) == verdict(text.lower()) == verdict(wide)


def test_folding_every_character_twice_changes_nothing():
    """Folding is idempotent and composed for all of Unicode."""
    for number in range(sys.maxunicode + 1):
        once = fold(chr(number))
        assert fold(once) == once
        assert unicodedata.is_normalized("NFKC", once)


@given(st.text(max_size=20))
def test_search_is_blind_to_case_and_space(text):
    """A query finds a name however it is capitalised and spaced, and a form is its own form."""
    form = search_prefix(text)
    assert search_prefix(f"  {text}\t") == form == search_prefix(form)


def test_search_prefix():
    """What is left of a query is what is compared; nothing may be left."""
    assert search_prefix(" Ann   SMITH ") == "ann smith"
    assert search_prefix(" \n ") == ""
