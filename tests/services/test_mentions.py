"""Mentions: whom they count for, who may call everybody, and that they are fixed when sent."""

import pytest

from chatcore.config import Settings
from chatcore.engine import ChatEngine
from chatcore.errors import Forbidden
from chatcore.models import Actor, Conversation
from chatcore.operations import (
    AddMembers,
    EditMessage,
    GetConversation,
    SendMessage,
)
from tests.people import People

pytestmark = pytest.mark.anyio


async def named(engine: ChatEngine, actor: Actor, where: Conversation) -> int:
    """How many unread mentions somebody has."""
    me = (await engine.execute(actor, GetConversation(where.id))).me
    assert me is not None
    return me.unread_mentions


async def test_only_members_are_mentioned(engine: ChatEngine, people: People) -> None:
    """Naming an outsider does nothing, and nothing once they are in."""
    ann, ben, cem = await people("ann", "ben", "cem")
    group = await people.group(ann, ben)
    await engine.execute(ann, SendMessage(group.id, "hi", mentions=(ben.id, cem.id, "nobody")))
    await engine.execute(ann, AddMembers(group.id, (cem.id,), share_history=True))
    assert (await named(engine, ben, group), await named(engine, cem, group)) == (1, 0)


async def test_an_edit_mentions_nobody_anew(engine: ChatEngine, people: People) -> None:
    """Who was named stays named, whatever the text says now; a thread makes no difference."""
    ann, ben = await people("ann", "ben")
    group = await people.group(ann, ben)
    root = await engine.execute(ann, SendMessage(group.id, "hi", mentions=(ben.id,)))
    reply = SendMessage(group.id, "you too", mentions=("all", ben.id), thread_id=root.id)
    await engine.execute(ann, reply)
    edited = await engine.execute(ann, EditMessage(group.id, root.id, "nobody"))
    assert edited.mentions == (ben.id,)
    assert await named(engine, ben, group) == 2


class TestMentions:
    """Who may mention everybody is a setting."""

    @pytest.fixture
    def host_settings(self) -> Settings:
        """Moderators only."""
        return Settings(mention_all="admin")

    async def test_mentioning_all_can_be_for_moderators(
        self, engine: ChatEngine, people: People
    ) -> None:
        """In groups; two who talk alone are equals."""
        ann, ben = await people("ann", "ben")
        group, talk = await people.group(ann, ben), await people.direct(ann, ben)
        await engine.execute(ann, SendMessage(group.id, "hear", mentions=("all",)))
        with pytest.raises(Forbidden):
            await engine.execute(ben, SendMessage(group.id, "hear", mentions=("all",)))
        await engine.execute(ben, SendMessage(group.id, "hear", mentions=(ann.id,)))
        await engine.execute(ben, SendMessage(talk.id, "hear", mentions=("all",)))
