"""Values out, as the contract writes them."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given

from chatcore import codec
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
from chatcore.testing.strategies import messages

THEN = datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC)


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
        "expire_from": "sent",
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
