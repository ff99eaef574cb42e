"""JSON in, strictly: text into values, and values into operations."""

import json
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chatcore import codec
from chatcore.config import Limits
from chatcore.errors import Invalid, TooLarge
from chatcore.ids import ConversationId
from chatcore.operations import (
    CreateConversation,
    DeleteMessage,
    ListMessages,
    NewSettings,
    Pull,
    SendMessage,
    UpdateConversation,
)

LIMITS = Limits()
THEN = datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC)


def parsed(text: str | bytes, **limits: int) -> Any:
    """What comes of ``text``."""
    return codec.parse(text, Limits(**limits))


# In: text.


@pytest.mark.parametrize("most", [1, 10, 100])
def test_size_is_in_bytes(most: int) -> None:
    """At the limit it is read, one past it is too large; a character may take four bytes."""
    text = json.dumps("x" * (most - 2)) if most > 1 else "1"
    assert parsed(text, frame_bytes=most) == parsed(text.encode(), frame_bytes=most)
    for longer in (text + " ", (text + " ").encode()):
        with pytest.raises(TooLarge):
            parsed(longer, frame_bytes=most)
        assert codec.parse(longer, Limits(frame_bytes=1), most=most + 1) == parsed(text)


def test_a_str_is_measured_as_utf8() -> None:
    """What is short in characters may be long on the wire."""
    text = '"' + "😀" * 10 + '"'
    assert parsed(text, frame_bytes=42) == "😀" * 10
    with pytest.raises(TooLarge):
        parsed(text, frame_bytes=41)


@pytest.mark.parametrize(("open", "close"), [("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")])
def test_depth(open: str, close: str) -> None:
    """At the limit it is read, one past it is refused; brackets in strings are no depth."""
    step = len(open.replace('"a":', ""))
    within = open * (8 // step) + '"[[[{{{"' + close * (8 // step)
    assert parsed(within, json_depth=8) is not None
    with pytest.raises(Invalid, match="nested"):
        parsed(f"[{within}]", json_depth=8)


def test_many_brackets_side_by_side_are_not_deep() -> None:
    """Only nesting counts."""
    assert len(parsed("[" + "[]," * 99 + "[]]", json_depth=2)) == 100


def test_a_hundred_thousand_levels() -> None:
    """They are refused before any parser falls over them, whatever the limits are."""
    deep = "[" * 100_000
    for text in (deep, deep + "]" * 100_000, '{"a":' * 100_000):
        for depth in (16, 10**6):
            with pytest.raises(Invalid):
                codec.parse(text, Limits(json_depth=depth), most=10**6)


@pytest.mark.parametrize(
    "text",
    ['["' + 'x\\"' * 20_000 + "[" * 20, '"' * 60_000 + "[" * 20, "[" * 20 + '"\\\n' * 20_000],
    ids=["escaped quotes", "quotes", "broken escapes"],
)
def test_hostile_text_takes_linear_time(text: str) -> None:
    """Looking for depth takes a moment, however the quotes are set."""
    before = time.process_time()
    with pytest.raises(Invalid):
        parsed(text)
    assert time.process_time() - before < 0.5


def test_the_recursion_limit_is_no_defect() -> None:
    """Where limits allow more than Python can nest, it is refused like any other depth."""
    deep = "[" * (sys.getrecursionlimit() * 5)
    with pytest.raises(Invalid):
        codec.parse(deep + "]" * len(deep), Limits(json_depth=10**6), most=10**6)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ('{"a": 1, "a": 2}', "twice"),
        ('{"a": {"b": 1, "\\u0062": 1}}', "twice"),
        ("NaN", "not JSON"),
        ("[Infinity]", "not JSON"),
        ("-Infinity", "not JSON"),
        ("1e999", "too large"),
        ("-1e999", "too large"),
        ('"\\ud800"', "not JSON"),
        ('"\\udc00\\ud800"', "not JSON"),
        ('{"\\ud800": 1}', "not JSON"),
        ('"\ud800"', "not JSON"),
        ('["a\\u0000"]', "NUL"),
        ('{"\\u0000": 1}', "NUL"),
        ('"\0"', "not JSON"),
        ('"\n"', "not JSON"),
        ("", "not JSON"),
        ("[1,]", "not JSON"),
        ("1 2", "not JSON"),
        ("'a'", "not JSON"),
        ("\ufeff1", "not JSON"),
        ("9" * 5_000, "too large"),
        (b"\xff", "not JSON"),
        (b'"\xed\xa0\x80"', "not JSON"),
        (b"\xff\xfe1\x00", "not JSON"),
    ],
)
def test_what_is_refused(text: str | bytes, word: str) -> None:
    """What parsers let through and what no parser should."""
    with pytest.raises(Invalid, match=word):
        parsed(text)


def test_keys_are_bounded() -> None:
    """At the limit an object is read, one past it is refused."""
    text = json.dumps({str(number): None for number in range(8)})
    assert len(parsed(text, json_keys=8)) == 8
    with pytest.raises(Invalid, match="7 keys"):
        parsed(text, json_keys=7)


def test_escapes_that_are_fine() -> None:
    """Pairs of surrogates are one character."""
    assert parsed('"\\ud83d\\ude00 \\u00e9 \\\\u0000"') == "😀 é \\u0000"


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(values)
def test_what_is_written_is_read(value: Any) -> None:
    """Writing and reading a JSON value gives it back."""
    text = codec.encode(value)
    assert codec.parse(text, Limits(json_depth=50)) == value
    assert codec.parse(text.decode(), Limits(json_depth=50)) == value
    assert b"\n" not in text


@given(st.text() | st.binary() | st.text(alphabet='{}[]",:\\u0d8e1.NaI-+ \n'))
@example("[" * 2_000)
@example("-")
def test_reading_never_fails_in_any_other_way(text: str | bytes) -> None:
    """Whatever comes, it is a value or a typed error."""
    with suppress(Invalid, TooLarge):
        codec.parse(text, LIMITS)


@given(values)
def test_structuring_never_fails_in_any_other_way(value: Any) -> None:
    """Whatever was read, it is an operation or says what is wrong with it."""
    for kind in (SendMessage, CreateConversation, Pull, UpdateConversation, ListMessages):
        with suppress(Invalid):
            assert isinstance(codec.structure(value, kind), kind)


# In: values into operations.


def test_absent_null_and_given_are_three_things() -> None:
    """In a patch what isn't there stays, null clears."""
    patch = codec.structure(
        {"conversation_id": "c", "description": None, "settings": {"frozen": True}},
        UpdateConversation,
    )
    assert patch == UpdateConversation(
        ConversationId("c"), description=None, settings=NewSettings(frozen=True)
    )


def test_lists_become_tuples_and_times_utc() -> None:
    """What operations hold can't change behind the engine's back."""
    sent = codec.structure({"conversation_id": "c", "mentions": ["a", "b"]}, SendMessage)
    assert sent.mentions == ("a", "b")
    given = {"conversation_id": "c", "at": "2026-01-02T04:04:05.5+01:00"}
    listed = codec.structure(given, ListMessages)
    assert listed.at == datetime(2026, 1, 2, 3, 4, 5, 500_000, tzinfo=UTC)


def test_a_keyword_loses_its_underscore_on_the_wire() -> None:
    """``for`` is the field's name, and the only one."""
    given = {"conversation_id": "c", "message_id": "m"}
    assert codec.structure(given | {"for": "me"}, DeleteMessage).for_ == "me"
    with pytest.raises(Invalid):
        codec.structure(given | {"for_": "me"}, DeleteMessage)
    written = codec.plain(DeleteMessage(ConversationId("c"), "m", "me"))  # type: ignore[arg-type]
    assert written["for"] == "me"


def test_nothing_is_coerced() -> None:
    """A wrong type stays what it is, for the check to refuse."""
    sent = codec.structure({"conversation_id": 7, "body": 5, "read_seq": "3"}, SendMessage)
    assert (sent.conversation_id, sent.body, sent.read_seq) == (7, 5, "3")


@pytest.mark.parametrize(
    ("kind", "value", "problems"),
    [
        (SendMessage, {"conversation_id": "c", "zap": 1}, {"zap": "unknown"}),
        (SendMessage, {"conversation_id": "c", "b": 1, "a": 2}, {"a": "unknown", "b": "unknown"}),
        (SendMessage, {"conversation_id": "c", 'x @ $", \n': 1}, {'x @ $", \n': "unknown"}),
        (SendMessage, {"conversation_id": "c", "x" * 999: 1}, {"x" * 80: "unknown"}),
        (SendMessage, {}, {"conversation_id": "required"}),
        (SendMessage, [], {"": "must be an object"}),
        (SendMessage, None, {"": "must be an object"}),
        (SendMessage, "x", {"": "must be an object"}),
        (CreateConversation, {"kind": "group", "settings": []}, {"settings": "must be an object"}),
        (CreateConversation, {"kind": "group", "settings": {"a": 1}}, {"settings.a": "unknown"}),
        (
            Pull,
            {"streams": [{"stream": "a", "cursor": "b"}, {"stream": "a", "x": 1}, 7]},
            {
                "streams.1.cursor": "required",
                "streams.1.x": "unknown",
                "streams.2": "must be an object",
            },
        ),
    ],
)
def test_problems_say_where(kind: type[Any], value: Any, problems: dict[str, str]) -> None:
    """Every wrong field is named by its path from the root, each with one message."""
    with pytest.raises(Invalid) as caught:
        codec.structure(value, kind)
    assert {one.path: one.message for one in caught.value.errors} == problems
    with pytest.raises(Invalid) as caught:
        codec.structure(value, kind, "params")
    assert {one.path for one in caught.value.errors} == {
        f"params.{path}".rstrip(".") for path in problems
    }


@pytest.mark.parametrize(
    "moment",
    [
        "2026-01-02T03:04:05",
        "2026-01-02T03:04:05.000",
        "2026-01-02",
        "yesterday at two o'clock",
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59-23:59",
        "2026-13-02T03:04:05Z",
        1_700_000_000,
        True,
        [],
    ],
)
def test_what_is_no_time(moment: Any) -> None:
    """A time has a date, a time of day and an offset, and is one that there is."""
    with pytest.raises(Invalid) as caught:
        codec.structure({"conversation_id": "c", "at": moment}, ListMessages)
    assert [one.path for one in caught.value.errors] == ["at"]
