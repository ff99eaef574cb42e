"""What is not ours may fail: the engine goes on, and what was committed stays committed."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import pytest

from chatcore import (
    ANONYMOUS,
    Actor,
    ChatEngine,
    CreateConversation,
    ListMessages,
    Register,
    SendMessage,
    User,
)
from chatcore.brokers.local import LocalBroker
from chatcore.events import Announcement
from chatcore.ids import UserId
from chatcore.ports.identity import Directory
from chatcore.testing.fakes import PlainHasher

pytestmark = pytest.mark.anyio


class BrokenDirectory(Directory):
    """A host's directory that is down."""

    def cards(self, user_ids: Collection[UserId]) -> Mapping[UserId, User]:
        raise ConnectionError


class BrokenBroker(LocalBroker):
    """A broker that raises where its contract forbids it."""

    def publish(self, announcements: Sequence[Announcement]) -> None:
        raise ConnectionError


async def test_a_directory_that_fails_costs_only_the_cards(tmp_path: Path) -> None:
    """Lists come without cards, and nothing else changes."""
    url = f"sqlite:///{tmp_path}/chat.db"
    ann = Actor(UserId("ann"))
    async with ChatEngine(url, directory=BrokenDirectory()) as engine:
        notes = await engine.execute(ann, CreateConversation(kind="self"))
        sent = await engine.execute(ann, SendMessage(notes.id, "Milk"))
        page = await engine.execute(ann, ListMessages(notes.id))
    assert ([message.id for message in page.items], page.users) == ([sent.id], None)


async def test_a_broker_that_raises_stops_no_lane(tmp_path: Path) -> None:
    """Answers come, and the next operation runs."""
    url = f"sqlite:///{tmp_path}/chat.db"
    async with ChatEngine(url, broker=BrokenBroker(), hasher=PlainHasher()) as engine:
        ann = (await engine.execute(ANONYMOUS, Register("ann", "correct horse"))).actor
        notes = await engine.execute(ann, CreateConversation(kind="self"))
        for seq in (1, 2):
            assert (await engine.execute(ann, SendMessage(notes.id, "Milk"))).seq == seq
