"""Queries: words, phrases and beginnings; whatever else stands there is text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatcore.rules.search import Term, parse, spaced


@pytest.mark.parametrize(
    ("query", "terms"),
    [
        ("", []),
        ("  \t ", []),
        ("pizza", [Term("pizza")]),
        ("pizza  night", [Term("pizza"), Term("night")]),
        ("pizza pizza", [Term("pizza")]),
        ('"pizza night" at', [Term("pizza night"), Term("at")]),
        ("piz*", [Term("piz", prefix=True)]),
        ("pi**", [Term("pi", prefix=True)]),
        ("p*", [Term("p")]),
        ("*", []),
        ("*pizza", [Term("*pizza")]),
        ('"piz*"', [Term("piz")]),
        ('"never closed', [Term("never"), Term("closed")]),
        ('""', []),
        ('"', []),
        ("😀 ?! — _", []),
        ("a AND b", [Term("a"), Term("AND"), Term("b")]),
        ("body:x ^y (z)", [Term("body:x"), Term("^y"), Term("(z)")]),
        ("foo-*", [Term("foo-")]),
        ("会議室", [Term("会 議 室")]),
        ("会議*", [Term("会 議")]),
        ("in東京 now", [Term("in 東 京"), Term("now")]),
        ("สวัสดี", [Term("ส ว ั ส ด ี")]),
        ("გამარჯობა", [Term("გამარჯობა")]),
    ],
)
def test_a_query_is_words_phrases_and_beginnings(query: str, terms: list[Term]) -> None:
    """A term needs a letter or digit; a beginning needs two characters, and quotes their end."""
    assert list(parse(query)) == terms


@given(st.text())
def test_any_text_is_a_query(query: str) -> None:
    """Nothing is refused, and every term has something to look for."""
    for term in parse(query):
        assert any(map(str.isalnum, term.words))
        assert '"' not in term.words


@given(st.text())
def test_spacing_only_adds_spaces(text: str) -> None:
    """No character is lost, and spacing what is spaced adds no word."""
    assert spaced(text).replace(" ", "") == text.replace(" ", "")
    assert spaced(spaced(text)).split() == spaced(text).split()
