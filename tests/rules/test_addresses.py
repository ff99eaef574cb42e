"""E-mail addresses and phone numbers: one form each, with the libraries and without."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatcore.errors import Invalid
from chatcore.rules.addresses import parse_email, parse_phone
from chatcore.rules.text import fold

LIBRARIES = ("email_validator", "phonenumbers")


@pytest.fixture(params=["library", "plain"])
def by(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Who judges: the extra's libraries, or our own rules where they are missing."""
    if request.param == "plain":
        for name in LIBRARIES:
            monkeypatch.setitem(sys.modules, name, None)
    return str(request.param)


def refused(call: object, *arguments: object) -> bool:
    """Whether a parser refuses, naming the field."""
    paths: list[str] = []
    try:
        call(*arguments)  # type: ignore[operator]
    except Invalid as error:
        paths = [one.path for one in error.errors]
    assert paths in ([], [arguments[-1]])
    return bool(paths)


@pytest.mark.parametrize(
    ("text", "address", "key"),
    [
        ("ann@example.com", "ann@example.com", "ann@example.com"),
        ("Ann.Smith+chat@Example.COM", "Ann.Smith+chat@example.com", "ann.smith+chat@example.com"),
        ("o'neil@xn--bcher-kva.example", "o'neil@xn--bcher-kva.example", None),
        ("a@b-c.museum", "a@b-c.museum", None),
    ],
)
def test_emails(by: str, text: str, address: str, key: str | None) -> None:
    """The domain is in lower case; two spellings of a mailbox have one key."""
    found = parse_email(text)
    assert (found.address, found.key) == (address, key or address)


@pytest.mark.parametrize(
    "text",
    [
        *("", "ann", "@example.com", "ann@", "ann@home", "ann@localhost", "a b@example.com"),
        *("ann@-x.com", "ann@x-.com", ".ann@example.com", "a..n@example.com", "ann@example..com"),
        *("ann@x.test", "ann@[127.0.0.1]", "Ann <ann@example.com>", '"a b"@example.com'),
        *("ann@example.com\n", "ann@example.com\nBcc: all@example.com", "ann@1.2.3.4"),
        *("a" * 65 + "@example.com", "a@" + "b." * 127 + "com", "ann@" + "b" * 64 + ".com"),
    ],
)
def test_what_is_no_email(by: str, text: str) -> None:
    """Neither judge takes what no mail goes to, nor what would smuggle a header."""
    assert refused(parse_email, text, "email")


def test_internationalised_emails() -> None:
    """With the library people write their own script, and the domain is compared as DNS has it."""
    found = parse_email("jürgen@Bücher.example")
    assert found.address == "jürgen@xn--bcher-kva.example"
    assert parse_email("JÜRGEN@xn--bcher-kva.example").key == found.key


def test_an_email_fits_its_column(by: str) -> None:
    """One that no unique column would take whole is refused."""
    domain = ".".join(["b" * 63, "c" * 63, "com"])
    room = 191 - len(domain) - 1
    assert parse_email("a" * room + "@" + domain)
    assert refused(parse_email, "a" * (room + 1) + "@" + domain, "email")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("+4930123456", "+4930123456"),
        ("+49 30 12-34.56", "+4930123456"),
        ("+1 212 555 0123", "+12125550123"),
        ("+39 06 6982", "+39066982"),
    ],
)
def test_phones(by: str, text: str, number: str) -> None:
    """However it is spaced, a number has one form: E.164."""
    assert parse_phone(text) == number


@pytest.mark.parametrize(
    "text",
    [
        *("", "+", "ann", "030 123456", "0049 30 123456", "+0 30 123456", "+49", "+49 30"),
        *("+49301234567890123", "+49 30 123456 ext. 7"),
    ],
)
def test_what_is_no_phone(by: str, text: str) -> None:
    """Without its country, too short or too long, with an extension: no number to be found by."""
    assert refused(parse_phone, text, None, "phone")


def test_phones_as_people_write_them() -> None:
    """The library knows a country's own way, and the zero that isn't dialled from abroad."""
    assert parse_phone("030 123456", "DE") == "+4930123456"
    assert parse_phone("+49 (0) 30 123456") == "+4930123456"


@given(st.from_regex(r"[A-Za-z.+'-]{1,8}@([A-Za-z0-9-]{1,4}\.){1,2}[A-Za-z]{2,3}", fullmatch=True))
def test_both_judges_agree_on_who_it_is(text: str) -> None:
    """What the plain rules take the library takes, and means the same by it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "email_validator", None)
        if refused(parse_email, text, "email"):
            return
        plain = parse_email(text)
    if not refused(parse_email, text, "email"):
        assert parse_email(text) == plain


@given(st.from_regex(r"\+[1-9][0-9]{1,2}[1-9 -]{5,12}", fullmatch=True))
def test_both_judges_agree_on_numbers(text: str) -> None:
    """A number written as it is dialled from abroad has one form."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "phonenumbers", None)
        if refused(parse_phone, text, None, "phone"):
            return
        plain = parse_phone(text)
    if not refused(parse_phone, text, None, "phone"):
        found = parse_phone(text)
        assert found == plain or found[:3] == plain[:3]  # some countries' own prefixes go


@given(st.text(max_size=30))
def test_forms_are_their_own_forms(text: str) -> None:
    """Parsing what was parsed changes nothing, whatever it was."""
    for mail in (text, f"{text}@example.com"):
        if not refused(parse_email, mail, "email"):
            once = parse_email(mail)
            assert parse_email(once.address) == once
            assert fold(once.key) == once.key
    if not refused(parse_phone, text, None, "phone"):
        assert parse_phone(parse_phone(text)) == parse_phone(text)
