"""The demo's sample: a small team already talking, filled in once a data folder."""

from pathlib import Path

import pytest
from sqlalchemy import URL

from chatcore.cli import sample
from chatcore.cli.poster import poster
from chatcore.cli.story import PASSWORD, PEOPLE, TALKS
from chatcore.engine import ChatEngine
from chatcore.errors import Conflict
from chatcore.models import ANONYMOUS, Actor, Conversation
from chatcore.operations import (
    DeleteMessage,
    ListConversations,
    ListMessages,
    ListSessions,
    Login,
    Register,
)
from chatcore.testing.fakes import PlainHasher


@pytest.mark.anyio
class TestSample:
    """A small team, already talking."""

    @pytest.fixture(autouse=True)
    def quick(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Passwords that cost nothing, for the sample's engines as well."""
        monkeypatch.setattr("chatcore.engine.Argon2Hasher", PlainHasher)

    @staticmethod
    def engine(folder: Path) -> ChatEngine:
        """An engine on what the sample left."""
        return ChatEngine(f"sqlite:///{folder}/chat.db", files=folder / "files")

    @staticmethod
    async def fill(folder: Path) -> bool:
        """Fill the folder as the command does."""
        url = URL.create("sqlite", database=str(folder / "chat.db"))
        return await sample.fill(folder, url, str(folder / "files"))

    @staticmethod
    async def seen(engine: ChatEngine, name: str) -> tuple[Actor, tuple[Conversation, ...]]:
        """A person of the sample, logged in, and their conversations."""
        actor = (await engine.execute(ANONYMOUS, Login(name, PASSWORD))).actor
        return actor, (await engine.execute(actor, ListConversations())).items

    async def test_everyone_finds_what_the_story_says(self, tmp_path: Path) -> None:
        """Each person logs in and has their conversations, with what they haven't read."""
        assert await self.fill(tmp_path)
        async with self.engine(tmp_path) as engine:
            for name in PEOPLE:
                _, conversations = await self.seen(engine, name)
                talks = [talk for talk in TALKS if name in talk.members]
                assert len(conversations) == len(talks)
                unread = sorted(one.me.unread for one in conversations if one.me)
                assert unread == sorted(talk.unread.get(name, 0) for talk in talks)

    async def test_the_group_has_replies_reactions_and_a_picture(self, tmp_path: Path) -> None:
        """Everything in the story is there, in order, at times before now that rise."""
        await self.fill(tmp_path)
        async with self.engine(tmp_path) as engine:
            maya, conversations = await self.seen(engine, "maya")
            group = next(one for one in conversations if one.kind == "group")
            messages = (await engine.execute(maya, ListMessages(group.id))).items
            (picture,) = [one for one in messages if one.attachments]
            chunks = (await engine.download(maya, picture.attachments[0].upload_id)).chunks
            assert b"".join([chunk async for chunk in chunks]) == poster()
        assert [one.body for one in messages] == [line.text for line in TALKS[0].lines]
        times = [one.created_at for one in messages]
        assert times == sorted(set(times))
        assert sum(one.reply_to is not None for one in messages) >= 3
        assert max(len(one.reactions) for one in messages) >= 2
        assert picture.kind == "image"
        assert (picture.attachments[0].width, picture.attachments[0].height) == (1200, 840)

    async def test_it_is_filled_in_once(self, tmp_path: Path) -> None:
        """What was deleted since stays deleted, and nothing is doubled."""
        await self.fill(tmp_path)
        async with self.engine(tmp_path) as engine:
            maya, (first, *_) = await self.seen(engine, "maya")
            message = (await engine.execute(maya, ListMessages(first.id))).items[0]
            await engine.execute(maya, DeleteMessage(first.id, message.id))
        assert not await self.fill(tmp_path)
        async with self.engine(tmp_path) as engine:
            maya, (first, *_) = await self.seen(engine, "maya")
            messages = (await engine.execute(maya, ListMessages(first.id))).items
        assert messages[0].deleted is not None
        assert len(messages) == len(TALKS[0].lines)

    async def test_what_was_interrupted_is_completed(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Broken off after the picture, the next try sends the rest, and nothing twice."""
        whole = sample._message
        left = [8]

        async def failing(*arguments: object) -> object:
            left[0] -= 1
            if left[0] < 0:
                raise KeyboardInterrupt
            return await whole(*arguments)  # type: ignore[arg-type]

        with monkeypatch.context() as patched:
            patched.setattr(sample, "_message", failing)
            with pytest.raises(KeyboardInterrupt):
                await self.fill(tmp_path)
        assert await self.fill(tmp_path)
        async with self.engine(tmp_path) as engine:
            maya, conversations = await self.seen(engine, "maya")
            group = next(one for one in conversations if one.kind == "group")
            messages = (await engine.execute(maya, ListMessages(group.id))).items
        assert [one.body for one in messages] == [line.text for line in TALKS[0].lines]
        assert sum(bool(one.attachments) for one in messages) == 1

    async def test_it_leaves_nobody_signed_in(self, tmp_path: Path) -> None:
        """The sessions that it was made with are over."""
        await self.fill(tmp_path)
        async with self.engine(tmp_path) as engine:
            maya, _ = await self.seen(engine, "maya")
            assert len((await engine.execute(maya, ListSessions())).items) == 1

    async def test_a_name_of_somebody_else_is_respected(self, tmp_path: Path) -> None:
        """Where another maya lives already, nothing is sent, and the error says what to do."""
        async with self.engine(tmp_path) as engine:
            other = (await engine.execute(ANONYMOUS, Register("maya", "another one"))).actor
        with pytest.raises(Conflict, match="called maya already: use another folder"):
            await self.fill(tmp_path)
        async with self.engine(tmp_path) as engine:
            assert (await engine.execute(other, ListConversations())).items == ()


def test_the_invitation_names_everyone() -> None:
    """Names and password stand in one line."""
    said = sample.invitation()
    assert all(name in said for name in PEOPLE)
    assert said.endswith(PASSWORD)


def test_the_story_is_told_in_order() -> None:
    """Later lines are younger, answers go back, and only members speak and react."""
    for talk in TALKS:
        ages = [line.ago for line in talk.lines]
        assert ages == sorted(set(ages), reverse=True)
        for index, line in enumerate(talk.lines):
            assert line.answers is None or line.answers < index
            reacting = {name for names in line.reactions.values() for name in names}
            assert {line.who, *reacting, *talk.unread} <= set(talk.members)
        for name, count in talk.unread.items():
            assert name not in {line.who for line in talk.lines[-count:]}
