"""Retention: messages go from the oldest end, in small steps."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from chatcore.cli import main
from chatcore.config import Settings
from chatcore.engine import ChatEngine
from chatcore.errors import NotFound
from chatcore.events import ConversationPruned
from chatcore.flows import retention
from chatcore.models import Message, Pruned
from chatcore.operations import (
    AddReaction,
    DeleteAccount,
    DeleteConversation,
    DeleteMessage,
    GetConversation,
    GetMessage,
    ListMessages,
    NewPoll,
    NewSettings,
    Pull,
    PullFrom,
    SendMessage,
    UpdateConversation,
    Vote,
)
from chatcore.services import retention as steps
from chatcore.testing.clock import FakeClock
from tests.people import PASSWORD, People, RecordingBroker, dump

pytestmark = pytest.mark.anyio
DAY = 86_400


@pytest.fixture
def host_settings() -> Settings:
    """A month for everything."""
    # What the background does by itself would come between.
    return Settings(retention_days=30, prune_interval_s=1e9, chores_interval_s=1e9)


async def test_what_is_older_goes(
    engine: ChatEngine,
    people: People,
    clock: FakeClock,
    broker: RecordingBroker,
    database: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With all that hangs on it; first the conversation says so, then rows go, a few at a time."""
    monkeypatch.setattr(steps, "_STEP", 2)
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    old = await people.say(ann, group, "1", "2", "3")
    named = await engine.execute(
        ann, SendMessage(group.id, "4", "k", mentions=(ben.id,), reply_to=old[0].id)
    )
    assert isinstance(named, Message)
    await engine.execute(ben, AddReaction(group.id, named.id, "+"))
    await engine.execute(ben, DeleteMessage(group.id, old[1].id, "me"))
    clock.advance(30 * DAY)
    (young,) = await people.say(ann, group, "5")
    assert await engine.prune() == Pruned(expired=0, conversations=0, messages=0)
    clock.advance(0.001)
    cursor = (await engine.execute(ben, GetConversation(group.id))).cursor or ""
    broker.take()
    assert await engine.prune() == Pruned(expired=0, conversations=1, messages=4)
    pruned = [one.event for one in broker.take() if isinstance(one.event, ConversationPruned)]
    assert [one.conversation.pruned_seq for one in pruned] == [2, 4]
    page = await engine.execute(ben, ListMessages(group.id))
    assert [one.id for one in page.items] == [young.id]
    with pytest.raises(NotFound):
        await engine.execute(ben, GetMessage(group.id, named.id))
    seen = await engine.execute(ben, GetConversation(group.id))
    assert (seen.pruned_seq, seen.last_seq) == (4, 5)
    assert seen.me is not None
    assert (seen.me.unread, seen.me.unread_mentions) == (1, 0)
    tables = dump(database)
    for name in ("mentions", "reactions", "hidden"):
        assert tables[f"chat_{name}"] == [], name
    assert len(tables["chat_messages"]) == 1
    pulled = await engine.execute(ben, Pull(streams=(PullFrom(stream=group.id, cursor=cursor),)))
    (event,) = [one.event for one in pulled.changes]
    assert event.conversation.pruned_seq == 4  # type: ignore[attr-defined]
    again = await engine.execute(ann, SendMessage(group.id, "4", "k"))
    assert isinstance(again, Message)
    assert (again.seq, again.replayed) == (6, None)


async def test_a_conversation_may_keep_less(
    engine: ChatEngine, people: People, clock: FakeClock
) -> None:
    """The shorter of both counts; another conversation isn't touched."""
    ann, ben = await people("ann", "ben")
    short, long = await people.group(ann, ben), await people.group(ann, ben)
    settings = NewSettings(retention_days=2)
    changed = await engine.execute(ann, UpdateConversation(short.id, settings=settings))
    assert changed.settings.retention_days == 2
    for group in (short, long):
        await people.say(ann, group, "old")
    clock.advance(2 * DAY + 1)
    assert await engine.prune() == Pruned(expired=0, conversations=1, messages=1)
    assert len((await engine.execute(ben, ListMessages(long.id))).items) == 1


async def test_rows_that_a_crash_left_go_in_the_next_round(
    engine: ChatEngine, people: People, clock: FakeClock, database: str
) -> None:
    """Nobody sees them meanwhile; the background takes one step at a time."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    await people.say(ann, group, "1", "2")
    clock.advance(30 * DAY + 1)
    await engine.chat_write(lambda work: steps.prune(work, group.id))
    assert len(dump(database)["chat_messages"]) == 2
    assert (await engine.execute(ben, ListMessages(group.id))).items == ()
    while await retention.slowly(engine):
        pass
    assert dump(database)["chat_messages"] == []
    (after,) = await people.say(ben, group, "3")
    assert after.seq == 3


async def test_what_was_pruned_is_announced_no_more(
    engine: ChatEngine,
    people: People,
    clock: FakeClock,
    broker: RecordingBroker,
) -> None:
    """Its row may wait to be deleted: a reply or a reaction that goes meanwhile tells nobody."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    (root,) = await people.say(ann, group, "secret")
    poll = NewPoll(question="secret?", options=("secret", "no"))
    asked = await engine.execute(ann, SendMessage(group.id, kind="poll", poll=poll))
    await engine.execute(ben, AddReaction(group.id, root.id, "+"))
    await engine.execute(ben, Vote(group.id, asked.id, (0,)))
    clock.advance(DAY)
    reply = await engine.execute(ann, SendMessage(group.id, "reply", thread_id=root.id))
    clock.advance(29 * DAY + 1)
    await engine.chat_write(lambda work: steps.prune(work, group.id))
    broker.take()
    await engine.execute(ann, DeleteMessage(group.id, reply.id))
    await engine.execute(ben, DeleteAccount(depth="erase", password=PASSWORD))
    said = [one.event for one in broker.take()]
    assert [one.name for one in said if one.name.startswith("message.")] == ["message.deleted"]
    assert "secret" not in repr(said)


async def test_nothing_is_left_of_what_has_ended(
    engine: ChatEngine, people: People, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However young, in small steps, what disappears and what doesn't; others aren't touched."""
    monkeypatch.setattr(steps, "_STEP", 2)
    ann, ben = await people("ann", "ben")
    group, other = await people.group(ann, ben), await people.group(ann, ben)
    settings = NewSettings(expire_after_s=60)
    await engine.execute(ann, UpdateConversation(group.id, settings=settings))
    await people.say(ann, group, "1", "2", "3")
    await engine.execute(ann, SendMessage(group.id, "4", mentions=(ben.id,)))
    await people.say(ann, other, "stays")
    await engine.execute(ann, DeleteConversation(group.id))
    assert await engine.prune() == Pruned(expired=0, conversations=1, messages=4)
    tables = dump(database)
    assert (len(tables["chat_messages"]), tables["chat_mentions"]) == (1, [])
    assert await engine.prune() == Pruned(expired=0, conversations=0, messages=0)


async def test_a_round_goes_on_where_the_last_step_ended(
    engine: ChatEngine, people: People, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each step looks at a few conversations only, and the round reaches them all."""
    monkeypatch.setattr(retention, "_LOOK", 2)
    ann, ben = await people("ann", "ben")
    groups = [await people.group(ann, ben) for _ in range(5)]
    for group in (groups[0], groups[4]):
        await people.say(ann, group, "old")
    clock.advance(30 * DAY + 1)
    looked = await engine.chat_read(
        lambda work: [work.unit.retention.aged(n, work.now, 30, 2) for n in (0, 2, 4)]
    )
    assert [len(one.aged) for one in looked] == [1, 0, 1]
    assert [one.next for one in looked] == [2, 4, None]
    while await retention.slowly(engine):
        pass
    for group in (groups[0], groups[4]):
        assert (await engine.execute(ben, ListMessages(group.id))).items == ()


def test_mentions_go_by_an_index(tmp_path: Path) -> None:
    """Those of the messages that go are found among those of a conversation."""
    assert main(["migrate", f"sqlite:///{tmp_path}/chat.db"]) == 0
    going = "DELETE FROM chat_mentions WHERE conversation_n = 1 AND seq <= 5"
    with closing(sqlite3.connect(tmp_path / "chat.db")) as connection:
        (plan,) = connection.execute(f"EXPLAIN QUERY PLAN {going}").fetchall()
    assert "chat_mentions_message (conversation_n=? AND seq<?)" in plan[-1]


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Prunes once, and says what went."""
    url = f"sqlite:///{tmp_path}/chat.db"
    assert main(["prune", url, "--days", "365"]) == 0
    said: Any = capsys.readouterr().out
    assert "0 messages pruned in 0 conversations" in said
    with pytest.raises(SystemExit):
        main(["prune", url, "--days", "0"])
