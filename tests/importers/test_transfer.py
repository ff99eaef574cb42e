"""Transcripts written through the engine: once, in order, with replies, and readable by whom."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from attrs import evolve

from chatcore.config import Limits
from chatcore.engine import ChatEngine
from chatcore.errors import Forbidden, Invalid, KeyReused, Unauthenticated
from chatcore.importers import irc
from chatcore.importers.transcript import Transcript
from chatcore.importers.transfer import Transferred, transfer
from chatcore.models import ANONYMOUS, Actor, Conversation, Message
from chatcore.operations import (
    GetConversation,
    ImportMessage,
    ImportUser,
    ListConversations,
    ListMembers,
    ListMessages,
    Login,
    SearchUsers,
)
from tests.people import People

pytestmark = pytest.mark.anyio

LOG = """\
=== mia has joined #tea
[16:00] <leo> is there any left?
[16:01] <mia> a pot, if you hurry
[16:01] <leo> on my way
[16:02]  * leo runs
[16:03] <mia> and there he is
"""
REPLIES = "1 2 -\n2 3 -\n4 5 -\n"


@pytest.fixture
def transcript() -> Transcript:
    """Two people, a notice, and three replies, of which two lie in one run."""
    return irc.parse(LOG.encode(), date(2020, 2, 2), REPLIES)


async def read(engine: ChatEngine, actor: Actor, result: Transferred) -> tuple[Message, ...]:
    """What ``actor`` sees of the imported group."""
    return (await engine.execute(actor, ListMessages(result.conversation_id))).items


async def test_a_log_becomes_a_group(
    engine: ChatEngine, people: People, transcript: Transcript
) -> None:
    """Order, kinds, times, senders and replies are those of the log."""
    (ann,) = await people("ann")
    result = await transfer(engine, transcript, "#tea", viewers=["Ann"])
    messages = await read(engine, ann, result)
    assert [one.body for one in messages] == [entry.body for entry in transcript.entries]
    assert [one.seq for one in messages] == [1, 2, 3, 4, 5, 6]
    assert [one.kind for one in messages] == ["system"] + ["text"] * 5
    assert messages[1].created_at == datetime(2020, 2, 2, 16, 0, tzinfo=UTC)
    assert [one.reply_to and one.reply_to.seq for one in messages] == [None, None, 2, 3, None, 5]
    assert messages[2].sender_id == messages[0].sender_id != messages[1].sender_id
    assert result == Transferred(
        conversation_id=result.conversation_id,
        people=2,
        messages=5,
        notices=1,
        replies=3,
        repeated=0,
    )


async def test_a_viewer_sees_it_in_the_list_and_has_read_it(
    engine: ChatEngine, people: People, transcript: Transcript
) -> None:
    """The group is there with its title, its whole history and nothing unread."""
    (ann,) = await people("ann")
    await transfer(engine, transcript, "#tea", viewers=["ann"])
    (group,) = (await engine.execute(ann, ListConversations())).items
    assert group.title == "#tea"
    assert group.last_seq == 6
    assert group.me is not None
    assert group.me.unread == 0
    assert group.last_message is not None
    assert group.last_message.body == "and there he is"


async def test_twice_doubles_nothing(
    engine: ChatEngine, people: People, transcript: Transcript
) -> None:
    """The second time everything is there already, and nothing has moved."""
    (ann,) = await people("ann")
    first = await transfer(engine, transcript, "#tea", viewers=["ann"])
    before = await engine.execute(ann, GetConversation(first.conversation_id))
    second = await transfer(engine, transcript, "#tea", viewers=["ann"])
    assert second == evolve(first, repeated=6)
    assert await engine.execute(ann, GetConversation(first.conversation_id)) == before


async def test_an_interrupted_transfer_goes_on_where_it_stopped(
    engine: ChatEngine, people: People, transcript: Transcript
) -> None:
    """What was broken off in the middle is completed by the next, each entry once."""
    (ann,) = await people("ann")
    done: list[int] = []

    def stop(count: int, total: int) -> None:
        done.append(count)
        if count:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await transfer(engine, transcript, "#tea", progress=stop)
    result = await transfer(engine, transcript, "#tea", viewers=["ann"])
    assert 0 < result.repeated == done[-1] < 6
    assert [one.seq for one in await read(engine, ann, result)] == [1, 2, 3, 4, 5, 6]


async def test_a_log_that_has_grown_gives_its_new_lines(
    engine: ChatEngine, people: People, transcript: Transcript
) -> None:
    """They follow in the same group, newcomers and what they answer included."""
    (ann,) = await people("ann")
    first = await transfer(engine, transcript, "#tea", viewers=["ann"])
    grown = irc.parse((LOG + "[16:09] <ida> me too\n").encode(), date(2020, 2, 2), REPLIES)
    second = await transfer(engine, grown, "#tea")
    assert second.conversation_id == first.conversation_id
    assert second.repeated == 6
    assert (await read(engine, ann, second))[-1].body == "me too"


async def test_another_day_joins_the_same_group(
    engine: ChatEngine, people: People, transcript: Transcript
) -> None:
    """Keys carry the day, so the same line numbers stand for other messages."""
    (ann,) = await people("ann")
    await transfer(engine, transcript, "#tea", viewers=["ann"])
    result = await transfer(engine, irc.parse(LOG.encode(), date(2020, 2, 3)), "#tea")
    assert result.repeated == 0
    assert len(await read(engine, ann, result)) == 12


async def test_another_log_of_the_same_day_needs_another_title(
    engine: ChatEngine, transcript: Transcript
) -> None:
    """The error names the entry; under a title of its own it is another group."""
    first = await transfer(engine, transcript, "#tea")
    other = irc.parse(LOG.replace("pot", "drop").encode(), date(2020, 2, 2))
    with pytest.raises(KeyReused, match="irc-2020-02-02-2 was imported"):
        await transfer(engine, other, "#tea")
    assert (await transfer(engine, other, "#tea 2")).conversation_id != first.conversation_id


async def test_nobody_speaks_in_the_name_of_an_account(
    engine: ChatEngine, people: People, transcript: Transcript
) -> None:
    """A nick that is somebody's username here becomes another user, and no member is added."""
    (leo,) = await people("leo")
    result = await transfer(engine, transcript, "#tea", viewers=["leo"])
    senders = {one.sender_id for one in await read(engine, leo, result)}
    assert leo.id not in senders
    found = (await engine.execute(leo, SearchUsers("leo"))).items
    assert sorted(one.username or "" for one in found)[0] == "leo"
    assert len(found) == 2
    assert {one.display_name for one in found} == {"leo"}


async def test_those_imported_cannot_log_in(engine: ChatEngine, transcript: Transcript) -> None:
    """They have no password, not even an empty one."""
    await transfer(engine, transcript, "#tea")
    for password in ("", "-", "None"):
        with pytest.raises((Unauthenticated, Invalid)):
            await engine.execute(ANONYMOUS, Login("mia", password))


async def test_an_unknown_viewer_stops_it_before_anything_is_said(
    engine: ChatEngine, people: People, transcript: Transcript
) -> None:
    """A name that only begins alike is nobody."""
    (annabel,) = await people("annabel")
    with pytest.raises(Invalid, match="No user is called 'anna'"):
        await transfer(engine, transcript, "#tea", viewers=["anna"])
    assert (await engine.execute(annabel, ListConversations())).items == ()


async def test_a_viewer_is_found_behind_many_of_a_similar_name(
    engine: ChatEngine, people: People, transcript: Transcript
) -> None:
    """The search goes on to the page on which the name stands."""
    for number in range(60):
        await people.register(f"aa{number:02}", "zed")
    (zed,) = await people("zed")
    result = await transfer(engine, transcript, "#tea", viewers=["zed"])
    assert len(await read(engine, zed, result)) == 6


class TestMembers:
    """How many there may be."""

    @pytest.fixture
    def limits(self) -> Limits:
        """A group holds the owner, the two of the log, and one viewer."""
        return Limits(group_members=4, members_a_request=1)

    async def test_as_many_as_a_group_may_have(
        self, engine: ChatEngine, people: People, transcript: Transcript
    ) -> None:
        """One more is refused before a user is made."""
        ann, _ = await people("ann", "ben")
        with pytest.raises(Invalid, match="5 members are more than a group may have"):
            await transfer(engine, transcript, "#tea", viewers=["ann", "ben"])
        assert len((await engine.execute(ann, SearchUsers("mia"))).items) == 0
        result = await transfer(engine, transcript, "#tea", viewers=["ann"])
        members = await engine.execute(ann, ListMembers(result.conversation_id))
        assert [one.role for one in members.items].count("owner") == 1
        assert len(members.items) == 4


class TestImportUser:
    """Users taken over from elsewhere."""

    async def test_the_same_key_is_the_same_user(self, engine: ChatEngine) -> None:
        """A repeat answers who is there, whatever name it asks for."""
        operator = Actor(None, operator=True)
        first = await engine.execute(operator, ImportUser("old-1", "ann", "Ann"))
        again = await engine.execute(operator, ImportUser("old-1", "other", "Other"))
        assert again == first
        other = await engine.execute(operator, ImportUser("old-2", "ben", kind="bot"))
        assert (other.kind, other.display_name) == ("bot", "ben")
        assert other.id != first.id

    @pytest.mark.parametrize(
        "operation", [ImportUser("k", "ann"), ImportMessage("c", "hi")], ids=["user", "message"]
    )
    async def test_only_operators_may(
        self, engine: ChatEngine, people: People, operation: Any
    ) -> None:
        """Whoever is signed in is refused; whoever isn't is told to."""
        (ben,) = await people("ben")
        with pytest.raises(Forbidden):
            await engine.execute(ben, operation)
        with pytest.raises(Unauthenticated):
            await engine.execute(ANONYMOUS, operation)


async def test_progress_rises_to_the_whole(engine: ChatEngine, transcript: Transcript) -> None:
    """It begins at nothing, never falls, and ends at everything."""
    told: list[tuple[int, int]] = []
    await transfer(
        engine, transcript, "#tea", progress=lambda done, total: told.append((done, total))
    )
    assert told[0] == (0, 6)
    assert told[-1] == (6, 6)
    assert told == sorted(told)


async def test_many_entries_keep_their_order(engine: ChatEngine, people: People) -> None:
    """A thousand lines of fifty people, in runs that share transactions, stay in order."""
    (ann,) = await people("ann")
    lines = [f"[10:00] <n{number % 50:02}> line {number}" for number in range(1_000)]
    transcript = irc.parse("\n".join(lines).encode(), date(2020, 2, 2))
    result = await transfer(engine, transcript, "#busy", viewers=["ann"])
    bodies: list[str | None] = []
    after: int | str | None = 0
    while after is not None:
        page = await engine.execute(
            ann, ListMessages(result.conversation_id, after=int(after), limit=100)
        )
        bodies += [one.body for one in page.items]
        after = page.next
    assert bodies == [f"line {number}" for number in range(1_000)]


async def test_a_group_of_the_same_title_made_here_is_left_alone(
    engine: ChatEngine, people: People, transcript: Transcript
) -> None:
    """Titles aren't unique: what was imported is recognised by its key, not by its title."""
    (ann,) = await people("ann")
    mine: Conversation = await people.group(ann, title="#tea")
    assert (await transfer(engine, transcript, "#tea")).conversation_id != mine.id
