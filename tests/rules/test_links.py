"""The link in a text."""

import pytest

from chatcore.rules.links import first_link


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("see https://example.org/a?b=c#d now", "https://example.org/a?b=c#d"),
        ("HTTP://EXAMPLE.org", "HTTP://EXAMPLE.org"),
        ("(see https://example.org/x).", "https://example.org/x"),
        ("https://example.org/wiki/Tea_(drink), and", "https://example.org/wiki/Tea_(drink)"),
        ("*https://example.org*!", "https://example.org"),
        ("<https://example.org>", "https://example.org"),
        ("one http://a.example two http://b.example", "http://a.example"),
        ("https://例え.jp/茶", "https://例え.jp/茶"),
        ("ftp://example.org javascript:alert(1)", None),
        ("https://", None),
        ("https://...", None),
        ("nothing", None),
        ("", None),
    ],
)
def test_the_first_link(text: str, link: str | None) -> None:
    """What ends the sentence isn't part of it."""
    assert first_link(text, 100) == link


def test_a_link_has_a_length() -> None:
    """At the limit it is one, past it it isn't."""
    link = "https://example.org/"
    assert first_link(link, len(link)) == link
    assert first_link(link, len(link) - 1) is None
