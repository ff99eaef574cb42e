"""Users and what they do, in few words; and what comes of it."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from chatcore.brokers.local import LocalBroker
from chatcore.engine import ChatEngine
from chatcore.events import Announcement
from chatcore.models import ANONYMOUS, Actor, Conversation, Message
from chatcore.operations import CreateConversation, Register, SendMessage

PASSWORD = "correct horse"


class RecordingBroker(LocalBroker):
    """The broker of one process, which keeps what was announced."""

    def __init__(self) -> None:
        super().__init__()
        self.announced: list[Announcement] = []

    def publish(self, announcements: Sequence[Announcement]) -> None:
        self.announced.extend(announcements)
        super().publish(announcements)

    def take(self) -> list[Announcement]:
        """What was announced since the last time."""
        taken, self.announced = self.announced, []
        return taken

    def take_names(self) -> list[str]:
        """The names of what was announced since the last time."""
        return [one.event.name for one in self.take()]


class People:
    """Makes users, and says the most frequent things for them."""

    def __init__(self, engine: ChatEngine) -> None:
        self._engine = engine

    async def __call__(self, *names: str) -> tuple[Actor, ...]:
        """Register these; each is the actor of its first session."""
        return tuple([await self.register(name) for name in names])

    async def register(self, name: str, display_name: str | None = None) -> Actor:
        """Register one."""
        operation = Register(name, PASSWORD, display_name)
        return (await self._engine.execute(ANONYMOUS, operation)).actor

    async def group(self, owner: Actor, *others: Actor, **fields: Any) -> Conversation:
        """A group of these, called "group" unless ``fields`` say otherwise."""
        operation = CreateConversation(
            kind="group",
            **{"title": "group", "member_ids": tuple(one.id for one in others), **fields},
        )
        return await self._engine.execute(owner, operation)

    async def direct(self, one: Actor, other: Actor) -> Conversation:
        """The direct conversation of two."""
        operation = CreateConversation(kind="direct", user_id=other.id)
        return await self._engine.execute(one, operation)

    async def say(self, sender: Actor, where: Conversation, *bodies: str) -> list[Message]:
        """Send these, one after the other."""
        return [await self._engine.execute(sender, SendMessage(where.id, body)) for body in bodies]


def dump(database: str) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table behind an SQLite URL."""
    with sqlite3.connect(database.removeprefix("sqlite:///")) as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        found = {
            name: sorted(connection.execute(f'SELECT * FROM "{name}"').fetchall(), key=repr)
            for (name,) in names.fetchall()
        }
    connection.close()
    return found
