"""JSON in, strictly; values out, as the contract writes them."""

import json
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from attrs import evolve
from hypothesis import example, given
from hypothesis import strategies as st

from chatcore import codec
from chatcore.config import Limits
from chatcore.errors import Invalid, TooLarge
from chatcore.events import (
    Change,
    ConversationUpdated,
    MembershipChanged,
    MessageUpdated,
    ReceiptsMoved,
    TypingChanged,
)
from chatcore.ids import ConversationId, UserId
from chatcore.models import (
    Conversation,
    ConversationSettings,
    Done,
    Heads,
    Page,
    Receipt,
    ReplyTo,
    User,
)
from chatcore.operations import (
    CreateConversation,
    DeleteMessage,
    ListMessages,
    NewSettings,
    Pull,
    SendMessage,
    UpdateConversation,
)
from chatcore.testing.strategies import messages

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


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ('{"a": 1, "a": 2}', "twice"),
        ('{"a": {"b": 1, "\\u0062": 1}}', "twice"),
        ("NaN", "NaN"),
        ("[Infinity]", "Infinity"),
        ("-Infinity", "-Infinity"),
        ("1e999", "too large"),
        ("-1e999", "too large"),
        ('"\\ud800"', "surrogates"),
        ('"\\udc00\\ud800"', "surrogates"),
        ('{"\\ud800": 1}', "surrogates"),
        ('"\ud800"', "surrogates"),
        ('["a\\u0000"]', "NUL"),
        ('{"\\u0000": 1}', "NUL"),
        ('"\0"', "not JSON"),
        ('"\n"', "not JSON"),
        ("", "not JSON"),
        ("[1,]", "not JSON"),
        ("1 2", "not JSON"),
        ("'a'", "not JSON"),
        ("\ufeff1", "not JSON"),
        ("9" * 5_000, "not JSON"),
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
        (SendMessage, {"conversation_id": "c", "zap": 1}, {"": "unknown: zap"}),
        (SendMessage, {}, {"conversation_id": "required"}),
        (SendMessage, [], {"": "must be an object"}),
        (SendMessage, None, {"": "must be an object"}),
        (SendMessage, "x", {"": "must be an object"}),
        (CreateConversation, {"kind": "group", "settings": []}, {"settings": "must be an object"}),
        (CreateConversation, {"kind": "group", "settings": {"a": 1}}, {"settings": "unknown: a"}),
        (
            Pull,
            {"streams": [{"stream": "a", "cursor": "b"}, {"stream": "a", "x": 1}, 7]},
            {
                "streams.1.cursor": "required",
                "streams.1": "unknown: x",
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


# Out.


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (THEN, "2026-01-02T03:04:05.678Z"),
        (THEN.replace(microsecond=0), "2026-01-02T03:04:05.000Z"),
        (THEN.astimezone(timezone(timedelta(hours=-7))), "2026-01-02T03:04:05.678Z"),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00.000Z"),
    ],
)
def test_times_are_utc_with_milliseconds(moment: datetime, text: str) -> None:
    """However they were given."""
    assert codec.rfc3339(moment) == text
    assert codec.plain(moment) == text


def test_absent_fields_are_left_out() -> None:
    """Of None nothing is written, but of what isn't None everything, also zeros and falsehoods."""
    user = User(id=UserId("u"), display_name="", created_at=THEN)
    assert json.loads(codec.encode(user)) == {
        "id": "u",
        "display_name": "",
        "kind": "person",
        "version": 1,
        "created_at": "2026-01-02T03:04:05.678Z",
    }
    assert codec.encode(Done()) == b"{}"


def test_next_and_epoch_are_null_where_there_is_none() -> None:
    """The two exceptions of the contract."""
    assert codec.encode(Page(items=())) == b'{"items":[],"next":null}'
    assert codec.plain(Page(items=(), next=0))["next"] == 0
    assert codec.plain(Heads(heads=(), since="s"))["next"] is None
    assert codec.plain(MembershipChanged(ConversationId("c"), None))["epoch"] is None


def test_settings_show_what_is_off() -> None:
    """A falsehood is an answer."""
    assert codec.plain(ConversationSettings()) == {
        "history": "joined",
        "announcement": False,
        "slow_mode_s": 0,
        "frozen": False,
        "public": False,
    }


def conversation() -> Conversation:
    """A shared face."""
    return Conversation(
        id=ConversationId("c"),
        kind="group",
        created_at=THEN,
        updated_at=THEN,
        rev=3,
        last_seq=0,
        member_count=1,
        settings=ConversationSettings(),
    )


def test_a_notification_is_a_line_of_json_rpc() -> None:
    """Durable events carry ``prev`` and ``rev``, receipts their own counter, others none."""
    line = json.loads(codec.notification(ConversationUpdated(conversation()), "c", 2, 3))
    assert (line["jsonrpc"], line["method"]) == ("2.0", "conversation.updated")
    assert {name: line["params"][name] for name in ("stream", "prev", "rev")} == {
        "stream": "c",
        "prev": 2,
        "rev": 3,
    }
    moved = ReceiptsMoved((Receipt(user_id=UserId("u"), delivered_seq=2, read_seq=1),))
    assert json.loads(codec.notification(moved, "c", 0, 1))["params"] == {
        "stream": "c",
        "prev": 0,
        "receipt_rev": 1,
        "receipts": [{"user_id": "u", "delivered_seq": 2, "read_seq": 1}],
    }
    typing = TypingChanged(UserId("u"), "text")
    assert json.loads(codec.notification(typing, None, None, None)) == {
        "jsonrpc": "2.0",
        "method": "typing.changed",
        "params": {"user_id": "u", "state": "text"},
    }


def test_a_change_is_a_method_with_params() -> None:
    """Pulled changes read as live events do, without ``prev``."""
    change = Change(stream="c", rev=3, event=ConversationUpdated(conversation()))
    written = json.loads(codec.encode(change))
    assert set(written) == {"method", "params"}
    assert written["method"] == "conversation.updated"
    assert set(written["params"]) == {"stream", "rev", "conversation"}
    moved = Change(stream="c", rev=4, event=ReceiptsMoved(()))
    assert codec.plain(moved)["params"] == {"stream": "c", "receipt_rev": 4, "receipts": []}


@given(messages())
def test_every_message_can_be_written(message: Any) -> None:
    """Alone, in a page and in a change alike, and never an old one's bytes for a new one."""
    alone = json.loads(codec.encode(message))
    assert json.loads(codec.encode(Page(items=(message,))))["items"] == [alone]
    change = Change(stream="c", rev=1, event=MessageUpdated(message))
    assert json.loads(codec.encode(change))["params"]["message"] == alone
    changed = evolve(
        message, body="other", reply_to=ReplyTo(message_id=message.id, seq=message.seq)
    )
    again = json.loads(codec.encode(changed))
    assert again == alone | {
        "body": "other",
        "reply_to": {"message_id": message.id, "seq": message.seq},
    }


def test_the_recursion_limit_is_no_defect() -> None:
    """Where limits allow more than Python can nest, it is refused like any other depth."""
    deep = "[" * (sys.getrecursionlimit() * 5)
    with pytest.raises(Invalid):
        codec.parse(deep + "]" * len(deep), Limits(json_depth=10**6), most=10**6)
