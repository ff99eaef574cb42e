"""Quotes: what a message answers, shown to each reader as far as they may see it."""

import pytest

from chatcore.engine import ChatEngine
from chatcore.errors import NotFound
from chatcore.ids import split_message_id
from chatcore.models import Message, Preview
from chatcore.operations import GetConversation, ListMessages, ListThreads, SendMessage
from chatcore.services.work import ChatWork
from chatcore.testing.clock import FakeClock
from tests.people import People

pytestmark = pytest.mark.anyio


async def expire(engine: ChatEngine, message: Message, at: int) -> None:
    """Let a message end at a time."""
    parts = split_message_id(message.id)
    assert parts is not None

    def change(work: ChatWork) -> None:
        stream = work.unit.conversations.lock([parts[0]])[parts[0]]
        (record,) = work.unit.messages.get([(stream.n, parts[1])]).values()
        record.expires_at = at
        work.unit.messages.save(record)

    await engine.chat_write(change)


def preview(message: Message | None) -> Preview | None:
    """What it shows of the message it answers."""
    assert message is not None
    assert message.reply_to is not None
    return message.reply_to.preview


async def test_what_has_expired_is_quoted_no_more(
    engine: ChatEngine, people: People, clock: FakeClock
) -> None:
    """From that moment on, wherever the quote stands; and nobody answers it any more."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    (first,) = await people.say(ann, group, "soon gone")
    await expire(engine, first, clock.now() + 1_000)
    await engine.execute(ben, SendMessage(group.id, "noted", reply_to=first.id))
    for left in (True, False):
        page = await engine.execute(ben, ListMessages(group.id, limit=1))
        last = (await engine.execute(ann, GetConversation(group.id))).last_message
        for shown in (page.items[0], last):
            assert (preview(shown) is not None) is left
        clock.advance(1)
    with pytest.raises(NotFound):
        await engine.execute(ben, SendMessage(group.id, "late", reply_to=first.id))


async def test_threads_quote_each_other(engine: ChatEngine, people: People) -> None:
    """Out of a thread, into one, and from one into another."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    one, other = await people.say(ann, group, "one", "other")
    inside = await engine.execute(ann, SendMessage(group.id, "inside", thread_id=one.id))
    await engine.execute(
        ben, SendMessage(group.id, "in another", thread_id=other.id, reply_to=inside.id)
    )
    await engine.execute(ben, SendMessage(group.id, "outside", reply_to=inside.id))
    await engine.execute(ben, SendMessage(group.id, "in", thread_id=one.id, reply_to=other.id))
    threads = await engine.execute(ann, ListThreads(group.id))
    assert [thread.root.id for thread in threads.items] == [one.id, other.id]
    for thread, said in ((one, "other"), (other, "inside")):
        page = await engine.execute(ann, ListMessages(group.id, thread_id=thread.id))
        shown = preview(page.items[-1])
        assert shown is not None
        assert (shown.sender_id, shown.body) == (ann.id, said)
