"""One member's own view under two engines at once: nothing is lost, and no limit is passed."""

import pytest

from chatcore.config import Limits
from chatcore.errors import ChatError
from chatcore.models import Actor, Conversation, Me, Message
from chatcore.operations import (
    AddBookmark,
    ClearConversation,
    CreateConversation,
    GetConversation,
    ListBookmarks,
    MarkReceipt,
    PersonalizeConversation,
    RemoveBookmark,
    SendMessage,
)
from tests.concurrency.racing import ROUNDS, Engines, ask, codes, race, register, tally


@pytest.fixture
def limits() -> Limits:
    """Bookmarks run out at once."""
    return Limits(bookmarks=1)


def talk(
    engines: Engines, one: Actor, other: Actor, count: int
) -> tuple[Conversation, list[Message]]:
    """A group of two in which the first has said so much."""
    operation = CreateConversation(kind="group", title="group", member_ids=(other.id,))
    room = engines[0].execute(one, operation)
    sent = [engines[0].execute(one, SendMessage(room.id, str(n))) for n in range(count)]
    return room, sent


def own(engines: Engines, actor: Actor, room: Conversation) -> Me:
    """A member's own view, which both engines see alike."""
    one, other = (engine.execute(actor, GetConversation(room.id)).me for engine in engines)
    assert one == other
    assert one is not None
    return one


@ROUNDS
def test_settings_and_receipts_lose_nothing(engines: Engines, rounds: int) -> None:
    """Draft, labels, receipt and clearing at once: all of them are there afterwards."""
    ann, ben = register(engines[0], "ann", "ben")
    for _ in range(rounds):
        room, _ = talk(engines, ann, ben, 3)
        outcomes = race(
            ask(engines[0], ben, PersonalizeConversation(room.id, draft="so far")),
            ask(engines[1], ben, PersonalizeConversation(room.id, labels=("work",))),
            ask(engines[0], ben, MarkReceipt(room.id, read_seq=2)),
            ask(engines[1], ben, ClearConversation(room.id, 1)),
            ask(engines[1], ann, SendMessage(room.id, "more")),
        )
        assert tally(outcomes) == {"ok": 5}
        me = own(engines, ben, room)
        assert (me.draft, me.labels, me.read_seq, me.cleared_seq) == ("so far", ("work",), 2, 1)
        assert me.unread == 2


@ROUNDS
def test_the_higher_clearing_wins(engines: Engines, rounds: int) -> None:
    """Whichever comes first; and what isn't sent yet can't be cleared."""
    ann, ben = register(engines[0], "ann", "ben")
    for _ in range(rounds):
        room, _ = talk(engines, ann, ben, 3)
        outcomes = race(
            ask(engines[0], ben, ClearConversation(room.id, 1)),
            ask(engines[1], ben, ClearConversation(room.id, 3)),
            ask(engines[0], ann, SendMessage(room.id, "4")),
            ask(engines[1], ben, ClearConversation(room.id, 4)),
        )
        assert codes(outcomes)[:3] == ["ok"] * 3
        last = outcomes[3]
        assert not isinstance(last, ChatError) or last.code == "invalid"
        expected = 3 if isinstance(last, ChatError) else 4
        me = own(engines, ben, room)
        assert (me.cleared_seq, me.unread) == (expected, 4 - expected)


@ROUNDS
def test_bookmarks_end_at_the_limit(engines: Engines, rounds: int) -> None:
    """Of two at once one is refused; the same one twice is one."""
    ann, ben = register(engines[0], "ann", "ben")
    _, sent = talk(engines, ann, ben, 2)
    for _ in range(rounds):
        both = race(
            *(
                ask(engine, ben, AddBookmark(message.id))
                for engine, message in zip(engines, sent, strict=True)
            )
        )
        assert tally(both) == {"ok": 1, "conflict": 1}
        (kept,) = engines[0].execute(ben, ListBookmarks()).items
        same = race(*(ask(engine, ben, AddBookmark(kept.message_id)) for engine in engines))
        assert tally(same) == {"ok": 2}
        gone = race(*(ask(engine, ben, RemoveBookmark(kept.message_id)) for engine in engines))
        assert tally(gone) == {"ok": 1, "not_found": 1}
