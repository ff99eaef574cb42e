"""Which addresses are called: those of public web servers, however the others are written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatcore.media.hosts import Refused, public, target

PORTS = {80, 443}

HOSTILE = [
    # No web page.
    "",
    "x",
    "//example.org/",
    "ftp://example.org/",
    "file:///etc/passwd",
    "gopher://example.org/",
    "javascript:alert(1)",
    "data:text/html,x",
    "http:",
    "http://",
    "http:///x",
    "https://:443/",
    # Hidden hosts.
    "http://user@example.org/",
    "http://user:pass@example.org/",
    "http://example.org@127.0.0.1/",
    "http://example.org\\@127.0.0.1/",
    "http://127.0.0.1\\.example.org/",
    "http://exa mple.org/",
    "http://exam\tple.org/",
    "http://example.org\n.evil/",
    "http://example.org\0/",
    "http://%31%32%37.0.0.1/",
    "http://[::1/",
    "http://[example.org]/",
    "http://exa_%6dple.org/",
    "http://example..org/",
    "http://-a.org/",
    # Ports.
    "http://example.org:22/",
    "http://example.org:8080/",
    "http://example.org:99999/",
    "http://example.org:x/",
    "http://example.org:0/",
    "http://example.org:-1/",
    # IPv4, as it is and as nobody writes it.
    "http://127.0.0.1/",
    "http://127.0.0.1./",
    "http://127.1/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7f.0.0.1/",
    "http://0177.0.0.1/",
    "http://017700000001/",
    "http://127.0.0.0x1/",
    "http://0/",
    "http://0.0.0.0/",
    "http://1.1/",
    "http://16843009/",
    "http://010.8.8.8/",
    "http://8.8.8.8.8/",
    "http://１２７.０.０.１/",
    "http://①②⑦.0.0.1/",
    "http://127。0。0。1/",
    "http://10.1.2.3/",
    "http://172.16.0.1/",
    "http://172.31.255.255/",
    "http://192.168.1.1/",
    "http://100.64.0.1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://168.63.129.16/",
    "http://100.100.100.200/",
    "http://192.0.0.192/",
    "http://192.0.2.1/",
    "http://198.18.0.1/",
    "http://224.0.0.1/",
    "http://255.255.255.255/",
    # IPv6.
    "http://[::1]/",
    "http://[::]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:8.8.8.8]/",
    "http://[::127.0.0.1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[64:ff9b:1::1]/",
    "http://[2002:7f00:1::]/",
    "http://[2001::1]/",
    "http://[fe80::1]/",
    "http://[fe80::1%25eth0]/",
    "http://[2606:4700::1111%eth0]/",
    "http://[fc00::1]/",
    "http://[fd00:ec2::254]/",
    "http://[ff02::1]/",
    "http://[2001:db8::1]/",
    "http://[2606:4700:0:0:0:5efe:7f00:1]/",
    # Names of one's own network.
    "http://localhost/",
    "http://LOCALHOST/",
    "http://localhost./",
    "http://a.localhost/",
    "http://router/",
    "http://printer.local/",
    "http://metadata.google.internal/",
    "http://x.home.arpa/",
    "http://db.corp/",
    "http://ｌｏｃａｌｈｏｓｔ/",
    "http://1.0.0.127.in-addr.arpa/",
]

WELCOME = {
    "http://example.org": ("http", "example.org", 80, "/", "example.org"),
    "HTTPS://Example.ORG:443/A?b=c#d": ("https", "example.org", 443, "/A?b=c", "example.org"),
    "http://example.org:443/": ("http", "example.org", 443, "/", "example.org:443"),
    "http://8.8.8.8/": ("http", "8.8.8.8", 80, "/", "8.8.8.8"),
    "http://[2606:4700::1111]/": ("http", "2606:4700::1111", 80, "/", "[2606:4700::1111]"),
    "https://bücher.de/ü?ü=ü": (
        "https",
        "xn--bcher-kva.de",
        443,
        "/%C3%BC?%C3%BC=%C3%BC",
        "xn--bcher-kva.de",
    ),
    "http://a_b.example.org/%41": ("http", "a_b.example.org", 80, "/%41", "a_b.example.org"),
}


@pytest.mark.parametrize("url", HOSTILE)
def test_a_hostile_address_is_refused_as_it_is_written(url: str) -> None:
    """Before anything is looked up."""
    with pytest.raises(Refused):
        target(url, PORTS)


@pytest.mark.parametrize("url", WELCOME)
def test_a_web_page_is_taken_apart(url: str) -> None:
    """Host in ASCII, path and query quoted, the fragment left out."""
    where = target(url, PORTS)
    assert (where.scheme, where.host, where.port, where.path, where.authority) == WELCOME[url]


@given(st.text())
def test_any_text_is_taken_apart_or_refused(text: str) -> None:
    """Nothing else is raised, and what is taken can be said in a request."""
    for url in (text, f"http://{text}", f"http://example.org/{text}"):
        try:
            where = target(url, PORTS)
        except Refused:
            continue
        assert where.host.isascii()
        assert where.path.isascii()
        assert where.path.startswith("/")
        assert not set(where.host + where.path) & set(" \r\n\t\0\\")


@given(st.integers(0, 2**32 - 1))
def test_a_number_is_public_in_one_form_only(number: int) -> None:
    """What an IPv6 number holds, mapped, translated or tunnelled, is nobody's to call."""
    tail = f"{number >> 16:x}:{number & 0xFFFF:x}"
    for form in (
        f"::ffff:{tail}",
        f"::{tail}",
        f"64:ff9b::{tail}",
        f"2002:{tail}::",
        f"2001::{tail}",
    ):
        assert not public(form)


@pytest.mark.parametrize("text", ["", "example.org", "1.1", "1.1.1.1/32", "::g", "1.1.1.1%eth0"])
def test_what_is_no_number_is_not_public(text: str) -> None:
    """A resolver may answer anything."""
    assert not public(text)
